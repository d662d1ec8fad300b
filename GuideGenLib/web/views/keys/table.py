"""The keys of the views: what each does, in the words of the page of keys."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """key: as a browser names it, "Shift+" before it where it is held; small letters. action: of `Views.act`."""

    key: str
    action: str
    title: str

    @property
    def shown(self) -> str:
        """As it is written on the keyboard."""
        parts = [SHOWN.get(part, part.upper() if len(part) == 1 else part) for part in self.key.split("+")]
        return " ".join(parts)


SHOWN = {
    "ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→", " ": "Space", "PageUp": "Page ↑",
    "PageDown": "Page ↓", "Delete": "Del", ",": ",", ".": ".",
}  # fmt: skip

SLICES = (
    Key("ArrowUp", "next", "Next slice (up, to the front, to the left)"),
    Key("ArrowRight", "next", "Next slice"),
    Key("ArrowDown", "previous", "Previous slice"),
    Key("ArrowLeft", "previous", "Previous slice"),
    Key("PageUp", "next_page", "Ten slices on"),
    Key("PageDown", "previous_page", "Ten slices back"),
    Key("Home", "first", "First slice"),
    Key("End", "last", "Last slice"),
    Key(" ", "cine", "Run through the slices, or stop"),
    Key("Shift+ArrowUp", "point_up", "Cross-hair up in the view"),
    Key("Shift+ArrowDown", "point_down", "Cross-hair down"),
    Key("Shift+ArrowLeft", "point_left", "Cross-hair left"),
    Key("Shift+ArrowRight", "point_right", "Cross-hair right"),
)
WINDOWS = (
    Key("a", "window_abdomen", "Window: abdomen (soft tissue)"),
    Key("l", "window_lung", "Window: lung"),
    Key("m", "window_mediastinum", "Window: mediastinum"),
    Key("b", "window_bone", "Window: bone"),
    Key("v", "window_liver", "Window: liver"),
    Key("w", "drag_window", "Window by a drag of the left button, or no longer"),
)
LOOKS = (
    Key("g", "labels", "Labels on or off"),
    Key("c", "smooth", "Borders of labels: smooth, or true to the voxel"),
    Key("x", "crosshair", "Cross-hair on or off"),
    Key("i", "lines", "Reference lines of the other slices on or off"),
    Key("t", "slab", "Thick slices: mean, maximum, minimum, off"),
    Key("[", "thinner", "Thinner"),
    Key("]", "thicker", "Thicker"),
)
PLACES = (
    Key("f", "finding", "Next finding, close up"),
    Key("e", "enlarge", "This view alone, or all again"),
    Key("s", "side", "Two CTs side by side, or no longer"),
    Key("r", "reset", "The whole volume in this view"),
    Key(",", "zoom_out", "Zoom out"),
    Key(".", "zoom_in", "Zoom in"),
)
MEASURES = (
    Key("d", "measure_ruler", "Ruler: a drag, or two clicks"),
    Key("o", "measure_region", "Region with mean and SD in HU: a drag"),
    Key("n", "measure_angle", "Angle: three clicks"),
    Key("Escape", "measure_off", "No measuring"),
    Key("Delete", "measure_remove", "Remove the last measurement"),
)
HELP = (Key("?", "help", "This page"),)
GROUPS = {
    "Slices of the view under the mouse, or that has the focus": SLICES,
    "Window": WINDOWS,
    "What is drawn": LOOKS,
    "Where one looks": PLACES,
    "Measure": MEASURES,
    "Help": HELP,
}
KEYS = tuple(key for keys in GROUPS.values() for key in keys)


def key_of(action: str) -> str:
    """The key of an action as a user reads it, for titles of buttons. Raises KeyError where it has none."""
    return {key.action: key.shown for key in reversed(KEYS)}[action]
