"""Lessons, learners, answers, scores and results."""

import csv
import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.cases.answers import COLUMNS, add_learner, answer, find_learner, learners_of, results_csv
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import ASKED, LESSON, Lesson, lessons_in, make_lesson, read_lesson
from GuideGenLib.cases.measure import Point, measure
from GuideGenLib.cases.scoring import FAR_MM, MEASURE, OUTLINE, POINT, score
from Testing.cases.conftest import Make


@pytest.fixture
def lesson(catalogue: CaseCatalogue) -> Lesson:
    """Point at the tumour, measure it, and a patient with nothing to find."""
    kidney, healthy = catalogue.entries()
    asked = [
        (kidney, POINT, "", "kidney_tumor"),
        (kidney, MEASURE, "How  long is it?", "kidney_tumor"),
        (healthy, POINT, "", None),
    ]
    return make_lesson(catalogue.folder / "lessons", "Week 1", asked)


def places(*points: np.ndarray) -> list[Point]:
    """Points of numpy as an answer has them."""
    return [(float(x), float(y), float(z)) for x, y, z in points]


def test_a_lesson_is_a_folder_that_can_be_copied(lesson: Lesson, catalogue: CaseCatalogue, tmp_path: Path):
    assert sorted(path.name for path in lesson.folder.iterdir()) == ["answers", "cases", LESSON]
    assert sorted(path.name for path in (lesson.folder / "cases").iterdir()) == ["1", "2"], "numbers tell nothing"
    assert [question.text for question in lesson.questions] == [ASKED[POINT], "How long is it?", ASKED[POINT]]
    for entry in catalogue.entries():
        catalogue.delete(entry.name)
    add_learner(lesson, "Ana")
    shutil.copytree(lesson.folder, tmp_path / "elsewhere" / "Week 1")
    shutil.rmtree(catalogue.folder)
    copied = read_lesson(tmp_path / "elsewhere" / "Week 1")
    (ana,), _ = learners_of(copied)
    assert answer(copied, ana, 3, ())[1].points == 1.0


def test_no_word_that_a_learner_reads_before_tells_the_finding(lesson: Lesson):
    told = " ".join(ASKED.values()).lower()
    assert not any(word in told for word in ("kidney", "tumor", "tumour", "lung", "liver"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.update(format=2),
        lambda told: told.update(questions=[]),
        lambda told: told["questions"][0].update(kind="guess"),
        lambda told: told["questions"][0].update(case="../../x"),
        lambda told: told["questions"][0].update(case=9),
        lambda told: told["questions"][0].update(finding="pancake"),
        lambda told: told["questions"][0].update(more=1),
    ],
)
def test_a_broken_lesson_is_told_and_harms_no_other(lesson: Lesson, catalogue: CaseCatalogue, spoil):
    make_lesson(lesson.folder.parent, "Week 2", [(catalogue.entries()[0], POINT, "", "kidney_tumor")])
    told = json.loads((lesson.folder / LESSON).read_text("utf-8"))
    spoil(told)
    (lesson.folder / LESSON).write_text(json.dumps(told))
    found, problems = lessons_in(lesson.folder.parent)
    assert [one.title for one in found] == ["Week 2"] and len(problems) == 1 and "Week 1" in problems[0]


def test_what_cannot_be_asked_is_refused(lesson: Lesson, catalogue: CaseCatalogue, saved: Make):
    kidney, healthy = catalogue.entries()
    home = lesson.folder.parent
    for asked, why in (
        ([], "needs a case"),
        ([(healthy, MEASURE, "", None)], "nothing whose diameter"),
        ([(kidney, MEASURE, "", "pleural_effusion")], "nothing whose diameter"),
    ):
        with pytest.raises(CaseError, match=why):
            make_lesson(home, "Week 3", asked)
    (kidney.path / "ct.nii.gz").unlink()
    with pytest.raises(CaseError, match="has no CT"):
        make_lesson(home, "Week 3", [(catalogue.entry(kidney.name), POINT, "", "kidney_tumor")])
    with pytest.raises(CaseError, match="already"):
        make_lesson(home, "Week 1", [(healthy, POINT, "", None)])
    assert [path.name for path in home.iterdir()] == ["Week 1"]


