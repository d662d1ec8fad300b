"""What is told of scanned patients in a table, and what their volumes tell."""

from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import Notes, completed, data_sources, held_out, measured_phase, read_notes


def trunk(aorta_hu: float, **organs: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and HU [20, 20, 20] with an aorta and so many voxels of other organs."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:, 5:10, 5:10] = values()["aorta"]
    hu = np.where(labels > 0, aorta_hu, -50).astype(np.int16)
    hu[:, 5, 5:10] = -1000  # its border is partial volume
    for number, (key, voxels) in enumerate(organs.items()):
        labels.reshape(-1)[-(number + 1) * 1500 :][:voxels] = values()[key]
    return labels, hu


@pytest.mark.parametrize(
    ("aorta", "phase"), [(40, "none"), (109, "none"), (112, "portal_venous"), (249, "portal_venous"), (252, "arterial")]
)
def test_the_phase_is_that_of_the_aorta(aorta: float, phase: str) -> None:
    assert measured_phase(*trunk(aorta)) == phase


def test_without_an_aorta_the_phase_is_unknown() -> None:
    assert measured_phase(np.zeros((5, 5, 5), np.uint8), np.zeros((5, 5, 5), np.int16)) is None


def test_what_is_told_goes_before_what_is_measured() -> None:
    labels, hu = trunk(300, prostate=900)
    assert completed(Notes(), labels, hu, 2.0) == Notes(sex="male", phase="arterial")
    told = Notes("female", 40.0, "delayed", "a text")
    assert completed(told, labels, hu, 2.0) == told


@pytest.mark.parametrize(
    ("organs", "sex"),
    [
        ({"prostate": 900}, "male"),
        ({"uterus": 900}, "female"),
        ({"prostate": 900, "uterus": 900}, None),
        ({"prostate": 100}, None),
        ({}, None),
    ],
)
def test_the_sex_is_that_of_a_labelled_organ(organs: dict[str, int], sex: str | None) -> None:
    assert completed(Notes(), *trunk(40, **organs), spacing=2.0).sex == sex


def test_notes_are_read_and_may_be_empty(tmp_path: Path) -> None:
    ours = read_notes(tmp_path)
    assert held_out(tmp_path) == {name for name, notes in ours.items() if notes.split == "held_out"} != set()
    (tmp_path / "cases.csv").write_text('name,sex,age,phase,text\nanna,female,61,,"cough, fever"\nbert,,,none,\n')
    found = read_notes(tmp_path)
    assert found.keys() - ours.keys() == {"anna", "bert"}
    assert found["anna"] == Notes("female", 61.0, None, "cough, fever")
    assert found["bert"] == Notes(None, None, "none", None)


def test_the_table_of_a_folder_goes_before_ours(tmp_path: Path) -> None:
    name = next(iter(held_out(tmp_path)))
    (tmp_path / "cases.csv").write_text(
        f"\ufeffname,split,licence,source\n{name},train,CC0,mine\nzoe,held_out,,\n", "utf-8"
    )
    assert held_out(tmp_path) >= {"zoe"} and name not in held_out(tmp_path)
    assert data_sources([name, "zoe", "unknown"], read_notes(tmp_path)) == [
        {"name": "mine", "licence": "CC0", "url": ""},
        {"name": "2 scans of the trainer's own", "licence": "not told", "url": ""},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nom,sex\nanna,female\n", r"cases.csv has no column name"),
        ("name,split\nanna,test\n", r"line 2: split is 'test'; write one of train, validation, held_out"),
        ("name,sex,age,phase,text\nanna,f,,,\n", r"cases.csv, line 2: sex is 'f'; write one of male, female"),
        ("name,sex,age,phase,text\nanna,,old,,\n", r"line 2: age is 'old'"),
        ("name,sex,age,phase,text\nanna,,nan,,\n", r"line 2: age is 'nan'"),
        ("name,sex,age,phase,text\nanna,,,venous,\n", r"line 2: phase is 'venous'; write one of none, arterial"),
        ("name,sex\nanna,male\nanna,female\n", r"line 3: anna has a line already: keep one"),
        ("name,sex,age,phase,text\nanna,\n", None),
    ],
)
def test_notes_that_cannot_be_read(content: str, message: str | None, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(content)
    if message is None:  # fields that the row leaves out at its end are empty
        assert read_notes(tmp_path)["anna"] == Notes()
        return
    with pytest.raises(DataError, match=message):
        read_notes(tmp_path)
