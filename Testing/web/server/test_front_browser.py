"""The front with a real browser before it and fake sessions behind it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from Testing.web.conftest import PATIENCE_MS
from Testing.web.fronts import PATIENCE_S, folders, running_aside

pytestmark = pytest.mark.usefixtures("temporary")
PageAt = Callable[..., Any]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


def session_of(page: Any) -> int:
    """Which process the page belongs to, once its websocket works."""
    page.get_by_text("hello").wait_for(timeout=PATIENCE_MS)
    return int(page.evaluate("fetch('/about').then(answer => answer.json()).then(told => told.pid)"))


def test_reload_back_and_a_second_page_find_the_session_which_ends_after_the_last(
    page_at: PageAt,
) -> None:
    with running_aside(times={"grace_s": 3.0}) as front:
        page = page_at(front.address)
        first = session_of(page)
        page.reload()
        assert session_of(page) == first
        page.goto(front.address + "nothing")
        page.go_back()
        assert session_of(page) == first
        second = page.context.new_page()
        second.goto(front.address)
        assert session_of(second) == first, "two pages of one browser show one session"
        second.close(run_before_unload=True)
        page.close(run_before_unload=True)
        wait_for(lambda: not folders(), "the session ends")


def test_the_page_that_waits_needs_no_script(page_at: PageAt, picture: Callable[[Any, str], None]) -> None:
    with running_aside("slow", {"poll_s": 1.0}) as front:
        page = page_at(front.address, java_script_enabled=False)
        picture(page, "web-starting")
        (folders()[0].parent / "go").touch()
        page.get_by_text("waits").wait_for()


def test_the_token_opens_the_page_and_leaves_the_address_bar(page_at: PageAt) -> None:
    with running_aside(host="0.0.0.0") as front:
        page = page_at(front.address)
        session_of(page)
        assert page.url == front.address.split("?")[0]
        stranger = page_at(page.url)
        stranger.get_by_text("This address needs its token").wait_for()


def test_a_link_on_another_site_leads_to_the_session_that_is_open(browser: Any) -> None:
    with running_aside() as other_site, running_aside() as front:
        context = browser.new_context()
        page, elsewhere = context.new_page(), context.new_page()
        page.goto(front.address)
        first = session_of(page)
        elsewhere.goto(other_site.address.replace("127.0.0.1", "localhost"))
        session_of(elsewhere)
        elsewhere.evaluate("address => { location.href = address }", front.address)
        elsewhere.wait_for_url(front.address)
        assert session_of(elsewhere) == first
        context.close()


def test_pages_of_trouble_have_their_reason_and_a_way_out(page_at: PageAt, picture: Callable[[Any, str], None]) -> None:
    with running_aside("no start", max_sessions=1) as front:
        page = page_at(front.address)
        page.get_by_text("GuideGen could not start").wait_for()
        page.get_by_text("Last lines of the log").click()
        page.get_by_text("the fake session begins").wait_for()
        picture(page, "web-failed")
        page.get_by_text("Try again").click()
        page.get_by_text("Last lines of the log").wait_for()
    with running_aside(max_sessions=1) as front:
        session_of(page_at(front.address))
        page = page_at(front.address)
        page.get_by_text("GuideGen is in use").wait_for()
        picture(page, "web-full")
