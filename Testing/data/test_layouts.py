"""The same patient read from each layout, and what is wrong with a data folder told with its remedy."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.maps import to_vocabulary
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values, write_labels_csv
from GuideGenLib.data.layouts import DataError, find_case, find_cases, read_case
from GuideGenLib.data.tissues import split_tissues

SPACING = (6.0, 6.0, 6.0)
NAMES = {value: key for key, value in values().items()}
SOFT = ("subcutaneous_fat", "torso_fat", "muscle")


Write = Callable[..., None]


def keys_of(organs: np.ndarray) -> list[str]:
    return [NAMES[value] for value in np.unique(organs).tolist() if value]


def write_totalsegmentator(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "s0001" / "ct.nii.gz", labels=False)
    for key in keys_of(organs):
        mask = organs == values()[key]
        if key == "lung_upper_lobe_left":  # a lesion is drawn on its organ, which goes on below it
            mask |= organs == values()["lung_tumor"]
        write(mask, data / "s0001" / "segmentations" / f"{key}.nii.gz", labels=True)
    (data / "meta.csv").write_text("image_id;age\n")


def write_nnunet(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write, first_version: bool = False) -> None:
    write(hu, data / "imagesTr" / "s0001_0000.nii.gz", labels=False)
    own = {"background": 0, **{key: number for number, key in enumerate(keys_of(organs), start=1)}}
    recoded = np.zeros_like(organs)
    for key, number in own.items():
        recoded[organs == values()[key]] = number
    write(recoded, data / "labelsTr" / "s0001.nii.gz", labels=True)
    named = {str(number): key for key, number in own.items()} if first_version else own
    (data / "dataset.json").write_text(json.dumps({"labels": named, "channel_names": {"0": "CT"}}))


def write_first_nnunet(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_nnunet(data, organs, hu, write, first_version=True)


def write_flat_own(data: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write(hu, data / "ct" / "s0001.nii.gz", labels=False)
    write(organs, data / "labels" / "s0001.nii.gz", labels=True)
    write_labels_csv(data / "labels" / "labels.csv")


Writer = Callable[[Path, np.ndarray, np.ndarray, Write], None]
WRITERS = (write_totalsegmentator, write_nnunet, write_first_nnunet, write_flat_own)


@pytest.mark.parametrize("write_layout", WRITERS)
def test_each_layout_gives_the_same_patient(
    write_layout: Writer, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_layout(tmp_path, organs, hu, write)
    cases = find_cases(tmp_path)
    assert [case.name for case in cases] == ["s0001"]
    labels, found, spacing = read_case(cases[0])
    assert labels is not None
    assert spacing == pytest.approx(SPACING)
    assert np.array_equal(found, hu)
    assert np.array_equal(labels, split_tissues(organs, hu, SPACING))
    assert {*keys_of(organs), *SOFT} <= {NAMES[value] for value in np.unique(labels).tolist()}


def test_flat_labels_are_those_of_totalsegmentator(flat: Path, organs: np.ndarray, hu: np.ndarray) -> None:
    first, second = find_cases(flat)
    assert (first.name, second.name) == ("anna", "bert")
    labels, _, _ = read_case(first)
    assert labels is not None
    for key in ("aorta", "liver", "urinary_bladder"):
        assert np.array_equal(labels == values()[key], organs == values()[key])
    assert read_case(second)[0] is None
    assert read_case(second)[1].shape == hu[:40].shape


def test_a_table_of_values_beside_flat_labels_counts(flat: Path, organs: np.ndarray, write: Write) -> None:
    write((organs == values()["liver"]) * 200, flat / "labels" / "anna.nii.gz", labels=True)
    (flat / "totalsegmentator_v2_labels.csv").write_text("label,structure\n200,liver\n")
    labels, _, _ = read_case(find_case(flat, "anna"))
    assert np.array_equal(labels == values()["liver"], organs == values()["liver"])


def test_a_map_that_names_its_tissues_is_left_as_it_is(
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    whole = np.where((organs == 0) & (hu > -300), values()["muscle"], organs)
    write_flat_own(tmp_path, whole, hu, write)
    assert np.array_equal(read_case(find_case(tmp_path, "s0001"))[0], whole)


def test_a_body_label_is_split_into_tissues(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    whole = np.where((organs == 0) & (hu > -300), values()["body"], organs)
    write_flat_own(tmp_path, whole, hu, write)
    assert np.array_equal(read_case(find_case(tmp_path, "s0001"))[0], split_tissues(organs, hu, SPACING))


def test_a_label_map_without_a_scan_is_passed_over_aloud(flat: Path, caplog: pytest.LogCaptureFixture) -> None:
    (flat / "labels" / "amos.nii.gz").write_bytes((flat / "labels" / "anna.nii.gz").read_bytes())
    assert [case.name for case in find_cases(flat)] == ["anna", "bert"]
    assert "amos" in caplog.text


# ---------------------------------------------------------------- what is wrong, and what to do


def test_no_folder_and_an_empty_one_name_the_layouts(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"segmentations.*imagesTr.*labels/") as error:
            find_cases(folder)
        assert str(folder) in str(error.value)


def test_an_unknown_case_is_told_with_those_that_are_there(flat: Path) -> None:
    with pytest.raises(DataError, match="no scan carl: it has anna, bert"):
        find_case(flat, "carl")


Damage = Callable[[Path], object]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: (s / "ct.nii.gz").unlink(), r"segmentations has no scan .*ct.nii.gz: add it"),
        (lambda s: [p.unlink() for p in (s / "segmentations").iterdir()], r"has no masks in .*: add the labels"),
        (lambda s: (s / "segmentations" / "liver.nii.gz").rename(s / "segmentations" / "livr.nii.gz"), "is it liver"),
    ],
)
def test_totalsegmentator_faults(
    damage: Damage, message: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    damage(tmp_path / "s0001")
    with pytest.raises(DataError, match=message):
        find_cases(tmp_path)


def _relabelled(data: Path, **labels: object) -> None:
    (data / "dataset.json").write_text(json.dumps({"labels": labels}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "dataset.json").unlink(), r"dataset.json is missing"),
        (lambda d: (d / "dataset.json").write_text("{"), r"dataset.json is damaged"),
        (lambda d: (d / "dataset.json").write_text("{}"), r"dataset.json is damaged or has no labels"),
        (lambda d: _relabelled(d, liver=[1, 2]), r"dataset.json has regions"),
        (lambda d: _relabelled(d, left_ear=1), r"dataset.json names 'left_ear'.*rename or remove it"),
        (lambda d: (d / "labelsTr" / "s0001.nii.gz").unlink(), r"s0001_0000.nii.gz has no label map .*: add"),
        (lambda d: (d / "imagesTr" / "s0001_0000.nii.gz").unlink(), r"labelsTr.*s0001.nii.gz has no scan s0001_0000"),
    ],
)
def test_nnunet_faults(
    damage: Damage, message: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_nnunet(tmp_path, organs, hu, write)
    damage(tmp_path)
    with pytest.raises(DataError, match=message):
        find_cases(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "labels" / "anna.nii.gz").rename(d / "labels" / "anne.nii.gz"), r"anne.nii.gz has no scan"),
        (lambda d: (d / "labels" / "labels.csv").write_text("a,b\n1,2\n"), r"labels.csv cannot be read: it needs"),
        (lambda d: (d / "labels.csv").write_text("LabelValue,Name\n1,left ear\n"), r"labels.csv names 'left ear'"),
        (lambda d: (d / "totalsegmentator_v2_labels.csv").write_text("label,structure\nx,liver\n"), "cannot be read"),
    ],
)
def test_flat_faults(damage: Damage, message: str, flat: Path) -> None:
    damage(flat)
    with pytest.raises(DataError, match=message):
        find_cases(flat)


Wrong = Callable[[Path, Write], object]


def _valued(value: int) -> Wrong:
    return lambda data, write: write(np.full((48, 40, 64), value), data / "labels" / "anna.nii.gz", labels=True)


def _empty(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Wrong:
    return lambda data, write: write(np.zeros(shape), data / "labels" / "anna.nii.gz", labels=True, spacing=spacing)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_valued(250), r"labels.anna.nii.gz holds values without a name: 250; map them"),
        (_empty((40, 40, 64), SPACING), r"labels.anna.nii.gz lies on another grid than its CT .*resample it"),
        (_empty((48, 40, 64), (5, 6, 6)), r"labels.anna.nii.gz lies on another grid than its CT .*resample it"),
        (lambda d, _: _truncate(d / "labels" / "anna.nii.gz"), r"labels.anna.nii.gz .*copy or download it again"),
        (lambda d, _: _truncate(d / "ct" / "anna.nii.gz"), r"ct.anna.nii.gz .*copy or download it again"),
        (lambda d, _: (d / "ct" / "anna.nii.gz").write_text("no image"), r"ct.anna.nii.gz cannot be read"),
        (lambda d, _: (d / "labels" / "anna.nii.gz").replace(d / "ct" / "anna.nii.gz"), r"ct.anna.nii.gz .*HU"),
    ],
)
def test_files_that_cannot_be_used(damage: Wrong, message: str, flat: Path, write: Write) -> None:
    case = find_case(flat, "anna")
    damage(flat, write)
    with pytest.raises(DataError, match=message):
        read_case(case)


def test_a_mask_that_is_none(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    write(organs, tmp_path / "s0001" / "segmentations" / "liver.nii.gz", labels=True)
    with pytest.raises(DataError, match=r"liver.nii.gz is no mask.*one structure a file"):
        read_case(find_case(tmp_path, "s0001"))


def test_every_structure_of_totalsegmentator_has_a_label(tmp_path: Path) -> None:
    from GuideGenLib.anatomy.vocabularies import VOCABULARIES
    from GuideGenLib.data.layouts import structure_value

    for structure in VOCABULARIES["totalsegmentator"].values():
        assert 0 <= structure_value(structure, tmp_path) < len(anatomy_rows())
    assert to_vocabulary(np.array([structure_value("liver", tmp_path)]), "totalsegmentator")[0] == 5


def test_the_project_s_own_data(data: Path) -> None:
    cases = {case.name: case for case in find_cases(data)}
    assert {"acrin_flt_013", "crlm_1006", "nsclc_r01_001"} <= cases.keys()
    assert {"lidc_0001", "totalseg_example"} <= {name for name, case in cases.items() if case.labels}
