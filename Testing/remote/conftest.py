"""Servers whose workers need no torch, in a thread of the test, and their clients."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.engine import Client
from GuideGenLib.remote.client import Address, RemoteClient
from GuideGenLib.remote.server.access import Access
from GuideGenLib.remote.server.runs import Limits
from GuideGenLib.remote.server.serving import Server
from Testing.engine.conftest import PATIENCE_S, fake_python, until
from Testing.remote.toy_server import BUNDLE

__all__ = ["BUNDLE", "fake_python"]
TOKENS = {f"{n:02}-a-token-of-a-test": f"user-{n:02}" for n in range(20)}


class Running:
    """A server that listens, in a thread with an event loop of its own."""

    def __init__(self, python: Path, workers: int = 1, **options: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="server", daemon=True)
        self._thread.start()
        self.log: list[str] = []
        self.clients = [Client(python=str(python)) for _ in range(workers)]
        self.server = self.call(self._start(options))
        self.runs = self.server.runs

    async def _start(self, options: dict[str, Any]) -> Server:
        server = Server(self.clients, BUNDLE, log=self.log.append, **options)
        await server.start()
        return server

    def call(self, work: Any) -> Any:
        """The result of a coroutine, run in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def stop(self) -> None:
        """End the server."""
        self.call(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def address(self, token: str = "") -> Address:
        """For a client."""
        return Address.of(self.server.url, token)

    def metrics(self) -> str:
        """As Prometheus has them."""
        return self.runs.metrics.text(self.runs.gauges())


@pytest.fixture
def serve(temporary: Path, fake_python: Path) -> Iterator[Callable[..., Running]]:
    """`serve(workers=1, access=..., limits=...)`; after the test no file and no run is left."""
    made: list[Running] = []

    def start(**options: Any) -> Running:
        made.append(Running(fake_python, **options))
        return made[-1]

    yield start
    for running in made:
        running.stop()
        assert not list(running.runs)
    until(lambda: not any(temporary.iterdir()), "the workers' folders go", 10)


@pytest.fixture
def many(serve: Callable[..., Running]) -> Running:
    """A server with a token for each of twenty users."""
    return serve(access=Access(TOKENS))


@pytest.fixture
def connect() -> Iterator[Callable[..., RemoteClient]]:
    """`connect(running, token)`, a client; closed after the test."""
    made: list[RemoteClient] = []

    def start(running: Running, token: str = "", **options: Any) -> RemoteClient:
        made.append(RemoteClient(running.address(token), **options))
        return made[-1]

    yield start
    for client in made:
        client.close()


def short(**limits: Any) -> Limits:
    """Limits of a server that soon gives up."""
    return Limits(**{"lease_s": 1.0, **limits})
