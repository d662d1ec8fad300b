"""Lessons: made of marked cases, and taken in Slicer: point or measure, submit, see the finding."""

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .Panel import Panel, enable
from .Signal import Signal

MARK_NAME = "Answer"
RESULTS = "results.csv"


def kindNames() -> dict[str, str]:
    """Key in cases.scoring.KINDS and its name on screen."""
    return {"point": _("Point at it"), "measure": _("Measure it"), "outline": _("Outline it")}


class QuizPanel(Panel, VTKObservationMixin):
    """asked: a question is shown, whose CT is the chosen one; found: tells where the finding lies (RAS mm) once it is
    shown. The answer is a markup that lives as long as its question.

    cases: whose `catalogue` has the lessons, and whose `marked()` are the cases of a new one.
    """

    def __init__(self, ui: Any, logic: Any, session: Any, cases: Any) -> None:
        Panel.__init__(self, ui, logic, session)
        VTKObservationMixin.__init__(self)
        self.cases = cases
        self.asked, self.found = Signal(), Signal()
        self.quiz: Any = None
        self.lessons: list = []
        self.mark: Any = None
        for key, name in kindNames().items():
            ui.lessonKindComboBox.addItem(name, key)
        names = ("makeLessonButton", "lessonResultsButton", "startLessonButton", "placeAnswerButton", "nothingButton")
        self._tips = {name: getattr(ui, name).toolTip for name in (*names, "submitAnswerButton", "nextQuestionButton")}
        ui.lessonTitleEdit.connect("textChanged(QString)", self.onText)
        ui.learnerEdit.connect("textChanged(QString)", self.onText)
        ui.casesList.connect("itemSelectionChanged()", self.refresh)
        ui.makeLessonButton.connect("clicked()", self.onMake)
        ui.lessonResultsButton.connect("clicked()", self.onResults)
        ui.startLessonButton.connect("clicked()", self.onStart)
        ui.placeAnswerButton.connect("toggled(bool)", self.onPlace)
        ui.nothingButton.connect("clicked()", lambda: self.submit([]))
        ui.submitAnswerButton.connect("clicked()", lambda: self.submit(self.places()))
        ui.nextQuestionButton.connect("clicked()", self.onNext)

    # ------------------------------------------------------------ what is shown

    def listLessons(self) -> None:
        """The lessons of the folder."""
        from GuideGenLib.cases.lesson import lessons_in

        chosen = self.ui.lessonComboBox.currentText
        catalogue = self.cases.catalogue
        self.lessons = lessons_in(catalogue.lessons)[0] if catalogue is not None else []
        self.ui.lessonComboBox.clear()
        for lesson in self.lessons:
            self.ui.lessonComboBox.addItem(lesson.title)
        titles = [lesson.title for lesson in self.lessons]
        if chosen in titles:
            self.ui.lessonComboBox.currentIndex = titles.index(chosen)
        self.refresh()

    def refresh(self) -> None:
        ui, marked = self.ui, self.cases.marked()
        none = _("There is no lesson in the folder of the cases.") if not self.lessons else ""
        for name, hindrance in (
            ("makeLessonButton", self._unmakeable(marked)),
            ("lessonResultsButton", none),
            ("startLessonButton", none or ("" if ui.learnerEdit.text.strip() else _("Give the learner's name."))),
            ("placeAnswerButton", self._closed()),
            ("nothingButton", self._closed() or self._measured()),
            ("submitAnswerButton", self._closed() or self._unplaced()),
            ("nextQuestionButton", "" if self._hasNext() else _("There is no further question.")),
        ):
            enable(getattr(ui, name), hindrance, self._tips[name])

    def _unmakeable(self, marked: list) -> str:
        if not marked:
            return _("Mark cases in the list first.")
        return "" if self.ui.lessonTitleEdit.text.strip() else _("Give the lesson a title.")

    def _closed(self) -> str:
        if self.quiz is None or self.quiz.number == 0:
            return _("Start a lesson first.")
        return _("This question is answered.") if self.quiz.answered else ""

    def _measured(self) -> str:
        return _("There is something to be found.") if self.quiz.question.kind != "point" else ""

    def _unplaced(self) -> str:
        least, most = self._wanted()
        return "" if least <= len(self.places()) <= most else _("Place your answer first.")

    def _wanted(self) -> tuple[int, int]:
        """How many places an answer has, at least and at most."""
        from GuideGenLib.cases.scoring import PLACES

        return PLACES[self.quiz.question.kind]

    def _hasNext(self) -> bool:
        return self.quiz is not None and 0 < self.quiz.number < len(self.quiz.lesson.questions)

    def onText(self, text: str) -> None:
        self.refresh()

    # ------------------------------------------------------------ the teacher

    def onMake(self) -> None:
        """A lesson of the marked cases, each asked for its first finding."""
        from GuideGenLib.anatomy.label_volumes import read_anatomy
        from GuideGenLib.cases.lesson import make_lesson
        from GuideGenLib.cases.measure import measure
        from GuideGenLib.scene.files import ANATOMY

        ui = self.ui
        with slicer.util.tryWithErrorDisplay(_("The lesson was not made."), waitCursor=True):
            kind = ui.lessonKindComboBox.itemData(ui.lessonKindComboBox.currentIndex)
            asked = []
            for entry in self.cases.marked():
                found = measure(read_anatomy(entry.path / ANATOMY))
                asked.append((entry, kind, "", found[0].key if found else None))
            lesson = make_lesson(self.cases.catalogue.lessons, ui.lessonTitleEdit.text, asked)
            ui.lessonTitleEdit.text = ""
            self.listLessons()
            ui.lessonComboBox.currentIndex = [one.title for one in self.lessons].index(lesson.title)

    def onResults(self) -> None:
        """The answers of all learners as a file in the folder of the lesson."""
        from GuideGenLib.cases.answers import results_csv
        from GuideGenLib.core.files import write_text

        with slicer.util.tryWithErrorDisplay(_("The results were not written.")):
            lesson = self.lessons[self.ui.lessonComboBox.currentIndex]
            write_text(results_csv(lesson), lesson.folder / RESULTS)
            self.ui.answerLabel.text = _("Wrote {path}.").format(path=lesson.folder / RESULTS)

    # ------------------------------------------------------------ the learner

    def onStart(self) -> None:
        """Begin a lesson, or go on where this learner left it."""
        from GuideGenLib.cases.answers import add_learner, learners_of
        from GuideGenLib.cases.quiz import Quiz

        with slicer.util.tryWithErrorDisplay(_("The lesson was not begun.")):
            lesson = self.lessons[self.ui.lessonComboBox.currentIndex]
            name = " ".join(self.ui.learnerEdit.text.split())
            known = [one for one in learners_of(lesson)[0] if one.name.casefold() == name.casefold()]
            self.stop()
            self.quiz = Quiz(slicer.mrmlScene, lesson, known[0] if known else add_learner(lesson, name))
            self.ask(self.quiz.next_open)

    def ask(self, number: int) -> None:
        """Show a question: its CT, and nothing of what is to be found."""
        self._unmark()
        with slicer.util.tryWithErrorDisplay(_("The question cannot be shown."), waitCursor=True):
            ct = self.quiz.ask(number)
        title = _("Question {number} of {count}").format(number=number, count=len(self.quiz.lesson.questions))
        self.ui.questionLabel.text = f"{title}\n{self.quiz.question.text}"
        self.ui.answerLabel.text = ""
        names = {"point": _("Point"), "measure": _("Measure"), "outline": _("Draw the outline")}
        self.ui.placeAnswerButton.text = names[self.quiz.question.kind]
        self.logic.choose(segmentation=None, ct=ct, compared=None)
        self.asked.emit()
        if self.quiz.answered:
            self.showResult()
        self.refresh()

    def onNext(self) -> None:
        self.ask(self.quiz.number + 1)

    def onPlace(self, down: bool) -> None:
        """Wait for the clicks of an answer; a new one takes the place of the one before."""
        if not down:
            self._interaction().SwitchToViewTransformMode()
            return
        self._unmark()
        marks = {"point": "Fiducial", "measure": "Line", "outline": "ClosedCurve"}
        kind = f"vtkMRMLMarkups{marks[self.quiz.question.kind]}Node"
        self.mark = slicer.mrmlScene.AddNewNodeByClass(kind, MARK_NAME)
        self.mark.SetSaveWithScene(False)
        self.mark.CreateDefaultDisplayNodes()
        self.addObserver(self.mark, self.mark.PointPositionDefinedEvent, self.onPlaced)
        logic = slicer.modules.markups.logic()
        logic.SetActiveList(self.mark)
        logic.StartPlaceMode(False)
        self.refresh()

    def onPlaced(self, caller: Any, event: Any) -> None:
        """A click; the button comes up with the last one, when the markup's own event is over. An outline has as many
        as the learner likes: a double click or a right click ends it, as every curve of Slicer."""
        if len(self.places()) == self._wanted()[1]:
            qt.QTimer.singleShot(0, self._placed)
        self.refresh()

    def _placed(self) -> None:
        self.ui.placeAnswerButton.checked = False
        self.refresh()

    def places(self) -> list:
        """Where the answer is, RAS mm."""
        found = []
        for index in range(self.mark.GetNumberOfControlPoints() if self.mark is not None else 0):
            if self.mark.GetNthControlPointPositionStatus(index) == self.mark.PositionDefined:
                ras = [0.0, 0.0, 0.0]
                self.mark.GetNthControlPointPositionWorld(index, ras)
                found.append(tuple(ras))
        return found

    def submit(self, places: list) -> None:
        """Judge and keep the answer, and show what was to be found."""
        with slicer.util.tryWithErrorDisplay(_("The answer was not kept."), waitCursor=True):
            self.quiz.answer(places)
            self.showResult()
        self.refresh()

    def showResult(self) -> None:
        """Score, names and the finding in the views."""
        from GuideGenLib.scene.segments.centre import place_within

        node = self.quiz.reveal()
        self.ui.answerLabel.text = self.quiz.told()
        if node is not None:
            self.found.emit(place_within(node, self.quiz.question.finding))

    # ------------------------------------------------------------ the end

    def stop(self) -> None:
        """Take question and answer out of the scene."""
        self._unmark()
        if self.quiz is not None:
            self.quiz.clear()
        self.quiz = None
        self.ui.questionLabel.text = self.ui.answerLabel.text = ""

    def exit(self) -> None:
        self.ui.placeAnswerButton.checked = False

    def cleanup(self) -> None:
        self.removeObservers()
        self.quiz = self.mark = None

    def _unmark(self) -> None:
        mark, self.mark = self.mark, None
        if mark is not None:
            self.removeObserver(mark, mark.PointPositionDefinedEvent, self.onPlaced)
            if mark.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(mark)

    def _interaction(self) -> Any:
        return slicer.app.applicationLogic().GetInteractionNode()
