"""The front server of the page: one address for all browsers, behind it one process a browser."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientError, hdrs, web

from GuideGenLib.core.addresses import is_loopback
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.web.server import pages
from GuideGenLib.web.server.child import Child
from GuideGenLib.web.server.guard import Guard, add_headers
from GuideGenLib.web.server.kept import Kept
from GuideGenLib.web.server.proxy import Proxy
from GuideGenLib.web.server.sessions import FullError, Session, Sessions
from GuideGenLib.web.server.times import Times
from GuideGenLib.web.speaking import Speaker

if TYPE_CHECKING:
    from GuideGenLib.web.cases.learners import Learners

SESSION_COOKIE = "guidegen_session"
HOMES = ("/", "/index.html")
NO_SESSION = "This session has ended. Reload the page to start a new one."
NO_ANSWER = "The session's process did not answer. Reload the page."
WILDCARDS = ("0.0.0.0", "::")


class FrontError(GuideGenError):
    """The server cannot listen where it was told to; the message says what to change."""


class Front:
    """command: starts a session's process, see `Child`; host, port: where to listen, port 0 takes a free one;
    learners: answers those who come by a learner's link, None where there are none; kept: a folder for autosaved work,
    None keeps none; language: for browsers whose users chose none, None: as each asks for."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        max_sessions: int = 4,
        max_upload_bytes: int = 2048 * 2**20,
        times: Times | None = None,
        learners: "Learners | None" = None,
        kept: Path | None = None,
        language: str | None = None,
    ) -> None:
        self.command = tuple(command)
        self._host, self.port, self._most = host, port, max_sessions
        self._limit, self._times = max_upload_bytes, times or Times()
        self._learners, self._language = learners, language
        free = learners.below if learners else None
        self._guard = Guard(open_to_others=not is_loopback(host), free=free, language=language)
        self._kept = Kept(kept, self._times.keep_s)
        self.sessions = Sessions(self._child, max_sessions, self._times)

    @property
    def address(self) -> str:
        """What to open in a browser; with the token where one is needed."""
        name = _reachable_name(self._host)
        query = "" if self._guard.token is None else f"?token={self._guard.token}"
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}/{query}"

    async def start(self) -> None:
        """Listen. Raises FrontError."""
        application = web.Application(middlewares=[self._guard.middleware()])
        if self._learners is not None:
            self._learners.add_routes(application.router)
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_response_prepare.append(add_headers)
        # A browser that goes away cancels its handler, so that no upload or download goes on without it.
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        # `localhost` may be two addresses, and port 0 would be another one on each.
        site = web.TCPSite(self._runner, "127.0.0.1" if self._host == "localhost" else self._host, self.port)
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            await self._runner.cleanup()
            raise FrontError(_why_not(error, self._host, self.port)) from error
        self.port = self._runner.addresses[0][1]
        self._proxy = Proxy(self._limit, self._times.heartbeat_s)
        self._watches = [asyncio.create_task(self.sessions.watch()), asyncio.create_task(self._tidy())]

    async def stop(self) -> None:
        """End all sessions and stop listening; returns when no process and no folder is left."""
        for site in list(self._runner.sites):
            await site.stop()  # nobody new
        for watch in self._watches:
            watch.cancel()
        await self.sessions.close()
        await self._runner.cleanup()
        await self.sessions.close()  # of a request that was on its way
        await self._proxy.close()

    def _child(self, id: str, language: str) -> Child:
        return Child(self.command, self._times, self._kept.place(id), language)

    async def _tidy(self) -> None:
        """Delete autosaved work that was kept too long, also of an earlier server, until it is cancelled."""
        while True:
            await asyncio.to_thread(self._kept.tidy, [session.id for session in self.sessions])
            await asyncio.sleep(self._times.tidy_s)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Everything else belongs to the browser's session."""
        session = self._session(request)
        if request.path in HOMES and request.method == hdrs.METH_GET and hdrs.UPGRADE not in request.headers:
            return await self._home(request, session)
        if session is None or not session.child.ready:
            return web.Response(status=410, text=self._say(request)(NO_SESSION) + "\n")
        return await self._hand_on(request, session)

    async def _home(self, request: web.Request, session: Session | None) -> web.StreamResponse:
        """The page, or why there is none (yet)."""
        if session is None:
            return self._new(request)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(session.child.settled.wait(), self._times.poll_s)
        if not session.child.settled.is_set():
            return pages.starting(self._say(request))
        if session.child.ready:
            return await self._hand_on(request, session)
        return self._why_dead(request, session)

    def _new(self, request: web.Request) -> web.Response:
        """A new session for a browser that shows none, or one that ended; it goes on with what that one left."""
        say = self._say(request)
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            return pages.arrive(say)  # by a link on another site: it may have a session, whose cookie it has not sent
        shown = request.cookies.get(self._cookie)
        try:
            session = self.sessions.open(shown if self._kept.known(shown) else None, say.code)
        except FullError:
            return pages.full(say, self._most)
        except OSError as error:
            return pages.failed(say, say("its private folder cannot be made: {error}").format(error=error), "")
        answer = pages.starting(say)
        lasts = max(self._times.keep_s, self._times.grace_s)  # longer than the browser, which may be closed by mistake
        answer.set_cookie(self._cookie, session.id, httponly=True, samesite="Strict", max_age=round(lasts))
        return answer

    async def _hand_on(self, request: web.Request, session: Session) -> web.StreamResponse:
        child = session.child
        assert child.port is not None
        session.visit()
        try:
            if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
                with session.connected():
                    return await self._proxy.forward_socket(request, child.port, child.secret)
            with session.busy():
                return await self._proxy.forward(request, child.port, child.secret)
        except ClientError:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.gone.wait(), self._times.end_s)
        if child.gone.is_set() and request.path in HOMES:
            return self._why_dead(request, session)
        return web.Response(status=502, text=self._say(request)(NO_ANSWER) + "\n")

    def _why_dead(self, request: web.Request, session: Session) -> web.Response:
        """Told once; the next visit starts a new session."""
        self.sessions.end(session)
        child = session.child
        page = pages.ended if child.answered else pages.failed
        return page(self._say(request), child.failure or "it was ended", child.log)

    def _say(self, request: web.Request) -> Speaker:
        return Speaker.to(request, self._language)

    def _session(self, request: web.Request) -> Session | None:
        return self.sessions.find(request.cookies.get(self._cookie))

    @property
    def _cookie(self) -> str:
        """Of this server alone: cookies are shared by all ports of a machine."""
        return f"{SESSION_COOKIE}_{self.port}"


