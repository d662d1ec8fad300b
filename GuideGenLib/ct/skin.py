"""The skin, drawn by rule: a line about the body, lighter than the fat below it, and air beside it.

Skin of the trunk is some 2 mm thick (Gibney, Curr Med Res Opin 2010;26:1519), as thin as the voxels, and no label shows
it; the networks drew fat up to the air, and a haze in the air beside it. What is added, by the depth below the surface,
is what the medians of fifteen real scans have over those of generated ones; in muscle and organs that come near the
surface there is nothing to add.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.vessels.places import Box, box_of, shared

BLUR = 1.2
"""Voxels, standard deviation in plane: where a blurred body has the share s lies the surface BLUR Phi^-1(s) away, so
that the steps of the labels are not seen."""
REACH = 6
"""Voxels to which that blur reaches."""
DEPTHS_MM = (-7.0, -5.0, -3.0, -1.0, 1.0, 3.0, 5.0, 7.0)
ADDED_HU = (0.0, 0.0, 0.0, 0.0, 40.0, 24.0, 6.0, 0.0)
HAZE = (0.1, 0.2, 0.6, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Of what is over AIR_HU, so much is left."""
FAT_HU, FLESH_HU, AIR_HU = -100.0, 30.0, -1000.0
"""All is added to what is no denser than fat, nothing to what is as dense as flesh."""


def with_skin(hu: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """HU [z, y, x] of the canvas's window with the skin of the labelled body."""
    around, inside = _widened(canvas.window, canvas.labels.shape)
    body = canvas.labels[around] > 0
    box = box_of(body, REACH)
    places = shared(box, inside, body.shape)
    if not places:
        return hu
    inner, part = places
    share = ndimage.gaussian_filter(body[box].astype(np.float32), (0, BLUR, BLUR), mode="nearest")[inner]
    ends = special.ndtr(np.array((DEPTHS_MM[0], DEPTHS_MM[-1])) / (BLUR * canvas.spacing))
    near = (share > ends[0]) & (share < ends[1])
    depth = BLUR * canvas.spacing * special.ndtri(share[near])
    before = hu[part][near]
    soft = np.clip((FLESH_HU - before) / (FLESH_HU - FAT_HU), 0, 1)
    clear = AIR_HU + (before - AIR_HU) * np.interp(depth, DEPTHS_MM, HAZE)
    hu[part][near] = clear + soft * np.interp(depth, DEPTHS_MM, ADDED_HU)
    return hu


def _widened(window: Box, shape: tuple[int, ...]) -> tuple[Box, Box]:
    """The window with REACH more in plane as far as the volume goes, and where the window lies in it."""
    bounds = [part.indices(size)[:2] for part, size in zip(window, shape, strict=True)]
    wide = [(max(low - REACH, 0), min(high + REACH, size)) for (low, high), size in zip(bounds, shape, strict=True)]
    inside = tuple(slice(low - first, high - first) for (low, high), (first, _) in zip(bounds, wide, strict=True))
    return tuple(slice(*part) for part in wide), inside
