"""A learner takes a lesson in a real browser, with the mouse."""

import csv
import io
import json
import math
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright")

from GuideGenLib.cases.answers import add_learner, results_csv
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.lesson import Lesson, make_lesson
from GuideGenLib.cases.scoring import OUTLINE
from GuideGenLib.web.cases.learners import LEARN
from GuideGenLib.web.server.front import Front
from Testing.web.cases.conftest import secrets_of

pytestmark = pytest.mark.usefixtures("temporary")
TUMOUR_SLICES = {"axial": 36, "coronal": 38, "sagittal": 46}
RADIUS_MM = 20.0
READY = "number => document.body.dataset.ready === String(number)"


def spot(page: Any, view: str, across: float, down: float) -> tuple[float, float]:
    """Where a voxel of the phantom (64 x 56 x 96 of 6 mm) is on the screen, by the page's own rule: the whole scan as
    large as the view allows, in its middle; superior is up."""
    box = page.locator(f"#{view}").bounding_box()
    size = {"axial": (64, 56), "coronal": (64, 96), "sagittal": (56, 96)}[view]
    scale = min(box["width"] / size[0], box["height"] / size[1])
    down = down if view == "axial" else size[1] - 1 - down
    x = box["x"] + box["width"] / 2 + (across + 0.5 - size[0] / 2) * scale
    return x, box["y"] + box["height"] / 2 + (down + 0.5 - size[1] / 2) * scale


def scroll_to(page: Any, view: str, wanted: int) -> None:
    """Turn the wheel over a view until its slice is there."""
    box = page.locator(f"#{view}").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(100):
        at = int(page.get_attribute(f"#{view}-box", "data-slice"))
        if at == wanted:
            return
        page.mouse.wheel(0, -100 if at < wanted else 100)
        page.wait_for_function(
            "([view, at]) => document.getElementById(view + '-box').dataset.slice !== at", arg=[view, str(at)]
        )
    raise AssertionError(f"slice {wanted} of {view} was not reached")


def test_a_learner_points_measures_and_sees_the_finding_only_then(
    front: Front, catalogue: CaseCatalogue, lesson: Lesson, page_at: Any, picture: Any
) -> None:
    learner = add_learner(lesson, "Ana")
    page = page_at(f"http://127.0.0.1:{front.port}{LEARN}nobody/")
    received: list[Any] = []
    page.on("response", lambda answer: received.append(answer))
    page.goto(f"http://127.0.0.1:{front.port}{LEARN}{learner.token}/")
    page.wait_for_function(READY, arg=1)
    assert page.text_content("#count") == "Question 1 of 3" and page.is_disabled("#submit")
    scroll_to(page, "axial", TUMOUR_SLICES["axial"])
    page.mouse.click(*spot(page, "axial", 46, 38))
    assert page.get_attribute("#coronal-box", "data-slice") == "38", "the other views follow"
    picture(page, "learner-question")
    assert sorted(answer.url.rsplit("/", 1)[-1] for answer in received) == ["", "1", "lesson"]
    for answer in received:
        text = (answer.body().decode("latin-1") + json.dumps(answer.headers)).lower()
        told = [word for word in secrets_of(catalogue) if word.lower() in text]
        assert answer.url.endswith("/") or told == [], "the page itself knows no case"
    shown = page.locator("body").inner_text().lower()
    assert [word for word in secrets_of(catalogue) if word.lower() in shown] == []
    page.click("#submit")
    page.wait_for_selector("#result:not([hidden])")
    told = page.text_content("#result")
    assert "100 of 100 points" in told and "kidney tumor" in told and "58-year-old woman" in told
    picture(page, "learner-reveal")

    page.click("#next")
    page.wait_for_function(READY, arg=2)
    assert page.is_hidden("#result") and page.is_hidden("#nothing") and page.is_disabled("#submit")
    scroll_to(page, "axial", TUMOUR_SLICES["axial"])
    left, right = (spot(page, "axial", 46 + side * RADIUS_MM / 6, 38) for side in (-1, 1))
    page.mouse.move(*left)
    page.mouse.down()
    page.mouse.move(*right, steps=4)
    page.mouse.up()
    page.click("#submit")
    page.wait_for_selector("#result:not([hidden])")
    assert "You measured40 mm" in page.text_content("#result")
    picture(page, "learner-measure")

    page.click("#next")
    page.wait_for_function(READY, arg=3)
    page.click("#nothing")
    page.wait_for_selector("#result:not([hidden])")
    assert "nothing to find" in page.text_content("#result") and page.is_disabled("#next")
    assert page.text_content("#progress").startswith("3 of 3 answered")

    rows = list(csv.DictReader(io.StringIO(results_csv(lesson))))
    assert [row["points"] for row in rows[::2]] == ["1.000", "1.000"] and float(rows[1]["points"]) > 0.9
    page.reload()
    page.wait_for_function(READY, arg=1)
    assert "100 of 100 points" in page.text_content("#result"), "a reload shows the answer, which stays"
    page.mouse.click(*spot(page, "axial", 20, 20))
    assert page.is_disabled("#submit")


