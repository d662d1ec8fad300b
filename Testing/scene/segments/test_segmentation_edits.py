"""Segmentations that users edited, imported, moved or broke are read as meant, or refused with what to do."""

import re
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.anatomy.table import label
from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.errors import SceneError, SceneWarning
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy, read_segmentation, set_terminology
from Testing.scene.conftest import surfaces_of
from Testing.scene.segments.edited import TISSUE, V, array_of, box, code, everyone, like, state_of

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)

# ------------------------------------------------------------ editing


def test_a_painted_organ_takes_its_voxels(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    before = array_of(small_anatomy).copy()
    grown = like((before == V["spleen"]).astype(int), small_anatomy)
    grown[18:22, 14:20, 15:26] = 1
    paint(node, grown, "spleen", overwrite=everyone(node))
    wanted = before.copy()
    wanted[array_of(grown) == 1] = V["spleen"]
    state = state_of(node)
    assert np.array_equal(array_of(read_anatomy(node)), wanted)
    assert state_of(node) == state


def test_an_erased_organ_becomes_body_and_the_skin_stays(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    before = array_of(small_anatomy)
    paint(node, like(np.zeros_like(before), small_anatomy), "spleen")
    wanted = np.where(before == V["spleen"], V["body"], before)
    assert np.array_equal(array_of(read_anatomy(node)), wanted)


def test_a_removed_segment_becomes_body(node: Any, small_anatomy: sitk.Image) -> None:
    before = array_of(small_anatomy)
    node.GetSegmentation().RemoveSegment("heart")
    read = array_of(read_anatomy(node))
    assert np.array_equal(read, np.where(before == V["heart"], V["body"], before))


def test_an_organ_that_ends_with_the_scan_becomes_body_too(scene: Any, paint: Any) -> None:
    array = np.full((6, 10, 10), V["body"])
    array[:, 0] = array[:, -1] = array[:, :, 0] = array[:, :, -1] = 0
    array[3:, 4:6, 4:6] = V["aorta"]  # out at the head end
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    node = add_anatomy(scene, image)
    node.GetSegmentation().RemoveSegment("aorta")
    assert np.array_equal(array_of(read_anatomy(node)), np.where(array == V["aorta"], V["body"], array))


def test_the_air_between_arm_and_trunk_stays_air(scene: Any) -> None:
    array = np.zeros((8, 9, 13))
    array[:, 2:7, 1:7] = V["body"]
    array[:, 2:7, 10:12] = V["body"]  # the arm
    array[2, 2, 7:10] = array[2, 6, 7:10] = V["body"]  # it touches the trunk before and behind in one slice
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    assert np.array_equal(array_of(read_anatomy(add_anatomy(scene, image))), array)


@shared
@given(data=st.data())
def test_any_row_of_edits_gives_what_the_user_sees(
    scene: Any, paint: Any, small_anatomy: sitk.Image, data: st.DataObject
) -> None:
    """Boxes painted over all else or erased, some into new segments: the last stroke counts, erased becomes body."""
    node = add_anatomy(scene, small_anatomy)
    wanted = array_of(small_anatomy).copy()
    inside = wanted != 0
    organs = ["liver", "spleen", "heart", "pancreas", "liver_tumor"]
    for _ in range(data.draw(st.integers(1, 5))):
        low = data.draw(st.tuples(st.integers(3, 40), st.integers(5, 18), st.integers(4, 24)))
        slices = tuple(slice(start, start + data.draw(st.integers(1, 4))) for start in low)
        stroke = box(small_anatomy, *slices)
        if data.draw(st.booleans()):
            key = data.draw(st.sampled_from(organs))
            mask = like((wanted == V[key]) | (array_of(stroke) == 1), small_anatomy)
            there = key in node.GetSegmentation().GetSegmentIDs()
            if not there:
                node.GetSegmentation().AddEmptySegment(key, key)
                set_terminology(node.GetSegmentation().GetSegment(key), key)
            paint(node, mask, key, overwrite=everyone(node))
            wanted[slices] = V[key]
        else:
            for key in {label(int(value)).key for value in np.unique(wanted[slices]) if value}:
                kept = (wanted == V[key]) & (array_of(stroke) == 0)
                paint(node, like(kept, small_anatomy), key)
            wanted[slices] = 0
    wanted[inside & (wanted == 0)] = V["body"]
    assert np.array_equal(array_of(read_anatomy(node, reference=small_anatomy)), wanted)
    assert np.array_equal(array_of(read_anatomy(node)), wanted)
    scene.RemoveNode(node)


# ------------------------------------------------------------ layers


def test_a_lesion_in_a_layer_of_its_own_wins_over_its_organ(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    tumour = paint(node, box(small_anatomy, slice(22, 26), slice(10, 14), slice(8, 12)), name="tumour")
    code(node, tumour, "108369006", region="10200004")
    assert node.GetSegmentation().GetNumberOfLayers() == 2
    read = array_of(read_anatomy(node))
    assert (read[22:26, 10:14, 8:12] == V["liver_tumor"]).all()
    assert (read == V["liver_tumor"]).sum() == 64


def test_the_order_of_the_layers_does_not_matter(scene: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    whole = box(small_anatomy, slice(20, 30), slice(8, 18), slice(6, 16))
    part = box(small_anatomy, slice(22, 26), slice(10, 14), slice(8, 12))
    around = box(small_anatomy, slice(15, 35), slice(5, 22), slice(4, 20))
    masks = {"liver": whole, "liver_tumor": part, "body": around}
    found = []
    for order in (("liver", "liver_tumor", "body"), ("body", "liver_tumor", "liver"), ("liver_tumor", "body", "liver")):
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        for key in order:
            set_terminology(node.GetSegmentation().GetSegment(paint(node, masks[key], name=key)), key)
        assert node.GetSegmentation().GetNumberOfLayers() == 3
        found.append(array_of(read_anatomy(node, reference=small_anatomy)))
    wanted = np.zeros(found[0].shape)
    for key in ("body", "liver", "liver_tumor"):
        wanted[array_of(masks[key]) == 1] = V[key]
    assert all(np.array_equal(one, wanted) for one in found)


def test_two_segments_that_claim_a_voxel_are_named_with_their_volume(
    node: Any, paint: Any, small_anatomy: sitk.Image
) -> None:
    liver = array_of(small_anatomy) == V["liver"]
    wide = like(liver, small_anatomy)
    wide[21:25, 14:18, 20:24] = 1  # into the spleen by 3 * 4 * 4 voxels
    paint(node, wide, "liver")
    overlap = int((array_of(wide) & (array_of(small_anatomy) == V["spleen"])).sum())
    assert overlap
    with pytest.raises(SceneError) as caught:
        read_anatomy(node)
    message = str(caught.value)
    assert '"liver"' in message and '"spleen"' in message and "Subtract" in message
    assert f"{overlap * 12**3 / 1000:.1f} ml" in message


def test_a_lesion_over_another_organ_is_refused_and_says_where_it_may_be(
    node: Any, paint: Any, small_anatomy: sitk.Image
) -> None:
    tumour = paint(node, box(small_anatomy, slice(32, 34), slice(8, 10), slice(14, 16)), name="growth")
    set_terminology(node.GetSegmentation().GetSegment(tumour), "liver_tumor")
    with pytest.raises(SceneError, match=r'"heart" and "growth".*its own organ only \(liver\)'):
        read_anatomy(node)


def test_a_hidden_segment_counts_like_any_other(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    node.GetDisplayNode().SetSegmentVisibility("liver", False)
    node.GetDisplayNode().SetVisibility(False)
    assert np.array_equal(array_of(read_anatomy(node)), array_of(small_anatomy))
    wide = box(small_anatomy, slice(20, 28), slice(7, 18), slice(5, 27))
    paint(node, wide, "liver")
    with pytest.raises(SceneError, match='"spleen"'):
        read_anatomy(node)


def test_two_segments_of_one_kind_are_one_label(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    more = paint(node, box(small_anatomy, slice(22, 30), slice(8, 10), slice(8, 10)), name="second")
    code(node, more, "10200004")
    read = array_of(read_anatomy(node))
    assert (read[22:30, 8:10, 8:10] == V["liver"]).all()


# ------------------------------------------------------------ what users make and import


def test_a_users_segment_is_what_its_terminology_says(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    new = paint(node, box(small_anatomy, slice(10, 13), slice(8, 11), slice(10, 20)), name="Segment_1")
    code(node, new, "15776009")
    read = array_of(read_anatomy(node))
    assert (read[10:13, 8:11, 10:20] == V["pancreas"]).all()


def test_a_segment_without_terminology_is_refused_by_name(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    paint(node, box(small_anatomy, slice(10, 13), slice(8, 11), slice(10, 20)), name="liver")
    with pytest.raises(SceneError, match=r'segment "liver" has no terminology: .*Segment Editor'):
        read_anatomy(node)


def test_unknown_and_ambiguous_segments_are_refused(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    one = paint(node, box(small_anatomy, slice(10, 13), slice(8, 11), slice(10, 20)), name="Niere ü")
    code(node, one, "64033007")
    with pytest.raises(SceneError, match=r'"Niere ü".*left kidney, right kidney'):
        read_anatomy(node)
    code(node, one, "61496007")
    two = paint(node, box(small_anatomy, slice(5, 6), slice(8, 11), slice(10, 20)), name="other")
    assert two
    with pytest.raises(SceneError, match=r'"Niere ü".*none of the structures.*\(1 more segments are unknown, too\)'):
        read_anatomy(node)


def test_an_empty_segment_of_no_kind_does_not_matter(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    node.GetSegmentation().AddEmptySegment("", "Segment_1")
    assert np.array_equal(array_of(read_anatomy(node)), array_of(small_anatomy))
    emptied = paint(node, box(small_anatomy, slice(5, 6), slice(8, 11), slice(10, 20)), name="other")
    paint(node, like(np.zeros_like(array_of(small_anatomy)), small_anatomy), emptied)
    assert np.array_equal(array_of(read_anatomy(node)), array_of(small_anatomy))


def test_a_segmentation_of_totalsegmentator_is_read_with_a_body_around_it(scene: Any) -> None:
    """An imported label map with terminology, oblique, its own label values, no body segment."""
    import slicer

    array = np.zeros((10, 40, 40), np.uint8)
    array[2:8, 15:25, 20:30] = 5
    array[2:8, 15:25, 10:12] = 92
    array[4:6, 30:34, 18:22] = 31
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.5, 1.5, 5.0))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.1, 0.2, -0.1)
    image.SetDirection(turn.GetMatrix())
    image.SetOrigin((7, 8, -9))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "TotalSegmentator")
    segmentation = node.GetSegmentation()
    for value, name, kind, modifier in (
        (5, "liver", "10200004", ""), (92, "rib_left_1", "48535007", "7771000"), (31, "vertebrae_L1", "66794005", ""),
    ):  # fmt: skip
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetLabelValue(value)
        segment.AddRepresentation("Binary labelmap", oriented_from_image(image))
        segmentation.AddSegment(segment)
        code(node, segmentation.GetNthSegmentID(segmentation.GetNumberOfSegments() - 1), kind, modifier)
    with pytest.warns(SceneWarning, match="TotalSegmentator has no body segment"):
        read = read_anatomy(node)
    assert same_grid(read, image)
    found = array_of(read)
    for value, key in ((5, "liver"), (92, "ribs_left"), (31, "vertebrae_lumbar")):
        assert np.array_equal(array == value, found == V[key])
    body = found != 0
    assert body[2:8].any(axis=(1, 2)).all() and not body[[0, 1, 8, 9]].any()
    assert body[4, 20, 15] and body[4, 15, 5] and not body[4, 0, 0]  # between, around by 10 mm, not far away


def test_a_brain_is_body_but_says_not_where_the_body_ends(scene: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    small_anatomy.SetSpacing((5.0, 5.0, 5.0))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "head")
    brain = paint(node, box(small_anatomy, slice(40, 46), slice(10, 16), slice(12, 20)), name="brain")
    code(node, brain, "12738006")
    liver = paint(node, box(small_anatomy, slice(20, 26), slice(10, 16), slice(12, 20)), name="liver")
    code(node, liver, "10200004")
    reading = read_segmentation(node, reference=small_anatomy)
    assert len(reading.notes) == 1
    assert (array_of(reading.anatomy) == V["body"]).sum() > 6 * 6 * 8


def test_surfaces_are_turned_into_voxels_on_a_copy(scene: Any, small_anatomy: sitk.Image) -> None:
    """Neighbours that meet overlap by a voxel then, which is nobody's fault."""
    node = add_anatomy(scene, small_anatomy)
    segmentation = surfaces_of(node)
    read = array_of(read_anatomy(node, reference=small_anatomy))
    assert not segmentation.ContainsRepresentation("Binary labelmap")
    for key in ("liver", "lung_upper_lobe_left", "urinary_bladder"):
        wanted = array_of(small_anatomy) == V[key]
        assert 2 * ((read == V[key]) & wanted).sum() / ((read == V[key]).sum() + wanted.sum()) > 0.8


def test_surfaces_that_go_through_each_other_are_refused(scene: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    node = add_anatomy(scene, small_anatomy)
    paint(node, box(small_anatomy, slice(20, 28), slice(7, 20), slice(5, 27)), "liver")
    surfaces_of(node)
    with pytest.raises(SceneError, match='"spleen"'):
        read_anatomy(node, reference=small_anatomy)


# ------------------------------------------------------------ bad input


def test_no_segmentation_an_empty_one_and_another_node_are_refused(scene: Any, small_anatomy: sitk.Image) -> None:
    with pytest.raises(SceneError, match="no segmentation is chosen"):
        read_anatomy(None)
    with pytest.raises(SceneError, match="is no segmentation"):
        read_anatomy(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT"))
    empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Leer")
    with pytest.raises(SceneError, match="Leer holds no segments"):
        read_anatomy(empty)
    empty.GetSegmentation().AddEmptySegment("liver", "liver")
    with pytest.raises(SceneError, match="all segments of Leer are empty"):
        read_anatomy(empty)


def test_a_reference_elsewhere_is_refused(node: Any, small_anatomy: sitk.Image) -> None:
    far = sitk.Image(small_anatomy)
    far.SetOrigin((5000.0, 0.0, 0.0))
    with pytest.raises(SceneError, match="lies outside the volume"):
        read_anatomy(node, reference=far)


def test_untyped_is_as_slicer_makes_it(scene: Any) -> None:
    """The premise of the tests above: what a new segment is coded as in this version of Slicer."""
    from GuideGenLib.scene.segments.terminology import coding_of

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segment = node.GetSegmentation().GetSegment(node.GetSegmentation().AddEmptySegment("", "new"))
    assert segment.HasTag(segment.GetTerminologyEntryTagName())
    assert coding_of(segment) is None
    segment.SetTag(segment.GetTerminologyEntryTagName(), re.sub("^x", "list", TISSUE))
    assert coding_of(segment) is None
