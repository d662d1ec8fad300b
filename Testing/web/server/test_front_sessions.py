"""When a session is over, by a clock that the tests move."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from GuideGenLib.web.server import sessions
from GuideGenLib.web.server.sessions import FullError, Session, Sessions
from GuideGenLib.web.server.times import Times
from Testing.web.fronts import in_own_loop

TIMES = Times()


class Clock:
    """Seconds since the session's process was ready."""

    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def session(clock: Clock) -> Session:
    """Ready; its page was sent at 0 s."""
    child: Any = SimpleNamespace(settled=asyncio.Event(), gone=asyncio.Event())
    child.settled.set()
    session = Session("one", child, TIMES)
    session.visit()
    return session


@pytest.fixture
def page(session: Session, clock: Clock) -> Callable[[float, float], None]:
    """`page(opened, closed)`: a page's websocket from then to then."""

    def live(opened: float, closed: float) -> None:
        clock.now = opened
        with session.connected():
            clock.now = closed

    return live


def end(session: Session) -> float:
    """The first tenth of a second at which it is over."""
    return next(tenth / 10 for tenth in range(100_000) if session.over(tenth / 10))


def test_a_page_that_never_opens_its_websocket_has_a_minute(session: Session) -> None:
    assert end(session) == pytest.approx(60.1)


def test_a_session_that_nobody_came_back_for_has_a_minute_from_its_start(session: Session, clock: Clock) -> None:
    unvisited = Session("two", session.child, TIMES)
    assert not unvisited.over(1000.0)
    assert not unvisited.over(1059.0) and unvisited.over(1061.0)


def test_a_session_that_still_starts_is_not_over(session: Session) -> None:
    session.child.settled.clear()
    assert not session.over(1e6)


def test_a_page_that_was_left_leaves_ten_minutes(session: Session, page: Callable[..., None]) -> None:
    page(1.0, 100.0)
    assert end(session) == pytest.approx(700.1)


def test_of_two_pages_the_last_one_counts(session: Session, page: Callable[..., None], clock: Clock) -> None:
    with session.connected():
        page(1.0, 50.0)
        assert not session.over(10_000.0), "the other page is open"
        clock.now = 100.0
    assert end(session) == pytest.approx(700.1)


def test_a_download_keeps_the_session_after_its_page(session: Session, page: Callable[..., None], clock: Clock) -> None:
    page(1.0, 2.0)
    with session.busy():
        clock.now = 800.0
        assert not session.over(800.0)
    assert session.over(800.0)


class FakeChild:
    """A process that is ready at once and ends when it is told to."""

    def __init__(self, id: str, language: str) -> None:
        self.settled, self.gone = asyncio.Event(), asyncio.Event()
        self.settled.set()

    async def end(self) -> None:
        self.gone.set()


@in_own_loop
async def test_who_comes_when_all_are_taken_gets_the_place_of_a_page_that_was_left(clock: Clock) -> None:
    sessions = Sessions(FakeChild, 2, TIMES)  # type: ignore[arg-type]
    used, broken = sessions.open(), sessions.open()
    for session in (used, broken):
        session.visit()
    with used.connected():
        clock.now = 5.0
        with broken.connected():
            clock.now = 10.0
            with pytest.raises(FullError):
                sessions.open()
        clock.now = 10.0 + TIMES.reload_s - 1
        with pytest.raises(FullError):  # it may be reloading
            sessions.open()
        clock.now = 10.0 + TIMES.reload_s + 1
        newcomer = sessions.open()
    assert sessions.find(broken.id) is None
    assert sessions.find(used.id) is used and sessions.find(newcomer.id) is newcomer
    await sessions.close()


@in_own_loop
async def test_nobody_gives_way_while_all_are_looked_at(clock: Clock) -> None:
    sessions = Sessions(FakeChild, 1, TIMES)  # type: ignore[arg-type]
    only = sessions.open()
    only.visit()
    with only.connected():
        clock.now = 5000.0
        with pytest.raises(FullError):
            sessions.open()
    await sessions.close()
