"""The widgets of the editor panel, and its keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.web.editor.effects import BRUSHES, OPERATIONS, TOOLS
from GuideGenLib.web.panels.segments_widgets import ROW
from GuideGenLib.web.scripts import once
from GuideGenLib.web.words import options

HU = (-1024, 3071)
BRUSH_MM = (3, 80)
OFF = "editor_hindrance !== ''"
IDLE = "editor_hindrance !== '' || segments_active === ''"
AREAS = {
    "EVERYWHERE": "Everywhere", "INSIDE_ALL_SEGMENTS": "Inside the body", "INSIDE_SINGLE_SEGMENT": "Inside one segment",
}  # fmt: skip
OVERWRITE = {
    "OVERWRITE_ALL": "Others give way", "OVERWRITE_ALL_VISIBLE_SEGMENTS": "Shown ones give way",
    "ALLOW_OVERLAP": "Others stay (overlap)",
}  # fmt: skip
CUTS = {
    "ERASE_INSIDE": "Erase inside", "ERASE_OUTSIDE": "Erase outside", "FILL_INSIDE": "Fill inside",
    "FILL_OUTSIDE": "Fill outside",
}  # fmt: skip
CUT_RANGES = {"all": "Through all slices", "slice": "This slice only"}
ISLANDS = {
    "KEEP_LARGEST_ISLAND": "Keep the largest", "REMOVE_SMALL_ISLANDS": "Remove small ones",
    "SPLIT_TO_SEGMENTS": "Split into segments", "KEEP_SELECTED": "Keep the one I click",
    "REMOVE_SELECTED": "Remove the one I click", "ADD_SELECTED": "Add the one I click",
}  # fmt: skip
SMOOTHING = {
    "MEDIAN": "Median", "OPENING": "Opening (cuts off)", "CLOSING": "Closing (fills in)", "GAUSSIAN": "Gaussian",
}  # fmt: skip
KEYS = {
    **{tool.key: f"editor-{tool.name}" for tool in TOOLS},
    "+": "editor-brush-larger", "=": "editor-brush-larger", "-": "editor-brush-smaller",
    "ctrl+z": "editor-undo", "ctrl+y": "editor-redo", "ctrl+shift+z": "editor-redo", "z": "editor-undo",
    "y": "editor-redo",
}  # fmt: skip
"""Key to the id of the button that it presses; as in Slicer's Segment Editor where that has one."""
HELP = (
    *(f"{'Esc' if tool.key == 'Escape' else tool.key}: {tool.title}" for tool in TOOLS),
    "Ctrl+Z, Z: undo", "Ctrl+Y, Y: redo", "+ and −, or Shift and mouse wheel: brush size", "Ctrl+Enter: generate",
    "Erased voxels become body.",
)  # fmt: skip
SCRIPT = """
window.addEventListener('keydown', (event) => {
  const at = event.target;
  if (at.isContentEditable || at.tagName === 'TEXTAREA' || (at.tagName === 'INPUT' && !at.closest('.v-slider'))) return;
  if (event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = (control ? 'ctrl+' + (event.shiftKey ? 'shift+' : '') : '') + key;
  const button = document.getElementById(KEYS[name]);
  if (!button || button.disabled) return;
  button.click();
  event.preventDefault();
});
"""


class EditorHandlers(Protocol):
    """What the buttons call: `editor.panel.EditorPanel`."""

    def use(self, name: str) -> None: ...
    def undo(self) -> None: ...
    def redo(self) -> None: ...
    def resize_brush(self, larger: bool) -> None: ...
    def apply_threshold(self) -> None: ...
    def mask_by_threshold(self) -> None: ...
    def apply_islands(self) -> None: ...
    def apply_smoothing(self) -> None: ...
    def apply_logical(self) -> None: ...


