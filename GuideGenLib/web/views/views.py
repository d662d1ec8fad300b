"""The four views of the page: axial, coronal, sagittal and 3D, and the row of tools above them."""

from __future__ import annotations

from typing import Any

from trame.widgets import client, html
from trame_rca.encoders import RcaImageEncoder
from trame_slicer.core import LayoutManager
from trame_slicer.rca_view import register_rca_factories
from trame_slicer.segmentation import SegmentationEffectNoTool
from trame_slicer.views import ViewLayout
from undo_stack import Signal

from GuideGenLib.scene.backdrop import backdrop_of
from GuideGenLib.scene.ct import PRESETS, apply_preset
from GuideGenLib.scene.nodes import nodes_of, present
from GuideGenLib.scene.runs.comparison import blend
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import is_run
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.views.annotations import DATED, MARK, UPLOADED, Annotations
from GuideGenLib.web.views.bars import NAMES, ViewBars
from GuideGenLib.web.views.crosshair import CrossHair, Point
from GuideGenLib.web.views.pictures import png_of
from GuideGenLib.web.views.readout import Readout
from GuideGenLib.web.views.surfaces import Surfaces
from GuideGenLib.web.views.tools import LAYOUTS, ViewTools, layouts
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.edits import OUTLINE

GRID = "views_grid"
FPS, OTHER_FPS = 20.0, 10.0
"""Frames a second of the view under the mouse, and of the others, which follow it."""

QUALITY = 92
"""Of the JPEG of a frame; the same while moving and at rest, so that no frame is drawn twice."""

EVENT_PERIOD_S = 0.02
MARGIN = 0.15
"""Left free around a volume, for letters and bars."""

SAME_PLACE_MM = 10.0


