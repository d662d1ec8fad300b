"""The usability test: which scans each training sees, what it learns, how it is scored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import labels as rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.data.scans import Scan
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism import usability
from GuideGenLib.evaluation.realism.usability import (
    CLASSES,
    Lesson,
    OrganPatches,
    as_scan,
    measure_usability,
    organ_classes,
    read_losses,
    score,
    train,
    training_sets,
)


@pytest.fixture
def scan(phantom: np.ndarray) -> Scan:
    """The phantom, each of its organs with HU of its own."""
    table = np.random.default_rng(0).permutation(np.linspace(-150, 300, 256))
    table[0] = -1000
    return Scan("phantom", table[phantom].astype(np.int16), phantom, 3.0)


def test_both_draws_as_many_patches_from_real_scans_as_from_generated_ones(scan: Scan):
    real, made = [scan], [Scan(str(i), scan.hu, scan.labels, 3.0) for i in range(8)]
    sets = training_sets(real, made)
    assert sets["real"] == real and sets["synthetic"] == made and sets["synthetic 2"] == made[:2]
    assert list(sets) == ["real", "synthetic", "both", "synthetic 2"]
    assert sum(one is scan for one in sets["both"]) == 8 and len(sets["both"]) == 16


def test_without_a_held_out_scan_the_test_is_where_most_organs_can_be_tested(scan: Scan):
    labels = scan.labels
    spleen = np.where(labels == values()["spleen"], labels, 0)
    abdomen = np.where(np.isin(labels, [values()[key] for key in ("spleen", "liver", "stomach")]), labels, 0)
    scans = [Scan(name, scan.hu, one, 3.0) for name, one in (("a", labels), ("b", abdomen), ("c", spleen))]
    assert usability.tested_scan(scans).name == "b"
    assert usability.tested_scan([scans[0], scans[2]]).name == "c"


def test_classes_are_the_organs_and_lesions_count_as_theirs():
    table = organ_classes()
    named = {key: CLASSES[table[value]] for key, value in values().items()}
    assert named["background"] == "background" and named["kidney_left"] == named["kidney_right"] == "kidney"
    assert named["liver_tumor"] == "liver" and named["colon_gas"] == named["colon_tumor"] == "colon"
    assert named["vertebrae_lumbar"] == named["body"] == "body"
    assert set(named.values()) == set(CLASSES) and table.max() < len(CLASSES) and len(rows()) <= 256


def test_patches_show_classes_of_a_scan(scan: Scan):
    hu, labels, _ = OrganPatches([], [scan], [0]).draw()
    assert hu.shape == labels.shape and labels.max() < len(CLASSES)
    assert len(np.unique(labels)) > 3


def test_dice_is_taken_of_organs_that_the_scan_shows(scan: Scan):
    class Segmenter:
        def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
            raise AssertionError("takes strays away by the anatomy table, whose values are not CLASSES")

        def segment_coarse(self, hu: np.ndarray, spacing: float) -> tuple[np.ndarray, None]:
            found = organ_classes()[scan.labels]
            found[found == CLASSES.index("spleen")] = CLASSES.index("body")
            found[0] = CLASSES.index("duodenum")  # which the phantom does not have
            return found, None

    scores = score(Segmenter(), scan)  # type: ignore[arg-type]
    assert scores["liver"] == 1.0 and scores["spleen"] == 0.0 and "duodenum" not in scores


def test_a_short_training_runs_and_goes_on(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("GuideGenLib.judges.segmenter_patches.DEPTHS", (64,))
    monkeypatch.setattr("GuideGenLib.judges.segmenter_patches.PLANE", (32, 32))
    steps: list[str] = []
    found = train([scan], tmp_path, 2, steps.append)
    assert steps[-1].startswith("step 2/2")
    scores = score(found, scan)
    assert {"liver", "spleen", "lung"} <= scores.keys() and all(0 <= value <= 1 for value in scores.values())
    losses = read_losses(tmp_path)
    assert [step for step, _ in losses] == [1, 2] and all(loss > 0 for _, loss in losses)
    steps.clear()
    train([scan], tmp_path, 2, steps.append)
    assert steps == [] and read_losses(tmp_path) == losses


def test_generated_and_real_scans_are_told_apart_in_the_report(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "case"
    folder.mkdir()
    write_volume(image_from_array(scan.labels, (3.0, 3.0, 3.0), labels=True), folder / "anatomy.nii.gz")
    write_volume(image_from_array(scan.hu, (3.0, 3.0, 3.0), labels=False), folder / "ct.nii.gz")
    case = GeneratedCase("made", "A man.", 1, folder)
    assert np.array_equal(as_scan(case).hu, scan.hu) and np.array_equal(as_scan(case).labels, scan.labels)
    test, other = (Scan(name, scan.hu, scan.labels, 3.0) for name in ("tested", "other"))
    monkeypatch.setattr(usability, "labelled_names", lambda *_: ["tested"])
    monkeypatch.setattr(usability, "load_labelled", lambda _, __, names=None, spacing=0: [test] if names else [other])
    trained: dict[str, list[str]] = {}

    def fake(scans: list[Scan], run: Path, steps: int, log: Any) -> str:
        trained[run.name.rsplit("_", 1)[0]] = [one.name for one in scans]
        run.mkdir(parents=True)
        write_json({"losses": [[step, 2.0 - step / 100] for step in range(10)]}, run / "losses.json")
        return run.name

    monkeypatch.setattr(usability, "train", fake)
    monkeypatch.setattr(usability, "score", lambda name, scan: {"liver": len(name) / 100, "lung": 0.5})
    section = measure_usability([case] * 3, tmp_path, tmp_path, 3)
    both = ["other"] * 3 + ["made"] * 3
    assert trained == {"real": ["other"], "synthetic": ["made"] * 3, "both": both, "synthetic_2": ["made"] * 2}
    told = ("1 real", "3 generated", "1 real, 3 generated", "2 generated")
    assert section.tables[0].header == ("trained on", *told)
    assert [row[0] for row in section.tables[0].rows] == ["liver", "lung", "loss at the end", "still falls by"]
    assert len(section.figures) == 4 and section.figures[0].cases == 1 and not section.figures[0].note
    assert [picture.name for _, picture in section.pictures] == ["usability_loss.png", "usability_curve.png"]
    assert all(picture.is_file() for _, picture in section.pictures)
    assert any("held out of everything" in remark for remark in section.remarks)


def test_a_training_that_has_not_ended_is_told():
    falling = Lesson({"liver": 0.5, "lung": 0.7}, [(step, 10.0 - step) for step in range(10)])
    assert falling.mean == pytest.approx(0.6) and falling.still_falls == pytest.approx(1 - 1.5 / 3.5)
    assert Lesson({}, [(step, 1.0) for step in range(10)]).still_falls == 0
    assert Lesson({}, []).still_falls == 1


def test_too_few_scans_are_told(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(EvaluationError, match="no real scans"):
        measure_usability([], None, tmp_path, 3)
    monkeypatch.setattr(usability, "labelled_names", lambda *_: [])
    monkeypatch.setattr(usability, "load_labelled", lambda *_, **__: [scan])
    with pytest.raises(EvaluationError, match="one labelled scan"):
        measure_usability([], tmp_path, tmp_path, 3)
