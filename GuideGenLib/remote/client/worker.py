"""The client's end of a run on a server, in the place of a worker process: one thread asks, waits and fetches."""

import contextlib
import dataclasses
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from GuideGenLib.engine.failures import failure
from GuideGenLib.engine.process import Ended
from GuideGenLib.engine.protocol import (
    EVENTS,
    VOLUMES,
    DescribeRequest,
    Done,
    Event,
    Failed,
    Progress,
    Request,
    Stopped,
    decode,
)
from GuideGenLib.engine.without_models import describe, readers
from GuideGenLib.remote import api
from GuideGenLib.remote.client.address import Address, RemoteError
from GuideGenLib.remote.client.connection import Connection, LostError, RefusedError
from GuideGenLib.remote.wire import pack, size_of, unpack

FIRST_TRIES_S = 2.0
"""A server that was never reached is given up after this long."""
AGAIN_S = 0.25
JOIN_S = 2.0
LARGEST_RESULT = 8 << 30
T = TypeVar("T")


class _LeftError(Exception):
    """The request is not wanted any more."""


@dataclasses.dataclass
class Model:
    """The sha256 of the bundle that a server must have; None until the first answer, which fixes it."""

    sha256: str | None


@dataclasses.dataclass
class _Run:
    """What goes on: the request's id here, the run's there, and when the server was last heard of."""

    id: str
    name: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))
    left: threading.Event = dataclasses.field(default_factory=threading.Event)
    known: bool = False
    heard: float = 0.0
    lease_s: float = FIRST_TRIES_S


class RemoteWorker:
    """See `engine.client.Serves`. model: which the server must have, for this worker and those to come after it."""

    def __init__(self, address: Address, model: Model) -> None:
        self.events: queue.Queue[Event | Ended] = queue.Queue()
        self._address, self._model = address, model
        self._connection = Connection(address, model.sha256)
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._run: _Run | None = None
        self._ended = False
        self._helpers: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._serve, name="guidegen-remote", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return not self._ended

    @property
    def running(self) -> bool:
        return self._thread.is_alive() or any(thread.is_alive() for thread in self._helpers)

    def submit(self, request: Request) -> None:
        self._run = _Run(request.id)
        self._requests.put(request)

    def warm(self) -> None:
        """A server has its models loaded."""

    def cancel(self, id: str) -> None:
        if self._run is not None and self._run.id == id:
            self._leave(self._run)

    def log(self) -> str:
        return ""

    def kill(self) -> None:
        self._ended = True
        self._requests.put(None)
        run = self._run
        if run is not None:
            self._leave(run)
        self._connection.close()

    def join(self) -> None:
        deadline = time.monotonic() + JOIN_S
        for thread in (self._thread, *self._helpers):
            thread.join(max(0.0, deadline - time.monotonic()))

    # ------------------------------------------------------------ inside

    def _leave(self, run: _Run) -> None:
        """The server is told beside the thread that waits for its answer; it would find out by its lease as well."""
        if run.left.is_set():
            return
        run.left.set()

        def tell() -> None:
            connection = Connection(self._address)
            with contextlib.suppress(LostError, RemoteError):
                connection.forget(run.name)
            connection.close()

        if run.known:
            helper = threading.Thread(target=tell, name="guidegen-remote-leave", daemon=True)
            helper.start()
            self._helpers = [*(thread for thread in self._helpers if thread.is_alive()), helper]

    def _serve(self) -> None:
        while (request := self._requests.get()) is not None:
            run = self._run
            assert run is not None
            try:
                event = self._conduct(request, run)
            except _LeftError:
                event = Stopped(request.id)
            except Exception as error:
                event = Stopped(request.id) if run.left.is_set() else failure(request.id, error)
            if self._run is run:
                self._run = None
            self.events.put(event)
        self._connection.close()

    def _conduct(self, request: Request, run: _Run) -> Event:
        """All of one request; returns the event that ends it."""
        if isinstance(request, DescribeRequest):
            return Done(request.id, describe(request.text))
        request = _with_images(request)
        hello = self._asked(run, self._connection.hello)
        self._model.sha256 = self._connection.bundle = str(hello["bundle"]["sha256"])
        size = size_of(request)
        run.known, run.lease_s = True, float(hello["lease_s"])
        self._asked(run, lambda: self._connection.announce(run.name, size))
        self._asked(run, lambda: self._connection.send(run.name, self._pieces(request, run)))
        state = self._followed(request.id, run)
        if state["state"] == api.READY:
            result = bytearray()
            self._asked(run, lambda: self._connection.result(run.name, result))
            event: Event = dataclasses.replace(unpack(result, (Done,), LARGEST_RESULT), id=request.id)
        else:
            event = dataclasses.replace(decode(state["event"].encode(), EVENTS), id=request.id)
            if isinstance(event, Failed):
                event = dataclasses.replace(event, details=event.details or f"on {self._address.url}")
        with contextlib.suppress(LostError, RemoteError):
            self._connection.forget(run.name)
        return event

    def _pieces(self, request: Request, run: _Run) -> Any:
        for piece in pack(request):
            if run.left.is_set():
                raise _LeftError
            yield piece

    def _followed(self, id: str, run: _Run) -> dict[str, Any]:
        """Hand on what the server tells until the run has ended there."""
        number = 0
        while True:
            state = self._asked(run, lambda: self._connection.state(run.name, number))  # noqa: B023 - called at once
            number = int(state["number"])
            if state["state"] in api.ENDS:
                return state
            if state["state"] == api.WAITING:
                self.events.put(Progress(id, "wait", 0.0, None, int(state["place"])))
            elif state.get("event"):
                self.events.put(dataclasses.replace(decode(state["event"].encode(), (Progress,)), id=id))

    def _asked(self, run: _Run, ask: Callable[[], T]) -> T:
        """Ask, again and again where the connection is lost, as long as the server keeps the run: its lease."""
        start = time.monotonic()
        while True:
            if run.left.is_set():
                raise _LeftError
            try:
                answer = ask()
                run.heard = time.monotonic()
                return answer
            except LostError as error:
                if time.monotonic() > max(run.heard, start) + run.lease_s:
                    raise self._lost(run, error) from error
                run.left.wait(AGAIN_S)
            except RefusedError as error:
                if error.status == 404 and run.heard:
                    raise self._gone() from error
                raise

    def _lost(self, run: _Run, error: LostError) -> RemoteError:
        if run.heard:
            return RemoteError(
                f"the connection to {self._address.url} was lost ({error})", "run it again when the server is there"
            )
        return RemoteError(
            f"no server answers at {self._address.url} ({error})",
            "check the address, and whether `guidegen serve` runs there",
        )

    def _gone(self) -> RemoteError:
        return RemoteError(
            f"{self._address.url} does not know this run any more (started anew, or the connection was away long)",
            "run it again",
        )


def _with_images(request: Request) -> Request:
    """A user's files are read here: the server has none of them."""
    read = readers(request)
    given = {name: getattr(request, name) for name in VOLUMES if hasattr(request, name)}
    paths = {name: path for name, path in given.items() if isinstance(path, str | os.PathLike)}
    return dataclasses.replace(request, **{name: read[name](Path(path)) for name, path in paths.items()})  # type: ignore[arg-type]
