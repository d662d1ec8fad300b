"""Which sessions there are, and when each one is over."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.web.server.child import Child
from GuideGenLib.web.server.times import Times

LONG_AGO = float("-inf")


class FullError(GuideGenError):
    """All sessions that this front may have are taken."""


class Session:
    """One browser's work: its process, and what is known of its pages."""

    def __init__(self, child: Child, times: Times) -> None:
        self.id = secrets.token_urlsafe()
        self.child = child
        self._times = times
        self._busy = 0
        self._visited = self._closed = self._bye = LONG_AGO
        self._died: float | None = None

    def visit(self) -> None:
        """It is asked for something: a page that loads will open its websocket."""
        self._visited = time.monotonic()

    def bye(self) -> None:
        """A page of it was left: closed, or reloaded."""
        self._bye = time.monotonic()

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

    def lost(self, now: float) -> bool:
        """Whether its connection broke longer ago than a reload takes: it is kept as long as nobody needs its place."""
        return not self.in_use and self._closed > self._visited and now > self._closed + self._times.bye_s

    def forgotten(self, now: float) -> bool:
        """Whether it died so long ago that nobody asks why."""
        if self._died is None:
            self._died = now
        return now > self._died + self._times.remembered_s

    def _deadline(self) -> float:
        """From the latest visit, goodbye and end of a websocket.

        A goodbye comes shortly before or after the end of its page's websocket; an older one was another page's.
        """
        times = self._times
        last = max(self._visited, self._closed)
        if self._bye > max(self._visited, self._closed - times.bye_s):
            return max(self._bye, last) + times.bye_s
        return max(self._closed + times.lost_s, self._visited + times.unopened_s)


class Sessions:
    """The sessions of one front, by the id in their cookie. start: makes the process of a new one."""

    def __init__(self, start: Callable[[], Child], most: int, times: Times) -> None:
        self._start, self._most, self._times = start, most, times
        self._sessions: dict[str, Session] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def find(self, id: str | None) -> Session | None:
        """The session of that id, also one whose process has died; None if there is none (any more)."""
        return self._sessions.get(id or "")

    def open(self) -> Session:
        """A new session, still starting; where all are taken, in the place of one whose connection broke.

        Raises FullError when all are in use; OSError when it can have no folder.
        """
        taken = sum(not session.child.gone.is_set() for session in self) + len(self._ending)
        if taken >= self._most:
            now = time.monotonic()
            lost = [session for session in self if session.lost(now) and not session.child.gone.is_set()]
            if not lost:
                raise FullError(f"all {self._most} sessions are taken")
            self.end(lost[0])  # the oldest
        session = Session(self._start(), self._times)
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
