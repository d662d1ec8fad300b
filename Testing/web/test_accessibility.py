"""The page with the keyboard alone and for a screen reader, in both themes."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")
pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")

from axe_playwright_python.sync_playwright import Axe

from GuideGenLib.web.shell import DARK, LIGHT
from Testing.web.conftest import HEIGHT, PATIENCE_MS, WIDTH, watch
from Testing.web.own_session import toy_session_at

STEPS = ["prompt", "understood", "settings", "anatomy", "ct", "change", "files"]
TEXT = "61 year old man. 4.2 cm mass in segment VII of the liver. No pleural effusion. zorb"
READABLE = 4.5
"""Contrast of text to its ground, WCAG 2.2 (1.4.3)."""
TINT = 0.12
"""Of a colour over the surface in Vuetify's tonal buttons, chips and boxes."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with toy_session_at(tmp_path_factory.mktemp("session")) as address:
        yield address


@pytest.fixture(scope="module")
def troubles() -> list[str]:
    """What the browser's console and its requests complain of."""
    return []


@pytest.fixture(scope="module")
def page(address: str, browser: Any, troubles: list[str]) -> Iterator[Any]:
    """The page with a text, an anatomy and two CTs, all steps open; one for all tests here, as it takes a while."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(PATIENCE_MS)
    watch(context, address, troubles)
    page = context.new_page()
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on(
        "response", lambda answer: troubles.append(f"{answer.status} {answer.url}") if answer.status > 399 else None
    )
    page.goto(address)
    page.wait_for_selector("#views-tools")
    page.evaluate(f"window.trame.state.set('shell_open', {STEPS})")
    page.fill("#prompt-text", TEXT)
    page.wait_for_selector("#understood-table", state="visible")
    yield page
    context.close()


def test_axe_finds_nothing_serious_on_any_panel_in_both_themes(page: Any, picture: Callable[[Any, str], None]) -> None:
    page.evaluate("window.trame.state.set('segments_details', true)")
    page.locator("#segments-fill").wait_for(state="attached")
    for theme in ("dark", "light"):
        page.locator(f".v-application.v-theme--{theme}").wait_for()
        assert serious(page) == []
        picture(page, f"accessible-{theme}")
        page.click("#shell-theme")


def test_axe_finds_nothing_serious_in_what_opens(page: Any) -> None:
    for button in ("#prompt-choices", "#views-layout", "#views-help", "#editor-help"):
        page.locator(button).scroll_into_view_if_needed()
        page.click(button)
        page.locator(".v-overlay--active .v-overlay__content").wait_for()
        page.wait_for_timeout(300)  # it fades in
        assert serious(page) == [], button
        page.keyboard.press("Escape")
        page.locator(".v-overlay--active").wait_for(state="detached")


def serious(page: Any) -> list[str]:
    """What axe-core objects to as serious or critical: rule and elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {[node['html'][:120] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("size", [(800, 600), (640, 360)])
def test_no_button_is_clipped_in_a_narrow_window_or_at_twice_the_size(
    page: Any, size: tuple[int, int], picture: Callable[[Any, str], None]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_function(f"document.querySelector('.v-navigation-drawer').offsetWidth < {0.5 * size[0]}")
    page.wait_for_timeout(300)
    picture(page, f"narrow-{size[0]}")
    clipped = page.evaluate(CLIPPED)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    assert clipped == []


CLIPPED = """() => [...document.querySelectorAll('button')].filter(button => {
  if (!button.offsetParent) return false;
  const own = button.getBoundingClientRect();
  for (let box = button; box; box = box.parentElement) {
    const edge = box.getBoundingClientRect(), cuts = getComputedStyle(box).overflowX !== 'visible';
    if (cuts && edge.width && (own.right > edge.right + 1 || own.left < edge.left - 1)) return true;
  }
  return own.right > innerWidth + 1 || button.scrollWidth > button.clientWidth + 2;
}).map(button => button.id || button.innerText)"""
"""The buttons of which a part lies beyond the left or right edge of something that cuts it off."""


def test_every_button_has_a_name_of_its_own(page: Any) -> None:
    names = page.evaluate(
        """() => [...document.querySelectorAll('button')].filter(button => button.offsetParent)
            .map(button => button.getAttribute('aria-label') || button.innerText.trim() || button.title)"""
    )
    assert "Hide liver" in names
    assert [name for name, count in Counter(names).items() if count > 1 or not name] == []


def test_a_segment_is_found_chosen_gone_to_and_hidden_by_the_keyboard_alone(page: Any) -> None:
    page.focus("#segments-search")
    while page.evaluate("!document.activeElement.closest('#segments-list')"):
        page.keyboard.press("Tab")
    seen = []
    for _ in range(3):
        seen.append(page.evaluate("document.activeElement.id"))
        page.keyboard.press("ArrowDown")
    assert len(set(seen)) == 3, seen
    page.keyboard.press("End")
    while page.evaluate("document.activeElement.id") != "segments-name-liver":
        before = page.evaluate("document.activeElement.id")
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.id") != before
    page.keyboard.press("Enter")
    page.locator("#segments-row-liver[aria-selected=true]").wait_for()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("window.trame.state.get('lesion_kind') === 'liver_tumor'")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Show liver").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Hide liver").wait_for()
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('#segments-list')"), "the list is one stop"


def test_no_request_fails_and_the_title_is_ours_from_the_start(page: Any, address: str, troubles: list[str]) -> None:
    assert page.title() == "GuideGen"
    document = page.request.get(address).text()
    assert "<title>GuideGen</title>" in document and "maximum-scale" not in document and "Kitware" not in document
    assert troubles == []


def test_the_theme_is_remembered_by_the_browser(page: Any) -> None:
    page.locator(".v-application.v-theme--dark").wait_for()
    page.click("#shell-theme")
    page.locator(".v-application.v-theme--light").wait_for()
    page.evaluate("window.trame.state.set('shell_dark', true)")  # as a new session begins
    page.locator(".v-application.v-theme--dark").wait_for()
    page.reload()
    page.locator(".v-application.v-theme--light").wait_for()


@pytest.mark.parametrize(
    ("theme", "name"), list(product(("light", "dark"), ("primary", "info", "success", "warning", "error")))
)
def test_each_colour_can_be_read(theme: str, name: str) -> None:
    colors = {"light": LIGHT, "dark": DARK}[theme]
    color, surface = channels(colors[name]), channels(colors["surface"])
    tinted = [TINT * own + (1 - TINT) * ground for own, ground in zip(color, surface, strict=True)]
    assert contrast(color, surface) > READABLE and contrast(color, tinted) > READABLE


def channels(color: str) -> list[float]:
    return [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def contrast(one: list[float], other: list[float]) -> float:
    """By WCAG 2.2, of two sRGB colours."""

    def luminance(color: list[float]) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_no_attribute_of_a_widget_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """trame leaves out what it does not know, without a word."""
    from trame.app import get_server
    from trame_client.widgets.core import AbstractElement

    from GuideGenLib.web.app import WebApp
    from Testing.web.views_stage import own_loop

    written: list[AbstractElement] = []
    init = AbstractElement.__init__

    def note(element: AbstractElement, *arguments: Any, **options: Any) -> None:
        written.append(element)
        init(element, *arguments, **options)

    monkeypatch.setattr(AbstractElement, "__init__", note)
    with own_loop():
        app = WebApp(get_server("attributes", client_type="vue3"), tmp_path, None, "cpu", 64)
        lost = set()
        for element in written:
            assert element.html
            lost |= {
                f"{element._elem_name} {element._impl.py_attr.get('id')}: {name}"
                for name in element._impl.skipped_attributes
            }
        app.close()
    assert len(written) > 200 and lost == set()
