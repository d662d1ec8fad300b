"""What is wrong with a data folder, or with one case in it, told with its remedy; the other cases go on."""

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.layouts import find_case, find_cases, read_case, read_labels, read_named
from Testing.data.layout_writers import Write, write_amos, write_nnunet, write_totalsegmentator

SPACING = (6.0, 6.0, 6.0)
Damage = Callable[[Path], object]


def problem_of(data: Path, name: str) -> str:
    """The problem of a case, which reading it tells, too."""
    case = find_case(data, name)
    assert case.problem is not None
    for read in (read_case, read_named, read_labels):
        with pytest.raises(DataError) as error:
            read(case)
        assert str(error.value) == case.problem
    return case.problem


def test_no_folder_and_an_empty_one_name_the_layouts(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"segmentations.*imagesTr.*labels/") as error:
            find_cases([folder])
        assert str(folder) in str(error.value)


def test_an_unknown_case_is_told_with_those_that_are_there(flat: Path) -> None:
    with pytest.raises(DataError, match="no scan carl: it has anna, bert"):
        find_case(flat, "carl")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: (s / "ct.nii.gz").unlink(), r"segmentations has no CT .*ct.nii.gz: add it"),
        (lambda s: [p.unlink() for p in (s / "segmentations").iterdir()], r"has no masks in .*: add them"),
        (lambda s: (s / "segmentations" / "liver.nii.gz").rename(s / "segmentations" / "livr.nii.gz"), "is it liver"),
    ],
)
def test_totalsegmentator_faults(
    damage: Damage, message: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    write(hu, tmp_path / "s0002" / "ct.nii.gz", labels=False)
    write(organs > 0, tmp_path / "s0002" / "segmentations" / "liver.nii.gz", labels=True)
    damage(tmp_path / "s0001")
    assert find_case(tmp_path, "s0002").problem is None
    problem = problem_of(tmp_path, "s0001")
    with pytest.raises(DataError, match=message):
        raise DataError(problem)
    assert "s0001" in problem


def _described(data: Path, **content: object) -> None:
    (data / "dataset.json").write_text(json.dumps(content))


LIVER = {"labels": {"liver": 1}}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda d: (d / "dataset.json").unlink(),
            r"s0001.nii.gz: nothing tells what its values mean.*amos.*labels.json",
        ),
        (lambda d: _described(d), r"dataset.json has no labels"),
        (lambda d: _described(d, labels={"liver": [1, 2]}), r"dataset.json has regions"),
        (lambda d: _described(d, labels={"left_ear": 1}), r"dataset.json names 'left_ear'.*Rename"),
        (lambda d: _described(d, labels={"livre": 1}), r"dataset.json names 'livre'.*is it liver"),
        (lambda d: _described(d, labels={"liver": "one"}), r"does not give a name to each value"),
        (lambda d: (d / "labelsTr" / "s0001.nii.gz").unlink(), r"s0001_0000.nii.gz has no label map .*: add"),
        (lambda d: (d / "imagesTr" / "s0001_0000.nii.gz").unlink(), r"labelsTr.*s0001.nii.gz has no CT in .*add it"),
    ],
)
def test_nnunet_faults(
    damage: Damage, message: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_nnunet(tmp_path, organs, hu, write)
    damage(tmp_path)
    with pytest.raises(DataError, match=message):
        raise DataError(problem_of(tmp_path, "s0001"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"dataset.json is damaged"),
        ("[]", r"dataset.json holds no table"),
        (
            '{"labels": {"liver": 1}, "channel_names": {"0": "T2"}}',
            r"its channels are T2, none of which is a CT: .*name",
        ),
        ('{"labels": {"liver": 1}, "modality": {"0": "MRI"}}', r"its channels are MRI, none of which is a CT"),
    ],
)
def test_a_description_that_holds_for_no_case(
    content: str, message: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_nnunet(tmp_path, organs, hu, write)
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DataError, match=message):
        find_cases(tmp_path)


