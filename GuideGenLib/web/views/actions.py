"""What keys and buttons of the views do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from GuideGenLib.scene.segments.centre import box_of, place_within
from GuideGenLib.scene.segments.findings import finding_segments
from GuideGenLib.web.views.crosshair import CrossHair, Point
from GuideGenLib.web.views.measure.measurements import Measurements
from GuideGenLib.web.views.slices.framing import frame, zoom
from GuideGenLib.web.views.slices.pairs import Pairs
from GuideGenLib.web.views.slices.scrolling import PAGE, Scrolling
from GuideGenLib.web.views.slices.side import SIDE
from GuideGenLib.web.views.slices.slab import KINDS, next_kind, show_slab, slab_text, thicker
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say

NO_FINDING = "There is no finding in this anatomy to go to."


class Seen(Protocol):
    """What the actions act on: `views.Views`."""

    state: Any
    workspace: Workspace
    views: dict[str, Any]
    slices: list[Any]
    others: list[Any]
    crosshair: CrossHair
    measurements: Measurements
    pairs: Pairs
    side: bool

    @property
    def point(self) -> Point | None: ...
    def set_window(self, preset: str) -> None: ...
    def show_labels(self, shown: bool) -> None: ...
    def set_layout(self, name: str) -> None: ...
    def enlarge(self, name: str) -> None: ...
    def reset(self, name: str) -> None: ...
    def jump_to(self, ras: Point) -> None: ...
    def caption(self) -> None: ...
    def render(self) -> None: ...


class Actions:
    """Named as in `keys.table`; each is told the view that it is for."""

    def __init__(self, views: Seen) -> None:
        self.views, self.state = views, views.state
        self.scrolling = Scrolling(self.state, self._on_film)
        self._found = -1
        self._before = "quad"
        self.state.update(
            {
                "views_labels": True,
                "views_smooth": False,
                "views_lines": False,
                "views_slab": "off",
                "views_slab_mm": 10,
                "views_cine": False,
                "views_measure": "",
                "views_linked": True,
                "views_keys": False,
            }
        )
        self.state.change("views_labels", "views_smooth")(self._on_labels)
        self.state.change("views_lines")(self._on_lines)
        self.state.change("views_slab", "views_slab_mm")(self._on_slab)
        self.state.change("views_linked")(self._on_linked)
        self._actions = self._of_slices() | self._of_looks() | self._of_places()

    def act(self, action: str, view: str = "") -> None:
        """Do it; view "": the axial view, or the first one that is seen. Raises KeyError for an unknown action."""
        if action != "cine":
            self.scrolling.stop()
        with self.state:
            self._actions[action](view if view in self.views.views else self._first())

    def _first(self) -> str:
        names = [name for name, view in self.views.views.items() if not view.is_render_blocked]
        return "axial" if "axial" in names or not names else names[0]

    # ------------------------------------------------------------ slices

    def _of_slices(self) -> dict[str, Callable[[str], None]]:
        steps = {"next": 1, "previous": -1, "next_page": PAGE, "previous_page": -PAGE}
        moves = {"up": (0, 1), "down": (0, -1), "left": (-1, 0), "right": (1, 0)}
        return {
            **{name: self._sliced(partial(self._step, slices)) for name, slices in steps.items()},
            "first": self._sliced(lambda view: self.scrolling.to_end(view, True)),
            "last": self._sliced(lambda view: self.scrolling.to_end(view, False)),
            "cine": self._sliced(self.scrolling.play),
            **{f"point_{name}": self._sliced(partial(self._point, *move)) for name, move in moves.items()},
        }

    def _sliced(self, act: Callable[[Any], None]) -> Callable[[str], None]:
        """Of slice views alone."""

        def on(name: str) -> None:
            if name != "threed":
                act(self.views.views[name])

        return on

    def _step(self, slices: int, view: Any) -> None:
        self.scrolling.step(view, slices)

    def _point(self, right: int, up: int, view: Any) -> None:
        """Move the cross-hair by a voxel in the plane of a view; from the middle of the view where there is none."""
        node = view.get_view_node()
        matrix, step = node.GetSliceToRAS(), view.get_slice_step()
        start = self.views.point or tuple(matrix.GetElement(row, 3) for row in range(3))
        move = [matrix.GetElement(row, 0) * right + matrix.GetElement(row, 1) * up for row in range(3)]
        self.views.crosshair.move_to([place + step * part for place, part in zip(start, move, strict=True)])

    def _on_film(self, running: bool) -> None:
        with self.state:
            self.state.views_cine = running

    # ------------------------------------------------------------ looks

    def _of_looks(self) -> dict[str, Callable[[str], None]]:
        windows = ("abdomen", "lung", "mediastinum", "bone", "liver")
        return {
            **{f"window_{name}": self._told(self.views.set_window, name) for name in windows},
            "drag_window": self._toggled("views_window_level"),
            "labels": self._toggled("views_labels"),
            "smooth": self._toggled("views_smooth"),
            "crosshair": self._toggled("views_crosshair"),
            "lines": self._toggled("views_lines"),
            "slab": lambda _: self.set_slab(next_kind(self.state.views_slab)),
            "thinner": lambda _: self.set_thickness(thicker(self.state.views_slab_mm, -1)),
            "thicker": lambda _: self.set_thickness(thicker(self.state.views_slab_mm, 1)),
            **{f"measure_{name}": self._told(self.measure, name) for name in ("ruler", "region", "angle")},
            "measure_off": lambda _: self.measure(""),
            "measure_remove": lambda _: self.views.measurements.remove_last(),
        }

    @staticmethod
    def _told(act: Callable[[str], None], name: str) -> Callable[[str], None]:
        """The same in whichever view."""
        return lambda _: act(name)

    def _toggled(self, key: str) -> Callable[[str], None]:
        def on(_: str) -> None:
            self.state[key] = not self.state[key]

        return on

    def measure(self, kind: str) -> None:
        """Place a ruler, a region or an angle with the next press; the editor's tool and the window wait."""
        self.views.measurements.begin(kind)

    def set_slab(self, kind: str) -> None:
        """Thick slices of a kind of slab.KINDS."""
        if kind in KINDS:
            self.state.views_slab = kind

    def set_thickness(self, millimetres: float) -> None:
        """Of thick slices."""
        self.state.views_slab_mm = millimetres

    @property
    def slab_text(self) -> str:
        """What the views say of it."""
        return slab_text(self.state.views_slab, float(self.state.views_slab_mm))

    def _on_slab(self, views_slab: str, views_slab_mm: float, **_: Any) -> None:
        show_slab([*self.views.slices, *self.views.others], views_slab, float(views_slab_mm))
        self.views.caption()

    def _on_labels(self, views_labels: bool, **_: Any) -> None:
        self.views.show_labels(bool(views_labels))

    def _on_lines(self, views_lines: bool, **_: Any) -> None:
        logic = self.views.workspace.slicer_app.app_logic
        logic.SetIntersectingSlicesEnabled(logic.IntersectingSlicesVisibility, bool(views_lines))
        self.views.render()

    # ------------------------------------------------------------ places

    def _of_places(self) -> dict[str, Callable[[str], None]]:
        return {
            "finding": lambda _: self.next_finding(),
            "enlarge": self.views.enlarge,
            "side": lambda _: self.side_by_side(),
            "reset": self.views.reset,
            "help": self._toggled("views_keys"),
            "zoom_in": self._sliced(partial(zoom, closer=True)),
            "zoom_out": self._sliced(partial(zoom, closer=False)),
        }

    def side_by_side(self) -> None:
        """Two CTs side by side, or the layout before it again."""
        now = self.state.views_layout
        if now in SIDE:
            self.views.set_layout(self._before)
        else:
            self._before = now
            self.views.set_layout(SIDE[0])

    def _on_linked(self, views_linked: bool, **_: Any) -> None:
        if views_linked and self.views.side:
            self.views.pairs.link_as_they_stand()
        else:
            self.views.pairs.unlink()

    def next_finding(self) -> None:
        """Go to the next finding of the anatomy, close up, and begin again after the last one."""
        node = self.views.workspace.segmentation
        found = finding_segments(node) if node is not None else []
        if not found:
            self.views.workspace.tell(say(NO_FINDING))
            return
        self._found = (self._found + 1) % len(found)
        self.close_up(found[self._found])

    def show_finding(self) -> None:
        """Bring the slices to the first finding of the anatomy, where there is one; the zoom stays."""
        node = self.views.workspace.segmentation
        found = finding_segments(node) if node is not None else []
        place = place_within(node, found[0]) if found else None
        if place is not None:
            self._found = 0
            self.views.crosshair.move_to(place)

    def close_up(self, segment_id: str) -> None:
        """Centre all slices on a segment, so close that it fills a good part of them."""
        node = self.views.workspace.segmentation
        centre, box = place_within(node, segment_id), box_of(node, segment_id)
        if centre is None or box is None:
            return
        for view in self.views.slices:
            frame(view, centre, box)
        self.views.jump_to(centre)
