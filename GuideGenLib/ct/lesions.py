"""The lesions of a label map, each with the looks that are asked of it or that are usual for its organ and size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LOBES, TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.description.model import Finding
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.vessels.places import Box, Mask, box_of

MARGIN_MM = 18.0
"""How far about a lesion something of it is drawn, its spicules."""
LEAST_VOXELS = 8
MARGINS = ("smooth", "lobulated", "spiculated", "infiltrating")
LARGE_MM = 40.0
NECROTIC = {"lung": 0.4, "liver": 0.5, "kidney": 0.6, "pancreas": 0.3, "colon": 0.2}
"""How many of the lesions beyond LARGE_MM outgrow their blood, where nothing is said of it; by judgement."""
SPICULATED, SPICULATED_MM = 0.5, 12.0
"""How many tumours of the lungs of at least this size have spicules, where nothing is said of their margin."""
OTHER_SIDE, OTHER_SITE = 4.0, 2.0
"""What a lesion on another side, or in another lobe, than a finding weighs, in doublings of its size."""


@dataclass(frozen=True)
class Lesion:
    """A connected lesion: box of the volume with MARGIN_MM about it, its voxels there, the key of its organ, and its
    looks, of description.looks.LOOKS; spacing: mm of the isotropic voxels."""

    box: Box
    voxels: Mask
    organ: str
    looks: frozenset[str]
    spacing: float

    @property
    def label(self) -> int:
        """Its value in the anatomy table."""
        return values()[f"{self.organ}_tumor"]

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """mm below its surface."""
        inside = ndimage.distance_transform_edt(self.voxels)
        return np.asarray(np.maximum(inside - 0.5, 0) * self.spacing, np.float32)

    def field(self, where: Mask, scale: float, seed: Sequence[int]) -> NDArray[np.float32]:
        """Random numbers that are smooth over `scale` mm, at some voxels of the box; 0 elsewhere."""
        corner = [part.start for part in self.box]
        found = np.zeros(where.shape, np.float32)
        found[where] = smooth_at(np.argwhere(where) + corner, self.spacing, scale, seed)
        return found

    @property
    def deepest(self) -> float:
        """mm from its surface to its middle."""
        return float(self.depth.max())


def find_lesions(canvas: Canvas) -> Iterator[Lesion]:
    """The lesions of the whole volume; what is not said of them follows the seed."""
    labels, spacing = canvas.labels, canvas.spacing
    for organ in TUMOUR_ORGANS:
        everywhere = labels == values()[f"{organ}_tumor"]
        if not everywhere.any():
            continue
        around = box_of(everywhere)
        chance, second = np.random.default_rng((canvas.seed, 40, values()[f"{organ}_tumor"])).random(2)
        parts, _ = ndimage.label(everywhere[around], TOUCHING)
        for number, found in enumerate(ndimage.find_objects(parts), start=1):
            piece = parts[found] == number
            if piece.sum() < LEAST_VOXELS:
                continue
            margin = int(np.ceil(MARGIN_MM / spacing))
            place = [(w.start + f.start, w.start + f.stop) for w, f in zip(around, found, strict=True)]
            box = tuple(
                slice(max(a - margin, 0), min(b + margin, n)) for (a, b), n in zip(place, labels.shape, strict=True)
            )
            voxels = np.zeros(tuple(s.stop - s.start for s in box), bool)
            voxels[tuple(slice(a - s.start, b - s.start) for (a, b), s in zip(place, box, strict=True))] = piece
            size = spacing * max(piece.shape)
            finding = _finding(labels[box], voxels, organ, size, canvas.findings)
            yield Lesion(box, voxels, organ, _looks(finding, organ, size, float(chance), float(second)), spacing)


def _finding(
    part: NDArray[np.uint8], voxels: Mask, organ: str, size: float, findings: Sequence[Finding]
) -> Finding | None:
    """The finding that a lesion of `size` mm shows, by side, lobe and size; each lesion is judged by itself, so that
    an edit of one leaves the others as they are."""
    asked = [one for one in findings if one.drawn and one.organ == organ]
    if len(asked) < 2:
        return asked[0] if asked else None
    near = ndimage.binary_dilation(voxels, iterations=3) & ~voxels
    counts = np.bincount(part[near], minlength=256)

    def far(finding: Finding) -> float:
        low, high = stage_size_mm(finding)
        away = abs(float(np.log2(size / (0.5 * (low + high)))))
        own = counts[table_of(TUMOUR_ORGANS[organ])]
        if organ in ("lung", "kidney") and finding.side and own.sum():
            side = counts[table_of(key for key in TUMOUR_ORGANS[organ] if key.endswith(finding.side))]
            away += OTHER_SIDE * (1 - side.sum() / own.sum())
        if organ == "lung" and finding.site and own.sum():
            lobe = counts[table_of(key for (_, lobe), key in LOBES.items() if lobe == finding.site)]
            away += OTHER_SITE * (1 - lobe.sum() / own.sum())
        return away

    return min(asked, key=far)


def _looks(finding: Finding | None, organ: str, size: float, chance: float, second: float) -> frozenset[str]:
    """What is asked, and what is usual: a necrosis where no look is said, spicules where no margin is."""
    asked = set(finding.looks) if finding else set()
    looks = set(asked)
    secondary = finding is not None and finding.kind == "metastasis"
    if organ == "liver" and secondary and not asked:
        looks.add("rim_enhancing")
    if size > LARGE_MM and chance < NECROTIC[organ] and not asked:
        looks.add("necrotic")
    tumour = organ == "lung" and size >= SPICULATED_MM and not secondary
    if tumour and second < SPICULATED and not asked.intersection((*MARGINS, "ground_glass", "cystic")):
        looks.add("spiculated")
    return frozenset(looks)
