"""The four views of the page: axial, coronal, sagittal and 3D."""

from __future__ import annotations

from typing import Any

from trame_slicer.core import LayoutManager
from trame_slicer.rca_view import register_rca_factories

from GuideGenLib.scene.backdrop import backdrop_of
from GuideGenLib.web.panel import Panel
from GuideGenLib.web.workspace import Workspace

LAYOUT = "Quad View"


class Views(Panel):
    """Shows what the workspace has chosen: the CT, or before there is one the anatomy on an empty volume."""

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        app = workspace.slicer_app
        register_rca_factories(app.view_manager, server)
        self.layouts = LayoutManager(app.scene, app.view_manager, server)
        self.layouts.register_layout_dict(LayoutManager.default_grid_configuration())
        self.layouts.set_layout(LAYOUT)
        workspace.chosen.connect(self.show_chosen)

    def build(self) -> None:
        """Write the grid of views into the open layout."""
        self.layouts.initialize_layout_grid(self.server.ui.main)

    def show_chosen(self) -> None:
        """Bring the chosen CT into the slice views."""
        workspace = self.workspace
        shown = workspace.ct
        if shown is None and workspace.segmentation is not None:
            shown = backdrop_of(workspace.scene, workspace.segmentation)
        if shown is not None:
            workspace.slicer_app.display_manager.show_volume(shown, do_reset_views=True)

    def jump_to(self, ras: tuple[float, float, float]) -> None:
        """Centre the slice views and the cross-hair on a point (RAS, mm)."""
        raise NotImplementedError

    @property
    def point(self) -> tuple[float, float, float] | None:
        """Where the cross-hair stands (RAS, mm); None before anything was pointed at."""
        raise NotImplementedError

    def set_window(self, preset: str) -> None:
        """Show the chosen CT in a window of scene.ct.PRESETS."""
        raise NotImplementedError
