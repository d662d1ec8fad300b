"""The words of the page in other languages: none escapes the translators, and a page in German speaks it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.core.languages import (
    TEMPLATE,
    LanguageError,
    languages,
    read_catalogue,
    translation,
    write_catalogue,
)
from GuideGenLib.core.resources import resource
from GuideGenLib.web.words import translated, words_in
from Testing.web.collect_words import collected
from Testing.web.own_session import session_at

HOLES = re.compile(r"\{\{.*?\}\}|\{\w+\}")
REMEDY = "run python -m Testing.web.collect_words"


def test_words_are_found_in_texts_attributes_and_expressions():
    template = (
        "<v-btn title=\"Cuts &quot;off&quot;\" :disabled=\"a > 0 ? 'on' : 'off'\" "
        ":aria-label=\"busy ? 'Stop it' : kind === 'old' ? `x` : row.name\" id=\"Name\">"
        "{{ busy ? 'Cancel' : 'Don\\'t' }}</v-btn><v-icon>mdi-target</v-icon>"
        '<p v-if="n > 1">About {{ n }} cases</p><i>{{ n }}</i>'
    )
    assert words_in(template) == {'Cuts "off"', "Stop it", "Cancel", "Don't", "About {{ n }} cases"}
    assert translated(template, str) == template
    other = translated(template, french)
    assert "'L\\'arrêter'" in other and 'title="Coupe &quot;tout&quot;"' in other
    assert "kind === 'old'" in other and "? 'on' : 'off'" in other


def french(words: str) -> str:
    return {"Stop it": "L'arrêter", 'Cuts "off"': 'Coupe "tout"'}.get(words, words)


def test_all_words_of_page_and_workflow_stand_in_the_template(tmp_path: Path):
    words = collected(tmp_path)
    assert len(words) > 300
    assert set(read_catalogue(resource("Languages", TEMPLATE))) == words, REMEDY


@pytest.mark.parametrize("language", [one for one in languages() if one != "en"])
def test_a_catalogue_has_all_words_and_keeps_what_is_put_into_them(language: str):
    words = read_catalogue(resource("Languages", f"{language}.po"))
    assert set(words) == set(read_catalogue(resource("Languages", TEMPLATE))), REMEDY
    said = {english: other for english, other in words.items() if other}
    assert len(said) > 100
    assert [english for english, other in said.items() if sorted(HOLES.findall(english)) != sorted(HOLES.findall(other))
            and "===" not in english] == []  # fmt: skip


def test_a_catalogue_is_read_as_it_was_written(tmp_path: Path):
    words = {'a "quoted" \\ word': "ein „Wort“", "two\nlines": "zwei\nZeilen", "none yet": ""}
    write_catalogue(tmp_path / "de.po", words, words)
    assert read_catalogue(tmp_path / "de.po") == words
    with pytest.raises(LanguageError, match="choose one of de, en"):
        translation("tlh")


def test_a_page_in_german_speaks_it(page_at: Callable[..., Any], tmp_path: Path, picture: Callable[[Any, str], None]):
    with session_at(tmp_path, "--language", "de") as address:
        page = page_at(address)
        page.wait_for_selector("#prompt-text", state="visible")
        assert page.evaluate("document.documentElement.lang") == "de"
        assert page.text_content("#run-generate").strip() == "Anatomie erzeugen"
        assert page.get_attribute("#views-axial-reset", "title") == "Das ganze Volumen zeigen"
        assert "Beschreiben" in page.text_content("#shell-prompt")
        picture(page, "german")
