"""Parts of an organ that a finding fills from within: consolidated lung, and the widened collecting system of a kidney.

They are spaces as `spaces.Space` has them: where the finding may lie, and how hard each voxel is to reach, in mm.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LOBES, lobes_of, select
from GuideGenLib.mask.findings.spaces import Space

Labels = NDArray[np.uint8]

SHELL_MM = 4.0
"""Of the kidney that is left about a widened collecting system, at least."""
SINUS = (0.55, 0.45, 0.6)
"""Half-axes of the collecting system: along the kidney, across, and to the hilum, in parts of those of the kidney."""
HILUM = 0.35
"""How far to the hilum its middle lies, of the half-width."""
INNERMOST = 0.7
"""Of the depth of what is there: from there on it is its middle."""
CALYCES, CALYX = 3, 0.22
"""How many bulges it has along the kidney, and how high they are in parts of its size."""


def lung_patches(
    labels: Labels, spacing: float, side: str | None, site: str | None, foci: int, rng: np.random.Generator,
    about: NDArray[np.bool_] | None = None,
) -> Space:  # fmt: skip
    """Of a lobe, or of the lung of a side: what lies nearest to so many places beneath the pleura, or to the middle of
    what is there."""
    lobe = LOBES.get((str(side), str(site)))
    lung = select(labels, (lobe,) if lobe else lobes_of(side))
    reach = np.full(labels.shape, np.inf, np.float32)
    starts = rng.uniform(size=(foci, 2))
    if not lung.any():
        return Space(lung, reach)
    (box,) = ndimage.find_objects(lung.view(np.uint8))
    inside = np.pad(lung[box], 1)
    deep = ndimage.distance_transform_edt(inside, sampling=spacing)[1:-1, 1:-1, 1:-1]
    rim = np.argwhere(lung[box] & (deep < 12))
    back = rim[np.argsort(rim[:, 1], kind="stable")]
    chosen = [back[int(len(back) * (1 - (1 - 0.85 * share) * jitter)) - 1] for share, jitter in starts]
    away = np.ones(lung[box].shape, bool)
    away[tuple(np.asarray(chosen).T)] = False
    if about is not None and about[box].any():
        within = ndimage.distance_transform_edt(about[box])
        away = within < INNERMOST * within.max()
    reach[box] = ndimage.distance_transform_edt(away, sampling=spacing) + 0.25 * deep
    return Space(lung, reach)


def collecting_system(labels: Labels, spacing: float, side: str) -> Space:
    """Of the kidney of a side, from the middle of its sinus out; a shell of the kidney stays."""
    kidney = select(labels, (f"kidney_{side}",))
    reach = np.full(labels.shape, np.inf, np.float32)
    if not kidney.any():
        return Space(kidney, reach)
    (box,) = ndimage.find_objects(kidney.view(np.uint8))
    wide = tuple(slice(max(s.start - 6, 0), s.stop + 6) for s in box)
    places = np.argwhere(kidney[wide]) * spacing
    middle = places.mean(axis=0)
    axis = np.linalg.eigh(np.cov((places - middle).T))[1][:, 2]
    hilum = np.array([0.0, -0.5, -1.0 if side == "left" else 1.0])
    hilum -= (hilum @ axis) * axis
    hilum /= np.linalg.norm(hilum)
    frame = np.stack([axis, np.cross(axis, hilum), hilum], axis=1)
    half = np.percentile(np.abs((places - middle) @ frame), 97, axis=0)
    grid = np.stack(np.meshgrid(*(np.arange(n) * spacing for n in kidney[wide].shape), indexing="ij"), -1)
    local = (grid - middle) @ frame
    local[..., 2] -= HILUM * half[2]
    scaled = local / (half * np.array(SINUS))
    bulge = 1 + CALYX * np.cos(np.pi * CALYCES * np.clip(scaled[..., 0] / 2, -1, 1)) * (scaled[..., 2] < 0.4)
    reach[wide] = np.linalg.norm(scaled, axis=-1) / bulge * half[1]
    deep = ndimage.distance_transform_edt(kidney[wide], sampling=spacing)
    at_hilum = (local[..., 2] > 0) & (np.abs(local[..., 0]) < 0.4 * half[0]) & (np.abs(local[..., 1]) < 0.6 * half[1])
    room = np.zeros(labels.shape, bool)
    room[wide] = kidney[wide] & ((deep > SHELL_MM) | at_hilum)
    room[wide] |= at_hilum & select(labels[wide], ("torso_fat", "body")) & (local[..., 2] < 0.95 * half[2])
    return Space(room, reach)
