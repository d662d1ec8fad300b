"""HU and noise of organs, and how alike CTs are to each other.

Volumes are HU float32 and labels uint8 [z, y, x] at SPACING_MM on one grid, in the canonical frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.data.torso_position import WINDOW, Small, overlap

SPACING_MM = 2.0
TISSUES: dict[str, tuple[str, ...]] = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidneys": ("kidney_left", "kidney_right"),
    "heart": ("heart",),
    "aorta": ("aorta",),
    "bowel": ("small_bowel", "colon"),
    "muscle": (
        "muscle", "autochthon_left", "autochthon_right", "gluteus_left", "gluteus_right", "iliopsoas_left",
        "iliopsoas_right",
    ),
    "fat": ("subcutaneous_fat", "torso_fat"),
    "lung": (*LUNGS, "lung_vessel"),
    "vertebrae": ("vertebrae_thoracic", "vertebrae_lumbar"),
}  # fmt: skip
"""Groups of labels whose HU are compared."""
NOISE = ("liver", "muscle", "fat", "lung")
"""Those with room for windows of PATCH voxels."""
RIM = 2
"""Voxels that are left off the rim of a tissue: the label's edge and the CT's are up to a voxel of the mask apart."""
LEAST_VOXELS = 500
EDGES = np.arange(-1100.0, 1610.0, 10.0)
"""HU of the histograms' bins."""
QUANTILES = np.arange(0.005, 1, 0.01)
PATCH = 10
"""Voxels on each side of the windows whose noise is taken: 20 mm."""
LEAST_PATCHES, MOST_PATCHES = 5, 500
FREQUENCIES = np.arange(1, PATCH // 2 + 1) / (PATCH * SPACING_MM)
"""Centres of the noise spectra's rings in 1/mm, up to the Nyquist frequency."""
SCALES = (0.0448, 0.2856, 0.3001)
"""Weights of the first three scales of MS-SSIM (Wang et al., Asilomar 2003); at 6 mm overlaps are too low for more."""
KERNEL = 5
LEAST_SLICES = 4 * KERNEL
"""MS-SSIM of three scales needs as many voxels on each side."""


@dataclass(frozen=True)
class MeasuredTexture:
    """Of one CT, by tissue: histograms [bins] of the HU of its inside, noise spectra [rings] in HU^2 mm^2."""

    histograms: Mapping[str, np.ndarray]
    spectra: Mapping[str, np.ndarray]


def texture(hu: np.ndarray, labels: np.ndarray) -> MeasuredTexture:
    """HU and noise of each tissue that has room enough."""
    histograms, spectra = {}, {}
    for tissue, keys in TISSUES.items():
        mask = select(labels, keys)
        box = ndimage.find_objects(mask.astype(np.uint8))
        if not box:
            continue
        part, inside = hu[box[0]], ndimage.binary_erosion(mask[box[0]], iterations=RIM)
        if inside.sum() >= LEAST_VOXELS:
            histograms[tissue] = np.histogram(np.clip(part[inside], EDGES[0], EDGES[-1]), EDGES)[0]
        if tissue in NOISE and (spectrum := noise_power(part, inside)) is not None:
            spectra[tissue] = spectrum
    return MeasuredTexture(histograms, spectra)


def table_means(labels: np.ndarray, table: np.ndarray) -> dict[str, float]:
    """Mean HU that each tissue there should have, by a table of HU by label value, [labels]."""
    counts = np.bincount(labels.ravel(), minlength=len(table))
    found = {}
    for tissue, keys in TISSUES.items():
        rows = [values()[key] for key in keys]
        if counts[rows].any():
            found[tissue] = float(np.average(table[rows], weights=counts[rows]))
    return found


def noise_power(hu: np.ndarray, inside: np.ndarray) -> np.ndarray | None:
    """Radial noise power spectrum [FREQUENCIES] in HU^2 mm^2 of axial windows wholly inside a tissue; None: too few.

    Windows of PATCH^2 voxels, a plane fitted and taken off each; mean |DFT|^2 times pixel area over the number of
    pixels (Siewerdsen et al., Med Phys 2002;29:2655), averaged over rings. In lungs vessels are part of it.
    """
    box = ndimage.find_objects(inside.astype(np.uint8))
    if not box:
        return None
    hu, inside = hu[box[0]], inside[box[0]]
    kernel = (1, PATCH, PATCH)
    blocks = [n // step for n, step in zip(inside.shape, kernel, strict=True)]
    cut = tuple(slice(0, n * step) for n, step in zip(blocks, kernel, strict=True))
    shape = (blocks[0], blocks[1], PATCH, blocks[2], PATCH)
    whole = inside[cut].reshape(shape).all(axis=(2, 4))
    patches = hu[cut].reshape(shape).transpose(0, 1, 3, 2, 4)[whole]
    if len(patches) < LEAST_PATCHES:
        return None
    patches = patches[:: max(1, len(patches) // MOST_PATCHES)].astype(np.float64)
    ramp = np.arange(PATCH) - (PATCH - 1) / 2
    plane = np.stack([np.ones((PATCH, PATCH)), np.tile(ramp, (PATCH, 1)), np.tile(ramp[:, None], PATCH)])
    plane = plane.reshape(3, -1) / np.linalg.norm(plane.reshape(3, -1), axis=1, keepdims=True)
    flat = patches.reshape(len(patches), -1)
    noise = (flat - flat @ plane.T @ plane).reshape(patches.shape)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * SPACING_MM**2 / PATCH**2
    ring = np.rint(np.hypot(*np.meshgrid(*[np.fft.fftfreq(PATCH) * PATCH] * 2))).astype(int)
    return np.array([power[ring == number].mean() for number in range(1, PATCH // 2 + 1)])


def quantiles(histogram: np.ndarray) -> np.ndarray:
    """HU at QUANTILES of a histogram over EDGES."""
    rising = np.concatenate([[0], np.cumsum(histogram)]) / histogram.sum()
    return np.interp(QUANTILES, rising, EDGES)


def wasserstein(a: np.ndarray, b: np.ndarray, *, shape: bool = False) -> float:
    """Wasserstein-1 distance in HU of two histograms; `shape`: once one is shifted onto the other."""
    difference = quantiles(a) - quantiles(b)
    return float(np.abs(difference - np.median(difference) if shape else difference).mean())


def mean_of(histogram: np.ndarray) -> float:
    """Mean HU of a histogram."""
    return float(quantiles(histogram).mean())


def sd_of(histogram: np.ndarray) -> float:
    """Standard deviation in HU."""
    return float(quantiles(histogram).std())


def spectrum_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two noise spectra in decades: 0 equal, 1 tenfold power at each frequency."""
    return float(np.abs(np.log10(np.maximum(a, 1e-3) / np.maximum(b, 1e-3))).mean())


def similarity(
    fixed: Small, moving: Small, shift: Sequence[int], slices: tuple[int, int] | None = None
) -> float | None:
    """MS-SSIM of two CTs at 6 mm where they overlap, between 0 and 1 (MONAI MultiScaleSSIMMetric, three scales).

    HU within WINDOW, cropped to the box of both bodies. At 6 mm noise does not pass for diversity. slices: of `fixed`,
    first and past the last, that alone count. None where fewer than LEAST_SLICES are left.
    """
    from monai.metrics import MultiScaleSSIMMetric

    marked = np.zeros(fixed.hu.shape, bool)
    marked[slice(*(slices or (None, None)))] = True
    wanted, _ = overlap(marked, moving.hu, shift)
    pair = overlap(fixed.clipped, moving.clipped, shift)
    kept = wanted.any(axis=(1, 2))
    a, b = (part[kept] / (WINDOW[1] - WINDOW[0]) for part in pair)
    there = np.argwhere(((a > 0) | (b > 0)).any(axis=0))
    if len(a) < LEAST_SLICES or not len(there):
        return None
    (top, left), (bottom, right) = there.min(axis=0), there.max(axis=0) + 1
    if min(bottom - top, right - left) < LEAST_SLICES:
        return None
    box = (slice(None), slice(top, bottom), slice(left, right))
    measure = MultiScaleSSIMMetric(3, kernel_size=KERNEL, kernel_sigma=1.0, weights=[w / sum(SCALES) for w in SCALES])
    volumes = (torch.from_numpy(np.ascontiguousarray(part[box]))[None, None] for part in (a, b))
    return float(torch.as_tensor(measure(*volumes)))
