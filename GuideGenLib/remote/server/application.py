"""What the server answers; `remote.api` has the list."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from GuideGenLib import __version__
from GuideGenLib.bundle import Bundle
from GuideGenLib.remote.api import ARRIVING, PIECE, POLL_S, PREFIX, READY
from GuideGenLib.remote.server.access import Access
from GuideGenLib.remote.server.metrics import Gauges
from GuideGenLib.remote.server.runs import RefusalError, Run, Runs

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NAME = re.compile("[0-9a-f]{32}")
SLACK = 1 << 20
"""What does not shrink when it is packed may grow by this."""


class Application:
    """bundle: what the workers have loaded; workers: how many there are."""

    def __init__(self, runs: Runs, access: Access, bundle: Bundle, workers: int) -> None:
        self._runs, self._access, self._bundle, self._workers = runs, access, bundle, workers

    def make(self) -> web.Application:
        """For aiohttp's runner."""
        made = web.Application(middlewares=[self._guard()])
        made.router.add_get("/health", self._health)
        made.router.add_get("/metrics", self._metrics)
        made.router.add_get(f"{PREFIX}/hello", self._hello)
        made.router.add_post(f"{PREFIX}/runs/{{name}}", self._announce)
        made.router.add_put(f"{PREFIX}/runs/{{name}}/request", self._receive)
        made.router.add_get(f"{PREFIX}/runs/{{name}}", self._state)
        made.router.add_get(f"{PREFIX}/runs/{{name}}/result", self._deliver)
        made.router.add_delete(f"{PREFIX}/runs/{{name}}", self._delete)
        return made

    # ------------------------------------------------------------ who asks, and how a refusal looks

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                if request.path != "/health":
                    self._user(request)
                return await handler(request)
            except RefusalError as error:
                self._runs.metrics.add("guidegen_refused_total", reason=error.reason)
                return _refused(error.status, error.message, error.remedy)
            except web.HTTPException as error:
                return _refused(error.status, "the server has no such address", "check the address")

        return guard

    def _user(self, request: web.Request) -> str:
        certificate = request.transport.get_extra_info("peercert") if request.transport is not None else None
        shown = request.headers.get("Authorization", "")
        user = self._access.user(shown, certificate, request.headers.get("Host", ""))
        if user is None:
            raise RefusalError(
                401, "stranger", "the server does not know you",
                "give the token or the certificate that its administrator gave you",
            )  # fmt: skip
        return user

    # ------------------------------------------------------------ who watches

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"state": "well"})

    async def _metrics(self, _: web.Request) -> web.Response:
        gauges: Gauges = {**self._runs.gauges(), "guidegen_workers": {(): float(self._workers)}}
        return web.Response(text=self._runs.metrics.text(gauges), content_type="text/plain")

    # ------------------------------------------------------------ clients

    async def _hello(self, request: web.Request) -> web.Response:
        self._check(request)
        limits = self._runs.limits
        return web.json_response(
            {
                "version": __version__,
                "bundle": {"name": self._bundle.name, "sha256": self._bundle.identity},
                "lease_s": limits.lease_s,
                "most_bytes": limits.most_bytes,
            }
        )

    async def _announce(self, request: web.Request) -> web.Response:
        self._check(request)
        name, size = request.match_info["name"], request.query.get("bytes", "")
        if not NAME.fullmatch(name) or not re.fullmatch(r"\d{1,15}", size):
            raise RefusalError(400, "malformed", "this is no announcement of a run", "use GuideGen's own client")
        self._runs.announce(self._user(request), name, int(size))
        return web.json_response({}, status=201)

    async def _receive(self, request: web.Request) -> web.Response:
        """A request in pieces; who sends too much, too slowly or nothing at all loses the place."""
        run = self._run(request)
        if run.state != ARRIVING:
            return web.json_response({})  # the answer to an earlier one was lost
        run.body = body = bytearray()  # one that is still being sent by an earlier connection goes nowhere
        limits, begun = self._runs.limits, time.monotonic()
        try:
            async with asyncio.timeout(limits.arrive_s):
                while piece := await asyncio.wait_for(request.content.readany(), limits.lease_s):
                    run.heard = time.monotonic()
                    body += piece
                    if len(body) > run.size + SLACK:
                        raise RefusalError(413, "size", "more comes than was announced", "use GuideGen's own client")
                    if run.left.is_set() or run.body is not body:
                        raise RefusalError(404, "unknown", "the run was stopped", "run it again")
        except TimeoutError as error:
            self._runs.delete(run)
            took = f"the request did not come within {time.monotonic() - begun:.0f} s"
            raise RefusalError(408, "slow", took, "try again by a faster connection") from error
        except RefusalError:
            if run.body is body:
                self._runs.delete(run)
            raise
        self._runs.metrics.add("guidegen_received_bytes_total", len(body))
        if run.body is body and run.state == ARRIVING:
            await self._runs.enqueue(run)
        return web.json_response({})

    async def _state(self, request: web.Request) -> web.Response:
        run = self._run(request)
        return web.json_response(
            await self._runs.told(run, _number(request), min(POLL_S, self._runs.limits.lease_s / 3))
        )

    async def _deliver(self, request: web.Request) -> web.StreamResponse:
        """The result, from a byte on; it stays until it is deleted, should the connection be lost."""
        run = self._run(request)
        if run.state != READY:
            raise RefusalError(404, "unknown", "the run has no result", "run it again")
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream", "Cache-Control": "no-store"})
        left = memoryview(run.result)[_number(request) :]
        response.content_length = len(left)
        await response.prepare(request)
        for start in range(0, len(left), PIECE):
            piece = left[start : start + PIECE]
            try:
                await asyncio.wait_for(response.write(bytes(piece)), self._runs.limits.lease_s)
            except TimeoutError:
                break  # nobody reads; the lease does the rest
            run.heard = time.monotonic()
            self._runs.metrics.add("guidegen_sent_bytes_total", len(piece))
        return response

    async def _delete(self, request: web.Request) -> web.Response:
        self._runs.delete(self._run(request))
        return web.json_response({})

    # ------------------------------------------------------------ inside

    def _run(self, request: web.Request) -> Run:
        return self._runs.of(self._user(request), request.match_info["name"])

    def _check(self, request: web.Request) -> None:
        """Whether version and bundle are those that the client has in mind."""
        version, bundle = request.query.get("version", ""), request.query.get("bundle", "")
        if version != __version__:
            raise RefusalError(
                409, "version", f"the server has GuideGen {__version__}, you have {version:.20}",
                "install the server's version here, or have the server brought up to date",
            )  # fmt: skip
        if bundle not in ("", self._bundle.identity):
            raise RefusalError(
                409, "bundle",
                f"the server has the model {self._bundle.name} (sha256 {self._bundle.identity[:12]}...), not the "
                f"wanted one ({bundle[:12]}...)",
                "name no model to take the server's own, or have the server started with `--bundle` of yours",
            )  # fmt: skip


def _number(request: web.Request) -> int:
    text = request.query.get("after", "0")
    return int(text) if re.fullmatch(r"\d{1,15}", text) else 0


def _refused(status: int, message: str, remedy: str) -> web.Response:
    text = json.dumps({"message": message, "remedy": remedy})
    return web.Response(status=status, text=text, content_type="application/json")
