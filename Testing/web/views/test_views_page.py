"""The views in a real browser: what a user sees of them and does with the mouse."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a session that shows a toy anatomy with two CTs."""
    folder = tmp_path_factory.mktemp("session")
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "Testing.web.views_session", str(folder)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=ROOT)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()[-3000:]
            yield f"http://127.0.0.1:{json.loads(line)['port']}/"
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def page(address: str, page_at: Callable[..., Any]) -> Any:
    """The page with all four views drawn, nothing switched on."""
    page = page_at(address)
    page.wait_for_selector("#views-tools")
    for switch in ("#views-surfaces", "#views-window-level"):
        if page.get_attribute(switch, "aria-pressed") == "true":
            page.click(switch)
    page.click("#views-layout")
    page.click("#views-layout-quad")
    until(lambda: all(brightness(page, name) > 5 for name in ("axial", "coronal", "sagittal")))
    return page


def until(condition: Callable[[], bool]) -> None:
    """Ask again until it is so, at most PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"


def view(page: Any, name: str) -> Any:
    """The cell of a view."""
    return page.locator(".layout-grid-item").filter(has=page.locator(f"#views-{name}-reset"))


def pixels(page: Any, name: str) -> np.ndarray:
    """What the browser shows of a view below its bar, [row, column, 3]."""
    from PIL import Image

    return np.asarray(Image.open(BytesIO(view(page, name).screenshot())).convert("RGB")).astype(int)[30:]


def brightness(page: Any, name: str) -> float:
    """Mean over a view."""
    return float(pixels(page, name).mean())


def stand(page: Any, name: str) -> str:
    """Where a slice stands, as its bar tells."""
    return str(view(page, name).locator(f"#views-{name}-slice + span").text_content())


def middle(page: Any, name: str) -> tuple[float, float]:
    """Of a view, in pixels of the page."""
    box = view(page, name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_mouse_reads_scrolls_and_links_the_slices(page: Any, picture: Callable[[Any, str], None]) -> None:
    x, y = middle(page, "axial")
    page.mouse.move(x - 60, y)
    page.mouse.move(x - 50, y)
    until(lambda: "HU" in page.text_content("#views-readout"))
    readout = page.text_content("#views-readout")
    assert readout.startswith("R ")  # the left of the picture
    assert "compared with" in readout
    before = stand(page, "axial")
    page.mouse.wheel(0, 100)
    until(lambda: stand(page, "axial") != before)
    sagittal = stand(page, "sagittal")
    page.mouse.down()
    page.mouse.up()
    until(lambda: stand(page, "sagittal") != sagittal and stand(page, "sagittal").startswith("R"))
    picture(page, "views")


def test_a_jump_to_an_organ_offers_its_kind_of_lesion(page: Any) -> None:
    if not page.locator("#segments-row-liver").is_visible():
        page.click("#shell-segments")
    page.locator("#segments-row-liver").dblclick()
    page.wait_for_function("window.trame.state.get('lesion_kind') === 'liver_tumor'")


def test_the_slider_moves_its_slice(page: Any) -> None:
    before = stand(page, "coronal")
    page.focus("#views-coronal-slice [role=slider]")
    page.keyboard.press("ArrowRight")
    until(lambda: stand(page, "coronal") != before)


def test_surfaces_come_and_go_with_their_switch(page: Any, picture: Callable[[Any, str], None]) -> None:
    empty = brightness(page, "threed")
    page.click("#views-surfaces")
    until(lambda: brightness(page, "threed") > empty + 5)
    picture(page, "surfaces")
    page.click("#views-surfaces")
    until(lambda: brightness(page, "threed") < empty + 1)


def test_a_view_is_enlarged_and_the_others_come_back(page: Any) -> None:
    page.click("#views-coronal-enlarge")
    until(lambda: page.locator(".layout-grid-item").count() == 1)
    assert view(page, "coronal").bounding_box()["width"] > 600
    until(lambda: brightness(page, "coronal") > 5)
    page.click("#views-coronal-enlarge")
    until(lambda: page.locator(".layout-grid-item").count() == 4)


def test_views_stay_black_in_the_light_theme(page: Any, picture: Callable[[Any, str], None]) -> None:
    page.click("#shell-theme")
    until(lambda: bool((pixels(page, "axial")[5:20, 5:20] < 20).all()))
    bar = page.locator("#views-axial-slice + span").evaluate("element => getComputedStyle(element).color")
    assert bar == "rgb(255, 255, 255)"
    picture(page, "views-light")


def test_the_difference_of_the_cts_is_grey_where_nothing_changed(page: Any) -> None:
    if not page.locator("#compare-difference").is_visible():
        page.click("#shell-ct")
    page.locator("#compare-difference").wait_for(state="attached")
    page.locator("#compare-difference").check(force=True)
    until(lambda: bool((abs(pixels(page, "axial")[..., 0] - 127) < 6).mean() > 0.1))
    page.locator("#compare-difference").uncheck(force=True)
    until(lambda: bool((abs(pixels(page, "axial")[..., 0] - 127) < 6).mean() < 0.1))
