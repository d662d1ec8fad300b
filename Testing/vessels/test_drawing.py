"""Branches fill as much of the voxels as they have volume."""

import numpy as np
import pytest

from GuideGenLib.vessels.drawing import filled_shares
from GuideGenLib.vessels.growth import Tree

SHAPE, SPACING = (20, 22, 40), 2.0


def rod(radius: float, y: float = 20.3) -> Tree:
    """A straight branch along x, 50 mm long."""
    points = np.array([[19.4, y, 12.0], [19.4, y, 62.0]], np.float32)
    return Tree(points, np.array([0, 0]), np.full(2, radius, np.float32))


@pytest.mark.parametrize("radius", [0.3, 0.6, 1.2])
def test_a_thin_branch_has_its_volume(radius: float) -> None:
    shares = filled_shares(rod(radius), SHAPE, SPACING)
    assert shares.sum() * SPACING**3 == pytest.approx(np.pi * radius**2 * 50, rel=0.02)
    assert shares.max() <= 1


def test_a_thick_branch_has_its_width() -> None:
    shares = filled_shares(rod(4.0), SHAPE, SPACING)
    across = shares[:, :, 18]
    assert across.max() == 1
    assert across.sum() * SPACING**2 == pytest.approx(np.pi * 4.0**2, rel=0.1)


def test_what_leaves_the_grid_is_cut() -> None:
    shares = filled_shares(rod(0.6, y=-0.5), SHAPE, SPACING)
    assert 0 < shares.sum() * SPACING**3 < np.pi * 0.6**2 * 50
    assert not filled_shares(rod(0.6, y=-9.0), SHAPE, SPACING).any()


def test_no_branch_fills_nothing() -> None:
    empty = Tree(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    assert not filled_shares(empty, SHAPE, SPACING).any()