def test_each_learner_has_a_link_and_a_file_of_their_own(lesson: Lesson):
    ana, ben = add_learner(lesson, "Ana Maria"), add_learner(lesson, "Ben")
    assert ana.token != ben.token and ana.path.name == "ana-maria.json"
    for name in ("ana  maria", "=1+1", "", "../x", "\u0001"):
        with pytest.raises(CaseError):
            add_learner(lesson, name)
    home = lesson.folder.parent
    found = find_learner(home, ben.token)
    assert found is not None and (found[0].title, found[1].name) == ("Week 1", "Ben")
    assert find_learner(home, "") is None and find_learner(home, ben.token + "x") is None
    (lesson.folder / "answers" / "ana-maria.json").write_text("{}")
    learners, problems = learners_of(lesson)
    assert [one.name for one in learners] == ["Ben"] and "ana-maria" in problems[0]


def test_a_pointer_scores_by_its_distance(saved: Make):
    case = saved()
    (found,) = measure(case.anatomy)
    middle = np.mean(found.ends, axis=0)
    assert score(POINT, places(middle), case.anatomy, found.key).points == 1.0
    edge = float(np.linalg.norm(np.subtract(*found.ends))) / 2
    away = middle + np.subtract(*found.ends) / (2 * edge) * (edge + 12.0)
    near = score(POINT, places(away), case.anatomy, found.key)
    assert near.distance_mm == pytest.approx(12.0 - 6 * math.sqrt(3) / 2, abs=1.0), "from the border, not the middle"
    assert near.points == pytest.approx(1 - near.distance_mm / FAR_MM)
    far = score(POINT, places(middle + 200), case.anatomy, found.key)
    assert far.points == 0 and far.distance_mm > 200


def test_a_measurement_scores_by_dice(saved: Make):
    case = saved()
    (found,) = measure(case.anatomy)
    ends = np.asarray(found.ends)
    outward = (ends[0] - ends[1]) / np.linalg.norm(ends[0] - ends[1]) * 3.0  # to the borders of the voxels
    line = ends[0] + outward, ends[1] - outward
    best = score(MEASURE, places(*line), case.anatomy, found.key)
    assert best.points == pytest.approx(1.0, abs=0.01) and best.length_mm == pytest.approx(best.true_mm)
    assert best.dice is not None and 0.7 < best.dice < 1
    half = score(MEASURE, places(ends.mean(axis=0), ends[0]), case.anatomy, found.key)
    aside = score(MEASURE, places(*(end + 20 for end in line)), case.anatomy, found.key)
    none = score(MEASURE, places(*(end + 200 for end in line)), case.anatomy, found.key)
    assert none.points == 0 < half.points < 0.7 and aside.points < 0.7
    assert score(MEASURE, places(ends[0], ends[0]), case.anatomy, found.key).points == 0, "a line of no length"


def test_a_line_is_held_against_the_nearest_piece(phantom: np.ndarray, put, saved: Make):
    from Testing.cases.conftest import image_of

    labels = put(put(phantom, "liver_tumor", (46, 20, 15), 30), "liver_tumor", (46, 20, 32), 60)
    anatomy = image_of(labels)
    small = measure(anatomy)[-1]
    told = score(MEASURE, small.ends, anatomy, "liver_tumor")
    assert told.true_mm == pytest.approx(small.mm) and told.points > 0.5


def test_nothing_to_find_is_an_answer(saved: Make):
    healthy, ill = saved("A healthy man.", 1, "").anatomy, saved().anatomy
    assert score(POINT, [], healthy, None).points == 1 and score(POINT, [(0, 0, 0)], healthy, None).points == 0
    assert score(POINT, [], ill, "kidney_tumor").points == 0


def test_the_first_answer_counts_and_is_kept(lesson: Lesson):
    ana = add_learner(lesson, "Ana")
    ana, _ = answer(lesson, ana, 1, [(0.0, 0.0, 0.0)])
    with pytest.raises(CaseError, match="first answer counts"):
        answer(lesson, ana, 1, [(1.0, 0.0, 0.0)])
    for wrong in ([(0.0, 0.0, 0.0)], [(0.0, 0.0, math.nan)] * 2, [(0.0, 0.0, 1e9)] * 2):
        with pytest.raises(CaseError):
            answer(lesson, ana, 2, wrong)
    for number in (0, 4):
        with pytest.raises(CaseError, match="no question"):
            answer(lesson, ana, number, ())
    (kept,), _ = learners_of(lesson)
    assert sorted(kept.answers) == [1] and kept.answers[1]["places"] == [[0.0, 0.0, 0.0]]


