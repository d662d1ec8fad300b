"""The same patient read from each layout, and what each layout says of him."""

import json
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import split_tissues
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.data.layouts import find_case, find_cases, read_case, read_labels, read_named
from GuideGenLib.data.notes import read_notes
from Testing.data.layout_writers import (
    ABDOMEN,
    NAMES,
    Write,
    Writer,
    keys_of,
    recoded,
    write_amos,
    write_amos_described,
    write_btcv,
    write_first_nnunet,
    write_flare,
    write_flat_dicom,
    write_flat_named,
    write_flat_own,
    write_maisi,
    write_nnunet,
    write_partly,
    write_totalsegmentator,
)

SPACING = (6.0, 6.0, 6.0)
SOFT = ("subcutaneous_fat", "torso_fat", "muscle")


@pytest.mark.parametrize(
    "write_layout",
    [write_totalsegmentator, write_nnunet, write_first_nnunet, write_flat_own, write_flat_named, write_flat_dicom],
)
def test_each_layout_gives_the_same_patient(
    write_layout: Writer, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_layout(tmp_path, organs, hu, write)
    if (tmp_path / "ct").is_dir():
        (tmp_path / "ct" / "notes").mkdir()
        (tmp_path / "ct" / "notes" / "readme.txt").write_text("no series")
    (case,) = find_cases(tmp_path)
    assert (case.name, case.problem) == ("s0001", None)
    assert {values()[key] for key in keys_of(organs)} <= case.known
    assert (values()["spleen"] in case.known) == (write_layout is write_flat_own)
    labels, found, spacing = read_case(case)
    assert labels is not None
    assert spacing == pytest.approx(SPACING)
    assert np.array_equal(found, hu)
    assert np.array_equal(labels, split_tissues(organs, hu, SPACING))
    assert {*keys_of(organs), *SOFT} <= {NAMES[value] for value in np.unique(labels).tolist()}
    assert np.array_equal(read_labels(case)[0], organs)


@pytest.mark.parametrize(
    ("write_layout", "name", "shown", "known", "unknown"),
    [
        (write_amos, "amos_0001", [*ABDOMEN, "urinary_bladder"], ["spleen", "inferior_vena_cava"], ["prostate"]),
        (
            write_amos_described,
            "amos_0001",
            [*ABDOMEN, "urinary_bladder"],
            ["spleen", "duodenum"],
            ["prostate", "uterus"],
        ),
        (write_btcv, "img0001", list(ABDOMEN), ["portal_splenic_vein"], ["duodenum", "urinary_bladder"]),
        (write_flare, "FLARE22_Tr_0001", list(ABDOMEN), ["duodenum"], ["portal_splenic_vein", "heart"]),
        (write_maisi, "s0001", [*ABDOMEN, "urinary_bladder", "lung_tumor", "heart"], ["body", "ribs_left"], ["muscle"]),
    ],
)
def test_data_sets_in_their_own_values(
    write_layout: Writer, name: str, shown: list[str], known: list[str], unknown: list[str],
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write,
) -> None:  # fmt: skip
    write_layout(tmp_path, organs, hu, write)
    (case,) = find_cases(tmp_path)
    assert (case.name, case.problem) == (name, None)
    labels, _, _ = read_named(case)
    assert labels is not None
    assert np.array_equal(labels, recoded(organs, {key: values()[key] for key in shown}))
    assert {values()[key] for key in (*shown, *known)} <= case.known
    assert not {values()[key] for key in unknown} & case.known and 0 not in case.known


def test_of_a_partly_labelled_data_set_only_what_a_case_shows_is_known(
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_partly(tmp_path, organs, hu, write)
    (case,) = find_cases(tmp_path)
    assert case.partly and values()["spleen"] in case.known
    labels, _ = read_labels(case)
    assert case.known_in(labels) == {values()[key] for key in ABDOMEN}
    assert np.array_equal(labels == OUTSIDE, organs == values()["lung_tumor"])  # a tumour of whatever organ
    (tmp_path / "labels.json").write_text('{"vocabulary": "flare"}')
    (case,) = find_cases(tmp_path)
    assert not case.partly and case.known_in(labels) == case.known
    (tmp_path / "labels.json").write_text('{"labels": {"aorta": 5, "liver": 1, "colon": 9}, "partly": true}')
    (case,) = find_cases(tmp_path)
    assert case.known_in(labels) == {values()[key] for key in ABDOMEN} and values()["colon"] in case.known


@pytest.mark.parametrize(("sex", "key"), [("male", "prostate"), ("female", "uterus")])
def test_a_label_of_prostate_or_uterus_is_that_of_the_sex(
    sex: str, key: str, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_amos(tmp_path, organs, hu, write)
    (tmp_path / "cases.csv").write_text(f"name,sex\namos_0001,{sex}\n")
    (case,) = find_cases(tmp_path)
    labels, _, _ = read_named(case)
    assert np.array_equal(labels == values()[key], organs == values()["prostate"])
    assert values()[key] in case.known


def test_the_hearts_chambers_of_totalsegmentator_s_first_version_are_one_heart(
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    masks = tmp_path / "s0001" / "segmentations"
    (masks / "heart.nii.gz").rename(masks / "heart_myocardium.nii.gz")
    for other in ("heart_atrium_left", "heart_ventricle_left", "heart_atrium_right"):
        write(np.zeros_like(organs), masks / f"{other}.nii.gz", labels=True)
    write(organs == values()["heart"], masks / "face.nii.gz", labels=True)  # we have no face
    (case,) = find_cases(tmp_path)
    assert values()["heart"] not in case.known  # a ventricle is missing
    write(np.zeros_like(organs), masks / "heart_ventricle_right.nii.gz", labels=True)
    (case,) = find_cases(tmp_path)
    assert values()["heart"] in case.known
    assert np.array_equal(read_labels(case)[0], organs)


def test_totalsegmentator_s_own_table_is_read_where_there_is_no_other(
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write_totalsegmentator(tmp_path, organs, hu, write)
    notes = read_notes(tmp_path)["s0001"]
    assert (notes.sex, notes.age, notes.split) == ("male", 61.0, "validation")
    (tmp_path / "cases.csv").write_text("name,sex\ns0001,female\n")
    notes = read_notes(tmp_path)["s0001"]
    assert (notes.sex, notes.age, notes.split) == ("female", None, None)


def test_what_nnunet_ignores_may_be_anything(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_nnunet(tmp_path, organs, hu, write)
    content = json.loads((tmp_path / "dataset.json").read_text("utf-8-sig"))
    number = content["labels"].pop("liver")
    content["labels"]["ignore"] = number
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    (case,) = find_cases(tmp_path)
    assert values()["liver"] not in case.known and OUTSIDE not in case.known
    labels, _, _ = read_case(case)
    assert labels is not None
    assert np.array_equal(labels == OUTSIDE, organs == values()["liver"])


def test_of_several_channels_the_ct_is_read(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write) -> None:
    write_nnunet(tmp_path, organs, hu, write)
    first = tmp_path / "imagesTr" / "s0001_0000.nii.gz"
    first.rename(tmp_path / "imagesTr" / "s0001_0001.nii.gz")
    write(np.ones_like(hu), first, labels=False)
    content = json.loads((tmp_path / "dataset.json").read_text("utf-8-sig"))
    (tmp_path / "dataset.json").write_text(json.dumps(content | {"channel_names": {"0": "PET", "1": "CT"}}))
    (case,) = find_cases(tmp_path)
    assert np.array_equal(read_named(case)[1], hu)


def test_another_ending_and_scans_to_be_tested(
    tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    write(hu, tmp_path / "imagesTr" / "a_0000.nrrd", labels=False)
    write(hu, tmp_path / "imagesTs" / "b_0000.nrrd", labels=False)
    write(organs == values()["liver"], tmp_path / "labelsTr" / "a.nrrd", labels=True)
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"liver": 1}, "file_ending": ".nrrd"}))
    first, second = find_cases(tmp_path)
    assert (first.name, first.problem) == ("a", None)
    assert (second.name, second.labels, second.problem) == ("b", None, None)
    assert (read_labels(first)[0] == values()["liver"]).sum() == (organs == values()["liver"]).sum()


# ---------------------------------------------------------------- flat folders


def test_a_scan_may_have_no_labels(flat: Path, organs: np.ndarray, hu: np.ndarray) -> None:
    first, second = find_cases(flat)
    assert (first.name, second.name) == ("anna", "bert")
    labels, _, _ = read_case(first)
    assert labels is not None
    for key in ("aorta", "liver", "urinary_bladder"):
        assert np.array_equal(labels == values()[key], organs == values()[key])
    assert read_case(second)[0] is None
    assert read_case(second)[1].shape == hu[:40].shape


def test_label_maps_alone_are_cases(flat: Path, organs: np.ndarray, write: Write) -> None:
    write(organs == values()["liver"], flat / "anatomies" / "cleo.nii.gz", labels=True)
    (flat / "anatomies" / "cleo.json").write_text('{"1": "liver"}')
    (flat / "labels" / "dora.nii.gz").write_bytes((flat / "labels" / "anna.nii.gz").read_bytes())
    cases = {case.name: case for case in find_cases(flat)}
    assert [cases[name].ct is None for name in ("anna", "bert", "cleo", "dora")] == [False, False, True, True]
    assert cases["cleo"].known == {values()["liver"]}
    labels, spacing = read_labels(cases["cleo"])
    assert spacing == pytest.approx(SPACING)
    assert np.array_equal(labels == values()["liver"], organs == values()["liver"])
    assert np.array_equal(read_labels(cases["dora"])[0], read_labels(cases["anna"])[0])


def test_several_folders_are_one_data_set(
    flat: Path, tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Write
) -> None:
    other = tmp_path / "other"
    write_totalsegmentator(other, organs, hu, write)
    (flat / "cases.csv").write_text("name,sex\nanna,female\n")
    assert [case.name for case in find_cases([flat, other, flat])] == ["anna", "bert", "s0001"]
    assert find_case([flat, other], "s0001").ct == other / "s0001" / "ct.nii.gz"
    notes = read_notes([flat, other])
    assert (notes["anna"].sex, notes["s0001"].age) == ("female", 61.0)


def test_the_file_beside_a_map_goes_before_that_of_the_folder(flat: Path, organs: np.ndarray, write: Write) -> None:
    write((organs == values()["liver"]) * 200, flat / "labels" / "anna.nii.gz", labels=True)
    (flat / "labels" / "anna.json").write_text('{"liver": 200, "fallopian_tube_left": 3, "95": 4, "": 5}')
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


def test_the_project_s_own_data(data: Path) -> None:
    cases = {case.name: case for case in find_cases(data)}
    assert {"acrin_flt_013", "crlm_1006", "nsclc_r01_001"} <= cases.keys()
    assert {"lidc_0001", "totalseg_example"} <= {name for name, case in cases.items() if case.labels and case.ct}
