"""The section on prompts: figures count what the judges read, and what was not measured says so."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.evaluation.alignment import flips
from GuideGenLib.evaluation.alignment import with_text as prompt_alignment
from GuideGenLib.evaluation.alignment.asked import alignment_prompts
from GuideGenLib.evaluation.alignment.with_text import PAPER, measure_prompts
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.cells import cells
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, Section
from GuideGenLib.judges.classifiers import DECADES, SeenPerson
from GuideGenLib.judges.segmenter import TUMOUR, to_classes

Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]
LUNG, LIVER, KIDNEY = (80, 24, 46), (46, 20, 14), (36, 38, 16)


class Segmenter:
    """Reads the labels that `_write` hides in the HU; told to miss it, it sees no tumour."""

    def __init__(self, misses: bool = False) -> None:
        self.misses = misses

    def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
        found = to_classes(np.rint((hu + 1000) / 10).astype(np.uint8))
        return np.where(found == TUMOUR, values()["body"], found).astype(np.uint8) if self.misses else found


class Readings:
    """Classifiers that give the next of some readings."""

    def __init__(self, *readings: SeenPerson, decade: float = 0.75) -> None:
        self.readings = list(readings)
        self.real: dict[str, Any] = {"sex": {"hits": 8, "cases": 9, "value": 8 / 9}}
        self.real |= {name: {"hits": 3, "cases": 4, "value": decade} for name in ("decade", "decade within one")}

    def read(self, hu: np.ndarray, spacing: float, labels: np.ndarray) -> SeenPerson:
        assert spacing == 6.0 and labels.shape == hu.shape
        return self.readings.pop(0)


def _reading(sex: str, decade: int) -> SeenPerson:
    return SeenPerson(0.9 if sex == "female" else 0.1, tuple(float(one == decade) for one in DECADES))


def _judges(classifiers: Readings | None, misses: bool = False, lesions: float = 0.9) -> Any:
    about = {"segmenter": {"ceilings": {"rendered": {"tumours_found": lesions}}}}
    made = {"classifiers": classifiers, "identity": str(misses), "ceilings": {}, "about": about}
    return SimpleNamespace(segmenter=Segmenter(misses), **made)


def _value(section: Section, name: str) -> Any:
    return next(one for one in section.figures if one.name == name)


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phantom is at 6 mm."""
    for module in (prompt_alignment, flips):
        monkeypatch.setattr(module, "SPACING", 6.0)
    monkeypatch.setattr("GuideGenLib.evaluation.alignment.with_anatomy.SPACING", 6.0)


@pytest.fixture
def cases(tmp_path: Path, phantom: np.ndarray, put: Put) -> list[GeneratedCase]:
    """The first prompts with a lung tumour as asked, a liver tumour as asked, a kidney tumour, and without one."""
    shown = [put(phantom, "lung_tumor", LUNG, 42), put(phantom, "liver_tumor", LIVER, 42)]
    shown += [put(phantom, "kidney_tumor", KIDNEY, 42), phantom]
    asked = [alignment_prompts()[index] for index in (0, 1, 2, 5)]
    pairs = zip(asked, shown, strict=True)
    return [_write(tmp_path / f"case{n}", one.text, labels) for n, (one, labels) in enumerate(pairs)]


def _write(folder: Path, text: str, labels: np.ndarray) -> GeneratedCase:
    folder.mkdir()
    write_volume(image_from_array(labels, (6.0,) * 3, labels=True), folder / "anatomy.nii.gz")
    hu = labels.astype(np.float32) * 10 - 1000
    write_volume(image_from_array(hu, (6.0,) * 3, labels=False), folder / "ct.nii.gz")
    return GeneratedCase(folder.name, text, 1, folder)


def test_what_is_read_is_compared_with_what_is_asked(cases: list[GeneratedCase], tmp_path: Path) -> None:
    readings = Readings(_reading("male", 30), _reading("female", 80), _reading("female", 50), _reading("female", 50))
    section = measure_prompts(cases, [], _judges(readings), tmp_path)
    assert (_value(section, "sex").value, _value(section, "sex").cases) == (0.75, 4)
    assert _value(section, "age decade").value == 0.5  # 34 and 58 years; not 72 and 27
    assert _value(section, "age decade or a neighbor").value == 0.75
    assert _value(section, "tumor location").value == pytest.approx(1.0)
    assert _value(section, "tumor location").cases == 3
    assert _value(section, "no tumor where none is asked").value == 1.0
    assert _value(section, "mean of sex, age, location").value == pytest.approx((0.75 + 0.5 + 1.0) / 3)
    assert _value(section, "mean of sex, age, location").paper == pytest.approx((0.39 + 0.90 + 0.89) / 3)
    assert "8 of 9 real people" in _value(section, "sex").note
    assert all(figure.measurable for figure in section.figures)
    assert _value(section, "flips followed, decided by a rule").value is None


