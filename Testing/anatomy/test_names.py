"""Names of structures: every name of every known vocabulary is understood, however it is written."""

import csv
from pathlib import Path

import pytest

from GuideGenLib.anatomy.label_maps.names import (
    VOCABULARY_NAMES,
    meaning_of,
    structure_of,
    vocabulary,
    vocabulary_by_file,
)
from GuideGenLib.anatomy.maps import VocabularyError, from_vocabulary, to_vocabulary
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.resources import resource

HERE = Path("labels.json")
COUNTS = {
    "totalsegmentator": 117, "totalsegmentator_v1": 104, "amos": 15, "btcv": 13, "flare": 13, "flare23": 14,
    "guidegen": len(anatomy_rows()) - 1,
}  # fmt: skip


def structure_value(name: str, where: Path) -> int:
    """The label of a name where nobody knows the sex."""
    return structure_of(name, where).value(None)


@pytest.mark.parametrize("name", VOCABULARY_NAMES)
def test_every_name_of_a_vocabulary_is_understood(name: str) -> None:
    names = {value: structure for value, structure in vocabulary(name).names.items() if value}
    assert len(names) == COUNTS.get(name, len(names)) and len(set(names.values())) == len(names)
    told = meaning_of(names.values(), HERE)
    assert told.known and 0 not in told.known and OUTSIDE not in told.known
    assert all(0 <= value < len(anatomy_rows()) or value == OUTSIDE for value in told.values)
    if name == "guidegen":
        assert told.known == set(range(1, len(anatomy_rows())))


@pytest.mark.parametrize("name", ["totalsegmentator", "maisi132"])
def test_volumes_that_we_write_in_a_vocabulary_are_read_as_they_were(name: str) -> None:
    ours = [row.value for row in anatomy_rows() if getattr(row, name) and row.key != "body"]
    names = vocabulary(name).names
    for value in ours:
        there = int(to_vocabulary([[[value]]], name)[0, 0, 0])  # type: ignore[arg-type]
        assert structure_value(names[there], HERE) == value
        assert from_vocabulary([[[there]]], name)[0, 0, 0] == value  # type: ignore[arg-type]


def test_the_table_of_names_names_our_labels_and_each_once() -> None:
    with resource("structure_names.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    keys = {key for row in rows for key in row["key"].split("|")}
    assert keys <= {*values(), "", "?"}
    assert len({row["name"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Left Kidney", "kidney_left"), ("kidney_left", "kidney_left"), ("gall bladder", "gallbladder"),
        ("rib left 3", "ribs_left"), ("left rib 3", "ribs_left"), ("Lumbar1", "vertebrae_lumbar"),
        ("vertebrae L1", "vertebrae_lumbar"), ("postcava", "inferior_vena_cava"), ("rectum", "colon"),
        ("hepatic tumor", "liver_tumor"), ("iliac_vena_left", "iliac_vein_left"), ("skin_body", "body"),
    ],
)  # fmt: skip
def test_names_are_read_however_they_are_written(name: str, key: str) -> None:
    assert structure_value(name, HERE) == values()[key]


def test_what_is_none_of_ours_is_unlabelled_and_a_lesion_of_no_organ_may_be_anything() -> None:
    assert {structure_value(name, HERE) for name in ("brain", "tibia", "kidney", "lungs", "95", "")} == {0}
    assert {structure_value(name, HERE) for name in ("ignore", "tumor", "nodule")} == {OUTSIDE}


def test_a_label_is_known_where_all_of_its_parts_are_named() -> None:
    def known(*names: str) -> set[str]:
        return {key for key, value in values().items() if value in meaning_of(names, HERE).known}

    assert known("brachiocephalic_vein_left") == set()
    assert known("brachiocephalic_vein_left", "brachiocephalic_vein_right") == {"great_veins"}
    assert known("kidney_cyst_left", "atrial_appendage_left", "hepatic vessel") == set()
    assert known("kidney_left", "tumor", "brain") == {"kidney_left"}
    assert known("rib_left_8") == {"ribs_left"}  # of ribs and vertebrae those in the picture are named
    assert known("right_psoas_muscle", "right_iliacus_muscle", "left_psoas_muscle") == {"iliopsoas_right"}


@pytest.mark.parametrize(
    ("name", "close"), [("livr", "is it liver"), ("kidny_left", "is it kidney_left"), ("xyzq", "Rename")]
)
def test_a_name_that_nobody_knows_is_told_with_the_closest_one(name: str, close: str) -> None:
    with pytest.raises(VocabularyError, match=f"names '{name}', a structure unknown here.*{close}"):
        structure_value(name, HERE)


def test_the_data_sets_are_known_by_the_names_of_their_files() -> None:
    files = ("amos_0001.nii.gz", "label0001.nii.gz", "FLARE22_Tr_0001.nii.gz", "FLARE23_0001.nii.gz", "labels.nii.gz")
    assert [vocabulary_by_file(file) for file in files] == ["amos", "btcv", "flare", "flare23", None]
