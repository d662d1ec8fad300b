"""What is said of organs, as numbers by label: wanted volumes and lengths, and the labels that must be absent.

Usual volumes of adults, men and women: liver, heart with its blood, stomach with content, gallbladder, adrenal
glands, uterus and thyroid by ICRP Publication 89 (2002), table 2.8, masses over 1.05 g/ml; spleen 215 ml
(Prassopoulos, Eur Radiol 1997;7:246); kidneys 202 and 154 ml, 124 and 116 mm long (Cheong, Clin J Am Soc Nephrol
2007;2:38); pancreas 72 ml (Saisho, Clin Anat 2007;20:933); prostate 20 to 25 ml at 40 (Rhodes, J Urol 1999;161:1174);
liver 14 cm from top to bottom (Kratzer, J Ultrasound Med 2003;22:1155). The words begin where their spread ends, two
standard deviations above or below the mean: 15 % in livers and 35 % in spleens (Henderson, Radiology 1981;141:525),
18 to 21 % in kidneys (Cheong), 36 % in pancreases (Saisho); goitres above 25 and 18 ml (WHO). A prostate is enlarged
above 40 ml and large above 80 to 100 ml (EAU guidelines). A full bladder holds its capacity of 300 to 400 ml and more
(Lukacz, Int J Clin Pract 2011;65:1026). How far each word goes, and lengths without a source here, are by judgement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from GuideGenLib.description.model import Description, OrganState

USUAL_ML: dict[str, tuple[float, float]] = {
    "liver": (1710, 1330), "spleen": (215, 215), "kidney": (202, 154), "pancreas": (72, 72), "heart": (800, 590),
    "stomach": (380, 350), "gallbladder": (65, 54), "adrenal": (6.7, 6.2), "bladder": (200, 200), "prostate": (22, 22),
    "uterus": (76, 76), "thyroid": (19, 16),
}  # fmt: skip
"""Men, women; each of a pair."""
USUAL_MM: dict[str, tuple[float, float]] = {
    "liver": (145, 135), "spleen": (107, 103), "kidney": (124, 116), "pancreas": (165, 160), "heart": (135, 122),
    "stomach": (210, 200), "gallbladder": (80, 75), "adrenal": (45, 43), "bladder": (90, 90), "prostate": (45, 45),
    "uterus": (75, 75), "thyroid": (65, 60),
}  # fmt: skip
"""Longest extent; of the liver from top to bottom."""
Factors = tuple[float, float]
PARTS_OF_USUAL: dict[str, dict[str, Factors]] = {
    "liver": {"atrophic": (0.4, 0.55), "small": (0.58, 0.7), "normal": (0.7, 1.3), "enlarged": (1.35, 1.8),
              "massively_enlarged": (1.95, 2.5)},
    "spleen": {"atrophic": (0.12, 0.25), "small": (0.3, 0.45), "normal": (0.5, 1.6), "enlarged": (1.8, 3.5),
               "massively_enlarged": (4.7, 8.0)},
    "kidney": {"atrophic": (0.15, 0.38), "small": (0.43, 0.58), "normal": (0.6, 1.4), "enlarged": (1.45, 2.2),
               "massively_enlarged": (3.0, 5.0)},
    "pancreas": {"atrophic": (0.2, 0.33), "small": (0.36, 0.5), "normal": (0.5, 1.7), "enlarged": (1.75, 2.4),
                 "massively_enlarged": (2.6, 3.6)},
    "heart": {"atrophic": (0.4, 0.5), "small": (0.5, 0.63), "normal": (0.65, 1.35), "enlarged": (1.45, 1.9),
              "massively_enlarged": (2.0, 2.4)},
    "stomach": {"atrophic": (0.2, 0.33), "small": (0.35, 0.55), "normal": (0.6, 1.6), "enlarged": (1.9, 3.5),
                "massively_enlarged": (4.0, 6.0)},
    "gallbladder": {"atrophic": (0.08, 0.15), "small": (0.15, 0.3), "normal": (0.4, 1.4), "enlarged": (1.7, 3.0),
                    "massively_enlarged": (3.3, 5.0)},
    "adrenal": {"atrophic": (0.2, 0.35), "small": (0.4, 0.55), "normal": (0.6, 1.5), "enlarged": (1.8, 3.0),
                "massively_enlarged": (4.0, 8.0)},
    "bladder": {"atrophic": (0.06, 0.15), "small": (0.12, 0.3), "normal": (0.4, 1.7), "enlarged": (2.0, 3.2),
                "massively_enlarged": (3.5, 5.5)},
    "prostate": {"atrophic": (0.35, 0.5), "small": (0.55, 0.75), "normal": (0.8, 1.5), "enlarged": (1.9, 3.5),
                 "massively_enlarged": (4.2, 7.0)},
    "uterus": {"atrophic": (0.2, 0.38), "small": (0.42, 0.6), "normal": (0.6, 1.6), "enlarged": (2.0, 5.0),
               "massively_enlarged": (6.5, 13.0)},
    "thyroid": {"atrophic": (0.15, 0.35), "small": (0.4, 0.55), "normal": (0.55, 1.2), "enlarged": (1.5, 3.5),
                "massively_enlarged": (5.0, 9.0)},
}  # fmt: skip
"""Lowest and highest volume that a word means, in parts of the usual one."""


@dataclass(frozen=True)
class WantedSize:
    """volume_ml: lowest and highest, the same twice where a number is asked; length_mm: longest extent, or from top to
    bottom where `craniocaudal` is set; usual_ml and usual_mm: of an adult of that sex."""

    volume_ml: tuple[float, float] | None
    length_mm: float | None
    craniocaudal: bool
    usual_ml: float
    usual_mm: float

    def target_ml(self, drawn_ml: float | None = None) -> float:
        """The volume to aim at. A word leaves a range: an organ that was drawn larger than usual stays so within it. A
        length alone is told as the volume of a usual organ of that length."""
        if self.volume_ml is None:
            return self.usual_ml * ((self.length_mm or self.usual_mm) / self.usual_mm) ** 3
        low, high = self.volume_ml
        if drawn_ml is None or low <= drawn_ml <= high:
            return drawn_ml or (low * high) ** 0.5
        return min(max((low * high * drawn_ml / self.usual_ml) ** 0.5, low), high)


@dataclass(frozen=True)
class WantedOrgans:
    """sizes: by label key; absent: label keys that must not be in the volume."""

    sizes: Mapping[str, WantedSize] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.sizes or self.absent)

    @property
    def volumes_ml(self) -> dict[str, float]:
        """What each organ that something is said of should have, before anything is drawn; 0 where it is absent."""
        return {key: size.target_ml() for key, size in self.sizes.items()} | dict.fromkeys(self.absent, 0.0)


def wanted_organs(description: Description) -> WantedOrgans:
    """What a description asks of its organs; what it says of one side wins over what it says of both."""
    sizes: dict[str, WantedSize] = {}
    absent: set[str] = set()
    for state in sorted(description.organs, key=lambda state: state.side is not None):
        if state.absent:
            absent |= set(state.label_keys)
        elif state.sized:
            sizes |= dict.fromkeys(state.label_keys, _wanted(state, description.sex))
    return WantedOrgans({key: size for key, size in sizes.items() if key not in absent}, frozenset(absent))


def _wanted(state: OrganState, sex: str | None) -> WantedSize:
    usual_ml, usual_mm = (_of_sex(table[state.organ], sex) for table in (USUAL_ML, USUAL_MM))
    volume = None
    if state.volume_ml is not None:
        volume = (state.volume_ml, state.volume_ml)
    elif state.size_word is not None and state.length_mm is None:
        low, high = PARTS_OF_USUAL[state.organ][state.size_word]
        volume = (low * usual_ml, high * usual_ml)
    return WantedSize(volume, state.length_mm, state.craniocaudal, usual_ml, usual_mm)


def _of_sex(pair: tuple[float, float], sex: str | None) -> float:
    """The value of men, women, or the middle of both where the sex is not known."""
    return pair[("male", "female").index(sex)] if sex else sum(pair) / 2
