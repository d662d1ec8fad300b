"""The page in German, in a browser: no English on its panels, and another language while one works."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.core.languages import read_catalogue
from GuideGenLib.core.resources import resource
from Testing.web.own_session import session_at
from Testing.web.test_keep import upload

TEXT = (
    "A 61 year old man with a pulmonary embolism, a 4.2 cm mass in segment VII of the liver and a T3 tumor of the left "
    "kidney; no lung nodules, spleen 15 cm. A zorb more."
)
NAMES = {"guidegen", "synthetic", "english", "nifti", "totalsegmentator", "median", "name", "standard", "text"}
"""Proper names, and words that are German, too."""

SEEN = """() => {
  const seen = [], english = (one) => !one || one.closest('[lang=en], script, noscript, style, textarea, .v-icon');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!english(walker.currentNode.parentElement)) seen.push(walker.currentNode.textContent.trim());
  }
  for (const name of ['title', 'aria-label', 'placeholder', 'alt']) {
    for (const one of document.querySelectorAll('[' + name + ']')) {
      if (!one.closest('[lang=en]')) seen.push(one.getAttribute(name));
    }
  }
  return seen.filter(Boolean);
}"""
"""All texts of a page, also of folded panels, but for what is marked as English."""


def test_a_page_in_german_has_no_english_on_its_panels(
    page_at: Callable[..., Any], picture: Callable[[Any, str], None], small_anatomy: sitk.Image, small_ct: sitk.Image,
    tmp_path: Path,
) -> None:  # fmt: skip
    with session_at(tmp_path, "--language", "de", "--cases", str(tmp_path / "cases")) as address:
        page = page_at(address)
        page.locator("#prompt-text").fill(TEXT)
        page.locator("#understood-table").wait_for()
        assert english_of(page) == {}
        upload(page, small_anatomy, tmp_path)
        page.locator("#segments-list [role=row]").first.wait_for()
        sitk.WriteImage(small_ct, str(tmp_path / "aufnahme.nii.gz"))
        page.set_input_files("#files-input", str(tmp_path / "aufnahme.nii.gz"))
        page.wait_for_function("window.trame.state.get('ct_there')")
        page.evaluate("window.trame.state.set('shell_open', ['settings', 'anatomy', 'ct', 'change', 'files', 'cases'])")
        page.locator("#change-sentence").fill("make the tumour larger")
        page.locator("#cases-keep").click()
        page.locator("#cases-list [data-case]").first.wait_for()
        page.locator("#views-help").click()
        page.locator("#views-keys").wait_for()
        picture(page, "german")
        assert english_of(page) == {}
        page.locator("#views-keys-close").click()
        for choice in ("settings-region", "settings-quality", "lesion-kind", "editor-overwrite", "files-kind"):
            unfold(page, choice)
            assert english_of(page) == {}, choice
            page.keyboard.press("Escape")
            page.wait_for_selector(".v-overlay--active .v-list-item", state="detached")


def test_another_language_is_chosen_while_one_works_and_kept(
    page_at: Callable[..., Any], small_anatomy: sitk.Image, tmp_path: Path
) -> None:
    with session_at(tmp_path) as address:
        page = page_at(address)
        page.locator("#prompt-text").fill("A man with a tumor in the left lung.")
        upload(page, small_anatomy, tmp_path)
        page.get_by_text("liver", exact=True).first.wait_for()
        choose_language(page, "Deutsch")
        page.get_by_text("Leber", exact=True).first.wait_for()
        assert page.evaluate("document.documentElement.lang") == "de"
        assert page.inner_text("#run-generate").strip() == "Anatomie erzeugen"
        assert page.get_attribute("#views-axial-reset", "title") == "Das ganze Volumen zeigen"
        assert "Befund 1: Tumor, Lunge links" in page.text_content("#understood-table")
        assert page.input_value("#prompt-text") == "A man with a tumor in the left lung."
        assert {one["name"]: one["value"] for one in page.context.cookies()}["guidegen_language"] == "de"
        assert page.evaluate("window.trame.state.get('segments_rows').some(row => row.name === 'liver')")
        page.locator("#views-tools").hover()
        page.keyboard.press("g")
        page.wait_for_function("!window.trame.state.get('views_labels')")  # each key is heard once
        choose_language(page, "English")
        page.get_by_text("liver", exact=True).first.wait_for()
        assert page.inner_text("#run-generate").strip() == "Generate anatomy"


def choose_language(page: Any, name: str) -> None:
    """As a user does, in the settings."""
    page.evaluate("window.trame.state.set('shell_open', ['settings', 'understood', 'anatomy'])")
    unfold(page, "shell-language").filter(has_text=name).click()


def unfold(page: Any, identifier: str) -> Any:
    """Open a list of choices; its items."""
    page.locator(f"#{identifier}").locator("xpath=ancestor-or-self::div[contains(@class,'v-select')]").click()
    items = page.locator(".v-overlay--active .v-list-item")
    items.first.wait_for()
    return items


def english_of(page: Any) -> dict[str, set[str]]:
    """The texts of a page that have words which no German translation has, with those words."""
    words = read_catalogue(resource("Languages", "de.po"))
    translated = {english: german for english, german in words.items() if english != german}
    english = words_of(" ".join(translated)) - words_of(" ".join(translated.values())) - NAMES
    same = {text for text in words if text not in translated}
    found = {text: words_of(text) & english for text in page.evaluate(SEEN) if text not in same}
    return {text: odd for text, odd in found.items() if odd}


def words_of(text: str) -> set[str]:
    """Without what stands in quotation marks, what is put into it, and names of files."""
    plain = re.sub(r"“[^”]*”|„[^“]*“|\{\{.*?\}\}|\$?\{.*?\}|\S+\.\S+|torso-small|\S+-\d+mm", " ", text)
    return set(re.findall(r"[^\W\d_]{3,}", plain.lower()))
