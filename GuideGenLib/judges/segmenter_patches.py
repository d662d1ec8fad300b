"""What the segmenter sees in training: random warped patches of anatomies, rendered, and of labelled scans at 3 mm.

The people are not those that the generator learned from (other seeds), the held-out scan is in no patch, and nothing
that a generator made is used.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.scans import Scan
from GuideGenLib.judges.agreement import HOSTS
from GuideGenLib.judges.renders import LUNG_LESION_HU, Renderer
from GuideGenLib.judges.segmenter import TUMOUR, body_centre, to_classes
from GuideGenLib.training.networks.cutting import rotation

REAL_SHARE = 0.4
LESION_SHARE = 0.5
"""Share of the patches of anatomies with lesions that are laid about one."""
DEPTHS = (48, 64, 80)
PLANE = (96, 112)
"""Voxels of a patch: one of DEPTHS, then PLANE, the trunk of most people; a slab may be chest, abdomen or pelvis."""
BENT_SHARE, BENT_VOXELS, BEND = 0.6, 2.5, 12
"""Share of the anatomies that are bent, by how much (standard deviation in voxels), and voxels from bend to bend."""
NARROW_SHARE, NARROWEST = 0.12, 48
"""Share of the patches of which a narrower field of view is shown, and its least breadth in voxels."""
Patch = tuple[np.ndarray, np.ndarray, tuple[float, float]]
"""HU float32 and label values uint8 [z, y, x], and the (y, x) index of the body's centre, which may lie outside."""


