"""The row of tools above the views, and the layouts that one of them offers."""

from __future__ import annotations

from collections.abc import Callable

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_slicer.views import Layout, LayoutDirection, ViewLayoutDefinition

LAYOUTS = {
    "quad": ("Four views", "mdi-view-grid-outline"),
    "primary": ("Axial large", "mdi-view-split-vertical"),
    "axial": ("Axial alone", "mdi-square-outline"),
    "coronal": ("Coronal alone", "mdi-square-outline"),
    "sagittal": ("Sagittal alone", "mdi-square-outline"),
    "threed": ("3D alone", "mdi-cube-outline"),
}
HELP = (
    ("Wheel", "next or previous slice (with Ctrl: zoom)"),
    ("Right button, drag", "zoom"),
    ("Middle button, drag", "pan (or Shift and left button in 3D)"),
    ("Left button", "moves the cross-hair; with an editing tool it edits"),
    ("Shift, move", "moves the cross-hair, with an editing tool, too"),
    ("Window/level switch", "then left drag: window sideways, level up and down"),
    ("3D: left button, drag", "turn"),
)


class ViewTools:
    """Writes the row. set_layout(name): show one of LAYOUTS."""

    def __init__(self, set_layout: Callable[[str], None]) -> None:
        self._set_layout = set_layout

    def build(self) -> None:
        """Write it into the open layout."""
        with html.Div(
            id="views-tools",
            classes="bg-surface",
            style="height: 36px; flex: none; display: flex; align-items: center; gap: 2px; padding: 0 8px",
        ):
            self._layout_menu()
            self._switch("views-surfaces", "views_surfaces", "mdi-rotate-3d", "Surfaces in 3D, of visible segments")
            self._switch("views-crosshair", "views_crosshair", "mdi-crosshairs", "Cross-hair")
            self._switch(
                "views-window-level",
                "views_window_level",
                "mdi-contrast-circle",
                "Window/level: drag with the left button",
            )
            self._help()
            html.Div(
                "{{ views_readout }}",
                id="views-readout",
                role="status",
                style="flex: 1; min-width: 0; padding-left: 12px; font-size: 12px; white-space: pre; "
                "overflow: hidden; text-overflow: ellipsis; font-variant-numeric: tabular-nums",
            )

    def _layout_menu(self) -> None:
        with v3.VMenu():
            with v3.Template(v_slot_activator="{ props }"):
                v3.VBtn(
                    id="views-layout",
                    icon="mdi-view-grid-outline",
                    size="small",
                    variant="text",
                    density="comfortable",
                    title="Layout of the views",
                    aria_label="Layout of the views",
                    v_bind="props",
                )
            with v3.VList(density="compact"):
                for name, (title, icon) in LAYOUTS.items():
                    v3.VListItem(
                        id=f"views-layout-{name}",
                        title=title,
                        prepend_icon=icon,
                        active=(f"views_layout === '{name}'",),
                        click=(self._set_layout, f"['{name}']"),
                    )

    def _switch(self, identifier: str, key: str, icon: str, title: str) -> None:
        v3.VBtn(
            id=identifier,
            icon=icon,
            size="small",
            density="comfortable",
            variant=(f"{key} ? 'tonal' : 'text'",),
            color=(f"{key} ? 'primary' : ''",),
            title=title,
            aria_label=title,
            aria_pressed=(key,),
            click=f"{key} = !{key}",
        )

    def _help(self) -> None:
        with v3.VBtn(
            id="views-help", icon=True, size="small", variant="text", density="comfortable", aria_label="Mouse and keys"
        ):
            v3.VIcon("mdi-help-circle-outline")
            with (
                v3.VMenu(activator="parent", location="bottom"),
                v3.VCard(classes="pa-3"),
                html.Table(style="font-size: 12px"),
            ):
                for keys, what in HELP:
                    with html.Tr():
                        html.Td(keys, style="padding-right: 16px; font-weight: 600; white-space: nowrap")
                        html.Td(what)


def layouts() -> dict[str, Layout]:
    """Those of LAYOUTS, for trame_slicer."""
    axial, coronal = ViewLayoutDefinition.axial_view(), ViewLayoutDefinition.coronal_view()
    sagittal = ViewLayoutDefinition.sagittal_view()
    threed = ViewLayoutDefinition.threed_view(background_color="#000000")
    across, down = LayoutDirection.Horizontal, LayoutDirection.Vertical
    return {
        "quad": Layout(across, [Layout(down, [axial, coronal]), Layout(down, [threed, sagittal])]),
        "primary": Layout(across, [axial, Layout(down, [threed, coronal, sagittal])], flex_sizes=["2", "1"]),
        "axial": Layout(down, [axial]),
        "coronal": Layout(down, [coronal]),
        "sagittal": Layout(down, [sagittal]),
        "threed": Layout(down, [threed]),
    }
