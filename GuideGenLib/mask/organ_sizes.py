"""Organs of the asked size, and organs that are gone: a rule, applied to a drawn anatomy before lesions are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.organ_sizes import WantedOrgans, WantedSize
from GuideGenLib.mask.components import keep_largest
from GuideGenLib.mask.organ_warp import Aim, length_of, resized

CONTENT = {"stomach": ("stomach_gas",)}
"""What lies in an organ and belongs to its size."""
LEAST_ML = 0.3
"""Less of an organ than this is nothing that could be grown."""
OPEN_ENDED = ("prostate", "urinary_bladder", "uterus", "thyroid")
"""Organs that the torso itself may cut: what is there of them is made as large as the whole. Other organs that are cut
lie at the end of the region, and nothing can be said of their size."""
NEAR = 0.03
ROUNDS = 3
COLLAPSED = 0.3
"""How much of an organ that is gone is left, before fat takes its place: its neighbours move into most of its bed."""
COLLAPSED_ML = 12.0
FAT = ("torso_fat",)
FILLED_BY: dict[str, tuple[str, ...]] = {
    "gallbladder": ("torso_fat", "liver"), "stomach": ("torso_fat", "small_bowel"),
    "urinary_bladder": ("torso_fat", "small_bowel"), "uterus": ("torso_fat", "small_bowel"),
    "thyroid": ("torso_fat", "muscle", "subcutaneous_fat"),
}  # fmt: skip
"""What takes the place of an organ that is gone, the nearest first; of the others it is fat."""


@dataclass(frozen=True)
class OrganMeasure:
    """volume_ml, length_mm and craniocaudal_mm of what a volume holds; whole: whether neither its first nor its last
    slice cuts the organ."""

    volume_ml: float
    length_mm: float
    craniocaudal_mm: float
    whole: bool


def members(key: str) -> tuple[str, ...]:
    """The label of an organ and that of its content."""
    return (key, *CONTENT.get(key, ()))


def measured(labels: NDArray[np.uint8], keys: Sequence[str], spacing: float) -> OrganMeasure:
    """The size of the organ of these labels in labels uint8 [z, y, x] of isotropic spacing in mm."""
    return measure_of(table_of(keys)[labels], spacing)


def measure_of(organ: NDArray[np.bool_], spacing: float) -> OrganMeasure:
    """The size of a boolean volume [z, y, x]."""
    volume = float(organ.sum()) * spacing**3 / 1000
    whole = not (organ[0].any() or organ[-1].any())
    return OrganMeasure(volume, length_of(organ, spacing, False), length_of(organ, spacing, True), whole)


def fit_organs(
    labels: NDArray[np.uint8], spacing: float, wanted: WantedOrgans, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """A copy of labels uint8 [z, y, x] (canonical frame, isotropic spacing in mm) with organs as large as is wanted,
    and without those that are absent.

    Organs that are not there, or are cut by the end of the region, stay as they are. A word of size moves an organ only
    where it is not of that size already. Organs that push each other aside are fitted again, ROUNDS times at most.
    kept: voxels that stay as they are, with the organs that they are of.
    """
    drawn = labels
    stay = set() if kept is None else set(np.unique(labels[kept]).tolist())
    for key in sorted(wanted.absent):
        if values()[key] not in stay:
            labels = _without(labels, key, spacing, kept)
    sizes = {key: size for key, size in sorted(wanted.sizes.items()) if values()[key] not in stay}
    aims = {key: _aim(labels, key, spacing, size) for key, size in sizes.items()}
    for _ in range(ROUNDS if len(aims) > 1 else 1):
        changed = False
        for key, aim in aims.items():
            if aim is not None and not _met(measured(labels, members(key), spacing), aim):
                labels = resized(labels, members(key), spacing, aim, kept)
                changed = True
        if not changed:
            break
    if labels is drawn:
        return labels.copy()
    cleaned = keep_largest(labels)
    return cleaned if kept is None else np.where(kept, drawn, cleaned)


def _aim(labels: NDArray[np.uint8], key: str, spacing: float, size: WantedSize) -> Aim | None:
    """What to make of an organ; None where it stays as it is."""
    found = measured(labels, members(key), spacing)
    if found.volume_ml < LEAST_ML or not (found.whole or key in OPEN_ENDED):
        return None
    if size.volume_ml is None:
        return Aim(None, size.length_mm, size.craniocaudal)
    low, high = size.volume_ml
    volume = size.target_ml(found.volume_ml)
    inside = low * (1 + NEAR), high * (1 - NEAR)
    if low < high:
        volume = min(max(volume, inside[0]), inside[1])
    return Aim(volume, size.length_mm, size.craniocaudal)


def _met(found: OrganMeasure, aim: Aim) -> bool:
    length = found.craniocaudal_mm if aim.craniocaudal else found.length_mm
    pairs = ((found.volume_ml, aim.volume_ml), (length, aim.length_mm))
    return all(goal is None or abs(value / goal - 1) <= NEAR for value, goal in pairs)


def _without(labels: NDArray[np.uint8], key: str, spacing: float, kept: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """A copy without an organ: its neighbours move into its bed, and the nearest fat, bowel or muscle fills it."""
    found = measured(labels, members(key), spacing)
    if found.volume_ml > COLLAPSED_ML and found.whole:
        labels = resized(labels, members(key), spacing, Aim(COLLAPSED * found.volume_ml), kept)
    gone = table_of(members(key))[labels]
    if not gone.any():
        return labels
    filler = table_of(FILLED_BY.get(key, FAT))[labels]
    labels = labels.copy()
    if not filler.any():
        labels[gone] = values()[FAT[0]]
        return labels
    (box,) = ndimage.find_objects(gone.view(np.uint8))
    wide = tuple(slice(max(s.start - 10, 0), s.stop + 10) for s in box)
    if not filler[wide].any():
        wide = tuple(slice(0, n) for n in labels.shape)
    nearest = ndimage.distance_transform_edt(~filler[wide], return_distances=False, return_indices=True)
    part = labels[wide]
    part[gone[wide]] = part[tuple(nearest[:, gone[wide]])]
    return labels
