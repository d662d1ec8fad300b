"""How alike two anatomies are, cheaply enough for all pairs of ten thousand: by where organs lie and their size."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk

ORGANS = (
    "liver", "spleen", "kidney_left", "kidney_right", "stomach", "pancreas", "gallbladder", "urinary_bladder", "heart",
    "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_lower_lobe_right", "aorta", "colon",
)  # fmt: skip
ALIKE_MM = 4.0
"""Two patients are near-duplicates whose organs differ by less than this in place and size, as a root mean square over
organs: two voxels of the drawing and a little, by judgement. Patients of different seeds are 14 mm apart and more."""


def signature_of(anatomy: "sitk.Image") -> list[float]:
    """For each of ORGANS the centre in mm from that of all of them (x, y, z of the volume's own axes) and the cube root
    of its volume in mm; NaN, as None in JSON, for one that is not there."""
    import SimpleITK as sitk

    from GuideGenLib.anatomy.table import values

    labels, spacing = sitk.GetArrayViewFromImage(anatomy), np.array(anatomy.GetSpacing())[::-1]
    found = np.full((len(ORGANS), 4), np.nan)
    for index, key in enumerate(ORGANS):
        where = np.nonzero(labels == values()[key])
        if len(where[0]):
            found[index, :3] = [axis.mean() for axis in where] * spacing
            found[index, 3] = (len(where[0]) * spacing.prod()) ** (1 / 3)
    there = ~np.isnan(found[:, 3])
    if there.any():
        found[:, :3] -= found[there, :3].mean(axis=0)
    return [None if np.isnan(value) else round(float(value), 2) for value in found.ravel()]  # type: ignore[misc]


def near_duplicates(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, float]]:
    """Pairs of cases that are nearer than ALIKE_MM, with their distance, the nearest first; of cases that show the same
    organs. The same text and seed twice is one of them."""
    from scipy.spatial import cKDTree

    groups: dict[tuple[bool, ...], list[tuple[str, np.ndarray]]] = {}
    for record in records:
        vector = np.array(record["signature"], float)
        shown = ~np.isnan(vector)
        if shown.any():
            groups.setdefault(tuple(shown[3::4].tolist()), []).append((record["id"], vector[shown]))
    pairs = []
    for group in groups.values():
        points = np.array([vector for _, vector in group]) / np.sqrt(len(group[0][1]) / 4)
        for first, second in cKDTree(points).query_pairs(ALIKE_MM):
            distance = float(np.linalg.norm(points[first] - points[second]))
            pairs.append((group[first][0], group[second][0], round(distance, 2)))
    return sorted(pairs, key=lambda pair: pair[2])
