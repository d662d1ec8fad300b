"""The runs that a server knows: who they belong to, where they stand, and when they are forgotten."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine.protocol import Event, encode
from GuideGenLib.remote.api import ARRIVING, ENDS, READY, RUNNING, WAITING
from GuideGenLib.remote.server.line import Line
from GuideGenLib.remote.server.metrics import Gauges, Metrics


@dataclass(frozen=True)
class Limits:
    """most_runs, most_bytes: of one user's runs at a time, and of a request's volumes; most_held: bytes of all requests
    and results in memory; lease_s: a run whose client is not heard of for so long is forgotten; arrive_s: a request
    must have come within so long."""

    most_runs: int = 8
    most_bytes: int = 1024 << 20
    most_held: int = 8192 << 20
    lease_s: float = 60.0
    arrive_s: float = 600.0


class RefusalError(GuideGenError):
    """A question that is refused. status: of HTTP; reason: a word for the metrics."""

    def __init__(self, status: int, reason: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.status, self.reason = status, reason


@dataclass(eq=False)
class Run:
    """One request. size: bytes of its volumes, not compressed; body: as it came, until a worker has it; result: packed,
    until it is deleted; event: the newest progress, or the end; number: counts what can be told of it."""

    name: str
    user: str
    size: int
    state: str = ARRIVING
    body: bytearray = field(default_factory=bytearray, repr=False)
    result: bytes = field(default=b"", repr=False)
    event: Event | None = field(default=None, repr=False)
    number: int = 0
    heard: float = field(default_factory=time.monotonic)
    since: float = field(default_factory=time.monotonic)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, state: str, event: Event | None = None) -> None:
        """Take a state; those who wait for news are woken."""
        if state != self.state:
            self.since = time.monotonic()
        self.state, self.event = state, event
        self.stir()

    def stir(self) -> None:
        """Something of it is new."""
        self.number += 1
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def held(self) -> int:
        """Bytes that it may come to hold in memory, as far as they are known."""
        return self.size if self.state in (ARRIVING, WAITING, RUNNING) else len(self.result)


class Runs:
    """To be used in one event loop."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        self._runs: dict[str, Run] = {}
        self._line: Line[Run] = Line()
        self._come = asyncio.Condition()

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))

    def of(self, user: str, name: str) -> Run:
        """A user's run, which is heard of by this. Raises RefusalError (404) for what is no run of theirs."""
        run = self._runs.get(name)
        if run is None or run.user != user:
            raise RefusalError(404, "unknown", "the server does not know this run", "run it again")
        run.heard = time.monotonic()
        return run

    def announce(self, user: str, name: str, size: int) -> None:
        """A place for a request; once more for the same one changes nothing. Raises RefusalError where a limit is
        reached."""
        if name in self._runs:
            self.of(user, name)
            return
        limits = self.limits
        if size > limits.most_bytes:
            raise RefusalError(
                413, "size", f"the request has {size / 2**20:.0f} MB, the server takes {limits.most_bytes >> 20}",
                "crop the volumes or take a coarser spacing, or ask who runs the server for more",
            )  # fmt: skip
        if sum(run.user == user for run in self) >= limits.most_runs:
            raise RefusalError(
                429, "runs", f"you have {limits.most_runs} runs at the server already", "wait for the end of one"
            )
        if sum(run.held for run in self) + size > limits.most_held:
            raise RefusalError(429, "memory", "the server holds as much as it can", "try again in a minute")
        self._runs[name] = Run(name, user, size)

    async def enqueue(self, run: Run) -> None:
        """Its request is whole."""
        run.tell(WAITING)
        self._line.add(run.user, run)
        async with self._come:
            self._come.notify()

    async def next(self) -> Run:
        """The run whose turn it is, as soon as there is one."""
        async with self._come:
            await self._come.wait_for(lambda: len(self._line) > 0)
            run = self._line.take()
        assert run is not None
        self.metrics.add("guidegen_wait_seconds_total", time.monotonic() - run.since)
        run.tell(RUNNING)
        self._stir_those_who_wait()
        return run

    def delete(self, run: Run) -> None:
        """Forget all of it; a worker that has it stops."""
        self._runs.pop(run.name, None)
        run.left.set()
        waited = run.state == WAITING
        self._line.remove(run.user, run)
        run.body, run.result, run.event = bytearray(), b"", None
        run.stir()
        if waited:
            self._stir_those_who_wait()

    async def told(self, run: Run, after: int, seconds: float) -> dict[str, Any]:
        """Where a run stands, when that is newer than `after` or the time is over."""
        if run.number <= after:
            changed = run.changed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), seconds)
        if run.name not in self._runs:
            raise RefusalError(404, "unknown", "the run was stopped", "run it again")
        run.heard = time.monotonic()
        answer: dict[str, Any] = {"number": run.number, "state": run.state}
        if run.state == WAITING:
            answer["place"] = self._line.place(run.user, run)
        if run.event is not None and run.state != READY:
            answer["event"] = encode(run.event).decode()
        return answer

    async def watch(self) -> None:
        """Forget runs whose client is gone, until this is cancelled."""
        while True:
            await asyncio.sleep(self.limits.lease_s / 8)
            late = time.monotonic() - self.limits.lease_s
            for run in self:
                if run.heard < late:
                    self.metrics.add("guidegen_runs_total", kind="any", outcome="lost")
                    self.delete(run)

    def gauges(self) -> Gauges:
        """How many runs are in each state, and what they hold."""
        states = (ARRIVING, WAITING, RUNNING, *ENDS)
        held = sum(len(run.body) + len(run.result) for run in self)
        return {
            "guidegen_runs": {(("state", state),): sum(run.state == state for run in self) for state in states},
            "guidegen_held_bytes": {(): held},
        }

    def _stir_those_who_wait(self) -> None:
        """Their places are others now."""
        for run in self:
            if run.state == WAITING:
                run.stir()
