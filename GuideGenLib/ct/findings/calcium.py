"""Calcium in the walls of arteries: specks along the aorta, and along the courses of the coronary arteries."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.random_fields import smooth_in
from GuideGenLib.vessels.places import Box, box_of

Field = NDArray[np.float32]
WALL = ("aorta", "iliac_artery_left", "iliac_artery_right")
PLAQUE_MM = 10.0
"""How far apart plaques of the aorta lie."""
PLAQUE_HU = (450.0, 350.0)
"""HU of a plaque at its middle, and what they vary by; from 130 HU on it counts as calcium: Agatston, J Am Coll Cardiol
1990;15:827."""
COURSES = {"descending": (0.9, -0.75, -0.55), "circumflex": (0.35, 0.75, -0.65), "right": (-0.75, -0.55, -0.9)}
"""Where the coronary arteries run from the root of the aorta: to the left, to the back and up (x, y, z)."""
LENGTH_MM, STEP_MM = 75.0, 1.0
RADIUS_MM = (1.0, 2.0)
"""Of a speck."""
COUNTED = 0.25
"""Share of calcium from which on a voxel has 130 HU more than blood."""


def calcium_of_aorta(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """So many percent of the wall hold plaques, the abdominal part the most."""
    vessel = select(labels, WALL)
    box = box_of(vessel)
    inside = vessel[box]
    if not inside.any():
        return hu
    deep = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1, 1:-1]
    wall = inside & (deep <= 1)
    field = smooth_in(box, spacing, PLAQUE_MM, (seed, 66))
    field -= 0.6 * np.linspace(-1, 1, field.shape[0], dtype=np.float32)[:, None, None]
    level = np.quantile(field[wall], 1 - amount / 100)
    share = np.clip((field - level) / 0.4 + 0.25, 0, 1) * wall
    return _brighter(hu, labels.shape, box, share, window)


def calcium_of_coronaries(
    hu: Field, labels: NDArray[np.uint8], amount: float, side: str | None, spacing: float, seed: int, window: Box
) -> Field:
    """Specks of so many mm3 together along the courses of the coronary arteries, on the surface of the heart."""
    heart = labels == values()["heart"]
    box = box_of(heart)
    muscle = heart[box]
    root = _root(labels, box, spacing)
    if not muscle.any() or root is None:
        return hu
    surface = np.argwhere(muscle & ~ndimage.binary_erosion(muscle, iterations=2)) * spacing
    rng = np.random.default_rng((seed, 67))
    share = np.zeros(muscle.shape, np.float32)
    grid = np.stack(np.meshgrid(*(np.arange(n) * spacing for n in muscle.shape), indexing="ij"), -1)
    courses = list(COURSES.values())
    for _ in range(400):
        if (share > COUNTED).sum() * spacing**3 >= amount:
            break
        x, y, z = courses[int(rng.choice(len(courses), p=(0.55, 0.2, 0.25)))]
        along = LENGTH_MM * rng.beta(1.2, 2.2)
        aim = root + along * np.array([z, y, x]) / np.linalg.norm([z, y, x])
        centre = surface[np.linalg.norm(surface - aim, axis=1).argmin()]
        low = np.maximum(((centre - 6) / spacing).astype(int), 0)
        near = tuple(slice(a, a + int(12 / spacing) + 2) for a in low)
        away = np.linalg.norm(grid[near] - centre, axis=-1)
        share[near] = np.maximum(share[near], np.clip((rng.uniform(*RADIUS_MM) - away) / spacing + 0.75, 0, 1))
    return _brighter(hu, labels.shape, box, share, window)


def _root(labels: NDArray[np.uint8], box: Box, spacing: float) -> NDArray[np.float64] | None:
    """Where the aorta begins: the middle of what of it touches the heart, in mm from the corner of the box."""
    heart = labels[box] == values()["heart"]
    aorta = labels[box] == values()["aorta"]
    touching = np.argwhere(aorta & ndimage.binary_dilation(heart, iterations=2))
    if not len(touching):
        return None
    middle = np.argwhere(heart).mean(axis=0)
    above = touching[touching[:, 1] < middle[1] + 0.15 * heart.shape[1]]
    return np.asarray(above.mean(axis=0) * spacing) if len(above) else None


def _brighter(hu: Field, shape: tuple[int, ...], box: Box, share: Field, window: Box) -> Field:
    """HU with calcium of that share [box]."""
    whole = np.zeros(shape, np.float32)
    whole[box] = share
    calcium = whole[window]
    peak = PLAQUE_HU[0] + PLAQUE_HU[1] * np.clip(calcium, 0, 1)
    return np.asarray(np.maximum(hu, hu + calcium * (peak - hu)), np.float32)
