"""The views of the page: axial, coronal, sagittal and 3D, two for another CT, and the row of tools above them."""

from __future__ import annotations

from functools import partial
from typing import Any

from trame.widgets import client, html
from trame_rca.encoders import RcaImageEncoder
from trame_slicer.core import LayoutManager
from trame_slicer.rca_view import register_rca_factories
from trame_slicer.segmentation import SegmentationEffectNoTool
from trame_slicer.views import ViewLayout
from undo_stack import Signal

from GuideGenLib.scene.backdrop import backdrop_of
from GuideGenLib.scene.ct import PRESETS
from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.runs.comparison import blend
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.views.actions import Actions
from GuideGenLib.web.views.annotations import DATED, MARK, Annotations, mark_of
from GuideGenLib.web.views.bars import NAMES, ViewBars
from GuideGenLib.web.views.crosshair import CrossHair, Point
from GuideGenLib.web.views.dress import dress
from GuideGenLib.web.views.frames import EVENT_PERIOD_S, FPS, MOVING_QUALITY, OTHER_FPS, draw_with_ours
from GuideGenLib.web.views.keys.handling import Keys
from GuideGenLib.web.views.keys.kept import KeptLooks
from GuideGenLib.web.views.measure.measurements import Measurements
from GuideGenLib.web.views.pictures import png_of
from GuideGenLib.web.views.readout import Readout
from GuideGenLib.web.views.slices.framing import KeptFrame, bounds_of, near
from GuideGenLib.web.views.slices.pairs import Pairs
from GuideGenLib.web.views.slices.side import SIDE, other_ct, show_cases
from GuideGenLib.web.views.slices.smooth import SmoothLabels
from GuideGenLib.web.views.surfaces import Surfaces
from GuideGenLib.web.views.tools import LAYOUTS, ViewTools, layouts
from GuideGenLib.web.views.window import Window, WindowDrag
from GuideGenLib.web.workspace import Workspace

GRID = "views_grid"
MARGIN = 0.15
"""Left free around a volume, for letters and bars."""


