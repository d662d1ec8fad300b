"""What a lesion holds, as HU without texture: viable tumour, necrosis, air, calcium, ground glass, rim and capsule.

Words and what they mean on CT are those of the Fleischner Society (Hansell, Radiology 2008;246:697; MacMahon, Radiology
2017;284:228) and of LI-RADS v2018: arterial hyperenhancement is brighter and washout darker than the liver about it, a
capsule a bright rim in later phases. HU of the plain tumour are the anatomy table's. The other numbers are by judgement
within what these name; fluid and necrosis have 0 to 30 HU, gas -1000, and calcium over 200 once a speck is averaged.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.lesions import Lesion
from GuideGenLib.vessels.places import scattered

Field = NDArray[np.float32]
ABOVE = {"none": 0.0, "arterial": 38.0, "portal_venous": 12.0, "delayed": 0.0}
"""A hypervascular lesion over its organ, or over the usual lesion where that is brighter."""
BELOW = {"none": 5.0, "arterial": 20.0, "portal_venous": 40.0, "delayed": 25.0}
"""A hypovascular lesion under its organ."""
WASHED_OUT = {"portal_venous": 25.0, "delayed": 30.0}
CAPSULE, CAPSULE_MM = 18.0, 2.5
"""HU over the liver, and thickness."""
RIM = {"none": 0.0, "arterial": 35.0, "portal_venous": 28.0, "delayed": 15.0}
RIM_MM, RIM_CENTRE = 4.0, 12.0
"""How thick an enhancing rim is, and HU that the middle is below the plain lesion after contrast."""
NECROSIS, CYST, FLUID, GAS, GLASS = 18.0, 8.0, 12.0, -975.0, -650.0
LIVING_SHARE, LIVING_MM = 0.28, (4.0, 12.0)
"""How thick the living part about a necrosis is, of the deepest point, and its limits."""
WALL_MM, WALL_RANGE = 5.5, (3.0, 8.0)
"""Wall of a cavity; it varies between these."""
LEVELS = 0.35
"""How many cavities hold fluid, with a level that is horizontal in a patient who lies on the back."""
LEVEL_AT = 0.66
SOLID_SHARE = 0.5
"""Diameter of the solid part of a part-solid nodule, of the whole."""
MOTTLE = {"none": 3.0, "arterial": 7.0, "portal_venous": 6.0, "delayed": 5.0}
MOTTLE_MM, SHAPE_MM = 5.0, 9.0
GLASS_MOTTLE, GLASS_SPREAD = 45.0, 60.0
SPECK_CELL_MM, SPECK_MM, SPECK_HU = 7.0, (0.8, 2.2), (200.0, 800.0)


def inside(lesion: Lesion, table: Field, phase: str, shape: tuple[int, ...], seed: int) -> Field:
    """HU [z, y, x] in the box of a lesion in a volume of `shape`; beyond the lesion the plain one's.

    table: HU by label value in the phase; seed: the patient's.
    """
    plain = _viable(lesion, table, phase)
    mottle = lesion.field(lesion.voxels, MOTTLE_MM, (seed, 41))
    rough = lesion.field(lesion.voxels, SHAPE_MM, (seed, 42))
    rng = np.random.default_rng((seed, 43, lesion.label))
    amount, offset, level = rng.random(), rng.standard_normal(), rng.random()
    mottle[lesion.voxels] -= mottle[lesion.voxels].mean()
    hu = plain + np.float32(MOTTLE[phase]) * mottle
    if "ground_glass" in lesion.looks or "part_solid" in lesion.looks:
        glass = GLASS + GLASS_SPREAD * float(np.clip(offset, -1.3, 1.3)) + GLASS_MOTTLE * mottle
        core = _step(lesion.depth + 1.5 * rough - (1 - SOLID_SHARE) * lesion.deepest, 0.6)
        hu = glass if "ground_glass" in lesion.looks else glass + core * (hu - glass)
    hu = _rimmed(hu, lesion, table, phase)
    if "necrotic" in lesion.looks:
        living = float(np.clip(LIVING_SHARE * lesion.deepest, *LIVING_MM))
        living = min(living, 0.5 * lesion.deepest)
        dead = _step(lesion.depth + 0.35 * living * rough - living, 1.2)
        hu = hu + dead * (NECROSIS + 4 * (2 * amount - 1) + 0.4 * MOTTLE[phase] * mottle - hu)
    if "cystic" in lesion.looks:
        hu = hu + _step(lesion.depth - min(2.5, 0.4 * lesion.deepest), 0.7) * (CYST - hu)
    if "cavitated" in lesion.looks:
        hu = _cavity(hu, lesion, rough, level < LEVELS)
    if "calcified" in lesion.looks:
        hu = _specks(hu, lesion, shape, seed)
    return np.asarray(hu, np.float32)


def _organ_hu(lesion: Lesion, table: Field) -> float:
    """HU of the organ about a lesion; that of the plain lesion where the organ holds air."""
    if lesion.organ in ("lung", "colon"):
        return float(table[lesion.label])
    return float(table[values()[TUMOUR_ORGANS[lesion.organ][0]]])


def _viable(lesion: Lesion, table: Field, phase: str) -> float:
    plain, organ = float(table[lesion.label]), _organ_hu(lesion, table)
    if "washout" in lesion.looks and phase in WASHED_OUT:
        return organ - WASHED_OUT[phase]
    if "hypervascular" in lesion.looks and phase != "none":
        return max(plain, organ) + ABOVE[phase]
    if "hypovascular" in lesion.looks:
        return min(plain, organ - BELOW[phase])
    return plain


def _rimmed(hu: Field, lesion: Lesion, table: Field, phase: str) -> Field:
    if "rim_enhancing" in lesion.looks and phase != "none":
        rim = _step(min(RIM_MM, 0.4 * lesion.deepest) - lesion.depth, 1.0)
        hu = hu + rim * RIM[phase] - (1 - rim) * RIM_CENTRE
    if "washout" in lesion.looks and phase in WASHED_OUT:
        capsule = _step(min(CAPSULE_MM, 0.3 * lesion.deepest) - lesion.depth, 0.4)
        hu = hu + capsule * (_organ_hu(lesion, table) + CAPSULE - hu)
    return hu


def _cavity(hu: Field, lesion: Lesion, rough: Field, fluid: bool) -> Field:
    """Air behind a wall, in some above a level of fluid: y grows to the back."""
    wall = np.minimum(np.clip(WALL_MM + 1.5 * rough, *WALL_RANGE), 0.55 * lesion.deepest)
    space = _step(lesion.depth - wall, 0.5)
    filling = np.full(hu.shape, GAS, np.float32)
    rows = np.flatnonzero((space > 0.5).any(axis=(0, 2)))
    if fluid and len(rows):
        filling[:, rows[0] + round(LEVEL_AT * (rows[-1] - rows[0] + 1)) :] = FLUID
    return np.asarray(hu + space * (filling - hu))


def _specks(hu: Field, lesion: Lesion, shape: tuple[int, ...], seed: int) -> Field:
    """Calcium in clusters, drawn by the share of each voxel that a speck fills."""
    points = scattered(shape, lesion.spacing, SPECK_CELL_MM, (seed, 44))
    drawn = np.random.default_rng((seed, 45)).random((len(points), 3))
    corner, end = np.array([(part.start, part.stop) for part in lesion.box]).T
    here = ((points >= corner) & (points < end)).all(axis=1)
    points, drawn = points[here] - corner, drawn[here]
    own = lesion.depth[tuple(points.T)] > 1.5
    result = hu.copy()
    for point, (size, bright, kept) in zip(points[own], drawn[own], strict=True):
        if kept > 0.6:
            continue
        radius = SPECK_MM[0] + (SPECK_MM[1] - SPECK_MM[0]) * size**2
        calcium = SPECK_HU[0] + (SPECK_HU[1] - SPECK_HU[0]) * bright
        near = tuple(slice(max(at - 3, 0), min(at + 4, n)) for at, n in zip(point, hu.shape, strict=True))
        steps = np.ogrid[near]
        away = np.sqrt(sum((step - at) ** 2.0 for step, at in zip(steps, point, strict=True))) * lesion.spacing
        share = np.clip((radius - away) / lesion.spacing + 0.5, 0, 1)
        result[near] += share * np.maximum(calcium - result[near], 0)
    return result


def _step(mm: NDArray[np.floating], width: float) -> Field:
    """0 below, 1 above 0 mm, smooth over `width` mm to each side."""
    return np.asarray(1 / (1 + np.exp(np.clip(-2 * mm / width, -30, 30))), np.float32)
