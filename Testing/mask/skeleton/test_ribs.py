"""Ribs and cartilages laid on the shell of a drawn cage."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton.cage import cage_of
from GuideGenLib.mask.skeleton.course import course_of
from GuideGenLib.mask.skeleton.laying import with_skeleton
from GuideGenLib.mask.skeleton.rib_courses import CENTRE_MM, COURSES

VALUE = values()
SPACING = 3.0
RIBS = ("ribs_left", "ribs_right")
RADIUS = 38
"""Voxels from the middle of the chest to its shell."""
MIDDLE = (52, 60)


def chest(holes: bool = False) -> np.ndarray:
    """[160, 120, 120]: a round shell of ribs about two lungs, closed by cartilage and a sternum, and a column."""
    z, y, x = np.indices((160, 120, 120))
    labels = np.full(z.shape, VALUE["muscle"], np.uint8)
    radius = np.hypot(y - MIDDLE[0], x - MIDDLE[1])
    labels[radius > 48] = VALUE["subcutaneous_fat"]
    labels[radius > 52] = 0
    high = (z > 40) & (z < 150)
    labels[(radius < RADIUS - 3) & high & (x > 64)] = VALUE["lung_upper_lobe_left"]
    labels[(radius < RADIUS - 3) & high & (x < 56)] = VALUE["lung_upper_lobe_right"]
    shell = (np.abs(radius - RADIUS) < 1.6) & (z > 30) & (z < 154)
    if holes:
        shell &= np.random.default_rng(0).random(z.shape) > 0.3
    front = y < MIDDLE[0] - 26
    labels[shell & (x >= 60)] = VALUE["ribs_left"]
    labels[shell & (x < 60)] = VALUE["ribs_right"]
    labels[shell & front] = VALUE["costal_cartilages"]
    labels[(np.abs(radius - RADIUS) < 2) & front & (np.abs(x - 60) < 7) & (z > 84) & (z < 140)] = VALUE["sternum"]
    column = (np.abs(x - 60) <= 6) & (np.abs(y - MIDDLE[0] - 14) <= 5)
    labels[column & (z < 56)] = VALUE["vertebrae_lumbar"]
    labels[column & (z >= 56) & (z < 154)] = VALUE["vertebrae_thoracic"]
    labels[column & (z >= 154)] = VALUE["vertebrae_cervical"]
    labels[np.hypot(x - 60, y - MIDDLE[0] - CENTRE_MM / SPACING) <= 2] = VALUE["spinal_cord"]
    return labels


@pytest.mark.parametrize("holes", [False, True])
def test_a_shell_becomes_twelve_ribs_on_each_side(holes: bool) -> None:
    laid = with_skeleton(chest(holes), SPACING, 1)
    for key in RIBS:
        lateral = laid == VALUE[key]
        # along a line down the side ribs and muscle take turns
        side = lateral[:, MIDDLE[0] + 8, :].any(axis=1)
        _, count = ndimage.label(side)
        assert 8 <= count <= 11
        pieces, _ = ndimage.label(ndimage.binary_dilation(lateral))
        assert 8 <= (np.bincount(pieces.ravel())[1:] > 100).sum() <= len(COURSES)


def test_ribs_lie_on_the_drawn_shell_and_slope_down_to_the_front() -> None:
    labels = chest()
    course = course_of(labels, SPACING)
    assert course is not None
    cage = cage_of(labels, course)
    assert cage is not None
    assert np.allclose(cage.radius[70:120, 30:90], RADIUS * SPACING, atol=3)
    laid = with_skeleton(labels, SPACING, 1)
    places = np.argwhere(laid == VALUE["ribs_left"])
    away = np.hypot(places[:, 1] - MIDDLE[0], places[:, 2] - MIDDLE[1])
    side = places[:, 2] > MIDDLE[1] + 20
    assert (np.abs(away[side] - RADIUS) < 3).mean() > 0.98
    bone, count = ndimage.label(laid == VALUE["ribs_left"])
    assert count
    sizes = np.bincount(bone.ravel())[1:]
    one = np.argwhere(bone == 1 + int(sizes.argmax()))
    front, back = (one[one[:, 1].argsort()][part, 0].mean() for part in (slice(0, 20), slice(-20, None)))
    assert front < back - 10


def test_each_side_has_its_own_ribs_and_lungs_sternum_and_skin_stay() -> None:
    labels = chest()
    laid = with_skeleton(labels, SPACING, 1)
    assert np.argwhere(laid == VALUE["ribs_left"])[:, 2].min() >= 60
    assert np.argwhere(laid == VALUE["ribs_right"])[:, 2].max() <= 60
    for key in ("lung_upper_lobe_left", "lung_upper_lobe_right", "sternum", "spinal_cord", "background"):
        assert np.array_equal(laid == VALUE[key], labels == VALUE[key]), key


def test_cartilages_join_the_tips_of_ribs_to_the_sternum() -> None:
    laid = with_skeleton(chest(), SPACING, 1)
    cartilage = laid == VALUE["costal_cartilages"]
    wide = ndimage.binary_dilation(cartilage, iterations=2)
    for key in (*RIBS, "sternum"):
        assert (wide & (laid == VALUE[key])).any(), key
    assert 0.1 < cartilage.sum() / (chest() == VALUE["costal_cartilages"]).sum() < 0.9  # bars in place of a plate


def test_without_a_sternum_there_are_ribs_and_no_cartilages() -> None:
    labels = chest()
    labels[select(labels, ("sternum", "costal_cartilages"))] = VALUE["muscle"]
    laid = with_skeleton(labels, SPACING, 1)
    assert select(laid, RIBS).any() and not select(laid, ("costal_cartilages",)).any()


def test_a_volume_without_a_cage_gets_none() -> None:
    labels = chest()
    labels[select(labels, (*RIBS, "costal_cartilages", "sternum"))] = VALUE["muscle"]
    assert not select(with_skeleton(labels, SPACING, 1), RIBS).any()


@pytest.mark.parametrize(("first", "last"), [(0, 110), (50, 160)])
def test_a_part_of_a_chest_has_the_ribs_of_the_whole_one(first: int, last: int) -> None:
    labels = chest()
    whole, part = with_skeleton(labels, SPACING, 1)[first:last], with_skeleton(labels[first:last].copy(), SPACING, 1)
    inner = slice(16, -16)
    a, b = (select(one[inner], RIBS) for one in (whole, part))
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.6
