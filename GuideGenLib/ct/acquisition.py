"""What the way in which a scan was taken does to its HU, by rule: breathing, kernel, metal, couch and noise.

Kernel and noise of which a description says nothing are those of a scanner that is drawn (`ct.scanners`); all else is
left out then. Slices are averaged where the grid of the result is made (`generator.slices`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.couch import with_couch
from GuideGenLib.ct.metal import WATER, with_metal
from GuideGenLib.ct.motion import with_motion
from GuideGenLib.ct.scanner_noise import ALONG, F0, Paths, scanner_noise
from GuideGenLib.ct.scanners import scanner_of
from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.vessels.places import Box

KERNEL_F0 = {"soft": 0.14, "standard": F0, "sharp": 0.45}
"""1/mm: noise is 3, 5 and 10 HU with them on voxels of 2 mm, and with the sharp one 34 on finer ones, which is that of
B60 to B70 kernels; power below .15 per mm is the same."""
SOFT = (0.1, 0.8, 0.1)
"""Shares of neighbouring pixels in each other: passes .64 at .2 per mm, as exp(-(f / f0)^2 / 2) of the soft kernel over
that of the standard one does, since noise and picture pass one filter."""
EDGE_MM, EDGE = 1.2, 1.2
"""Of the sharp kernel: what a blur of so many mm takes away is added so many times."""
DOSE = {"low": 0.25, "standard": 1.0, "high": 2.0}
"""Dose over that of most scans: 2 mGy is what screening of the lungs has, 8 a plain CT of the trunk."""
MEASURED_MM = 4.0
"""Thickness of slices that have the noise that was measured."""
MEASURED_IN = ("liver", "spleen", "kidney_left", "kidney_right")
"""Where the noise is as strong as the dose says."""
MODULATED = 0.7
"""Share of the attenuation that the tube's current does not make up for."""


def with_acquisition(
    hu: NDArray[np.float32],
    labels: NDArray[np.uint8],
    table: NDArray[np.float32],
    acquisition: Acquisition,
    spacing: float,
    seed: int,
    window: Box = (slice(None),) * 3,
) -> NDArray[np.float32]:
    """HU [z, y, x] of a window of labels [z, y, x] as the scanner shows them, noise and all; those that it is given may
    be written to.

    table: reference HU by label value; spacing: mm of the isotropic voxels; seed: the patient's.
    """
    if acquisition.motion:
        hu = with_motion(hu, labels, spacing, window)
    if acquisition.kernel is None:
        hu = scanner_of(seed).filtered(hu)
    elif acquisition.kernel == "soft":
        for axis in (1, 2):
            ndimage.convolve1d(hu, SOFT, axis, output=hu)
    elif acquisition.kernel == "sharp":
        hu = hu + EDGE * (hu - ndimage.gaussian_filter(hu, (0, EDGE_MM / spacing, EDGE_MM / spacing)))
    hu = with_metal(hu, labels, table, acquisition.metal or "none", spacing, seed, window)
    if acquisition.table:
        hu = with_couch(hu, labels, spacing, window)
    hu += noise_of(labels, table, acquisition, spacing, seed, window[0])[:, window[1], window[2]]
    return np.maximum(hu, -1024, out=hu)


def noise_of(
    labels: NDArray[np.uint8],
    table: NDArray[np.float32],
    acquisition: Acquisition,
    spacing: float,
    seed: int,
    slices: slice = slice(None),
) -> NDArray[np.float32]:
    """HU [z, y, x] of the noise of a whole scan, or of some of its slices, on the voxels of its labels."""
    scanner, thick = scanner_of(seed), acquisition.slice_mm
    more = 1 / DOSE[acquisition.dose] if acquisition.dose else scanner.noise
    if thick is not None:
        more *= MEASURED_MM / (thick * kept(thick, spacing))
    paths = paths_through(labels, table, spacing) if acquisition.dose == "low" else None
    f0 = KERNEL_F0[acquisition.kernel] if acquisition.kernel else scanner.f0
    along = ALONG if thick is None else (1.0,)
    if paths is not None:
        paths = Paths(paths.lateral[slices], paths.other[slices])
    return scanner_noise(labels.shape, spacing, seed, f0=f0, more=more, along=along, paths=paths, slices=slices)


def paths_through(labels: NDArray[np.uint8], table: NDArray[np.float32], spacing: float) -> Paths:
    """How much noisier rays are by what they cross (Poisson: the variance grows with the exponential of it), beside
    those through organs of the upper abdomen: side to side through shoulders and hips most."""
    density = np.maximum(0, 1 + table / 1000).astype(np.float32)
    density[0] = 0
    cells = density[labels]
    organs = np.isin(labels, [values()[key] for key in MEASURED_IN])
    told = []
    for axis in (2, 1):
        crossed = ndimage.gaussian_filter1d(cells.sum(axis), 2.0, axis=1) * (MODULATED * WATER * spacing)
        crossed = np.exp(crossed - crossed.max())
        known = np.average(crossed, weights=organs.sum(axis)) if organs.any() else (crossed**2).sum() / crossed.sum()
        told.append(np.sqrt(crossed / known).astype(np.float32))
    return Paths(told[0][:, :, None], told[1][:, None, :])


def parts_of(thick: float) -> list[float]:
    """Places in mm, about the middle of a slice, whose mean is the slice."""
    count = max(1, round(thick))
    return [(i + 0.5) * thick / count - thick / 2 for i in range(count)]


def kept(thick: float, spacing: float) -> float:
    """Share of the variance of noise, independent from slice to slice of `spacing`, that is left in slices of so many
    mm that are means over `parts_of` them, interpolated between two."""
    offsets = np.array(parts_of(thick)) / spacing
    shares = []
    for phase in np.arange(0, 1, 0.125):
        below = np.floor(offsets + phase).astype(int)
        weights = np.zeros(below.max() - below.min() + 2)
        np.add.at(weights, below - below.min(), 1 - (offsets + phase - below))
        np.add.at(weights, below - below.min() + 1, offsets + phase - below)
        shares.append(((weights / len(offsets)) ** 2).sum())
    return float(np.mean(shares))
