"""Which known vocabularies a label map of numbers alone may be, and how well each fits what it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from GuideGenLib.anatomy.label_maps.fit import Fit, Seen, fit_of
from GuideGenLib.anatomy.label_maps.names import OWN, VOCABULARY_NAMES, structure_of, vocabulary
from GuideGenLib.anatomy.table import labels, values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES, Vocabulary

GUIDEGEN21: Vocabulary = "guidegen21"
CANDIDATES = (OWN, *(name for name in VOCABULARY_NAMES if name != OWN), GUIDEGEN21)
SURE_STRUCTURES, SURE_SHARE, SURE_LEAD = 6, 0.8, 0.3
"""A vocabulary is told by the volume alone where so many structures are compared, such a part of them is in place, and
of every other vocabulary a part that is less by so much."""


FEW = 3
"""Of so many structures a candidate tells the names."""


@dataclass(frozen=True)
class Candidate:
    """A vocabulary that has all values of a map, how well it fits, and what it reads them as."""

    name: str
    fit: Fit
    reads: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = f"{', '.join(self.reads)}: " if 0 < len(self.reads) <= FEW else ""
        return f"{self.name} ({named}{self.fit})"


def candidates(seen: Mapping[int, Seen]) -> list[Candidate]:
    """The vocabularies that have all values that were seen, the best fitting first; of those that read them alike the
    first of CANDIDATES."""
    found: dict[tuple[object, ...], Candidate] = {}
    for name in CANDIDATES:
        meaning = meanings(name)
        if set(seen) <= set(meaning):
            read = tuple(sorted((value, meaning[value]) for value in seen))
            reads = tuple(" or ".join(meaning[value]) or "nothing of ours" for value in sorted(seen))
            found.setdefault(read, Candidate(name, fit_of(seen, meaning), reads))
    return sorted(found.values(), key=lambda one: -one.fit.share)


def sure(found: Sequence[Candidate]) -> Candidate | None:
    """The candidate that fits well while no other does; None where there is doubt."""
    if not found or found[0].fit.structures < SURE_STRUCTURES or found[0].fit.share < SURE_SHARE:
        return None
    clear = all(other.fit.share <= found[0].fit.share - SURE_LEAD for other in found[1:])
    return found[0] if clear else None


@cache
def meanings(name: str) -> Mapping[int, tuple[str, ...]]:
    """The keys of our table that each value of a vocabulary stands for, none for what our table does not have."""
    if name == GUIDEGEN21:
        known = [value for value in VOCABULARIES[GUIDEGEN21] if value]
        return {value: tuple(row.key for row in labels() if row.guidegen21 == value) for value in known}
    return keys_of(vocabulary(name).names)


def keys_of(names: Mapping[int, str]) -> dict[int, tuple[str, ...]]:
    """The keys of our table that each named value stands for, none for what our table does not have."""
    return {value: _keys(structure) for value, structure in names.items() if value}


def _keys(structure: str) -> tuple[str, ...]:
    keys = structure_of(structure, Path()).keys
    return tuple(key for key in keys if key in values())
