"""What fills stomach and bowel, in HU, by rule.

Fluid has 0 to 30 HU; faeces are mottled with gas in the right colon, pasty further on and formed in the left one. The
numbers are estimates against labelled real scans at 2 mm: the 5th and 95th percentile of their colons are -170 and 50,
-125 and 35, -60 and 85 HU.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.ct.hollow.cells import Cells, cells
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import Mask

Values = NDArray[np.float32]
LOOP_MM, LOOP_LENGTH_MM = 23.0, 50.0
LUMP_MM = 17.0
FLUID, FOOD, PASTE = 16.0, 42.0, 52.0
COLLAPSED = 0.5
"""Share of the loops of small bowel that hold no fluid."""
FOLD_MM = 5.5
"""Between the folds of the jejunum."""
ORAL = (220.0, 380.0)
"""HU of contrast that was drunk."""
DRUNK = 0.8
"""Share of the loops that it reached."""


@dataclass(frozen=True)
class Lumen:
    """Voxels [n, 3] of an organ in a volume of `shape`, the HU of its wall [n], and of contrast that was drunk (0:
    none)."""

    voxels: NDArray[np.int64]
    shape: tuple[int, ...]
    spacing: float
    seed: int
    wall: Values
    oral: float

    def field(self, scale: float, number: int) -> Values:
        """A smooth random field over the voxels, of standard deviation 1."""
        return smooth_at(self.voxels, self.spacing, scale, (self.seed, 40, number))

    def rng(self, number: int) -> np.random.Generator:
        """Random numbers of the patient."""
        return np.random.default_rng((self.seed, 41, number))

    def cells(self, width: float, length: float, number: int, some: Mask | None = None) -> Cells:
        """The voxels, or some of them, shared out among axes."""
        voxels = self.voxels if some is None else self.voxels[some]
        return cells(voxels, self.shape, self.spacing, width, length, (self.seed, 42, number))


@dataclass(frozen=True)
class Content:
    """Of the voxels of a lumen: HU, mm to the wall towards the next loop (infinite: none), whether a level forms."""

    hu: Values
    border: Values
    flowing: Mask


def stomach(lumen: Lumen) -> Content:
    """Fluid, or food with bubbles, by patient."""
    if lumen.rng(0).random() < 0.6:
        hu = FLUID + 3 * lumen.field(20, 0)
    else:
        hu = FOOD + 14 * lumen.field(8, 0) - _bubbles(lumen.field(5, 1), 1.3, 250)
    if lumen.oral:
        y = lumen.voxels[:, 1]
        sunk = (y - y.mean()) / max(1.0, float(np.ptp(y)))
        hu = lumen.oral * (0.85 + 0.5 * sunk) + 0.5 * hu
    return _open(hu)


def duodenum(lumen: Lumen) -> Content:
    """Fluid here and none there."""
    filled = np.clip(lumen.field(25, 2) + 0.5, 0, 1)
    fluid = lumen.oral or FLUID
    return _open(lumen.wall - 8 + filled * (fluid - lumen.wall + 8))


def small_bowel(lumen: Lumen) -> Content:
    """Loops with fluid or collapsed, those of the jejunum (the upper left ones) with folds."""
    loops = lumen.cells(LOOP_MM, LOOP_LENGTH_MM, 0)
    count = int(loops.number.max()) + 1
    draw = lumen.rng(1).random((count, 3))[loops.number].astype(np.float32)
    place = lumen.voxels * lumen.spacing
    upper_left = (place - place.mean(0)) @ np.array([1.0, 0.0, 1.0])
    collapsed = draw[:, 0] < COLLAPSED
    hu = np.where(collapsed, lumen.wall - 6 + 4 * lumen.field(6, 3), FLUID + 10 * (draw[:, 1] - 0.5))
    if lumen.oral:
        sunk = np.clip(loops.behind / LOOP_MM, -0.5, 0.5)
        filled = ~collapsed | (draw[:, 2] < DRUNK)
        hu = np.where(filled, lumen.oral * (0.6 + 0.5 * draw[:, 1] + 0.3 * sunk), hu)
    folds = np.clip(0.7 * np.cos(2 * np.pi * loops.along / FOLD_MM + 1.5 * lumen.field(10, 4)), 0, 1)
    feathery = folds * np.clip((upper_left + 20) / 40, 0, 1) * np.clip(1.4 - loops.border / 9, 0, 1)
    hu += feathery * (lumen.wall - hu)
    return Content(hu.astype(np.float32), loops.border, np.ones(len(hu), bool))


def colon(lumen: Lumen) -> Content:
    """Faeces that are liquid, mottled, pasty or formed, by patient and from right to left."""
    middle = (lumen.shape[2] - 1) / 2
    side = (lumen.voxels[:, 2] - middle) * lumen.spacing / 100 + 0.4 * lumen.rng(2).standard_normal()
    side = side + 0.4 * lumen.field(70, 5)
    formed, mottled = np.clip((side - 0.1) / 0.3, 0, 1), np.clip((0.1 - side) / 0.3, 0, 1)
    liquid = np.clip((lumen.field(60, 6) + lumen.rng(3).standard_normal() - 1.3) / 0.3, 0, 1)
    gaps = np.zeros(len(side), np.float32)
    if (some := formed > 0).any():
        gaps[some] = np.clip(1.1 - lumen.cells(LUMP_MM, 0.0, 1, some).border / 2.5, 0, 1)
    hu = PASTE + 9 * lumen.field(9, 7)
    hu -= mottled * (_bubbles(lumen.field(4.2, 8), 0.7, 210) - 8)
    hu += formed * (14 - 120 * gaps - _bubbles(lumen.field(4.2, 9), 1.4, 150))
    hu += liquid * (FLUID - hu)
    if lumen.oral and lumen.rng(4).random() < 0.5:
        hu += 0.7 * lumen.oral * np.clip(0.7 + 0.3 * lumen.field(30, 10), 0, 1)
    return Content(hu.astype(np.float32), np.full(len(hu), np.inf, np.float32), formed < 0.5)


CONTENTS: dict[str, Callable[[Lumen], Content]] = {
    "stomach": stomach,
    "duodenum": duodenum,
    "small_bowel": small_bowel,
    "colon": colon,
}


def _bubbles(field: Values, above: float, hu: float) -> Values:
    """HU that gas takes away where a field is above a value."""
    return np.asarray(hu * np.clip(field - above, 0, 1.5), np.float32)


def _open(hu: Values) -> Content:
    return Content(hu.astype(np.float32), np.full(len(hu), np.inf, np.float32), np.ones(len(hu), bool))
