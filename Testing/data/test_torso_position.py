"""CTs laid over each other after known shifts, and levels of a torso of boxes."""

import numpy as np
import pytest

from GuideGenLib.data import torso_position as placing
from GuideGenLib.data.torso_position import (  # fmt: skip
    Placed,
    Small,
    body_alone,
    expected_shift,
    landmarks,
    level_of,
    overlap,
    painted,
    place,
    small,
    transferred,
)
from Testing.scans import body, with_hips

STEPS = (6.0, 6.0, 6.0)


@pytest.fixture(scope="module")
def torso() -> Small:
    return small(body(0), STEPS)


def moved(volume: Small, slices: slice, sideways: tuple[int, int] = (0, 0)) -> Small:
    return Small(np.roll(volume.hu[slices], sideways, axis=(1, 2)))


def test_a_part_of_a_torso_is_found_where_it_was_taken(torso: Small):
    placement = place(torso, moved(torso, slice(17, 43), (3, -2)))
    assert placement is not None
    assert placement.shift == (17, -3, 2) and placement.r == pytest.approx(1, abs=1e-3)


def test_a_scan_that_reaches_beyond_the_torso_is_found(torso: Small):
    lower = moved(torso, slice(0, 40))
    placement = place(moved(torso, slice(15, 60)), lower)
    assert placement is not None and placement.shift == (-15, 0, 0)
    pair = overlap(torso.hu[15:], lower.hu, placement.shift)
    assert len(pair[0]) == 25 and np.array_equal(pair[0], pair[1])


def test_without_enough_overlap_nothing_is_placed(torso: Small):
    assert place(torso, moved(torso, slice(0, 15))) is None
    assert place(torso, moved(torso, slice(0, 40)), near=(-50.0, 4.0)) is None


def test_landmarks_keep_a_shift_from_going_astray(torso: Small):
    """Of two copies of the same slab, the one near the expected height is found."""
    twice = Small(np.concatenate([torso.hu[10:40], torso.hu[10:40]]))
    for near in (0, 30):
        placement = place(twice, moved(torso, slice(10, 40)), (near, 8))
        assert placement is not None and placement.shift == (near, 0, 0)


def test_couch_and_clothes_become_air():
    hu = np.pad(body(1), ((0, 0), (0, 12), (0, 0)), constant_values=-1000)
    hu[:, 48:51] = 80.0
    alone = body_alone(hu, STEPS)
    assert (alone[:, 47:] == -1000).all()
    assert np.array_equal(alone[:, :40][hu[:, :40] > -900], hu[:, :40][hu[:, :40] > -900])


def test_the_body_lies_in_the_middle_whatever_its_frame():
    hu = body(2)
    lopsided = np.pad(hu, ((0, 0), (0, 20), (30, 0)), constant_values=-1000)
    assert np.array_equal(small(hu, STEPS).hu, small(lopsided, STEPS).hu)
    assert small(hu, STEPS).hu.shape == (60, *placing.CANVAS)


def test_landmarks_of_a_torso_and_their_levels(phantom: np.ndarray):
    marks = landmarks(with_hips(phantom), 6.0)
    assert marks is not None and marks.tolist() == [0, 180, 54 * 6, 88 * 6]
    heights = np.array([-5, 80, 100, 200, 300, 400, 500, 900])
    assert level_of(heights, marks).tolist() == [0, 0, 1, 2, 3, 4, 5, 5]
    assert landmarks(phantom, 6.0) is None
    assert landmarks(with_hips(phantom)[::-1], 6.0) is None


def test_a_scan_gets_the_landmarks_of_the_torsos_it_fits(phantom: np.ndarray):
    labels = with_hips(phantom)
    whole = Placed("torso", painted(labels, 6.0), landmarks(labels, 6.0))
    scan = Placed("scan", painted(labels[20:70], 6.0), None)
    found = transferred(scan.small, [whole])
    assert found is not None and found.tolist() == [-120, 60, 34 * 6, 68 * 6]
    near = expected_shift(whole, Placed("scan", scan.small, found))
    assert near is not None and near[0] == 20
    assert expected_shift(whole, scan) is None and transferred(scan.small, []) is None
