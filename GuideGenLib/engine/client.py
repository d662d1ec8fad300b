"""The client: submit, poll, cancel, close. No Qt, no asyncio; whoever owns a timer polls."""

import contextlib
import dataclasses
import os
import queue
import time
import weakref
from collections import deque
from pathlib import Path
from typing import Protocol

from GuideGenLib.engine.environment import worker_python
from GuideGenLib.engine.failures import ending, failure
from GuideGenLib.engine.process import Ended, WorkerProcess
from GuideGenLib.engine.protocol import (
    MAY_LACK,
    REQUESTS,
    VOLUMES,
    DescribeRequest,
    Done,
    Event,
    Failed,
    Progress,
    Request,
    Stopped,
)

GRACE_S = 0.75
"""After a cancel the worker has this long to stop by itself and keep its models; then it is killed."""
HEARTBEAT_S = 0.5
"""At the latest after this long without an event the last progress is told again, with the time left counted down."""
BROKEN = ("memory", "device", "internal")
"""After these failures nobody knows what state the worker is in: the next request gets a new one."""


class Serves(Protocol):
    """What serves a client's requests, one at a time: a `WorkerProcess`, or a connection to one elsewhere. No call
    blocks; `events` is a queue of events and, last, `Ended`."""

    events: "queue.Queue[Event | Ended]"

    @property
    def alive(self) -> bool:
        """Whether it takes requests."""

    @property
    def running(self) -> bool:
        """Whether its end is still to come."""

    def submit(self, request: Request) -> None:
        """Begin a request, which has an id."""

    def warm(self) -> None:
        """Load the models before a request needs them."""

    def cancel(self, id: str) -> None:
        """Ask for a stop."""

    def log(self) -> str:
        """What it printed last."""

    def kill(self) -> None:
        """End now, with what it is doing."""

    def join(self) -> None:
        """Wait until it has ended, for a few seconds."""


@dataclasses.dataclass
class _Run:
    """The request that is being served.

    again: whether it is repeated when the worker ends without a word of it; stop_by: when a cancelled one is killed.
    """

    request: Request
    told: Progress
    told_at: float
    again: bool
    stop_by: float | None = None


