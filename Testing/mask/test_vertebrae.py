"""Vertebrae laid along drawn spines: columns of bone before a cord that runs straight or in curves."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.spine import spine_of
from GuideGenLib.mask.vertebrae.course import near_spine, places_of
from GuideGenLib.mask.vertebrae.laying import with_vertebrae
from GuideGenLib.mask.vertebrae.levels import FORMS, LUMBAR, PITCH, THORACIC

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
    laid = with_vertebrae(torso(), SPACING, 1)
    _, bodies = ndimage.label(select(laid, BONE)[:, 22, 32])
    assert bodies == len(THORACIC) + len(LUMBAR)
    spine = spine_of(laid, (SPACING,) * 3)
    assert spine is not None
    assert [one.name for one in spine.levels if one.name in LUMBAR] == list(LUMBAR)
    assert len(spine.levels) == 17


def test_levels_share_the_spine_out_as_the_table_says() -> None:
    near = near_spine(torso(), SPACING)
    assert near is not None
    places = places_of(torso(), near)
    assert [one.name for one in places] == [*reversed(THORACIC), *LUMBAR]
    for names in (THORACIC, LUMBAR):
        heights = [one.high - one.low for one in places if one.name in names]
        usual = [PITCH[one.name] for one in places if one.name in names]
        assert np.allclose(np.divide(heights, usual), heights[0] / usual[0])
    border = next(one for one in places if one.name == "T12").low
    assert abs(border - (BORDER - SACRUM) * SPACING - next(p for p in places if p.name == "L5").low) < 12


def test_there_are_arches_behind_the_cord_and_processes_to_the_sides() -> None:
    labels = torso()
    laid = with_vertebrae(labels, SPACING, 1)
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
    laid = with_vertebrae(labels, SPACING, 1)
    for key in ("spinal_cord", "aorta", "subcutaneous_fat", "sacrum", "vertebrae_cervical"):
        assert np.array_equal(laid == VALUE[key], labels == VALUE[key]), key


def test_nothing_is_left_of_bone_that_is_no_vertebra() -> None:
    laid = with_vertebrae(torso(width=14), SPACING, 1)
    body = select(laid, BONE)[:, :25]
    assert np.ptp(np.argwhere(body)[:, 2]) * SPACING <= 1.3 * FORMS["L5"].width + 2 * SPACING


def test_the_spine_of_a_bent_back_has_all_its_bodies() -> None:
    spine = spine_of(with_vertebrae(torso(bend=8), SPACING, 1), (SPACING,) * 3)
    assert spine is not None and len(spine.levels) == 17


def test_discs_lie_across_a_bent_spine_and_not_level() -> None:
    near = near_spine(torso(bend=8), SPACING)
    assert near is not None
    z, y, _ = near.where.T
    upper = (z > 130) & (z < 150)  # where it leans forward, what lies farther back is higher along the canal
    front, rear = (near.height[upper & (y == row)].mean() for row in (20, 40))
    assert rear - front < -5


@pytest.mark.parametrize(("first", "last"), [(0, 90), (60, 190), (40, 130)])
def test_a_part_of_a_spine_has_the_levels_of_the_whole_one(first: int, last: int) -> None:
    labels = torso()
    whole = with_vertebrae(labels, SPACING, 1)[first:last]
    part = with_vertebrae(labels[first:last].copy(), SPACING, 1)
    inner = slice(12, -12)
    both = select(whole[inner], BONE) & select(part[inner], BONE)
    either = select(whole[inner], BONE) | select(part[inner], BONE)
    assert both.sum() / either.sum() > 0.6


@pytest.mark.parametrize("missing", ["spinal_cord", "vertebrae"])
def test_labels_without_cord_or_spine_are_left_as_they_are(missing: str) -> None:
    labels = torso()
    gone = BONE if missing == "vertebrae" else (missing,)
    labels[select(labels, gone)] = VALUE["muscle"]
    assert np.array_equal(with_vertebrae(labels, SPACING, 1), labels)


def test_people_differ_and_one_seed_is_one_person() -> None:
    labels = torso()
    one, again, other = (with_vertebrae(labels, SPACING, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
