""" "Add finding here": a click into a slice view, and a finding of the chosen kind and size is drawn there."""

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .Panel import Panel, enable
from .Signal import Signal

POINT_NAME = "GuideGen finding"


class LesionPanel(Panel, VTKObservationMixin):
    """The point is a markup that lives as long as the button is down.

    aboutToAdd: the segmentation will be changed; added: tells the ID of the segment that was drawn into.
    """

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        Panel.__init__(self, ui, logic, session)
        VTKObservationMixin.__init__(self)
        self.aboutToAdd, self.added = Signal(), Signal()
        self.point: Any = None
        self.ui.lesionKindComboBox.connect("currentIndexChanged(int)", self.onKind)
        self.ui.placeLesionButton.connect("toggled(bool)", self.onToggled)
        self._fillKinds()

    def refresh(self) -> None:
        from GuideGenLib.scene.segments.kinds import pointed_kind

        if self.parameterNode is None:
            return
        index = self.ui.lesionKindComboBox.findData(self.parameterNode.lesionKind)
        if index >= 0 and index != self.ui.lesionKindComboBox.currentIndex:
            unit = pointed_kind(self.parameterNode.lesionKind).unit
            self.ui.lesionDiameterSpinBox.suffix = " " + unit  # its size comes from the same scene
            self.ui.lesionKindComboBox.currentIndex = index
        segmentation = self.parameterNode.segmentation
        nothing = "" if segmentation is not None else _("There is no anatomy yet: generate or choose one.")
        enable(
            self.ui.placeLesionButton,
            nothing,
            _("Click on a place in a slice view: the finding is drawn there. Undo in the editor takes it back."),
        )

    def onKind(self, index: int) -> None:
        if self.parameterNode is not None and index >= 0:
            self.parameterNode.lesionKind = self.ui.lesionKindComboBox.itemData(index)
        self._measure()

    def _measure(self) -> None:
        """The unit and the limits of the chosen kind, and its usual size where the one before is of another measure."""
        from GuideGenLib.scene.segments.kinds import pointed_kind

        kind, box = pointed_kind(self.kind()), self.ui.lesionDiameterSpinBox
        low, high = kind.limits
        suffix = " " + kind.unit
        fits = box.suffix == suffix and low <= box.value <= high
        box.suffix = suffix
        box.setRange(low, high)
        if not fits:
            box.value = kind.usual

    def onToggled(self, down: bool) -> None:
        if down:
            self.startPlacing()
        else:
            self.stopPlacing()

    def startPlacing(self) -> None:
        """Wait for one click."""
        scene = slicer.mrmlScene
        self.point = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", POINT_NAME)
        self.point.SetSaveWithScene(False)
        self.point.CreateDefaultDisplayNodes()
        self.addObserver(self.point, self.point.PointPositionDefinedEvent, self.onPlaced)
        logic = slicer.modules.markups.logic()
        logic.SetActiveList(self.point)
        logic.StartPlaceMode(False)
        interaction = self._interaction()
        self.addObserver(interaction, interaction.InteractionModeChangedEvent, self.onModeChanged)

    def stopPlacing(self) -> None:
        """Take the point away, placed or not."""
        point, self.point = self.point, None
        if point is None:
            return
        interaction = self._interaction()
        self.removeObserver(interaction, interaction.InteractionModeChangedEvent, self.onModeChanged)
        self.removeObserver(point, point.PointPositionDefinedEvent, self.onPlaced)
        if interaction.GetCurrentInteractionMode() == interaction.Place:
            interaction.SwitchToViewTransformMode()
        if point.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(point)
        self.ui.placeLesionButton.checked = False

    def onPlaced(self, caller, event) -> None:
        """A click. The point is taken away and the finding drawn when the markup's own event is over."""
        ras = [0.0, 0.0, 0.0]
        caller.GetNthControlPointPositionWorld(0, ras)
        qt.QTimer.singleShot(0, lambda: self.finish(tuple(ras)))

    def onModeChanged(self, caller, event) -> None:
        """Escape, or another tool: nothing is drawn. After a click `finish` came first or comes next."""
        if caller.GetCurrentInteractionMode() != caller.Place:
            qt.QTimer.singleShot(0, self.giveUp)

    def giveUp(self) -> None:
        if self.point is not None and self.point.GetNumberOfDefinedControlPoints() == 0:
            self.stopPlacing()

    def finish(self, ras: tuple) -> None:
        """Draw the finding at the point that was clicked."""
        if self.point is None:
            return
        self.stopPlacing()
        with slicer.util.tryWithErrorDisplay(_("No finding was added."), waitCursor=True):
            self.addFinding(ras)

    def addFinding(self, ras: tuple) -> str:
        """Draw a finding of the chosen kind and size around a point (RAS, mm) and choose it; returns its segment's ID.

        Raises SceneError when its organ or its space is not there.
        """
        from GuideGenLib.scene.segments.lesions import add_finding

        state = self.parameterNode
        self.aboutToAdd.emit()
        segmentID = add_finding(
            slicer.mrmlScene, state.segmentation, ras, self.kind(), state.lesionDiameter, state.seed
        )
        self.added.emit(segmentID)
        self.changed.emit()
        return segmentID

    def kind(self) -> str:
        """Key of the chosen kind in the anatomy table."""
        return self.ui.lesionKindComboBox.itemData(self.ui.lesionKindComboBox.currentIndex)

    def exit(self) -> None:
        self.stopPlacing()

    def cleanup(self) -> None:
        self.stopPlacing()

    def _fillKinds(self) -> None:
        from GuideGenLib.scene.segments.kinds import pointed_kinds

        for kind in pointed_kinds():
            self.ui.lesionKindComboBox.addItem(kind.name, kind.key)

    def _interaction(self):
        return slicer.app.applicationLogic().GetInteractionNode()
