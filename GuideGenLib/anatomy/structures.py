"""Structures that are made of several labels, and where a volume holds them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.table import values

LOBES = {
    ("left", "upper_lobe"): "lung_upper_lobe_left",
    ("left", "lower_lobe"): "lung_lower_lobe_left",
    ("right", "upper_lobe"): "lung_upper_lobe_right",
    ("right", "middle_lobe"): "lung_middle_lobe_right",
    ("right", "lower_lobe"): "lung_lower_lobe_right",
}
"""The labels of the lungs by side and site."""
LUNGS = tuple(LOBES.values())
TUMOUR_ORGANS: dict[str, tuple[str, ...]] = {
    "lung": LUNGS,
    "liver": ("liver",),
    "kidney": ("kidney_left", "kidney_right"),
    "pancreas": ("pancreas",),
    "colon": ("colon", "colon_gas"),
}
"""The organs whose tumours are drawn, with the labels of their tissue."""


def lobes_of(side: str | None) -> tuple[str, ...]:
    """The labels of the lung of a side, "left" or "right"."""
    return tuple(key for (of, _), key in LOBES.items() if of == side)


def table_of(keys: Iterable[str]) -> NDArray[np.bool_]:
    """Which label values [256] are those of the named labels: `table_of(keys)[volume]`."""
    table = np.zeros(256, dtype=bool)
    table[[values()[key] for key in keys]] = True
    return table


def select(labels: NDArray[np.uint8], keys: Iterable[str]) -> NDArray[np.bool_]:
    """Where a volume holds one of the named labels."""
    return table_of(keys)[labels]


def wins(one: Label, other: Label) -> bool:
    """May `one` take a voxel that `other` claims as well?

    Body loses to all. A part wins over what it is a part of (gas in the bowel, vessels in the lung), and a lesion over
    whatever lies in its own organ.
    """
    if one == other or other.key == "body":
        return True
    if other.key in one.part_of:
        return True
    return one.group == "lesions" and other.group != "lesions" and bool(set(other.part_of) & set(one.part_of))
