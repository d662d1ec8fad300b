"""Scan regions: which slab of the coarse grid to draw, and where to cut it by landmarks of the drawn anatomy."""

import numpy as np

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import values

SLABS: dict[str, tuple[int, int]] = {
    "torso": (0, 96),
    "chest": (24, 96),
    "abdomen": (16, 80),
    "pelvis": (0, 40),
    "chest_abdomen": (16, 96),
    "abdomen_pelvis": (0, 80),
}
"""First and past-the-last slice of the 6 mm grid; wide enough for the tallest and the shortest of the population."""

_CHEST = [
    *LUNGS,
    "trachea",
    "esophagus",
    "heart",
    "aorta",
    "superior_vena_cava",
    "vertebrae_thoracic",
    "spinal_cord",
    "ribs_left",
    "ribs_right",
    "sternum",
    "scapula_left",
    "scapula_right",
    "clavicle_left",
    "clavicle_right",
    "autochthon_left",
    "autochthon_right",
]
_ABDOMEN = [
    "liver",
    "gallbladder",
    "spleen",
    "pancreas",
    "stomach",
    "duodenum",
    "small_bowel",
    "colon",
    "kidney_left",
    "kidney_right",
    "adrenal_left",
    "adrenal_right",
    "aorta",
    "inferior_vena_cava",
    "portal_splenic_vein",
    "vertebrae_lumbar",
    "iliopsoas_left",
    "iliopsoas_right",
    "autochthon_left",
    "autochthon_right",
]
_PELVIS = [
    "urinary_bladder",
    "sacrum",
    "hip_left",
    "hip_right",
    "femur_left",
    "femur_right",
    "gluteus_left",
    "gluteus_right",
    "iliopsoas_left",
    "iliopsoas_right",
    "iliac_artery_left",
    "iliac_artery_right",
    "iliac_vein_left",
    "iliac_vein_right",
]
_TISSUE = ["body", "subcutaneous_fat", "torso_fat", "muscle"]

ORGANS: dict[str, frozenset[str]] = {
    "chest": frozenset(_CHEST + _TISSUE),
    "abdomen": frozenset(_ABDOMEN + _TISSUE),
    "pelvis": frozenset(_PELVIS + _TISSUE),
    "chest_abdomen": frozenset(_CHEST + _ABDOMEN + _TISSUE),
    "abdomen_pelvis": frozenset(_ABDOMEN + _PELVIS + _TISSUE),
    "torso": frozenset([*_CHEST, *_ABDOMEN, *_PELVIS, *_TISSUE, "thyroid", "costal_cartilages", "pulmonary_vein"]),
}
"""Structures that a scan of the region always shows (prostate or uterus come with the sex)."""


def _planes(labels: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    """Indices of the slices that hold one of the labels."""
    return np.flatnonzero(np.isin(labels, [values()[key] for key in keys]).any(axis=(1, 2)))


def _top(labels: np.ndarray, *keys: str) -> int | None:
    planes = _planes(labels, keys)
    return int(planes[-1]) if len(planes) else None


def _bottom(labels: np.ndarray, *keys: str) -> int | None:
    planes = _planes(labels, keys)
    return int(planes[0]) if len(planes) else None


def crop_range(labels: np.ndarray, region: str, spacing: float) -> tuple[int, int]:
    """First and past-the-last slice of `region` in a drawn slab [z, y, x].

    Chest: 30 mm below the lung bases to the neck base. Abdomen: 30 mm above the liver to 30 mm below the iliac crests.
    Pelvis: 20 mm above the iliac crests to the femoral heads. A landmark that is missing leaves its end uncut.
    """
    depth = labels.shape[0]
    lungs = _bottom(labels, "lung_lower_lobe_left", "lung_lower_lobe_right")
    crest = _top(labels, "hip_left", "hip_right")
    liver = _top(labels, "liver")
    first, last = 0, depth
    if region == "chest" and lungs is not None:
        first = lungs - round(30 / spacing)
    if region in ("abdomen", "chest_abdomen") and crest is not None:
        first = crest - round(30 / spacing)
    if region in ("abdomen", "abdomen_pelvis") and liver is not None:
        last = liver + 1 + round(30 / spacing)
    if region == "pelvis" and crest is not None:
        last = crest + 1 + round(20 / spacing)
    first, last = max(0, first), min(depth, last)
    return (first, last) if last > first else (0, depth)  # landmarks out of order: an anatomy for the rules to refuse
