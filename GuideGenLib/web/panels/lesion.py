"""Draws a tumor or another finding where the cross-hair stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.asynchronous import create_task

from GuideGenLib.anatomy.table import by_group, label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.segments.kinds import pointed_kind, pointed_kinds
from GuideGenLib.scene.segments.lesions import Pointed, take_pointed
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.segments_widgets import NOTHING
from GuideGenLib.web.views.crosshair import Point
from GuideGenLib.web.views.readout import names_at
from GuideGenLib.web.words import options
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, sentence, told

if TYPE_CHECKING:
    from GuideGenLib.web.panels.segments import SegmentsPanel
    from GuideGenLib.web.views.views import Views

NO_POINT = "Point at the place first: with no tool chosen, click in a slice, or go to an organ in the list."
CHANGED = "the anatomy was changed while the finding was drawn: add it again"
DRAWING = "The finding is being drawn"
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
        first = pointed_kinds()[0]
        self.state.update(
            {
                "lesion_kind": first.key,
                "lesion_size": first.usual,
                "lesion_unit": first.unit,
                "lesion_low": first.limits[0],
                "lesion_high": first.limits[1],
                "lesion_seed": 0,
                "lesion_hindrance": say(NOTHING),
                "lesion_busy": False,
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

    def add(self) -> asyncio.Task[None] | None:
        """Draw the finding of the chosen kind and size, choose its segment and show it; each one looks different.

        It is drawn in a thread by the task that is returned, which gives it up where the anatomy becomes another one
        meanwhile. None where nothing begins: something is missing or wrong, which the user is told, or one is drawn.
        """
        if self.state.lesion_busy:
            return None
        node, point = self.workspace.segmentation, self.views.point
        if node is None or point is None:
            self.workspace.tell(say(NOTHING if node is None else NO_POINT), "warning")
            return None
        kind, state = self.state.lesion_kind, self.state
        measure = pointed_kind(kind)
        try:
            size = float(state.lesion_size)
        except (TypeError, ValueError):
            low, high = measure.limits
            words = "Give the size of the finding in {unit}, {low} to {high}."
            self.workspace.tell(say(words, unit=measure.unit, low=f"{low:g}", high=f"{high:g}"), "warning")
            return None
        try:
            pointed = take_pointed(self.workspace.scene, node, point, kind, size, state.lesion_seed)
        except SceneError as error:
            self._refuse(str(error))
            return None
        with self.state:
            state.lesion_busy = True
        return create_task(self._draw(pointed, self.segments.active))

    async def _draw(self, pointed: Pointed, chosen: str) -> None:
        try:
            drawn = await asyncio.to_thread(pointed.draw)
            if self.workspace.segmentation is pointed.node and pointed.is_current():
                self._put(pointed, drawn, chosen)
            else:
                self._refuse(CHANGED)
        except SceneError as error:
            self._refuse(str(error))
        finally:
            with self.state:
                self.state.lesion_busy = False

    def _put(self, pointed: Pointed, drawn: NDArray[np.uint8], chosen: str) -> None:
        """chosen: the segment that was chosen at the press. Where another one is now, for painting, it stays."""
        node, kind = pointed.node, pointed.row.key
        with self.state:
            segment_id = pointed.put(drawn)
            self.state.lesion_seed += 1
            self._by_hand = self._by_hand and self.state.lesion_kind != kind
            if node.GetDisplayNode() is not None:
                node.GetDisplayNode().SetSegmentVisibility(segment_id, True)
            self.workspace.edited.emit()
            if self.segments.active == chosen:
                self.segments.choose(segment_id)
        done = say(
            "Added: {name}, {size} {unit}. Ctrl+Z takes it back.",
            name=told(label(kind).name),
            size=f"{pointed.size:g}",
            unit=pointed_kind(kind).unit,
        )
        self.workspace.tell(done, "success")

    def _refuse(self, why: str) -> None:
        self.workspace.tell(sentence(say("No finding was added: {why}", why=told(why))), "warning")

    def build(self) -> None:
        """Kind, size and the button."""
        v3.VDivider(classes="my-3")
        html.Div("Add finding here, at the cross-hair", classes="text-subtitle-2 mb-2")
        with html.Div(classes="d-flex flex-wrap align-center", style="gap: 8px"):
            v3.VSelect(
                id="lesion-kind",
                v_model=("lesion_kind",),
                items=(options({kind.key: kind.name for kind in pointed_kinds()}),),
                label="Kind",
                style="min-width: 0; flex: 1 1 165px",
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
                loading=("lesion_busy",),
                title=(f"lesion_hindrance || (lesion_busy ? '{DRAWING}' : '{TITLE}')",),
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
            self.state.lesion_hindrance = say(NOTHING) if node is None else ""


def kind_in(key: str) -> str | None:
    """The lesion that grows where a label of the anatomy table is: in the organ itself, or in what is part of it."""
    if not key:
        return None
    place = {key, *label(key).part_of}
    return next((row.key for row in by_group()["lesions"] if place & set(row.part_of)), None)
