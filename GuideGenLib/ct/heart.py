"""Chambers and muscle of the heart, and the fat in its grooves, drawn by rule: the label is one piece.

Blood of the chambers is as bright as that of the vessels, the muscle is not, most of all in the arterial phase; without
contrast both are alike. The heart is parted by four ellipsoids about its long axis, which points to the left, to the
front and down. The left ventricle has a wall of 9 mm (Lang, Eur Heart J Cardiovasc Imaging 2015;16:233: 6 to 10), all
else one of about 3; places and sizes are estimates. Above them is the pulmonary artery (`ct/pulmonary_artery.py`). What
is added has the mean 0 over the heart. Blotches of the networks that are as wide as a chamber follow none, and are
taken out: the mean is that of the table.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.pulmonary_artery import artery_in
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import Box, box_of, shared

Field = NDArray[np.float32]
Points = NDArray[np.float32]

APEX = (-0.50, -0.55, 0.67)
"""Of the long axis [z, y, x]: upward, to the back, to the left."""
LEFT = (0.10, 0.80, 0.35)
"""From the right ventricle to the left one; what of it is across the long axis counts."""
REACH = 0.97
"""Quantile of the voxels' places along each axis that counts as the end of the heart."""
BLUR_MM = 1.6
"""Standard deviation: the heart beats while it is scanned."""
ROUGH_MM, ROUGH_SCALE_MM = 2.0, 13.0
"""How far and over what distance places are shifted: chambers are no ellipsoids."""
EDGE_MM, RIM_MM = 2.0, 3.0
"""Over which a wall begins; within which all is as the networks mix it with the neighbours."""
GROOVE, GROOVE_DEEP_MM = 0.08, 7.0
"""Half-width of a groove, of the half-length of the heart, and how deep fat lies in it."""
ATRIA = -0.2
"""Along the long axis, from -1 to 1, where atria and ventricles meet."""
FAT_SHARE = 0.75
BLOTCH_MM = 8.0
"""What the networks draw that is wider is taken out, from so deep below the surface on:"""
BLOTCH_DEEP_MM = 6.0


@dataclass(frozen=True)
class Chamber:
    """A part of the heart: what lies deeper in its ellipsoid than in the others'. middle and half-axes along, to the
    left and across, in parts of the heart's half-axes; mm of wall below the heart's surface; whether it is of the left
    heart, and a ventricle."""

    middle: tuple[float, float, float]
    axes: tuple[float, float, float]
    wall_mm: float
    left: bool
    ventricle: bool


CHAMBERS = (
    Chamber((0.30, 0.38, 0.0), (0.70, 0.56, 0.70), 9.0, True, True),
    Chamber((0.20, -0.50, 0.05), (0.75, 0.45, 0.80), 3.5, False, True),
    Chamber((-0.62, 0.42, 0.05), (0.40, 0.60, 0.75), 2.5, True, False),
    Chamber((-0.52, -0.48, -0.05), (0.42, 0.50, 0.75), 2.5, False, False),
)
SEPTUM_MM, VALVE_MM, THIN_MM = 8.5, 0.8, 3.0
"""Between the ventricles, between an atrium and its ventricle, and elsewhere."""
BLOOD: dict[str, tuple[float, float]] = {
    "none": (41.0, 41.0), "arterial": (315.0, 255.0), "portal_venous": (156.0, 152.0), "delayed": (110.0, 110.0),
}  # fmt: skip
"""HU of the left and of the right heart's blood, near those of aorta and veins in the table."""
MUSCLE = {"none": 45.0, "arterial": 112.0, "portal_venous": 112.0, "delayed": 94.0}
"""HU; enhanced muscle of the heart has some 100 to 120 HU (Rodriguez-Granillo, Eur Heart J Cardiovasc Imaging 2017)."""


