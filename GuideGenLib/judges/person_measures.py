"""What a CT shows of sex and age, measured: on its HU and on the labels that a segmenter finds in it.

Nothing here is learned. HU float32 and labels uint8 [z, y, x] on one grid of isotropic spacing in mm, canonical frame
(to superior, posterior, patient-left). A measure that the scan does not show is NaN.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.tissues import filled_slices
from GuideGenLib.core.components import largest_component
from GuideGenLib.judges.pelvis import BONES, PROPORTIONS, proportions

SEX_MEASURES = ("breast", "rib cage breadth", "chest depth", "thoracic vertebra", "pelvic inlet")
"""Log of the chest wall's thickness in front of the lungs over that behind them, larger in women; breadth of the ribs
in mm, depth of the lungs from front to back in mm and area of a thoracic vertebra in cm2, larger in men; breadth of the
pelvic inlet over that of the iliac crests, larger in women (`pelvis`)."""
AGE_MEASURES = ("bone", "muscle")
"""HU within the vertebrae (Jang, Radiology 2019;291:360) and of the back's muscles (Goodpaster, J Appl Physiol
2000;89:104): both fall with age."""
SKIN_HU, AIR_HU, BONE_HU = -350.0, -400.0, 150.0
LEAST_LUNG_ML, LEAST_LUNG_CM2, LEAST_SLICES = 150.0, 150.0, 4
CHEST = 0.7
"""Of the largest section of the lungs: slices with as much show the chest."""
FRONT, BACK = (0.35, 0.75), (0.3, 0.6)
"""Columns in front of and behind the lungs, in half breadths of them from the middle: beside sternum and spine."""
RIBS_MM, RIBS_SHARE = 27.0, 30
"""A rib slants: the wall's thickness is this percentile over so many mm of height."""
LEAST_VERTEBRA_CM2 = 5.0
VERTEBRA_CORE_MM, MUSCLE_RIM_MM = 6.0, 3.0
LEAST_VOXELS = 100
Mask = NDArray[np.bool_]


def body_of(hu: NDArray[np.float32]) -> Mask:
    """bool [z, y, x]: the largest piece above SKIN_HU, without couch and clothes; empty where there is none."""
    above = np.pad(hu > SKIN_HU, 1, mode="edge")  # the body goes on beyond the scan
    return filled_slices(largest_component(ndimage.binary_opening(above)[1:-1, 1:-1, 1:-1], faces=True))


def sex_measures(hu: NDArray[np.float32] | None, labels: NDArray[np.uint8], spacing: float) -> list[float]:
    """SEX_MEASURES of a scan, or of a label map alone (hu None), which shows no lungs' air."""
    breast, depth = np.nan, np.nan
    if hu is not None:
        body = body_of(hu)
        labels = labels * body
        breast, depth = _chest(hu, body, spacing)
    return [breast, _ribs(labels, spacing), depth, _vertebra(labels, spacing), _inlet(labels, spacing)]


def age_measures(hu: NDArray[np.float32], labels: NDArray[np.uint8], spacing: float) -> list[float]:
    """AGE_MEASURES of a scan."""
    labels = labels * body_of(hu)
    bone = ndimage.binary_opening(select(labels, ("vertebrae_thoracic", "vertebrae_lumbar")))
    core = ndimage.binary_erosion(bone, iterations=round(VERTEBRA_CORE_MM / spacing))
    muscle = select(labels, ("autochthon_left", "autochthon_right"))
    inner = ndimage.binary_erosion(muscle, iterations=round(MUSCLE_RIM_MM / spacing))
    return [_median(hu, core), _median(hu, inner)]


def _median(hu: NDArray[np.float32], mask: Mask) -> float:
    return float(np.median(hu[mask])) if mask.sum() >= LEAST_VOXELS else np.nan


