"""What is known of a patient: the typed form of a free text.

A Description is frozen; a user who corrects one makes a new one with `dataclasses.replace`. `None` means that the text
does not say, never a default. Values outside the closed sets below raise DescriptionError when the object is made.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.description.errors import DescriptionError
from GuideGenLib.description.looks import checked_looks
from GuideGenLib.findings.reading import recipe_of
from GuideGenLib.findings.recipe import Recipe

SEXES = ("male", "female")
REGIONS = ("torso", "chest", "abdomen", "pelvis", "chest_abdomen", "abdomen_pelvis")
PHASES = ("none", "arterial", "portal_venous", "delayed")
HABITUS = ("thin", "normal", "overweight", "obese")
SIDES = ("left", "right")
SIZE_WORDS = ("tiny", "small", "moderate", "large", "huge")
STAGE_WORDS = ("early", "advanced")
SITES: dict[str, tuple[str, ...]] = {
    "lung": ("upper_lobe", "middle_lobe", "lower_lobe"),
    "liver": ("right_lobe", "left_lobe", "caudate"),
    "kidney": ("upper_pole", "middle", "lower_pole"),
    "pancreas": ("head", "body", "tail"),
    "colon": (
        "cecum",
        "ascending",
        "hepatic_flexure",
        "transverse",
        "splenic_flexure",
        "descending",
        "sigmoid",
        "rectum",
    ),
}
ORGANS: dict[str, tuple[str, ...]] = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidney": ("kidney_left", "kidney_right"),
    "pancreas": ("pancreas",),
    "heart": ("heart",),
    "stomach": ("stomach",),
    "gallbladder": ("gallbladder",),
    "adrenal": ("adrenal_left", "adrenal_right"),
    "bladder": ("urinary_bladder",),
    "prostate": ("prostate",),
    "uterus": ("uterus",),
    "thyroid": ("thyroid",),
}
"""Organs whose size or absence a text may ask for, with their labels in the anatomy table."""
PAIRED = ("kidney", "adrenal")
VITAL = ("liver", "heart")
"""Nobody lives without them: they cannot be absent."""
ORGAN_SIZES = ("atrophic", "small", "normal", "enlarged", "massively_enlarged")
LIMITS_ML: dict[str, tuple[float, float]] = {
    "liver": (500, 5000), "spleen": (20, 2500), "kidney": (15, 1500), "pancreas": (10, 350), "heart": (200, 2000),
    "stomach": (60, 3000), "gallbladder": (3, 400), "adrenal": (0.8, 120), "bladder": (5, 1500), "prostate": (5, 300),
    "uterus": (8, 2000), "thyroid": (1, 400),
}  # fmt: skip
LIMITS_MM: dict[str, tuple[float, float]] = {
    "liver": (80, 320), "spleen": (40, 300), "kidney": (40, 300), "pancreas": (60, 260), "heart": (70, 240),
    "stomach": (60, 350), "gallbladder": (20, 180), "adrenal": (10, 120), "bladder": (20, 220), "prostate": (18, 120),
    "uterus": (25, 250), "thyroid": (20, 160),
}  # fmt: skip
"""What an adult's organ may measure, from severe atrophy to the largest that are reported; wide, and by judgement."""
DRAWN_KINDS = ("tumor", "mass", "nodule", "lesion", "metastasis")
PRESENCES = ("present", "possible", "negated", "historical", "resolved", "family", "hypothetical")
"""Whether the patient has a finding, in the categories of ConText (Harkema et al., J Biomed Inform 42:839, 2009) and
two that imaging reports need: possible (Chapman et al., J Biomed Inform 44:728, 2011) and resolved.
Hypothetical: only asked for, as in an indication or a recommendation. Family: another person has it."""
OLDEST = 120
LARGEST_MM = 400.0
LARGEST_ML = 15_000.0

_T = re.compile(r"X|is|[0-4](mi|[a-d])?")
_N = re.compile(r"X|[0-3](mi|[a-c])?")
_M = re.compile(r"X|[01][a-d]?")
_STAGE = re.compile(r"(0|I{1,3}|IV)([A-D][1-3]?)?|early|advanced")


