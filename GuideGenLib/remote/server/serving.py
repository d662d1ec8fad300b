"""The server as a whole: it listens, its lanes work, and at its end nothing is left of it."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Sequence

from aiohttp import web

from GuideGenLib.bundle import Bundle
from GuideGenLib.core.addresses import is_loopback
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine import Client
from GuideGenLib.remote.server.access import Access
from GuideGenLib.remote.server.application import Application
from GuideGenLib.remote.server.lanes import Lane
from GuideGenLib.remote.server.metrics import Metrics
from GuideGenLib.remote.server.runs import Limits, Runs


class ServeError(GuideGenError):
    """The server cannot listen as it was told to; the message says what to change."""


class Server:
    """clients: of the workers; log: takes lines that name no patient; port 0 takes a free one. Raises ServeError for an
    address that others reach without a token or certificate."""

    def __init__(
        self,
        clients: Sequence[Client],
        bundle: Bundle,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        access: Access | None = None,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        access = access or Access()
        if access.open and not is_loopback(host):
            raise ServeError(
                f"others reach a server at {host}, and nobody would be asked who they are",
                "give it tokens (--tokens), or certificates (--certificate, --key and --clients-ca)",
            )
        self._host, self.port, self._tls = host, port, tls
        self.runs = Runs(limits or Limits(), Metrics())
        self._lanes = [Lane(client, log) for client in clients]
        self._application = Application(self.runs, access, bundle, len(self._lanes)).make()

    @property
    def url(self) -> str:
        """For clients on this machine, or on others by the machine's name."""
        name = socket.gethostname() if self._host in ("0.0.0.0", "::") else self._host
        name = f"[{name}]" if ":" in name else name
        return f"{'http' if self._tls is None else 'https'}://{name}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises ServeError."""
        # Who goes away in the midst of a question is not waited for.
        self._runner = web.AppRunner(
            self._application, access_log=None, handler_cancellation=True, shutdown_timeout=0.5, keepalive_timeout=30.0
        )
        await self._runner.setup()
        host = "127.0.0.1" if self._host == "localhost" else self._host
        try:
            await web.TCPSite(self._runner, host, self.port, ssl_context=self._tls).start()
        except (OSError, OverflowError) as error:
            await self._runner.cleanup()
            raise ServeError(
                f"cannot listen at {self._host}, port {self.port} ({error})", "name another with --host or --port"
            ) from error
        self.port = self._runner.addresses[0][1]
        works = [lane.serve(self.runs) for lane in self._lanes]
        self._tasks = [asyncio.create_task(work) for work in (*works, self.runs.watch())]

    async def stop(self) -> None:
        """Forget all runs and end the workers; returns when no process and no folder is left."""
        for run in self.runs:
            self.runs.delete(run)
        pending = set(self._tasks)
        while pending:  # before Python 3.12, wait_for swallows a cancellation that comes as its wait ends
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1)
        await asyncio.gather(*(asyncio.to_thread(lane.close) for lane in self._lanes))
        await self._runner.cleanup()


async def serve(server: Server, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` gets the address when it can be asked."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: a Ctrl-C is an exception there
            loop.add_signal_handler(number, end.set)
    await server.start()
    try:
        tell(server.url)
        await end.wait()
    finally:
        await server.stop()
