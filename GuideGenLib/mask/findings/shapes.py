"""Bodies of lesions: irregular star-shaped solids, grown until their longest extent is the asked one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from GuideGenLib.core.components import largest_component

Spacing = tuple[float, float, float]
Box = tuple[slice, slice, slice]


def longest_extent(mask: np.ndarray, spacing: Spacing) -> float:
    """Longest diameter in mm of a boolean [z, y, x] voxel set: farthest voxel centres plus one voxel; 0 if empty.

    One voxel counts in full, so that n voxels in a row measure n voxels, as the two-point ruler of a viewer reads them.
    """
    if not mask.any():
        return 0.0
    (box,) = ndimage.find_objects(mask.view(np.uint8))
    voxels = np.argwhere(_ends_of_rows(mask[box]))
    points = voxels * np.asarray(spacing)
    if len(points) > 400:
        with suppress(QhullError):  # flat sets have no hull; their ends are few
            points = points[ConvexHull(points).vertices]
    apart = float(pdist(points).max()) if len(points) > 1 else 0.0
    return apart + float(np.prod(spacing)) ** (1 / 3)


def _ends_of_rows(mask: np.ndarray) -> np.ndarray:
    """Voxels that end a row along each axis: the two voxels farthest apart are always among them."""
    ends = mask.copy()
    for axis, length in enumerate(mask.shape):
        first = np.expand_dims(mask.argmax(axis), axis)
        last = length - 1 - np.expand_dims(np.flip(mask, axis).argmax(axis), axis)
        index = np.arange(length).reshape([-1 if a == axis else 1 for a in range(3)])
        ends &= (index == first) | (index == last)
    return ends


def box_around(centre: np.ndarray, half_mm: float, shape: tuple[int, ...], spacing: Spacing) -> Box:
    """The part of a volume within `half_mm` of a voxel position along each axis."""
    low = np.maximum(np.floor(centre - half_mm / np.asarray(spacing)).astype(int), 0)
    high = np.minimum(np.ceil(centre + half_mm / np.asarray(spacing)).astype(int) + 1, shape)
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))


@dataclass(frozen=True)
class Growth:
    """A lesion in its box: the labels of the box with it, its voxels there, and its longest extent in mm."""

    box: Box
    labels: np.ndarray
    voxels: np.ndarray
    extent: float


def shares(labels: np.ndarray, centres: np.ndarray, radius: float, spacing: Spacing, tables: np.ndarray) -> np.ndarray:
    """[tables, n] parts of the ball of `radius` mm about each centre [n, 3] that label tables [tables, 256] accept.

    Sampled at fixed points of the ball; what lies outside the volume is accepted by none.
    """
    index = (centres[:, None] + radius * BALL[None] / np.asarray(spacing)).round().astype(np.int32)
    inside = ((index >= 0) & (index < labels.shape)).all(axis=-1)
    index[~inside] = 0
    found = labels[index[..., 0], index[..., 1], index[..., 2]]
    return np.stack([(table[found] & inside).mean(axis=1) for table in tables])


def _ball_points(count: int) -> np.ndarray:
    """Points spread evenly over the unit ball (a Fibonacci spiral with its own radius for each point)."""
    i = np.arange(count) + 0.5
    golden = np.pi * (1 + 5**0.5)
    polar = np.arccos(1 - 2 * i / count)
    direction = np.stack([np.cos(polar), np.sin(polar) * np.sin(golden * i), np.sin(polar) * np.cos(golden * i)], 1)
    return direction * (((i * 0.6180339887) % 1) ** (1 / 3))[:, None]


BALL = _ball_points(200)


def smooth_noise(shape: tuple[int, ...], apart_mm: float, spacing: Spacing, rng: np.random.Generator) -> np.ndarray:
    """Noise [z, y, x] of mean 0 and standard deviation 1 whose bumps lie about so far apart."""
    noise = rng.standard_normal(shape, np.float32)
    smooth = ndimage.gaussian_filter(noise, apart_mm / 2.6 / np.asarray(spacing))
    return np.asarray(smooth / smooth.std(), np.float32)


@dataclass(frozen=True)
class Texture:
    """How irregular a body is: `lobes` is the relative height of bumps, `spikes` that of spiculations."""

    lobes: float = 0.07
    spikes: float = 0.0
    flattest: float = 0.75


class SolidBody:
    """A random star-shaped solid about the origin: an ellipsoid with smooth bumps and, if asked for, spiculations."""

    def __init__(self, texture: Texture, rng: np.random.Generator) -> None:
        self.axes = np.array([1.0, *rng.uniform(texture.flattest, 1.0, 2)])
        self.rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        self.waves = _directions(6, rng) * rng.uniform(1.5, 5.0, (6, 1))
        self.phases = rng.uniform(0, 2 * np.pi, 6)
        self.heights = texture.lobes * rng.uniform(0.4, 1.0, 6) * 6**-0.5 * 2**0.5
        self.spikes = _directions(int(rng.integers(9, 17)), rng)
        self.spike_height = texture.spikes

    def gauge(self, offsets: tuple[np.ndarray, np.ndarray, np.ndarray], spikes: bool = True) -> np.ndarray:
        """Half-length in mm that the body must have for its surface to pass through each offset (mm, z y x)."""
        z, y, x = (offset.astype(np.float32) for offset in offsets)
        turned = [r[0] * z + r[1] * y + r[2] * x for r in self.rotation.astype(np.float32)]
        squares = [(t / np.float32(a)) ** 2 for t, a in zip(turned, self.axes, strict=True)]
        radius = np.sqrt(squares[0] + squares[1] + squares[2])
        scale = 1 / np.maximum(np.sqrt(z * z + y * y + x * x), np.float32(1e-3))
        height = np.ones_like(radius)
        for wave, phase, amount in zip(self.waves.astype(np.float32), self.phases, self.heights, strict=True):
            height += np.float32(amount) * np.cos((wave[0] * z + wave[1] * y + wave[2] * x) * scale + np.float32(phase))
        if spikes and self.spike_height:
            for d in self.spikes.astype(np.float32):
                along = (d[0] * z + d[1] * y + d[2] * x) * scale
                height += np.float32(self.spike_height) * np.exp(np.float32(45) * (along - 1))
        return radius / height


def _directions(count: int, rng: np.random.Generator) -> np.ndarray:
    vectors = rng.normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def offsets_mm(box: Box, centre: np.ndarray, spacing: Spacing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets in mm (z, y, x) from a voxel position to each voxel of a box, as three full grids."""
    rows = [(np.arange(s.start, s.stop) - c) * d for s, c, d in zip(box, centre, spacing, strict=True)]
    z, y, x = np.meshgrid(*rows, indexing="ij")
    return z, y, x


