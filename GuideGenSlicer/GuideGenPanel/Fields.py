"""The fields of a description as rows of the table: their names, what may be chosen, and how what is typed is read."""

from collections.abc import Callable
from dataclasses import dataclass

from slicer.i18n import tr as _


@dataclass(frozen=True)
class Field:
    """name: in the description; title: a function, as words are translated when they are shown; choices: the values
    for a finding (None for the patient's), or nothing where a value is typed; read: of what is typed, raises
    ValueError; rare: shown only where the text has it."""

    name: str
    title: Callable[[], str]
    choices: Callable[[object], tuple] | None = None
    read: Callable[[str], object] | None = None
    rare: bool = False


def shown(value: object) -> str:
    """A value in words."""
    if value is None:
        return _("unknown")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return _("{low} to {high}").format(low=value[0], high=value[1])
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("_", " ")


def wholeNumber(text: str) -> int | None:
    """ "67" """
    if _isUnknown(text):
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(_("'{text}' is no whole number: write for example 67.").format(text=text)) from error


def millimetres(text: str) -> float | None:
    """ "35", "35 mm", "3.5 cm" """
    if _isUnknown(text):
        return None
    words = text.lower().replace(",", ".").strip()
    scale, number = (10, words[:-2]) if words.endswith("cm") else (1, words.removesuffix("mm"))
    try:
        return scale * float(number)
    except ValueError as error:
        raise ValueError(_("'{text}' is no size: write for example 35 or 3.5 cm.").format(text=text)) from error


def word(text: str) -> str | None:
    """Any word, lower case as the text's own are."""
    return None if _isUnknown(text) else text.strip().lower()


def stage(text: str) -> str | None:
    """ "IIIB", "2a": as it is written, without the letter T, N or M."""
    return None if _isUnknown(text) else text.strip()


def _isUnknown(text: str) -> bool:
    return text.strip().lower() in ("", "?", "-", "unknown", shown(None).lower())


def _model(name: str, unknown: bool = True) -> Callable[[object], tuple]:
    """Choices of a closed set in description.model."""

    def choices(_finding: object) -> tuple:
        from GuideGenLib.description import model

        return ((None,) if unknown else ()) + tuple(getattr(model, name))

    return choices


def _sites(finding: object) -> tuple:
    """The places that the finding's organ has."""
    from GuideGenLib.description.model import SITES

    return (None, *SITES.get(getattr(finding, "organ", None) or "", ()))


PATIENT_FIELDS = (
    Field("age", lambda: _("Age"), read=wholeNumber),
    Field("sex", lambda: _("Sex"), _model("SEXES")),
    Field("race", lambda: _("Race"), read=word),
    Field("ethnicity", lambda: _("Ethnicity"), read=word),
    Field("habitus", lambda: _("Build"), _model("HABITUS")),
    Field("region", lambda: _("Region"), _model("REGIONS")),
    Field("phase", lambda: _("Contrast phase"), _model("PHASES")),
)
FINDING_FIELDS = (
    Field("kind", lambda: _("kind"), _model("DRAWN_KINDS", unknown=False)),
    Field("organ", lambda: _("organ"), _model("SITES")),
    Field("site", lambda: _("place"), _sites),
    Field("segment", lambda: _("segment"), read=stage, rare=True),
    Field("side", lambda: _("side"), _model("SIDES")),
    Field("size_mm", lambda: _("size (mm)"), read=millimetres),
    Field("size_word", lambda: _("size in words"), _model("SIZE_WORDS"), rare=True),
    Field("t", lambda: "T", read=stage),
    Field("n", lambda: "N", read=stage),
    Field("m", lambda: "M", read=stage),
    Field("stage", lambda: _("stage"), read=stage, rare=True),
    Field("count", lambda: _("how many"), read=wholeNumber, rare=True),
    Field("negated", lambda: _("not there"), lambda _finding: (False, True), rare=True),
)
