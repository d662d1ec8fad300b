"""GuideGen's 21 classes as our labels: sides, lobes, levels and the organ of a tumour are found by place.

The classes carry no such facts and no body envelope, so these are rules of thumb: good enough to start an edit from,
not to measure with. Volumes are [z, y, x], z to superior, y to posterior, x to patient-left.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.nearest import nearest_of
from GuideGenLib.anatomy.table import by_group, labels, values

KIDNEY, LUNG, VERTEBRAE, RIBS, ADRENALS, TUMOR = 2, 6, 12, 13, 14, 20
PAIRED = {KIDNEY: "kidney", RIBS: "ribs", ADRENALS: "adrenal"}

# Fissures as planes in the box of one lung: height 0 (base) to 1 (apex), depth 0 (front) to 1 (back). Fitted to the
# labelled lobes of LIDC-IDRI-0001, where 97 % of the left lung's voxels and 90 % of the right's find their lobe; a lung
# that the volume cuts off finds them badly.
OBLIQUE_FISSURE = (0.1, 0.75)
HORIZONTAL_FISSURE = 0.5

# A part lies on one side if so much of it does; a part across the middle is cut there.
ONE_SIDED = 0.75

Classes = NDArray[np.integer]
Mask = NDArray[np.bool_]


def divide(classes: Classes) -> NDArray[np.uint8]:
    """Our labels for a volume [z, y, x] of GuideGen's classes; its background, body and air alike, stays 0."""
    table = np.zeros(21, dtype=np.uint8)
    for row in labels():
        if row.guidegen21 is not None:
            table[row.guidegen21] = row.value
    result = table[classes]
    left = _left_of_the_spine(classes)
    for value, paired in PAIRED.items():
        _write(result, classes == value, left, paired)
    for side, lung in _by_side(classes == LUNG, left).items():
        _write_lobes(result, lung, side)
    _write_levels(result, classes)
    write_tumors(result, classes == TUMOR)
    return result


def _left_of_the_spine(classes: Classes) -> Mask:
    """Where x lies to the left of the spine, which is followed from slice to slice."""
    spine = classes == VERTEBRAE
    if not spine.any():
        spine = classes > 0
    count = spine.sum(axis=(1, 2))
    x = np.arange(classes.shape[2])
    slices = np.nonzero(count)[0]
    if not len(slices):
        return np.zeros(classes.shape, dtype=bool)
    centers = (spine.sum(axis=1) @ x)[slices] / count[slices]
    middle = np.interp(np.arange(classes.shape[0]), slices, centers)
    return np.broadcast_to(x > middle[:, None, None], classes.shape)


def _by_side(mask: Mask, left: Mask) -> dict[str, Mask]:
    """The left and the right part of a mask, connected parts kept whole where they lie on one side."""
    from scipy import ndimage

    parts, _ = ndimage.label(mask)
    share = np.bincount(parts.ravel(), left.ravel()) / np.maximum(np.bincount(parts.ravel()), 1)
    on_left = np.where(share[parts] >= ONE_SIDED, True, np.where(share[parts] <= 1 - ONE_SIDED, False, left))
    return {"left": mask & on_left, "right": mask & ~on_left}


def _write(result: NDArray[np.uint8], mask: Mask, left: Mask, paired: str) -> None:
    for side, part in _by_side(mask, left).items():
        result[part] = values()[f"{paired}_{side}"]


def _write_lobes(result: NDArray[np.uint8], lung: Mask, side: str) -> None:
    place = np.nonzero(lung)
    if not len(place[0]):
        return
    height, depth = ((axis - axis.min()) / max(np.ptp(axis), 1) for axis in place[:2])
    lobe = np.full(len(height), values()[f"lung_upper_lobe_{side}"])
    if side == "right":
        lobe[height < HORIZONTAL_FISSURE] = values()["lung_middle_lobe_right"]
    lobe[height < OBLIQUE_FISSURE[0] + OBLIQUE_FISSURE[1] * depth] = values()[f"lung_lower_lobe_{side}"]
    result[place] = lobe


def _write_levels(result: NDArray[np.uint8], classes: Classes) -> None:
    """Vertebrae beside the lungs are thoracic, those above cervical, those below, or without lungs, lumbar."""
    slices = np.nonzero((classes == LUNG).any(axis=(1, 2)))[0]
    lowest, highest = (slices[0], slices[-1]) if len(slices) else (classes.shape[0], classes.shape[0])
    z = np.arange(classes.shape[0])[:, None, None]
    spine = classes == VERTEBRAE
    result[spine] = values()["vertebrae_thoracic"]
    result[spine & (z < lowest)] = values()["vertebrae_lumbar"]
    result[spine & (z > highest)] = values()["vertebrae_cervical"]


def write_tumors(result: NDArray[np.uint8], tumor: Mask) -> None:
    """Each connected tumour goes to the organ that is nearest to most of it; body, where no organ is in the volume."""
    from scipy import ndimage

    if not tumor.any():
        return
    of_organ = np.full(len(labels()), values()["body"], dtype=np.uint8)
    for row in by_group()["lesions"]:
        of_organ[[values()[organ] for organ in row.part_of]] = row.value
    organs = [values()[organ] for row in by_group()["lesions"] for organ in row.part_of]
    votes = of_organ[nearest_of(result, tumor, organs, missing=values()["body"])]
    parts, count = ndimage.label(tumor)
    part = parts[tumor]
    for number in range(1, count + 1):
        result[parts == number] = np.bincount(votes[part == number]).argmax()
