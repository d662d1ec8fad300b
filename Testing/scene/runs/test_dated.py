"""A CT that does not show its anatomy any more is known, and goes nowhere unmarked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.files import CT, NOTICE, PROVENANCE, export_folder, read_case
from GuideGenLib.scene.runs.dated import ATTRIBUTE, OUT_OF_DATE, mark, out_of_date, out_of_date_later
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.runs.run import Run, join_ct
from GuideGenLib.scene.segments.layers import LABELMAP

RECORD = {"text": "A man.", "settings": {"seed": 1}}


def case(scene: Any, anatomy: sitk.Image, ct: sitk.Image) -> tuple[Any, Any]:
    """A segmentation and its CT."""
    run = file_anatomy(scene, anatomy, RECORD, "A man.")
    return run.segmentation, file_ct(scene, ct, anatomy, RECORD, "A man.", run.segmentation)


def test_a_ct_is_out_of_date_after_an_edit_and_not_after_the_way_back(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    segmentation, ct = case(scene, small_anatomy, small_ct)
    assert out_of_date(segmentation, ct) == "" and out_of_date(segmentation, None) == out_of_date(None, ct) == ""
    before = later(segmentation, ct)
    liver = segmentation.GetSegmentation().GetSegment("liver")
    labelmap = liver.GetRepresentation(LABELMAP)
    whole = labelmap.NewInstance()
    whole.DeepCopy(labelmap)
    erase(labelmap, liver.GetLabelValue())
    assert "liver -" in out_of_date(segmentation, ct)
    assert before() == "", "what was taken out of the scene before the edit"
    labelmap.DeepCopy(whole)
    assert out_of_date(segmentation, ct) == ""


def later(segmentation: Any, ct: Any) -> Any:
    return out_of_date_later(segmentation, ct)


def erase(labelmap: Any, value: int) -> None:
    """Half of the voxels of a value."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    voxels = vtk_to_numpy(labelmap.GetPointData().GetScalars())
    places = np.flatnonzero(voxels == value)
    voxels[places[: len(places) // 2]] = 0
    labelmap.Modified()


def test_a_ct_of_another_state_is_exported_with_its_mark_and_one_that_fits_without(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image, tmp_path: Path
) -> None:
    segmentation, ct = case(scene, small_anatomy, small_ct)
    assert not (tmp_path / "fits" / NOTICE).exists()
    export_folder(segmentation, ct, tmp_path / "fits")
    assert OUT_OF_DATE not in json.loads((tmp_path / "fits" / PROVENANCE).read_text())
    segmentation.GetSegmentation().RemoveSegment("liver")
    written = export_folder(segmentation, ct, tmp_path / "edited")
    assert {CT, NOTICE} < {path.name for path in written}
    told = json.loads((tmp_path / "edited" / PROVENANCE).read_text())[OUT_OF_DATE]
    assert "liver -" in told and told in (tmp_path / "edited" / NOTICE).read_text()
    assert RECORD == {"text": "A man.", "settings": {"seed": 1}}, "the scene's own record stays"
    assert read_case(segmentation, None).out_of_date == ""


def test_a_ct_of_another_run_is_out_of_date_though_it_lies_in_the_same_place(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    case(scene, small_anatomy, small_ct)
    other = sitk.GetArrayFromImage(small_anatomy)
    other[other == values()["liver"]] = values()["spleen"]
    image = sitk.GetImageFromArray(other)
    image.CopyInformation(small_anatomy)
    segmentation, _ = case(scene, image, small_ct)
    first = scene.GetFirstNodeByName("CT")
    assert "spleen" in out_of_date(segmentation, first)


def test_an_uploaded_ct_is_never_out_of_date(scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image) -> None:
    run: Run = file_anatomy(scene, small_anatomy, {}, "mine")
    scan = add_ct(scene, small_ct, "scan")
    join_ct(scene, run.segmentation, scan, small_anatomy)
    run.segmentation.GetSegmentation().RemoveSegment("liver")
    assert out_of_date(run.segmentation, scan) == ""


def test_an_anatomy_that_cannot_be_read_is_not_what_the_ct_shows(
    scene: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    segmentation, ct = case(scene, small_anatomy, small_ct)
    segmentation.GetSegmentation().RemoveAllSegments()
    assert out_of_date(segmentation, ct)


def test_the_mark_is_on_the_node_for_who_opens_the_scene(scene: Any, small_ct: sitk.Image) -> None:
    ct = add_ct(scene, small_ct, "CT")
    mark(ct, "not the liver")
    assert ct.GetAttribute(ATTRIBUTE) == "not the liver"
    mark(ct, "")
    assert ct.GetAttribute(ATTRIBUTE) is None
