"""Which frames are drawn and sent, and in what order; no window, no browser."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from trame_rca.encoders import RcaImageEncoder

from GuideGenLib.web.views.frames import FPS, OTHER_FPS, REST_S, FrameScheduler
from Testing.web.views_stage import own_loop, run_until

PAST_REST_S = 3 * REST_S


class Window:
    """Of one view: a grey picture, `_iren` included, as trame_slicer's has it."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told, self.grey = name, told, 10
        self._iren = self
        self.resize: Callable[..., None] = lambda *_: None

    def AddObserver(self, event: str, told: Callable[..., None]) -> None:  # noqa: N802
        assert event == "WindowResizeEvent"
        self.resize = told

    @property
    def img_cols_rows(self) -> tuple[np.ndarray, int, int]:
        self.told.append(f"draw {self.name}")
        return np.full((6, 8, 3), self.grey, np.uint8), 8, 6

    def process_resize_event(self, width: int, height: int) -> None: ...
    def process_interaction_event(self, event: dict[str, Any]) -> None: ...


@pytest.fixture
def told() -> list[str]:
    """What was drawn and sent, in order."""
    return []


@pytest.fixture
def view(told: list[str]) -> Iterator[Callable[..., tuple[Window, FrameScheduler]]]:
    """`view(name, fps)` makes a window and what draws it."""
    made: list[FrameScheduler] = []

    def make(name: str, fps: float = FPS) -> tuple[Window, FrameScheduler]:
        window = Window(name, told)
        scheduler = FrameScheduler(window, target_fps=fps)
        scheduler.set_push_callback(lambda content, meta: told.append(f"send {name} {meta['type']}"))
        made.append(scheduler)
        told.clear()
        return window, scheduler

    with own_loop():
        yield make
        for scheduler in made:
            asyncio.get_event_loop().run_until_complete(scheduler.close())


def wait(seconds: float) -> None:
    asyncio.get_event_loop().run_until_complete(asyncio.sleep(seconds))


def test_a_frame_is_sent_before_the_next_view_is_drawn_and_that_under_the_mouse_is_the_first(
    view: Callable[..., Any], told: list[str]
) -> None:
    views = [view("coronal", OTHER_FPS), view("axial", FPS), view("sagittal", OTHER_FPS)]
    for _, scheduler in views:
        scheduler.schedule_render()

    def quick() -> list[str]:
        return [one for one in told if not one.endswith("png")]  # a slow machine sends views at rest meanwhile

    run_until(lambda: len(quick()) == 6)
    assert quick() == [
        "draw axial", "send axial image/jpeg", "draw coronal", "send coronal image/jpeg",
        "draw sagittal", "send sagittal image/jpeg",
    ]  # fmt: skip


def test_a_view_at_rest_is_sent_once_more_without_loss_and_not_drawn_for_it(
    view: Callable[..., Any], told: list[str]
) -> None:
    _, scheduler = view("axial")
    scheduler.schedule_render()
    wait(PAST_REST_S)
    assert told == ["draw axial", "send axial image/jpeg", "send axial image/png"]


def test_a_frame_that_the_page_shows_is_not_sent_again(view: Callable[..., Any], told: list[str]) -> None:
    window, scheduler = view("axial")
    scheduler.schedule_render()
    wait(PAST_REST_S)
    told.clear()
    scheduler.schedule_render()
    wait(PAST_REST_S)
    assert told == ["draw axial"]
    window.grey = 20
    scheduler.schedule_render()
    wait(PAST_REST_S)
    assert told[1:] == ["draw axial", "send axial image/jpeg", "send axial image/png"]


def test_a_page_that_shows_the_view_anew_is_sent_its_frame(view: Callable[..., Any], told: list[str]) -> None:
    window, scheduler = view("axial")
    scheduler.schedule_render()
    wait(PAST_REST_S)
    told.clear()
    window.resize()
    scheduler.schedule_render()
    run_until(lambda: len(told) == 2)
    assert told == ["draw axial", "send axial image/jpeg"]


def test_a_late_sharp_frame_is_not_shown_over_a_newer_one(
    view: Callable[..., Any], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, scheduler = view("axial")
    loop = asyncio.get_event_loop()
    late, at_once = [], loop.run_in_executor

    def held(pool: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        if call != RcaImageEncoder.PNG.encode:  # what tests before left to do goes on
            return at_once(pool, call, *arguments)
        late.append(loop.create_future())
        return late[-1]

    with monkeypatch.context() as patch:
        patch.setattr(loop, "run_in_executor", held)
        scheduler.schedule_render()
        run_until(lambda: bool(late))
    window.grey = 20
    scheduler.schedule_render()
    run_until(lambda: told.count("send axial image/jpeg") == 2)
    late[0].set_result((b"", {"type": "image/png"}, 0))
    wait(0.01)
    assert "send axial image/png" not in told
