"""The widgets of the segments panel."""

from __future__ import annotations

from typing import Any, Protocol

from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.anatomy.label import SWITCHES
from GuideGenLib.anatomy.table import labels
from GuideGenLib.web.scripts import once
from GuideGenLib.web.words import options

NOTHING = "There is no anatomy yet: generate one, or upload one."
LIST_PX = 216
ROW = "display: flex; align-items: center"
"""Not vuetify's class d-flex, which shows what v-show hides."""

PLAIN = "background: none; border: none; padding: 0; color: inherit; font: inherit; cursor: pointer"
STOP = (
    "(segments_rows.find(one => one.id === segments_active && (segments_found === null || "
    "segments_found.includes(one.id))) || segments_rows.find(one => segments_found === null || "
    "segments_found.includes(one.id)) || {}).id"
)
"""The row where the Tab key stops: the chosen one, else the first that is listed."""

SCRIPT = """
window.addEventListener('keydown', (event) => {
  const list = event.target.closest('#segments-list');
  if (!list || event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = [...list.querySelectorAll('[role=row]')].filter(row => row.offsetParent);
  const row = event.target.closest('[role=row]'), at = rows.indexOf(row);
  const column = [...row.querySelectorAll('button')].indexOf(event.target.closest('button'));
  const to = {
    ArrowDown: [at + 1, column], ArrowUp: [at - 1, column], Home: [0, column], End: [rows.length - 1, column],
    ArrowLeft: [at, 0], ArrowRight: [at, 1],
  }[event.key];
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  rows[to[0]]?.querySelectorAll('button')[to[1]].focus();
}, true);
"""
"""Arrows, Home and End within the list."""


class SegmentsHandlers(Protocol):
    """What the widgets call: `panels.segments.SegmentsPanel`."""

    def take_first(self) -> None: ...
    def choose(self, segment_id: str) -> None: ...
    def jump(self, segment_id: str = "") -> None: ...
    def show_one(self, segment_id: str) -> None: ...
    def show_group(self, name: str) -> None: ...
    def add(self) -> None: ...
    def name_chosen(self) -> None: ...
    def remove(self) -> None: ...


