"""How well two label volumes agree: Dice coefficient and surface distances, by label and by the paper's ten organs.

Volumes are uint8 [z, y, x] on the same grid of isotropic spacing in mm, values of the anatomy table; a segmentation has
TUMOUR for a lesion of any organ. Lesions count as the organ that bears them, on both sides.
"""

import numpy as np
from monai.metrics.utils import get_mask_edges, get_surface_distance
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import by_group, labels, values
from GuideGenLib.judges.segmenter import TUMOUR

ORGANS: dict[str, tuple[str, ...]] = {
    "spleen": ("spleen",), "kidney": ("kidney_left", "kidney_right"), "liver": ("liver",),
    "stomach": ("stomach", "stomach_gas"), "pancreas": ("pancreas",), "lung": (*LUNGS, "lung_vessel"),
    "small bowel": ("small_bowel",), "duodenum": ("duodenum",), "colon": ("colon", "colon_gas"), "heart": ("heart",),
}  # fmt: skip
"""Labels of each organ of the paper's table, in its order: both sides, all lobes, gas included."""
LEAST_ML = 1.0
HOSTS = {row.key: row.part_of for row in by_group()["lesions"]}
"""The organs that may bear each lesion."""


def with_hosts(volume: np.ndarray, *, one_class: bool) -> np.ndarray:
    """A copy in which every lesion voxel has the label of the nearest voxel of an organ that may bear it.

    one_class: the volume is a segmentation, whose TUMOUR may be in any of the organs of HOSTS. A lesion stays where the
    volume holds no organ that may bear it.
    """
    result = volume.copy()
    every = tuple(key for keys in HOSTS.values() for key in keys)
    kinds = {TUMOUR: every} if one_class else {values()[key]: hosts for key, hosts in HOSTS.items()}
    for value, hosts in kinds.items():
        lesion = volume == value
        bearing = np.isin(volume, [values()[key] for key in hosts])
        if not lesion.any() or not bearing.any():
            continue
        margin = 20
        box = tuple(
            slice(max(0, s.start - margin), s.stop + margin) for s in ndimage.find_objects(lesion.astype(np.uint8))[0]
        )
        if not bearing[box].any():
            box = tuple(slice(0, n) for n in volume.shape)
        index = ndimage.distance_transform_edt(~bearing[box], return_distances=False, return_indices=True)
        inside = lesion[box]
        result[box][inside] = volume[box][tuple(axis[inside] for axis in index)]
    return result


def dice(found: np.ndarray, wanted: np.ndarray) -> float:
    """Dice coefficient of two boolean volumes; NaN when both are empty."""
    total = int(found.sum()) + int(wanted.sum())
    return 2 * int((found & wanted).sum()) / total if total else float("nan")


def surface_distances(found: np.ndarray, wanted: np.ndarray, spacing: float) -> tuple[float, float]:
    """(mean, 95th percentile) in mm of the symmetric distances of two boolean volumes' surfaces; NaN if one is empty.

    The percentile is the larger one of the two directions (95 % Hausdorff distance).
    """
    if not found.any() or not wanted.any():
        return float("nan"), float("nan")
    one, two = get_mask_edges(found, wanted)
    ways = [np.asarray(get_surface_distance(*pair, spacing=[spacing] * 3)) for pair in ((one, two), (two, one))]
    return float(np.concatenate(ways).mean()), max(float(np.percentile(way, 95)) for way in ways)


def _counts(found: np.ndarray, wanted: np.ndarray, spacing: float) -> bool:
    """Whether an organ is there to be compared: a crumb on either side is none."""
    return max(int(found.sum()), int(wanted.sum())) * spacing**3 >= 1000 * LEAST_ML


def compare_organs(found: np.ndarray, wanted: np.ndarray, spacing: float) -> dict[str, tuple[float, float, float]]:
    """(Dice, mean surface distance, 95 % Hausdorff distance in mm) of each of ORGANS; NaN where neither shows it.

    found: a segmentation with TUMOUR; wanted: label values, both with lesions. What one alone shows has Dice 0; less
    than LEAST_ML counts as not shown.
    """
    found, wanted = with_hosts(found, one_class=True), with_hosts(wanted, one_class=False)
    result = {}
    for organ, keys in ORGANS.items():
        chosen = [values()[key] for key in keys]
        one, two = np.isin(found, chosen), np.isin(wanted, chosen)
        known = _counts(one, two, spacing)
        result[organ] = (dice(one, two), *surface_distances(one, two, spacing)) if known else (float("nan"),) * 3
    return result


def compare_labels(found: np.ndarray, wanted: np.ndarray, spacing: float) -> dict[str, float]:
    """Dice of every label but background and lesions, as `compare_organs` counts them."""
    found, wanted = with_hosts(found, one_class=True), with_hosts(wanted, one_class=False)
    n = len(labels())
    table = np.bincount(found.ravel().astype(np.int64) * n + wanted.ravel(), minlength=n * n).reshape(n, n)
    total = table.sum(axis=0) + table.sum(axis=1)
    shown = np.maximum(table.sum(axis=0), table.sum(axis=1)) * spacing**3 >= 1000 * LEAST_ML
    lesions = {row.value for row in by_group()["lesions"]}
    return {
        key: float(2 * table[value, value] / total[value]) if shown[value] else float("nan")
        for key, value in values().items()
        if value and value not in lesions
    }
