"""Going to a segment leads into it."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.segments.centre import box_of, place_within
from GuideGenLib.scene.segments.segmentation import add_anatomy


def bent() -> sitk.Image:
    """A colon like a horseshoe, whose middle is outside of it, in a body; anisotropic, off the origin."""
    labels = np.full((8, 30, 30), values()["body"], np.uint8)
    labels[2:6, 4:26, 4:26] = values()["colon"]
    labels[2:6, 8:26, 8:22] = values()["body"]
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((1.0, 2.0, 5.0))
    image.SetOrigin((-40.0, 12.0, 7.0))
    return image


def label_at(image: sitk.Image, ras: tuple[float, float, float]) -> int:
    return int(image[image.TransformPhysicalPointToIndex((-ras[0], -ras[1], ras[2]))])


def test_the_place_of_a_bent_segment_is_within_it_where_its_centre_is_not(scene: Any):
    node = add_anatomy(scene, bent())
    assert label_at(bent(), node.GetSegmentCenterRAS("colon")) == values()["body"]
    assert label_at(bent(), place_within(node, "colon")) == values()["colon"]


def test_a_transform_moves_the_place_with_the_segment(scene: Any, set_transform: Callable[[Any, np.ndarray], Any]):
    node = add_anatomy(scene, bent())
    before = place_within(node, "colon")
    matrix = np.eye(4)
    matrix[:3, 3] = (10.0, -20.0, 30.0)
    set_transform(node, matrix)
    assert place_within(node, "colon") == pytest.approx(np.array(before) + matrix[:3, 3])


def test_an_empty_segment_has_no_place(scene: Any):
    node = add_anatomy(scene, bent())
    node.GetSegmentation().AddEmptySegment("nothing")
    assert place_within(node, "nothing") is None


def test_a_jump_makes_no_list_of_all_voxels(scene: Any):
    """Of a whole body that was a hundred bytes a voxel, and half a second."""
    labels = np.full((90, 90, 90), values()["body"], np.uint8)
    node = add_anatomy(scene, sitk.GetImageFromArray(labels))
    tracemalloc.start()
    try:
        place = place_within(node, "body")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert place == pytest.approx((-44.5, -44.5, 44.5), abs=0.51)
    assert peak < 5 * labels.size


def test_the_box_of_a_segment_is_that_of_its_voxels(scene: Any, set_transform: Callable[[Any, np.ndarray], Any]):
    node = add_anatomy(scene, bent())
    assert box_of(node, "colon") == pytest.approx((22.0, 44.0, 20.0))
    matrix = np.eye(4)[[1, 0, 2, 3]]  # R and A change places
    set_transform(node, matrix)
    assert box_of(node, "colon") == pytest.approx((44.0, 22.0, 20.0))
    node.GetSegmentation().AddEmptySegment("nothing")
    assert box_of(node, "nothing") is None
