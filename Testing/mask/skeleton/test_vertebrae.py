"""Vertebrae laid along drawn spines: columns of bone before a cord that runs straight or in curves."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.spine import spine_of
from GuideGenLib.mask.skeleton.course import course_of
from GuideGenLib.mask.skeleton.laying import with_skeleton
from GuideGenLib.mask.skeleton.levels import FORMS, LUMBAR, PITCH, THORACIC

VALUE = values()
SPACING = 3.0
SHAPE = (190, 60, 64)
SACRUM, BORDER, NECK = 16, 76, 174
"""First slices of the lumbar and the thoracic spine, and of the neck."""
BONE = ("vertebrae_thoracic", "vertebrae_lumbar")


def torso(bend: float = 0.0, width: int = 6) -> np.ndarray:
    """A column without discs, 13 voxels wide by default, in muscle; bend: voxels that its middle is pushed back."""
    z, y, x = np.indices(SHAPE)
    shift = bend * np.sin(np.pi * z / SHAPE[0])
    labels = np.full(SHAPE, VALUE["muscle"], np.uint8)
    labels[(np.abs(x - 32) > 28) | (y < 3) | (y > 56)] = VALUE["subcutaneous_fat"]
    column = (np.abs(x - 32) <= width) & (np.abs(y - shift - 22) <= 5) & (z >= SACRUM)
    column |= (np.abs(x - 32) <= 3) & (y - shift >= 34) & (y - shift < 42) & (z >= SACRUM)
    labels[column & (z < BORDER)] = VALUE["vertebrae_lumbar"]
    labels[column & (z >= BORDER)] = VALUE["vertebrae_thoracic"]
    labels[column & (z >= NECK)] = VALUE["vertebrae_cervical"]
    labels[(np.abs(x - 32) <= 8) & (np.abs(y - shift - 26) <= 8) & (z < SACRUM)] = VALUE["sacrum"]
    labels[(np.hypot(x - 32, y - shift - 30) <= 2) & (z >= 6)] = VALUE["spinal_cord"]
    labels[(np.hypot(x - 32, y - shift - 8) <= 4)] = VALUE["aorta"]
    return labels


def test_a_solid_column_becomes_seventeen_bodies_with_discs() -> None:
    laid = with_skeleton(torso(), SPACING, 1)
    _, bodies = ndimage.label(select(laid, BONE)[:, 22, 32])
    assert bodies == len(THORACIC) + len(LUMBAR)
    spine = spine_of(laid, (SPACING,) * 3)
    assert spine is not None
    assert [one.name for one in spine.levels if one.name in LUMBAR] == list(LUMBAR)
    assert len(spine.levels) == 17


def test_levels_share_the_spine_out_as_the_table_says() -> None:
    course = course_of(torso(), SPACING)
    assert course is not None
    assert list(course.places) == [*reversed(THORACIC), *LUMBAR]
    places = list(course.places.values())
    for names in (THORACIC, LUMBAR):
        heights = [one.high - one.low for one in places if one.name in names]
        usual = [PITCH[one.name] for one in places if one.name in names]
        assert np.allclose(np.divide(heights, usual), heights[0] / usual[0])
    assert abs(course.canal.voxel(course.places["T12"].low)[0] - BORDER) < 2
    assert abs(course.canal.voxel(course.places["T1"].high)[0] - NECK) < 2


def test_there_are_arches_behind_the_cord_and_processes_to_the_sides() -> None:
    labels = torso()
    laid = with_skeleton(labels, SPACING, 1)
    bone = select(laid, BONE)
    lumbar = laid == VALUE["vertebrae_lumbar"]
    across = np.ptp(np.argwhere(lumbar)[:, 2]) * SPACING
    assert 1.5 * FORMS["L3"].across < across < 2.6 * FORMS["L3"].across
    behind = bone[SACRUM:NECK, 34:, 32]
    assert behind.any(axis=1).mean() > 0.5
    _, plates = ndimage.label(lumbar[:, 37:, 31:34])
    assert plates == len(LUMBAR)  # spinous processes stay apart


def test_cord_aorta_skin_and_other_bones_stay() -> None:
    labels = torso(bend=4)
    laid = with_skeleton(labels, SPACING, 1)
    for key in ("spinal_cord", "aorta", "subcutaneous_fat", "sacrum", "vertebrae_cervical"):
        assert np.array_equal(laid == VALUE[key], labels == VALUE[key]), key


def test_nothing_is_left_of_bone_that_is_no_vertebra() -> None:
    laid = with_skeleton(torso(width=14), SPACING, 1)
    body = select(laid, BONE)[:, :25]
    assert np.ptp(np.argwhere(body)[:, 2]) * SPACING <= 1.3 * FORMS["L5"].width + 2 * SPACING


def test_the_spine_of_a_bent_back_has_all_its_bodies() -> None:
    spine = spine_of(with_skeleton(torso(bend=8), SPACING, 1), (SPACING,) * 3)
    assert spine is not None and len(spine.levels) == 17


def test_discs_lie_across_a_bent_spine_and_not_level() -> None:
    course = course_of(torso(bend=8), SPACING)
    assert course is not None
    near = course.near
    z, y, _ = near.where.T
    upper = (z > 130) & (z < 150)  # where it leans forward, what lies farther back is higher along the canal
    front, rear = (near.height[upper & (y == row)].mean() for row in (20, 40))
    assert rear - front < -5


@pytest.mark.parametrize(("first", "last"), [(0, 90), (60, 190), (40, 130)])
def test_a_part_of_a_spine_has_the_levels_of_the_whole_one(first: int, last: int) -> None:
    labels = torso()
    whole = with_skeleton(labels, SPACING, 1)[first:last]
    part = with_skeleton(labels[first:last].copy(), SPACING, 1)
    inner = slice(12, -12)
    both = select(whole[inner], BONE) & select(part[inner], BONE)
    either = select(whole[inner], BONE) | select(part[inner], BONE)
    assert both.sum() / either.sum() > 0.6


@pytest.mark.parametrize("missing", ["spinal_cord", "vertebrae"])
def test_labels_without_cord_or_spine_are_left_as_they_are(missing: str) -> None:
    labels = torso()
    gone = BONE if missing == "vertebrae" else (missing,)
    labels[select(labels, gone)] = VALUE["muscle"]
    assert np.array_equal(with_skeleton(labels, SPACING, 1), labels)


def test_a_place_along_the_canal_is_where_its_voxel_says() -> None:
    course = course_of(torso(bend=8), SPACING)
    assert course is not None
    near = course.near
    for index in range(0, len(near.where), 9001):
        found = course.canal.voxel(near.height[index], near.back[index], near.out[index])
        assert np.abs(found - near.where[index]).max() < 1.5


def test_people_differ_and_one_seed_is_one_person() -> None:
    labels = torso()
    one, again, other = (with_skeleton(labels, SPACING, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
