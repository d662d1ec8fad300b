"""Results come into a scene whole or not at all, and there is something to edit on before there is a CT."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.backdrop import backdrop_of
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import image_from_volume
from GuideGenLib.scene.runs import results
from GuideGenLib.scene.runs.hierarchy import file_run, folder_of, hierarchy_of
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.runs.run import runs, shown_anatomy
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy

PROVENANCE = {"text": "A man.", "settings": {"seed": 1}}


@pytest.fixture
def anatomy() -> sitk.Image:
    """A liver in a body, on an oblique grid."""
    labels = np.zeros((12, 14, 16), np.uint8)
    labels[2:10, 2:12, 2:14] = values()["body"]
    labels[4:8, 4:8, 4:8] = values()["liver"]
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((3.0, 3.5, 4.0))
    image.SetOrigin((-10.0, 25.0, 40.0))
    cos, sin = np.cos(0.3), np.sin(0.3)
    image.SetDirection((cos, -sin, 0, sin, cos, 0, 0, 0, 1))
    return image


@pytest.fixture
def ct(anatomy: sitk.Image) -> sitk.Image:
    hu = np.where(sitk.GetArrayViewFromImage(anatomy) > 0, 40, -1000).astype(np.int16)
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(anatomy)
    return image


def nodes(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def folders(scene: Any) -> set[int]:
    return set(results._items(results.hierarchy_of(scene)))


def test_a_ct_comes_beside_its_anatomy_and_remembers_it(scene: Any, anatomy: sitk.Image, ct: sitk.Image) -> None:
    run = file_anatomy(scene, anatomy, PROVENANCE, "A man")
    node = file_ct(scene, ct, anatomy, PROVENANCE, "A man", run.segmentation)
    (found,) = runs(scene)
    assert found.ct == node and found.folder_item == run.folder_item
    kept = sitk.GetArrayFromImage(shown_anatomy(node))
    assert np.array_equal(kept, sitk.GetArrayViewFromImage(anatomy))


def test_a_ct_whose_segmentation_was_deleted_brings_its_anatomy(
    scene: Any, anatomy: sitk.Image, ct: sitk.Image
) -> None:
    node = file_ct(scene, ct, anatomy, PROVENANCE, "A man")
    (found,) = runs(scene)
    assert found.ct == node and found.segmentation.GetSegmentation().GetSegment("liver") is not None


def test_a_result_that_fails_half_way_leaves_the_scene_as_it_was(
    scene: Any, anatomy: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*arguments: Any) -> None:
        raise SceneError("no")

    file_anatomy(scene, anatomy, PROVENANCE, "Before")
    before = nodes(scene), folders(scene)
    monkeypatch.setattr("GuideGenLib.scene.runs.run.attach", break_down)
    with pytest.raises(SceneError):
        file_anatomy(scene, anatomy, {"text": "Another"}, "After")
    assert (nodes(scene), folders(scene)) == before


def test_a_ct_of_another_place_is_refused_and_leaves_nothing(scene: Any, anatomy: sitk.Image, ct: sitk.Image) -> None:
    run = file_anatomy(scene, anatomy, PROVENANCE, "A man")
    before = nodes(scene), folders(scene)
    ct.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(SceneError, match="place"):
        file_ct(scene, ct, anatomy, PROVENANCE, "A man", run.segmentation)
    assert (nodes(scene), folders(scene)) == before


def test_the_backdrop_has_the_grid_of_the_anatomy_and_is_made_once(scene: Any, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy(scene, anatomy)
    backdrop = backdrop_of(scene, segmentation)
    assert same_grid(image_from_volume(backdrop), anatomy)
    assert backdrop_of(scene, segmentation) == backdrop
    other = add_anatomy(scene, anatomy)
    assert backdrop_of(scene, other) != backdrop


def test_the_backdrop_goes_with_a_segmentation_that_is_moved(
    scene: Any, anatomy: sitk.Image, set_transform: Callable[..., Any]
) -> None:
    segmentation = add_anatomy(scene, anatomy)
    backdrop = backdrop_of(scene, segmentation)
    matrix = np.eye(4)
    matrix[:3, 3] = (20.0, -5.0, 3.0)
    transform = set_transform(segmentation, matrix)
    assert backdrop_of(scene, segmentation) == backdrop
    assert backdrop.GetParentTransformNode() == transform
    assert same_grid(image_from_volume(backdrop), read_anatomy(segmentation))


def test_the_backdrop_is_saved_small_and_found_again(scene: Any, anatomy: sitk.Image, tmp_path: Path) -> None:
    """Into a scene that has nodes of the same names and IDs, too."""
    from GuideGenLib.scene.files import load_mrb, save_mrb

    backdrop_of(scene, add_anatomy(scene, anatomy))
    save_mrb(scene, tmp_path / "scene.mrb")
    with zipfile.ZipFile(tmp_path / "scene.mrb") as bundle:
        assert max(info.compress_size for info in bundle.infolist() if "no CT yet" in info.filename) < 20_000
    load_mrb(scene, tmp_path / "scene.mrb")
    segmentations = [scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode") for index in range(2)]
    backdrops = [backdrop_of(scene, segmentation) for segmentation in segmentations]
    assert backdrops[0] is not backdrops[1]
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 2, "none was made again"
    assert all(same_grid(image_from_volume(backdrop), anatomy) for backdrop in backdrops)


def test_the_backdrop_lies_in_the_folder_of_its_segmentation(scene: Any, anatomy: sitk.Image) -> None:
    segmentation = add_anatomy(scene, anatomy)
    file_run(scene, patient="p", study="one", nodes=[segmentation])
    backdrop = backdrop_of(scene, segmentation)
    assert folder_of(scene, backdrop) == folder_of(scene, segmentation) != hierarchy_of(scene).GetSceneItemID()
    file_run(scene, patient="p", study="two", nodes=[segmentation])
    assert folder_of(scene, backdrop_of(scene, segmentation)) == folder_of(scene, segmentation)


def test_a_segmentation_without_a_grid_has_no_backdrop(scene: Any) -> None:
    assert backdrop_of(scene, scene.AddNewNodeByClass("vtkMRMLSegmentationNode")) is None
