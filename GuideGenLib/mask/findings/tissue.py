"""What a lesion may move and replace: soft tissue gives way, bones, great vessels, heart and body wall do not."""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, lobes_of, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Spacing

FILLERS = ("body", "torso_fat")
ABDOMEN_SOFT = (
    *FILLERS, "liver", "gallbladder", "spleen", "pancreas", "stomach", "stomach_gas", "duodenum", "small_bowel",
    "colon", "colon_gas", "kidney_left", "kidney_right", "adrenal_left", "adrenal_right", "urinary_bladder", "uterus",
    "lung_vessel", *LUNGS,
)  # fmt: skip
BODY_WALL = (
    "background", "subcutaneous_fat", "ribs_left", "ribs_right", "costal_cartilages", "sternum", "hip_left",
    "hip_right", "sacrum", "autochthon_left", "autochthon_right", "gluteus_left", "gluteus_right",
)  # fmt: skip
WALL_MUSCLE_MM = 18.0
"""Muscle deeper than this below the body wall is no wall: vessels, ureters and crura carry that label too."""
LUNG_MARGIN_MM = 4.0


def soft_keys(organ: str, side: str | None) -> tuple[str, ...]:
    """Keys of the tissue that a lesion of an organ may move: the lobes of one lung, or what is soft in the abdomen."""
    if organ != "lung":
        return ABDOMEN_SOFT
    return (*lobes_of(side), "lung_vessel")


def movable(part: np.ndarray, spacing: Spacing, organ: str, side: str | None) -> np.ndarray:
    """Boolean volume of what a lesion may move in a part of a label volume [z, y, x]."""
    soft = select(part, soft_keys(organ, side))
    return _of_one_lung(part, soft, spacing, side) if organ == "lung" else soft | _deep_muscle(part, spacing)


def _deep_muscle(part: np.ndarray, spacing: Spacing) -> np.ndarray:
    muscle = part == values()["muscle"]
    wall = select(part, BODY_WALL)
    if not muscle.any() or not wall.any():  # too small a part to tell where the wall is: then muscle stays
        return np.zeros(part.shape, dtype=bool)
    return muscle & (ndimage.distance_transform_edt(~wall, sampling=spacing) > WALL_MUSCLE_MM)


def _of_one_lung(part: np.ndarray, soft: np.ndarray, spacing: Spacing, side: str | None) -> np.ndarray:
    """Vessels carry no side: those nearer to the other lung are not this one's."""
    other = select(part, lobes_of("right" if side == "left" else "left"))
    own = soft & (part != values()["lung_vessel"])
    if not other.any() or not own.any():
        return soft
    to_own = ndimage.distance_transform_edt(~own, sampling=spacing)
    return soft & (to_own <= ndimage.distance_transform_edt(~other, sampling=spacing))


def lung_margin(part: np.ndarray, spacing: Spacing, side: str | None) -> np.ndarray:
    """The thin layer of fat and connective tissue about a lung into which its tumours grow."""
    lung = select(part, lobes_of(side))
    if not lung.any():
        return lung
    near = ndimage.distance_transform_edt(~lung, sampling=spacing) <= LUNG_MARGIN_MM
    return near & select(part, FILLERS)
