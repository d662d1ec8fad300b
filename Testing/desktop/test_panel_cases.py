"""The case list and the lessons in the panel, pressed by a person. No worker runs."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.measure import measure
from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.scene.files import CT, SavedCase, read_case
from GuideGenLib.scene.geometry import ras_of
from Testing.desktop import host
from Testing.desktop.driver import Driver

TEXT = "A 58-year-old woman with a 40 mm tumor in the left lung."


def record_of(text: str, seed: int) -> dict[str, Any]:
    return {"synthetic": True, "text": text, "description": to_json(parse(text)), "settings": {"seed": seed}}


@pytest.fixture
def catalogue(tmp_path: Path, small_anatomy: sitk.Image, small_ct: sitk.Image) -> CaseCatalogue:
    """Two cases, one with a lung tumour and one with nothing to find."""
    made = CaseCatalogue(tmp_path / "my cases")
    made.keep(SavedCase(small_anatomy, small_ct, record_of(TEXT, 3)))
    labels = sitk.GetArrayFromImage(small_anatomy)
    labels[labels == table.values()["lung_tumor"]] = table.values()["lung_upper_lobe_left"]
    healthy = sitk.GetImageFromArray(labels)
    healthy.CopyInformation(small_anatomy)
    made.keep(SavedCase(healthy, small_ct, record_of("A healthy 30-year-old man.", 7)))
    return made


@pytest.fixture
def cases(panel: Driver, catalogue: CaseCatalogue) -> Driver:
    """The panel with the folder chosen and all thumbnails drawn."""
    panel.ui.casesSection.collapsed = False
    panel.ui.casesFolderEdit.currentPath = str(catalogue.folder)
    panel.wait(lambda: drawn(panel), "the thumbnails are drawn")
    return panel


def drawn(panel: Driver) -> bool:
    items = [panel.ui.casesList.item(row) for row in range(panel.ui.casesList.count)]
    return bool(items) and not any(item.icon().isNull() for item in items)


def names(panel: Driver) -> list[str]:
    return [panel.ui.casesList.item(row).text().split("\n")[0] for row in range(panel.ui.casesList.count)]


def open_case(panel: Driver, row: int) -> None:
    """Double-click a case of the list and wait until it is there."""
    panel.ui.casesList.itemDoubleClicked(panel.ui.casesList.item(row))
    panel.wait(lambda: names(panel)[row].endswith("(open)"), "the case is open")


def test_the_list_shows_pictures_and_is_searched(cases: Driver, catalogue: CaseCatalogue):
    assert names(cases) == [entry.name for entry in catalogue.entries()]
    assert names(cases)[0].startswith("left-lung-") and cases.ui.casesLabel.text == "2 of 2 cases"
    assert cases.ui.casesList.item(0).icon().availableSizes()[0].width() == 240
    cases.ui.casesSearchEdit.text = "woman tumor"
    assert len(names(cases)) == 1 and cases.ui.casesLabel.text == "1 of 2 cases"
    assert cases.slicer.app.settings().value("GuideGen/CasesFolder") == str(catalogue.folder)


def test_a_case_is_opened_and_the_next_takes_its_place(cases: Driver, small_anatomy: sitk.Image):
    open_case(cases, 0)
    assert (cases.state.prompt, cases.state.seed) == (TEXT, 3)
    now = read_case(cases.state.segmentation, cases.state.ct)
    assert np.array_equal(sitk.GetArrayViewFromImage(now.anatomy), sitk.GetArrayViewFromImage(small_anatomy))
    composite = cases.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == cases.state.ct.GetID()
    cases.press("nextCaseButton")
    cases.wait(lambda: names(cases)[1].endswith("(open)"), "the next one is open")
    assert cases.state.seed == 7 and cases.ui.runsList.count == 1, "the first has gone"
    cases.press("nextCaseButton")
    assert cases.ui.casesLabel.text == "This is the last case of the list."
    assert not host.DIALOGS.errors, host.DIALOGS.details


def test_a_case_that_was_painted_on_stays_in_the_scene(cases: Driver):
    open_case(cases, 0)
    liver = sitk.GetArrayFromImage(cases.anatomy()) == table.values()["liver"]
    liver[24] = False
    cases.write("liver", liver)
    cases.press("nextCaseButton")
    cases.wait(lambda: names(cases)[1].endswith("(open)"), "the next one is open")
    assert cases.ui.runsList.count == 2


def test_cases_are_kept_tagged_renamed_deleted_and_taken_back(cases: Driver, catalogue: CaseCatalogue):
    assert not cases.ui.keepCaseButton.enabled and not cases.ui.tagCaseButton.enabled
    open_case(cases, 0)
    first = names(cases)[0].removesuffix(" (open)")
    cases.press("keepCaseButton")
    cases.wait(lambda: cases.ui.casesLabel.text == f"Kept as {first}-2.", "the case is kept")
    assert catalogue.entry(f"{first}-2").text == TEXT
    cases.ui.casesList.setCurrentRow(1)
    cases.ui.caseTagsEdit.text = "exam, hard"
    cases.press("tagCaseButton")
    assert catalogue.entry(f"{first}-2").tags == ("exam", "hard")
    cases.ui.caseNameEdit.text = "A Tuesday"
    cases.press("renameCaseButton")
    assert names(cases)[0] == "A Tuesday" and cases.ui.casesList.currentRow == 0
    cases.press("duplicateCaseButton")
    assert "A Tuesday-2" in names(cases)
    assert not cases.ui.undoDeleteButton.enabled
    cases.press("deleteCaseButton")
    assert "A Tuesday-2" not in names(cases)
    cases.press("undoDeleteButton")
    assert "A Tuesday-2" in names(cases)
    cases.ui.caseNameEdit.text = "../x"
    with pytest.raises(ValueError, match="cannot be the name"):
        cases.widget.casesPanel.onRename()
    assert "cannot be the name" in host.DIALOGS.errors[-1]
    host.DIALOGS.errors.clear()


def test_a_broken_case_tells_what_is_wrong_and_the_others_open(cases: Driver, catalogue: CaseCatalogue):
    path = catalogue.entries()[0].path / CT
    path.write_bytes(path.read_bytes()[:-100])
    cases.widget.casesPanel.listCases()
    cases.wait(lambda: drawn(cases), "the thumbnails are tried")
    assert "cut short" in cases.ui.casesList.item(0).text()
    open_case(cases, 1)
    assert cases.state.seed == 7


def test_a_lesson_is_made_and_taken(cases: Driver, catalogue: CaseCatalogue, small_anatomy: sitk.Image):
    cases.ui.lessonsSection.collapsed = False
    open_case(cases, 0)
    teachers = cases.state.segmentation
    for row in (0, 1):
        cases.ui.casesList.item(row).setSelected(True)
    cases.ui.lessonTitleEdit.text = "Week 1"
    cases.press("makeLessonButton")
    assert cases.ui.lessonComboBox.currentText == "Week 1" and not cases.ui.placeAnswerButton.enabled
    cases.ui.learnerEdit.text = "Ana"
    cases.press("startLessonButton")
    assert cases.ui.questionLabel.text.startswith("Question 1 of 2\nPoint at the finding")
    assert cases.state.segmentation is None and cases.state.ct.GetName() == "Question 1"
    assert not teachers.GetDisplayNode().GetVisibility(), "nothing of the case is shown"
    assert not cases.ui.submitAnswerButton.enabled
    cases.picture("panel-lesson")

    (found,) = measure(small_anatomy)
    place(cases, [ras_of(np.mean(found.ends, axis=0))])
    cases.press("submitAnswerButton")
    assert cases.ui.answerLabel.text.startswith("100 of 100 points\nlung tumor\nwithin it")
    finding = cases.slicer.mrmlScene.GetFirstNodeByName("lung tumor")
    assert finding.GetSegmentation().GetNumberOfSegments() == 1
    view = cases.slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetSliceToRAS()
    assert abs(view.GetElement(2, 3) - np.mean(found.ends, axis=0)[2]) < 12, "the view goes there"
    cases.picture("panel-lesson-answer")

    cases.press("nextQuestionButton")
    assert cases.slicer.mrmlScene.GetFirstNodeByName("lung tumor") is None
    assert cases.slicer.mrmlScene.GetFirstNodeByName("Answer") is None
    cases.press("nothingButton")
    assert "Nothing to find" in cases.ui.answerLabel.text and not cases.ui.nextQuestionButton.enabled
    cases.press("lessonResultsButton")
    with (catalogue.lessons / "Week 1" / "results.csv").open(encoding="utf-8") as file:
        assert [row["points"] for row in csv.DictReader(file)] == ["1.000", "1.000"]
    cases.press("startLessonButton")
    assert cases.ui.answerLabel.text.startswith("100 of 100 points"), "the same learner goes on, and the answer stays"
    assert not host.DIALOGS.errors, host.DIALOGS.details


def test_a_measurement_is_two_clicks(cases: Driver, small_anatomy: sitk.Image):
    cases.ui.casesList.item(0).setSelected(True)
    cases.choose("lessonKindComboBox", "Measure")
    cases.ui.lessonTitleEdit.text = "Sizes"
    cases.press("makeLessonButton")
    cases.ui.learnerEdit.text = "Ben"
    cases.press("startLessonButton")
    assert not cases.ui.nothingButton.enabled and cases.ui.placeAnswerButton.text == "Measure"
    (found,) = measure(small_anatomy)
    ends = [ras_of(end) for end in found.ends]
    cases.press("placeAnswerButton")
    mark = cases.widget.quizPanel.mark
    mark.AddControlPointWorld(ends[0])
    mark.InvokeEvent(mark.PointPositionDefinedEvent)
    assert not cases.ui.submitAnswerButton.enabled and cases.ui.placeAnswerButton.checked
    cases.press("placeAnswerButton")
    place(cases, ends)
    cases.press("submitAnswerButton")
    assert "mm measured" in cases.ui.answerLabel.text and "Dice 0." in cases.ui.answerLabel.text


def test_an_outline_has_as_many_clicks_as_one_likes(cases: Driver, small_anatomy: sitk.Image):
    cases.ui.casesList.item(0).setSelected(True)
    cases.choose("lessonKindComboBox", "Outline")
    cases.ui.lessonTitleEdit.text = "Outlines"
    cases.press("makeLessonButton")
    cases.ui.learnerEdit.text = "Cleo"
    cases.press("startLessonButton")
    assert not cases.ui.nothingButton.enabled and cases.ui.placeAnswerButton.text == "Draw the outline"
    (found,) = measure(small_anatomy)
    middle = ras_of([(one + other) / 2 for one, other in zip(*found.ends, strict=True)])
    corners = [(middle[0] + x, middle[1] + y, middle[2]) for x, y in ((-15, -15), (15, -15), (15, 15), (-15, 15))]
    cases.press("placeAnswerButton")
    mark = cases.widget.quizPanel.mark
    assert mark.IsA("vtkMRMLMarkupsClosedCurveNode")
    for number, corner in enumerate(corners, start=1):
        mark.AddControlPointWorld(corner)
        mark.InvokeEvent(mark.PointPositionDefinedEvent)
        assert cases.ui.submitAnswerButton.enabled == (number >= 3) and cases.ui.placeAnswerButton.checked
    cases.press("submitAnswerButton")
    assert "Dice 0." in cases.ui.answerLabel.text and "in the slice of your outline" in cases.ui.answerLabel.text


def place(panel: Driver, points: list) -> None:
    """Press the button and click: what Slicer makes of clicks are control points that become defined."""
    panel.press("placeAnswerButton")
    mark = panel.widget.quizPanel.mark
    for point in points:
        mark.AddControlPointWorld(point)
        mark.InvokeEvent(mark.PointPositionDefinedEvent)
    panel.wait(lambda: not panel.ui.placeAnswerButton.checked, "the button comes up")
