"""One kind of finding, as its file in Resources/findings tells it.

A file holds all that is known of a finding: how a text calls it, its label with codes and HU by phase, how it is drawn
(a mechanism of `mask.findings` or of `ct`, with what that takes), how large it may be in words, and where that is from.
Reader, editors, page, module and checks find it by its file; nothing else lists it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNITS = ("mm", "ml", "%", "mm3")
SIZE_WORDS = ("tiny", "small", "moderate", "large", "huge")


@dataclass(frozen=True)
class Sizes:
    """How large a finding is in words: lowest and highest in `unit` (mm of the longest diameter, or of a thickness, ml,
    or of what changes a tissue % or mm3), the usual word where a text has none, what is possible at all, and the
    source of the figures."""

    unit: str
    words: Mapping[str, tuple[float, float]]
    usual: str
    limits: tuple[float, float]
    source: str

    def range_of(self, word: str | None) -> tuple[float, float]:
        """Lowest and highest of a size word; a word that the file lacks is the nearest that it has."""
        wanted = SIZE_WORDS.index(word or self.usual)
        known = min(self.words, key=lambda name: abs(SIZE_WORDS.index(name) - wanted))
        return self.words[known]


@dataclass(frozen=True)
class Published:
    """What papers say of its HU: lowest and highest by phase, of its middle (where it changes a tissue, of what changes
    most), and where that is from."""

    hu: Mapping[str, tuple[float, float]]
    source: str


@dataclass(frozen=True)
class Recipe:
    """key: the file's name; name: for people; kinds and organs: of a `Finding` that means this one (organ "": none is
    named); words: of texts, with the organ that each implies; mechanism and options: how it is drawn; label: the fields
    of its row in the anatomy table, None where it has no voxels of its own; code: number and meaning in SNOMED CT where
    it has no label, whose row would tell it; sizes: None where it has no size;
    published: None where nobody has looked it up; sided: whether it lies on one side; most: how many there may be;
    many: how many a kind means where a text has no number."""

    key: str
    name: str
    kinds: tuple[str, ...]
    organs: tuple[str, ...]
    words: Mapping[str, str]
    mechanism: str
    options: Mapping[str, Any]
    label: Mapping[str, str] | None
    code: tuple[str, str] | None
    sizes: Sizes | None
    published: Published | None
    sided: bool
    most: int
    many: Mapping[str, int]

    def count_of(self, kind: str, told: int) -> int:
        """How many are drawn of a finding of that kind of which the text tells so many; 1 where it tells no number."""
        return min(max(told, self.many.get(kind, 1)), self.most)

    def means(self, kind: str, organ: str | None) -> bool:
        """Whether a finding of this kind in this organ is this one."""
        return kind in self.kinds and (organ or "") in self.organs
