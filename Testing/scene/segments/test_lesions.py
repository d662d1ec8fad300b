"""A lesion is drawn where the user points, in its organ and nowhere else."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import label, values
from GuideGenLib.mask.findings.shapes import longest_extent
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.segments.edits import find_edits
from GuideGenLib.scene.segments.lesions import add_finding
from GuideGenLib.scene.segments.segmentation import add_anatomy, label_of, read_anatomy, set_terminology
from Testing.scene.conftest import surfaces_of

V = values()


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


@pytest.fixture
def anatomy() -> sitk.Image:
    """Body with a liver of 72 mm beside a spleen, 3 mm voxels, oblique."""
    array = np.full((30, 44, 60), V["body"], np.uint8)
    array[:, 0] = array[:, -1] = array[:, :, 0] = array[:, :, -1] = 0
    array[3:27, 8:34, 6:34] = V["liver"]
    array[3:27, 8:34, 34:46] = V["spleen"]
    array[10:16, 16:22, 6:20] = V["portal_splenic_vein"]
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((3.0, 3.0, 3.0))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.2, 0.1, -0.3)
    image.SetDirection(turn.GetMatrix())
    image.SetOrigin((-70, -60, 1200))
    return image


def place(image: sitk.Image, z: int, y: int, x: int) -> tuple[float, float, float]:
    return ras_of(image.TransformIndexToPhysicalPoint((x, y, z)))


@pytest.fixture
def node(scene: Any, anatomy: sitk.Image) -> Any:
    return add_anatomy(scene, anatomy)


@pytest.mark.parametrize("size", [8.0, 20.0, 40.0])
def test_a_lesion_has_its_size_and_place_and_takes_from_its_organ_only(
    scene: Any, node: Any, anatomy: sitk.Image, size: float
) -> None:
    segment_id = add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", size, seed=3)
    assert segment_id == "liver_tumor"
    read = read_anatomy(node)
    voxels = array_of(read) == V["liver_tumor"]
    assert longest_extent(voxels, (3.0, 3.0, 3.0)) == pytest.approx(size, rel=0.15, abs=2)
    assert np.linalg.norm((np.argwhere(voxels).mean(axis=0) - (15, 27, 22)) * 3) < 0.3 * size
    assert {change.key for change in find_edits(anatomy, read)} == {"liver", "liver_tumor"}
    assert node.GetSegmentation().GetNumberOfLayers() == 1


def test_the_segment_is_coded_named_and_coloured(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    segment_id = add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", 20, seed=3)
    segment = node.GetSegmentation().GetSegment(segment_id)
    assert label_of(segment) == label("liver_tumor") and segment.GetName() == "liver tumor"
    assert np.allclose(segment.GetColor(), np.array(label("liver_tumor").color) / 255)


def test_the_same_seed_gives_the_same_lesion(scene: Any, anatomy: sitk.Image) -> None:
    found = []
    for seed in (1, 1, 2):
        node = add_anatomy(scene, anatomy)
        add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", 30, seed)
        found.append(array_of(read_anatomy(node)))
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_a_second_lesion_joins_the_segment_of_the_first(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    first = add_finding(scene, node, place(anatomy, 20, 27, 12), "liver_tumor", 15, seed=1)
    one = array_of(read_anatomy(node)) == V["liver_tumor"]
    assert add_finding(scene, node, place(anatomy, 20, 27, 28), "liver_tumor", 15, seed=2) == first
    both = array_of(read_anatomy(node)) == V["liver_tumor"]
    assert (both & one).sum() == one.sum() and both.sum() > 1.5 * one.sum()


def test_at_the_edge_it_stays_out_of_the_neighbour(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    before = array_of(anatomy)
    add_finding(scene, node, place(anatomy, 20, 20, 33), "liver_tumor", 20, seed=4)
    after = array_of(read_anatomy(node))
    assert ((before == V["spleen"]) == (after == V["spleen"])).all()


def test_a_point_just_outside_means_the_edge(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    add_finding(scene, node, place(anatomy, 15, 6, 20), "liver_tumor", 12, seed=4)
    voxels = np.argwhere(array_of(read_anatomy(node)) == V["liver_tumor"])
    assert len(voxels) and np.abs(voxels.mean(axis=0) - (15, 8, 20)).max() < 3


def test_too_large_for_the_organ_it_grows_into_the_body_around(scene: Any) -> None:
    array = np.full((24, 24, 24), V["body"], np.uint8)
    array[9:15, 9:15, 9:15] = V["kidney_left"]
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((3.0, 3.0, 3.0))
    node = add_anatomy(scene, image)
    add_finding(scene, node, place(image, 12, 12, 12), "kidney_tumor", 45, seed=1)
    voxels = array_of(read_anatomy(node)) == V["kidney_tumor"]
    assert longest_extent(voxels, (3.0, 3.0, 3.0)) > 36
    with pytest.raises(SceneError, match="does not fit here, at most"):
        add_finding(scene, node, place(image, 12, 12, 12), "kidney_tumor", 190, seed=1)


def test_a_moved_segmentation_gets_it_where_the_user_points(
    scene: Any, node: Any, anatomy: sitk.Image, set_transform: Any
) -> None:
    matrix = np.array([[0.0, -1, 0, 30], [1, 0, 0, -40], [0, 0, 1, 5], [0, 0, 0, 1]])
    set_transform(node, matrix)
    point = tuple((matrix @ [*place(anatomy, 20, 27, 22), 1])[:3].tolist())
    add_finding(scene, node, point, "liver_tumor", 15, seed=1)
    read = read_anatomy(node)
    x, y, z = read.TransformPhysicalPointToIndex(ras_of(point))
    assert (x, y, z) == (22, 27, 20) and read[x, y, z] == V["liver_tumor"]


def test_layers_of_their_own_are_cleared_beneath_it(scene: Any, paint: Any, anatomy: sitk.Image) -> None:
    """Organs that the user keeps in overlapping layers: what the lesion takes is gone from fat and organ."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    array = array_of(anatomy)
    z, y, x = np.indices(array.shape)
    array[(array == V["liver"]) & ((abs(z - 15) > 5) | (y > 18) | (abs(x - 20) > 5))] = V["body"]
    array[(array == V["body"]) & (y < 8)] = V["torso_fat"]
    for key in ("body", "torso_fat", "liver"):
        mask = sitk.GetImageFromArray(((array > 0) if key == "body" else (array == V[key])).astype(np.uint8))
        mask.CopyInformation(anatomy)
        set_terminology(node.GetSegmentation().GetSegment(paint(node, mask, name=key)), key)
    assert node.GetSegmentation().GetNumberOfLayers() > 1
    add_finding(scene, node, place(anatomy, 15, 9, 20), "liver_tumor", 60, seed=1)
    after = array_of(read_anatomy(node, reference=anatomy))  # no overlap is left that would be refused
    assert ((array == V["torso_fat"]) & (after == V["liver_tumor"])).any()
    assert ((array == V["liver"]) & (after == V["liver_tumor"])).any()