class Views(Panel):
    """Shows what the workspace has chosen: the CT, or before there is one the anatomy on an empty volume.

    `pointed(point)` (RAS, mm) after each move of the cross-hair.
    """

    pointed = Signal(tuple)

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self._window, self._loaded = Window.of_preset("abdomen"), False
        self.state.update(
            {
                "views_layout": "quad",
                "views_mark": MARK,
                "views_readout": "",
                "views_surfaces": False,
                "views_surfaces_text": "",
                "views_crosshair": True,
                "views_window_level": False,
                "views_preset": "abdomen",
                "views_window": "",
            }
        )
        app = workspace.slicer_app
        draw_with_ours()
        self._bars = ViewBars(self.enlarge, self.reset)
        self.actions = Actions(self)
        self._tools = ViewTools(self.set_layout, self.actions)
        self._keys = Keys(server, self.actions.act)
        self._kept = KeptLooks(server, self._take_kept)
        register_rca_factories(
            app.view_manager,
            server,
            slice_view_ui_f=self._bars.write_slice,
            three_d_view_ui_f=self._bars.write_threed,
            rca_encoder=RcaImageEncoder.JPEG,
            target_fps=FPS,
            blur_fps=OTHER_FPS,
            interactive_quality=MOVING_QUALITY,
            rca_event_throttle_s=EVENT_PERIOD_S,
        )
        self.layouts = LayoutManager(app.scene, app.view_manager, server)
        self.layouts.register_layout_dict(layouts())
        self.layouts.set_layout("quad")
        with ViewLayout(server, template_name=GRID) as grid:  # a template of its own: the page is not written again
            self.layouts.initialize_layout_grid(grid)
        self.views = {NAMES[view.get_singleton_tag()]: view for view in app.view_manager.get_views()}
        self.slices = [self.views[name] for name in ("axial", "coronal", "sagittal")]
        self.others = [self.views[name] for name in ("axial-other", "coronal-other")]
        every = [*self.slices, *self.others]
        for view in every:  # the CT before any segment: one that is drawn first hides it, translucent or not
            view.renderer().AddViewProp(view._render_manager.image_actor)
        self.annotations = {name: Annotations(view, name != "threed") for name, view in self.views.items()}
        for view in self.views.values():
            view.render_window().SetMultiSamples(0)  # translucent surfaces vanish with it in software, all else is slow
        self.views["threed"].renderer().SetUseDepthPeeling(False)  # OIT draws a frame in half the time
        self.crosshair = CrossHair(workspace.scene, self.slices, self._left_button_is_free, self._on_moved)
        self.drag = WindowDrag(every, self._window_is_dragged, lambda: self._window, self.show_window)
        # Told of a press after those two, which ask whether it is free: the last point is placed by it.
        self.measurements = Measurements(workspace, every, self.others, self._on_measuring)
        self.frames = {view: KeptFrame(view) for view in every}
        self.pairs = Pairs(list(zip(self.slices[:2], self.others, strict=True)))
        self.readout = Readout(workspace, self.slices, self.others, partial(self._say, "views_readout"))
        self.surfaces = Surfaces(workspace, self.views["threed"], partial(self._say, "views_surfaces_text"))
        self.smooth = SmoothLabels(workspace.scene, every)
        workspace.edited.connect(self.smooth.refresh)
        self._place: tuple[float, ...] | None = None
        self._blend = 0.0
        self._difference: Any = None
        self.side = False
        workspace.chosen.connect(self.show_chosen)
        workspace.dated.connect(self._mark)
        self.state.change("views_surfaces")(self._on_surfaces)
        self.state.change("views_crosshair")(self._on_crosshair)
        self._watch_scene()
        dress(self.views["threed"], self.others)

    # ------------------------------------------------------------ what is shown

    def show_chosen(self) -> None:
        """Bring what is chosen into the views; they are reset where it lies in another place than what was shown."""
        self._difference = None
        dress(self.views["threed"], self.others)
        self._mark()
        shown = self._compose()
        place = None if shown is None else bounds_of(shown)
        moved = place is not None and not near(place, self._place)
        with self.state:
            if moved:
                self._place = place
                self.crosshair.forget()
                for view in self.slices:
                    self._fit(view)
            self.show_window(self._window_of_scene() or self._window)
            self.show_labels(self.state.views_labels)
            self.surfaces.show_chosen(moved)
            self.render()

    def set_blend(self, share: float) -> None:
        """Show the compared CT over the chosen one, 0..1."""
        self._blend = share
        self._compose()
        self.render()

    def show_difference(self, node: Any) -> None:
        """Show a volume of differences in place of the CT; None shows the CT again."""
        self._difference = node
        self._compose()
        self.render()

    def _window_of_scene(self) -> Window | None:
        """The window in which a scene that was just loaded has its CT, once; None where there is none."""
        ct, loaded = self.workspace.ct, self._loaded
        self._loaded = loaded and ct is None
        return Window.of_volume(ct) if loaded and ct is not None else None

    def set_window(self, preset: str) -> None:
        """Show the CTs in a window of scene.ct.PRESETS."""
        if preset in PRESETS:
            self.show_window(Window.of_preset(preset))

    def show_window(self, window: Window) -> None:
        """Show the chosen CT, and the one it is compared with, in a window; those to come have it, too."""
        self._window = window
        for node in (self.workspace.ct, self.workspace.compared):
            if node is not None:
                window.show(node)
        self.caption()
        with self.state:
            self.state.update({"views_preset": window.name, "views_window": window.text})

    def show_labels(self, shown: bool) -> None:
        """Show the segments in slices, or hide all of them; each keeps its own eye."""
        self.smooth.show(bool(self.state.views_smooth), shown)

    def caption(self) -> None:
        """Write window and thickness into the views."""
        lines = [self.actions.slab_text, self._window.text if self.workspace.ct is not None else ""]
        for view in ("axial", "coronal", "sagittal", "axial-other", "coronal-other"):
            self.annotations[view].set_caption("\n".join(line for line in lines if line))

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
            blend(workspace.scene, shown, over if over is not shown and not self.side else None, self._blend)
        show_cases(workspace, self.views, self.side)
        return shown

    # ------------------------------------------------------------ tools

    def set_layout(self, name: str) -> None:
        """One of LAYOUTS."""
        if name not in LAYOUTS:
            return
        before, self.side = self.side, name in SIDE
        if self.side and self.workspace.compared is None and self.workspace.ct is not None:
            self.workspace.choose(compared=other_ct(self.workspace))
        with self.state:
            self.state.views_layout = name
            self.layouts.set_layout(name)
        if self.side != before:
            self._compose()
            self._pair()
            self.render()

    def _take_kept(self, key: str, value: Any) -> None:
        if key == "views_layout":
            self.set_layout(value)
        else:
            self.state[key] = value

    def _pair(self) -> None:
        """Begin side by side with both at the same place, or each at its own where the cases lie apart."""
        self.pairs.unlink()
        if not self.side:
            return
        ct, other = self.workspace.ct, self.workspace.compared
        if ct is None or other is None or near(bounds_of(ct), bounds_of(other)):
            self.pairs.link((0.0, 0.0, 0.0))
        else:
            for view in self.others:
                self._fit(view)
            self.pairs.link_as_they_stand()

    def enlarge(self, name: str) -> None:
        """Show a view alone, or the four again where it is alone."""
        self.set_layout("quad" if self.state.views_layout == name else name)

    def reset(self, name: str) -> None:
        """Show the whole of the slice, or of the surfaces, that a view is at."""
        view = self.views.get(name)
        if view is not None and view is not self.views["threed"]:
            stood = view.get_slice_value()
            self._fit(view)
            view.set_slice_value(stood)
        elif view is not None:
            view.reset_view()
            dress(self.views["threed"], self.others)

    def _fit(self, view: Any) -> None:
        """Show the whole volume in a slice view, from its middle."""
        view.reset_view()
        view.zoom(-MARGIN)
        self.frames[view].take()
        dress(self.views["threed"], self.others)

    def _on_surfaces(self, views_surfaces: bool, **_: Any) -> None:
        self.surfaces.switch(bool(views_surfaces))

    def _on_crosshair(self, views_crosshair: bool, **_: Any) -> None:
        self.crosshair.show(bool(views_crosshair))

    def _editing(self) -> bool:
        effect = self.workspace.slicer_app.segmentation_editor.active_effect
        return effect is not None and not isinstance(effect, SegmentationEffectNoTool)

    def _window_is_dragged(self) -> bool:
        return bool(self.state.views_window_level) and not self._editing() and not self._measuring()

    def _measuring(self) -> bool:
        return bool(self.measurements.active) or self.measurements.at_a_handle

    def _left_button_is_free(self) -> bool:
        return not (self._editing() or self.state.views_window_level or self._measuring())

    def _on_measuring(self, kind: str) -> None:
        with self.state:
            self.state.views_measure = kind

    def _say(self, key: str, text: str) -> None:
        if text != self.state[key]:
            with self.state:
                self.state[key] = text

    def _on_moved(self) -> None:
        with self.state:  # the sliders' values, too, which the views have changed
            self.pointed.emit(self.point)

    def render(self) -> None:
        """Draw all views anew."""
        for view in self.views.values():
            view.schedule_render()

    # ------------------------------------------------------------ the scene

    def _watch_scene(self) -> None:
        import slicer

        scene = self.workspace.scene
        scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, self._on_other_scene)
        scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, partial(self._on_other_scene, loaded=True))

    def _on_other_scene(self, *_: Any, loaded: bool = False) -> None:
        """A loaded scene brings its own looks of the views."""
        self._loaded = loaded
        self._place = None
        self.crosshair.forget()
        self.measurements.forget()
        dress(self.views["threed"], self.others)

    def _mark(self) -> None:
        """Say in each view whether what it shows was generated."""
        mark = mark_of(self.workspace.ct, self.workspace.segmentation)
        for annotation in self.annotations.values():
            annotation.set_mark(f"{mark} - {DATED}" if self.workspace.out_of_date else mark)
        with self.state:
            self.state.views_mark = mark
        self.render()

    # ------------------------------------------------------------ widgets

    def build(self) -> None:
        """Write the tools and the grid of views into the open layout."""
        with html.Div(style="height: 100%; display: flex; flex-direction: column"):
            self._keys.build()
            self._kept.build()
            self._tools.build()
            with html.Div(style="flex: 1; min-height: 0"):
                client.ServerTemplate(name=GRID)
