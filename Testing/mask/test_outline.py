"""Drawn bodies get the outline that people have: smooth and even; what lies below the fat stays where it is."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.outline import with_smooth_outline

FAT, MUSCLE, LIVER = (values()[key] for key in ("subcutaneous_fat", "muscle", "liver"))
SPACING = 3.0

pytestmark = pytest.mark.small


def body(bulge: float = 0.0, bumps: float = 0.0) -> np.ndarray:
    """A cylinder of fat, muscle and liver, 60 voxels wide, whose flank bulges on one side by so many voxels."""
    z, y, x = np.indices((30, 90, 90)).astype(float) - np.array((15, 45, 45))[:, None, None, None]
    angle, away = np.arctan2(y, x), np.hypot(y, x)
    edge = 30 + bulge * np.clip(np.cos(angle - 0.3), 0, 1) ** 2 + bumps * np.sin(24 * angle) * np.cos(z)
    labels = np.zeros(z.shape, np.uint8)
    labels[away < edge] = FAT
    labels[away < 20] = MUSCLE
    labels[away < 12] = LIVER
    return labels


def unevenness(labels: np.ndarray) -> float:
    """Share of the body that its mirror image has not, about the body's own middle."""
    there = labels > 0
    middle = 2 * np.argwhere(there)[:, 2].mean()
    index = np.clip(np.rint(middle - np.arange(labels.shape[2])).astype(int), 0, labels.shape[2] - 1)
    return float((there ^ there[:, :, index]).sum() / there.sum() / 2)


def test_bumps_go_and_hollows_are_filled() -> None:
    round_one, bumpy = body(), body(bumps=1.5)
    smooth = with_smooth_outline(bumpy, SPACING)
    off = [((one > 0) != (round_one > 0)).sum() for one in (bumpy, smooth)]
    assert off[1] < 0.3 * off[0]


def test_a_bulge_of_one_side_is_shared_by_both() -> None:
    lopsided = body(bulge=8)
    even = with_smooth_outline(lopsided, SPACING)
    assert unevenness(lopsided) > 0.025
    assert unevenness(even) < 0.5 * unevenness(lopsided)
    assert (even > 0).sum() == pytest.approx((lopsided > 0).sum(), rel=0.02)


def test_only_fat_comes_and_goes_and_it_covers_the_rest() -> None:
    labels = body(bulge=8, bumps=1.5)
    labels[15, 45, 60:76] = MUSCLE  # a ridge of muscle that reaches beyond the even outline
    result = with_smooth_outline(labels, SPACING)
    inner = (labels != FAT) & (labels != 0)
    assert np.array_equal(result[inner], labels[inner])
    assert set(np.unique(result[~inner])) == {0, FAT}
    beside = np.zeros(inner.shape, bool)
    beside[:, 1:] |= inner[:, :-1]
    beside[:, :-1] |= inner[:, 1:]
    covered = beside & ~inner & (labels == FAT)
    assert (result[covered] == FAT).all()


@pytest.mark.parametrize("value", [0, FAT])
def test_no_body_and_one_that_fills_the_volume_stay(value: int) -> None:
    labels = np.full((4, 10, 10), value, np.uint8)
    assert np.array_equal(with_smooth_outline(labels, SPACING), labels)
