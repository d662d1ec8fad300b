"""The viewer as a radiologist has it in a browser: keys, drags, layouts; what is seen, not what is set."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.looking import brightness, middle, pixels, stand, until, view

CYAN = (115, 242, 255)


def text(page: Any, name: str) -> str:
    """Of an element, by its id."""
    return str(page.locator(f"#views-{name}").text_content())


def point_at(page: Any, name: str, right: float = 0.0, down: float = 0.0) -> tuple[float, float]:
    """Move the mouse over a view, so far from its middle."""
    x, y = middle(page, name)
    page.mouse.move(x + right - 1, y + down)
    page.mouse.move(x + right, y + down)
    return x + right, y + down


def drag(page: Any, name: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the left button, between two places as `point_at` has them."""
    point_at(page, name, *start)
    page.mouse.down()
    x, y = middle(page, name)
    page.mouse.move(x + end[0], y + end[1], steps=6)
    page.mouse.up()


def near(page: Any, name: str, color: tuple[int, int, int]) -> int:
    """How many pixels of a view have about a colour."""
    return int((np.abs(pixels(page, name) - color).max(axis=2) < 40).sum())


def colored(page: Any, name: str) -> int:
    """How many pixels of a view are no grey."""
    return int((np.ptp(pixels(page, name)[:-30], axis=2) > 25).sum())


def lay_out(page: Any, name: str) -> None:
    """Choose a layout in the menu."""
    page.click("#views-layout")
    page.click(f"#views-layout-{name}")


def width(page: Any, name: str) -> float:
    """Of a view, in pixels; 0 while the layout changes."""
    box = view(page, name).bounding_box()
    return float(box["width"]) if box else 0.0


def together(page: Any, before: str) -> bool:
    """Whether both axial views have moved to one place."""
    return before != stand(page, "axial") == stand(page, "axial-other")


def offset(page: Any, name: str) -> float:
    """Where a slice stands, mm."""
    side, number, _ = stand(page, name).split()
    return float(number) * (-1 if side in "IPR" else 1)


def test_keys_change_the_window_and_each_view_says_it(page: Any) -> None:
    point_at(page, "axial")
    page.keyboard.press("a")
    until(lambda: text(page, "window") == "W 400  L 40")
    dark = brightness(page, "coronal")
    page.keyboard.press("l")
    until(lambda: text(page, "window") == "W 1500  L -600")
    until(lambda: brightness(page, "coronal") > dark + 10)
    page.keyboard.press("a")


def test_a_drag_is_as_fine_as_the_window_is_narrow(page: Any) -> None:
    point_at(page, "axial")
    page.keyboard.press("a")
    page.keyboard.press("w")
    until(lambda: page.get_attribute("#views-window-level", "class").count("text-primary") == 1)
    drag(page, "axial", (-50, 0), (0, -25))
    until(lambda: text(page, "window") == f"W {400 * np.exp(50 / 250):.0f}  L 0")
    page.keyboard.press("w")
    page.keyboard.press("a")
    until(lambda: text(page, "window") == "W 400  L 40")


def test_g_hides_the_labels_and_brings_them_back(page: Any) -> None:
    until(lambda: colored(page, "axial") > 2000)
    page.keyboard.press("g")
    until(lambda: colored(page, "axial") < 500)
    page.keyboard.press("g")
    until(lambda: colored(page, "axial") > 2000)


def test_arrows_and_pages_scroll_the_view_under_the_mouse(page: Any) -> None:
    point_at(page, "coronal")
    page.keyboard.press("Home")
    until(lambda: offset(page, "coronal") > 30)
    end, axial = offset(page, "coronal"), stand(page, "axial")
    page.keyboard.press("ArrowDown")
    until(lambda: offset(page, "coronal") == pytest.approx(end - 3, abs=0.11))
    page.keyboard.press("PageDown")
    until(lambda: offset(page, "coronal") == pytest.approx(end - 33, abs=0.11))
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    until(lambda: offset(page, "coronal") == pytest.approx(end, abs=0.11))
    page.keyboard.press("PageDown")
    until(lambda: offset(page, "coronal") < 10)
    assert stand(page, "axial") == axial


