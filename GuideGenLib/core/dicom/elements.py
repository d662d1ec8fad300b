"""Values out of DICOM data sets, checked: a tag that is missing, empty or of the wrong kind is named."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from GuideGenLib.core.errors import VolumeError


def text(dataset: Any, keyword: str, without: str = "") -> str:
    """A value as words, `without` where there is none; what would move a terminal's cursor is taken out."""
    try:
        value = dataset.get(keyword)
    except Exception:  # of a damaged element pydicom raises nearly anything
        return without
    clean = "".join(sign if sign.isprintable() else " " for sign in str(value))
    return without if value is None else " ".join(clean.split())[:80]


def words(dataset: Any, keyword: str) -> tuple[str, ...]:
    """The several values of an element as words."""
    try:
        value = dataset.get(keyword)
    except Exception:
        return ()
    return () if value is None else (value,) if isinstance(value, str) else tuple(map(str, value))


def numbers(dataset: Any, keyword: str, count: int, of: str) -> tuple[float, ...]:
    """So many finite numbers. of: the object, for the message. Raises VolumeError."""
    try:
        value = dataset.get(keyword)
        found = tuple(float(one) for one in ([value] if isinstance(value, str | int | float) else value))
    except Exception as error:
        raise _missing(keyword, of) from error
    if len(found) != count or not all(map(math.isfinite, found)):
        raise _missing(keyword, of)
    return found


def number(dataset: Any, keyword: str, of: str, without: float | None = None) -> float:
    """One finite number, `without` where the element is not there or empty. Raises VolumeError."""
    if without is not None and text(dataset, keyword) == "":
        return without
    return numbers(dataset, keyword, 1, of)[0]


def items(dataset: Any, keyword: str) -> list[Any]:
    """The items of a sequence, none where it is not there or is no sequence."""
    try:
        value = dataset.get(keyword)
        return [item for item in value or () if hasattr(item, "get")]
    except Exception:
        return []


def first(dataset: Any, *keywords: str) -> Any:
    """The first item of a sequence, of a sequence in that, and so on; None where one is missing."""
    for keyword in keywords:
        dataset = next(iter(items(dataset, keyword)), None)
        if dataset is None:
            return None
    return dataset


def functional_groups(dataset: Any, keyword: str, frames: int) -> Iterator[Any]:
    """A macro of an image of several frames: for each its own item, else the shared one, else None."""
    shared = first(dataset, "SharedFunctionalGroupsSequence", keyword)
    own = items(dataset, "PerFrameFunctionalGroupsSequence")
    for number_of in range(frames):
        found = first(own[number_of], keyword) if number_of < len(own) else None
        yield shared if found is None else found


def _missing(keyword: str, of: str) -> VolumeError:
    from pydicom.datadict import dictionary_description, tag_for_keyword

    spoken = dictionary_description(tag_for_keyword(keyword) or keyword)
    return VolumeError(f"{of} has no valid {spoken}", "export it again with its whole header")
