"""What is understood and not drawn is told the same everywhere, and nothing that is drawn is among it."""

from pathlib import Path

from GuideGenLib.cli import described
from GuideGenLib.description import parse
from GuideGenLib.description.model import Finding
from GuideGenLib.description.undrawn import undrawn, undrawn_in_words
from GuideGenLib.findings.reading import recipes
from GuideGenLib.workflow import understood
from GuideGenLib.workflow.roles import outcome_of


def test_nothing_that_a_recipe_draws_is_among_it() -> None:
    assert ("appendicitis", "appendix") in undrawn() and ("thrombus", None) in undrawn()
    for kind, organ in undrawn():
        assert not any(one.means(kind, organ) for one in recipes()), kind
        assert not Finding(kind, organ).shown
    for kind in ("cirrhosis", "fracture", "obstruction", "degeneration", "lobectomy", "effusion"):
        assert all(one != kind or organ not in ("liver", "spine", "colon", "small_bowel", "pleura")
                   for one, organ in undrawn())  # fmt: skip


def test_it_is_told_in_the_same_words_by_the_note_and_by_what_cli_page_and_module_show() -> None:
    for kind, organ in undrawn():
        assert outcome_of(Finding(kind, organ)) == "not drawn by this version", (kind, organ)
    description = parse("Appendicitis and a pulmonary embolism.")
    assert [outcome_of(one) for one in description.findings] == ["not drawn by this version"] * 2
    assert sum("understood but not drawn" in note for note in description.warnings) == 2
    assert described.groups is understood.groups, "the command line shows the groups of page and module"


def test_what_is_drawn_is_told_so() -> None:
    text = "Cirrhosis, L1 compression fracture, small bowel obstruction, spondylosis, after right upper lobectomy."
    description = parse(text)
    assert [outcome_of(one) for one in description.findings] == ["drawn"] * 5
    assert not any("not drawn" in note for note in description.warnings)


def test_the_tutorial_lists_just_these() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "radiologist.md"
    assert f"not drawn by this version: {undrawn_in_words()}." in " ".join(page.read_text("utf-8").split())