async def serve(front: Front, listening: Callable[[str], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. listening: told the address. Raises FrontError."""
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError):  # on Windows Ctrl-C cancels this coroutine instead
            if hasattr(signal, name):
                loop.add_signal_handler(getattr(signal, name), asked_to_end.set)
    await front.start()
    try:
        listening(front.address)
        await asked_to_end.wait()
    finally:
        await front.stop()


def _reachable_name(host: str) -> str:
    """What another machine can call a host that stands for all addresses of this one."""
    if host not in WILDCARDS:
        return host
    family, far = (socket.AF_INET, "192.0.2.1") if host == WILDCARDS[0] else (socket.AF_INET6, "2001:db8::1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))  # chooses the address of this machine; nothing is sent
            return str(probe.getsockname()[0])
    except OSError:
        return socket.gethostname()


def _why_not(error: Exception, host: str, port: int) -> str:
    """In the words of who started the server."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8080
        return f"port {port} of {host} is in use: choose another one, for example --port {other}, or --port 0 for any"
    if isinstance(error, PermissionError):
        return f"port {port} is kept for the system: choose one above 1023, for example --port 8080"
    if isinstance(error, OverflowError):
        return f"there is no port {port}: choose one from 1 to 65535, or 0 for any that is free"
    return f"cannot listen at {host}: {error}; name an address of this machine with --host"
