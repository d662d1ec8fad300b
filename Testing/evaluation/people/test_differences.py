"""The section: patients that differ, patients that are copies, and what is said without a training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.people.asked import AskedPatient, different_texts, same_text
from GuideGenLib.evaluation.people.body import Body
from GuideGenLib.evaluation.people.body_figures import add_sides, add_volumes, add_waist
from GuideGenLib.evaluation.people.differences import Patient, measure_people, measured
from GuideGenLib.evaluation.people.organ_figures import add_between, add_nearest
from GuideGenLib.evaluation.people.pelvis_figures import NAME, add_sex
from GuideGenLib.evaluation.people.trained import TrainedPerson, trained_people
from GuideGenLib.evaluation.report.section import Figure, Section
from GuideGenLib.population.bases import kept_people
from GuideGenLib.population.variety import ORGANS, REAL_PAIRS, Shape, shapes

HALF = "patients nearer to a training person than half of its deformations"
MOST = HALF.replace("half", "90 %")
Make = Callable[..., np.ndarray]


def figures(section: Section) -> dict[str, Figure]:
    return {one.name: one for one in section.figures}


@pytest.fixture(scope="module")
def trained(torso: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[TrainedPerson]:
    """One person of a training, with three deformations."""
    folder = tmp_path_factory.mktemp("run")
    np.savez(folder / "torso 0123.npz", labels=torso, filled=np.zeros(torso.shape, bool))
    return trained_people(kept_people(folder), folder / "kept", 3)


def patients(asked: list[AskedPatient], torso: np.ndarray, folder: Path) -> list[Patient]:
    """Patients who show the torso, each shifted by other voxels."""
    cases = []
    for n, one in enumerate(asked):
        target = folder / one.order.key
        target.mkdir(parents=True)
        image = image_from_array(np.roll(torso, n, axis=2), (3.0,) * 3, labels=True)
        write_volume(image, target / "anatomy.nii.gz")
        cases.append(GeneratedCase(one.order.key, one.order.text, one.order.seed, target))
    return measured(asked, cases)


def test_copies_are_found_and_all_is_in_the_section(
    torso: np.ndarray, tmp_path: Path, trained: list[TrainedPerson]
) -> None:
    same = patients(same_text(2), torso, tmp_path / "same")
    different = patients(different_texts(4), torso, tmp_path / "other")
    sized = [one.case for one in different[:2]]
    section = measure_people(same, different, sized, trained, tmp_path)
    found = figures(section)
    assert found[HALF].value == 1.0 and not found[HALF].met
    assert found[MOST].value == 1.0
    between = found["organs as unlike as in real pairs, one text"]
    assert between.value == 0.0 and between.met is False  # all are one and the same
    assert found["waist of the obese over that of the thin"].value == pytest.approx(1.0)
    assert found[NAME].value is None  # one pelvis teaches nothing
    assert found["patients cut off at the sides"].ceiling is not None
    assert {table.title.split(" ")[0] for table in section.tables} == {"Dice", "The", "Mean", "Organ"}
    assert found["organ sizes as asked"].value == 0.0 and found["organ sizes as asked"].cases == 2
    assert all(path.is_file() and path.parent == tmp_path for _, path in section.pictures)
    assert len(section.pictures) == 2


def test_without_a_training_the_rest_is_measured_and_that_is_said(torso: np.ndarray, tmp_path: Path) -> None:
    same = patients(same_text(2), torso, tmp_path / "same")
    different = patients(different_texts(4), torso, tmp_path / "other")
    section = measure_people(same, different, [], [], tmp_path)
    found = figures(section)
    assert found[HALF].value is None and MOST not in found and found[NAME].value is None
    assert found["waist of the obese over that of the thin"].value is not None
    assert found["organ sizes as asked"].value is None
    assert any("--run" in remark for remark in section.remarks)


def test_organs_are_judged_each_by_its_real_pairs() -> None:
    """Balls whose overlap is that of the real pairs, but for the liver."""

    def rods(share: float) -> tuple[Shape | None, Shape | None]:
        first, second = np.zeros((1, 200, 1), bool), np.zeros((1, 200, 1), bool)
        first[0, :100] = True  # one is a part of the other: Dice is 2 n / (100 + n)
        second[0, : round(100 * share / (2 - share))] = True
        return Shape.of(first), Shape.of(second)

    pairs = {name: rods(0.95 if name == "liver" else REAL_PAIRS[name]) for name in ORGANS}
    people = [{name: pair[n] for name, pair in pairs.items()} for n in (0, 1)]
    section = Section("people", "People")
    add_between(section, {"one text": people, "different texts": people[:1]}, [])
    one, other = section.figures
    assert one.value == pytest.approx(10 / 11) and not one.met and one.cases == 2
    assert other.value is None
    liver = next(row for row in section.tables[0].rows if row[0] == "liver")
    assert liver[1:4] == ["0.70", "0.95", "+0.25"] and liver[4] == "-"


def test_a_stranger_is_no_copy(torso: np.ndarray, trained: list[TrainedPerson]) -> None:
    stranger = torso.copy()
    for key in ("liver", "spleen", "heart", "small_bowel"):
        where = np.argwhere(stranger == values()[key])
        stranger[tuple(where[where[:, 0] > where[:, 0].min() + 1].T)] = values()["torso_fat"]
    section = Section("people", "People")
    add_nearest(section, [("other_01", shapes(stranger))], trained)
    assert [one.value for one in section.figures] == [0.0, 0.0] and section.figures[0].met
    assert section.tables[0].rows[0][:2] == ["other 01", "torso"]


def test_waist_counts_both_sexes_alike() -> None:
    def body(waist: float | None) -> Body:
        return Body(waist, 0, 0, {}, None)

    people = [("male", "thin", body(700)), ("male", "obese", body(1120)), ("female", "thin", body(800))]
    section = Section("people", "People")
    add_waist(section, people, [])
    assert section.figures[0].value is None  # no obese woman
    people += [("female", "obese", body(960)), ("female", "obese", body(None)), ("female", "normal", body(850))]
    add_waist(section, people, people)
    figure = section.figures[1]
    assert figure.value == figure.ceiling == pytest.approx((1.6 + 1.2) / 2) and figure.met and figure.cases == 4
    assert section.tables[1].rows[1] == ["generated, female", "800", "850", "-", "960"]


def test_whoever_is_cut_is_counted_and_the_worst_told() -> None:
    section = Section("people", "People")
    bodies = [Body(None, at_sides, 0, {}, None) for at_sides in (0, 0, 0.3, 0.1)]
    add_sides(section, bodies, bodies[:2])
    (figure,) = section.figures
    assert (figure.value, figure.met, figure.ceiling) == (0.5, False, 0.0)
    assert "30 %" in section.remarks[0]
    add_sides(section, bodies[:2], [])
    assert section.figures[1].met and len(section.remarks) == 1


def test_volumes_are_counted_over_patients_and_told_with_their_sources() -> None:
    ml = {
        "liver": 1500.0,
        "spleen": 200.0,
        "left kidney": 150.0,
        "right kidney": 150.0,
        "pancreas": 80.0,
        "lungs": 4500.0,
    }
    good, bad = Body(None, 0, 0, ml, None), Body(None, 0, 0, {**ml, "spleen": 900.0}, None)
    section = Section("people", "People")
    add_volumes(section, [("male", good), ("female", bad)], [("male", good)])
    assert section.figures[0].value == pytest.approx(11 / 12) and section.figures[0].ceiling == 1.0
    rows = {row[0]: row for row in section.tables[0].rows}
    assert rows["spleen"][2] == "0.50" and rows["right kidney"][1].count("/") == 1 and "/" not in rows["liver"][1]
    assert any("Radiology" in remark for remark in section.remarks)


def test_sex_is_told_by_the_bones_of_other_people() -> None:
    class Person:
        bones_are_own = True

        def __init__(self, name: str, sex: str, inlet: float) -> None:
            self.bones = name
            rng = np.random.default_rng(len(name))
            rows = [tuple(np.array([inlet, 0.28, 0.6, 0.55]) + rng.normal(0, 0.004, 4)) for _ in range(4)]
            self.drawn = [type("Drawn", (), {"sex": sex, "body": Body(None, 0, 0, {}, row)}) for row in rows]

    training: list[Any] = [Person("a", "male", 0.45), Person("bb", "male", 0.46), Person("c", "female", 0.51)]
    section = Section("people", "People")
    asked = [("female", Body(None, 0, 0, {}, (0.51, 0.28, 0.6, 0.55))), ("female", Body(None, 0, 0, {}, None))]
    add_sex(section, asked, training)
    assert section.figures[0].value is None and "Too few" in section.remarks[0]
    training += [Person("dd", "female", 0.52)]
    add_sex(section, [*asked, ("male", Body(None, 0, 0, {}, (0.44, 0.28, 0.6, 0.55)))], training)
    figure = section.figures[1]
    assert figure.value == pytest.approx(2 / 3) and figure.ceiling == 1.0 and figure.cases == 3
    assert section.tables[0].rows[2][1] == "1"
