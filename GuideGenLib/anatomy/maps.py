"""Label volumes in the words of others: TotalSegmentator v2, GuideGen's 21 classes, MAISI's 132.

Which class is which label stands in Resources/anatomy.csv. What does not fit one to one:

- A label of several classes (all left ribs, the thoracic vertebrae) is written as the first that the table lists.
- A label without a class is written as what it is a part of: gas as its bowel, a tumour as its organ, fat and muscle as
  body; where that is one of several (the lung vessels in the lobes, a kidney tumour) as the nearest of them.
  What is left is written as the body envelope, or as background in a vocabulary that has none.
- Brain and skull become body, for the torso has neither.
- Findings that others know are read as such: cysts of either kidney, which are written with the side of the nearest
  one, and MAISI's bone lesion. Other findings are written as their organ.
- GuideGen's classes have no sides, lobes or levels: `guidegen21.py` says how they are told apart.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from GuideGenLib.anatomy.guidegen21 import divide
from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.nearest import nearest_of
from GuideGenLib.anatomy.table import label, labels, values
from GuideGenLib.anatomy.vocabularies import VOCABULARIES, Vocabulary
from GuideGenLib.core.errors import GuideGenError

NOT_IN_THE_TORSO = ("brain", "skull")
FINDINGS: dict[str, dict[str, str]] = {
    "kidney_cyst_left": {"kidney_cyst": "kidney_left"}, "kidney_cyst_right": {"kidney_cyst": "kidney_right"},
    "left kidney cyst": {"kidney_cyst": "kidney_left"}, "right kidney cyst": {"kidney_cyst": "kidney_right"},
    "bone lesion": {"bone_lesion": ""},
}  # fmt: skip
"""Classes that are a finding: its label, and beside which of our labels it is written so ("": everywhere)."""


class VocabularyError(GuideGenError):
    """A label volume holds values that its vocabulary does not have, or is no label volume."""


def to_vocabulary(volume: ArrayLike, name: Vocabulary) -> NDArray[np.uint8]:
    """Write a volume of our labels in another vocabulary.

    volume: integers of any shape, values of Resources/anatomy.csv. "Nearest" is counted in voxels.
    Returns an array of that shape. Raises VocabularyError for values that are not in the table.
    """
    _classes_of(name)
    volume = _checked(volume, set(values().values()), "the anatomy table")
    table = np.zeros(len(labels()), dtype=np.uint8)
    written = {row.value: _written_as(row, name) for row in labels()}
    for value, choices in written.items():
        table[value] = next(iter(choices.values()), 0)
    result = table[volume]
    for value, choices in written.items():
        if len(set(choices.values())) > 1 and (wanted := volume == value).any():
            result[wanted] = table[nearest_of(volume, wanted, list(choices), missing=value)]
    for key, beside in _findings_of(name).items():
        if (wanted := volume == values()[key]).any():
            near = nearest_of(volume, wanted, list(beside), missing=next(iter(beside)))
            result[wanted] = [beside[value] for value in near.tolist()]
    return result


def from_vocabulary(volume: ArrayLike, name: Vocabulary) -> NDArray[np.uint8]:
    """Read a volume of another vocabulary as our labels.

    volume: integers of any shape; for guidegen21 [z, y, x] in the canonical frame (z to superior, y to posterior,
    x to patient-left). Returns an array of that shape. Raises VocabularyError for values that it does not have.
    """
    volume = _checked(volume, _classes_of(name), name)
    if name == "guidegen21":
        if volume.ndim != 3:
            raise VocabularyError("guidegen21 is told apart in space", f"give [z, y, x], not {volume.ndim} axes")
        return divide(volume)
    table = np.zeros(max(VOCABULARIES[name]) + 1, dtype=np.uint8)
    for value, key in _keys(name).items():
        table[value] = values()[key]
    return table[volume]


def keys_by_class(name: Vocabulary) -> dict[str, str]:
    """Which label each named class of a vocabulary is, {"kidney_cyst_left": "kidney_cyst", ...}.

    Classes that a look-up cannot place (GuideGen's kidney, lung, ...) are not in it.
    Raises VocabularyError.
    """
    _classes_of(name)
    return {VOCABULARIES[name][value]: key for value, key in _keys(name).items()}


def classes(row: Label, name: Vocabulary) -> tuple[int, ...]:
    """The class values of a vocabulary that are this label; the first stands for it."""
    if name == "guidegen21":
        return () if row.guidegen21 is None else (row.guidegen21,)
    if name == "maisi132":
        return row.maisi132
    return tuple(_values_by_name(name)[structure] for structure in row.totalsegmentator)


@cache
def _findings_of(name: Vocabulary) -> dict[str, dict[int, int]]:
    """Of each finding that a vocabulary knows: the label value beside which it is written as which class."""
    found: dict[str, dict[int, int]] = {}
    for value, structure in VOCABULARIES[name].items():
        for key, beside in FINDINGS.get(structure, {}).items():
            found.setdefault(key, {})[values()[beside or "body"]] = value
    return found


@cache
def _values_by_name(name: Vocabulary) -> dict[str, int]:
    return {structure: value for value, structure in VOCABULARIES[name].items()}


def _classes_of(name: Vocabulary) -> set[int]:
    if name not in VOCABULARIES:
        raise VocabularyError(f"no vocabulary {name!r}", f"use one of {', '.join(VOCABULARIES)}")
    return set(VOCABULARIES[name])


@cache
def _keys(name: Vocabulary) -> dict[int, str]:
    """Our key of each class value that is one label."""
    keys: dict[int, list[str]] = {}
    for row in labels():
        for value in classes(row, name):
            keys.setdefault(value, []).append(row.key)
    for value, structure in VOCABULARIES[name].items():
        if structure in NOT_IN_THE_TORSO:
            keys[value] = ["body"]
        if structure in FINDINGS:
            keys[value] = list(FINDINGS[structure])
    keys[0] = ["background"]
    return {value: found[0] for value, found in sorted(keys.items()) if len(found) == 1}


def _written_as(row: Label, name: Vocabulary) -> dict[int, int]:
    """Which class stands for a label: {the label itself or one that it is a part of: class value}."""
    for origins in ([row], [label(key) for key in row.part_of], [label("body")]):
        found = {origin.value: classes(origin, name)[0] for origin in origins if classes(origin, name)}
        if found:
            return found
    return {}


def _checked(volume: ArrayLike, known: set[int], where: str) -> NDArray[np.integer]:
    array = np.asarray(volume)
    if not np.issubdtype(array.dtype, np.integer):
        raise VocabularyError(f"a label volume holds integers, this one {array.dtype}", "cast it first")
    unknown = sorted(set(np.unique(array).tolist()) - known)
    if unknown:
        listed = ", ".join(map(str, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
        raise VocabularyError(f"values {listed} are not in {where}", "map or remove them first")
    return array