class Views(Panel):
    """Shows what the workspace has chosen: the CT, or before there is one the anatomy on an empty volume.

    `pointed(point)` (RAS, mm) after each move of the cross-hair.
    """

    pointed = Signal(tuple)

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self.state.update(
            {
                "views_layout": "quad",
                "views_mark": MARK,
                "views_readout": "",
                "views_surfaces": False,
                "views_surfaces_text": "",
                "views_crosshair": True,
                "views_window_level": False,
            }
        )
        app = workspace.slicer_app
        self._bars = ViewBars(self.enlarge, self.reset)
        self._tools = ViewTools(self.set_layout)
        register_rca_factories(
            app.view_manager,
            server,
            slice_view_ui_f=self._bars.write_slice,
            three_d_view_ui_f=self._bars.write_threed,
            rca_encoder=RcaImageEncoder.JPEG,
            target_fps=FPS,
            blur_fps=OTHER_FPS,
            interactive_quality=QUALITY,
            rca_event_throttle_s=EVENT_PERIOD_S,
        )
        self.layouts = LayoutManager(app.scene, app.view_manager, server)
        self.layouts.register_layout_dict(layouts())
        self.layouts.set_layout("quad")
        with ViewLayout(server, template_name=GRID) as grid:  # a template of its own: the page is not written again
            self.layouts.initialize_layout_grid(grid)
        self.views = {NAMES[view.get_singleton_tag()]: view for view in app.view_manager.get_views()}
        self.slices = [self.views[name] for name in ("axial", "coronal", "sagittal")]
        for view in self.slices:  # the CT before any segment: one that is drawn first hides it, translucent or not
            view.renderer().AddViewProp(view._render_manager.image_actor)
        self.annotations = {name: Annotations(view, name != "threed") for name, view in self.views.items()}
        for view in self.views.values():
            view.render_window().SetMultiSamples(0)  # translucent surfaces vanish with it in software, all else is slow
        self.views["threed"].renderer().SetUseDepthPeeling(False)  # OIT draws a frame in half the time
        self.crosshair = CrossHair(workspace.scene, self.slices, self._left_button_is_free, self._on_moved)
        self.readout = Readout(workspace, self.slices, self._say_readout)
        self.surfaces = Surfaces(workspace, self.views["threed"], self._say_surfaces)
        self._place: tuple[float, ...] | None = None
        self._blend = 0.0
        self._difference: Any = None
        self._preset = "abdomen"
        workspace.chosen.connect(self.show_chosen)
        workspace.dated.connect(self._mark)
        self.state.change("views_surfaces")(self._on_surfaces)
        self.state.change("views_crosshair")(self._on_crosshair)
        self.state.change("views_window_level")(self._on_window_level)
        self._watch_scene()
        self._dress()

    # ------------------------------------------------------------ what is shown

    def show_chosen(self) -> None:
        """Bring what is chosen into the views; they are reset where it lies in another place than what was shown."""
        workspace = self.workspace
        segmentation = workspace.segmentation
        for node in nodes_of(workspace.scene, "vtkMRMLSegmentationNode"):
            if node.GetDisplayNode() is not None and not node.GetAttribute(OUTLINE):
                node.GetDisplayNode().SetVisibility(node is segmentation)
        self._difference = None
        self._dress()
        self._mark()
        shown = self._compose()
        place = None if shown is None else _bounds(shown)
        moved = place is not None and not _near(place, self._place)
        with self.state:
            if moved:
                self._place = place
                self.crosshair.forget()
                for name in ("axial", "coronal", "sagittal"):
                    self.reset(name)
            self.set_window(self._preset)
            self.surfaces.show_chosen(moved)
            self._render()

    def set_blend(self, share: float) -> None:
        """Show the compared CT over the chosen one, 0..1."""
        self._blend = share
        self._compose()
        self._render()

    def show_difference(self, node: Any) -> None:
        """Show a volume of differences in place of the CT; None shows the CT again."""
        self._difference = node
        self._compose()
        self._render()

    def set_window(self, preset: str) -> None:
        """Show the chosen CT, and the one it is compared with, in a window of scene.ct.PRESETS."""
        if preset not in PRESETS:
            return
        self._preset = preset
        for node in (self.workspace.ct, self.workspace.compared):
            if node is not None:
                apply_preset(node, preset)

    def jump_to(self, ras: tuple[float, float, float]) -> None:
        """Centre the slice views and the cross-hair on a point (RAS, mm)."""
        self.crosshair.move_to(ras, centre=True)

    @property
    def point(self) -> Point | None:
        """Where the cross-hair stands (RAS, mm); None before anything was pointed at."""
        return self.crosshair.point

    def png(self, name: str) -> bytes:
        """PNG of the view "axial", "coronal", "sagittal" or "threed" as it is now. Raises KeyError for another name."""
        return png_of(self.views[name])

    def _compose(self) -> Any:
        """Put volumes into the slice views; returns the one below, None where there is nothing to show."""
        workspace = self.workspace
        shown, over = workspace.ct, workspace.compared
        if shown is None and workspace.segmentation is not None:
            shown, over = backdrop_of(workspace.scene, workspace.segmentation), None
        difference = present(self._difference)
        if shown is None:
            for view in self.slices:
                view.set_background_volume_id(None)
                view.set_foreground_volume_id(None)
        elif difference is not None:
            blend(workspace.scene, difference)
        else:
            blend(workspace.scene, shown, over if over is not shown else None, self._blend)
        return shown

    # ------------------------------------------------------------ tools

    def set_layout(self, name: str) -> None:
        """One of LAYOUTS."""
        if name not in LAYOUTS:
            return
        with self.state:
            self.state.views_layout = name
            self.layouts.set_layout(name)

    def enlarge(self, name: str) -> None:
        """Show a view alone, or the four again where it is alone."""
        self.set_layout("quad" if self.state.views_layout == name else name)

    def reset(self, name: str) -> None:
        """Show the whole volume in a view."""
        view = self.views.get(name)
        if view is None:
            return
        view.reset_view()
        if view in self.slices:
            view.zoom(-MARGIN)
        self._dress()

    def _on_surfaces(self, views_surfaces: bool, **_: Any) -> None:
        self.surfaces.switch(bool(views_surfaces))

    def _on_crosshair(self, views_crosshair: bool, **_: Any) -> None:
        self.crosshair.show(bool(views_crosshair))

    def _on_window_level(self, views_window_level: bool, **_: Any) -> None:
        node = self.workspace.slicer_app.app_logic.GetInteractionNode()
        node.SetCurrentInteractionMode(node.AdjustWindowLevel if views_window_level else node.ViewTransform)

    def _left_button_is_free(self) -> bool:
        effect = self.workspace.slicer_app.segmentation_editor.active_effect
        editing = effect is not None and not isinstance(effect, SegmentationEffectNoTool)
        return not editing and not self.state.views_window_level

    def _say_readout(self, text: str) -> None:
        if text != self.state.views_readout:
            with self.state:
                self.state.views_readout = text

    def _say_surfaces(self, text: str) -> None:
        if text != self.state.views_surfaces_text:
            with self.state:
                self.state.views_surfaces_text = text

    def _on_moved(self) -> None:
        with self.state:  # the sliders' values, too, which the views have changed
            self.pointed.emit(self.point)

    def _render(self) -> None:
        for view in self.views.values():
            view.schedule_render()

    # ------------------------------------------------------------ the scene

    def _watch_scene(self) -> None:
        import slicer

        scene = self.workspace.scene
        for event in (slicer.vtkMRMLScene.EndCloseEvent, slicer.vtkMRMLScene.EndImportEvent):
            scene.AddObserver(event, self._on_other_scene)

    def _on_other_scene(self, *_: Any) -> None:
        """A loaded scene brings its own looks of the views."""
        self._place = None
        self.crosshair.forget()
        self._dress()

    def _dress(self) -> None:
        threed = self.views["threed"]
        threed.set_background_color_from_string("#000000")
        threed.set_box_visible(False)
        node = threed.get_view_node()
        threed.set_orientation_marker(node.OrientationMarkerTypeCube, node.OrientationMarkerSizeSmall)
        self._on_window_level(self.state.views_window_level)

    def _mark(self) -> None:
        """Say in each view whether what it shows was generated."""
        ct, segmentation = self.workspace.ct, self.workspace.segmentation
        made = provenance_of(ct) is not None if ct is not None else segmentation is None or is_run(segmentation)
        mark = MARK if made else UPLOADED
        for annotation in self.annotations.values():
            annotation.set_mark(f"{mark} - {DATED}" if self.workspace.out_of_date else mark)
        with self.state:
            self.state.views_mark = mark
        self._render()

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """Write the tools and the grid of views into the open layout."""
        with html.Div(style="height: 100%; display: flex; flex-direction: column"):
            self._tools.build()
            with html.Div(style="flex: 1; min-height: 0"):
                client.ServerTemplate(name=GRID)


def _bounds(volume: Any) -> tuple[float, ...]:
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return tuple(bounds)


def _near(place: tuple[float, ...], other: tuple[float, ...] | None) -> bool:
    return other is not None and all(abs(a - b) <= SAME_PLACE_MM for a, b in zip(place, other, strict=True))
