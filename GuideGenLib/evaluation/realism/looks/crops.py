"""Crops of CTs about voxels of named organs.

Each lies at one level of the body, so that real and generated crops of one place show the same parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.evaluation.realism.looks.volumes import AIR, Volume

PLACES: dict[str, tuple[str, ...]] = {
    "upper lobes": ("lung_upper_lobe_left", "lung_upper_lobe_right"),
    "lower lobes": ("lung_lower_lobe_left", "lung_lower_lobe_right"),
    "heart": ("heart",),
    "thoracic spine": ("vertebrae_thoracic",),
    "liver": ("liver",),
    "spleen": ("spleen",),
    "stomach": ("stomach", "stomach_gas"),
    "kidneys": ("kidney_left", "kidney_right"),
    "bowel": ("small_bowel", "colon"),
    "lumbar spine": ("vertebrae_lumbar",),
    "hips": ("hip_left", "hip_right"),
    "bladder": ("urinary_bladder",),
}
"""Labels about whose voxels crops are taken."""
LEAST_VOXELS = 1000


@dataclass(frozen=True)
class Crops:
    """Of one CT: by place, HU int16 [n, slices, size, size], each centred on a voxel of the place."""

    name: str
    by_place: dict[str, NDArray[np.int16]]


def crops_of(name: str, volume: Volume, size: int, slices: int, each: int, seed: int) -> Crops:
    """At most `each` crops of every place, drawn with the seed; what lies beyond the volume is air."""
    rng = np.random.default_rng(seed)
    found = {}
    reach = [(slices - 1) // 2, size // 2, size // 2]
    for place, keys in PLACES.items():
        inside = select(volume.labels, keys)
        if inside.sum() < LEAST_VOXELS:
            continue
        # a voxel on the rim may be a mistake of the segmenter
        where = np.argwhere(ndimage.binary_erosion(inside))
        where = where[(where[:, 0] >= reach[0]) & (where[:, 0] < len(inside) - reach[0])]
        if not len(where):
            continue
        centres = where[np.sort(rng.permutation(len(where))[:each])]
        found[place] = np.stack([_cut(volume.hu, centre, (slices, size, size)) for centre in centres])
    return Crops(name, found)


def _cut(hu: NDArray[np.int16], centre: NDArray[np.int64], shape: Sequence[int]) -> NDArray[np.int16]:
    crop = np.full(shape, AIR, np.int16)
    here, there = [], []
    for middle, size, n in zip(centre, shape, hu.shape, strict=True):
        start = int(middle) - size // 2
        here.append(slice(max(0, -start), min(size, n - start)))
        there.append(slice(max(0, start), min(n, start + size)))
    crop[tuple(here)] = hu[tuple(there)]
    return crop
