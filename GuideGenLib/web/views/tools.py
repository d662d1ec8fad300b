"""The row of tools above the views, and the layouts that one of them offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_slicer.views import Layout, LayoutDirection, ViewLayoutDefinition

from GuideGenLib.web.views.keys.page import build_page
from GuideGenLib.web.views.keys.table import key_of
from GuideGenLib.web.views.measure.kinds import KINDS as MEASURES
from GuideGenLib.web.views.slices.slab import KINDS as SLABS
from GuideGenLib.web.views.slices.slab import THICKNESSES

LAYOUTS = {
    "quad": ("Four views", "mdi-view-grid-outline"),
    "primary": ("Axial large", "mdi-view-split-vertical"),
    "coronal-first": ("Coronal large", "mdi-view-split-vertical"),
    "side": ("Two CTs side by side, axial", "mdi-compare"),
    "side-coronal": ("Two CTs side by side, coronal", "mdi-compare"),
    "axial": ("Axial alone", "mdi-square-outline"),
    "coronal": ("Coronal alone", "mdi-square-outline"),
    "sagittal": ("Sagittal alone", "mdi-square-outline"),
    "threed": ("3D alone", "mdi-cube-outline"),
}
ROW = (
    "min-height: 36px; flex: none; display: flex; flex-wrap: wrap; align-items: center; gap: 2px; padding: 0 8px"
)  # fmt: skip

FIGURES = "font-size: 12px; white-space: nowrap; padding: 0 4px; font-variant-numeric: tabular-nums"


class Acting(Protocol):
    """What the buttons ask for: `actions.Actions`."""

    def act(self, action: str, view: str = "") -> None: ...
    def measure(self, kind: str) -> None: ...
    def set_slab(self, kind: str) -> None: ...
    def set_thickness(self, millimetres: float) -> None: ...


class ViewTools:
    """Writes the row. set_layout(name): show one of LAYOUTS."""

    def __init__(self, set_layout: Callable[[str], None], actions: Acting) -> None:
        self._set_layout, self._actions = set_layout, actions

    def build(self) -> None:
        """Write it, and the page of keys that it opens, into the open layout."""
        build_page()
        with html.Div(id="views-tools", classes="bg-surface", style=ROW):
            self._layout_menu()
            self._switch("surfaces", "mdi-rotate-3d", "Surfaces in 3D, of visible segments")
            self._switch("crosshair", "mdi-crosshairs", "Cross-hair", "crosshair")
            self._switch(
                "window_level", "mdi-contrast-circle", "Window/level: drag with the left button", "drag_window"
            )
            html.Span("{{ views_window }}", id="views-window", v_if=("ct_there",), style=FIGURES)
            self._switch("labels", "mdi-layers-outline", "Labels", "labels")
            self._switch("smooth", "mdi-vector-curve", "Smooth borders of labels", "smooth")
            self._switch("lines", "mdi-grid", "Reference lines of the other slices", "lines")
            self._slab_menu()
            self._button("cine", "mdi-movie-open-play-outline", "Run through the slices", "cine", on="views_cine")
            self._button("finding", "mdi-target", "Next finding, close up", "finding")
            for kind in MEASURES.values():
                name = f"measure_{kind.name}"
                self._button(kind.name, kind.icon, kind.title, name, on=f"views_measure === '{kind.name}'")
            self._button("remove", "mdi-eraser-variant", "Remove the last measurement", "measure_remove")
            self._switch("linked", "mdi-link-variant", "Both scroll together", shown="views_layout.startsWith('side')")
            self._button("help", "mdi-keyboard-outline", "Mouse and keys", "help")
            html.Div(
                "{{ views_readout }}",
                id="views-readout",
                role="status",
                style="flex: 1 1 200px; min-width: 0; padding-left: 12px; font-size: 12px; white-space: pre; "
                "overflow: hidden; text-overflow: ellipsis; font-variant-numeric: tabular-nums",
            )

    def _layout_menu(self) -> None:
        with v3.VMenu():
            self._opener("layout", "mdi-view-grid-outline", "Layout of the views")
            with v3.VList(density="compact"):
                for name, (title, icon) in LAYOUTS.items():
                    v3.VListItem(
                        id=f"views-layout-{name}",
                        title=title,
                        prepend_icon=icon,
                        active=(f"views_layout === '{name}'",),
                        click=(self._set_layout, f"['{name}']"),
                    )

    def _slab_menu(self) -> None:
        with v3.VMenu(close_on_content_click=False):
            self._opener("slab", "mdi-layers-triple-outline", f"Thick slices: {key_of('slab')}", "views_slab !== 'off'")
            with v3.VCard(width=280), v3.VCardText():
                with v3.VList(density="compact", classes="pa-0"):
                    for name, title in SLABS.items():
                        v3.VListItem(
                            id=f"views-slab-{name}",
                            title=title,
                            active=(f"views_slab === '{name}'",),
                            click=(self._actions.set_slab, f"['{name}']"),
                        )
                v3.VSelect(
                    id="views-slab-mm",
                    model_value=("views_slab_mm",),
                    update_modelValue=(self._actions.set_thickness, "[$event]"),
                    items=([{"value": mm, "title": f"{mm} mm"} for mm in THICKNESSES],),
                    label="Thickness",
                    classes="mt-2",
                )

    @staticmethod
    def _opener(name: str, icon: str, title: str, on: str = "false") -> None:
        with v3.Template(v_slot_activator="{ props }"):
            v3.VBtn(id=f"views-{name}", icon=icon, v_bind="props", **_named(title), **_look(on))

    def _switch(self, name: str, icon: str, title: str, action: str = "", shown: str = "true") -> None:
        key = f"views_{name}"
        v3.VBtn(
            id=f"views-{name.replace('_', '-')}",
            v_if=(shown,),
            icon=icon,
            **_named(_titled(title, action)),
            aria_pressed=(key,),
            click=f"{key} = !{key}",
            **_look(key),
        )

    def _button(self, name: str, icon: str, title: str, action: str, on: str = "false") -> None:
        v3.VBtn(
            id=f"views-{name}",
            icon=icon,
            **_named(_titled(title, action)),
            click=(self._actions.act, f"['{action}']"),
            **_look(on),
        )


def _titled(title: str, action: str) -> str:
    return f"{title}: {key_of(action)}" if action else title


def _named(title: str) -> dict[str, str]:
    """For the eye and for a screen reader."""
    return {"title": title, "aria_label": title}


def _look(on: str) -> dict[str, Any]:
    return {
        "size": "small",
        "density": "comfortable",
        "variant": (f"{on} ? 'tonal' : 'text'",),
        "color": (f"{on} ? 'primary' : ''",),
    }


def layouts() -> dict[str, Layout]:
    """Those of LAYOUTS, for trame_slicer."""
    axial, coronal = ViewLayoutDefinition.axial_view(), ViewLayoutDefinition.coronal_view()
    sagittal = ViewLayoutDefinition.sagittal_view()
    other_axial, other_coronal = (
        ViewLayoutDefinition.slice_view(orientation, label=f"{color}Other", color=view.properties.color)
        for orientation, color, view in (("Axial", "Red", axial), ("Coronal", "Green", coronal))
    )  # fmt: skip
    threed = ViewLayoutDefinition.threed_view(background_color="#000000")
    across, down = LayoutDirection.Horizontal, LayoutDirection.Vertical
    return {
        "quad": Layout(across, [Layout(down, [axial, coronal]), Layout(down, [threed, sagittal])]),
        "primary": Layout(across, [axial, Layout(down, [threed, coronal, sagittal])], flex_sizes=["2", "1"]),
        "coronal-first": Layout(across, [coronal, Layout(down, [threed, axial, sagittal])], flex_sizes=["2", "1"]),
        "side": Layout(across, [axial, other_axial]),
        "side-coronal": Layout(across, [coronal, other_coronal]),
        "axial": Layout(down, [axial]),
        "coronal": Layout(down, [coronal]),
        "sagittal": Layout(down, [sagittal]),
        "threed": Layout(down, [threed]),
    }
