"""A front with fake sessions, browsers without a window, and where to look for what they leave behind."""

import asyncio
import functools
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, CookieJar
from yarl import URL

from GuideGenLib.web.server.front import Front
from GuideGenLib.web.server.times import Times

FAKE = Path(__file__).with_name("fake_session.py")
SHORT = Times(poll_s=10.0, unopened_s=30.0, reload_s=0.3, grace_s=30.0, end_s=1.0, tick_s=0.02)
"""A place is given up at once where another browser needs it, everything else has time enough on a busy machine."""
PATIENCE_S = 60.0


def in_own_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a thread of its own: the main thread may have playwright's loop."""

    @functools.wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        async def once() -> None:
            await test(*arguments, **fixtures)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, once()).result()

    return run


def make_front(fault: str = "", times: dict[str, float] | None = None, **options: Any) -> Front:
    """A front on a free port whose sessions are fakes."""
    command = (sys.executable, str(FAKE), "--fault", fault)
    return Front(command, port=0, times=replace(SHORT, **(times or {})), **options)


@asynccontextmanager
async def running(fault: str = "", times: dict[str, float] | None = None, **options: Any) -> AsyncIterator[Front]:
    """A front that listens."""
    front = make_front(fault, times, **options)
    await front.start()
    try:
        yield front
    finally:
        await front.stop()


@contextmanager
def running_aside(fault: str = "", times: dict[str, float] | None = None, **options: Any) -> Iterator[Front]:
    """The same in a thread, for tests with a browser."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="front", daemon=True)
    thread.start()

    async def start() -> Front:
        front = make_front(fault, times, **options)
        await front.start()
        return front

    front = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_S)
    try:
        yield front
    finally:
        asyncio.run_coroutine_threadsafe(front.stop(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Visitor:
    """A browser without a window: it keeps cookies, tells its origin and follows the front's own reloads."""

    def __init__(self, front: Front) -> None:
        self.origin = f"http://127.0.0.1:{front.port}"
        self.client = ClientSession(cookie_jar=CookieJar(unsafe=True))

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def get(self, path: str = "/", **options: Any) -> ClientResponse:
        """The answer, its body read."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        """The same with the origin that a browser tells."""
        headers = {"Origin": self.origin} | options.pop("headers", {})
        return await self.ask("POST", path, headers=headers, **options)

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        """The answer, its body read."""
        async with self.client.request(method, URL(self.origin + path, encoded=True), **options) as response:
            await response.read()
        return response

    async def home(self) -> ClientResponse:
        """Open the page and wait while the front says that the session is starting."""
        deadline = time.monotonic() + PATIENCE_S
        while (response := await self.get()).status == 202:
            assert time.monotonic() < deadline, await response.text()
        return response

    async def about(self) -> dict[str, Any]:
        """What the session tells of itself."""
        return dict(await (await self.get("/about")).json())

    async def open(self) -> dict[str, Any]:
        """Open the page; what the session tells of itself."""
        assert (response := await self.home()).status == 200, await response.text()
        return await self.about()

    async def socket(self, **options: Any) -> ClientWebSocketResponse:
        """The page's websocket."""
        headers = {"Origin": self.origin} | options.pop("headers", {})
        return await self.client.ws_connect(f"{self.origin}/ws", headers=headers, max_msg_size=0, **options)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process is there; a dead one that nobody has asked after yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def folders() -> list[Path]:
    """What sessions have of files."""
    return list(Path(tempfile.gettempdir()).glob("guidegen-web-*"))
