"""A real browser for the page, and the rule that its pages ask nobody but their own server."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

WIDTH, HEIGHT = 1280, 720
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")  # a container's root and its small /dev/shm
PATIENCE_MS = 60_000
"""Until a page's element is given up; a busy machine draws slowly."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window, one for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Debian's package chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def page_at(browser: Any) -> Iterator[Callable[..., Any]]:
    """`page_at(url)` opens a playwright page of 1280 x 720 in a profile of its own.

    Other options go to `new_context`. The test fails if one of its pages asked another host than that of its url, broke
    the server's content policy, or raised an error that it did not catch.
    """
    problems: list[str] = []
    with ExitStack() as contexts:

        def open_page(url: str, **options: Any) -> Any:
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, **options)
            contexts.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            watch(context, url, problems)
            page = context.new_page()
            page.goto(url)
            return page

        yield open_page
    assert not problems, problems


def watch(context: Any, url: str, problems: list[str]) -> None:
    """Collect what the pages of a context must not do; `url` is their server's."""
    own = urlsplit(url).netloc

    def ask(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != own:
            problems.append(f"asked another host: {address}")

    def say(message: Any) -> None:
        if re.search("Content Security Policy", message.text):
            problems.append(message.text)

    context.on("request", lambda request: ask(request.url))
    context.on("page", lambda page: page.on("websocket", lambda socket: ask(socket.url)))
    context.on("console", say)
    context.on("weberror", lambda error: problems.append(f"uncaught in the page: {error.error}"))


@pytest.fixture
def picture() -> Callable[[Any, str], None]:
    """`picture(page, name)` keeps a picture of a page where GUIDEGEN_ARTEFACTS says."""

    def keep(page: Any, name: str) -> None:
        folder = os.environ.get("GUIDEGEN_ARTEFACTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return keep
