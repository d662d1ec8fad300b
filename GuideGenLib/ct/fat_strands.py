"""Septa in fat and veins under the skin, drawn by rule: what makes fat on CT more than a plain dark ground.

Under the skin septa and the membranous fascia part the fat into lobules, and superficial veins run in it (Lancerotto,
Surg Radiol Anat 2011;33:835); about the bowel and behind the peritoneum there are folds. They are thinner than voxels
and drawn by the share that they fill. How many there are is by judgement, so that the grain of fat is that of real
scans in both bands. Each label keeps its mean HU. Vessels of the belly are grown (ct.belly_vessels).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import in_parts, smooth_along, voxels_of
from GuideGenLib.ct.thin_structures import about_the_middle, sheets, threads

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Strands:
    """septa_mm: how far from each other septa change, upwards, around the body and away from its middle, and how thick
    they are; vessels_mm: over what distance vessels change, and their radius; None where there are none."""

    septa_mm: tuple[tuple[float, float, float], float]
    vessels_mm: tuple[float, float] | None


FATS = {
    "subcutaneous_fat": Strands(((26.0, 26.0, 11.0), 0.36), (24.0, 0.94)),
    "torso_fat": Strands(((22.0, 20.0, 13.0), 0.36), None),
}
SPREAD_MM = 2.1
"""Standard deviation over which a scan shows them: none is quite even."""
FASCIA = 35.0
"""HU of septa."""
BLOOD = "portal_splenic_vein"
"""Whose HU the vessels have."""
PATCHY_MM, MOST_PATCHY = 30.0, 1.9
"""Over what distance there is more and less of them, and how much at most."""
PATIENTS = 0.2
"""Standard deviation of the logarithm of a patient's amount."""


def with_strands_in_fat(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with septa and vessels in fat."""
    for there, added in strands_of(canvas):
        canvas.add(hu, there, added)
    return hu


def strands_of(canvas: Canvas) -> list[tuple[NDArray[np.bool_], Field]]:
    """Of each fat its voxels in the whole volume and the HU [n] that are added there."""
    found = []
    for number, (key, strands) in enumerate(FATS.items()):
        there = canvas.labels == values()[key]
        fat = float(canvas.table[values()[key]])
        if there.any():
            drawn = partial(_in_one, there, strands, canvas, number, fat)
            found.append((there, canvas.kept.get(("strands", key), (key,), drawn)))
    return found


def _in_one(there: NDArray[np.bool_], strands: Strands, canvas: Canvas, number: int, fat: float) -> Field:
    """HU [n] that are added at the voxels of one fat, of the mean 0; fat: its HU."""
    voxels = voxels_of(there)
    added = in_parts(lambda part: _added(part, strands, canvas, number, fat), voxels)
    added -= added.mean()
    return added


def _added(voxels: NDArray[np.int16], strands: Strands, canvas: Canvas, number: int, fat: float) -> Field:
    """HU [n] that septa and vessels add at voxels [n, 3] of a fat."""
    straight = (voxels.T * np.float32(canvas.spacing)).astype(np.float32)
    places = about_the_middle(voxels, canvas.labels.shape, canvas.spacing)
    own = np.random.default_rng((canvas.seed, 97)).standard_normal()
    patchy = np.clip(1 + smooth_along(straight, (PATCHY_MM,) * 3, (canvas.seed, 98, number)), 0, MOST_PATCHY)
    patchy *= np.float32(np.exp(PATIENTS * own))
    scales, thick = strands.septa_mm
    septa = sheets(places, scales, np.float32(thick) * patchy, (canvas.seed, 99, number), SPREAD_MM)
    added = septa * (FASCIA - fat)
    if strands.vessels_mm is None:
        return added
    apart, radius = strands.vessels_mm
    wide = np.float32(radius) * np.sqrt(patchy)
    vessels = threads(straight, apart, wide, (canvas.seed, 100, number), SPREAD_MM)
    added += vessels * (float(canvas.table[values()[BLOOD]]) - fat - added)
    return added