def test_a_cyst_grows_about_the_point_and_a_fluid_lies_behind(scene: Any, anatomy: sitk.Image) -> None:
    array = array_of(anatomy)
    array[2:28, 36:41, 6:30] = V["lung_lower_lobe_right"]
    array[2:28, 41:43, 6:30] = V["muscle"]
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(anatomy)
    node = add_anatomy(scene, image)
    assert add_finding(scene, node, place(image, 15, 27, 22), "liver_cyst", 25.0, seed=3) == "liver_cyst"
    cyst = array_of(read_anatomy(node)) == V["liver_cyst"]
    assert longest_extent(cyst, (3.0, 3.0, 3.0)) == pytest.approx(25, rel=0.15)
    assert np.linalg.norm((np.argwhere(cyst).mean(axis=0) - (15, 27, 22)) * 3) < 8 and (array[cyst] == V["liver"]).all()
    assert add_finding(scene, node, place(image, 15, 38, 22), "pleural_effusion", 30.0, seed=3) == "pleural_effusion"
    after = array_of(read_anatomy(node))
    fluid = after == V["pleural_effusion"]
    assert fluid.sum() * 0.027 == pytest.approx(30, rel=0.1) and (array[fluid] == V["lung_lower_lobe_right"]).all()
    rest = after == V["lung_lower_lobe_right"]
    assert np.argwhere(fluid)[:, 1].mean() > np.argwhere(rest)[:, 1].mean()
    assert (after == V["liver_cyst"]).sum() == cyst.sum()


