"""Organs of an asked size, in ml, cm or words, and organs that were taken out: is it so in the mask?

What is asked is written by hand and not read by our parser, so that a misread text counts as a fault; measured are the
voxels, whatever rule or network made them so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.cases import Order
from GuideGenLib.evaluation.measure import feret_mm
from GuideGenLib.evaluation.people.body import PUBLISHED
from GuideGenLib.evaluation.report.section import Section, Table, share_figure

NEAR = 0.1
"""How far off the asked size an organ may be."""
ABSENT_ML = 0.5
MET = 0.9
FIRST_SEED = 1000


@dataclass(frozen=True)
class AskedSize:
    """keys: labels, each of which is asked for; ml, longest or upright (from top to bottom) in mm: a number; word:
    "enlarged", "small" or "absent"."""

    text: str
    keys: tuple[str, ...]
    ml: float | None = None
    longest: float | None = None
    upright: float | None = None
    word: str | None = None
    sex: str = "male"

    @property
    def told(self) -> str:
        """What is asked, in short."""
        if self.word is not None:
            return self.word
        return f"{self.ml:g} ml" if self.ml is not None else f"{self.longest or self.upright:g} mm"


SIZES = (
    AskedSize("A 55-year-old man with an enlarged spleen of 600 ml.", ("spleen",), ml=600),
    AskedSize("A 62-year-old man with an enlarged spleen, 15 cm.", ("spleen",), longest=150),
    AskedSize("A 70-year-old man with hepatomegaly.", ("liver",), word="enlarged"),
    AskedSize("A 35-year-old woman with small kidneys.", ("kidney_left", "kidney_right"), word="small", sex="female"),
    AskedSize("A 40-year-old woman with an enlarged liver of 2200 ml.", ("liver",), ml=2200, sex="female"),
    AskedSize("A 59-year-old man, status post left nephrectomy.", ("kidney_left",), word="absent"),
    AskedSize("A 48-year-old woman, spleen volume 350 ml.", ("spleen",), ml=350, sex="female"),
    AskedSize("A 67-year-old man with a small liver of 1000 ml.", ("liver",), ml=1000),
    AskedSize("A 72-year-old woman, the left kidney measures 12 cm.", ("kidney_left",), longest=120, sex="female"),
    AskedSize("A 59-year-old man, right kidney 220 ml.", ("kidney_right",), ml=220),
    AskedSize("A 44-year-old woman with splenomegaly.", ("spleen",), word="enlarged", sex="female"),
    AskedSize("A 77-year-old man with an enlarged prostate of 80 ml.", ("prostate",), ml=80),
    AskedSize("A 50-year-old woman with a pancreas of 50 ml.", ("pancreas",), ml=50, sex="female"),
    AskedSize("A 64-year-old man, spleen of 9 cm.", ("spleen",), longest=90),
    AskedSize("A 68-year-old woman with kidneys of 9 cm.", ("kidney_left", "kidney_right"), longest=90, sex="female"),
    AskedSize("A 53-year-old man, liver span 19 cm.", ("liver",), upright=190),
    AskedSize("A 39-year-old woman, urinary bladder 400 ml.", ("urinary_bladder",), ml=400, sex="female"),
    AskedSize("A 61-year-old man with a small left kidney.", ("kidney_left",), word="small"),
    AskedSize("A 57-year-old woman after splenectomy.", ("spleen",), word="absent", sex="female"),
    AskedSize("A 66-year-old man with cardiomegaly, heart 1100 ml.", ("heart",), ml=1100),
)


def size_orders(count: int) -> list[Order]:
    """The cases of the first `count` texts."""
    return [Order(f"size_{n:02d}", one.text, FIRST_SEED + n) for n, one in enumerate(SIZES[:count], start=1)]


def found_sizes(asked: AskedSize, labels: NDArray[np.uint8], spacing: float) -> dict[str, str | None]:
    """For each of its labels None where the organ is as asked, within NEAR, else what it is. labels: [z, y, x], mm."""
    return {key: _fault(asked, key, labels == values()[key], spacing) for key in asked.keys}


def _fault(asked: AskedSize, key: str, organ: NDArray[np.bool_], spacing: float) -> str | None:
    ml = float(organ.sum()) * spacing**3 / 1000
    if asked.word is not None:
        low, high = (0.0, ABSENT_ML) if asked.word == "absent" else _beyond(key, asked)
        return None if low <= ml <= high else f"{ml:.0f} ml"
    wanted, unit, found = _number(asked, organ, ml, spacing)
    return None if abs(found - wanted) <= NEAR * wanted else f"{found:.0f} {unit}"


def _number(asked: AskedSize, organ: NDArray[np.bool_], ml: float, spacing: float) -> tuple[float, str, float]:
    """What was asked for, its unit, and what is there."""
    if asked.ml is not None:
        return asked.ml, "ml", ml
    if asked.upright is not None:
        return asked.upright, "mm", int(np.count_nonzero(organ.any((1, 2)))) * spacing
    assert asked.longest is not None
    return asked.longest, "mm", feret_mm(organ, (spacing,) * 3) if organ.any() else 0.0


def _beyond(key: str, asked: AskedSize) -> tuple[float, float]:
    """Volumes that are larger or smaller than those of 95 % of adults, but for NEAR."""
    one = next(one for one in PUBLISHED.values() if one.keys == (key,))
    low, high = one.men if asked.sex == "male" else one.women
    return ((1 - NEAR) * high, np.inf) if asked.word == "enlarged" else (ABSENT_ML, (1 + NEAR) * low)


def add_sizes(section: Section, found: Sequence[tuple[AskedSize, Mapping[str, str | None]]]) -> None:
    """How many of the asked sizes were met. found: `found_sizes` of each mask."""
    counts = [(sum(fault is None for fault in faults.values()), len(faults)) for _, faults in found]
    note = (
        f"volume or length within {100 * NEAR:.0f} % of the number, beyond the range of 95 % of adults where a word "
        f"asks, less than {ABSENT_ML:g} ml of what was taken out; whether a rule or the network does it is not asked"
    )
    section.figures.append(share_figure("organ sizes as asked", counts, wanted=MET, note=note))
    rows = [
        [key.replace("_", " "), asked.told, "yes" if fault is None else "NO", fault or ""]
        for asked, faults in found
        for key, fault in faults.items()
    ]
    if rows:
        section.tables.append(Table("Organ sizes that were asked for", ["organ", "asked", "met", "found"], rows))