class SegmentsWidgets:
    """The list of segments and its buttons; the panel's handlers are called."""

    def __init__(self, panel: SegmentsHandlers) -> None:
        self.panel = panel

    def build(self) -> None:
        """Search, groups, list, and what can be done with the chosen one."""
        html.Div(NOTHING, v_if=("segments_rows.length === 0",), classes="text-body-2 text-medium-emphasis mb-2")
        with html.Div(v_show=("segments_rows.length > 0",)):
            v3.VTextField(
                id="segments-search",
                v_model=("segments_search",),
                placeholder="Find a segment",
                aria_label="Find a segment",
                prepend_inner_icon="mdi-magnify",
                clearable=True,
                keydown_enter=(self.panel.take_first, "[]"),
                __events=[("keydown_enter", "keydown.enter")],
                title="Part of a name, also in other words. Enter goes to the first one.",
            )
            self._groups()
            self._list()
            self._actions()
            self._opacity()

    def _groups(self) -> None:
        with html.Div(classes="d-flex flex-wrap my-2", style="gap: 4px"):
            for name in SWITCHES:
                there = f"segments_rows.some(row => row.group === '{name}')"
                v3.VBtn(
                    name.capitalize(),
                    id=f"segments-group-{name}",
                    click=(self.panel.show_group, f"['{name}']"),
                    disabled=(f"!({there})",),
                    variant=(f"segments_groups['{name}'] ? 'tonal' : 'outlined'",),
                    prepend_icon=(f"segments_groups['{name}'] ? 'mdi-eye' : 'mdi-eye-off'",),
                    title=f"Show or hide: {name}",
                    aria_label=f"Show or hide: {name}",
                    aria_pressed=(f"!!segments_groups['{name}']",),
                    size="x-small",
                    style="flex: 1 0 30%",
                )

    def _list(self) -> None:
        """A grid of two columns that is one stop of the Tab key: arrows move in it, see SCRIPT."""
        client.Script(once(SCRIPT))
        style = f"max-height: {LIST_PX}px; overflow-y: auto; border: thin solid rgba(128, 128, 128, 0.35)"
        with html.Div(classes="rounded", style=style):
            with (
                html.Div(id="segments-list", role="grid", aria_label="Segments"),
                html.Div(
                    v_for="row in segments_rows",
                    key="row.id",
                    v_show=("segments_found === null || segments_found.includes(row.id)",),
                    id=("'segments-row-' + row.id",),
                    role="row",
                    aria_selected=("row.id === segments_active ? 'true' : 'false'",),
                    classes=("'px-2' + (row.id === segments_active ? ' bg-primary' : '')",),
                    style=f"{ROW}; height: 26px; font-size: 13px; gap: 8px; user-select: none",
                ),
            ):
                self._name()
                self._eye()
            html.Div(
                "Nothing of that name.",
                v_if=("segments_found !== null && segments_found.length === 0",),
                role="status",
                classes="text-body-2 text-medium-emphasis pa-2",
            )

    def _name(self) -> None:
        """Chooses the segment of a row; twice, or Shift and Enter, goes to it."""
        with (
            html.Div(role="gridcell", style="flex: 1; min-width: 0"),
            html.Button(
                id=("'segments-name-' + row.id",),
                type="button",
                tabindex=(f"row.id === {STOP} ? 0 : -1",),
                click=(self.panel.choose, "[row.id]"),
                dblclick=(self.panel.jump, "[row.id]"),
                keydown_shift_enter=(self.panel.jump, "[row.id]"),
                __events=[("keydown_shift_enter", "keydown.shift.enter.prevent")],
                title="Choose it for editing; a double click, or Shift and Enter, goes there",
                style=f"{PLAIN}; {ROW}; gap: 8px; width: 100%; text-align: left",
            ),
        ):
            html.Span(
                style=(
                    "{width: '14px', height: '14px', flex: 'none', borderRadius: '3px', background: row.color, "
                    "border: '1px solid rgba(128, 128, 128, 0.6)'}",
                )
            )
            html.Span("{{ row.title }}", classes=("'text-truncate' + (row.shown ? '' : ' font-italic')",))
            html.Span(
                "?",
                v_if=("!row.key",),
                title="Nobody knows what this is: choose it, and say it below",
                classes="text-warning font-weight-bold",
            )

    def _eye(self) -> None:
        """Shows or hides the segment of a row."""
        with (
            html.Div(role="gridcell"),
            html.Button(
                id=("'segments-eye-' + row.id",),
                type="button",
                tabindex=-1,
                click=(self.panel.show_one, "[row.id]"),
                aria_label=("row.shown ? `Hide ${row.title}` : `Show ${row.title}`",),
                title=("row.shown ? `Hide ${row.title}` : `Show ${row.title}`",),
                style=PLAIN,
            ),
        ):
            v3.VIcon(icon=("row.shown ? 'mdi-eye-outline' : 'mdi-eye-off-outline'",), size="16")

    def _actions(self) -> None:
        with html.Div(classes="d-flex align-center mt-2", style="gap: 6px"):
            v3.VAutocomplete(
                id="segments-label",
                v_model=("segments_label",),
                items=(options({row.key: row.name for row in labels()[1:]}),),
                placeholder="What it is",
                aria_label="What the segment is",
                auto_select_first=True,
                style="min-width: 0",
            )
            self._action("add", "mdi-plus", "Add an empty segment of this name", self.panel.add, "!segments_label")
            self._action(
                "name",
                "mdi-tag-check-outline",
                "The chosen segment is this: set its name, colour and terminology",
                self.panel.name_chosen,
                "!segments_label || !segments_active",
            )
            self._action(
                "jump", "mdi-crosshairs-gps", "Go to the chosen segment (or double-click it)", self.panel.jump,
                "!segments_active",
            )  # fmt: skip
            self._action(
                "remove", "mdi-delete-outline", "Remove the chosen segment; it becomes body", self.panel.remove,
                "!segments_active",
            )  # fmt: skip

    @staticmethod
    def _action(name: str, icon: str, title: str, click: Any, disabled: str) -> None:
        v3.VBtn(
            id=f"segments-{name}",
            icon=icon,
            title=title,
            aria_label=title,
            click=(click, "[]"),
            disabled=(disabled,),
            variant="tonal",
            density="compact",
            rounded="lg",
        )

    def _opacity(self) -> None:
        v3.VBtn(
            "Opacity",
            id="segments-details",
            click="segments_details = !segments_details",
            append_icon=("segments_details ? 'mdi-chevron-up' : 'mdi-chevron-down'",),
            variant="text",
            size="small",
            classes="px-1 mt-1",
        )
        with html.Div(v_show=("segments_details",)):
            for name, title in (("fill", "Fill in slices"), ("outline", "Outline"), ("opacity", "3D")):
                with html.Div(classes="d-flex align-center", style="gap: 8px"):
                    html.Span(title, classes="text-caption", style="width: 84px; flex: none")
                    v3.VSlider(
                        id=f"segments-{name}",
                        aria_label=f"Opacity: {title}",
                        v_model=(f"segments_{name}",),
                        min=0,
                        max=1,
                        step=0.05,
                        density="compact",
                        hide_details=True,
                        thumb_size=14,
                    )