def test_results_are_a_line_for_each_question_of_each_learner(lesson: Lesson):
    ana, ben = add_learner(lesson, "Ana"), add_learner(lesson, "Ben")
    (found,) = measure(saved_anatomy(lesson))
    ana, _ = answer(lesson, ana, 1, places(np.mean(found.ends, axis=0)))
    ana, _ = answer(lesson, ana, 2, [found.ends[0], found.ends[1]])
    answer(lesson, ana, 3, ())
    answer(lesson, ben, 3, [(0.0, 0.0, 0.0)])
    rows = list(csv.DictReader(io.StringIO(results_csv(lesson))))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 6
    told = {(row["learner"], row["question"]): row for row in rows}
    assert told["Ana", "1"]["points"] == "1.000" and told["Ana", "1"]["distance_mm"] == "0.000"
    assert float(told["Ana", "2"]["dice"]) > 0.5 and float(told["Ana", "2"]["true_mm"]) == pytest.approx(
        found.mm, abs=0.01
    )
    assert told["Ana", "3"]["answer"] == "nothing to find" and told["Ana", "3"]["points"] == "1.000"
    assert told["Ben", "3"]["points"] == "0.000" and told["Ben", "1"]["points"] == "", "open"
    assert told["Ben", "1"]["finding"] == "kidney_tumor"


def saved_anatomy(lesson: Lesson):
    from GuideGenLib.anatomy.label_volumes import read_anatomy

    return read_anatomy(lesson.case_folder(1) / "anatomy.nii.gz")


def ring(middle: np.ndarray, radius_mm: float, z: float) -> list[Point]:
    """An outline like a circle in an axial plane."""
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return [(middle[0] + radius_mm * math.cos(at), middle[1] + radius_mm * math.sin(at), z) for at in angles]


def test_an_outline_counts_by_dice_in_its_slice(saved: Make):
    case = saved()
    (found,) = measure(case.anatomy)
    middle = np.mean(found.ends, axis=0)
    slices = sitk.GetArrayViewFromImage(case.anatomy) == values()[found.key]
    number = round(case.anatomy.TransformPhysicalPointToContinuousIndex(middle.tolist())[2])
    at = case.anatomy.TransformIndexToPhysicalPoint((0, 0, number))[2]
    area = slices[number].sum() * np.prod(case.anatomy.GetSpacing()[:2])
    radius = math.sqrt(area / math.pi)
    good = score(OUTLINE, ring(middle, radius, at), case.anatomy, found.key)
    assert good.points == good.dice > 0.85 and good.length_mm is None
    tight = score(OUTLINE, ring(middle, radius / 2, at), case.anatomy, found.key)
    assert tight.points == pytest.approx(0.4, abs=0.12), "a quarter of the area: 2 / (1 + 4)"
    wide = score(OUTLINE, ring(middle, 2 * radius, at), case.anatomy, found.key)
    assert wide.points == pytest.approx(0.4, abs=0.12)
    assert score(OUTLINE, ring(middle, radius, at + 100), case.anatomy, found.key).points == 0, "in another slice"
    assert score(OUTLINE, ring(middle + 100, radius, at), case.anatomy, found.key).points == 0, "beside it"
    assert score(OUTLINE, ring(middle, radius, 1e5), case.anatomy, found.key).points == 0, "outside of the scan"
    assert score(OUTLINE, (), case.anatomy, found.key).points == 0


def test_an_answer_by_outline_is_kept_and_told_short(catalogue: CaseCatalogue):
    kidney, healthy = catalogue.entries()
    with pytest.raises(CaseError, match="nothing that can be outlined"):
        make_lesson(catalogue.lessons, "None", [(healthy, OUTLINE, "", None)])
    lesson = make_lesson(catalogue.lessons, "Outlines", [(kidney, OUTLINE, "", "kidney_tumor")])
    learner = add_learner(lesson, "Ana")
    for places in ([(0.0, 0.0, 0.0)] * 2, [(0.0, 0.0, 0.0)] * 500):
        with pytest.raises(CaseError, match="give 3 to 400"):
            answer(lesson, learner, 1, places)
    answer(lesson, learner, 1, ring(np.zeros(3), 20.0, 0.0))
    (row,) = csv.DictReader(io.StringIO(results_csv(lesson)))
    assert row["kind"] == "outline" and row["answer"] == "outline of 60 places" and row["dice"] == row["points"]
