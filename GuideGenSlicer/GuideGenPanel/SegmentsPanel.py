"""The anatomy in the embedded Segment Editor: find a segment, go to it, show and hide groups."""

from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .Panel import Panel, enable

EDITOR_TAG = "GuideGen"
BOXES = ("organs", "bones", "vessels", "muscles", "tissue", "lesions")
"""Check boxes, by the names of anatomy.label.SWITCHES."""
UNDO_STATES = 10


class SegmentsPanel(Panel, VTKObservationMixin):
    """The editor has a vtkMRMLSegmentEditorNode of its own, so that the module Segment Editor keeps its selection."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        Panel.__init__(self, ui, logic, session)
        VTKObservationMixin.__init__(self)
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMaximumNumberOfUndoStates(UNDO_STATES)
        self.editor.setSegmentationNodeSelectorVisible(False)
        self.editor.setSourceVolumeNodeSelectorVisible(False)
        self.editor.setSwitchToSegmentationsButtonVisible(True)
        self._selectEditorNode()
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.ui.segmentEditorContainer.layout().addWidget(self.editor)
        self._segmentation = None
        self._boxes = {name: getattr(self.ui, f"{name}CheckBox") for name in BOXES}
        for name, box in self._boxes.items():
            box.connect("toggled(bool)", lambda checked, name=name: self.onGroup(name, checked))
        self.ui.findSegmentEdit.connect("textChanged(QString)", self.onFind)
        self.ui.findSegmentEdit.connect("returnPressed()", self.onFirstFound)
        self.ui.foundSegmentsList.connect("itemClicked(QListWidgetItem*)", self.onFound)
        self.ui.foundSegmentsList.connect("itemDoubleClicked(QListWidgetItem*)", self.onFoundJump)
        self.ui.jumpToSegmentButton.connect("clicked()", self.onJump)

    def refresh(self) -> None:
        if self.parameterNode is None:
            return
        segmentation = self.parameterNode.segmentation
        self._selectEditorNode()
        self._selectNodes()
        if segmentation != self._segmentation:
            self._choose(segmentation)
            self._showGroups()
            self.onFind(self.ui.findSegmentEdit.text)
        nothing = "" if segmentation is not None else _("There is no anatomy yet: generate or choose one.")
        enable(self.ui.jumpToSegmentButton, nothing, _("Centres the slice views on the chosen segment."))
        enable(self.ui.findSegmentEdit, nothing, _("Part of a name, also in other words. Enter takes the first one."))
        for box in self._boxes.values():
            enable(box, nothing, _("Shows or hides: {group}.").format(group=box.text))

    def show(self) -> None:
        """Bring an anatomy without a CT into the slice views; ComparePanel brings a CT."""
        from GuideGenLib.scene.segments.looks import let_ct_through
        from GuideGenLib.scene.slices import look_elsewhere

        state = self.parameterNode
        source = self._sourceVolume() if state is not None and state.ct is None else None
        if source is not None:
            elsewhere = look_elsewhere(slicer.mrmlScene, source)
            slicer.util.setSliceViewerLayers(background=source, foreground=None, fit=elsewhere)
            let_ct_through(state.segmentation, False)

    def enter(self) -> None:
        self._selectEditorNode()
        self.editor.installKeyboardShortcuts()
        self.editor.updateWidgetFromMRML()

    def exit(self) -> None:
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()
        if self.parameterNode is None or slicer.mrmlScene.IsClosing():
            self.editor.setSegmentationNode(None)
            self._choose(None)

    def cleanup(self) -> None:
        self.exit()
        self.removeObservers()
        self.editor.setSegmentationNode(None)
        self.editor.setMRMLScene(None)

    # ------------------------------------------------------------ find

    def onFind(self, text: str) -> None:
        found = self.find(text)
        listing = self.ui.foundSegmentsList
        listing.clear()
        for segmentID, name in found:
            item = qt.QListWidgetItem(name)
            item.setData(qt.Qt.UserRole, segmentID)
            listing.addItem(item)
        listing.visible = bool(text.strip()) and self._segmentation is not None
        if not found:
            nothing = qt.QListWidgetItem(_("No segment is called so."))
            nothing.setFlags(qt.Qt.NoItemFlags)
            listing.addItem(nothing)

    def find(self, text: str) -> list[tuple[str, str]]:
        """ID and name of the segments that a text finds: in their names, or by other words of the anatomy table."""
        from GuideGenLib.anatomy import table

        wanted = text.strip().lower()
        if not wanted or self._segmentation is None:
            return []
        keys = {label.key for label in table.find(wanted)}
        found = []
        for segmentID, segment in segmentsOf(self._segmentation):
            label = labelOf(segment)
            if wanted in segment.GetName().lower() or (label is not None and label.key in keys):
                found.append((segmentID, segment.GetName()))
        return found

    def onFirstFound(self) -> None:
        first = self.ui.foundSegmentsList.item(0)
        if first is not None and first.data(qt.Qt.UserRole):
            self.ui.foundSegmentsList.setCurrentRow(0)
            self.onFoundJump(first)

    def onFound(self, item) -> None:
        if item.data(qt.Qt.UserRole):
            self.editor.setCurrentSegmentID(item.data(qt.Qt.UserRole))

    def onFoundJump(self, item) -> None:
        self.onFound(item)
        self.onJump()

    def onJump(self) -> None:
        from GuideGenLib.scene.segments.centre import place_within

        segmentID = self.editor.currentSegmentID()
        centre = place_within(self._segmentation, segmentID) if segmentID else None
        if centre is None:
            slicer.util.infoDisplay(_("Choose a segment in the list first; an empty one has no place."))
            return
        jumpTo(centre)

    def goTo(self, change: Any) -> None:
        """Choose the segment of a SegmentChange in the editor, if it is still there, and go to what changed."""
        for segmentID, segment in segmentsOf(self._segmentation):
            label = labelOf(segment)
            if label is not None and label.key == change.key:
                self.editor.setCurrentSegmentID(segmentID)
                break
        jumpTo(change.centre_ras)

    # ------------------------------------------------------------ segments that the user adds

    @vtk.calldata_type(vtk.VTK_STRING)
    def onSegmentAdded(self, caller, event, segmentID: str) -> None:
        """Slicer gives a new segment the terminology of the last one, but only after this event."""
        segmentation = self._segmentation
        qt.QTimer.singleShot(0, lambda: self._forgetCopied(segmentation, segmentID))

    def _forgetCopied(self, segmentation: Any, segmentID: str) -> None:
        from GuideGenLib.scene.segments.terminology import forget_copied_code

        if segmentation is self._segmentation and forget_copied_code(segmentation, segmentID):
            slicer.util.showStatusMessage(_("Choose what the new segment is: double-click its colour."), 5000)

    def _choose(self, segmentation: Any) -> None:
        """Take up another segmentation, None for none."""
        for node in (self._segmentation, segmentation):
            if node is not None:
                segments = node.GetSegmentation()
                observe = self.removeObserver if node is self._segmentation else self.addObserver
                observe(segments, segments.SegmentAdded, self.onSegmentAdded)
        self._segmentation = segmentation

    # ------------------------------------------------------------ groups

    def onGroup(self, name: str, visible: bool) -> None:
        from GuideGenLib.anatomy.label import SWITCHES

        display = self._display()
        if display is None:
            return
        with slicer.util.NodeModify(display):
            for segmentID, segment in segmentsOf(self._segmentation):
                label = labelOf(segment)
                if label is not None and label.group in SWITCHES[name]:
                    display.SetSegmentVisibility(segmentID, visible)

    def _showGroups(self) -> None:
        """Check the groups of which something is seen."""
        from GuideGenLib.anatomy.label import SWITCHES

        display = self._display()
        if display is None:
            return
        shown: dict[str, bool] = {}
        for segmentID, segment in segmentsOf(self._segmentation):
            label = labelOf(segment)
            if label is not None:
                shown[label.group] = shown.get(label.group, False) or display.GetSegmentVisibility(segmentID)
        for name, box in self._boxes.items():
            seen = [shown[group] for group in SWITCHES[name] if group in shown]
            was = box.blockSignals(True)
            box.checked = any(seen) or not seen
            box.blockSignals(was)

    # ------------------------------------------------------------ inside

    def _display(self):
        if self._segmentation is None:
            return None
        if self._segmentation.GetDisplayNode() is None:
            self._segmentation.CreateDefaultDisplayNodes()
        return self._segmentation.GetDisplayNode()

    def _sourceVolume(self):
        """The CT, or before there is one a hidden empty volume: without a source volume the editor does not paint."""
        from GuideGenLib.scene.backdrop import backdrop_of

        segmentation = self.parameterNode.segmentation
        if self.parameterNode.ct is not None or segmentation is None:
            return self.parameterNode.ct
        return backdrop_of(slicer.mrmlScene, segmentation)

    def _selectNodes(self) -> None:
        """Give the editor the state's nodes. It is asked for what it has: after a batch of changes it takes over what
        its selectors show, and these do not know the hidden volume."""
        node, segmentation = self.editor.mrmlSegmentEditorNode(), self.parameterNode.segmentation
        if node.GetSegmentationNode() != segmentation:
            self.editor.setSegmentationNode(segmentation)
        source = self._sourceVolume()
        # The hidden volume must not take the place of what the user looks at.
        self.editor.setAutoShowSourceVolumeNode(self.parameterNode.ct is not None)
        if segmentation is not None and node.GetSourceVolumeNode() != source:
            self.editor.setSourceVolumeNode(source)

    def _selectEditorNode(self) -> None:
        """A scene that was closed or loaded has none, or another one."""
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(EDITOR_TAG, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(EDITOR_TAG)
            node = scene.AddNode(node)
        if node != self.editor.mrmlSegmentEditorNode():
            self.editor.setMRMLSegmentEditorNode(node)


def segmentsOf(segmentation) -> list:
    """ID and vtkSegment of all segments."""
    segments = segmentation.GetSegmentation()
    return [(ID, segments.GetSegment(ID)) for ID in segments.GetSegmentIDs()]


def labelOf(segment):
    """The row of the anatomy table that a segment stands for, or None."""
    from GuideGenLib.scene.segments.terminology import label_of

    return label_of(segment)


def jumpTo(ras) -> None:
    """Centre the slice views on a point."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(
        slicer.mrmlScene, ras[0], ras[1], ras[2], slicer.vtkMRMLSliceNode.CenteredJumpSlice
    )
