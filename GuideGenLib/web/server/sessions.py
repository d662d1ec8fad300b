"""Which sessions there are, and when each one is over."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.languages import ENGLISH
from GuideGenLib.web.server.child import Child
from GuideGenLib.web.server.times import Times

LONG_AGO = float("-inf")


class FullError(GuideGenError):
    """All sessions that this front may have are taken."""


class Session:
    """One browser's work: its process, and what is known of its pages."""

    def __init__(self, id: str, child: Child, times: Times) -> None:
        self.id, self.child = id, child
        self._times = times
        self._busy = 0
        self._visited = self._closed = LONG_AGO
        self._died: float | None = None

    def visit(self) -> None:
        """It is asked for something: a page that loads will open its websocket."""
        self._visited = time.monotonic()

    @property
    def in_use(self) -> bool:
        """Whether a websocket or a request of it is open."""
        return self._busy > 0

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A websocket or a request (a download goes on when the page is closed) keeps it meanwhile."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    @contextmanager
    def connected(self) -> Iterator[None]:
        """A websocket of it is open meanwhile."""
        try:
            with self.busy():
                yield
        finally:
            self._closed = time.monotonic()

    def over(self, now: float) -> bool:
        """Whether nobody will come back to it."""
        if not self.child.settled.is_set():
            return False
        if self._visited == LONG_AGO:
            self._visited = now  # nobody has come for the page yet
        return not self.in_use and now > self._deadline()

    def left(self, now: float) -> bool:
        """Whether its page went longer ago than a reload takes: it is kept as long as nobody needs its place."""
        return not self.in_use and self._closed > self._visited and now > self._closed + self._times.reload_s

    def forgotten(self, now: float) -> bool:
        """Whether it died so long ago that nobody asks why."""
        if self._died is None:
            self._died = now
        return now > self._died + self._times.remembered_s

    def _deadline(self) -> float:
        """From the latest visit and end of a websocket."""
        return max(self._closed + self._times.grace_s, self._visited + self._times.unopened_s)


class Sessions:
    """The sessions of one front, by the id in their cookie. start: makes the process of a new one, by its id and its
    language."""

    def __init__(self, start: Callable[[str, str], Child], most: int, times: Times) -> None:
        self._start, self._most, self._times = start, most, times
        self._sessions: dict[str, Session] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def find(self, id: str | None) -> Session | None:
        """The session of that id, also one whose process has died; None if there is none (any more)."""
        return self._sessions.get(id or "")

    def open(self, id: str | None = None, language: str = ENGLISH) -> Session:
        """A new session, still starting; where all are taken, in the place of one whose page has gone.

        id: of an earlier one that goes on; None makes one. Raises FullError when all are in use; OSError when it can
        have no folder.
        """
        taken = sum(not session.child.gone.is_set() for session in self) + len(self._ending)
        if taken >= self._most:
            now = time.monotonic()
            left = [session for session in self if session.left(now) and not session.child.gone.is_set()]
            if not left:
                raise FullError(f"all {self._most} sessions are taken")
            self.end(left[0])  # the oldest
        id = id or secrets.token_urlsafe()
        session = Session(id, self._start(id, language), self._times)
        self._sessions[session.id] = session
        return session

    def end(self, session: Session) -> None:
        """Forget it and end its process."""
        self._sessions.pop(session.id, None)
        task = asyncio.create_task(session.child.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def watch(self) -> None:
        """End who is over time, until it is cancelled."""
        while True:
            await asyncio.sleep(self._times.tick_s)
            now = time.monotonic()
            for session in self:
                dead = session.child.gone.is_set()
                if session.forgotten(now) if dead else session.over(now):
                    self.end(session)

    async def close(self) -> None:
        """End all; returns when no process and no folder is left."""
        for session in self:
            self.end(session)
        await asyncio.gather(*self._ending)
