"""Sentences that change how a lesion looks."""

import pytest

from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import read_change
from GuideGenLib.description.model import DescriptionError

TEXT = "A spiculated, necrotic 4 cm mass in the left lower lobe and a calcified 2 cm liver lesion."


@pytest.mark.parametrize(
    ("sentence", "place", "looks", "size"),
    [
        ("make the lung mass lobulated", 0, ("lobulated", "necrotic"), 40),
        ("the lung mass is no longer necrotic", 0, ("spiculated",), 40),
        ("the mass is not necrotic any more", 0, ("spiculated",), 40),
        ("give the mass smooth margins", 0, ("smooth", "necrotic"), 40),
        ("turn the lung mass into a cavitary lesion", 0, ("spiculated", "cavitated", "necrotic"), 40),
        ("make the mass solid and 1 cm larger", 0, ("spiculated", "solid", "necrotic"), 50),
        ("make the liver lesion hypervascular with washout", 1, ("calcified", "hypervascular", "washout"), 20),
        ("make the calcified lesion 1 cm larger", 1, ("calcified",), 30),
        ("make the necrotic mass 5 cm", 0, ("spiculated", "necrotic"), 50),
    ],
)
def test_looks(sentence: str, place: int, looks: tuple[str, ...], size: float) -> None:
    difference = read_change(sentence, parse(TEXT))
    finding = difference.after.findings[place]
    assert not difference.not_understood
    assert (finding.looks, finding.size_mm) == (looks, size)


@pytest.mark.parametrize(
    ("sentence", "error"),
    [
        ("make the liver lesion ground-glass", "in the lung alone"),
        ("make it smooth", "may be"),
        ("make the lung mass solid and ground-glass", "solid and ground glass"),
    ],
)
def test_looks_that_cannot_be_are_refused(sentence: str, error: str) -> None:
    with pytest.raises(DescriptionError, match=error):
        read_change(sentence, parse(TEXT))
