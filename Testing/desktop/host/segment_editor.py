"""Stand-in of qMRMLSegmentEditorWidget (Modules/Loadable/Segmentations/Widgets), over the real segment editor node."""

from collections.abc import Callable
from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .mrml_widgets import qMRMLWidget
from .rules import observe, ruled
from .stored import slot_of, stored

_NAMES = (
    *("Threshold", "Paint", "Draw", "Erase", "Level tracing", "Grow from seeds", "Fill between slices", "Margin"),
    *("Hollow", "Smoothing", "Scissors", "Islands", "Logical operators", "Mask volume"),
)


class qSlicerSegmentEditorAbstractEffect(QtCore.QObject):
    """An effect that does nothing: tests change the segmentation itself."""

    name = QtCore.Property(str, lambda self: self._effect_name)

    def __init__(self, name: str, widget: Any) -> None:
        QtCore.QObject.__init__(self, widget)
        self._effect_name = name
        self._widget = widget

    def setParameter(self, name: str, value: Any) -> None:
        """Kept in the segment editor node, as Slicer does."""
        self._widget._node.SetAttribute(f"{self._effect_name}.{name}", str(value))

    def parameter(self, name: str) -> str:
        """Empty when it was never set."""
        return self._widget._node.GetAttribute(f"{self._effect_name}.{name}") or ""


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Choice of segment and effect, undo and redo; asks for scene, then editor node, then segmentation, then volume."""

    currentSegmentIDChanged = QtCore.Signal(str)
    sourceVolumeNodeChanged = QtCore.Signal(object)
    masterVolumeNodeChanged = QtCore.Signal(object)
    segmentationNodeChanged = QtCore.Signal(object)
    _signatures: ClassVar[dict[str, str]] = {
        **qMRMLWidget._signatures,
        "sourceVolumeNodeChanged(vtkMRMLVolumeNode*)": "sourceVolumeNodeChanged",
        "masterVolumeNodeChanged(vtkMRMLVolumeNode*)": "masterVolumeNodeChanged",
        "segmentationNodeChanged(vtkMRMLSegmentationNode*)": "segmentationNodeChanged",
    }

    segmentationNodeSelectorVisible = stored("segmentationNodeSelectorVisible", bool, True)
    sourceVolumeNodeSelectorVisible = stored("sourceVolumeNodeSelectorVisible", bool, True)
    maskingSectionVisible = stored("maskingSectionVisible", bool, True)
    specifyGeometryButtonVisible = stored("specifyGeometryButtonVisible", bool, True)
    show3DButtonVisible = stored("show3DButtonVisible", bool, True)
    addRemoveSegmentButtonsVisible = stored("addRemoveSegmentButtonsVisible", bool, True)
    autoShowSourceVolumeNode = stored("autoShowSourceVolumeNode", bool, True)
    switchToSegmentationsButtonVisible = stored("switchToSegmentationsButtonVisible", bool, True)
    undoEnabled = stored("undoEnabled", bool, True)
    maximumNumberOfUndoStates = stored("maximumNumberOfUndoStates", int, 10, "_limit_undo")
    readOnly = stored("readOnly", bool, False)
    effectColumnCount = stored("effectColumnCount", int, 2)
    unorderedEffectsVisible = stored("unorderedEffectsVisible", bool, True)
    defaultTerminologyEntrySettingsKey = stored("defaultTerminologyEntrySettingsKey", str, "")
    defaultTerminologyEntry = stored("defaultTerminologyEntry", str, "")
    jumpToSelectedSegmentEnabled = stored("jumpToSelectedSegmentEnabled", bool, False)
    setSegmentationNodeSelectorVisible = slot_of("segmentationNodeSelectorVisible")
    setSourceVolumeNodeSelectorVisible = slot_of("sourceVolumeNodeSelectorVisible")
    setMaskingSectionVisible = slot_of("maskingSectionVisible")
    setSpecifyGeometryButtonVisible = slot_of("specifyGeometryButtonVisible")
    setShow3DButtonVisible = slot_of("show3DButtonVisible")
    setAddRemoveSegmentButtonsVisible = slot_of("addRemoveSegmentButtonsVisible")
    setAutoShowSourceVolumeNode = slot_of("autoShowSourceVolumeNode")
    setSwitchToSegmentationsButtonVisible = slot_of("switchToSegmentationsButtonVisible")
    setUndoEnabled = slot_of("undoEnabled")
    setMaximumNumberOfUndoStates = slot_of("maximumNumberOfUndoStates")
    setReadOnly = slot_of("readOnly")
    setEffectColumnCount = slot_of("effectColumnCount")
    setJumpToSelectedSegmentEnabled = slot_of("jumpToSelectedSegmentEnabled")

    def __init__(self, parent: Any = None) -> None:
        qMRMLWidget.__init__(self, parent)
        self._node: Any = None
        self._tag: int | None = None
        self._history = slicer.vtkSegmentationHistory()
        self._effect_objects = {name: ruled(qSlicerSegmentEditorAbstractEffect)(name, self) for name in _NAMES}
        self._active: Any = None
        self._observes = self._shortcuts = False
        label = QtWidgets.QLabel("Segment Editor")
        label.setMinimumHeight(120)
        label.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        column = QtWidgets.QVBoxLayout()
        column.addWidget(label)
        QtWidgets.QWidget.setLayout(self, column)

    # Nodes
    def mrmlSegmentEditorNode(self) -> Any:
        """The parameter set node or None."""
        return self._node

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        """Needed before anything else."""
        if node is not None and not isinstance(node, slicer.vtkMRMLSegmentEditorNode):
            raise TypeError(f"setMRMLSegmentEditorNode needs a vtkMRMLSegmentEditorNode, not {node!r}")
        if self._node is not None and self._tag is not None:
            self._node.RemoveObserver(self._tag)
        self._node, self._tag = node, None
        if node is not None:
            self._tag = observe(node, "ModifiedEvent", self, "_followed")
        self._followed()

    def _needed(self, what: str) -> Any:
        if self.mrmlScene() is None or self._node is None:
            raise RuntimeError(f"{what}: the segment editor has no scene or no segment editor node yet")
        return self._node

    def segmentationNode(self) -> Any:
        """The edited segmentation or None."""
        return self._node.GetSegmentationNode() if self._node is not None else None

    def segmentationNodeID(self) -> str:
        """Empty for None."""
        node = self.segmentationNode()
        return node.GetID() if node is not None else ""

    def setSegmentationNode(self, node: Any) -> None:
        """Choose what is edited; clears undo."""
        if node is not None and not isinstance(node, slicer.vtkMRMLSegmentationNode):
            raise TypeError(f"setSegmentationNode needs a vtkMRMLSegmentationNode, not {node!r}")
        self._needed("setSegmentationNode").SetAndObserveSegmentationNode(node)
        self._followed()
        self.segmentationNodeChanged.emit(node)

    def setSegmentationNodeID(self, node_id: str) -> None:
        """As setSegmentationNode."""
        self.setSegmentationNode(self.mrmlScene().GetNodeByID(node_id))

    def sourceVolumeNode(self) -> Any:
        """The volume that is shown below or None."""
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def sourceVolumeNodeID(self) -> str:
        """Empty for None."""
        node = self.sourceVolumeNode()
        return node.GetID() if node is not None else ""

    def setSourceVolumeNode(self, node: Any) -> None:
        """Slicer refuses a volume while no segmentation is chosen."""
        if node is not None and not isinstance(node, slicer.vtkMRMLScalarVolumeNode):
            raise TypeError(f"setSourceVolumeNode needs a vtkMRMLScalarVolumeNode, not {node!r}")
        self._needed("setSourceVolumeNode").SetAndObserveSourceVolumeNode(node)
        self.sourceVolumeNodeChanged.emit(node)

    def setSourceVolumeNodeID(self, node_id: str) -> None:
        """As setSourceVolumeNode."""
        self.setSourceVolumeNode(self.mrmlScene().GetNodeByID(node_id))

    def updateWidgetFromMRML(self) -> None:
        """The stand-in reads the node whenever it is asked."""

    def _followed(self) -> None:
        node = self.segmentationNode()
        segmentation = node.GetSegmentation() if node is not None else None
        if segmentation is not self._history.GetSegmentation():
            self._history.RemoveAllStates()
            self._history.SetSegmentation(segmentation)

    # Segments
    def currentSegmentID(self) -> str:
        """Empty for none."""
        return (self._node.GetSelectedSegmentID() or "") if self._node is not None else ""

    def setCurrentSegmentID(self, segment_id: str) -> None:
        """It must be one of the segmentation's."""
        node = self._needed("setCurrentSegmentID").GetSegmentationNode()
        if node is None or (segment_id and node.GetSegmentation().GetSegment(segment_id) is None):
            raise ValueError(f"the edited segmentation has no segment {segment_id!r}")
        self._node.SetSelectedSegmentID(segment_id)
        self.currentSegmentIDChanged.emit(segment_id)

    def onAddSegment(self) -> None:
        """The button Add: an empty segment, which gets the terminology of the last one when it is there already."""
        segmentation = self._needed("onAddSegment").GetSegmentationNode().GetSegmentation()
        before = segmentation.GetNthSegmentID(segmentation.GetNumberOfSegments() - 1)
        added = segmentation.GetSegment(segmentation.AddEmptySegment("", ""))
        text, tag = vtk.reference(""), added.GetTerminologyEntryTagName()
        if before and segmentation.GetSegment(before).GetTag(tag, text):
            added.SetTag(tag, str(text))

    def paint(self, write: Callable[[], None]) -> None:
        """A stroke, whose voxels `write` sets: Slicer needs a source volume for it, and files the segmentation in the
        subject hierarchy where that volume lies (vtkSlicerSegmentEditorLogic)."""
        node, source = self.segmentationNode(), self.sourceVolumeNode()
        if source is None:
            raise RuntimeError("paint: no source volume is chosen")
        self.saveStateForUndo()
        write()
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.mrmlScene())
        item = hierarchy.GetItemByDataNode(source)
        parent = hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), parent)

    def jumpSlices(self) -> None:
        """The stand-in has no slices to move."""

    # Effects
    def availableEffectNames(self) -> tuple[str, ...]:
        """The names that setActiveEffectByName takes."""
        return _NAMES

    def effectByName(self, name: str) -> Any:
        """None for a name that it does not have."""
        return self._effect_objects.get(name)

    def activeEffect(self) -> Any:
        """None when the arrow is chosen."""
        return self._active

    def setActiveEffect(self, effect: Any) -> None:
        """None chooses the arrow."""
        self._active = effect

    def setActiveEffectByName(self, name: str) -> None:
        """Empty chooses the arrow."""
        if name and name not in self._effect_objects:
            raise ValueError(f"the segment editor has no effect {name!r}")
        self.setActiveEffect(self.effectByName(name))

    def setEffectNameOrder(self, names: Any) -> None:
        """Which effects come first."""
        if unknown := [name for name in names if name not in _NAMES]:
            raise ValueError(f"the segment editor has no effects {unknown}")

    # Undo
    def _limit_undo(self) -> None:
        self._history.SetMaximumNumberOfStates(self.maximumNumberOfUndoStates)

    def saveStateForUndo(self) -> None:
        """Before a change."""
        if self._history.GetSegmentation() is None:
            raise RuntimeError("saveStateForUndo: no segmentation is chosen")
        self._history.SaveState()

    def undo(self) -> None:
        """Back to the last saved state."""
        self._history.RestorePreviousState()

    def redo(self) -> None:
        """And forth."""
        self._history.RestoreNextState()

    # Views
    def setupViewObservations(self) -> None:
        """On enter."""
        self._observes = True

    def removeViewObservations(self) -> None:
        """On exit."""
        self._observes = False

    def installKeyboardShortcuts(self, _: Any = None) -> None:
        """On enter."""
        self._shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        """On exit."""
        self._shortcuts = False

    def rotateSliceViewsToSegmentation(self) -> None:
        """The stand-in has no views to turn."""
