"""Organs whose HU change as a whole: the fatty and the cirrhotic liver, and bone that is lost."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.vessels.places import Box, box_of

Field = NDArray[np.float32]
HU_FOR_FAT = 1 / 0.58
"""HU that the liver has less for each percent of fat: PDFF = 38.2 - 0.58 HU, Pickhardt, AJR 2018;211:W151."""
USUAL_FAT = 4.0
"""Percent that the liver of the anatomy table has: 57 HU would be 5."""
UNEVEN, UNEVEN_MM = 0.08, 40.0
"""Standard deviation of the fat within a liver, in parts of its mean, and over what distance it changes."""
NODULE_MM, FINE_NODULE_MM = 11.0, 6.0
"""How far apart nodules lie: those of macronodular cirrhosis are wider than 3 mm, mostly under 15 mm."""
NODULE_HU, NODULE_HU_ENDS = 0.35, (2.5, 9.0)
"""Standard deviation in HU between nodules and scar for each percent that is lost, and its ends; by judgement."""
DARKER_HU = 0.25
"""How much less contrast the liver takes up, and has without any, for each percent; by judgement."""
KEPT = 0.67
"""Of that loss what cortex does not have."""
SPONGY = ("vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum", "sternum", "hip_left", "hip_right",
          "femur_left", "femur_right")  # fmt: skip


def fat(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """The liver with so many percent of fat: darker in each phase, as what it takes up of contrast stays."""
    part = labels[window]
    place = tuple(slice(*one.indices(n)[:2]) for one, n in zip(window, labels.shape, strict=True))
    uneven = smooth_in(place, spacing, UNEVEN_MM, (seed, 61))
    lower = np.maximum(amount - USUAL_FAT, 0) * HU_FOR_FAT * (1 + UNEVEN * uneven)
    return np.asarray(hu - lower * select(part, ("liver",)), np.float32)


def nodules(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """The liver with regenerative nodules between strands of scar, coarser and darker the more of it is lost."""
    liver = labels == values()["liver"]
    if not liver.any():
        return hu
    box = box_of(liver)
    field = smooth_in(box, spacing, NODULE_MM, (seed, 74)) + 0.6 * smooth_in(box, spacing, FINE_NODULE_MM, (seed, 75))
    coarse = np.zeros(labels.shape, np.float32)
    rough = float(np.clip(NODULE_HU * amount, *NODULE_HU_ENDS))
    coarse[box] = liver[box] * (rough * np.clip(field, -2, 1.2) - DARKER_HU * amount)
    return np.asarray(hu + coarse[window], np.float32)


def bone_loss(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """Spongy bone with so many percent less HU above those of fat (-100), which takes its place; the dense
    cortex loses less."""
    bone = select(labels[window], SPONGY)
    lost = amount / 100 * (1 - KEPT * np.clip((hu - 200) / 200, 0, 1))
    return np.asarray(np.where(bone & (hu > -100), hu - lost * (hu + 100), hu), np.float32)
