"""The CT in the views: windows, another CT blended over it, their difference, volume rendering."""

from concurrent.futures import Future
from typing import Any

import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words

from .Panel import Panel, enable


def presetNames() -> dict[str, str]:
    """Key in scene.ct.PRESETS and its name on screen."""
    return {
        "lung": _("Lung"),
        "mediastinum": _("Mediastinum"),
        "abdomen": _("Abdomen"),
        "liver": _("Liver"),
        "bone": _("Bone"),
    }


class ComparePanel(Panel):
    """The views follow the state; what the user does to the views by other means is left alone until it changes."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self._shown: tuple[Any, Any, float] | None = None
        for key, name in presetNames().items():
            ui.presetComboBox.addItem(name, key)
        ui.presetComboBox.connect("activated(int)", self.onPreset)
        ui.fillSlider.connect("valueChanged(double)", self.onFill)
        ui.linkViewsCheckBox.connect("clicked(bool)", self.onLink)
        ui.differenceButton.connect("clicked(bool)", self.onDifference)
        ui.volumeRenderingCheckBox.connect("toggled(bool)", self.onVolumeRendering)

    def refresh(self) -> None:
        state = self.parameterNode
        if state is None:
            self._shown = None
            return
        two = state.ct is not None and state.comparedCT is not None and state.ct != state.comparedCT
        nothing = "" if state.ct is not None else words.say(words.NO_CT)
        other = nothing or ("" if two else words.say(words.NO_OTHER_CT))
        busy = words.say(words.BUSY) if self.logic.busy else ""
        enable(self.ui.presetComboBox, nothing, _("Window and level of the CT."))
        enable(self.ui.volumeRenderingCheckBox, nothing, _("Shows the CT in the 3D view; slow without a GPU."))
        enable(self.ui.blendSlider, other, _("0 shows the CT, 100 the one that it is compared with."))
        enable(
            self.ui.differenceButton,
            other or busy,
            _("Shows the HU differences between the two CTs as a volume; pressed again, the CT."),
        )
        index = self.ui.presetComboBox.findData(state.preset or "abdomen")
        if index >= 0:
            self.ui.presetComboBox.currentIndex = index
        view = (state.ct, state.comparedCT if two else None, state.blend)
        if view != self._shown and state.ct is not None:
            self._shown = view
            self.show()
        if not self.logic.background.busy:
            self.ui.differenceButton.checked = self.showsDifference()
        self.showFill()

    def show(self) -> None:
        """The CT in all slice views, and the other one over it. The views stay where they are, unless they showed
        another place."""
        from GuideGenLib.scene.runs.comparison import blend
        from GuideGenLib.scene.segments.looks import let_ct_through
        from GuideGenLib.scene.slices import look_elsewhere

        state = self.parameterNode
        if state is None or state.ct is None:
            return
        other = state.comparedCT if state.comparedCT != state.ct else None
        elsewhere = look_elsewhere(slicer.mrmlScene, state.ct)
        blend(slicer.mrmlScene, state.ct, other, state.blend / 100 if other is not None else 0.0)
        if elsewhere:
            slicer.util.setSliceViewerLayers(fit=True)
        let_ct_through(state.segmentation, True)
        self.applyPreset(state.preset or "abdomen")
        self.showFill()

    def onPreset(self, index: int) -> None:
        if self.parameterNode is not None:
            self.parameterNode.preset = self.ui.presetComboBox.itemData(index)
            self.applyPreset(self.parameterNode.preset)

    def applyPreset(self, name: str) -> None:
        """The same window for both CTs, so that they can be compared."""
        from GuideGenLib.scene.ct import apply_preset

        for node in (self.parameterNode.ct, self.parameterNode.comparedCT):
            if node is not None:
                apply_preset(node, name)

    def onLink(self, linked: bool) -> None:
        """Slicer has one switch for all slice views, those of other modules too: only the user's click turns it."""
        from GuideGenLib.scene.slices import slice_composites

        for composite in slice_composites(slicer.mrmlScene):
            composite.SetLinkedControl(linked)
            composite.SetHotLinkedControl(linked)

    def onDifference(self, wanted: bool) -> None:
        """Show the difference, which is computed beside the window the first time, or the CT again."""
        from GuideGenLib.scene.runs.comparison import add_difference, difference_later, find_difference
        from GuideGenLib.scene.runs.hierarchy import file_into, folder_of

        scene, state = slicer.mrmlScene, self.parameterNode
        if not wanted:
            self.show()
            return
        before, after = state.comparedCT, state.ct
        there = find_difference(scene, before, after)
        if there is not None:
            slicer.util.setSliceViewerLayers(background=there, foreground=None)
            return

        def show(future: Future) -> None:
            with slicer.util.tryWithErrorDisplay(_("The CTs could not be compared.")):
                try:
                    difference = add_difference(scene, before, after, future.result())
                    file_into(scene, folder_of(scene, after), [difference])
                    slicer.util.setSliceViewerLayers(background=difference, foreground=None)
                finally:
                    self.changed.emit()

        with slicer.util.tryWithErrorDisplay(_("The CTs could not be compared."), waitCursor=True):
            try:
                self.logic.background.run(difference_later(before, after), show)
            finally:
                self.changed.emit()

    def showsDifference(self) -> bool:
        """Whether the views have the difference of the two CTs."""
        from GuideGenLib.scene.runs.comparison import find_difference
        from GuideGenLib.scene.slices import slice_composites

        scene, state = slicer.mrmlScene, self.parameterNode
        if state.ct is None or state.comparedCT is None:
            return False
        difference = find_difference(scene, state.comparedCT, state.ct)
        shown = [composite.GetBackgroundVolumeID() for composite in slice_composites(scene)]
        return difference is not None and difference.GetID() in shown

    def onFill(self, percent: float) -> None:
        display = self.segmentationDisplay()
        if display is not None:
            display.SetOpacity2DFill(percent / 100)

    def showFill(self) -> None:
        """The slider tells of the segmentation as it is."""
        display, slider = self.segmentationDisplay(), self.ui.fillSlider
        enable(
            slider,
            "" if display is not None else _("There is no anatomy yet: generate or choose one."),
            _("How much the segments cover what is below them in the slice views."),
        )
        if display is not None and abs(100 * display.GetOpacity2DFill() - slider.value) > 0.5:
            was = slider.blockSignals(True)
            slider.value = 100 * display.GetOpacity2DFill()
            slider.blockSignals(was)

    def segmentationDisplay(self) -> Any:
        """None where there is none."""
        segmentation = self.parameterNode.segmentation if self.parameterNode is not None else None
        return segmentation.GetDisplayNode() if segmentation is not None else None

    def onVolumeRendering(self, visible: bool) -> None:
        from GuideGenLib.scene.volume_rendering import hide_volume_rendering, show_volume_rendering

        if self.parameterNode is None or self.parameterNode.ct is None:
            return
        with slicer.util.tryWithErrorDisplay(_("The CT could not be shown in 3D."), waitCursor=True):
            if visible:
                logic = slicer.modules.volumerendering.logic()
                show_volume_rendering(slicer.mrmlScene, self.parameterNode.ct, logic)
            else:
                hide_volume_rendering(self.parameterNode.ct)

    def sceneChanged(self) -> None:
        """The boxes tell of the CT that is chosen and of the views as they are."""
        from GuideGenLib.scene.slices import slice_composites
        from GuideGenLib.scene.volume_rendering import find_volume_rendering

        ct = self.parameterNode.ct
        display = find_volume_rendering(ct) if ct is not None else None
        box = self.ui.volumeRenderingCheckBox
        was = box.blockSignals(True)
        box.checked = display is not None and bool(display.GetVisibility())
        box.blockSignals(was)
        views = slice_composites(slicer.mrmlScene)
        self.ui.linkViewsCheckBox.checked = any(composite.GetLinkedControl() for composite in views)
