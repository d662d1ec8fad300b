"""Long computations beside the window: numpy and SimpleITK work in a thread, and a timer takes up what they give."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import qt

POLL_MS = 20
TURN_S = 0.01
"""Slicer's event loop holds Python's lock all the time: threads get this long at each poll to go on."""


class Background:
    """One computation at a time. It must not touch the scene, which belongs to the window's thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._future: Future | None = None
        self._then: Callable[[Future], Any] | None = None
        self.turn = 0
        """Another one once a computation is over or abandoned, by which it knows that nobody waits for it."""
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self._poll)

    @property
    def busy(self) -> bool:
        """Whether something is computed whose result is wanted."""
        return self._future is not None

    def run(self, compute: Callable[[], Any], then: Callable[[Future], Any]) -> None:
        """Call `compute` in the thread and, when it is over, `then` here with its Future."""
        assert not self.busy, "buttons are grey meanwhile"
        self._future, self._then = self._thread.submit(compute), then
        self._timer.start()

    def abandon(self) -> None:
        """Nobody wants the result any more."""
        self._timer.stop()
        self._future = None
        self.turn += 1

    def close(self) -> None:
        """The thread ends when it is through."""
        self.abandon()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _poll(self) -> None:
        future = self._future
        if future is None or not wait([future], TURN_S).done:
            return
        self.abandon()
        self._then(future)
