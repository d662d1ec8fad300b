"""How frames of the views reach the page: small and quick while something moves, sharp once it rests."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from trame_rca.encoders import RcaImageEncoder
from trame_rca.schedulers import RcaImageRenderScheduler
from trame_slicer.rca_view import rca_view_factory

FPS, OTHER_FPS = 40.0, 15.0
"""Frames a second, at most, of the view under the mouse, and of the others, which follow it."""

MOVING_QUALITY = 80
"""Of the JPEG of a frame while frames follow each other."""

REST_S = 0.25
"""A view that did not change for so long rests: its last frame is sent once more, without loss."""


class FrameScheduler(RcaImageRenderScheduler):
    """Draws at once when asked, then at most `target_fps` times a second; what is sent at rest is drawn no second
    time."""

    async def _render(self) -> None:
        while not self._is_closing:
            await self._request_event.wait()
            self._request_event.clear()
            started = monotonic()
            frame = self._rca.img_cols_rows
            self._send(frame, self._rca_encoder)
            await asyncio.sleep(max(0.0, self._target_period_s - (monotonic() - started)))
            try:
                await asyncio.wait_for(self._request_event.wait(), REST_S)
            except TimeoutError:
                self._send(frame, RcaImageEncoder.PNG)

    def _send(self, frame: tuple[Any, int, int], encoder: RcaImageEncoder) -> None:
        encoding = asyncio.get_running_loop().run_in_executor(
            self._encode_pool, encoder.encode, *frame, self._interactive_quality
        )
        self._push_queue.put_nowait(encoding)


def draw_with_ours() -> None:
    """Let the views that trame_slicer makes from now on draw with `FrameScheduler`; it has no argument for one."""
    rca_view_factory.RcaImageRenderScheduler = FrameScheduler
