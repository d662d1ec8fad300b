"""How much drawn people differ: organs of two of them laid on each other, and the girth of their waists."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.tissues import select

ORGANS: Mapping[str, tuple[str, ...]] = {
    "liver": ("liver",), "spleen": ("spleen",), "kidneys": ("kidney_left",), "stomach": ("stomach", "stomach_gas"),
    "pancreas": ("pancreas",), "colon": ("colon", "colon_gas"), "small bowel": ("small_bowel",),
    "duodenum": ("duodenum",), "heart": ("heart",), "bladder": ("urinary_bladder",), "aorta": ("aorta",),
}  # fmt: skip
REAL_PAIRS: Mapping[str, float] = {
    "liver": 0.75, "spleen": 0.42, "kidneys": 0.62, "stomach": 0.41, "pancreas": 0.31, "colon": 0.28,
    "small bowel": 0.32, "duodenum": 0.47, "heart": 0.62, "bladder": 0.50, "aorta": 0.38,
}  # fmt: skip
"""Mean Dice of the organs of two real people whose centroids lie on each other, measured on the label maps of
TotalSegmentator's data set that the model card names."""


def laid_on(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice of two masks [z, y, x] of one spacing, the second moved by voxels onto the centroid of the first."""
    if not first.any() or not second.any():
        return float("nan")
    a, b = np.argwhere(first), np.argwhere(second)
    b = b + np.round(a.mean(0) - b.mean(0)).astype(int)
    low = np.minimum(a.min(0), b.min(0))
    shape = np.maximum(a.max(0), b.max(0)) - low + 1
    flat = [np.ravel_multi_index(tuple((where - low).T), tuple(shape)) for where in (a, b)]
    both = len(np.intersect1d(flat[0], flat[1], assume_unique=True))
    return 2 * both / (len(a) + len(b))


def dice_between(people: Sequence[NDArray[np.uint8]], pairs: int = 60, seed: int = 0) -> dict[str, float]:
    """Mean Dice of each organ over random pairs of people, label maps [z, y, x] of one spacing."""
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(len(people), 2, replace=False) for _ in range(pairs)]
    return {
        name: float(np.nanmean([laid_on(*(select(people[i], keys) for i in pair)) for pair in chosen]))
        for name, keys in ORGANS.items()
    }


def waist_plane(labels: NDArray[np.uint8]) -> int | None:
    """z of the slice above the iliac crests; None where they or the lumbar spine are not shown."""
    lumbar = np.nonzero((labels == values()["vertebrae_lumbar"]).any((1, 2)))[0]
    crest = np.nonzero(select(labels, ("hip_left", "hip_right")).any((1, 2)))[0]
    return int(min(crest[-1] + 1, lumbar[-1])) if len(lumbar) and len(crest) else None


def waist(labels: NDArray[np.uint8], spacing: float) -> float:
    """Girth in mm above the iliac crests, of the body [z, y, x] without what hangs off."""
    z = waist_plane(labels)
    if z is None:
        return float("nan")
    body = ndimage.gaussian_filter((labels[z] > 0).astype(float), 1.0)
    # Crofton: the girth is pi times the mean width over all directions, of a shape that is nearly convex.
    y, x = np.nonzero(body > 0.5)
    if not len(y):
        return float("nan")
    angles = np.linspace(0, np.pi, 36, endpoint=False)
    widths = [np.ptp(np.cos(a) * x + np.sin(a) * y) + 1 for a in angles]
    return float(np.pi * np.mean(widths) * spacing)