def test_two_vocabularies_that_fit_are_named(
    flat: Path, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    (flat / "labels.json").unlink()
    (flat / "totalsegmentator_v2_labels.csv").write_text("label,structure\n5,liver\n")
    (flat / "labels" / "amos_0001.nii.gz").write_bytes((flat / "labels" / "anna.nii.gz").read_bytes())
    assert find_case(flat, "anna").problem is None
    problem = problem_of(flat, "amos_0001")
    assert "totalsegmentator_v2_labels.csv or of amos, as its name says: write amos_0001.json beside it" in problem
    (flat / "labels" / "amos_0001.json").write_text('{"vocabulary": "amos"}')
    assert find_case(flat, "amos_0001").problem is None
    amos = tmp_path / "amos"
    write_amos(amos, organs, hu, write)
    (amos / "labelsTr" / "amos_0001.nii.gz").rename(amos / "labelsTr" / "case_1.nii.gz")
    (amos / "imagesTr" / "amos_0001.nii.gz").rename(amos / "imagesTr" / "case_1.nii.gz")
    assert "it may be any of totalsegmentator" in problem_of(amos, "case_1")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda d: (d / "labels.json").unlink(),
            r"anna.nii.gz: nothing tells what its values mean.*labels.json for all",
        ),
        (lambda d: (d / "labels.json").write_text('{"vocabulary": "amoss"}'), r"'amoss', unknown here.*amos"),
        (lambda d: (d / "labels" / "anna.json").write_text("{1"), r"anna.json is damaged .*write it anew"),
        (lambda d: (d / "labels" / "anna.json").write_text("[1]"), r"anna.json has no labels: write"),
        (lambda d: (d / "labels" / "anna.json").write_text('{"1": "lever"}'), r"anna.json names 'lever'.*is it liver"),
    ],
)
def test_values_that_are_not_told(damage: Damage, message: str, flat: Path) -> None:
    damage(flat)
    with pytest.raises(DataError, match=message):
        raise DataError(problem_of(flat, "anna"))
    assert find_case(flat, "bert").problem is None


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("labels.csv", "a,b\n1,2\n", r"labels.csv cannot be read: it needs"),
        ("labels.csv", "LabelValue,Name\n1,left ear\n", r"labels.csv names 'left ear'"),
        ("totalsegmentator_v2_labels.csv", "label,structure\nx,liver\n", "cannot be read"),
    ],
)
def test_tables_of_values_that_cannot_be_read(file: str, content: str, message: str, flat: Path) -> None:
    (flat / "labels.json").unlink()
    (flat / file).write_text(content)
    with pytest.raises(DataError, match=message):
        raise DataError(problem_of(flat, "anna"))


def test_two_patients_of_one_name(flat: Path, tmp_path: Path, hu: np.ndarray, write: Write) -> None:
    other = tmp_path / "other"
    write(hu, other / "ct" / "bert.nii.gz", labels=False)
    cases = find_cases([flat, other])
    assert [(case.name, bool(case.problem)) for case in cases] == [("anna", False), ("bert", True), ("bert", True)]
    problem = cases[1].problem or ""
    assert "two patients are named bert" in problem and str(flat) in problem and str(other) in problem
    write(hu, other / "ct" / "bert.nrrd", labels=False)
    assert "bert.nii.gz and" in (find_case(other, "bert").problem or "")


# ---------------------------------------------------------------- volumes


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


Wrong = Callable[[Path, Write], object]


def _valued(value: int) -> Wrong:
    return lambda data, write: write(np.full((48, 40, 64), value), data / "labels" / "anna.nii.gz", labels=True)


def _labels_of(value: float, kind: type) -> Wrong:
    """A label map of numbers that are no labels, on the grid of the CT."""

    def damage(data: Path, _: Write) -> None:
        ct = sitk.ReadImage(str(data / "ct" / "anna.nii.gz"))
        labels = on_grid_of(ct, np.full(ct.GetSize()[::-1], value, kind))
        sitk.WriteImage(labels, str(data / "labels" / "anna.nii.gz"))

    return damage


