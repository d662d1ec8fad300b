"""The views in a real browser: what a user sees of them and does with the mouse."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.looking import brightness, middle, pixels, stand, until, view


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


def test_a_tick_of_the_wheel_is_a_slice_and_one_message(page: Any) -> None:
    page.evaluate("""() => {
      const send = WebSocket.prototype.send;
      window.sent = [];
      WebSocket.prototype.send = function (data) {
        window.sent.push(new TextDecoder().decode(data));
        return send.call(this, data);
      };
    }""")
    page.mouse.move(*middle(page, "axial"))
    page.wait_for_timeout(1000)  # the move is told by then
    before = stand(page, "axial")
    page.evaluate("window.sent = []")
    page.mouse.wheel(0, 100)
    until(lambda: stand(page, "axial") != before)
    told = page.evaluate("window.sent.filter((text) => /rca.event|views_key/.test(text))")
    assert len(told) == 1 and "views_key" in told[0], told
    page.mouse.wheel(0, -100)
    until(lambda: stand(page, "axial") == before)


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