def test_keys_alone_reach_a_view_and_its_point(page: Any) -> None:
    page.mouse.move(5, 5)
    page.focus("#views-sagittal-slice [role=slider]")
    before = offset(page, "sagittal")
    page.keyboard.press("ArrowRight")
    until(lambda: offset(page, "sagittal") != before)
    coronal = offset(page, "coronal")
    page.keyboard.press("Shift+ArrowLeft")
    until(lambda: offset(page, "coronal") != coronal)


def test_letters_that_are_typed_stay_in_their_field(page: Any) -> None:
    if not page.locator("#prompt-text").is_visible():
        page.click("#shell-prompt")
    page.click("#prompt-text")
    page.keyboard.type("lung")
    assert page.input_value("#prompt-text").endswith("lung")
    page.wait_for_timeout(200)
    assert text(page, "window") == "W 400  L 40"
    page.fill("#prompt-text", "")
    page.locator("#prompt-text").blur()


def test_a_ruler_is_drawn_and_removed(page: Any, picture: Callable[[Any, str], None]) -> None:
    point_at(page, "axial")
    before = near(page, "axial", CYAN)
    page.keyboard.press("d")
    page.wait_for_function("window.trame.state.get('views_measure') === 'ruler'")
    drag(page, "axial", (-60, 30), (60, 30))
    page.wait_for_function("window.trame.state.get('views_measure') === ''")
    point_at(page, "axial", 0, -60)
    until(lambda: near(page, "axial", CYAN) > before + 60)
    picture(page, "ruler")
    page.keyboard.press("Delete")
    until(lambda: near(page, "axial", CYAN) <= before)


def test_a_region_is_drawn_by_its_button(page: Any) -> None:
    page.click("#views-region")
    drag(page, "axial", (-60, -20), (-30, 10))
    until(lambda: near(page, "axial", CYAN) > 60)
    page.click("#views-remove")
    until(lambda: near(page, "axial", CYAN) == 0)


def test_reference_lines_come_and_go(page: Any) -> None:
    red = (243, 74, 51)
    point_at(page, "axial")
    page.keyboard.press("x")  # the cross-hair would lie on them
    page.wait_for_function("window.trame.state.get('views_crosshair') === false")
    assert near(page, "coronal", red) < 100
    page.keyboard.press("i")
    until(lambda: near(page, "coronal", red) > 100)
    page.keyboard.press("i")
    until(lambda: near(page, "coronal", red) < 100)
    page.keyboard.press("x")
    page.wait_for_function("window.trame.state.get('views_crosshair') === true")


def test_thick_slices_are_brighter_as_maximum_than_as_minimum(page: Any) -> None:
    point_at(page, "axial")
    page.keyboard.press("t")
    for _ in range(6):
        page.keyboard.press("]")
    page.wait_for_function("window.trame.state.get('views_slab') === 'mean'")
    page.keyboard.press("t")
    page.wait_for_timeout(500)
    highest = brightness(page, "axial")
    page.keyboard.press("t")
    until(lambda: brightness(page, "axial") < highest - 5)
    page.keyboard.press("t")
    page.wait_for_function("window.trame.state.get('views_slab') === 'off'")


