"""A session's process as the front expects it, with an echo instead of a page. `--fault` says how it misbehaves."""

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

MEGABYTE = b"GuideGen" * (2**20 // 8)


def main() -> None:
    """Serve until stdin ends."""
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--kept", type=Path, default=None)
    options.add_argument("--fault", default="")
    options.add_argument("--language", required=True)
    arguments = options.parse_args()
    folder, fault = arguments.folder, arguments.fault
    print("the fake session begins", file=sys.stderr, flush=True)
    if fault == "no start":
        sys.exit("the library <torch> is missing")
    if fault == "no opengl":
        print("\x1b[33mWARN| libOSMesa not found.\x1b[0m", file=sys.stderr, flush=True)
        os.abort()
    if fault == "no port":
        print("hello", flush=True)
    (folder / "scene.txt").write_text("a patient")
    if arguments.kept is not None:
        (arguments.kept / "now.mrb").write_text("work")
    asyncio.run(serve(folder, fault, arguments.language))


async def serve(folder: Path, fault: str, language: str) -> None:
    """The contract: a free port, told on stdout; the secret asked of everybody; the end with stdin."""
    application = web.Application(client_max_size=2**30, middlewares=[only_the_front])
    application["language"] = language
    application["helper"] = subprocess.Popen(["sleep", "600"])  # a child of the child, which must go, too
    application.router.add_get("/", page)
    application.router.add_get("/about", about)
    application.router.add_get("/big", big)
    application.router.add_get("/die", die)
    application.router.add_get("/ws", echo)
    application.router.add_post("/upload", upload)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    while fault == "slow" and not (folder.parent / "go").exists():
        await asyncio.sleep(0.01)
    if fault != "no answer":
        print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    while fault == "no end":
        await asyncio.sleep(1)


@web.middleware
async def only_the_front(request: web.Request, handler: Any) -> web.StreamResponse:
    """As the real one refuses others."""
    if request.headers.get("X-GuideGen-Secret") != os.environ["GUIDEGEN_WEB_SECRET"]:
        raise web.HTTPForbidden
    return await handler(request)


async def page(request: web.Request) -> web.Response:
    """A page that opens its websocket and sends what it is told, as the real one."""
    text = """<!doctype html><title>GuideGen</title><link rel="icon" href="data:,"><p id="said">waits</p><script>
    const socket = new WebSocket(`ws://${location.host}/ws`)
    socket.onopen = () => socket.send("hello")
    socket.onmessage = (event) => { document.getElementById("said").textContent = event.data }
    </script>"""
    return web.Response(text=text, content_type="text/html")


async def about(request: web.Request) -> web.Response:
    """Who it is and what arrived."""
    helper = request.app["helper"].pid
    told = {"pid": os.getpid(), "helper": helper, "temporary": os.environ["TMPDIR"], "path": request.raw_path}
    told["language"] = request.app["language"]
    return web.json_response({**told, "headers": dict(request.headers)}, headers={"Connection": "X-Hop", "X-Hop": "1"})


async def big(request: web.Request) -> web.StreamResponse:
    """`?mb=` megabytes, as fast as they are taken; `written` tells how many left so far."""
    size = int(request.query["mb"])
    response = web.StreamResponse(headers={"Content-Length": str(size * 2**20)})
    await response.prepare(request)
    for number in range(size):
        (Path(os.environ["TMPDIR"]) / "written").write_text(str(number))
        await response.write(MEGABYTE)
    return response


async def die(request: web.Request) -> web.Response:
    """As by a crash in the middle of an answer."""
    print("segmentation fault <here>", file=sys.stderr, flush=True)
    os.abort()


async def upload(request: web.Request) -> web.Response:
    """Length and hash of what arrived."""
    digest, size = hashlib.sha256(), 0
    async for chunk in request.content.iter_any():
        digest.update(chunk)
        size += len(chunk)
    return web.json_response({"size": size, "sha256": digest.hexdigest()})


async def echo(request: web.Request) -> web.WebSocketResponse:
    """What comes, goes back."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is web.WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


if __name__ == "__main__":
    main()
