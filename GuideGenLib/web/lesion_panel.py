"""Draws a lesion where the cross-hair stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from GuideGenLib.anatomy.table import by_group, label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.lesions import SIZES_MM, add_lesion
from GuideGenLib.web.panel import Panel
from GuideGenLib.web.segments_panel import NOTHING
from GuideGenLib.web.workspace import Workspace

if TYPE_CHECKING:
    from GuideGenLib.web.segments_panel import SegmentsPanel
    from GuideGenLib.web.views import Views

NO_POINT = "Point at the place first: with no tool chosen, click in a slice, or go to an organ in the list."
TITLE = "Draws the lesion at the cross-hair, within its organ. Undo in the editor takes it back"


class LesionPanel(Panel):
    """The lesion is one step of the editor's undo, as every change of the segments is."""

    def __init__(self, server: Any, workspace: Workspace, segments: SegmentsPanel, views: Views) -> None:
        super().__init__(server, workspace)
        self.segments, self.views = segments, views
        kinds = [{"value": row.key, "title": row.name} for row in by_group()["lesions"]]
        self.state.update(
            {
                "lesion_kinds": kinds,
                "lesion_kind": kinds[0]["value"],
                "lesion_size": 25.0,
                "lesion_seed": 0,
                "lesion_hindrance": NOTHING,
            }
        )
        workspace.chosen.connect(self._on_chosen)

    def add(self) -> None:
        """Draw the lesion of the chosen kind and size, choose its segment and show it; each one looks different."""
        node, point = self.workspace.segmentation, self.views.point
        if node is None or point is None:
            self.workspace.tell(NOTHING if node is None else NO_POINT, "warning")
            return
        kind, state = self.state.lesion_kind, self.state
        try:
            size = float(state.lesion_size)
        except (TypeError, ValueError):
            self.workspace.tell(f"Give the size of the lesion in mm, {SIZES_MM[0]:g} to {SIZES_MM[1]:g}.", "warning")
            return
        try:
            segment_id = add_lesion(self.workspace.scene, node, point, kind, size, state.lesion_seed)
        except SceneError as error:
            text = str(error)
            self.workspace.tell(f"No lesion was added: {text}{'' if text.endswith('.') else '.'}", "warning")
            return
        state.lesion_seed += 1
        if node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetSegmentVisibility(segment_id, True)
        self.workspace.edited.emit()
        self.segments.choose(segment_id)
        self.workspace.tell(f"{label(kind).name} of {size:g} mm added. Ctrl+Z takes it back.", "success")

    def build(self) -> None:
        """Kind, size and the button."""
        v3.VDivider(classes="my-3")
        html.Div("Add a lesion at the cross-hair", classes="text-subtitle-2 mb-2")
        with html.Div(classes="d-flex align-center", style="gap: 8px"):
            v3.VSelect(
                id="lesion-kind",
                v_model=("lesion_kind",),
                items=("lesion_kinds",),
                label="Kind",
                variant="outlined",
                density="compact",
                hide_details=True,
                style="min-width: 0",
            )
            v3.VTextField(
                id="lesion-size",
                v_model_number=("lesion_size",),
                type="number",
                min=SIZES_MM[0],
                max=SIZES_MM[1],
                label="mm",
                variant="outlined",
                density="compact",
                hide_details=True,
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
                classes="text-none",
            )

    def _on_chosen(self) -> None:
        with self.state:
            self.state.lesion_hindrance = NOTHING if self.workspace.segmentation is None else ""
