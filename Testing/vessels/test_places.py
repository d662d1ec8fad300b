"""Where vessels enter an organ and what they have to reach."""

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.vessels.places import box_of, depth_of, gate, scattered, within

VALUE = values()
SPACING = 2.0


def organ() -> np.ndarray:
    """A liver with a vein at its lower side."""
    labels = np.zeros((30, 24, 40), np.uint8)
    labels[8:25, 5:19, 5:35] = VALUE["liver"]
    labels[2:8, 10:13, 18:21] = VALUE["portal_splenic_vein"]
    return labels


def test_the_gate_is_where_the_vein_touches() -> None:
    labels = organ()
    liver = labels == VALUE["liver"]
    box = box_of(liver)
    found = gate(labels, liver[box], box, ("inferior_vena_cava", "portal_splenic_vein"), SPACING)
    corner = np.array([part.start for part in box])
    assert np.abs(found[0] / SPACING + corner - (8, 11, 19)).max() <= 1.5
    assert gate(labels, liver[box], box, ("aorta",), SPACING).shape == (0, 3)


def test_points_are_in_every_cube_and_hang_on_the_volume_alone() -> None:
    points = scattered((30, 24, 36), SPACING, 12.0, (3, 1))
    cubes = {tuple(cube) for cube in points // 6}
    assert len(cubes) == len(points) == 5 * 4 * 6
    assert np.array_equal(points, scattered((30, 24, 36), SPACING, 12.0, (3, 1)))
    assert not np.array_equal(points, scattered((30, 24, 36), SPACING, 12.0, (3, 2)))


def test_only_points_of_the_organ_are_wanted() -> None:
    liver = organ() == VALUE["liver"]
    box = box_of(liver)
    found = within(scattered(liver.shape, SPACING, 8.0, (1,)), liver[box], box, SPACING)
    corner = np.array([part.start for part in box])
    voxels = np.rint(found / SPACING).astype(int) + corner
    assert len(found) > 40 and liver[tuple(voxels.T)].all()


def test_depth_does_not_count_from_the_ends_of_the_volume() -> None:
    slab = np.ones((5, 9, 9), bool)
    depth = depth_of(slab, SPACING)
    assert np.array_equal(depth[0], depth[2]) and depth[2, 4, 4] == 10
