"""The widgets of the case list."""

from __future__ import annotations

from typing import Any, Protocol

from trame.widgets import html
from trame.widgets import vuetify3 as v3

PICTURE = "`cases/thumbnail?name=${encodeURIComponent(row.name)}&v=${row.picture}`"
NONE_CHOSEN = "cases_chosen === '' || cases_busy !== ''"
LIST_STYLE = "max-height: 44vh; overflow-y: auto; border: thin solid rgba(128, 128, 128, 0.4); border-radius: 4px"


class ListActions(Protocol):
    """What the list can do, as `panel.CasesPanel` has it."""

    def choose(self, name: str) -> None: ...
    def open(self, name: str = "") -> None: ...
    def step(self, by: int) -> None: ...
    def keep(self) -> None: ...
    def tag(self) -> None: ...
    def rename(self, by_findings: bool = False) -> None: ...
    def duplicate(self) -> None: ...
    def delete(self) -> None: ...
    def undo_delete(self) -> None: ...


def build_list(panel: ListActions) -> None:
    """Search, list, and what is done with the chosen case."""
    v3.VTextField(
        id="cases-search",
        v_model=("cases_search",),
        label="Search",
        placeholder="names, texts and tags",
        persistent_placeholder=True,
        prepend_inner_icon="mdi-magnify",
        clearable=True,
        classes="mb-2",
    )
    _rows(panel)
    html.Div(
        "{{ cases_busy || `${cases_rows.length} of ${cases_count} cases` }}",
        id="cases-count",
        role="status",
        classes="text-caption text-medium-emphasis mb-1",
    )
    with html.Div(classes="d-flex flex-wrap mb-2", style="gap: 6px"):
        _button(
            "Open", "cases-open", (panel.open, "[]"), "mdi-folder-open-outline", NONE_CHOSEN, "Brings it into the views"
        )
        _button(
            "Previous",
            "cases-previous",
            (panel.step, "[-1]"),
            "mdi-chevron-left",
            "cases_busy !== ''",
            "Opens the case before",
        )
        _button(
            "Next", "cases-next", (panel.step, "[1]"), "mdi-chevron-right", "cases_busy !== ''", "Opens the case after"
        )
    v3.VBtn(
        "Keep as a case",
        id="cases-keep",
        click=(panel.keep, "[]"),
        block=True,
        color="primary",
        prepend_icon="mdi-content-save-outline",
        disabled=("!cases_can_keep || cases_busy !== ''",),
        title="Writes the chosen anatomy and CT into the folder, as a new case named by what is seen in it",
        classes="mb-2",
    )
    _chosen(panel)
    v3.VBtn(
        "Undo delete ({{ cases_trash }})",
        id="cases-undo",
        v_if=("cases_trash > 0",),
        click=(panel.undo_delete, "[]"),
        block=True,
        variant="text",
        prepend_icon="mdi-undo",
        title="Takes the last deleted case back; the trash keeps cases for 30 days",
    )


def _rows(panel: ListActions) -> None:
    with (
        v3.VList(id="cases-list", density="compact", style=LIST_STYLE, classes="py-0 mb-1", aria_label="Cases"),
        v3.VListItem(
            v_for="row in cases_rows",
            key="row.name",
            active=("row.name === cases_chosen",),
            color="primary",
            click=(panel.choose, "[row.name]"),
            dblclick=(panel.open, "[row.name]"),
            classes="px-2",
            style="user-select: none",
            raw_attrs=[':data-case="row.name"'],
        ),
    ):
        with v3.Template(v_slot_prepend=True):
            html.Img(
                v_if=("row.picture",),
                src=(PICTURE,),
                alt="",
                loading="lazy",
                style="width: 100px; height: 60px; object-fit: cover; background: black; margin-right: 8px",
            )
            v3.VIcon(
                ("row.problem ? 'mdi-alert-circle-outline' : 'mdi-package-variant-closed'",),
                v_if=("!row.picture",),
                color=("row.problem ? 'error' : undefined",),
                style="width: 100px; margin-right: 8px",
            )
        html.Div(
            "{{ row.name }}{{ row.name === cases_open ? ' (open)' : '' }}",
            classes="text-body-2 font-weight-medium",
            style="overflow-wrap: anywhere",
        )
        html.Div(
            "{{ row.problem || row.text }}",
            classes=("row.problem ? 'text-caption text-error' : 'text-caption text-medium-emphasis'",),
            style="display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden",
        )
        v3.VChip("{{ tag }}", v_for="tag in row.tags", key="tag", size="x-small", classes="mr-1")
        with v3.Template(v_slot_append=True):
            v3.VCheckboxBtn(
                v_model=("cases_picked",),
                value=("row.name",),
                disabled=("row.problem !== '' || row.scene || !row.ct",),
                density="compact",
                raw_attrs=[
                    "@click.stop",
                    ':aria-label="`Take ${row.name} into a lesson`"',
                    'title="Take it into a lesson"',
                ],
            )


def _chosen(panel: ListActions) -> None:
    with html.Div(v_if=("cases_chosen !== ''",), id="cases-chosen", classes="mb-2"):
        with html.Div(classes="d-flex align-center mb-2", style="gap: 6px"):
            v3.VTextField(
                id="cases-tags",
                v_model=("cases_tags",),
                label="Tags",
                placeholder="between commas",
                persistent_placeholder=True,
            )
            _button("Tag", "cases-tag", (panel.tag, "[]"), "", NONE_CHOSEN, "Keeps the tags")
        with html.Div(classes="d-flex align-center mb-2", style="gap: 6px"):
            v3.VTextField(
                id="cases-name", v_model=("cases_name",), label="Name", placeholder="-", persistent_placeholder=True
            )
            _button("Rename", "cases-rename", (panel.rename, "[]"), "", NONE_CHOSEN, "Renames the case")
        with html.Div(classes="d-flex flex-wrap", style="gap: 6px"):
            _button("Name by findings", "cases-rename-findings", (panel.rename, "[true]"), "", NONE_CHOSEN,
                    "Names it by what is measured in it, in whom, and by its seed")  # fmt: skip
            _button("Duplicate", "cases-duplicate", (panel.duplicate, "[]"), "", NONE_CHOSEN, "Copies the case")
            _button(
                "Delete", "cases-delete", (panel.delete, "[]"), "", NONE_CHOSEN, "Moves it to the trash of the folder"
            )


def _button(text: str, name: str, click: Any, icon: str, disabled: str, title: str) -> None:
    more = {"prepend_icon": icon} if icon else {}
    v3.VBtn(text, id=name, click=click, size="small", variant="tonal", disabled=(disabled,), title=title, **more)
