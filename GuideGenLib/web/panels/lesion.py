"""Draws a tumor or another finding where the cross-hair stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from GuideGenLib.anatomy.table import by_group, label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.kinds import pointed_kind, pointed_kinds
from GuideGenLib.scene.segments.lesions import add_finding
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.segments_widgets import NOTHING
from GuideGenLib.web.views.crosshair import Point
from GuideGenLib.web.views.readout import names_at
from GuideGenLib.web.workspace import Workspace

if TYPE_CHECKING:
    from GuideGenLib.web.panels.segments import SegmentsPanel
    from GuideGenLib.web.views.views import Views

NO_POINT = "Point at the place first: with no tool chosen, click in a slice, or go to an organ in the list."
TITLE = (
    "Draws the finding at the cross-hair, within its organ; a fluid fills its space on this side. "
    "Undo in the editor takes it back"
)


class LesionPanel(Panel):
    """The finding is one step of the editor's undo, as every change of the segments is.

    The kind follows the organ at the cross-hair. One that was chosen by hand stays until its finding is drawn or
    another anatomy is chosen. Its size is a diameter in mm, or the volume in ml of what fills a space.
    """

    def __init__(self, server: Any, workspace: Workspace, segments: SegmentsPanel, views: Views) -> None:
        super().__init__(server, workspace)
        self.segments, self.views = segments, views
        kinds = [{"value": kind.key, "title": kind.name} for kind in pointed_kinds()]
        first = pointed_kinds()[0]
        self.state.update(
            {
                "lesion_kinds": kinds,
                "lesion_kind": first.key,
                "lesion_size": first.usual,
                "lesion_unit": first.unit,
                "lesion_low": first.limits[0],
                "lesion_high": first.limits[1],
                "lesion_seed": 0,
                "lesion_hindrance": NOTHING,
            }
        )
        self._kind, self._by_hand = first.key, False
        self._segmentation: Any = None
        self.state.change("lesion_kind")(self._on_kind)
        workspace.chosen.connect(self._on_chosen)

    def follow(self, point: Point) -> None:
        """Take the kind of the organ that is seen at a point (RAS, mm), of what lies within the organ, too.

        Elsewhere nothing changes, nor after a choice by hand.
        """
        node = self.workspace.segmentation
        if node is None or self._by_hand:
            return
        names = names_at(node, point)
        keys = (row["key"] for row in self.state.segments_rows if row["name"] in names)
        kind = next((kind for key in keys if (kind := kind_in(key))), self._kind)
        if kind != self._kind:
            self._kind = kind
            with self.state:
                self.state.lesion_kind = kind
                self._measure(kind)

    def add(self) -> None:
        """Draw the finding of the chosen kind and size, choose its segment and show it; each one looks different."""
        node, point = self.workspace.segmentation, self.views.point
        if node is None or point is None:
            self.workspace.tell(NOTHING if node is None else NO_POINT, "warning")
            return
        kind, state = self.state.lesion_kind, self.state
        measure = pointed_kind(kind)
        try:
            size = float(state.lesion_size)
        except (TypeError, ValueError):
            low, high = measure.limits
            self.workspace.tell(f"Give the size of the finding in {measure.unit}, {low:g} to {high:g}.", "warning")
            return
        try:
            segment_id = add_finding(self.workspace.scene, node, point, kind, size, state.lesion_seed)
        except SceneError as error:
            text = str(error)
            self.workspace.tell(f"No finding was added: {text}{'' if text.endswith('.') else '.'}", "warning")
            return
        state.lesion_seed += 1
        self._by_hand = False
        if node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetSegmentVisibility(segment_id, True)
        self.workspace.edited.emit()
        self.segments.choose(segment_id)
        self.workspace.tell(f"{label(kind).name} of {size:g} {measure.unit} added. Ctrl+Z takes it back.", "success")

    def build(self) -> None:
        """Kind, size and the button."""
        v3.VDivider(classes="my-3")
        html.Div("Add finding here, at the cross-hair", classes="text-subtitle-2 mb-2")
        with html.Div(classes="d-flex align-center", style="gap: 8px"):
            v3.VSelect(
                id="lesion-kind",
                v_model=("lesion_kind",),
                items=("lesion_kinds",),
                label="Kind",
                style="min-width: 0",
            )
            v3.VTextField(
                id="lesion-size",
                v_model_number=("lesion_size",),
                type="number",
                __properties=["min", "max", "step"],
                min=("lesion_low",),
                max=("lesion_high",),
                label=("lesion_unit",),
                style="max-width: 84px",
            )
            v3.VBtn(
                "Add",
                id="lesion-add",
                click=(self.add, "[]"),
                disabled=("lesion_hindrance !== ''",),
                title=(f"lesion_hindrance || '{TITLE}'",),
                color="primary",
                variant="tonal",
                prepend_icon="mdi-target",
            )

    def _on_kind(self, lesion_kind: str, **_: Any) -> None:
        if lesion_kind != self._kind:
            self._kind, self._by_hand = lesion_kind, True
        self._measure(lesion_kind)

    def _measure(self, key: str) -> None:
        """The unit and the limits of a kind, and its usual size where the one before is of another measure."""
        kind, state = pointed_kind(key), self.state
        low, high = kind.limits
        size = state.lesion_size
        fits = state.lesion_unit == kind.unit and isinstance(size, int | float) and low <= size <= high
        if state.lesion_unit != kind.unit or (state.lesion_low, state.lesion_high) != (low, high):
            state.update({"lesion_unit": kind.unit, "lesion_low": low, "lesion_high": high})
            if not fits:
                state.lesion_size = kind.usual

    def _on_chosen(self) -> None:
        node = self.workspace.segmentation
        if node is not self._segmentation:
            self._segmentation, self._by_hand = node, False
        with self.state:
            self.state.lesion_hindrance = NOTHING if node is None else ""


def kind_in(key: str) -> str | None:
    """The lesion that grows where a label of the anatomy table is: in the organ itself, or in what is part of it."""
    if not key:
        return None
    place = {key, *label(key).part_of}
    return next((row.key for row in by_group()["lesions"] if place & set(row.part_of)), None)