class Client:
    """Serves requests one after another in a worker process, which is started at the first and keeps its models loaded.

    bundle: folder of a model (None: ours); device: auto, cpu, cuda...; python: interpreter of the worker (None: the
    right one here); threads: cores that it may use (None: all). To be used from one thread. Ends with `close`, with the
    process, or when it is garbage; the worker ends by itself when this process is killed.
    """

    first_stage = "load"

    def __init__(
        self,
        *,
        bundle: Path | None = None,
        device: str = "auto",
        python: str | None = None,
        threads: int | None = None,
    ) -> None:
        self._bundle = None if bundle is None else Path(bundle).absolute()
        self._device, self._python, self._threads = device, python, threads
        self._waiting: deque[Request] = deque()
        self._run: _Run | None = None
        self._worker: Serves | None = None
        self._used = False  # whether the worker has had a request
        self._ready: list[Event] = []
        self._count = 0
        self._started: list[Serves] = []  # those whose end may be still to come
        self._end = weakref.finalize(self, _end_all, self._started, os.getpid())  # at exit as well

    @property
    def busy(self) -> bool:
        """Whether a request runs or waits; false once its last event was polled."""
        return self._run is not None or bool(self._waiting) or bool(self._ready)

    def submit(self, request: Request) -> str:
        """Take a request and return its id, which its events bear; it runs when those before it are over.

        Volumes are images or paths of files; an image may be changed afterwards, the request keeps what it was.
        Raises TypeError for anything else, RuntimeError after `close`. All other faults come as `Failed`.
        """
        if not self._end.alive:
            raise RuntimeError("this client is closed: make a new one")
        if not isinstance(request, REQUESTS):
            raise TypeError(f"{type(request).__name__} is no request: give one of {_names(REQUESTS)}")
        given = {name: getattr(request, name) for name in VOLUMES if hasattr(request, name)}
        lacking = [name for name in MAY_LACK if given.get(name) is None]
        volumes = {name: _kept(volume, name) for name, volume in given.items() if name not in lacking}
        self._count += 1
        request = dataclasses.replace(request, id=f"run-{self._count}", **volumes)  # type: ignore[arg-type]
        self._waiting.append(request)
        self._dispatch()
        return request.id

    def warm(self) -> None:
        """Start the worker and let it load its models, where there is none yet: the first request then begins at once.

        What goes wrong is told by that request.
        """
        if self._end.alive and (self._worker is None or not self._worker.alive) and not self.busy:
            with contextlib.suppress(OSError):
                self._living_worker().warm()

    def poll(self) -> list[Event]:
        """What happened since the last call, oldest first. Never blocks; call it at least twice a second."""
        while self._worker is not None and not self._worker.events.empty():
            self._take(self._worker, self._worker.events.get_nowait())
        if self._run is not None and self._run.stop_by is not None and time.monotonic() >= self._run.stop_by:
            self._abandon()
            self._finish(Stopped(self._run.request.id))
        self._dispatch()
        self._keep_alive()
        events, self._ready = self._ready, []
        return events

    def cancel(self, id: str | None = None) -> None:
        """Stop that request, or (None) all of them; `Stopped` comes within a second. Others' ids are ignored."""
        for request in [request for request in self._waiting if id in (None, request.id)]:
            self._waiting.remove(request)
            self._ready.append(Stopped(request.id))
        run = self._run
        if run is not None and id in (None, run.request.id) and run.stop_by is None and self._worker is not None:
            run.stop_by = time.monotonic() + GRACE_S
            self._worker.cancel(run.request.id)

    def close(self) -> None:
        """End the worker and remove its files; what runs or waits is dropped without a word. May be called again."""
        self._waiting.clear()
        self._ready.clear()
        self._run = self._worker = None
        self._end()

    # ------------------------------------------------------------ inside

    def _dispatch(self) -> None:
        """Give the next request to the worker if none runs."""
        while self._run is None and self._waiting:
            request = self._waiting.popleft()
            try:
                worker = self._living_worker()
            except OSError as error:
                self._ready.append(_no_worker(request.id, error))
                continue
            worker.submit(request)
            used, self._used = self._used, True
            stage = "describe" if isinstance(request, DescribeRequest) else self.first_stage
            self._run = _Run(request, Progress(request.id, stage, 0.0), time.monotonic(), again=used)
            self._ready.append(self._run.told)

    def _living_worker(self) -> Serves:
        if self._worker is None or not self._worker.alive:
            self._abandon()
            self._worker = self._start_worker()
            self._started.append(self._worker)
            self._used = False
        return self._worker

    def _start_worker(self) -> Serves:
        """Raises OSError."""
        return WorkerProcess(self._python or worker_python(), self._bundle, self._device, self._threads)

    def _abandon(self) -> None:
        """Kill the worker; what it still says is not heard."""
        if self._worker is not None:
            self._worker.kill()
        self._worker = None
        self._started[:] = [worker for worker in self._started if worker.running]

    def _take(self, worker: Serves, event: Event | Ended) -> None:
        run = self._run
        if isinstance(event, Ended):
            self._abandon()
            if run is not None and run.again and run.stop_by is None:  # it was dead before the request reached it
                self._waiting.appendleft(run.request)
                self._run = None
            elif run is not None:
                self._finish(ending(run.request.id, event.status, worker.log()))
        elif run is None or event.id != run.request.id:
            return  # of a request that is over
        elif not isinstance(event, Progress):
            self._finish(event)
        elif run.stop_by is None:
            if event.fraction < run.told.fraction:
                event = dataclasses.replace(event, fraction=run.told.fraction)
            run.told, run.told_at, run.again = event, time.monotonic(), False
            self._ready.append(event)

    def _finish(self, event: Done | Failed | Stopped) -> None:
        """The request is over; one that was cancelled is stopped, however it ended."""
        run, self._run = self._run, None
        assert run is not None
        if run.stop_by is not None and not isinstance(event, Stopped):
            event = Stopped(event.id)
        if isinstance(event, Failed):
            log = self._worker.log() if self._worker is not None and event.kind != "input" else ""
            details = event.details or log
            event = dataclasses.replace(event, details=details)
            if event.kind in BROKEN:
                self._abandon()
        self._ready.append(event)

    def _keep_alive(self) -> None:
        """Tell the last progress again during a long step, or one that loads libraries and lets no thread speak."""
        run, now = self._run, time.monotonic()
        if run is None or run.stop_by is not None or now < run.told_at + HEARTBEAT_S:
            return
        left = run.told.remaining_s
        left = None if left is None else max(0.0, left - (now - run.told_at))
        run.told, run.told_at = dataclasses.replace(run.told, remaining_s=left), now
        self._ready.append(run.told)


def _end_all(workers: list[Serves], owner: int) -> None:
    if os.getpid() != owner:
        return  # a fork of the process that made them ends, and they are not its own
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
    workers.clear()


def _no_worker(id: str, error: OSError) -> Failed:
    told = failure(id, error)
    if isinstance(error, FileNotFoundError | PermissionError):
        message = f"the worker cannot be started ({error.strerror}: {error.filename}): name a Python that works"
        return dataclasses.replace(told, kind="crash", message=message)
    return told


def _kept(volume: object, name: str) -> object:
    """A path as text, or a copy of an image, which costs nothing until one of the two is changed."""
    if isinstance(volume, str | os.PathLike):
        return str(Path(volume).absolute())
    import SimpleITK as sitk

    if isinstance(volume, sitk.Image):
        return sitk.Image(volume)
    raise TypeError(f"{name} is of type {type(volume).__name__}: give a SimpleITK.Image or the path of a file")


def _names(classes: tuple[type, ...]) -> str:
    return ", ".join(one.__name__ for one in classes)
