"""Slices by the keys: one on, ten on, to the ends, and as a film."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from trame_server.utils.asynchronous import create_task

PAGE = 10
"""Slices of PageUp and PageDown."""

CINE_FPS = 12.0


class Scrolling:
    """Moves slice views of trame_slicer. state: of the page, whose sliders follow; told(running): whether a film runs,
    at its begin and its end."""

    def __init__(self, state: Any, told: Callable[[bool], None]) -> None:
        self._state, self._told = state, told
        self._film: asyncio.Task[None] | None = None

    def step(self, view: Any, slices: int) -> None:
        """So many slices on (up, to the front, or to the left), or back; it stops at the ends."""
        low, high = view.get_slice_range()
        wanted = view.get_slice_value() + slices * view.get_slice_step()
        view.set_slice_value(min(max(wanted, low), high))

    def to_end(self, view: Any, last: bool) -> None:
        """To the first slice or the last one."""
        view.set_slice_value(view.get_slice_range()[last])

    @property
    def running(self) -> bool:
        """Whether a film runs."""
        return self._film is not None and not self._film.done()

    def play(self, view: Any) -> None:
        """Run through the slices of a view and begin again at the other end; stop where a film runs."""
        if self.running:
            self.stop()
        else:
            self._film = create_task(self._play(view))
            self._told(True)

    def stop(self) -> None:
        """End the film where it is."""
        if self._film is not None:
            self._film.cancel()
            self._film = None
            self._told(False)

    async def _play(self, view: Any) -> None:
        while True:
            low, high = view.get_slice_range()
            wanted = view.get_slice_value() - view.get_slice_step()  # from the head down, as a stack is read
            with self._state:
                view.set_slice_value(wanted if wanted >= low else high)
            await asyncio.sleep(1.0 / CINE_FPS)
