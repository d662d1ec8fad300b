"""Bodies with something in them that tells where one looks: for tests that compare CTs."""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import hu_mean, values

HIPS = {"hip_left": ((0, 30), (30, 44), (44, 56)), "hip_right": ((0, 30), (30, 44), (8, 20))}


def with_hips(phantom: np.ndarray) -> np.ndarray:
    """The phantom of boxes with hips, so that it has all landmarks."""
    labels = phantom.copy()
    for key, box in HIPS.items():
        labels[tuple(slice(*side) for side in box)] = values()[key]
    return labels


def rendered(labels: np.ndarray, seed: int, noise: float = 20.0) -> np.ndarray:
    """HU float32 of labels with their own noise."""
    rng = np.random.default_rng(seed)
    hu = hu_mean("portal_venous")[labels] + noise * rng.standard_normal(labels.shape)
    return np.where(labels == 0, -1000, hu).astype(np.float32)


def body(seed: int, depth: int = 60, shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """HU float32 [depth, y, x]: an elliptic body in air, full of smooth structures of 40 HU."""
    rng = np.random.default_rng(seed)
    inside = 40 + 900 * ndimage.gaussian_filter(rng.standard_normal((depth, *shape)), 2.5)
    y, x = (np.linspace(-1, 1, n) for n in shape)
    ellipse = (y[:, None] / 0.7) ** 2 + (x / 0.8) ** 2 < 1
    return np.where(ellipse, inside, -1000).astype(np.float32)