def _ct_of(low: float, high: float) -> Wrong:
    def damage(data: Path, write: Write) -> None:
        write(np.linspace(low, high, 48 * 40 * 64).reshape(48, 40, 64), data / "ct" / "anna.nii.gz", labels=False)

    return damage


def _step_of(value: float, file: str) -> Wrong:
    """A header that says that voxels are so many mm high."""

    def damage(data: Path, _: Write) -> None:
        content = bytearray(gzip.decompress((data / file).read_bytes()))
        struct.pack_into("<f", content, 76 + 3 * 4, value)
        (data / file).write_bytes(gzip.compress(bytes(content)))

    return damage


def _empty(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Wrong:
    return lambda data, write: write(np.zeros(shape), data / "labels" / "anna.nii.gz", labels=True, spacing=spacing)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_valued(250), r"labels.anna.nii.gz holds values without a name: 250: name all"),
        (_empty((40, 40, 64), SPACING), r"labels.anna.nii.gz lies on another grid than its CT .*resample it"),
        (_empty((48, 40, 64), (5, 6, 6)), r"labels.anna.nii.gz lies on another grid than its CT .*resample it"),
        (_empty((48, 40, 64), SPACING), r"labels.anna.nii.gz is empty.*add the labels, or remove it"),
        (lambda d, _: _truncate(d / "labels" / "anna.nii.gz"), r"labels.anna.nii.gz .*copy or download it again"),
        (lambda d, _: _truncate(d / "ct" / "anna.nii.gz"), r"ct.anna.nii.gz .*copy or download it again"),
        (lambda d, _: (d / "ct" / "anna.nii.gz").write_text("no image"), r"ct.anna.nii.gz cannot be read"),
        (lambda d, _: (d / "labels" / "anna.nii.gz").replace(d / "ct" / "anna.nii.gz"), r"ct.anna.nii.gz .*HU"),
        (
            _labels_of(1.5, np.float32),
            r"labels.anna.nii.gz holds values between whole numbers \(1.5\).*nearest-neighbour",
        ),
        (_labels_of(-1, np.int16), r"labels.anna.nii.gz holds the negative value -1.*correct the file"),
        (_ct_of(0, 255), r"ct.anna.nii.gz has no value under 0 \(0 to 255\): rescale it to HU"),
        (_ct_of(-1000, -1000), r"ct.anna.nii.gz ranges from -1000 to -1000.*give the CT in HU"),
        (_step_of(0, "ct/anna.nii.gz"), r"ct.anna.nii.gz has a spacing of 6, 6, 0 mm: correct its header"),
        (_step_of(float("nan"), "labels/anna.nii.gz"), r"labels.anna.nii.gz has a spacing of 6, 6, nan mm: correct"),
    ],
)
def test_files_that_cannot_be_used(damage: Wrong, message: str, flat: Path, write: Write) -> None:
    case = find_case(flat, "anna")
    damage(flat, write)
    with pytest.raises(DataError, match=message):
        read_case(case)


def test_whole_numbers_may_be_written_as_floats(flat: Path) -> None:
    before = read_labels(find_case(flat, "anna"))[0]
    path = flat / "labels" / "anna.nii.gz"
    sitk.WriteImage(sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkFloat32), str(path))
    assert np.array_equal(read_labels(find_case(flat, "anna"))[0], before)


def test_labels_of_other_axes_lie_on_their_ct_all_the_same(flat: Path) -> None:
    before = read_case(find_case(flat, "anna"))[0]
    path = flat / "labels" / "anna.nii.gz"
    sitk.WriteImage(sitk.DICOMOrient(sitk.ReadImage(str(path)), "SPL"), str(path))
    assert np.array_equal(read_case(find_case(flat, "anna"))[0], before)


def test_a_mask_that_is_none(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    write(organs, tmp_path / "s0001" / "segmentations" / "liver.nii.gz", labels=True)
    with pytest.raises(DataError, match=r"liver.nii.gz is no mask.*one structure a file"):
        read_case(find_case(tmp_path, "s0001"))
