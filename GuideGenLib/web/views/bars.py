"""The bar at the upper edge of each view: its name in Slicer's colour, the slice slider, reset and enlarge.

Views are black in both themes, and so are these bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_slicer.app.logic import connect_slice_view_slider_to_state

NAMES = {
    "Red": "axial", "Green": "coronal", "Yellow": "sagittal", "ThreeD": "threed", "RedOther": "axial-other",
    "GreenOther": "coronal-other",
}  # fmt: skip
"""Slicer's name of a view, and ours. The other ones show the CT that is compared with, beside the chosen one."""

TITLES = {
    "axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal", "threed": "3D", "axial-other": "Axial, other",
    "coronal-other": "Coronal, other",
}  # fmt: skip
COLORS = {
    "axial": "#F34A33", "coronal": "#6DAD4A", "sagittal": "#EFD64D", "threed": "#8F9BD4", "axial-other": "#F34A33",
    "coronal-other": "#6DAD4A",
}  # fmt: skip
BUTTONS = {"reset": "Show the whole volume", "enlarge": "This view alone, or all views"}
SIDES = {"axial": ("S", "I"), "coronal": ("A", "P"), "sagittal": ("L", "R")}
"""Where a slice stands, for a positive and a negative offset along the normal that Slicer gives the view."""

BAR = (  # so dark that names and sliders are seen over white, too
    "position: absolute; top: 0; left: 0; right: 0; height: 28px; display: flex; align-items: center; gap: 4px; "
    "padding: 0 4px 0 8px; color: white; background: rgba(0, 0, 0, 0.85); cursor: default; user-select: none;"
)


class ViewBars:
    """Writes the bars. enlarge(name): show one view alone, or all again; reset(name): back to the whole volume."""

    def __init__(self, enlarge: Callable[[str], None], reset: Callable[[str], None]) -> None:
        self._enlarge, self._reset = enlarge, reset

    def write_slice(self, server: Any, _view_id: str, view: Any) -> None:
        """For a slice view, as the factories of trame_slicer call it."""
        name = NAMES[view.get_singleton_tag()]
        slider = connect_slice_view_slider_to_state(server, view)
        keys, (high, low) = slider.name, SIDES[name.removesuffix("-other")]
        with html.Div(id=f"views-{name}-bar", style=BAR):
            self._title(name)
            with html.Div(id=f"views-{name}-slice", style="flex: 1; min-width: 20px; margin: 0 6px"):
                v3.VSlider(
                    v_model=(keys.value,),
                    min=(keys.min_value,),
                    max=(keys.max_value,),
                    step=(keys.step,),
                    hide_details=True,
                    density="compact",
                    theme="dark",
                    color=COLORS[name],
                    track_size=2,
                    thumb_size=12,
                    aria_label=f"Slice of the view {TITLES[name]}",
                )
            html.Span(
                f"{{{{ {keys.value} < 0 ? '{low}' : '{high}' }}}} {{{{ Math.abs({keys.value}).toFixed(1) }}}} mm",
                style="font-size: 11px; min-width: 58px; white-space: nowrap; text-align: right; "
                "font-variant-numeric: tabular-nums",
            )
            self._buttons(name)

    def write_threed(self, _server: Any, _view_id: str, view: Any) -> None:
        """For the 3D view."""
        name = NAMES[view.get_singleton_tag()]
        with html.Div(id=f"views-{name}-bar", style=BAR):
            self._title(name)
            html.Span(
                "{{ views_surfaces ? views_surfaces_text : 'Surfaces are off' }}",
                style="flex: 1; font-size: 11px; opacity: 0.85",
            )
            self._buttons(name)

    def _title(self, name: str) -> None:
        html.Span(TITLES[name], style=f"color: {COLORS[name]}; font-weight: 600; font-size: 12px")

    def _buttons(self, name: str) -> None:
        for what, icon, handler in (
            ("reset", "mdi-fit-to-screen-outline", self._reset),
            ("enlarge", "mdi-arrow-expand", self._enlarge),
        ):
            title = BUTTONS[what]
            v3.VBtn(
                id=f"views-{name}-{what}",
                icon=icon,
                size="x-small",
                variant="text",
                theme="dark",
                color="white",
                title=title,
                aria_label=f"{title}: {TITLES[name]}",
                click=(handler, f"['{name}']"),
                style="width: 24px; height: 24px",
            )
