"""The skin, drawn by rule: a line about the body, lighter than the fat below it, and the edge of the body to the air.

Skin of the trunk is some 2 mm thick (Gibney, Curr Med Res Opin 2010;26:1519), as thin as the voxels, and no label shows
it; the networks drew fat up to the air, and an edge that wavers by half a voxel about that of the labels. At the
edge, HU are those of the tissue below by the share that the medians of seven real scans have of them at that depth.
Deeper, what is added is what the medians of fifteen real scans have over those of generated ones; in muscle and organs
that come near the surface there is nothing to add.
"""

import numpy as np
from scipy import ndimage, special

from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.edges import Field, along_slope, widened
from GuideGenLib.vessels.places import box_of, shared

BLUR = 1.8
"""Voxels, standard deviation in plane: where a blurred body has the share s lies the surface BLUR Phi^-1(s) away, so
that the steps of the labels are not seen."""
REACH = 8
"""Voxels to which that blur reaches."""
SHARES_MM = (-7.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0)
SHARES = (0.0, 0.01, 0.025, 0.045, 0.11, 0.285, 0.57, 0.87, 1.02)
"""Of the tissue below, the rest is air, by depth below the surface; at the last there is skin."""
SURE_MM, BELOW_MM = 2.0, 3.5
"""So deep the shares hold, and so deep lies the tissue; from there on it is as the networks drew it, and as added:"""
ADDED_MM = (3.0, 5.0, 7.0)
ADDED_HU = (24.0, 6.0, 0.0)
FAT_HU, FLESH_HU, AIR_HU = -100.0, 30.0, -1000.0
"""All is added to what is no denser than fat, nothing to what is as dense as flesh."""
IN_PLANE = (1, 2)


def with_skin(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the skin of the labelled body."""
    around, inside = widened(canvas.window, canvas.labels.shape, REACH, IN_PLANE)
    body = canvas.labels[around] > 0
    box = box_of(body, REACH)
    places = shared(box, inside, body.shape)
    if not places:
        return hu
    inner, part = places
    share = ndimage.gaussian_filter(body[box].astype(np.float32), (0, BLUR, BLUR), mode="nearest")[inner]
    ends = special.ndtr(np.array((SHARES_MM[0], ADDED_MM[-1])) / (BLUR * canvas.spacing))
    near = np.nonzero((share > ends[0]) & (share < ends[1]))
    depth = BLUR * canvas.spacing * special.ndtri(share[near])
    drawn, further = hu[part][near], np.maximum((BELOW_MM - depth) / canvas.spacing, 0)
    tissue = np.maximum(along_slope(hu[part], share, near, further, IN_PLANE), FAT_HU)
    edge = AIR_HU + np.interp(depth, SHARES_MM, SHARES) * (tissue - AIR_HU)
    soft = np.clip((FLESH_HU - drawn) / (FLESH_HU - FAT_HU), 0, 1)
    drawn += soft * np.interp(depth, ADDED_MM, ADDED_HU)
    deep = np.clip((depth - SURE_MM) / (BELOW_MM - SURE_MM), 0, 1)
    hu[part][near] = edge + deep * (drawn - edge)
    return hu