def test_a_ct_that_does_not_show_the_tumour_is_told_from_a_wrong_mask(
    cases: list[GeneratedCase], tmp_path: Path
) -> None:
    section = measure_prompts(cases, [], _judges(None, misses=True), tmp_path)
    assert _value(section, "tumor location").value == _value(section, "tumor organ").value == 0.0
    assert _value(section, "mask: tumor location").value == 1.0
    assert _value(section, "mask: tumor in its place").value == 1.0
    others = [alignment_prompts()[index].text for index in (7, 3, 5, 6)]
    wrong = [GeneratedCase(one.key, text, 1, one.folder) for one, text in zip(cases, others, strict=True)]
    section = measure_prompts(wrong, [], _judges(None), tmp_path)
    assert _value(section, "tumor location").value == _value(section, "mask: tumor location").value == 0.0
    assert _value(section, "tumor organ").value == 0.5  # lung, though not the asked lobe
    assert _value(section, "no tumor where none is asked").value == 0.5


def test_without_classifiers_nothing_is_made_up(cases: list[GeneratedCase], tmp_path: Path) -> None:
    section = measure_prompts(cases[:1], [], _judges(None), tmp_path)
    for name in ("sex", "age decade", "mean of sex, age, location"):
        assert _value(section, name).value is None and _value(section, name).cases == 0
    assert "no classifiers" in section.remarks[0]
    assert section.tables[0].rows[-1][1:] == ("-", "-", "not encoded", "1.00", "-")


def test_the_table_has_the_papers_rows_and_ours(cases: list[GeneratedCase], tmp_path: Path) -> None:
    table = measure_prompts(cases[:1], [], _judges(Readings(_reading("male", 30))), tmp_path).tables[0]
    assert [row[0] for row in table.rows] == [*PAPER, "this model, 1 cases"]
    assert table.rows[3][1:] == ("0.39", "0.90", "0.60", "0.89", "0.69")
    assert table.rows[-1][1:] == ("1.00", "1.00", "not encoded", "1.00", "1.00")


def test_what_no_judge_sees_has_no_number(cases: list[GeneratedCase], tmp_path: Path) -> None:
    judges = _judges(Readings(_reading("male", 30), decade=0.4), lesions=0.4)
    section = measure_prompts(cases[:1], [], judges, tmp_path)
    assert section.tables[0].rows[-1][1:] == (NOT_MEASURABLE, "1.00", "not encoded", NOT_MEASURABLE, NOT_MEASURABLE)
    told = {figure.name: cells(figure) for figure in section.figures}
    assert told["sex"][1] == "1.00" and told["age decade"][1] == told["tumor organ"][1] == NOT_MEASURABLE
    assert told["age decade"][2] == "-" and told["age decade"][-1] == "its judge has 0.400 on real data"
    assert _value(section, "age decade").met is None


def test_details_of_each_case_are_written(cases: list[GeneratedCase], tmp_path: Path) -> None:
    measure_prompts(cases[:2], [], _judges(Readings(_reading("male", 30), _reading("male", 30))), tmp_path)
    found = json.loads((tmp_path / "prompt_alignment.json").read_text(encoding="utf-8"))["cases"]
    assert found[1]["sex"] == ["female", "male"] and found[1]["age"] == [72, 30]
    assert found[0]["place_ct"] == found[0]["place_mask"] == "left lung (upper_lobe)"


def test_flips_enter_figures_and_table(
    cases: list[GeneratedCase], tmp_path: Path, phantom: np.ndarray, put: Put
) -> None:
    flipped = []
    for order, spot in zip([*flips.orders()[:4], *flips.orders()[10:12]], (LUNG, LUNG, *[None] * 4), strict=True):
        labels = put(phantom, "lung_tumor", spot, 42) if spot else phantom
        made = _write(tmp_path / order.key, order.text, labels)
        flipped.append(made)
    section = measure_prompts(cases[:1], flipped, _judges(None), tmp_path)
    followed = _value(section, "flips followed, decided by a rule")
    assert (followed.value, followed.cases, followed.met) == (0.0, 2, False)
    built = _value(section, "flips followed, decided by the network")
    assert (built.value, built.cases) == (0.0, 1)
    assert _value(section, "DSC of organs that a flip does not speak of").value == 1.0
    assert _value(section, "DSC of organs, flips of sex and build").cases == 2
    rows = {row[0]: row[1:] for row in section.tables[1].rows}
    assert rows["lung side"] == ("left / right", "rule", "NO", "1.000")
    assert rows["build"][1] == "network"


def test_an_evaluation_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="at least one"):
        measure_prompts([], [], _judges(None), tmp_path)
