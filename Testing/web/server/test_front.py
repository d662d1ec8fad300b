"""Sessions: one a browser, kept over a reload, ended when nobody will come back, and never left behind."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from socket import SHUT_RDWR

import pytest

from Testing.web.fronts import PATIENCE_S, SHORT, Visitor, alive, folders, in_own_loop, running, until

pytestmark = pytest.mark.usefixtures("temporary")


@in_own_loop
async def test_each_browser_has_a_process_and_a_folder_of_its_own() -> None:
    async with running() as front, Visitor(front) as one, Visitor(front) as other:
        first, second = await one.open(), await other.open()
        assert first["pid"] != second["pid"]
        assert len(folders()) == 2
        assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders()), "for this user alone"


@in_own_loop
async def test_the_first_answer_is_a_page_that_asks_again_by_itself() -> None:
    async with running() as front, Visitor(front) as visitor:
        response = await visitor.get()
        assert response.status == 202
        assert re.search(r'http-equiv="refresh" content="0; url=/"', await response.text())
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("guidegen_session_") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert (await visitor.home()).status == 200


@in_own_loop
async def test_who_waits_for_a_slow_start_is_answered_meanwhile() -> None:
    async with running("slow", {"poll_s": 0.05}) as front, Visitor(front) as visitor:
        for _ in range(3):
            assert (await visitor.get()).status == 202
        assert (await visitor.get("/about")).status == 410
        (folders()[0].parent / "go").touch()
        assert (await visitor.home()).status == 200


@in_own_loop
async def test_a_reload_keeps_the_session() -> None:
    async with running() as front, Visitor(front) as visitor:
        before = await visitor.open()
        for _ in range(2):
            await (await visitor.socket()).close()
            after = await visitor.open()
            assert after["pid"] == before["pid"]


@in_own_loop
async def test_a_page_that_was_left_keeps_the_session_for_the_grace() -> None:
    async with running() as front, Visitor(front) as visitor:
        told = await visitor.open()
        (session,) = front.sessions
        socket = await visitor.socket()
        assert session.in_use
        socket.get_extra_info("socket").shutdown(SHUT_RDWR)
        await until(lambda: not session.in_use, "the front notices")
        now = time.monotonic()
        assert not session.over(now + SHORT.grace_s - 1) and session.over(now + SHORT.grace_s + 1)
        assert (await visitor.open())["pid"] == told["pid"]


@in_own_loop
async def test_a_browser_that_answers_no_ping_is_taken_for_lost() -> None:
    async with running(times={"heartbeat_s": 0.1}) as front, Visitor(front) as visitor:
        told = await visitor.open()
        (session,) = front.sessions
        await visitor.socket(autoping=False)
        await until(lambda: not session.in_use, "the front notices")
        assert (await visitor.open())["pid"] == told["pid"]


@in_own_loop
async def test_after_the_grace_a_session_ends_with_all_its_processes_and_files() -> None:
    async with running(times={"grace_s": 0.2, "unopened_s": 0.2}) as front, Visitor(front) as visitor:
        told = await visitor.open()
        await (await visitor.socket()).close()
        await until(lambda: not alive(told["pid"]) and not alive(told["helper"]), "the processes go")
        await until(lambda: not folders(), "the folder goes")
        assert (await visitor.open())["pid"] != told["pid"], "the next visit starts a new one"


@in_own_loop
async def test_what_a_session_saved_goes_to_the_next_one_of_the_same_browser_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    times = {"grace_s": 0.2, "unopened_s": 0.2}
    async with running(times=times, kept=kept) as front, Visitor(front) as visitor, Visitor(front) as other:
        told = await visitor.open()
        (place,) = kept.iterdir()
        assert place.stat().st_mode & 0o077 == 0, "for this user alone"
        assert all(session.id not in place.name for session in front.sessions)
        await (await visitor.socket()).close()
        await until(lambda: not alive(told["pid"]), "the session ends")
        await visitor.open()
        assert list(kept.iterdir()) == [place] and (place / "now.mrb").read_text() == "work"
        await other.open()
        assert len(list(kept.iterdir())) == 2


@in_own_loop
async def test_what_is_older_than_it_may_be_is_deleted_but_not_under_a_session(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (kept / "old").mkdir(parents=True)
    (kept / "old" / "now.mrb").write_text("of an earlier server")
    async with running(times={"keep_s": 0.1, "tidy_s": 0.05}, kept=kept) as front, Visitor(front) as visitor:
        await until(lambda: not (kept / "old").exists(), "the old one goes")
        await visitor.open()
        (place,) = kept.iterdir()
        await asyncio.sleep(0.3)
        assert (place / "now.mrb").is_file(), "its session goes on"


@in_own_loop
async def test_nothing_is_kept_where_that_is_not_wanted(tmp_path: Path) -> None:
    async with running(times={"keep_s": 0.0}, kept=tmp_path / "kept") as front, Visitor(front) as visitor:
        await visitor.open()
        assert not (tmp_path / "kept").exists()


@in_own_loop
async def test_a_session_whose_page_never_opened_a_websocket_ends() -> None:
    async with running(times={"unopened_s": 0.2}) as front, Visitor(front) as visitor:
        await visitor.get()
        await until(lambda: bool(folders()), "it starts")
        await until(lambda: not folders(), "it ends")


@in_own_loop
async def test_a_process_that_does_not_end_by_itself_is_killed_with_its_children() -> None:
    async with running("no end") as front, Visitor(front) as visitor:
        told = await visitor.open()
        await front.stop()
        assert not alive(told["pid"]) and not alive(told["helper"]) and not folders()


@in_own_loop
async def test_a_process_that_was_killed_is_told_of_once_and_a_new_session_works() -> None:
    async with running() as front, Visitor(front) as visitor:
        told = await visitor.open()
        socket = await visitor.socket()
        os.kill(told["pid"], signal.SIGKILL)
        await socket.receive()
        assert socket.closed, "the page hears of it"
        await until(lambda: not alive(told["helper"]) and not folders(), "nothing of it stays")
        assert (await visitor.get("/about")).status == 410
        page = await visitor.get()
        assert page.status == 500
        text = await page.text()
        assert "The session ended unexpectedly" in text and "lack of memory" in text and 'href="/"' in text
        assert "the fake session begins" in text.split("<details>")[1]
        assert (await visitor.open())["pid"] != told["pid"]


@in_own_loop
async def test_a_crash_in_the_middle_of_an_answer_is_told_of_with_the_log() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        assert (await visitor.get("/die")).status == 502
        text = await (await visitor.get()).text()
        assert "crashed (signal 6)" in text and "segmentation fault &lt;here&gt;" in text


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no start", "status 1: the library &lt;torch&gt; is missing"),
        ("no port", "told no port but &#x27;hello&#x27;"),
        ("no opengl", "install the system packages libegl1 and libgl1-mesa-dri"),
        ("no answer", "did not tell its port within 2 s"),
    ],
)
@in_own_loop
async def test_a_process_that_cannot_start_is_told_of_with_its_reason(fault: str, reason: str) -> None:
    async with running(fault, {"start_s": 2.0} if fault == "no answer" else None) as front, Visitor(front) as visitor:
        page = await visitor.home()
        text = await page.text()
        assert page.status == 500
        assert "GuideGen could not start" in text and reason in text and "the fake session begins" in text
        assert "\x1b" not in text
        assert not folders()
        assert (await visitor.get()).status == 202, "the next visit tries again"


@in_own_loop
async def test_a_program_that_is_not_there_is_told_of() -> None:
    async with running() as front, Visitor(front) as visitor:
        front.command = ("/no/such/python",)
        assert "No such file" in await (await visitor.home()).text()


@in_own_loop
async def test_a_disk_without_place_for_a_session_is_told_of(temporary: Path) -> None:
    async with running() as front, Visitor(front) as visitor:
        temporary.rmdir()
        page = await visitor.get()
        assert page.status == 500 and "its private folder cannot be made" in await page.text()


@in_own_loop
async def test_one_session_too_many_is_told_so_and_gets_the_place_of_a_page_that_was_left() -> None:
    async with running(max_sessions=1) as front, Visitor(front) as one, Visitor(front) as other:
        await one.open()
        socket = await one.socket()
        page = await other.get()
        assert page.status == 503 and "The one session of this server" in await page.text()
        assert len(folders()) == 1
        await socket.close()
        deadline = time.monotonic() + PATIENCE_S
        while (page := await other.home()).status == 503:
            assert time.monotonic() < deadline, "no place becomes free"
        assert page.status == 200


@in_own_loop
async def test_the_end_of_the_front_ends_all_sessions_those_that_start_included(temporary: Path) -> None:
    async with running() as front, Visitor(front) as one, Visitor(front) as other, Visitor(front) as third:
        processes = [await one.open(), await other.open()]
        await other.socket()
        await third.get()
        assert len(folders()) == 3
        await front.stop()
        assert not any(alive(told[name]) for told in processes for name in ("pid", "helper"))
        assert not list(temporary.iterdir())