@dataclass(frozen=True)
class Span:
    """A quotation: characters [start, end) of the text, and what stands there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Finding:
    """One thing that the text names, and whether the patient has it (`presence`, one of PRESENCES).

    kind: "tumor", "mass", "nodule", "lesion", "metastasis", or another word ("cyst", "effusion").
    organ: a key of SITES or another word ("stomach"); site: one of SITES[organ]; segment: "IVb" in the liver, "6" or a
    name in the lung, "uncinate" in the pancreas. size_mm: longest diameter in mm; volume_ml: of what fills a
    space. t, n, m: without their letter.
    stage: "IIIB", or "early" and "advanced" where the text has only the word. looks: some of LOOKS, in its order.
    """

    kind: str
    organ: str | None = None
    site: str | None = None
    segment: str | None = None
    side: str | None = None
    size_mm: float | None = None
    size_word: str | None = None
    t: str | None = None
    n: str | None = None
    m: str | None = None
    stage: str | None = None
    count: int = 1
    presence: str = "present"
    volume_ml: float | None = None
    looks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _text("kind", self.kind)
        object.__setattr__(self, "looks", checked_looks(self.looks, self.organ))
        if self.organ is not None:
            _text("organ", self.organ)
        if self.site is not None:
            _member("site", self.site, SITES.get(self.organ or "", ()))
        if self.segment is not None:
            _text("segment", self.segment)
        _member("side", self.side, SIDES)
        _member("size_word", self.size_word, SIZE_WORDS)
        if self.presence not in PRESENCES:
            raise DescriptionError(f"presence is {self.presence!r}", f"give one of {', '.join(PRESENCES)}.")
        if self.size_mm is not None and not 0 < self.size_mm <= LARGEST_MM:
            msg = f"size_mm is {self.size_mm:g}: give a size above 0 and up to {LARGEST_MM:g} mm."
            raise DescriptionError(msg)
        if self.volume_ml is not None and not 0 < self.volume_ml <= LARGEST_ML:
            msg = f"volume_ml is {self.volume_ml:g}: give a volume above 0 and up to {LARGEST_ML:g} ml."
            raise DescriptionError(msg)
        for name, value, pattern in (
            ("t", self.t, _T),
            ("n", self.n, _N),
            ("m", self.m, _M),
            ("stage", self.stage, _STAGE),
        ):
            if value is not None and not pattern.fullmatch(value):
                msg = f"{name} is {value!r}, which is no stage: write for example T2aN1M0 or stage IIIB."
                raise DescriptionError(msg)
        if not 1 <= self.count <= 99:
            msg = f"count is {self.count}: give 1 to 99."
            raise DescriptionError(msg)

    @property
    def label_key(self) -> str | None:
        """Key of the lesion label in the anatomy table, e.g. "lung_tumor"; None where there is no such label."""
        return f"{self.organ}_tumor" if self.kind in DRAWN_KINDS and self.organ in SITES else None

    @property
    def recipe(self) -> Recipe | None:
        """How it is drawn where it is no tumour of the five organs; None where this version draws no such finding."""
        return None if self.label_key is not None else recipe_of(self.kind, self.organ)

    @property
    def shown(self) -> bool:
        """Whether a volume of this description shows it: as a tumour, or by its recipe."""
        return self.drawn or (self.there and self.recipe is not None)

    @property
    def there(self) -> bool:
        """Whether the patient has it, surely or possibly."""
        return self.presence in ("present", "possible")

    @property
    def drawn(self) -> bool:
        """Whether a volume of this description must show it."""
        return self.label_key is not None and self.there and self.t != "0"


@dataclass(frozen=True)
class OrganState:
    """How large the text says an organ to be, or that the patient has it no more.

    organ: a key of ORGANS; side: of a kidney or adrenal gland, None for both. size_word: one of ORGAN_SIZES. length_mm:
    longest extent, where `craniocaudal` is set the extent from top to bottom. A number wins over the word.
    """

    organ: str
    side: str | None = None
    absent: bool = False
    size_word: str | None = None
    length_mm: float | None = None
    craniocaudal: bool = False
    volume_ml: float | None = None

    def __post_init__(self) -> None:
        _member("organ", self.organ, tuple(ORGANS))
        _member("side", self.side, SIDES if self.organ in PAIRED else ())
        _member("size_word", self.size_word, ORGAN_SIZES)
        if self.absent and self.organ in VITAL:
            raise DescriptionError(f"Nobody lives without a {self.organ}", "leave it in.")
        if self.absent and self.sized:
            raise DescriptionError(f"The {self.name} is said to be absent, and to have a size", "keep one of the two.")
        for value, limits, unit in ((self.length_mm, LIMITS_MM, "mm"), (self.volume_ml, LIMITS_ML, "ml")):
            low, high = limits[self.organ]
            if value is not None and not low <= value <= high:
                msg = f"A {self.name} of {value:g} {unit} is not possible"
                raise DescriptionError(msg, f"give {low:g} to {high:g} {unit}.")

    @property
    def sized(self) -> bool:
        """Whether anything is said of its size."""
        return any(value is not None for value in (self.size_word, self.length_mm, self.volume_ml))

    @property
    def name(self) -> str:
        """For people: "left kidney"."""
        return f"{self.side} {self.organ}" if self.side else self.organ

    @property
    def label_keys(self) -> tuple[str, ...]:
        """Its labels in the anatomy table."""
        keys = ORGANS[self.organ]
        return keys if self.side is None else tuple(key for key in keys if key.endswith(self.side))


@dataclass(frozen=True)
class LeftOut:
    """Words that were understood and have no effect, with the reason: "family history", "a distance"."""

    span: Span
    reason: str


@dataclass(frozen=True)
class Description:
    """A text with what was understood of it.

    spans: the quotation behind each field, keyed by its path ("age", "findings[0].side"). not_understood: the words
    that no field holds and no rule knows. left_out: those that are left out on purpose. warnings: sentences for the
    user. age_range: both ends included, in years. organs: each organ, or side of it, once. acquisition: how it
    was scanned.
    """

    text: str
    age: int | None = None
    age_range: tuple[int, int] | None = None
    sex: str | None = None
    race: str | None = None
    ethnicity: str | None = None
    region: str | None = None
    phase: str | None = None
    habitus: str | None = None
    findings: tuple[Finding, ...] = ()
    organs: tuple[OrganState, ...] = ()
    acquisition: Acquisition = field(default_factory=Acquisition)
    spans: dict[str, Span] = field(default_factory=dict)
    not_understood: tuple[Span, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for age in (self.age, *(self.age_range or ())):
            if age is not None and not 0 <= age <= OLDEST:
                msg = f"An age of {age} years is not possible: give 0 to {OLDEST}."
                raise DescriptionError(msg)
        if self.age_range is not None and self.age_range[0] > self.age_range[1]:
            msg = f"age_range {self.age_range} ends before it begins: swap the two ages."
            raise DescriptionError(msg)
        _member("sex", self.sex, SEXES)
        _member("region", self.region, REGIONS)
        _member("phase", self.phase, PHASES)
        _member("habitus", self.habitus, HABITUS)
        _check_organs(self.organs, self.findings)

    def without_possible(self) -> "Description":
        """For a drawing of what is sure only: possible findings are as if they were only asked for."""
        sure = tuple(replace(f, presence="hypothetical") if f.presence == "possible" else f for f in self.findings)
        return replace(self, findings=sure)


def with_presence(finding: dict[str, Any]) -> dict[str, Any]:
    """The fields of a finding where a file of a version before `presence` has `negated`."""
    told = dict(finding)
    if "negated" in told and "presence" not in told:
        negated = told.pop("negated")
        told["presence"] = {True: "negated", False: "present"}.get(negated, negated)
    return told


def _check_organs(organs: tuple[OrganState, ...], findings: tuple[Finding, ...]) -> None:
    """Raise DescriptionError where an organ is named twice, or a lesion is asked in one that is absent."""
    names = [state.name for state in organs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DescriptionError(f"The {twice} is described twice", "say it once.")
    absent = {key for state in organs if state.absent for key in state.label_keys}
    if sized := next((s for s in organs if s.sized and absent.issuperset(s.label_keys)), None):
        raise DescriptionError(f"The {sized.name} is said to be absent, and to have a size", "keep one of the two.")
    for finding in findings:
        if finding.shown and finding.organ in ORGANS:
            home = OrganState(finding.organ, finding.side if finding.organ in PAIRED else None)
            if absent.issuperset(home.label_keys):
                msg = f"A {finding.kind} is asked in the {home.name}, which is said to be absent"
                raise DescriptionError(msg, "place it elsewhere, or leave the organ in.")


def _member(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        msg = f"{name} is {value!r}: give one of {', '.join(allowed) or 'None'}, or None."
        raise DescriptionError(msg)


def _text(name: str, value: str) -> None:
    if not isinstance(value, str) or not value:
        msg = f"{name} is {value!r}: give a word."
        raise DescriptionError(msg)
