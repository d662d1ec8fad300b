"""One session's process: `python -m GuideGenLib.web.server.session`, started by the front server alone.

The first line on stdout is JSON with the port on 127.0.0.1; everything else goes to stderr. When stdin ends, the front
is gone or the session is over: the worker ends and the process with it.
"""

from __future__ import annotations

import argparse
import gc
import hmac
import json
import os
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SECRET_VARIABLE, SECRET_HEADER = "GUIDEGEN_WEB_SECRET", "X-GuideGen-Secret"


def main() -> None:
    """Serve one user until stdin ends."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, required=True, help="private folder of the session")
    options.add_argument("--kept", type=Path, default=None, help="folder of the browser's autosaved work")
    options.add_argument("--bundle", type=Path, default=None)
    options.add_argument("--device", default="auto")
    options.add_argument("--max-upload-mb", type=int, default=2048)
    options.add_argument("--cases", type=Path, default=None)
    options.add_argument("--server", default=None, help="what makes the volumes; its token is in the environment")
    options.add_argument("--language", default="en")
    args = options.parse_args()
    answers = _take_stdout()
    os.environ["WSLINK_READY_MSG"] = ""
    os.environ["WSLINK_MAX_MSG_SIZE"] = str(64 * 2**20)

    from trame.app import get_server
    from trame_server.utils.asynchronous import create_task

    from GuideGenLib.remote.client import Address
    from GuideGenLib.remote.client.address import read_token
    from GuideGenLib.web.app import WebApp
    from GuideGenLib.workflow.words import speak

    speak(args.language)
    server = get_server(client_type="vue3")
    server.cli.parse_known_args([])
    remote = None if args.server is None else Address.of(args.server, read_token(None))
    app = WebApp(server, args.folder, args.bundle, args.device, args.max_upload_mb, args.cases, args.kept, remote)
    secret = os.environ.pop(SECRET_VARIABLE, "")

    @server.controller.add("on_server_bind")
    def _guard(wslink_server: Any) -> None:
        wslink_server.app.middlewares.append(_only_with(secret))
        app.add_routes(wslink_server.app)
        app.keep.watched = lambda: any(handler.connections for handler in wslink_server._ws_handlers)

    @server.controller.add("on_server_ready")
    def _announce(**_: Any) -> None:
        create_task(app.keep.watch())
        _settle()
        os.write(answers, json.dumps({"port": server.port}).encode() + b"\n")
        threading.Thread(target=_end_with_stdin, args=(app,), name="stdin", daemon=True).start()

    server.start(port=0, host="127.0.0.1", open_browser=False, show_connection_info=False, timeout=0, argv=[])


def _settle() -> None:
    """What else an answer would wait for: a look at all objects that stay (50 ms each time), and the grammar, whose
    patterns are made at the first text (300 ms)."""
    from GuideGenLib.description.understanding import understand

    gc.collect()
    gc.freeze()
    threading.Thread(target=understand, args=("A man with a tumor in the liver.",), name="grammar", daemon=True).start()


def _take_stdout() -> int:
    """A descriptor of the real stdout; prints go to stderr from here on."""
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def _only_with(secret: str) -> Any:
    """A middleware that refuses requests without the secret: only the front may ask."""
    from aiohttp import web

    @web.middleware
    async def guard(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
        told = request.headers.get(SECRET_HEADER, "")
        if secret and not hmac.compare_digest(told.encode(), secret.encode()):
            raise web.HTTPForbidden(text="This address is not for browsers: open the one that `guidegen web` printed.")
        return await handler(request)

    return guard


def _end_with_stdin(app: Any) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    app.close()
    shutil.rmtree(app.workspace.folder, ignore_errors=True)  # the front does it, too, unless it was killed
    os._exit(0)


if __name__ == "__main__":
    main()
