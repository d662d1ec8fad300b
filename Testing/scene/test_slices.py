"""Where slice views look, and the views of a scene that had none."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.comparison import blend
from GuideGenLib.scene.slices import look_elsewhere, show_nothing, slice_composites


@pytest.fixture
def scene() -> Iterator[Any]:
    """A new one: a scene that was closed keeps its views."""
    headless = new_scene()
    yield headless.scene


def test_a_scene_without_views_gets_three_that_show_the_ct_as_a_whole(scene: Any, small_ct: sitk.Image) -> None:
    ct = add_ct(scene, small_ct)
    assert show_nothing(scene) and look_elsewhere(scene, ct)
    blend(scene, ct)
    assert not show_nothing(scene) and not look_elsewhere(scene, ct)
    bounds = [0.0] * 6
    ct.GetRASBounds(bounds)
    middle = np.array(bounds).reshape(3, 2).mean(axis=1)
    views = [scene.GetNthNodeByClass(index, "vtkMRMLSliceNode") for index in range(3)]
    assert {view.GetLayoutName(): view.GetOrientation() for view in views} == {
        "Red": "Axial",
        "Yellow": "Sagittal",
        "Green": "Coronal",
    }
    for view in views:
        centre = [view.GetSliceToRAS().GetElement(row, 3) for row in range(3)]
        assert centre == pytest.approx(middle, abs=12.0)
        assert view.GetFieldOfView()[0] >= 28 * 12.0


def test_a_volume_of_the_same_extent_is_the_same_place(scene: Any, small_ct: sitk.Image) -> None:
    first, second = add_ct(scene, small_ct), add_ct(scene, sitk.Expand(small_ct, [2, 2, 2]))
    blend(scene, first)
    assert not look_elsewhere(scene, second)
    moved = sitk.Image(small_ct)
    moved.SetOrigin((500.0, 0.0, 0.0))
    assert look_elsewhere(scene, add_ct(scene, moved))
    scene.RemoveNode(first)
    assert show_nothing(scene) and len(slice_composites(scene)) == 3