def with_heart(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with the inside of the heart."""
    heart = canvas.labels == values()["heart"]
    if not heart.any():
        return hu
    box = box_of(heart)
    places = shared(box, canvas.window, canvas.labels.shape)
    if not places:
        return hu
    mine = heart[box]
    added, deep = canvas.kept.get("heart", ("heart", "aorta"), lambda: _added(mine, box, canvas))
    whole, inside = places
    part, mean = hu[inside], float(canvas.table[values()["heart"]])
    added = added[whole] - _blotches(part, mine[whole], deep[whole], mean, canvas.spacing)
    np.add(part, added, out=part, where=mine[whole])
    return hu


def _added(heart: NDArray[np.bool_], box: Box, canvas: Canvas) -> tuple[Field, Field]:
    """HU [z, y, x] of the heart's box that are added, of the mean 0 in it, and mm of each voxel below its surface."""
    spacing = canvas.spacing
    below = np.asarray(ndimage.distance_transform_edt(np.pad(heart, 1))[1:-1, 1:-1, 1:-1] * spacing, np.float32)
    voxels, corner = np.argwhere(heart), [part.start for part in box]
    rough = [smooth_at(voxels + corner, spacing, ROUGH_SCALE_MM, (canvas.seed, 120, axis)) for axis in range(3)]
    places, half = _placed(voxels * np.float32(spacing), np.stack(rough, axis=1) * np.float32(ROUGH_MM))
    muscle, (left, right) = MUSCLE[canvas.phase], BLOOD[canvas.phase]
    inner = np.full(len(voxels), muscle, np.float32)
    for chamber, within in zip(CHAMBERS, _within(places, half), strict=True):
        share = np.clip(np.minimum(within, below[heart] - chamber.wall_mm) / EDGE_MM + 0.5, 0, 1)
        inner += share * ((left if chamber.left else right) - inner)
    fat = float(canvas.table[values()["torso_fat"]])
    inner += FAT_SHARE * _grooves(places, half, below[heart]) * (fat - inner)
    artery = artery_in(heart, canvas.labels[box] == values()["aorta"], spacing, canvas.seed)
    for share, other in zip(artery or (), (right, fat), strict=False):
        inner += share * (other - inner)
    drawn = np.zeros(heart.shape, np.float32)
    drawn[heart] = inner
    share = ndimage.gaussian_filter(heart.astype(np.float32), BLUR_MM / spacing)
    drawn = ndimage.gaussian_filter(drawn, BLUR_MM / spacing) / np.maximum(share, 1e-3)
    drawn[heart] -= drawn[heart].mean()
    return drawn * np.clip((below - 0.5 * spacing) / RIM_MM, 0, 1), below


def _placed(points: Points, rough: Points) -> tuple[Points, Points]:
    """mm [n, 3] along the long axis, to the left ventricle and across both, from the middle; and half-axes [3]."""
    along = np.array(APEX) / np.linalg.norm(APEX)
    left = np.array(LEFT) - (np.array(LEFT) @ along) * along
    left /= np.linalg.norm(left)
    places = points @ np.stack([along, left, np.cross(along, left)], axis=1)
    low, high = np.quantile(places, (1 - REACH, REACH), axis=0)
    return (places - (low + high) / 2 + rough).astype(np.float32), np.maximum((high - low) / 2, 1.0).astype(np.float32)


def _within(places: Points, half: Points) -> Field:
    """About the mm [chambers, n] from the wall between a chamber and the next one, less than 0 beyond it."""
    depth = np.stack([_depth(places, half, one) for one in CHAMBERS])
    within = np.full_like(depth, np.inf)
    for index, one in enumerate(CHAMBERS):
        for other, another in enumerate(CHAMBERS):
            if other != index:
                between = VALVE_MM if one.left is another.left else THIN_MM
                between = SEPTUM_MM if one.ventricle and another.ventricle else between
                within[index] = np.minimum(within[index], (depth[index] - depth[other] - between) / 2)
    return within


def _depth(places: Points, half: Points, chamber: Chamber) -> Field:
    """About the mm [n] below the surface of a chamber, less than 0 outside."""
    away = places - half * np.array(chamber.middle, np.float32)
    ratio = np.maximum(np.linalg.norm(away / (half * np.array(chamber.axes, np.float32)), axis=1), 1e-3)
    return np.asarray(np.linalg.norm(away, axis=1) * (1 / ratio - 1), np.float32)


def _grooves(places: Points, half: Points, below: Field) -> Field:
    """Share of fat [n]: in the groove between atria and ventricles, and in that between the ventricles."""
    along, left = places[:, 0] / half[0], places[:, 1] / half[1]
    width = GROOVE * half[0]
    ring = np.abs(along - ATRIA) * half[0]
    front = np.where(along > ATRIA, np.abs(left + 0.08) * half[1], np.inf)
    deep = np.clip(1 - below / GROOVE_DEEP_MM, 0, 1)
    share = np.maximum(np.exp(-((ring / width) ** 2)), 0.7 * np.exp(-((front / width) ** 2)))
    return np.asarray(share * deep, np.float32)


def _blotches(hu: Field, heart: NDArray[np.bool_], deep: Field, mean: float, spacing: float) -> Field:
    """HU by which the networks' wide structure in the heart lies off its mean, fading out towards the surface."""
    known = heart & (deep > BLOTCH_DEEP_MM / 2)
    weight = known.astype(np.float32)
    sigma = BLOTCH_MM / 2 / spacing
    wide = ndimage.gaussian_filter(hu * weight, sigma) / np.maximum(ndimage.gaussian_filter(weight, sigma), 1e-2)
    fade = np.clip((deep - BLOTCH_DEEP_MM / 2) / (BLOTCH_DEEP_MM / 2), 0, 1) * known
    return np.asarray((wide - mean) * fade, np.float32)