class EditorWidgets:
    """Buttons, sliders and menus of the editor; the panel's handlers are called."""

    def __init__(self, panel: EditorHandlers) -> None:
        self.panel = panel

    def build(self) -> None:
        """Tools, what the chosen one can be told, and where it may write."""
        client.Script(once(SCRIPT.replace("KEYS", json.dumps(KEYS))))
        v3.VDivider(classes="my-2")
        with html.Div(id="editor", classes="d-flex flex-column", style="gap: 8px"):
            self._tools()
            html.Div(
                "{{ editor_hindrance || 'Choose a segment in the list, then a tool.' }}",
                id="editor-reason",
                v_if=(f"segments_rows.length > 0 && ({IDLE})",),
                classes="text-caption text-medium-emphasis",
            )
            with html.Div(
                v_for="row in segments_rows.filter(row => row.id === segments_active)",
                key="row.id",
                id="editor-chosen",
                classes="text-caption",
                style=f"{ROW}; gap: 8px",
            ):
                html.Span(style=("{width: '12px', height: '12px', borderRadius: '3px', background: row.color}",))
                html.Span("Edits {{ row.title }}")
            self._brush()
            self._draw()
            self._scissors()
            self._threshold()
            self._islands()
            self._smoothing()
            self._logical()
            self._masks()

    # ------------------------------------------------------------ always there

    def _tools(self) -> None:
        with html.Div(classes="d-flex flex-wrap align-center", style="gap: 2px"):
            for tool in TOOLS:
                key = "Esc" if tool.key == "Escape" else tool.key
                off = OFF if tool.name == "none" else IDLE
                needs = " (needs a CT)" if tool.name == "threshold" else ""
                self._icon(
                    tool.name,
                    tool.icon,
                    f"{tool.title}{needs}: {key}",
                    (self.panel.use, f"['{tool.name}']"),
                    f"{off} || !editor_ct" if tool.name == "threshold" else off,
                    color=(f"editor_effect === '{tool.name}' ? 'primary' : undefined",),
                    variant=(f"editor_effect === '{tool.name}' ? 'flat' : 'text'",),
                )
            self._icon("undo", "mdi-undo", "Undo: Ctrl+Z", (self.panel.undo, "[]"), f"{OFF} || !editor_can_undo")
            self._icon("redo", "mdi-redo", "Redo: Ctrl+Y", (self.panel.redo, "[]"), f"{OFF} || !editor_can_redo")
            with v3.VBtn(
                id="editor-help", icon=True, variant="text", density="comfortable", size="small", aria_label="Keys"
            ):
                v3.VIcon("mdi-help-circle-outline")
                with v3.VMenu(activator="parent", location="bottom"), v3.VCard(classes="pa-3 text-body-2"):
                    for line in HELP:
                        html.Div(line)

    def _masks(self) -> None:
        with html.Div(classes="d-flex", style="gap: 8px"):
            self._select("overwrite", "editor_overwrite", OVERWRITE, "Where another one is")
            self._select("area", "editor_area", AREAS, "May write")
        v3.VAutocomplete(
            id="editor-area-segment",
            v_if=("editor_area === 'INSIDE_SINGLE_SEGMENT'",),
            v_model=("editor_area_segment",),
            items=("segments_rows",),
            item_title="title",
            item_value="id",
            label="Inside",
            disabled=(OFF,),
        )
        v3.VChip(
            "{{ 'Only ' + editor_threshold[0] + ' to ' + editor_threshold[1] + ' HU' }}",
            id="editor-masked",
            v_if=("editor_masked",),
            click=(self.panel.mask_by_threshold, "[]"),
            append_icon="mdi-close",
            color="warning",
            size="small",
            title="All tools work only where the CT is within this range. Click to work everywhere",
        )

    # ------------------------------------------------------------ of one tool

    def _brush(self) -> None:
        with html.Div(v_show=(_one_of(BRUSHES),), style=f"{ROW}; gap: 4px"):
            self._icon("brush-smaller", "mdi-minus", "Smaller brush: −", (self.panel.resize_brush, "[false]"), OFF)
            v3.VSlider(
                id="editor-brush-size",
                aria_label="Diameter of the brush in mm",
                v_model=("editor_brush",),
                min=BRUSH_MM[0],
                max=BRUSH_MM[1],
                step=1,
                density="compact",
                hide_details=True,
                thumb_size=14,
            )
            self._icon("brush-larger", "mdi-plus", "Larger brush: +", (self.panel.resize_brush, "[true]"), OFF)
            html.Span("{{ Math.round(editor_brush) }} mm", classes="text-caption text-right", style="width: 44px")
            self._icon(
                "sphere",
                "mdi-sphere",
                "Sphere: paint in all slices that the brush reaches, not in this one alone",
                "editor_sphere = !editor_sphere",
                OFF,
                color=("editor_sphere ? 'primary' : undefined",),
                variant=("editor_sphere ? 'flat' : 'text'",),
            )

    def _draw(self) -> None:
        with html.Div(v_show=("editor_effect === 'draw'",)):
            html.Div(
                "Draw an outline in a slice: its inside becomes the chosen segment.",
                classes="text-caption text-medium-emphasis",
            )
            self._point_by_point("draw-points")

    def _scissors(self) -> None:
        with html.Div(v_show=("editor_effect === 'scissors'",)):
            with html.Div(classes="d-flex", style="gap: 8px"):
                self._select("scissors-fill", "editor_scissors_fill", CUTS, "Scissors")
                self._select("scissors-range", "editor_scissors_range", CUT_RANGES, "Depth")
            self._point_by_point("scissors-points")

    def _point_by_point(self, name: str) -> None:
        v3.VCheckbox(
            id=f"editor-{name}",
            v_model=("editor_point_by_point",),
            label="Point by point, closed by a right click",
            density="compact",
            hide_details=True,
        )

    def _threshold(self) -> None:
        with html.Div(v_show=("editor_effect === 'threshold'",)):
            with html.Div(classes="d-flex align-center", style="gap: 4px"):
                for index, model in enumerate(("editor_threshold[0]", "editor_threshold[1]")):
                    other = "[Number($event), editor_threshold[1]]", "[editor_threshold[0], Number($event)]"
                    v3.VTextField(
                        id=f"editor-threshold-{('low', 'high')[index]}",
                        model_value=(model,),
                        update_modelValue=f"editor_threshold = {other[index]}",
                        type="number",
                        label=("From HU", "To HU")[index],
                    )
            v3.VRangeSlider(
                id="editor-threshold-range",
                name="Range in HU",
                v_model=("editor_threshold",),
                min=HU[0],
                max=HU[1],
                step=1,
                density="compact",
                hide_details=True,
                thumb_size=14,
            )
            with html.Div(classes="d-flex", style="gap: 8px"):
                self._apply("threshold", self.panel.apply_threshold)
                v3.VBtn(
                    "{{ editor_masked ? 'Work everywhere' : 'Work only in this range' }}",
                    id="editor-threshold-mask",
                    click=(self.panel.mask_by_threshold, "[]"),
                    variant="outlined",
                    size="small",
                )

    def _islands(self) -> None:
        with html.Div(v_show=("editor_effect === 'islands'",), style=f"{ROW}; gap: 8px"):
            self._select("islands-mode", "editor_islands", ISLANDS, "Islands")
            v3.VTextField(
                id="editor-islands-size",
                v_if=("editor_islands === 'REMOVE_SMALL_ISLANDS'",),
                v_model_number=("editor_islands_size",),
                type="number",
                __properties=["min", "max", "step"],
                min=1,
                label="Fewer voxels than",
            )
            self._apply("islands", self.panel.apply_islands, off="editor_islands.endsWith('SELECTED')")

    def _smoothing(self) -> None:
        with html.Div(v_show=("editor_effect === 'smoothing'",), style=f"{ROW}; gap: 8px"):
            self._select("smoothing-mode", "editor_smoothing", SMOOTHING, "Smoothing")
            v3.VTextField(
                id="editor-smoothing-size",
                v_model_number=("editor_smoothing_mm",),
                type="number",
                __properties=["min", "max", "step"],
                min=1,
                label="mm",
                style="max-width: 80px",
            )
            self._apply("smoothing", self.panel.apply_smoothing)

    def _logical(self) -> None:
        binary = [name for name, operation in OPERATIONS.items() if operation[2]]
        needs_other = f"{json.dumps(binary)}.includes(editor_logical)".replace('"', "'")
        with html.Div(v_show=("editor_effect === 'logical'",)):
            with html.Div(classes="mb-2", style=f"{ROW}; gap: 8px"):
                titles = {name: operation[0] for name, operation in OPERATIONS.items()}
                self._select("logical-operation", "editor_logical", titles, "The chosen segment")
                self._apply("logical", self.panel.apply_logical, off=f"{needs_other} && !editor_other")
            v3.VAutocomplete(
                id="editor-logical-other",
                v_if=(needs_other,),
                v_model=("editor_other",),
                items=("segments_rows.filter(row => row.id !== segments_active)",),
                item_title="title",
                item_value="id",
                label="The other",
            )

    # ------------------------------------------------------------ pieces

    @staticmethod
    def _icon(name: str, icon: str, title: str, click: Any, disabled: str, **options: Any) -> None:
        v3.VBtn(
            id=f"editor-{name}",
            icon=icon,
            title=title,
            aria_label=title,
            click=click,
            disabled=(disabled,),
            density="comfortable",
            size="small",
            rounded="lg",
            **{"variant": "text", **options},
        )

    @staticmethod
    def _apply(name: str, click: Callable[[], None], off: str = "false") -> None:
        v3.VBtn(
            "Apply",
            id=f"editor-{name}-apply",
            click=(click, "[]"),
            disabled=(f"{IDLE} || {off}",),
            color="primary",
            variant="tonal",
            size="small",
        )

    @staticmethod
    def _select(name: str, model: str, titles: dict[str, str], label: str) -> None:
        v3.VSelect(
            id=f"editor-{name}",
            v_model=(model,),
            items=(options(titles),),
            label=label,
            disabled=(OFF,),
            style="min-width: 0",
        )


def _one_of(names: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(name) for name in names)}].includes(editor_effect)"
