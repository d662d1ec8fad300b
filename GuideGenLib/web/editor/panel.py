"""The tools that change segments with the mouse, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trame_slicer.segmentation import (
    BrushDiameterMode,
    BrushInteractionMode,
    ScissorsEffectFillMode,
    SegmentationEditableAreaMode,
    SegmentationEffectIslands,
    SegmentationEffectSmoothing,
    SegmentationEffectVolumeIntensityMask,
    SegmentationIslandsMode,
    SegmentationOverwriteMode,
)
from trame_slicer.segmentation.segmentation_effect_smoothing import SmoothingEffectMode

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.terminology import label_of
from GuideGenLib.web.editor.effects import BRUSHES, RANGES, TOOLS, Draw, Scissors, Threshold, combine
from GuideGenLib.web.editor.history import History
from GuideGenLib.web.editor.neighbours import give_to_neighbours
from GuideGenLib.web.editor.pipelines import empty_with_scene
from GuideGenLib.web.editor.snapshot import snapshot
from GuideGenLib.web.editor.source_volume import SourceVolume, harden, hindrance
from GuideGenLib.web.editor.widgets import EditorWidgets
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.segments_widgets import NOTHING
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, sentence, told

if TYPE_CHECKING:
    from GuideGenLib.web.panels.segments import SegmentsPanel

BRUSH_MM = (3.0, 80.0)
BRUSH_STEP = 1.25
EFFECTS = {tool.name: tool.effect for tool in TOOLS}
SHORTAGE = "Choose a segment in the list above first."
HARDENED = (
    "{name} was moved by a transform; it stays where it is, and its voxels have that place as their own now, so that "
    "they can be edited."
)


class EditorPanel(Panel):
    """Works on the segmentation that the workspace has chosen and the segment that the list has chosen."""

    def __init__(self, server: Any, workspace: Workspace, segments: SegmentsPanel) -> None:
        super().__init__(server, workspace)
        self.segments = segments
        self.editor = workspace.slicer_app.segmentation_editor
        self.editor.editor_node.SetSaveWithScene(False)
        empty_with_scene(workspace.scene, self.editor)
        self.history = History()
        self.source = SourceVolume(workspace.scene)
        self._shown_ct: Any = None
        self.state.update(
            {
                "editor_hindrance": say(NOTHING),
                "editor_effect": "none",
                "editor_can_undo": False,
                "editor_can_redo": False,
                "editor_ct": False,
                "editor_brush": 15.0,
                "editor_sphere": False,
                "editor_overwrite": "OVERWRITE_ALL",
                "editor_area": "EVERYWHERE",
                "editor_area_segment": None,
                "editor_point_by_point": False,
                "editor_scissors_fill": "ERASE_INSIDE",
                "editor_scissors_range": "all",
                "editor_threshold": [100, 3000],
                "editor_masked": False,
                "editor_islands": "KEEP_LARGEST_ISLAND",
                "editor_islands_size": 100,
                "editor_smoothing": "MEDIAN",
                "editor_smoothing_mm": 9.0,
                "editor_logical": "subtract",
                "editor_other": None,
            }
        )
        changes = {
            ("editor_brush", "editor_sphere"): self._set_brush,
            ("editor_overwrite", "editor_area", "editor_area_segment"): self._set_masks,
            ("editor_point_by_point", "editor_scissors_fill", "editor_scissors_range"): self._set_outline,
            ("editor_threshold",): self._set_threshold,
            ("editor_islands",): self._set_islands,
            ("editor_smoothing", "editor_smoothing_mm"): self._set_smoothing,
        }
        for names, handler in changes.items():
            self.state.change(*names)(handler)
        segments.activated.connect(self._on_activated)
        workspace.chosen.connect(self._on_chosen)
        workspace.edited.connect(self.history.record)
        self.history.changed.connect(self._on_step)
        self.editor.segmentation_modified.connect(self.history.record)
        for brush in BRUSHES:
            self.editor.get_effect(EFFECTS[brush]).parameters_changed.connect(self._on_brush_changed)

    # ------------------------------------------------------------ what is edited

    def _on_chosen(self) -> None:
        """Take up another segmentation or CT; a CT alone touches neither the tool nor undo."""
        node = self.workspace.segmentation
        reason = say(NOTHING) if node is None else told(hindrance(node))
        if node is not None and not reason and node is not self.editor.active_segmentation_node:
            reason = self._take(node)
        if reason:
            self.use("none")
        self.history.follow(node)
        with self.state:
            self.state.editor_hindrance = reason
            self.state.editor_ct = self.workspace.ct is not None
        if self.workspace.ct is None:  # without HU no voxel is within the range, and no tool would do anything
            if self.state.editor_masked:
                self.mask_by_threshold()
            if self.state.editor_effect == "threshold":
                self.use("none")
        if self.state.editor_effect == "threshold" or self.state.editor_masked:
            self._bring_ct()

    def _take(self, node: Any) -> str:
        """Give a segmentation to trame_slicer's editor; returns why it could not be."""
        try:
            if harden(node):
                self.workspace.tell(say(HARDENED, name=node.GetName()), "info")
            source = self.source.show(node, None)
        except SceneError as error:
            return sentence(error)
        self._shown_ct = None
        before = self.editor.active_segment_modifier
        if before is not None:
            before.segmentation_modified.disconnect(self.editor.segmentation_modified)
        self.editor.set_active_segmentation(node, source)
        self.editor.set_active_segment_id(self.segments.active)
        self.use("none")
        self._set_masks()
        return ""

    def _on_activated(self, segment_id: str) -> None:
        self.editor.set_active_segment_id(segment_id)
        if not segment_id:
            self.use("none")

    def _on_step(self, edited: bool) -> None:
        with self.state:
            self.state.editor_can_undo = self.history.can_undo
            self.state.editor_can_redo = self.history.can_redo
        if edited:
            self.workspace.edited.emit()

    # ------------------------------------------------------------ buttons

    def use(self, name: str) -> None:
        """Take up a tool of effects.TOOLS; without a segment it is none, and the user is told."""
        if name != "none" and (self.state.editor_hindrance or not self.segments.active):
            self.workspace.tell(self.state.editor_hindrance or say(SHORTAGE), "info")
            name = "none"
        if name == "threshold":
            if self.workspace.ct is None:
                self.workspace.tell(say("Threshold needs a CT: generate or upload one first."), "info")
                name = "none"
            else:
                self._bring_ct()
        if name == "none":
            self.editor.set_active_effect(None)  # the views ask so whether the left button is theirs
        else:
            self.editor.set_active_effect_type(EFFECTS[name])
        with self.state:
            self.state.editor_effect = name
        for prepare in (
            self._set_brush,
            self._set_outline,
            self._set_threshold,
            self._set_islands,
            self._set_smoothing,
        ):
            prepare()

    def undo(self) -> None:
        """Take the last change back."""
        self.history.undo()

    def redo(self) -> None:
        """Make the change again that was taken back."""
        self.history.redo()

    def resize_brush(self, larger: bool) -> None:
        """One step of the keys + and -."""
        factor = BRUSH_STEP if larger else 1 / BRUSH_STEP
        self.state.editor_brush = round(min(max(self.state.editor_brush * factor, BRUSH_MM[0]), BRUSH_MM[1]), 1)
        self._set_brush()

    def apply_threshold(self) -> None:
        """The chosen segment becomes what lies within the range of HU."""
        with self.history.one_step():
            self.editor.get_effect(Threshold).apply()

    def mask_by_threshold(self) -> None:
        """Let all tools work only within the range of HU; once more: everywhere."""
        masked = not self.state.editor_masked
        if masked:
            self._bring_ct()
        mask = self.editor.get_effect(SegmentationEffectVolumeIntensityMask)
        mask.set_mask_range(*map(float, self.state.editor_threshold))
        mask.set_mask_enabled(masked)
        mask.set_mask_visible(False)  # its hatching blinks, and each blink draws three views
        with self.state:
            self.state.editor_masked = masked

    def apply_islands(self) -> None:
        """What the chosen mode says, on the chosen segment."""
        effect, before = self.editor.get_effect(SegmentationEffectIslands), set(self.editor.get_segment_ids())
        with self.history.one_step():
            effect.apply()
            self._name_parts([name for name in self.editor.get_segment_ids() if name not in before])

    def apply_smoothing(self) -> None:
        """Smooth the whole chosen segment; what it gives up becomes what lies next to it."""
        node = self.editor.active_segmentation_node
        with self.history.one_step():
            before = snapshot(node)
            self.editor.get_effect(SegmentationEffectSmoothing).apply_smoothing()
            give_to_neighbours(node, self.segments.active, before)

    def apply_logical(self) -> None:
        """The chosen operator, with the other segment where it needs one."""
        with self.history.one_step():
            combine(self.editor.active_segment_modifier, self.state.editor_logical, self.state.editor_other or "")

    def _name_parts(self, new: list[str]) -> None:
        """Segments that were split off are what the whole was."""
        from GuideGenLib.scene.segments.terminology import set_terminology

        segmentation = self.editor.active_segmentation_node.GetSegmentation()
        whole = segmentation.GetSegment(self.segments.active)
        row = label_of(whole, self.segments.active)
        for number, segment_id in enumerate(new, start=2):
            segment = segmentation.GetSegment(segment_id)
            segment.SetName(f"{whole.GetName()} {number}")
            segment.SetColor(*whole.GetColor())
            if row is not None:
                set_terminology(segment, row.key)

    # ------------------------------------------------------------ settings of the tools

    def _bring_ct(self) -> None:
        """The voxels of the chosen CT into the source volume, where they are not there yet."""
        ct, node = self.workspace.ct, self.editor.active_segmentation_node
        if node is None or ct is self._shown_ct:
            return
        try:
            self.source.show(node, ct)
        except ValueError as error:
            self.workspace.tell(sentence(error), "warning")
            return
        self._shown_ct = ct

    def _set_brush(self, **_: Any) -> None:
        for name in BRUSHES:
            effect = self.editor.get_effect(EFFECTS[name])
            with effect.parameters_changed.emit_blocked():
                effect.set_brush_diameter(float(self.state.editor_brush), BrushDiameterMode.Absolute)
                effect.set_use_sphere_brush(bool(self.state.editor_sphere))

    def _on_brush_changed(self) -> None:
        """Shift and the mouse wheel change the brush in the view."""
        if self.state.editor_effect in BRUSHES:
            size = self.editor.get_effect(EFFECTS[self.state.editor_effect]).get_brush_diameter()
            with self.state:
                self.state.editor_brush = round(min(max(size, BRUSH_MM[0]), BRUSH_MM[1]), 1)

    def _set_masks(self, **_: Any) -> None:
        area, segment_id = SegmentationEditableAreaMode[self.state.editor_area], self.state.editor_area_segment or ""
        if area is SegmentationEditableAreaMode.INSIDE_SINGLE_SEGMENT and not segment_id:
            area = SegmentationEditableAreaMode.EVERYWHERE
        self.editor.set_mask_segment_id(segment_id)
        self.editor.set_editable_area(area)
        self.editor.set_overwrite_mode(SegmentationOverwriteMode[self.state.editor_overwrite])

    def _set_outline(self, **_: Any) -> None:
        points = BrushInteractionMode.POINT_BY_POINT if self.state.editor_point_by_point else None
        for effect in map(self.editor.get_effect, (Draw, Scissors)):
            effect.set_brush_interaction_mode(points or BrushInteractionMode.CONTINUOUS)
        scissors = self.editor.get_effect(Scissors)
        scissors.set_fill_mode(ScissorsEffectFillMode[self.state.editor_scissors_fill])
        scissors.set_range_mode(RANGES[self.state.editor_scissors_range])

    def _set_threshold(self, **_: Any) -> None:
        low, high = map(float, self.state.editor_threshold)
        self.editor.get_effect(Threshold).set_threshold_min_max_values((low, high))
        if self.state.editor_masked:
            self.editor.get_effect(SegmentationEffectVolumeIntensityMask).set_mask_range(low, high)

    def _set_islands(self, **_: Any) -> None:
        effect = self.editor.get_effect(SegmentationEffectIslands)
        effect.set_island_mode(SegmentationIslandsMode[self.state.editor_islands])
        effect.set_minimum_island_size(int(self.state.editor_islands_size or 0))

    def _set_smoothing(self, **_: Any) -> None:
        effect, size = self.editor.get_effect(SegmentationEffectSmoothing), float(self.state.editor_smoothing_mm or 0)
        effect.set_smoothing_mode(SmoothingEffectMode[self.state.editor_smoothing])
        effect.set_kernel_size(size)
        effect.set_standard_deviation(size)

    def build(self) -> None:
        """Write the widgets."""
        EditorWidgets(self).build()