def _lungs(hu: NDArray[np.float32], body: Mask, spacing: float) -> Mask:
    """Air within the body, in pieces of at least LEAST_LUNG_ML."""
    air = ndimage.binary_opening((hu < AIR_HU) & ndimage.binary_erosion(body, iterations=2))
    parts, _ = ndimage.label(air)
    large = np.bincount(parts.ravel()) * spacing**3 / 1000 >= LEAST_LUNG_ML
    large[0] = False
    return np.asarray(large[parts], bool)


def _chest(hu: NDArray[np.float32], body: Mask, spacing: float) -> tuple[float, float]:
    """Log of front over back thickness of the chest wall, and depth of the lungs in mm."""
    lungs = _lungs(hu, body, spacing)
    area = lungs.sum((1, 2)) * spacing**2 / 100
    slices = np.flatnonzero(area > CHEST * area.max()) if area.any() else np.zeros(0, int)
    if area.max(initial=0) < LEAST_LUNG_CM2 or len(slices) < LEAST_SLICES:
        return np.nan, np.nan
    walls = np.array([_wall(lungs[z], lungs[z] | (hu[z] > BONE_HU) & body[z], body[z]) for z in slices]) * spacing
    window = round(RIBS_MM / spacing)
    front = ndimage.percentile_filter(np.nan_to_num(walls[:, 0]), RIBS_SHARE, size=window, mode="nearest")
    front = ndimage.uniform_filter1d(front, 3)
    back = float(np.nanmedian(walls[:, 1])) if np.isfinite(walls[:, 1]).any() else np.nan
    return float(np.log(front.max() / back)) if front.max() > 0 else np.nan, float(np.percentile(walls[:, 2], 90))


def _wall(lungs: Mask, inner: Mask, body: Mask) -> tuple[float, float, float]:
    """Of one slice [y, x], in voxels: thickness of the wall in front and behind, and depth of the lungs.

    inner: lungs and bones, whichever comes first from the skin.
    """
    columns, rows = np.flatnonzero(lungs.any(0)), np.flatnonzero(lungs.any(1))
    middle, half = (columns[0] + columns[-1]) / 2, (columns[-1] - columns[0]) / 2
    off = np.abs(np.arange(lungs.shape[1]) - middle) / max(half, 1.0)
    shown = inner.any(0) & body.any(0)
    front = inner.argmax(0) - body.argmax(0)
    back = lungs[::-1].argmax(0) - body[::-1].argmax(0)
    sides = [
        shown & (off > FRONT[0]) & (off < FRONT[1]) & (sign * (np.arange(len(off)) - middle) > 0) for sign in (-1, 1)
    ]
    behind = lungs.any(0) & (off > BACK[0]) & (off < BACK[1])
    means = [float(front[side].mean()) if side.any() else np.nan for side in sides]
    return sum(means) / 2, float(back[behind].mean()) if behind.any() else np.nan, float(rows[-1] - rows[0])


def _ribs(labels: NDArray[np.uint8], spacing: float) -> float:
    """Breadth in mm of the ribs where they are broadest, but for some slices with strays."""
    ribs = np.asarray(select(labels, ("ribs_left", "ribs_right")).any(1))
    breadths = [np.ptp(np.flatnonzero(row)) * spacing for row in ribs if row.any()]
    return float(np.percentile(breadths, 95)) if len(breadths) >= LEAST_SLICES else np.nan


def _vertebra(labels: NDArray[np.uint8], spacing: float) -> float:
    """Median area in cm2 of the slices of thoracic vertebrae."""
    area = select(labels, ("vertebrae_thoracic",)).sum((1, 2)) * spacing**2 / 100
    area = area[area > LEAST_VERTEBRA_CM2]
    return float(np.median(area)) if len(area) > LEAST_SLICES else np.nan


def _inlet(labels: NDArray[np.uint8], spacing: float) -> float:
    """The first of `pelvis.PROPORTIONS`, without the strays that a segmenter leaves."""
    clean = np.zeros_like(labels)
    for name in BONES:
        bone = select(labels, (name,))
        if not bone.any():
            return np.nan
        piece = largest_component(bone)
        clean[piece] = labels[piece]
    found = proportions(clean, spacing)
    return np.nan if found is None else found[PROPORTIONS.index("inlet")]
