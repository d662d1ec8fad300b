"""The fields of a description that a user may correct: what may be chosen, and how what is typed is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from GuideGenLib.description.acquisition import DOSES, HOME, KERNELS, METALS
from GuideGenLib.description.looks import LOOKS
from GuideGenLib.description.model import (
    DRAWN_KINDS,
    HABITUS,
    ORGAN_SIZES,
    PHASES,
    PRESENCES,
    REGIONS,
    SEXES,
    SIDES,
    SITES,
    SIZE_WORDS,
    Finding,
    OrganState,
)
from GuideGenLib.findings.reading import recipes

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Field:
    """name: in the description; title: for the user; choices: the values that may be chosen for a finding (None: for
    the patient), or nothing where a value is typed; read: of what is typed, raises ValueError; rare: shown only where
    the text has it."""

    name: str
    title: str
    choices: Callable[[Finding | None], tuple[Any, ...]] | None = None
    read: Callable[[str], Any] | None = None
    rare: bool = False


def shown(value: object) -> str:
    """A value in words."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value == ():
        return UNKNOWN
    if isinstance(value, tuple) and isinstance(value[0], str):
        return ", ".join(value).replace("_", " ")
    if isinstance(value, tuple):
        return f"{value[0]} to {value[1]}"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ")


def is_left_out(field: Field, value: object) -> bool:
    """Whether a field is not worth a row: rare, and nothing is said of it."""
    return field.rare and (value is None or (field.name == "count" and value == 1))


def whole_number(text: str) -> int | None:
    """ "67" """
    if _is_unknown(text):
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"'{text}' is no whole number: write for example 67.") from error


def millimetres(text: str) -> float | None:
    """ "35", "35 mm", "3.5 cm" """
    if _is_unknown(text):
        return None
    words = text.lower().replace(",", ".").strip()
    scale, number = (10, words[:-2]) if words.endswith("cm") else (1, words.removesuffix("mm"))
    try:
        return scale * float(number)
    except ValueError as error:
        raise ValueError(f"'{text}' is no size: write for example 35 or 3.5 cm.") from error


def millilitres(text: str) -> float | None:
    """ "350", "350 ml", "1.2 l" """
    if _is_unknown(text):
        return None
    words = text.lower().replace(",", ".").strip()
    liters = words.endswith("l") and not words.endswith("ml")
    number = words.removesuffix("ml").removesuffix("cc").removesuffix("l")
    try:
        return (1000 if liters else 1) * float(number)
    except ValueError as error:
        raise ValueError(f"'{text}' is no volume: write for example 350 or 1.2 l.") from error


def word(text: str) -> str | None:
    """Any word, lower case as the text's own are."""
    return None if _is_unknown(text) else text.strip().lower()


def stage(text: str) -> str | None:
    """ "IIIB", "2a": as it is written, without the letter T, N or M."""
    return None if _is_unknown(text) else text.strip()


def looks(text: str) -> tuple[str, ...]:
    """ "spiculated, part-solid" """
    words = [] if _is_unknown(text) else re.split(r"[,;]|\band\b", text.lower())
    names = [re.sub(r"[\s-]+", "_", word.strip()) for word in words if word.strip()]
    unknown = next((name for name in names if name not in LOOKS), None)
    if unknown is not None:
        raise ValueError(f"'{unknown.replace('_', ' ')}' is no look: write some of {shown(LOOKS)}.")
    return tuple(names)


def _is_unknown(text: str) -> bool:
    return text.strip().lower() in ("", "?", "-", UNKNOWN)


def _any_of(values: tuple[Any, ...], unknown: bool = True) -> Callable[[Finding | None], tuple[Any, ...]]:
    choices = ((None,) if unknown else ()) + tuple(values)
    return lambda _finding: choices


def _sites(finding: Finding | None) -> tuple[Any, ...]:
    """The places that the finding's organ has."""
    return (None, *SITES.get(getattr(finding, "organ", None) or "", ()))


