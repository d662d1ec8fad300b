"""Anatomies opened and edited: segments in layers, one segment alone, tissues by a CT, other axes."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.codes.terminology import entry_of
from GuideGenLib.anatomy.label_maps.opening import open_anatomy, open_edited
from GuideGenLib.anatomy.label_volumes import write_anatomy
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.volumes import write_volume

SHAPE = (12, 14, 16)
SPACING = (4.0, 4.0, 5.0)


def image(array: np.ndarray) -> sitk.Image:
    result = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
    result.SetSpacing(SPACING)
    return result


def boxes() -> np.ndarray:
    """A liver, two kidneys and a tumour in our values."""
    array = np.zeros(SHAPE, np.uint8)
    array[6:10, 3:8, 3:8] = values()["liver"]
    array[7:9, 4:6, 4:6] = values()["liver_tumor"]
    array[2:6, 8:11, 3:6] = values()["kidney_right"]
    array[2:6, 8:11, 11:14] = values()["kidney_left"]
    return array


def seg_nrrd(path: Path, layers: np.ndarray, segments: list[tuple[str, int, int, str]]) -> Path:
    """A file as Slicer writes it: (name, layer, value, terminology) of each segment."""
    written = image(np.moveaxis(layers, 0, -1) if len(layers) > 1 else layers[0])
    for number, (name, layer, value, entry) in enumerate(segments):
        for field, text in (("ID", f"Segment_{number}"), ("Name", name), ("Layer", layer), ("LabelValue", value)):
            written.SetMetaData(f"Segment{number}_{field}", str(text))
        written.SetMetaData(f"Segment{number}_Tags", f"TerminologyEntry:{entry}|Segmentation.Status:inprogress|")
    sitk.WriteImage(written, str(path))
    return path


def test_a_renumbered_segmentation_is_read_by_its_codes_and_names(tmp_path: Path) -> None:
    ours = boxes()
    theirs = np.select([ours == values()[key] for key in ("liver", "kidney_right", "kidney_left")], [40, 2, 7], 0)
    segments = [("x", 0, 40, entry_of(label("liver"))), ("Right Kidney", 0, 2, ""), ("kidney_left", 0, 7, "")]
    path = seg_nrrd(tmp_path / "mine.seg.nrrd", theirs.astype(np.uint8)[None], segments)
    opened = open_anatomy(path)
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    for key in ("liver", "kidney_right", "kidney_left"):
        assert np.array_equal(found == values()[key], theirs == {"liver": 40, "kidney_right": 2, "kidney_left": 7}[key])
    segments[1] = ("Segment_2", 0, 2, "")
    with pytest.raises(VocabularyError, match="segments that do not say what they are: Segment_2: name them"):
        open_anatomy(seg_nrrd(path, theirs.astype(np.uint8)[None], segments))


def test_in_layers_a_lesion_lies_on_its_organ(tmp_path: Path) -> None:
    ours = boxes()
    layers = np.zeros((2, *SHAPE), np.uint8)
    layers[0][ours == values()["liver_tumor"]] = 3
    layers[1][(ours == values()["liver"]) | (ours == values()["liver_tumor"])] = 1
    layers[1][ours == values()["kidney_left"]] = 2
    segments = [
        ("t", 0, 3, entry_of(label("liver_tumor"))), ("Liver", 1, 1, ""), ("Left Kidney", 1, 2, ""),
    ]  # fmt: skip
    opened = open_anatomy(seg_nrrd(tmp_path / "layers.seg.nrrd", layers, segments))
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    wanted = np.where(ours == values()["kidney_right"], 0, ours)
    assert np.array_equal(found[wanted > 0], wanted[wanted > 0])
    assert not np.isin(found[wanted == 0], np.unique(wanted[wanted > 0])).any()


def test_tissues_are_found_by_the_ct_where_it_is_given(tmp_path: Path) -> None:
    array, step = np.zeros((40, 50, 60), np.uint8), 4.0
    hu = np.full(array.shape, -1000, np.int16)
    hu[:, 5:45, 5:55] = -100  # fat
    hu[:, 12:38, 12:48] = 55  # muscle
    array[10:30, 18:30, 18:30] = 1
    hu[array == 1] = 60
    write_volume(_isotropic(array, step), tmp_path / "liver.nii.gz")
    names = tmp_path / "names.json"
    names.write_text('{"1": "liver"}')
    opened = open_anatomy(tmp_path / "liver.nii.gz", str(names), _isotropic(hu, step))
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    assert np.array_equal(found == values()["liver"], array == 1)
    assert found[20, 25, 8] == values()["subcutaneous_fat"] and found[20, 25, 42] == values()["muscle"]
    assert found[20, 25, 2] == 0 and "were found by the HU of the CT" in opened.notes[-1]
    elsewhere = _isotropic(hu, step)
    elsewhere.SetOrigin((0.0, 0.0, 900.0))
    with pytest.raises(VolumeError, match="the CT lies elsewhere than the anatomy"):
        open_anatomy(tmp_path / "liver.nii.gz", str(names), elsewhere)


def test_one_segment_alone_is_never_all_else_erased(tmp_path: Path) -> None:
    ours = boxes()
    write_anatomy(image(ours), tmp_path / "anatomy.nii.gz")
    before = open_anatomy(tmp_path / "anatomy.nii.gz")
    larger = np.zeros(SHAPE, np.uint8)
    larger[5:11, 3:8, 3:8] = values()["liver"]
    write_anatomy(image(larger), tmp_path / "liver.nii.gz")
    with pytest.raises(VolumeError, match=r"holds one segment only \(liver\).*add --segment liver to take it as the"):
        open_edited(tmp_path / "liver.nii.gz", before)
    edited = open_edited(tmp_path / "liver.nii.gz", before, segment="liver")
    found = sitk.GetArrayViewFromImage(edited.anatomy)
    assert (found[larger > 0] == values()["liver"]).all()
    assert np.array_equal(found[larger == 0], ours[larger == 0])


def test_a_mask_of_ones_is_the_segment_that_it_lies_on(tmp_path: Path) -> None:
    ours = boxes()
    write_anatomy(image(ours), tmp_path / "anatomy.nii.gz")
    before = open_anatomy(tmp_path / "anatomy.nii.gz")
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "mask.nii.gz"
    larger = ndimage.binary_dilation(ours == values()["kidney_left"])
    write_volume(image(larger.astype(np.uint8)), path)
    with pytest.raises(VolumeError, match=r"one segment only \(left kidney\).*add --segment kidney_left"):
        open_edited(path, before)


def test_an_edit_may_have_other_axes_and_says_nothing_of_its_vocabulary(tmp_path: Path) -> None:
    ours = boxes()
    write_anatomy(image(ours), tmp_path / "anatomy.nii.gz")
    before = open_anatomy(tmp_path / "anatomy.nii.gz")
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "edited.nii.gz"
    changed = np.where(ours == values()["liver_tumor"], values()["liver"], ours)
    write_volume(sitk.DICOMOrient(image(changed), "RAS"), path)
    edited = open_edited(path, before)
    assert np.array_equal(sitk.GetArrayViewFromImage(edited.anatomy), changed)
    assert edited.anatomy.GetDirection() == before.anatomy.GetDirection()
    write_volume(image(changed)[1:], path)
    with pytest.raises(VolumeError, match="lies on another grid than the anatomy before"):
        open_edited(path, before)


def _isotropic(array: np.ndarray, step: float) -> sitk.Image:
    result = sitk.GetImageFromArray(array)
    result.SetSpacing((step,) * 3)
    return result
