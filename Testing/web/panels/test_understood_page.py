"""What a text came to, in a browser: coloured words, their key, and the table; no run and no model."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from Testing.web.own_session import session_at

REPORT = (
    "INDICATION: 61 year old man.\n\n"
    "FINDINGS: 4.2 cm mass in segment VII of the liver. No pleural effusion.\n"
    "A hepatitis. <b onclick='x()'>zorb</b> {{ 1 + 1 }}"
)


@pytest.fixture
def page(page_at: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """A session's page with the report typed in."""
    with session_at(tmp_path) as address:
        page = page_at(address)
        page.wait_for_selector("#prompt-text", state="visible").fill(REPORT)
        page.wait_for_selector("#understood-text", state="visible")
        yield page


def test_the_words_are_coloured_and_the_presence_is_corrected(page: Any, picture: Callable[[Any, str], None]):
    assert page.evaluate(WORDS) == REPORT
    assert page.locator("#understood-text b").count() == 0, "markup of the text is text"
    assert chip(page, "4.2 cm") == ("D", "rgb(11, 74, 30)", "Finding 1 (drawn), size (mm): 42")
    assert chip(page, "pleural effusion")[0] == "N" and "negated" in chip(page, "pleural effusion")[2]
    assert page.locator("#understood-legend").inner_text().split("\n")[0].endswith("finding, drawn")
    assert page.locator("#understood-sum").inner_text().startswith("Words: ")
    headings = page.locator("[id^=understood-group-]").all_inner_texts()
    assert "not drawn: negated" in headings[1] and "not drawn by this version" in headings[2], headings
    assert headings[-2].endswith("Patient and scan")
    assert "Not understood, without effect: “zorb”." in page.locator("#understood-notes").inner_text().split("\n")
    picture(page, "painted-report")

    choose(page, "understood-liver-mass-1-presence", "possible")
    page.locator("#understood-group-liver-mass-1", has_text="(possible)").wait_for()
    assert "(corrected)" in page.locator("#understood-row-liver-mass-1-presence").inner_text()
    assert chip(page, "4.2 cm")[0] == "?"
    page.locator("#understood-remove-liver-mass-1").click()
    page.locator("#understood-text [title*='removed by you']").first.wait_for()
    page.locator("#understood-reset").click()
    page.locator("#understood-group-liver-mass-1", has_text="(drawn)").wait_for()
    page.locator("#shell-theme").click()
    picture(page, "painted-report-other-theme")


WORDS = """() => [...document.querySelectorAll("#understood-text > span > span")].map(e => e.textContent).join("")"""


def chip(page: Any, words: str) -> tuple[str, str, str]:
    """Mark, colour and tip of a piece of the text."""
    piece = page.locator("#understood-text > span", has_text=words).first
    color = str(piece.evaluate("element => getComputedStyle(element).color"))
    return piece.locator("small").inner_text(), color, piece.get_attribute("title")


def choose(page: Any, identifier: str, title: str) -> None:
    """Choose an item of a list."""
    page.locator(f"#{identifier}").locator("xpath=ancestor-or-self::div[contains(@class,'v-select')]").click()
    page.locator(".v-overlay--active .v-list-item", has_text=title).first.click()
