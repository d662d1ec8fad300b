"""What goes through the front to a session and back: whole, streamed, with the secret, up to the limit."""

import asyncio
import hashlib
import json
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from GuideGenLib.web.server.proxy import SECRET_HEADER
from Testing.web.fronts import Visitor, folders, in_own_loop, running, until

pytestmark = pytest.mark.usefixtures("temporary")
MEGABYTE = 2**20


async def pieces(count: int, size: int = 2**16) -> AsyncIterator[bytes]:
    """A body without a length."""
    for number in range(count):
        yield bytes([number % 256]) * size


async def last(file: Path) -> int:
    """The number in a file, once it stays the same."""
    seen: list[str] = []
    while len(seen) < 20 or len(set(seen[-20:])) > 1:
        seen.append(file.read_text())
        await asyncio.sleep(0.01)
    return int(seen[-1] or 0)


@in_own_loop
async def test_requests_arrive_with_the_secret_and_without_what_is_the_fronts_own() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        response = await visitor.get(
            "/about?x=%C3%BC%20%2F",
            headers={"X-Of-Page": "kept", SECRET_HEADER: "guessed", "Connection": "X-Mine, close", "X-Mine": "1"},
        )
        told = json.loads(await response.text())
        headers = {name.lower(): value for name, value in told["headers"].items()}
        assert told["path"] == "/about?x=%C3%BC%20%2F"
        assert len(headers[SECRET_HEADER.lower()]) > 30 and headers["x-of-page"] == "kept"
        assert "cookie" not in headers and "x-mine" not in headers
        assert "X-Hop" not in response.headers, "what the process said of its own connection"


@in_own_loop
async def test_a_session_refuses_who_does_not_come_through_the_front() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        (session,) = front.sessions
        async with visitor.client.get(f"http://127.0.0.1:{session.child.port}/about") as response:
            assert response.status == 403


@in_own_loop
async def test_temporary_files_of_a_session_lie_in_its_folder() -> None:
    async with running() as front, Visitor(front) as visitor:
        told = await visitor.open()
        assert Path(told["temporary"]).parent == folders()[0].resolve()


@in_own_loop
async def test_uploads_arrive_whole_with_and_without_a_length() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        body = os.urandom(3 * MEGABYTE + 1)
        told = await (await visitor.post("/upload", data=body)).json()
        assert told == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        told = await (await visitor.post("/upload", data=pieces(20))).json()
        assert told["size"] == 20 * 2**16
        assert (await (await visitor.post("/upload", data=b"")).json())["size"] == 0


@in_own_loop
async def test_uploads_beyond_the_limit_are_refused_by_their_length_and_cut_without_one() -> None:
    async with running(max_upload_bytes=MEGABYTE) as front, Visitor(front) as visitor:
        await visitor.open()
        assert (await visitor.post("/upload", data=bytes(MEGABYTE))).status == 200
        response = await visitor.post("/upload", data=bytes(MEGABYTE + 1))
        assert response.status == 413 and "more than the 1 MB" in await response.text()
        assert (await visitor.post("/upload", data=pieces(16))).status == 200
        assert (await visitor.post("/upload", data=pieces(17))).status == 413
        assert (await visitor.home()).status == 200, "the session goes on"


@in_own_loop
async def test_a_download_is_streamed_and_not_held_in_memory() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with visitor.client.get(f"{visitor.origin}/big?mb=300") as response:
            assert response.content_length == 300 * MEGABYTE
            first = await response.content.readexactly(MEGABYTE)
            written = folders()[0] / "tmp" / "written"
            assert await last(written) < 100, "the process waits for the browser"
            size = len(first)
            async for chunk in response.content.iter_any():
                size += len(chunk)
        assert size == 300 * MEGABYTE
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown_kib < 100 * 1024


@in_own_loop
async def test_a_download_whose_browser_went_away_is_ended() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        (session,) = front.sessions
        async with visitor.client.get(f"{visitor.origin}/big?mb=300") as response:
            await response.content.readexactly(MEGABYTE)
            assert session.in_use
            response.close()
        await until(lambda: not session.in_use, "the front notices")


@in_own_loop
async def test_a_websocket_carries_text_and_large_binary_messages_both_ways() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        socket = await visitor.socket()
        large = os.urandom(20 * MEGABYTE)
        await socket.send_str("grüße 名")
        await socket.send_bytes(large)
        assert await socket.receive_str() == "grüße 名"
        assert await socket.receive_bytes() == large


@in_own_loop
async def test_requests_without_a_session_are_told_to_reload_and_start_none() -> None:
    async with running() as front, Visitor(front) as visitor:
        for method, path in (("GET", "/about"), ("HEAD", "/"), ("POST", "/upload")):
            response = await visitor.ask(method, path, headers={"Origin": visitor.origin})
            assert response.status == 410
        response = await visitor.get("/ws", headers={"Upgrade": "websocket", "Origin": visitor.origin})
        assert response.status == 410
        assert not folders()