def test_a_learner_draws_an_outline(front: Front, catalogue: CaseCatalogue, page_at: Any, picture: Any) -> None:
    kidney, _ = catalogue.entries()
    lesson = make_lesson(catalogue.lessons, "Outlines", [(kidney, OUTLINE, "", "kidney_tumor")])
    page = page_at(f"http://127.0.0.1:{front.port}{LEARN}{add_learner(lesson, 'Ana').token}/")
    page.wait_for_function(READY, arg=1)
    assert page.is_hidden("#nothing") and page.is_disabled("#submit")
    scroll_to(page, "axial", TUMOUR_SLICES["axial"])
    angles = [2 * math.pi * step / 24 for step in range(25)]
    corners = [(46 + RADIUS_MM / 6 * math.cos(at), 38 + RADIUS_MM / 6 * math.sin(at)) for at in angles]
    page.mouse.move(*spot(page, "axial", *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*spot(page, "axial", *corner), steps=3)
    page.mouse.up()
    picture(page, "learner-outline")
    page.click("#submit")
    page.wait_for_selector("#result:not([hidden])")
    picture(page, "learner-outline-result")
    (row,) = csv.DictReader(io.StringIO(results_csv(lesson)))
    assert float(row["points"]) > 0.75, "voxels of 6 mm"
    assert row["dice"] == row["points"]
    assert f"Dice{float(row['dice']):.2f}" in page.text_content("#result")


def test_slices_windows_and_zoom_by_mouse_and_keys(front: Front, lesson: Lesson, page_at: Any) -> None:
    page = page_at(f"http://127.0.0.1:{front.port}{LEARN}{add_learner(lesson, 'Ana').token}/")
    page.wait_for_function(READY, arg=1)
    shot = lambda: page.evaluate("document.getElementById('axial').toDataURL()")  # noqa: E731
    seen = [shot()]

    def changed(what: str) -> None:
        assert shot() not in seen, f"{what} changes nothing"
        seen.append(shot())

    page.focus("#axial")
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert page.get_attribute("#axial-box", "data-slice") == "63"
    changed("a key")
    page.click("text=Lung")
    changed("a window")
    x, y = spot(page, "axial", 46, 38)
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 60, y + 40)
    page.mouse.up(button="right")
    changed("a drag with the right button")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_timeout(50)
    changed("zoom")
    page.mouse.move(x + 1, y)
    assert page.text_content("#axial-where").endswith("HU")
    page.focus("#axial")
    page.keyboard.press("f")
    assert page.is_hidden("#coronal-box")


def test_a_link_that_nobody_has_says_so(front: Front, page_at: Any) -> None:
    page = page_at(f"http://127.0.0.1:{front.port}{LEARN}nobody/")
    assert "ask your teacher" in page.text_content("body")
