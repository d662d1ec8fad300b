"""Two runs side by side: what differs, by how much and where."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from GuideGenLib.anatomy import table
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import image_from_oriented, image_from_volume
from GuideGenLib.scene.runs.comparison import AFTER, BEFORE, blend, compare, show_changes


def brighter(ct: sitk.Image, box: tuple[slice, slice, slice], hu: int) -> sitk.Image:
    array = sitk.GetArrayFromImage(ct)
    array[box] += hu
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(ct)
    return result


BOX = (slice(10, 14), slice(8, 12), slice(6, 9))


def test_the_difference_is_after_minus_before_in_hu(scene: Any, small_ct: sitk.Image):
    before, after = add_ct(scene, small_ct, "old"), add_ct(scene, brighter(small_ct, BOX, -77), "new")
    node = compare(scene, before, after)
    found = sitk.GetArrayFromImage(image_from_volume(node))
    expected = np.zeros(found.shape, int)
    expected[BOX] = -77
    assert np.array_equal(found, expected)
    assert (node.GetNodeReference(BEFORE), node.GetNodeReference(AFTER)) == (before, after)
    assert (node.GetDisplayNode().GetWindow(), node.GetDisplayNode().GetLevel()) == (200, 0)
    back = sitk.GetArrayFromImage(image_from_volume(compare(scene, after, before)))
    assert np.array_equal(back, -expected)


def test_extreme_hu_do_not_wrap_around(scene: Any, small_ct: sitk.Image):
    low, high = sitk.GetArrayFromImage(small_ct), sitk.GetArrayFromImage(small_ct)
    low[0, 0, 0], high[0, 0, 0] = -32768, 32767
    nodes = []
    for array in (low, high):
        image = sitk.GetImageFromArray(array)
        image.CopyInformation(small_ct)
        nodes.append(add_ct(scene, image))
    assert image_from_volume(compare(scene, *nodes))[0, 0, 0] == 32767


def test_a_ct_on_another_grid_is_compared_where_both_are(scene: Any, small_ct: sitk.Image):
    part = brighter(small_ct, BOX, 50)[4:, :, 6:40]
    node = compare(scene, add_ct(scene, part), add_ct(scene, small_ct))
    found = sitk.GetArrayFromImage(image_from_volume(node))
    expected = np.zeros(found.shape, int)
    expected[BOX] = -50
    assert found.shape == sitk.GetArrayViewFromImage(small_ct).shape
    assert np.array_equal(found, expected)


def test_cts_of_two_places_are_refused_and_nothing_is_added(scene: Any, small_ct: sitk.Image):
    far = sitk.Image(small_ct)
    far.SetOrigin((5000.0, 0.0, 0.0))
    before, after = add_ct(scene, small_ct, "here"), add_ct(scene, far, "there")
    count = scene.GetNumberOfNodes()
    with pytest.raises(SceneError, match="here and there have no place in common: compare CTs of one patient"):
        compare(scene, before, after)
    assert scene.GetNumberOfNodes() == count


def test_the_changed_region_is_a_segment_of_its_own(scene: Any, small_anatomy: sitk.Image):
    array = sitk.GetArrayFromImage(small_anatomy)
    array[BOX] = table.values()["stomach"]
    after = sitk.GetImageFromArray(array)
    after.CopyInformation(small_anatomy)
    node = show_changes(scene, small_anatomy, after)
    segmentation = node.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 1
    assert segmentation.GetNthSegment(0).GetName() == "Changed region"
    kind = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    mask = image_from_oriented(segmentation.GetNthSegment(0).GetRepresentation(kind))
    expected = sitk.GetArrayViewFromImage(small_anatomy) != array
    assert np.array_equal(sitk.GetArrayFromImage(sitk.Resample(mask, small_anatomy)) > 0, expected)


def test_equal_anatomies_have_no_changed_region(scene: Any, small_anatomy: sitk.Image):
    assert show_changes(scene, small_anatomy, sitk.Image(small_anatomy)) is None
    with pytest.raises(SceneError, match="two grids: read the edited one"):
        show_changes(scene, small_anatomy, small_anatomy[1:])
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_old_and_new_are_blended_in_the_slice_views(scene: Any, small_ct: sitk.Image):
    old, new = add_ct(scene, small_ct, "old"), add_ct(scene, small_ct, "new")
    blend(scene, old, new, 0.25)
    blend(scene, old, new, 0.75)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode") == 3
    for name in ("Red", "Yellow", "Green"):
        view = scene.GetNodeByID(f"vtkMRMLSliceCompositeNode{name}")
        assert (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID()) == (old.GetID(), new.GetID())
        assert view.GetForegroundOpacity() == 0.75
    blend(scene, new)
    assert (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID()) == (new.GetID(), None)
    with pytest.raises(SceneError, match="give 0"):
        blend(scene, old, new, 50)
