"""The couch below the patient: a shell of carbon fibre around foam, and a mat on it. Drawn by rule, by the look of
clinical scans; where the volume ends the couch does, too."""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.vessels.places import Box

WIDTH_MM, THICK_MM, SHELL_MM, MAT_MM = 430.0, 55.0, 2.5, 12.0
HOLLOW_MM = 620.0
"""Radius of its upper side, which is hollow."""
BELLY_MM = 320.0
"""Radius of its lower side."""
LYING_MM = 60.0
"""Width of the back where it lies on the couch; what reaches lower, as a hand beside it, does not."""
SHELL_HU, FOAM_HU, MAT_HU = -80.0, -960.0, -900.0


def with_couch(hu: NDArray[np.float32], labels: NDArray[np.uint8], spacing: float, window: Box) -> NDArray[np.float32]:
    """HU [z, y, x] of a window of labels [z, y, x], of which y runs to the back; the body stays as it is."""
    body = labels != 0
    wide = body.sum(2) * spacing > LYING_MM
    levels = np.flatnonzero(wide.any(1))
    if not len(levels):
        return hu
    backs = labels.shape[1] - wide[levels, ::-1].argmax(1)
    columns = np.flatnonzero(body.any((0, 1)))
    middle = (columns[0] + columns[-1]) / 2
    x = (np.arange(labels.shape[2]) - middle) * spacing
    y = (np.arange(labels.shape[1]) - np.percentile(backs, 90)) * spacing
    section = _section(y[:, None] - MAT_MM, x[None], spacing)[window[1], window[2]]
    air = ~body[window] & np.isfinite(section)
    return np.where(air, section, hu)


def _section(y: NDArray[np.float64], x: NDArray[np.float64], spacing: float) -> NDArray[np.float32]:
    """HU [y, x] across the couch, NaN where it is not; y: mm below its upper side in the middle, x: from its middle."""
    upper = y + HOLLOW_MM - np.sqrt(np.maximum(HOLLOW_MM**2 - x**2, 0))
    lower = THICK_MM - (BELLY_MM - np.sqrt(np.maximum(BELLY_MM**2 - x**2, 0))) - y
    edge = WIDTH_MM / 2 - np.abs(x)
    depth = np.minimum(np.minimum(upper, lower), edge)  # below the surface of the couch
    shell = np.clip((SHELL_MM - depth) / spacing + 0.5, 0, 1) * np.clip(depth / spacing + 0.5, 0, 1)
    inside = FOAM_HU + shell * (SHELL_HU - FOAM_HU)
    mat = (upper < 0) & (upper > -MAT_MM) & (edge > 10)
    hu = np.where(depth > -spacing / 2, inside, np.where(mat, MAT_HU, np.nan))
    return np.asarray(hu, np.float32)
