"""Requests and websockets handed on to a session's process and back, nothing held in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    WSMessage,
    WSMsgType,
    hdrs,
    web,
)
from multidict import CIMultiDict
from yarl import URL

SECRET_HEADER = "X-GuideGen-Secret"
HOP_BY_HOP = frozenset(
    name.lower()
    for name in (
        hdrs.CONNECTION,
        hdrs.KEEP_ALIVE,
        hdrs.PROXY_AUTHENTICATE,
        hdrs.PROXY_AUTHORIZATION,
        "Proxy-Connection",
        hdrs.TE,
        hdrs.TRAILER,
        hdrs.TRANSFER_ENCODING,
        hdrs.UPGRADE,
    )
)
OURS = frozenset(name.lower() for name in (hdrs.HOST, hdrs.COOKIE, hdrs.EXPECT, SECRET_HEADER))
"""Of a request: they are between the browser and the front."""
CHUNK = 1 << 16


class Body:
    """A request's body as it comes, ended by an error when it is longer than `limit` bytes."""

    def __init__(self, request: web.Request, limit: int) -> None:
        self.too_large = False
        self._content, self._limit = request.content, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > self._limit:
                self.too_large = True
                raise ValueError("the body is longer than the limit")
            yield chunk


class Proxy:
    """The front's way to its sessions. limit: bytes of a request's body; heartbeat_s: between pings on a websocket.

    Its methods raise aiohttp.ClientError when the process does not answer.
    """

    def __init__(self, limit: int, heartbeat_s: float) -> None:
        self._limit, self._heartbeat_s = limit, heartbeat_s
        self._client = ClientSession(
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=None, sock_connect=10),
            trust_env=False,
        )

    async def close(self) -> None:
        """No request is possible after it."""
        await self._client.close()

    async def forward(self, request: web.Request, port: int, secret: str) -> web.StreamResponse:
        """Hand a request on and stream its answer."""
        if (request.content_length or 0) > self._limit:
            return self._too_large()
        body = Body(request, self._limit)
        headers = _end_to_end(request.headers, OURS)
        headers[SECRET_HEADER] = secret
        try:
            upstream = await self._client.request(
                request.method,
                URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True),
                headers=headers,
                data=body if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
            )
        except ClientError:
            if body.too_large:
                return self._too_large()
            raise
        async with upstream:
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
            response.headers.update(_end_to_end(upstream.headers))
            await response.prepare(request)
            try:
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            except ClientError:
                if request.transport is not None:
                    request.transport.abort()  # the browser must see that this is not the whole answer
        return response

    async def forward_socket(self, request: web.Request, port: int, secret: str) -> web.WebSocketResponse:
        """Join a websocket with one of the process until either ends."""
        protocols = [p.strip() for p in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",") if p.strip()]
        url = URL(f"ws://127.0.0.1:{port}{request.raw_path}", encoded=True)
        async with self._client.ws_connect(
            url, protocols=protocols, headers={SECRET_HEADER: secret}, max_msg_size=0
        ) as inner:
            outer = web.WebSocketResponse(
                protocols=[inner.protocol] if inner.protocol else (),
                heartbeat=self._heartbeat_s,
                max_msg_size=0,
                compress=False,  # pictures are, already
            )
            await outer.prepare(request)
            ways = {asyncio.create_task(_hand_on(outer, inner)), asyncio.create_task(_hand_on(inner, outer))}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                await outer.close()
        return outer

    def _too_large(self) -> web.Response:
        text = (
            f"This is more than the {self._limit / 2**20:g} MB that may be sent. `--max-upload-mb` of `guidegen web` "
        )
        return web.Response(status=413, text=text + "raises the limit.\n")


async def _hand_on(source: Any, target: "web.WebSocketResponse | ClientWebSocketResponse") -> None:
    """Messages of one websocket to the other, until one of them ends."""
    message: WSMessage
    try:
        async for message in source:
            if message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            else:
                return
    except (ConnectionError, ClientError):
        return  # the other end has gone


def _end_to_end(headers: Mapping[str, str], without: frozenset[str] = frozenset()) -> CIMultiDict[str]:
    """The headers that are not of one connection alone."""
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    dropped = HOP_BY_HOP | without | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
