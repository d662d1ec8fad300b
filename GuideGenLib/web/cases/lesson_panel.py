"""Lessons on the page: questions about marked cases, a link for each learner, and what they answered."""

from __future__ import annotations

import asyncio
from typing import Any

from trame_server.utils.asynchronous import create_task

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.cases.answers import add_learner, learners_of, results_csv
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.entry import Entry
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import Lesson, lessons_in, make_lesson
from GuideGenLib.cases.measure import is_fluid, measure
from GuideGenLib.cases.names import clean
from GuideGenLib.cases.scoring import MEASURE, OUTLINE, POINT
from GuideGenLib.cases.trash import Trash
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.scene.files import ANATOMY
from GuideGenLib.web.cases.lesson_widgets import build_lessons
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, sentence, told

NOTHING = "nothing to find"


class LessonPanel(Panel):
    """Drafts are of the cases that the list has marked (state `cases_picked`)."""

    def __init__(self, server: Any, workspace: Workspace, catalogue: CaseCatalogue) -> None:
        super().__init__(server, workspace)
        self.catalogue = catalogue
        self.trash = Trash(catalogue.lessons)
        self.trash.empty()
        self.state.update(
            {
                "lesson_draft": [], "lesson_title": "", "lesson_titles": [], "lesson_chosen": "", "lesson_learners": [],
                "lesson_questions": 0, "lesson_learner": "", "lesson_problems": [], "lesson_busy": False,
                "lesson_deleted": "",
            }
        )  # fmt: skip
        self.state.change("lesson_chosen")(lambda **_: self.refresh())
        workspace.spoken.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the lessons and the learners of the chosen one, as they are on the disk now."""
        lessons, problems = lessons_in(self.catalogue.lessons)
        lesson = next((one for one in lessons if one.title == self.state.lesson_chosen), None)
        learners, more = learners_of(lesson) if lesson is not None else ([], [])
        with self.state:
            self.state.lesson_titles = [one.title for one in lessons]
            self.state.lesson_deleted = next((one.name for one in self.trash.held()), "")
            self.state.lesson_questions = len(lesson.questions) if lesson is not None else 0
            self.state.lesson_learners = [
                {"name": one.name, "token": one.token, "answered": len(one.answers), "points": round(one.points, 2)}
                for one in learners
            ]
            self.state.lesson_problems = [told(one) for one in (*problems, *more)]
            if lesson is None:
                self.state.lesson_chosen = ""

    def draft(self) -> None:
        """Questions about the marked cases, to be changed before the lesson is made."""
        names = list(self.state.cases_picked)
        if names and not self.state.lesson_busy:
            create_task(self._draft(names))

    async def _draft(self, names: list[str]) -> None:
        with self.state:
            self.state.lesson_busy = True
        rows = []
        try:
            for name in names:
                rows.append(await asyncio.to_thread(draft_of, self.catalogue.entry(name)))
        except GuideGenError as error:
            self.workspace.tell(sentence(error), "error")
        with self.state:
            self.state.lesson_busy = False
            self.state.lesson_draft = rows

    def change(self, place: int, name: str, value: str) -> None:
        """Change the kind, the finding or the text of a drafted question."""
        rows = [dict(row) for row in self.state.lesson_draft]
        if 0 <= place < len(rows) and name in ("kind", "finding", "text"):
            rows[place][name] = value
            found = next((one for one in rows[place]["findings"] if one["value"] == value), None)
            if name == "finding" and found is not None and rows[place]["kind"] not in found["kinds"]:
                rows[place]["kind"] = POINT
            with self.state:
                self.state.lesson_draft = rows

    def make(self) -> None:
        """The lesson of the draft, whole or not at all."""
        rows = self.state.lesson_draft
        try:
            asked = [
                (self.catalogue.entry(row["case"]), row["kind"], row["text"], row["finding"] or None) for row in rows
            ]
            lesson = make_lesson(self.catalogue.lessons, str(self.state.lesson_title or ""), asked)
        except GuideGenError as error:
            self.workspace.tell(sentence(error), "warning")
            return
        with self.state:
            self.state.update({"lesson_draft": [], "lesson_title": "", "cases_picked": []})
            self.state.lesson_chosen = lesson.title
            self.refresh()
        self.workspace.tell(
            say(
                "Lesson {title} is made (questions: {count}). Add its learners.",
                title=lesson.title,
                count=len(lesson.questions),
            ),
            "success",
        )

    def add_learner(self) -> None:
        """A link for the learner whose name is typed."""
        try:
            learner = add_learner(self._lesson(self.state.lesson_chosen), str(self.state.lesson_learner or ""))
        except GuideGenError as error:
            self.workspace.tell(sentence(error), "warning")
            return
        with self.state:
            self.state.lesson_learner = ""
            self.refresh()
        self.workspace.tell(say("{name} has a link now: copy it.", name=learner.name), "success")

    def delete(self) -> None:
        """Move the chosen lesson, with its answers, to the trash of the lessons; its links open nothing then."""
        try:
            deleted = self.trash.put(self._lesson(self.state.lesson_chosen).folder)
        except CaseError as error:
            self.workspace.tell(sentence(error), "warning")
            return
        self.refresh()
        words = "Lesson {name} deleted, with its answers. Undo takes it back."
        self.workspace.tell(say(words, name=deleted.name), "success")

    def undo_delete(self) -> None:
        """Take the lesson that was deleted last back, with its links and answers."""
        held = self.trash.held()
        if not held:
            return
        try:
            self.trash.take_back(held[0], held[0].name)
        except CaseError as error:
            self.workspace.tell(sentence(error), "warning")
            return
        with self.state:
            self.state.lesson_chosen = held[0].name
        self.refresh()
        self.workspace.tell(say("Lesson {name} is back.", name=held[0].name), "success")

    def add_routes(self, application: Any) -> None:
        """The results (aiohttp.web.Application)."""
        application.router.add_get("/cases/results", self._results, allow_head=False)

    async def _results(self, request: Any) -> Any:
        """CSV of the lesson that `lesson` names."""
        from aiohttp import web

        try:
            lesson = self._lesson(request.query.get("lesson", ""))
        except CaseError as error:
            return web.Response(status=404, text=sentence(error))
        name = f"{clean(lesson.title)}-results.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(text=results_csv(lesson), content_type="text/csv", headers=headers)

    def build(self) -> None:
        """Draft, lessons, learners."""
        build_lessons(self)

    def _lesson(self, title: str) -> Lesson:
        for lesson in lessons_in(self.catalogue.lessons)[0]:
            if lesson.title == title:
                return lesson
        raise CaseError(f"there is no lesson {title!r}", "choose one of the list")


def draft_of(entry: Entry) -> dict[str, Any]:
    """A first question about a case: to point at its first finding, or that there is none. `findings`: what may be
    asked for instead; an empty value stands for nothing to find. Raises VolumeError, CaseError."""
    if entry.problem:
        raise CaseError(entry.problem)
    found = list({one.key: one for one in reversed(measure(read_anatomy(entry.path / ANATOMY)))}.values())[::-1]
    options = [
        {"value": one.key, "title": f"{told(one.name)}, {one.size}", "kinds": _kinds_of(one.key)} for one in found
    ]
    nothing = {"value": "", "title": say(NOTHING), "kinds": [POINT]}
    first = options[0]["value"] if options else ""
    return {"case": entry.name, "kind": POINT, "finding": first, "text": "", "findings": [*options, nothing]}


def _kinds_of(finding: str) -> list[str]:
    """What may be asked about a finding: the diameter of a fluid means nothing."""
    return [POINT, OUTLINE] if is_fluid(finding) else [POINT, MEASURE, OUTLINE]
