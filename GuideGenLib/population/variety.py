"""How much drawn people differ: organs of two of them laid on each other, and the girth of their waists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import select

ORGANS: Mapping[str, tuple[str, ...]] = {
    "liver": ("liver",), "spleen": ("spleen",), "kidneys": ("kidney_left",), "stomach": ("stomach", "stomach_gas"),
    "pancreas": ("pancreas",), "colon": ("colon", "colon_gas"), "small bowel": ("small_bowel",),
    "duodenum": ("duodenum",), "heart": ("heart",), "bladder": ("urinary_bladder",), "aorta": ("aorta",),
}  # fmt: skip
REAL_PAIRS: Mapping[str, float] = {
    "liver": 0.70, "spleen": 0.47, "kidneys": 0.66, "stomach": 0.42, "pancreas": 0.31, "colon": 0.26,
    "small bowel": 0.26, "duodenum": 0.36, "heart": 0.66, "bladder": 0.44, "aorta": 0.37,
}  # fmt: skip
"""Mean Dice of the organs of two real people whose centroids lie on each other: of the label maps of eleven people that
the model card names, 21 to 28 pairs for most organs, ten of the heart, six of stomach and colon, one of the aorta; as
Testing/benchmarks/real_pairs.py measures it."""


@dataclass(frozen=True)
class Shape:
    """An organ cut out of a label map.

    voxels: boolean, in its box; start, centre: of the box and of the organ, in voxels of the map; count: its voxels.
    """

    voxels: NDArray[np.bool_]
    start: NDArray[np.int64]
    centre: NDArray[np.float64]
    count: int

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> "Shape | None":
        """Of a mask [z, y, x]; None where it is empty."""
        where = np.argwhere(mask)
        if not len(where):
            return None
        start, stop = where.min(0), where.max(0) + 1
        voxels = mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        return cls(np.ascontiguousarray(voxels), start, where.mean(0), len(where))


Shapes = Mapping[str, Shape | None]
"""The ORGANS of one person."""


def shapes(labels: NDArray[np.uint8]) -> Shapes:
    """The ORGANS of a label map [z, y, x]."""
    return {name: Shape.of(select(labels, keys)) for name, keys in ORGANS.items()}


def laid_on(first: Shape | None, second: Shape | None) -> float:
    """Dice of an organ of two maps of one spacing, the second moved by whole voxels onto the centroid of the first; NaN
    where one of them lacks it."""
    if first is None or second is None:
        return float("nan")
    start = second.start + np.round(first.centre - second.centre).astype(int)
    low = np.maximum(first.start, start)
    high = np.minimum(first.start + first.voxels.shape, start + second.voxels.shape)
    if np.any(high <= low):
        return 0.0
    parts = [
        one.voxels[tuple(slice(a, b) for a, b in zip(low - begin, high - begin, strict=True))]
        for one, begin in ((first, first.start), (second, start))
    ]
    return 2 * int(np.count_nonzero(parts[0] & parts[1])) / (first.count + second.count)


def alike(first: Shapes, second: Shapes) -> float:
    """Mean Dice, laid on each other, of the organs that both people have; NaN without any."""
    found = [value for name in ORGANS if np.isfinite(value := laid_on(first[name], second[name]))]
    return float(np.mean(found)) if found else float("nan")


def dice_between(people: Sequence[Shapes], pairs: int = 190, seed: int = 0) -> dict[str, float]:
    """Mean Dice of each organ over at most so many pairs of people, drawn at random; NaN where no two have it."""
    every = list(combinations(people, 2))
    chosen = [every[i] for i in np.random.default_rng(seed).permutation(len(every))[:pairs]]
    found = {name: [laid_on(a[name], b[name]) for a, b in chosen] for name in ORGANS}
    known = {name: [dice for dice in every_dice if np.isfinite(dice)] for name, every_dice in found.items()}
    return {name: float(np.mean(dice)) if dice else float("nan") for name, dice in known.items()}


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
