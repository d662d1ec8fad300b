"""How frames of the views reach the page: small and quick while something moves, sharp once it rests."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from trame_rca.encoders import RcaImageEncoder
from trame_rca.schedulers import RcaImageRenderScheduler
from trame_slicer.rca_view import rca_view_factory

FPS, OTHER_FPS = 40.0, 15.0
"""Frames a second, at most, of the view under the mouse, and of the others, which follow it."""

MOVING_QUALITY = 80
"""Of the JPEG of a frame while frames follow each other."""

REST_S = 0.25
"""A view that did not change for so long rests: its last frame is sent once more, without loss."""

EVENT_PERIOD_S = 0.0
"""Between two events that the page sends: each waits for the answer to the one before, and moves are merged."""

SENT_S = 0.001
"""Until the next view is drawn: the frame before goes out, and what the user does meanwhile is heard."""


SLOW_S = 0.02
"""A view that takes longer to draw, as that of surfaces does, waits so long for others that were asked with it."""


class FrameScheduler(RcaImageRenderScheduler):
    """Draws at once when asked, then at most `target_fps` times a second. One view at a time, that under the mouse
    first, and its frame is sent before the next is drawn; one that the page shows already is sent no second time."""

    _turns: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()

    def __init__(self, window: Any, **options: Any) -> None:
        super().__init__(window, **options)
        self._shown: Any = None
        self._number = 0
        self._took = 0.0
        self._sharp = False
        window._iren.AddObserver("WindowResizeEvent", self._forget)  # a page that shows the view anew tells its size

    def _forget(self, *_: Any) -> None:
        self._shown = None

    async def _render(self) -> None:
        turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        while not self._is_closing:
            await self._request_event.wait()
            if self.target_fps < FPS:
                await asyncio.sleep(SLOW_S if self._took > SLOW_S else 0)
            async with turn:
                self._request_event.clear()
                started = monotonic()
                frame = self._rca.img_cols_rows
                self._took = monotonic() - started
                if self._shown is None or not np.array_equal(frame[0], self._shown):
                    self._send(frame)
                    await asyncio.sleep(SENT_S)
            await asyncio.sleep(max(0.0, self._target_period_s - (monotonic() - started)))
            try:
                await asyncio.wait_for(self._request_event.wait(), REST_S)
            except TimeoutError:
                if not self._sharp:
                    self._send_sharp(frame)

    def _send(self, frame: tuple[Any, int, int]) -> None:
        """Here and now: it takes a millisecond, and a thread would wait longer for its turn."""
        self._shown, self._sharp = frame[0], False
        self._number += 1
        self._tell(self._rca_encoder.encode(*frame, self._interactive_quality))

    def _send_sharp(self, frame: tuple[Any, int, int]) -> None:
        self._sharp, number = True, self._number
        encoding = asyncio.get_running_loop().run_in_executor(
            self._encode_pool, RcaImageEncoder.PNG.encode, *frame, self._interactive_quality
        )
        encoding.add_done_callback(lambda done: self._tell(done.result()) if number == self._number else None)

    def _tell(self, encoded: tuple[bytes, dict[str, Any], int]) -> None:
        content, meta, _ = encoded
        if self._push_callback is not None:
            self._push_callback(content, meta)


def draw_with_ours() -> None:
    """Let the views that trame_slicer makes from now on draw with `FrameScheduler`; it has no argument for one."""
    rca_view_factory.RcaImageRenderScheduler = FrameScheduler