def test_two_cts_side_by_side_scroll_together_until_they_are_unlinked(page: Any) -> None:
    point_at(page, "axial")
    page.keyboard.press("s")
    until(lambda: page.locator(".layout-grid-item").count() == 2)
    until(lambda: abs(brightness(page, "axial") - brightness(page, "axial-other")) > 0.2)  # 110 HU beside 60
    for name in ("axial", "axial-other"):
        before = stand(page, "axial")
        point_at(page, name)
        page.mouse.wheel(0, 100)
        until(partial(together, page, before))
    page.click("#views-linked")
    page.locator("#views-linked[aria-pressed=false]").wait_for()
    page.wait_for_timeout(500)  # the button shows what the browser knows; the server is told a moment later
    left = stand(page, "axial")
    point_at(page, "axial-other")
    page.mouse.wheel(0, 100)
    until(lambda: stand(page, "axial-other") != left)
    assert stand(page, "axial") == left
    page.click("#views-linked")
    page.keyboard.press("s")
    until(lambda: page.locator(".layout-grid-item").count() == 4)


def test_the_layout_is_kept_for_the_next_time(page: Any) -> None:
    lay_out(page, "coronal-first")
    until(lambda: width(page, "coronal") > 500)
    page.wait_for_function("localStorage.getItem('guidegen-layout') === 'coronal-first'")
    page.evaluate("window.trame.state.set('views_layout', 'quad')")
    page.evaluate("localStorage.setItem('guidegen-layout', 'coronal')")
    page.reload()
    until(lambda: page.locator(".layout-grid-item").count() == 1)
    until(lambda: width(page, "coronal") > 700)
    lay_out(page, "quad")
    until(lambda: page.locator(".layout-grid-item").count() == 4)


def test_space_runs_the_film_and_stops_it(page: Any) -> None:
    point_at(page, "axial")
    page.keyboard.press(" ")
    seen = set()
    until(lambda: len(seen.add(stand(page, "axial")) or seen) > 4)  # type: ignore[func-returns-value]
    page.keyboard.press(" ")
    page.wait_for_function("window.trame.state.get('views_cine') === false")
    page.wait_for_timeout(300)
    stopped = stand(page, "axial")
    page.wait_for_timeout(400)
    assert stand(page, "axial") == stopped
    page.keyboard.press("f")  # the next test finds a slice that shows something, wherever the film ended
    until(lambda: offset(page, "axial") == pytest.approx(138, abs=4.1))


def test_f_goes_to_the_finding_and_r_back_to_the_whole(page: Any) -> None:
    point_at(page, "coronal")
    page.keyboard.press("f")
    page.keyboard.press("r")
    page.wait_for_timeout(500)
    whole = colored(page, "coronal")
    point_at(page, "axial")
    page.keyboard.press("Home")
    page.keyboard.press("f")
    until(lambda: offset(page, "axial") == pytest.approx(138, abs=4.1))
    until(lambda: colored(page, "coronal") > 1.25 * whole)
    for name in ("axial", "coronal", "sagittal"):
        point_at(page, name)
        page.keyboard.press("r")
    until(lambda: colored(page, "coronal") < 1.1 * whole)
    assert offset(page, "axial") == pytest.approx(138, abs=4.1)


def test_the_page_of_keys_opens_with_its_key_and_closes(page: Any) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("#views-keys", state="visible")
    assert "Labels on or off" in page.text_content("#views-keys")
    page.keyboard.press("Escape")
    page.wait_for_selector("#views-keys", state="hidden")


def test_smooth_borders_of_labels_are_seen_and_kept_for_the_next_time(page: Any) -> None:
    """Back to what is true to the voxel by the same key."""
    crisp = pixels(page, "axial")
    page.keyboard.press("c")
    until(lambda: not np.array_equal(pixels(page, "axial"), crisp))
    assert page.get_attribute("#views-smooth", "aria-pressed") == "true"
    page.wait_for_function("localStorage.getItem('guidegen-smooth') === 'true'")
    page.evaluate("window.trame.state.set('views_smooth', false)")
    page.evaluate("localStorage.setItem('guidegen-smooth', 'true')")
    page.reload()
    page.wait_for_selector("#views-smooth[aria-pressed=true]")
    page.keyboard.press("c")
    page.wait_for_function("localStorage.getItem('guidegen-smooth') === 'false'")
