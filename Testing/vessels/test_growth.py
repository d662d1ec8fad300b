"""Trees through scattered points: joined, in order, short on the way, thicker towards the root."""

import numpy as np
import pytest

from GuideGenLib.vessels.growth import Tree, grow, radii_of, smoothed


def ball(count: int = 400, radius: float = 50.0) -> np.ndarray:
    """Points in a ball about 0."""
    points = np.random.default_rng(0).uniform(-radius, radius, (4 * count, 3)).astype(np.float32)
    return points[np.linalg.norm(points, axis=1) < radius][:count]


@pytest.fixture(scope="module")
def tree() -> Tree:
    return grow(np.array([[0, 0, -50]], np.float32), ball(), 0.5)


def ways(tree: Tree) -> np.ndarray:
    """mm along the branches to each point."""
    found = np.zeros(len(tree.points))
    for index, parent in enumerate(tree.parents):
        if parent != index:
            found[index] = found[parent] + np.linalg.norm(tree.points[index] - tree.points[parent])
    return found


def test_every_point_hangs_on_the_root_by_points_before_it(tree: Tree) -> None:
    assert len(tree.points) == len(ball()) + 1
    assert (tree.parents[1:] < np.arange(1, len(tree.parents))).all() and tree.parents[0] == 0
    assert len(tree.branches) == len(ball())


def test_all_points_are_reached(tree: Tree) -> None:
    far = np.linalg.norm(ball()[:, None] - tree.points[None], axis=2).min(1)
    assert np.median(far) < 4 and far.max() < 15, "smoothing moves some of them"


def test_ways_are_nearly_straight_and_the_tree_is_no_star(tree: Tree) -> None:
    straight = np.linalg.norm(tree.points - tree.points[0], axis=1)[1:]
    assert np.median(ways(tree)[1:] / straight) < 1.3
    whole = np.linalg.norm(tree.points - tree.points[tree.parents], axis=1).sum()
    assert whole < 0.35 * straight.sum()


def test_radii_follow_murrays_law(tree: Tree) -> None:
    children: dict[int, list[int]] = {}
    for index in tree.branches:
        children.setdefault(int(tree.parents[index]), []).append(int(index))
    for parent, below in children.items():
        assert tree.radii[parent] ** 3 == pytest.approx((tree.radii[below] ** 3).sum(), rel=1e-3)
    ends = np.setdiff1d(np.arange(len(tree.points)), tree.parents)
    assert tree.radii[ends] == pytest.approx(0.5)
    assert np.allclose(radii_of(np.array([0, 0, 1, 1]), 1.0), [2 ** (1 / 3), 2 ** (1 / 3), 1, 1])
    assert np.allclose(radii_of(np.array([0, 0, 1, 1]), 1.0, 2.0), [2**0.5, 2**0.5, 1, 1])


def test_points_hang_on_the_nearest_start() -> None:
    starts = np.array([[0, 0, -60], [0, 0, 60]], np.float32)
    tree = grow(starts, ball(), 0.5)
    root = tree.parents.copy()
    for _ in range(200):
        root = root[root]
    assert (root[tree.points[:, 2] < -25] == 0).all() and (root[tree.points[:, 2] > 25] == 1).all()


def test_nothing_grows_from_nowhere_or_to_nowhere() -> None:
    none = np.zeros((0, 3), np.float32)
    assert len(grow(none, ball(), 0.5).points) == 0
    alone = grow(np.ones((2, 3), np.float32), none, 0.5)
    assert len(alone.points) == 2 and len(alone.branches) == 0


def test_smoothing_leaves_starts_and_ends() -> None:
    points = np.array([[0, 0, 0], [1, 1, 0], [2, 0, 0]], np.float32)
    result = smoothed(points, np.array([0, 0, 1]))
    assert np.array_equal(result[[0, 2]], points[[0, 2]])
    assert 0 < result[1, 1] < 0.5
