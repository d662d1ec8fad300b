"""The alignment section: 1 for a segmenter that sees the mask, 0 for one that sees nothing, and no work done twice."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.evaluation.alignment.with_anatomy import PAPER, conditioning_mask, measure_alignment, segmentation
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.cells import cells
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, Section
from GuideGenLib.judges.agreement import ORGANS
from GuideGenLib.judges.segmenter import to_classes

CT_MM = 2.0


@pytest.fixture
def cases(tmp_path: Path, phantom: np.ndarray) -> list[GeneratedCase]:
    """Two cases whose CT is their label number at 3 mm: chest and abdomen, and a part of it without heart."""
    made = []
    tumour = phantom.copy()
    tumour[44:48, 14:20, 14:20] = values()["liver_tumor"]
    for key, labels in (("1", tumour[20:]), ("2", phantom[20:50])):
        case = GeneratedCase(key, "a text", 0, tmp_path / key)
        case.folder.mkdir()
        write_volume(image_from_array(labels, (3.0,) * 3, labels=True), case.folder / "anatomy.nii.gz")
        write_volume(image_from_array(labels, (3.0,) * 3, labels=False), case.folder / "ct.nii.gz")
        made.append(case)
    return made


class Reader:
    """A segmenter that reads the label numbers, or sees nothing."""

    def __init__(self, blind: bool = False) -> None:
        self.blind, self.calls = blind, 0

    def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
        self.calls += 1
        assert spacing == 3.0
        return np.zeros(hu.shape, np.uint8) if self.blind else to_classes(hu.round().astype(np.uint8))


def _judges(reader: Reader, identity: str = "a") -> Any:
    ceilings = {"scan": "anna", "dice": {"liver": 0.9, "spleen": 0.8}, "labels": {"liver": 0.9},
                "rendered": {"dice": {"heart": 0.7}}}  # fmt: skip
    return SimpleNamespace(
        segmenter=reader, ceilings=ceilings["dice"], identity=identity, about={"segmenter": {"ceilings": ceilings}}
    )


def _values(section: Section) -> dict[str, float | None]:
    return {figure.name: figure.value for figure in section.figures}


def test_a_perfect_segmenter(cases: list[GeneratedCase], tmp_path: Path) -> None:
    section = measure_alignment(cases, _judges(Reader()), tmp_path)
    found = _values(section)
    assert found["mean DSC of the organs"] == found["DSC of the worst organ"] == found["DSC liver"] == 1
    assert found["DSC duodenum"] is None  # the phantom has none
    mean = section.figures[0]
    assert mean.met and mean.cases == 2 and mean.ceiling == pytest.approx(0.85) and mean.paper == 0.65
    heart = next(figure for figure in section.figures if figure.name == "DSC heart")
    assert heart.cases == 1 and heart.ceiling is None
    picture = section.pictures[0][1]
    assert picture.is_file() and picture.read_bytes().startswith(b"\x89PNG")


def test_an_organ_that_the_judge_does_not_see_has_no_number(cases: list[GeneratedCase], tmp_path: Path) -> None:
    judges = _judges(Reader())
    judges.ceilings["spleen"] = 0.3
    section = measure_alignment(cases, judges, tmp_path)
    told = {figure.name: cells(figure) for figure in section.figures}
    assert told["DSC spleen"][1] == told["mean DSC of the organs"][1] == NOT_MEASURABLE
    assert told["DSC liver"][1] == told["mean DSC of the organs that the judge sees"][1] == "1.00"
    ours = section.tables[0].rows[len(PAPER)]
    assert ours[1] == ours[-1] == NOT_MEASURABLE and ours[3] == "1.00"


def test_one_that_sees_nothing(cases: list[GeneratedCase], tmp_path: Path) -> None:
    section = measure_alignment(cases, _judges(Reader(blind=True)), tmp_path)
    found = _values(section)
    assert found["mean DSC of the organs"] == found["DSC of the worst organ"] == 0
    assert section.figures[0].met is False


def test_the_tables_hold_paper_ours_and_ceiling(cases: list[GeneratedCase], tmp_path: Path) -> None:
    paper, distances, every = measure_alignment(cases, _judges(Reader()), tmp_path).tables
    assert len(paper.header) == len(ORGANS) + 2 and all(len(row) == len(paper.header) for row in paper.rows)
    assert [row[0] for row in paper.rows[: len(PAPER)]] == list(PAPER)
    assert paper.rows[-3][1] == "1.00" and paper.rows[-2][1] == "0.80"
    assert paper.rows[-1][0].startswith("rendered") and paper.rows[-1][-2:] == ("0.70", "0.70")
    assert next(row for row in distances.rows if row[0] == "liver")[1:] == ("0.0", "0.0", "2")
    assert next(row for row in every.rows if row[0] == "liver") == ("liver", "1.00", "2", "0.90")


def test_the_published_averages_are_those_of_their_organs() -> None:
    for row in PAPER.values():
        assert len(row) == len(ORGANS) + 1
        assert np.mean(row[:-1]) == pytest.approx(row[-1], abs=0.011)


def test_a_ct_is_segmented_once_by_the_same_judges(cases: list[GeneratedCase]) -> None:
    reader = Reader()
    first = segmentation(cases[0], _judges(reader))
    assert np.array_equal(segmentation(cases[0], _judges(reader)), first) and reader.calls == 1
    segmentation(cases[0], _judges(reader, "b"))
    assert reader.calls == 2
    ct = cases[0].folder / "ct.nii.gz"
    write_volume(image_from_array(np.zeros(first.shape), (3.0,) * 3, labels=False), ct)
    assert not segmentation(cases[0], _judges(reader, "b")).any() and reader.calls == 3


def test_mask_and_ct_of_other_extents_are_refused(cases: list[GeneratedCase]) -> None:
    mask = conditioning_mask(cases[0], (77, 56, 63))
    assert mask.shape == (77, 56, 63)
    with pytest.raises(EvaluationError, match="different extents"):
        conditioning_mask(cases[0], (60, 56, 64))
    with pytest.raises(EvaluationError, match="no generated case"):
        measure_alignment([], _judges(Reader()), Path())
