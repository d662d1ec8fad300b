"""The page of keys: what the mouse and each key do, opened by "?" or a button."""

from __future__ import annotations

from collections.abc import Sequence

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from GuideGenLib.web.editor.widgets import HELP as EDITOR
from GuideGenLib.web.views.keys.table import GROUPS, Key

MOUSE = (
    ("Wheel", "Next or previous slice; with Ctrl: zoom"),
    ("Right button, drag", "Zoom"),
    ("Middle button, drag", "Pan; in 3D also Shift and the left button"),
    ("Left button", "Moves the cross-hair; with a tool it edits, measures or sets the window"),
    ("Left drag, with W", "Window sideways, level down (darker) and up (brighter); finer the narrower it is"),
    ("Shift, move", "Moves the cross-hair, whatever the tool"),
    ("3D: left button, drag", "Turns"),
)


def build_page() -> None:
    """Write it into the open layout; `views_keys` shows it."""
    with (
        v3.VDialog(v_model=("views_keys",), max_width=980, scrollable=True, aria_label="Mouse and keys"),
        v3.VCard(id="views-keys", title="Mouse and keys"),
    ):
        with v3.VCardText(raw_attrs=['tabindex="0"']), html.Div(style="columns: 2; column-gap: 32px; font-size: 13px"):
            _group("Mouse", MOUSE)
            for title, keys in GROUPS.items():
                _group(title, _rows(keys))
            _group("Edit segments", [tuple(line.split(": ", 1)) for line in EDITOR if ": " in line])
        with v3.VCardActions():
            v3.VSpacer()
            v3.VBtn("Close", id="views-keys-close", aria_label="Close the list of keys", click="views_keys = false")


def _rows(keys: tuple[Key, ...]) -> list[tuple[str, str]]:
    """One for each action, with all of its keys."""
    actions = dict.fromkeys(key.action for key in keys)
    same = [[key for key in keys if key.action == action] for action in actions]
    return [("  ".join(key.shown for key in group), group[0].title) for group in same]


def _group(title: str, rows: Sequence[Sequence[str]]) -> None:
    with html.Div(style="break-inside: avoid", classes="mb-4"):
        html.H3(title, classes="text-subtitle-2 mb-1")
        with html.Table(style="border-spacing: 0 2px"):
            for keys, what in rows:
                with html.Tr():
                    html.Td(
                        keys, style="padding-right: 16px; font-weight: 600; white-space: nowrap; vertical-align: top"
                    )
                    html.Td(what)