def grow(gauge: np.ndarray, allowed: np.ndarray, target_mm: float, spacing: Spacing) -> tuple[np.ndarray, float, float]:
    """Scale a body inside `allowed` until its longest extent is nearest to the target.

    Returns the voxels (largest component), the scale in mm and the extent in mm; the extent falls short of the target
    where the allowed room ends, and is 0 where there is none.
    """

    def at(scale: float) -> tuple[np.ndarray, float]:
        mask = largest_component(allowed & (gauge < scale))
        return mask, longest_extent(mask, spacing)

    return _nearest_scale(at, target_mm, smallest=0.25 * min(spacing), largest=1.6 * target_mm + max(spacing))


def _nearest_scale(
    at: Callable[[float], tuple[np.ndarray, float]], target: float, smallest: float, largest: float
) -> tuple[np.ndarray, float, float]:
    """Bisection for a quantity that grows in steps; keeps the step nearest to the target."""
    low, high = smallest, min(largest, 0.75 * target)
    mask, extent = at(high)
    while extent < target and high < largest:
        low, high = high, min(largest, high * 1.3)
        mask, extent = at(high)
    best = (mask, high, extent)
    for _ in range(12):
        if abs(best[2] - target) < 0.015 * target:
            break
        middle = 0.5 * (low + high)
        mask, extent = at(middle)
        if abs(extent - target) < abs(best[2] - target):
            best = (mask, middle, extent)
        low, high = (middle, high) if extent < target else (low, middle)
    return best


def push(
    labels: np.ndarray, gauge: np.ndarray, offsets: tuple[np.ndarray, ...], scale: float, core: float,
    movable: np.ndarray, spacing: Spacing, reach: float = 2.0,
) -> np.ndarray:  # fmt: skip
    """Mass effect: tissue moves radially outwards from a body, smoothly and without folds, and fades at `reach` radii.

    labels uint8 [z, y, x]; `gauge` and `offsets` of the body on the same box; `core` in (0, 1] is the part of the
    radius whose tissue the body consumed: what lay at core x radius ends at its surface. Only `movable` voxels change,
    and only what was movable moves into them. Voxels inside the body keep their labels; the caller paints them.
    """
    ratio = gauge / np.float32(scale)
    shell = (ratio >= 1) & (ratio < reach) & movable
    q = ratio[shell]
    source_ratio = (q - (1 - core) * ((reach - q) / (reach - 1)) ** 2) / q
    where = np.nonzero(shell)
    source = []
    for axis in range(3):
        moved = where[axis] + offsets[axis][shell] * (source_ratio - 1) / spacing[axis]
        source.append(np.clip(np.rint(moved).astype(int), 0, labels.shape[axis] - 1))
    fetched = tuple(source)
    result = labels.copy()
    result[shell] = np.where(movable[fetched], labels[fetched], labels[shell])
    return result
