"""Ribs at their true period.

The denoiser works on 6 mm voxels and is sure of where the rib cage is, but less so of which voxel between two ribs is
bone: undecided, it draws the cage as a thin shell. How ribs follow each other is the same in everybody once height is
counted in lengths of the spine, so it is taken from the template: a small map that ships in the bundle, laid over the
drawn cage.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import values

HEIGHTS, ANGLES = 192, 180
SHELL = 0.7
"""Share of the cage's directions that bone covers, from which on it is a shell: about half of them in people."""
THORACIC_PER_LUMBAR = 1.72
"""Length of the thoracic over that of the lumbar spine in the template, as its labels overlap."""
RIBS = ("ribs_left", "ribs_right")
SPINE = ("vertebrae_thoracic", "vertebrae_lumbar")
FILL = ("muscle", "body", "subcutaneous_fat", "torso_fat")


def measure_ribs(labels: np.ndarray) -> np.ndarray:
    """The map of a template, labels uint8 [z, y, x] with real ribs: bool [HEIGHTS, ANGLES], bone at a height of the
    thoracic spine and a direction from the middle of the chest."""
    cage = _cage(labels)
    assert cage is not None, "the template has no chest"
    ribs = np.zeros((HEIGHTS, ANGLES), bool)
    ribs[_directions(np.argwhere(_any(labels, RIBS)), cage)] = True
    # a voxel of 3 mm is wider than a bin
    return ndimage.binary_closing(np.pad(ribs, 4, mode="wrap"), np.ones((3, 3)))[4:-4, 4:-4]


def with_ribs(labels: np.ndarray, ribs: np.ndarray) -> np.ndarray:
    """A copy of labels uint8 [z, y, x] in which a shell of ribs has the gaps of a map of `measure_ribs`.

    Left as it is where the chest is not in the volume, and where the ribs are apart already.
    """
    result = labels.copy()
    cage = _cage(labels)
    if cage is None:
        return result
    bone = _any(labels, RIBS)
    height, angle = _directions(np.argwhere(bone), cage)
    if _coverage(height, angle) > SHELL:
        _carve_ribs(result, bone, ribs, cage)
    return result


@dataclass(frozen=True)
class _Cage:
    """First and last slice of the thoracic spine, and the middle of the chest (y, x), in voxels."""

    bottom: float
    top: float
    y: float
    x: float


def _any(labels: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    return np.isin(labels, [values()[key] for key in keys])


def _cage(labels: np.ndarray) -> _Cage | None:
    spine = _extents(labels).get("vertebrae_thoracic")
    lungs = np.argwhere(_any(labels, tuple(key for key in values() if key.startswith("lung_") and "lobe" in key)))
    if spine is None or len(lungs) < 1000:
        return None
    middle = lungs.mean(axis=0)
    x = np.argwhere(labels == values()["vertebrae_thoracic"])[:, 2].mean()
    return _Cage(*spine, float(middle[1]), float(x))


def _extents(labels: np.ndarray) -> dict[str, tuple[float, float]]:
    """First and last slice of thoracic and lumbar spine; where the volume cuts one, by the length of the other."""
    found = {key: np.flatnonzero((labels == values()[key]).any(axis=(1, 2))) for key in SPINE}
    ends = {key: (float(z[0]), float(z[-1])) for key, z in found.items() if len(z) >= 10}
    if len(ends) == 2:
        thoracic, lumbar = (ends[key] for key in SPINE)
        if thoracic[1] >= len(labels) - 1 and lumbar[0] > 0:
            ends[SPINE[0]] = thoracic[0], thoracic[0] + THORACIC_PER_LUMBAR * (lumbar[1] - lumbar[0])
        if lumbar[0] <= 0 and thoracic[1] < len(labels) - 1:
            ends[SPINE[1]] = lumbar[1] - (thoracic[1] - thoracic[0]) / THORACIC_PER_LUMBAR, lumbar[1]
    return ends


def _directions(places: np.ndarray, cage: _Cage) -> tuple[np.ndarray, np.ndarray]:
    """Bins of height (the thoracic spine is the middle three quarters) and angle of voxels [n, 3]."""
    height = (places[:, 0] - cage.bottom) / (cage.top - cage.bottom)
    angle = np.arctan2(places[:, 2] - cage.x, places[:, 1] - cage.y) / (2 * np.pi) + 0.5
    rows = np.clip(((height + 0.15) / 1.3 * HEIGHTS).astype(int), 0, HEIGHTS - 1)
    return rows, (angle * ANGLES).astype(int) % ANGLES


def _coverage(height: np.ndarray, angle: np.ndarray) -> float:
    """Part of the cage's directions, from the lowest to the highest rib of each, that hold bone."""
    seen = np.zeros((HEIGHTS, ANGLES), bool)
    seen[height, angle] = True
    seen = ndimage.binary_closing(seen, np.ones((3, 3)))
    between = np.maximum.accumulate(seen, axis=0) & np.maximum.accumulate(seen[::-1], axis=0)[::-1]
    return float(seen.sum() / max(between.sum(), 1))


def _carve_ribs(labels: np.ndarray, bone: np.ndarray, ribs: np.ndarray, cage: _Cage) -> None:
    """Muscle between the ribs; the ribs themselves one voxel thicker, into what may give way."""
    gap = np.argwhere(bone)
    gap = gap[~ribs[_directions(gap, cage)]]
    around = ndimage.binary_dilation(bone) & ~bone & _any(labels, FILL)
    more = np.argwhere(around)
    more = more[ribs[_directions(more, cage)]]
    left = more[:, 2] > cage.x
    labels[tuple(more[left].T)] = values()["ribs_left"]
    labels[tuple(more[~left].T)] = values()["ribs_right"]
    labels[tuple(gap.T)] = values()["muscle"]
