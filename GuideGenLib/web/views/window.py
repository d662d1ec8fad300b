"""Window and level of the CT: by name, by a drag of the mouse as on a workstation, and in words for each view."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from GuideGenLib.scene.ct import PRESETS
from GuideGenLib.web.views.crosshair import BEFORE_THE_STYLE

DRAG_PX = 250.0
"""So many pixels sideways widen the window to e times its width, and as many up or down move the level by one width:
a drag is as fine as the window is narrow."""

NARROWEST, WIDEST = 1.0, 8000.0
LOWEST, HIGHEST = -2000.0, 4000.0


@dataclass(frozen=True)
class Window:
    """Width and level in HU; name: of scene.ct.PRESETS, "" where it was dragged."""

    width: float
    level: float
    name: str = ""

    @classmethod
    def of_preset(cls, name: str) -> Window:
        """Raises KeyError for a name that is not in PRESETS."""
        return cls(*PRESETS[name], name)

    @classmethod
    def of_volume(cls, volume: Any) -> Window | None:
        """As a scalar volume node is shown; None for one that is not displayed."""
        display = volume.GetDisplayNode()
        if display is None or display.GetWindow() <= 0:
            return None
        shown = (float(display.GetWindow()), float(display.GetLevel()))
        return cls(*shown, next((name for name, preset in PRESETS.items() if preset == shown), ""))

    def dragged(self, right: float, down: float) -> Window:
        """After a drag by so many pixels: to the right it is wider, down its level is higher (darker)."""
        width = min(max(self.width * math.exp(right / DRAG_PX), NARROWEST), WIDEST)
        level = min(max(self.level + self.width * down / DRAG_PX, LOWEST), HIGHEST)
        return Window(width, level)

    @property
    def text(self) -> str:
        """ "W 400  L 40"."""
        return f"W {self.width:.0f}  L {self.level:.0f}"

    def show(self, volume: Any) -> None:
        """Show a scalar volume node with it."""
        if volume.GetDisplayNode() is None:
            volume.CreateDefaultDisplayNodes()
        display = volume.GetDisplayNode()
        modifying = display.StartModify()
        display.AutoWindowLevelOff()
        display.SetWindowLevel(self.width, self.level)
        display.EndModify(modifying)


class WindowDrag:
    """Lets a drag with the left button over slice views set the window.

    on: whether drags are for it now; now: the window at the begin of a drag; set_window: told at each move.
    """

    def __init__(
        self,
        views: Sequence[Any],
        on: Callable[[], bool],
        now: Callable[[], Window],
        set_window: Callable[[Window], None],
    ) -> None:
        self._on, self._now, self._set = on, now, set_window
        self._start: tuple[int, int, Window] | None = None
        for view in views:
            self._listen(view.interactor())

    def _listen(self, interactor: Any) -> None:
        def press(*_: Any) -> None:
            modified = interactor.GetControlKey() or interactor.GetAltKey() or interactor.GetShiftKey()
            if self._on() and not modified:
                self._start = (*interactor.GetEventPosition(), self._now())

        def move(*_: Any) -> None:
            if self._start is not None:
                x, y = interactor.GetEventPosition()
                self._set(self._start[2].dragged(x - self._start[0], self._start[1] - y))

        def release(*_: Any) -> None:
            self._start = None

        interactor.AddObserver("LeftButtonPressEvent", press, BEFORE_THE_STYLE)
        interactor.AddObserver("MouseMoveEvent", move, BEFORE_THE_STYLE)
        interactor.AddObserver("LeftButtonReleaseEvent", release, BEFORE_THE_STYLE)
