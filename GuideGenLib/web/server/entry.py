"""What a browser asks for before the page itself comes: the document that loads it, and where its websocket is.

trame's own document has the framework's name and forbids zooming; its client first asks a launcher, which is not there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

TITLE = "GuideGen"
DESCRIPTION = "A sentence about a patient becomes an editable anatomy and a CT of it."
ADDRESS = "ws://USE_HOST/ws"
"""trame's client puts in the host that the browser knows, and wss where the page came by https."""


ASK_BEFORE_LEAVING = """<script>
window.addEventListener('beforeunload', (event) => {
  if (!window.trame?.state.get('keep_unsaved')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
});
</script>"""
"""First of all listeners: trame's would close the connection, also of who is asked and stays."""


def add_entry(application: Any) -> None:
    """Routes of the document and of the launcher's answer (aiohttp.web.Application)."""
    from aiohttp import web

    text = document()

    async def send_document(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    async def tell_address(_: web.Request) -> web.Response:
        return web.json_response({"sessionURL": ADDRESS})

    application.router.add_get("/", send_document)
    application.router.add_get("/index.html", send_document)
    application.router.add_post("/paraview/", tell_address)


def document() -> str:
    """trame's document with our name, with zooming allowed, and with a question before work is left."""
    from trame_client.module import vue3

    text = (Path(vue3.www) / "index.html").read_text(encoding="utf-8")
    for pattern, ours in (
        (r"(?s)<title>.*?</title>", f"<title>{TITLE}</title>"),
        (r"width=device-width[^\"]*", "width=device-width,initial-scale=1"),
        (r"Application built with trame[^\"]*", DESCRIPTION),
        (r'(?s)<meta\s+name="keywords".*?/>', ""),
        (r"</head>", f"{ASK_BEFORE_LEAVING}</head>"),
        (r"(?s)<noscript>.*?</noscript>", f"<noscript>{TITLE} needs JavaScript.</noscript>"),
    ):
        text, count = re.subn(pattern, ours, text)
        assert count == 1, f"trame's document has {count} of {pattern}"
    return text