class RenderSource:
    """Random warped patches of anatomies, rendered, and of labelled scans at 3 mm, with other HU for each organ."""

    def __init__(self, anatomies: Sequence[Path], scans: Sequence[Scan], seed: Sequence[int]) -> None:
        self.anatomies, self.scans = anatomies, scans
        self.rng = np.random.default_rng(list(seed))
        self.renderer = Renderer(self.rng)
        self.value = values()

    def at(self, rng: np.random.Generator) -> "RenderSource":
        """The same source, which goes on with another generator."""
        self.rng = self.renderer.rng = rng
        return self

    def draw(self) -> Patch:
        """The next patch; its labels hold lesions by their organs."""
        real = not self.anatomies or (bool(self.scans) and self.rng.random() < REAL_SHARE)
        return self.from_scan() if real else self.from_anatomy()

    def from_anatomy(self) -> Patch:
        with np.load(self.anatomies[int(self.rng.integers(len(self.anatomies)))]) as stored:
            volume = stored["labels"]
        lesion = np.argwhere(to_classes(volume) == TUMOUR)
        aimed = len(lesion) > 0 and self.rng.random() < LESION_SHARE
        matrix, offset, shape = self._place(volume.shape, lesion[self.rng.integers(len(lesion))] if aimed else None)
        warped = self._bent(volume, matrix, offset, shape)
        hu, labels = self.renderer.render(warped)
        return self._narrowed(hu, labels, self._centre(volume, matrix, offset))

    def _bent(self, volume: np.ndarray, matrix: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The patch of a label map, most often bent smoothly: few maps make many people."""
        rng = self.rng
        if rng.random() >= BENT_SHARE:
            return ndimage.affine_transform(volume, matrix, offset, shape, order=0, mode="constant", cval=0)
        places = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape), indexing="ij"))
        size = [max(4, round(n / BEND)) for n in shape]
        at = [np.linspace(0, few - 1, n) for few, n in zip(size, shape, strict=True)]
        up = [_hats(few, each) for few, each in zip(size, at, strict=True)]
        for axis in range(3):
            coarse = rng.normal(0, BENT_VOXELS, size).astype(np.float32)
            places[axis] += np.einsum("abc,za,yb,xc->zyx", coarse, *up, optimize=True)
        source = np.einsum("ij,jzyx->izyx", matrix.astype(np.float32), places, optimize=True)
        source += offset.astype(np.float32)[:, None, None, None]
        return ndimage.map_coordinates(volume, source, order=0, mode="constant", cval=0)

    def _narrowed(self, hu: np.ndarray, labels: np.ndarray, centre: tuple[float, float]) -> Patch:
        """Now and then a scan of a narrow field of view: air about it, and its own middle."""
        rng = self.rng
        if rng.random() >= NARROW_SHARE:
            return hu, labels, centre
        hu, labels = hu.copy(), labels.copy()
        for axis in (1, 2):
            n = hu.shape[axis]
            kept = int(rng.integers(min(NARROWEST, n), n + 1))
            first = int(rng.integers(0, n - kept + 1))
            outside = np.ones(n, bool)
            outside[first : first + kept] = False
            hu[(slice(None),) * axis + (outside,)] = -1000
            labels[(slice(None),) * axis + (outside,)] = 0
        return hu, labels, body_centre(labels > 0)

    def from_scan(self) -> Patch:
        rng = self.rng
        scan = self.scans[int(rng.integers(len(self.scans)))]
        assert scan.labels is not None
        matrix, offset, shape = self._place(scan.labels.shape)
        labels = ndimage.affine_transform(scan.labels, matrix, offset, shape, order=0, mode="constant", cval=0)
        hu = ndimage.affine_transform(
            np.asarray(scan.hu), matrix, offset, shape, order=1, output=np.float32, mode="constant", cval=-1000
        )
        shift = rng.normal(0, 15, len(self.value)) * (rng.random() < 0.7)
        shift += rng.normal(0, 40, len(shift)) * (rng.random(len(shift)) < 0.1)
        shift[: self.value["subcutaneous_fat"] + 2] *= 0.2
        shift[0] = 0
        hu += ndimage.gaussian_filter(shift.astype(np.float32)[labels], 0.6, truncate=2.5)
        if rng.random() < 0.4:
            self._paste_lesion(hu, labels)
        if rng.random() < 0.3:
            hu = ndimage.gaussian_filter(hu, float(rng.uniform(0.3, 0.8)), truncate=2.5)
        if rng.random() < 0.5:
            hu += rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(rng.uniform(2, 30))
        return self._narrowed(hu, labels, self._centre(scan.labels, matrix, offset))

    def _place(
        self, shape: tuple[int, ...], aim: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
        """(matrix, offset, patch shape): patch voxel p shows volume voxel matrix @ p + offset.

        aim: a voxel of the volume that the patch shall show, wherever in its depth.
        """
        rng = self.rng
        patch = (int(rng.choice(DEPTHS)), *PLANE)
        angles = np.deg2rad(rng.normal(0, 4, 3))
        matrix = rotation(angles) * rng.uniform(0.85, 1.15, 3)[None] if rng.random() < 0.8 else np.eye(3)
        centre = [
            float(rng.uniform(min(size, cover) / 2, max(size, cover) - min(size, cover) / 2))
            if size > cover
            else size / 2
            for size, cover in zip(shape, patch, strict=True)
        ]
        centre[0] = float(rng.uniform(0.1 * shape[0], 0.9 * shape[0]))  # slabs may reach beyond the scan: air
        if aim is not None:
            centre[0] = float(aim[0] + rng.uniform(-0.4, 0.4) * patch[0])
        centre[1:] = [c + float(rng.normal(0, 4)) for c in centre[1:]]
        return matrix, np.array(centre) - matrix @ ((np.array(patch) - 1) / 2), patch

    def _centre(self, volume: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> tuple[float, float]:
        """Where the middle of the body is in the patch, as it may be misjudged in a CT."""
        y, x = body_centre(volume > 0)
        source = np.array([(volume.shape[0] - 1) / 2, y, x])
        placed = np.linalg.solve(matrix, source - offset)
        jitter = self.rng.normal(0, 4, 2)
        return float(placed[1] + jitter[0]), float(placed[2] + jitter[1])

    def _paste_lesion(self, hu: np.ndarray, labels: np.ndarray) -> None:
        """A mottled blob within an organ: no labelled scan here shows a tumour that a label names."""
        rng = self.rng
        kind = list(HOSTS)[int(rng.integers(len(HOSTS)))]
        host = np.isin(labels, [self.value[key] for key in HOSTS[kind]])
        if not host.any():
            return
        places = np.argwhere(host)
        middle, radius = places[int(rng.integers(len(places)))], float(rng.uniform(1.5, 9))
        z, y, x = (np.arange(n) - c for n, c in zip(labels.shape, middle, strict=True))
        distance = np.sqrt(
            (z * rng.uniform(0.8, 1.3))[:, None, None] ** 2 + (y * rng.uniform(0.8, 1.3))[:, None] ** 2 + x**2
        )
        inside = (distance < radius) & (host | (distance < 0.6 * radius)) & (labels > 0)
        if kind == "lung_tumor":
            mean = rng.uniform(*LUNG_LESION_HU)
        else:  # none that nobody could see
            mean = max(15.0, float(np.median(hu[host])) + rng.choice([-1, -1, 1]) * rng.uniform(18, 70))
        soft = ndimage.gaussian_filter(inside.astype(np.float32), 0.5, truncate=2.5)
        mottle = rng.standard_normal(hu.shape, dtype=np.float32) * np.float32(rng.uniform(5, 25))
        core = np.float32(-rng.uniform(0, 50)) * (distance < 0.5 * radius)
        hu[...] = (1 - soft) * hu + soft * (np.float32(mean) + mottle + core)
        labels[inside] = self.value[kind]


def _hats(few: int, at: np.ndarray) -> np.ndarray:
    """float32 [places, few]: the weights of linear interpolation between `few` points at these places."""
    return np.clip(1 - np.abs(at[:, None] - np.arange(few)), 0, 1).astype(np.float32)
