"""The CT in the views: windows, another CT blended over it, their difference, volume rendering."""

import slicer
from slicer.i18n import tr as _

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

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self._shown = None
        self._linked = None
        for key, name in presetNames().items():
            self.ui.presetComboBox.addItem(name, key)
        self.ui.presetComboBox.connect("activated(int)", self.onPreset)
        self.ui.differenceButton.connect("clicked()", self.onDifference)
        self.ui.volumeRenderingCheckBox.connect("toggled(bool)", self.onVolumeRendering)

    def refresh(self) -> None:
        state = self.parameterNode
        if state is None:
            self._shown = None
            return
        two = state.ct is not None and state.comparedCT is not None and state.ct != state.comparedCT
        nothing = "" if state.ct is not None else _("There is no CT yet: generate or choose one.")
        other = nothing or ("" if two else _("Choose another CT to compare with first."))
        enable(self.ui.presetComboBox, nothing, _("Window and level of the CT."))
        enable(self.ui.volumeRenderingCheckBox, nothing, _("Shows the CT in the 3D view; slow without a GPU."))
        enable(self.ui.blendSlider, other, _("0 shows the CT, 100 the one that it is compared with."))
        enable(self.ui.differenceButton, other, _("Makes a volume of the HU differences between the two CTs."))
        index = self.ui.presetComboBox.findData(state.preset or "abdomen")
        if index >= 0:
            self.ui.presetComboBox.currentIndex = index
        view = (state.ct, state.comparedCT if two else None, state.blend)
        if view != self._shown and state.ct is not None:
            self._shown = view
            self.show()
        if state.linkViews != self._linked:
            self._linked = state.linkViews
            self.linkViews(state.linkViews)

    def show(self, fit: bool = False) -> None:
        """The CT in all slice views, and the other one over it."""
        from GuideGenLib.scene.runs.comparison import blend

        state = self.parameterNode
        if state is None or state.ct is None:
            return
        other = state.comparedCT if state.comparedCT != state.ct else None
        blend(slicer.mrmlScene, state.ct, other, state.blend / 100 if other is not None else 0.0)
        self.applyPreset(state.preset or "abdomen")
        if fit:
            slicer.util.setSliceViewerLayers(fit=True)

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

    def linkViews(self, linked: bool) -> None:
        scene = slicer.mrmlScene
        kind = "vtkMRMLSliceCompositeNode"
        for index in range(scene.GetNumberOfNodesByClass(kind)):
            composite = scene.GetNthNodeByClass(index, kind)
            composite.SetLinkedControl(linked)
            composite.SetHotLinkedControl(linked)

    def onDifference(self) -> None:
        from GuideGenLib.scene.runs.comparison import compare
        from GuideGenLib.scene.runs.hierarchy import file_into, folder_of

        state = self.parameterNode
        with slicer.util.tryWithErrorDisplay(_("The CTs could not be compared."), waitCursor=True):
            difference = compare(slicer.mrmlScene, state.comparedCT, state.ct)
            file_into(slicer.mrmlScene, folder_of(slicer.mrmlScene, state.ct), [difference])
            slicer.util.setSliceViewerLayers(background=difference, foreground=None)

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
        """The box tells of the CT that is chosen."""
        from GuideGenLib.scene.volume_rendering import find_volume_rendering

        ct = self.parameterNode.ct
        display = find_volume_rendering(ct) if ct is not None else None
        box = self.ui.volumeRenderingCheckBox
        was = box.blockSignals(True)
        box.checked = display is not None and bool(display.GetVisibility())
        box.blockSignals(was)