def test_a_fracture_is_that_of_the_vertebra_at_the_point_and_its_disc_takes_what_is_lost(scene: Any) -> None:
    array = np.full((44, 40, 40), V["body"], np.uint8)
    array[:, 0] = array[:, -1] = array[:, :, 0] = array[:, :, -1] = 0
    for bottom in (1, 12, 23, 34):
        array[bottom : bottom + 8, 14:26, 13:27] = V["vertebrae_lumbar"]
    array[:, 26:31, 17:23] = V["spinal_cord"]
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((3.0, 3.0, 3.0))
    node = add_anatomy(scene, image)
    assert (
        add_finding(scene, node, place(image, 27, 18, 20), "vertebral_fracture", 40.0, seed=3) == "vertebral_fracture"
    )
    after = array_of(read_anatomy(node))
    fracture = after == V["vertebral_fracture"]
    assert fracture.any() and set(np.flatnonzero(fracture.any(axis=(1, 2)))) <= set(range(22, 32))
    lost = (array == V["vertebrae_lumbar"]) & (after == V["body"])
    assert lost.any() and np.argwhere(lost)[:, 1].mean() < np.argwhere(fracture)[:, 1].mean()
    assert (
        np.array_equal(after[:20], array[:20])
        and (after == V["spinal_cord"]).sum() == (array == V["spinal_cord"]).sum()
    )
    with pytest.raises(SceneError, match="far from any vertebra"):
        add_finding(scene, node, place(image, 27, 200, 20), "osteophyte", 6.0, seed=3)


@pytest.mark.parametrize(
    "key, size, voxel, message",
    [
        ("liver_tumor", 20, (15, 20, 42), "mm from the liver: place it inside"),
        ("colon_tumor", 20, (15, 20, 20), "holds no colon"),
        ("kidney_tumor", 20, (15, 20, 20), "holds no left kidney or right kidney"),
        ("liver", 20, (15, 20, 20), "is no finding.*lung_tumor"),
        ("liver_tumor", 0, (15, 20, 20), "choose 3 to 200 mm"),
        ("liver_tumor", float("nan"), (15, 20, 20), "choose 3 to 200 mm"),
        ("liver_tumor", 20, (500, 20, 20), "mm from the liver"),
        ("", 20, (15, 20, 20), "is no finding"),
        ("cirrhosis", 20, (15, 20, 20), "changes a whole organ.*in the text"),
        ("pleural_effusion", 100, (15, 20, 20), "holds no lung"),
        ("pericardial_effusion", 10, (15, 20, 20), "no room for a pericardial effusion"),
        ("ascites", 9000, (15, 20, 20), "choose 20 to 8000 ml"),
        ("kidney_cyst", 20, (15, 20, 20), "holds no left kidney or right kidney"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    scene: Any, node: Any, anatomy: sitk.Image, key: str, size: float, voxel: tuple[int, int, int], message: str
) -> None:
    before = list(node.GetSegmentation().GetSegmentIDs())
    with pytest.raises(SceneError, match=message):
        add_finding(scene, node, place(anatomy, *voxel), key, size, seed=1)
    assert list(node.GetSegmentation().GetSegmentIDs()) == before
    assert np.array_equal(array_of(read_anatomy(node)), array_of(anatomy))


def test_a_point_that_is_no_number_is_refused(scene: Any, node: Any) -> None:
    with pytest.raises(SceneError, match="from the liver"):
        add_finding(scene, node, (float("nan"), 0.0, 0.0), "liver_tumor", 20, seed=1)


def test_surfaces_are_refused_with_the_way_to_voxels(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    segmentation = surfaces_of(node)
    before = list(segmentation.GetSegmentIDs())
    with pytest.raises(SceneError, match=r"made of surfaces.*make it the source"):
        add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", 20, seed=3)
    assert list(segmentation.GetSegmentIDs()) == before


def test_it_can_be_undone_by_a_saved_state(scene: Any, node: Any, anatomy: sitk.Image) -> None:
    import slicer

    history = slicer.vtkSegmentationHistory()
    history.SetSegmentation(node.GetSegmentation())
    history.SaveState()
    add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", 20, seed=3)
    history.RestorePreviousState()
    assert np.array_equal(array_of(read_anatomy(node)), array_of(anatomy))


def test_without_scipy_it_says_what_to_install(
    scene: Any, node: Any, anatomy: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("GuideGenLib.mask")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name == "scipy" or name.startswith("scipy.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SceneError, match=r"scipy.*install"):
        add_finding(scene, node, place(anatomy, 15, 27, 22), "liver_tumor", 20, seed=3)