def kinds_drawn() -> tuple[str, ...]:
    """What is drawn in some organ, tumours first."""
    return tuple(dict.fromkeys((*DRAWN_KINDS, *sorted(kind for one in recipes() for kind in one.kinds))))


def _organs(finding: Finding | None) -> tuple[Any, ...]:
    """Where what the finding is may lie."""
    kind = getattr(finding, "kind", DRAWN_KINDS[0])
    others = sorted({organ for one in recipes() if kind in one.kinds for organ in one.organs if organ})
    return (None, *dict.fromkeys((*(tuple(SITES) if kind in DRAWN_KINDS else ()), *others)))


PATIENT_FIELDS = (
    Field("age", "Age", read=whole_number),
    Field("sex", "Sex", _any_of(SEXES)),
    Field("race", "Race", read=word),
    Field("ethnicity", "Ethnicity", read=word),
    Field("habitus", "Build", _any_of(HABITUS)),
    Field("region", "Region", _any_of(REGIONS)),
    Field("phase", "Contrast phase", _any_of(PHASES)),
)
ACQUISITION_FIELDS = (
    Field(HOME + "slice_mm", "Slice thickness (mm)", read=millimetres),
    Field(HOME + "kernel", "Kernel", _any_of(KERNELS)),
    Field(HOME + "dose", "Dose", _any_of(DOSES)),
    Field(HOME + "oral_contrast", "Oral contrast", _any_of((False, True))),
    Field(HOME + "table", "Table", _any_of((False, True))),
    Field(HOME + "motion", "Motion", _any_of((False, True))),
    Field(HOME + "metal", "Metal", _any_of(METALS)),
    Field(HOME + "field_of_view_mm", "Field of view (mm)", read=millimetres),
)
"""How the scan was taken."""
FINDING_FIELDS = (
    Field("kind", "kind", lambda _finding: kinds_drawn()),
    Field("presence", "presence", _any_of(PRESENCES, unknown=False)),
    Field("organ", "organ", _organs),
    Field("site", "place", _sites),
    Field("segment", "segment", read=stage, rare=True),
    Field("side", "side", _any_of(SIDES)),
    Field("size_mm", "size (mm)", read=millimetres),
    Field("volume_ml", "volume (ml)", read=millilitres),
    Field("size_word", "size in words", _any_of(SIZE_WORDS), rare=True),
    Field("looks", "looks", read=looks),
    Field("t", "T", read=stage),
    Field("n", "N", read=stage),
    Field("m", "M", read=stage),
    Field("stage", "stage", read=stage, rare=True),
    Field("count", "how many", read=whole_number, rare=True),
)
ORGAN_FIELDS = (
    Field("absent", "absent", _any_of((False, True), unknown=False)),
    Field("size_word", "size in words", _any_of(ORGAN_SIZES)),
    Field("length_mm", "length (mm)", read=millimetres),
    Field("volume_ml", "volume (ml)", read=millilitres),
)
"""An organ that is absent has no other field than that."""


def finding_fields(finding: Finding) -> tuple[Field, ...]:
    """The fields of a finding that may be worth a row: a recipe has a volume, or a size, and no stage."""
    recipe = finding.recipe
    if recipe is None:
        return tuple(field for field in FINDING_FIELDS if field.name != "volume_ml" or finding.volume_ml is not None)
    unused = {"t", "n", "m", "stage"}
    if recipe.sizes is None or recipe.sizes.unit != "mm":
        unused.add("size_mm")
    if recipe.sizes is None or recipe.sizes.unit != "ml":
        unused.add("volume_ml")
    if not recipe.sided and not SITES.get(finding.organ or ""):
        unused |= {"side", "site"}
    return tuple(f for f in FINDING_FIELDS if f.name not in unused or getattr(finding, f.name) is not None)


def organ_fields(state: OrganState) -> tuple[Field, ...]:
    """The fields of an organ's state that are worth a row."""
    return ORGAN_FIELDS[:1] if state.absent else ORGAN_FIELDS
