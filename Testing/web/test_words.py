"""The words of the page in other languages: none escapes the translators, and a page in German speaks it."""

import re
from pathlib import Path

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

HOLES = re.compile(r"\{\{.*?\}\}|\$?\{.*?\}")
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
    assert [english for english, other in words.items() if not other] == []
    assert [english for english, other in words.items() if holes(english) != holes(other)] == []
    assert [english for english, other in words.items() if ends(english) != ends(other)] == []
    assert [english for english, other in words.items() if "===" in english and other.count("===") != 1] == []


def ends(words: str) -> tuple[bool, bool]:
    """Whether a space stands before and behind, where something else follows."""
    return words[:1] == " ", words[-1:] == " "


def holes(words: str) -> list[str]:
    """What is put in, in any order; the words within an expression are translated, too."""
    return sorted(re.sub(r"'[^']*'", "''", hole) for hole in HOLES.findall(words))


def test_a_catalogue_is_read_as_it_was_written(tmp_path: Path):
    words = {'a "quoted" \\ word': "ein „Wort“", "two\nlines": "zwei\nZeilen", "none yet": ""}
    write_catalogue(tmp_path / "de.po", words, words)
    assert read_catalogue(tmp_path / "de.po") == words
    with pytest.raises(LanguageError, match="choose one of de, en"):
        translation("tlh")
