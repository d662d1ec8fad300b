"""Cases and lessons in a scene, without a front end."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("slicer", reason="needs slicer-core", exc_type=ImportError)

from GuideGenLib.anatomy.table import values
from GuideGenLib.cases.answers import add_learner
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import Lesson, make_lesson
from GuideGenLib.cases.measure import measure
from GuideGenLib.cases.quiz import Quiz
from GuideGenLib.cases.scenes import put_into, read_saved, take_out
from GuideGenLib.cases.scoring import MEASURE, POINT
from GuideGenLib.scene.errors import SceneWarning
from GuideGenLib.scene.files import SavedCase, read_case
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.dated import OUT_OF_DATE
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.run import runs
from GuideGenLib.scene.segments.segmentation import read_anatomy
from Testing.cases.conftest import Make


@pytest.fixture
def scene() -> Iterator[Any]:
    headless = new_scene()
    yield headless.scene


@pytest.fixture
def lesson(catalogue: CaseCatalogue) -> Lesson:
    kidney, healthy = catalogue.entries()
    asked = [(kidney, POINT, "", "kidney_tumor"), (kidney, MEASURE, "", "kidney_tumor"), (healthy, POINT, "", None)]
    return make_lesson(catalogue.lessons, "Week 1", asked)


def texts_of(scene: Any) -> str:
    """All that a scene would write of its nodes."""
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return " ".join(f"{node.GetName()} {node.GetAttributeNames()} {node}" for node in nodes).lower()


@pytest.mark.parametrize("recorded", [True, False])
def test_a_case_goes_into_a_scene_and_out_again(scene: Any, saved: Make, recorded: bool):
    before = {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}
    whole = saved()
    case = SavedCase(whole.anatomy, whole.ct, whole.provenance if recorded else None)
    segmentation, ct = put_into(scene, case, "mine")
    now = read_case(segmentation, ct)
    assert (sitk.GetArrayViewFromImage(now.anatomy) == sitk.GetArrayViewFromImage(case.anatomy)).all()
    assert (now.provenance is not None) is recorded and len(runs(scene)) == 1
    take_out(scene, segmentation, ct)
    left = {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())} - before
    assert [one for one in left if "Volume" in one or "Segmentation" in one] == [] == runs(scene)


def test_a_ct_of_another_state_is_left_out_and_asked_about_in_no_lesson(
    scene: Any, catalogue: CaseCatalogue, saved: Make
):
    whole = saved()
    old = SavedCase(whole.anatomy, whole.ct, {**(whole.provenance or {}), OUT_OF_DATE: "The liver was painted."})
    entry = catalogue.keep(old, "edited")
    assert entry.out_of_date == "The liver was painted."
    segmentation, ct = put_into(scene, read_saved(entry), entry.name)
    assert ct is None and OUT_OF_DATE not in provenance_of(segmentation)
    with pytest.raises(CaseError, match="The liver was painted"):
        make_lesson(catalogue.lessons, "Week 2", [(entry, POINT, "", "kidney_tumor")])


def test_a_case_that_cannot_be_read_is_refused(catalogue: CaseCatalogue):
    entry = catalogue.entries()[0]
    (entry.path / "ct.nii.gz").write_text("no volume")
    with pytest.raises(CaseError, match="no volume"):
        read_saved(catalogue.entry(entry.name))


def test_a_question_shows_the_ct_alone_and_the_finding_after_the_answer(scene: Any, lesson: Lesson, saved: Make):
    put_into(scene, saved(), "the teacher's")
    teachers = nodes_of(scene, "vtkMRMLSegmentationNode")
    quiz = Quiz(scene, lesson, add_learner(lesson, "Ana"))
    before = texts_of(scene)
    ct = quiz.ask(quiz.next_open)
    assert ct.GetName() == "Question 1" and quiz.question.kind == POINT
    assert not any(node.GetDisplayNode().GetVisibility() for node in teachers)
    assert texts_of(scene).count("kidney") == before.count("kidney"), "the new nodes tell nothing"
    with pytest.raises(CaseError, match="not answered yet"):
        quiz.reveal()
    with pytest.raises(CaseError, match="not answered yet"):
        quiz.told()
    (found,) = measure(saved().anatomy)
    assert quiz.answer([ras_of(np.mean(found.ends, axis=0))]).points == 1.0
    node = quiz.reveal()
    assert quiz.reveal() is node and node.GetName() == "kidney tumor"
    with pytest.warns(SceneWarning, match="no body segment"):
        shown = sitk.GetArrayFromImage(read_anatomy(node))
    assert (shown == values()["kidney_tumor"]).sum() * 0.216 == pytest.approx(found.ml)
    assert quiz.told().startswith("100 of 100 points\nkidney tumor\nwithin it\nA 58-year-old woman")


def test_the_next_question_takes_the_place_of_the_one_before(scene: Any, lesson: Lesson, saved: Make):
    quiz = Quiz(scene, lesson, add_learner(lesson, "Ana"))
    first = quiz.ask(1)
    quiz.answer([(0.0, 0.0, 0.0)])
    quiz.reveal()
    assert quiz.next_open == 2
    second = quiz.ask(2)
    assert not scene.IsNodePresent(first) and nodes_of(scene, "vtkMRMLSegmentationNode") == []
    (found,) = measure(saved().anatomy)
    score = quiz.answer([ras_of(end) for end in found.ends])
    assert score.dice is not None and f"Dice {score.dice:.2f}" in quiz.told()
    quiz.ask(3)
    quiz.answer([])
    assert quiz.reveal() is None and "Nothing to find" in quiz.told()
    assert not second.GetSaveWithScene()
    quiz.clear()
    assert nodes_of(scene, "vtkMRMLScalarVolumeNode") == []
    assert quiz.next_open == 1
