"""Connected parts of organs: islands that a sampler leaves behind are given back to what surrounds them."""

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.components import TOUCHING

SEVERAL_PARTS = (
    "background", "body", "subcutaneous_fat", "torso_fat", "muscle", "lung_vessel", "pulmonary_vein", "great_arteries",
    "great_veins", "iliac_artery_left", "iliac_artery_right", "iliac_vein_left", "iliac_vein_right",
    "portal_splenic_vein", "stomach_gas", "small_bowel", "colon", "colon_gas", "vertebrae_cervical",
    "vertebrae_thoracic", "vertebrae_lumbar", "ribs_left", "ribs_right", "costal_cartilages",
)  # fmt: skip


def single_part_keys() -> list[str]:
    """Keys of the organs that are in one piece in a healthy body; lesions are not among them."""
    return [
        key for key in values() if key not in SEVERAL_PARTS and not key.endswith("_tumor") and not label(key).drawn_as
    ]


def largest_share(mask: np.ndarray) -> float:
    """Part of a boolean volume that its largest connected component holds, 0 if it is empty."""
    parts, count = ndimage.label(mask, TOUCHING)
    if count == 0:
        return 0.0
    sizes = np.bincount(parts.ravel())[1:]
    return float(sizes.max() / sizes.sum())


def keep_largest(labels: np.ndarray, keys: Iterable[str] | None = None) -> np.ndarray:
    """A copy of labels uint8 [z, y, x] in which each organ is one component.

    Every smaller component takes the label that most of its neighbours have; `keys` default to `single_part_keys()`.
    """
    result = labels.copy()
    boxes = ndimage.find_objects(labels)
    for key in single_part_keys() if keys is None else keys:
        value = values()[key]
        if value and value <= len(boxes) and boxes[value - 1] is not None:
            _dissolve_islands(result, _wider(boxes[value - 1], 1, labels.shape), value)
    return result


def _wider(box: tuple[slice, ...], margin: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(max(s.start - margin, 0), min(s.stop + margin, n)) for s, n in zip(box, shape, strict=True))


def _dissolve_islands(labels: np.ndarray, box: tuple[slice, ...], value: int) -> None:
    part = labels[box]
    components, count = ndimage.label(part == value, TOUCHING)
    if count < 2:
        return
    largest = 1 + int(np.argmax(np.bincount(components.ravel())[1:]))
    for index, place in enumerate(ndimage.find_objects(components), start=1):
        if index == largest:
            continue
        near = _wider(place, 1, part.shape)
        island = components[near] == index
        around = part[near][ndimage.binary_dilation(island, TOUCHING) & ~island]
        counts = np.bincount(around, minlength=256)
        counts[value] = 0
        if counts.any():
            part[near][island] = int(np.argmax(counts))
