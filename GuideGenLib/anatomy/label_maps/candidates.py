"""Which known vocabularies a label map of numbers alone may be, and how well each fits what it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from GuideGenLib.anatomy.label_maps.fit import Fit, Seen, fit_of
from GuideGenLib.anatomy.label_maps.names import OWN, VOCABULARY_NAMES, structure_of, vocabulary
from GuideGenLib.anatomy.table import labels
from GuideGenLib.anatomy.table import values as our_values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES, Vocabulary

GUIDEGEN21: Vocabulary = "guidegen21"
CANDIDATES = (OWN, *(name for name in VOCABULARY_NAMES if name != OWN), GUIDEGEN21)
SURE_STRUCTURES, SURE_SHARE = 6, 0.8
"""A vocabulary is told by the volume alone where so many structures are compared and such a part lies in place."""
SURE_MORE, RIVALS_SHARE = 3, 0.6
"""And where, of the values that another vocabulary reads otherwise, it puts so many more structures in their places,
and the other one no larger part of them than this: BTCV and AMOS differ in four values alone."""
FEW = 3
"""Of so many structures a candidate tells the names."""


@dataclass(frozen=True)
class Candidate:
    """A vocabulary that has all values of a map, how well it fits, the values, and what it reads them as."""

    name: str
    fit: Fit
    values: tuple[int, ...]
    reads: tuple[str, ...]

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
            values = tuple(sorted(seen))
            reads = tuple(" or ".join(meaning[value]) or "nothing of ours" for value in values)
            found.setdefault(read, Candidate(name, fit_of(seen, meaning), values, reads))
    return sorted(found.values(), key=lambda one: -one.fit.share)


def sure(found: Sequence[Candidate]) -> Candidate | None:
    """The candidate that fits well while no other does; None where there is doubt."""
    if not found or found[0].fit.structures < SURE_STRUCTURES or found[0].fit.share < SURE_SHARE:
        return None
    return found[0] if all(_beats(found[0], other) for other in found[1:]) else None


def _beats(one: Candidate, other: Candidate) -> bool:
    ours, theirs = meanings(one.name), meanings(other.name)
    differing = [value for value in one.values if ours[value] != theirs[value]]
    placed, rivals = (
        len({told[value] for value in differing if told[value]} - {told[value] for value in candidate.fit.odd})
        for candidate, told in ((one, ours), (other, theirs))
    )
    return placed - rivals >= SURE_MORE and rivals <= RIVALS_SHARE * placed


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
    return tuple(key for key in keys if key in our_values())
