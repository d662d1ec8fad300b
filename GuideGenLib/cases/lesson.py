"""A lesson: one folder with its cases, its questions (lesson.json) and the answers of each learner. It can be copied.

The cases in it have numbers for names, so that no address tells what is to be found.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from GuideGenLib.anatomy.table import values
from GuideGenLib.cases.entry import Entry, read_object
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.measure import is_fluid
from GuideGenLib.cases.names import checked_name
from GuideGenLib.cases.scoring import KINDS, MEASURE, OUTLINE, POINT
from GuideGenLib.core.files import remedy, staged, write_json
from GuideGenLib.scene.files import ANATOMY, CT, PROVENANCE

LESSON, CASES, ANSWERS = "lesson.json", "cases", "answers"
FORMAT = 1
LONGEST_QUESTION, MOST_QUESTIONS = 400, 200
ASKED = {
    POINT: "Point at the finding, or say that there is nothing to find.",
    MEASURE: "Measure the longest diameter of the finding.",
    OUTLINE: "Draw the outline of the finding in one slice.",
}
"""What is asked where the teacher writes nothing: no word of it tells what is to be found."""


@dataclass(frozen=True)
class Question:
    """case: number of its folder in the lesson; kind: of scoring.KINDS; text: what the learner reads; finding: key of
    the label that answers it, None where there is nothing to find."""

    case: int
    kind: str
    text: str
    finding: str | None


@dataclass(frozen=True)
class Lesson:
    """folder: of the lesson, whose name is its title among lessons."""

    folder: Path
    title: str
    questions: tuple[Question, ...]

    def case_folder(self, number: int) -> Path:
        """Of the case of a question, counted from 1."""
        return self.folder / CASES / str(self.question(number).case)

    def question(self, number: int) -> Question:
        """Counted from 1. Raises CaseError for one that there is not."""
        if not 1 <= number <= len(self.questions):
            raise CaseError(f"the lesson has no question {number}", f"it has {len(self.questions)}")
        return self.questions[number - 1]

    @property
    def text_of_case(self) -> dict[int, str]:
        """What each case was drawn from, by its number, to be shown when its answer is."""
        told = {}
        for question in self.questions:
            record = self.folder / CASES / str(question.case) / PROVENANCE
            text = read_object(record).get("text") if record.exists() else None
            told[question.case] = text if isinstance(text, str) else ""
        return told


def make_lesson(folder: Path, title: str, asked: Sequence[tuple[Entry, str, str, str | None]]) -> Lesson:
    """A new lesson in a folder of lessons, whole or not at all. asked: case, kind, text (empty: ASKED) and finding of
    each question, in their order; a case that is asked twice is there once. Raises CaseError for a case without a CT,
    a finding that cannot be measured, a title that is taken, a disk that is full."""
    name = checked_name(title)
    if not asked:
        raise CaseError("a lesson needs a case", "choose at least one")
    if (folder / name).exists():
        raise CaseError(f"there is a lesson {name!r} already", "give it another title")
    numbers: dict[Path, int] = {}
    questions = []
    for entry, kind, text, finding in asked:
        _check(entry, kind, finding)
        number = numbers.setdefault(entry.path, len(numbers) + 1)
        questions.append(Question(number, kind, " ".join(text.split()) or ASKED[kind], finding))
    told = {"format": FORMAT, "title": name, "made": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with staged(folder) as private:
            (private / name / ANSWERS).mkdir(parents=True)
            for path, number in numbers.items():
                _copy_case(path, private / name / CASES / str(number))
            write_json({**told, "questions": [asdict(one) for one in questions]}, private / name / LESSON)
    except OSError as error:
        raise CaseError(f"the lesson {name!r} cannot be written", remedy(error)) from error
    return read_lesson(folder / name)


def read_lesson(folder: Path) -> Lesson:
    """A lesson as it lies there. Raises CaseError with what is wrong with it."""
    told = read_object(folder / LESSON)
    if told.get("format") != FORMAT or not isinstance(told.get("title"), str):
        raise CaseError(f"{folder.name}/{LESSON} is of another version", "make the lesson again")
    asked = told.get("questions")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_QUESTIONS:
        raise CaseError(f"{folder.name}/{LESSON} has no questions", "make the lesson again")
    lesson = Lesson(folder, told["title"], tuple(_question(folder, one) for one in asked))
    for number in range(1, len(asked) + 1):
        for name in (ANATOMY, CT):
            if not (lesson.case_folder(number) / name).is_file():
                raise CaseError(f"{folder.name} lacks {name} of question {number}", "copy the whole folder again")
    return lesson


def lessons_in(folder: Path) -> tuple[list[Lesson], list[str]]:
    """The lessons of a folder by title, and what is wrong with those that cannot be used."""
    found, problems = [], []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            try:
                found.append(read_lesson(path))
            except CaseError as error:
                problems.append(str(error))
    return found, problems


# ---------------------------------------------------------------- inside


def _check(entry: Entry, kind: str, finding: str | None) -> None:
    if entry.problem or entry.is_scene or not entry.has_ct:
        why = entry.problem or f"{entry.name} {'is a scene' if entry.is_scene else 'has no CT'}"
        raise CaseError(f"{why}: a question needs a case with its CT")
    if entry.out_of_date:
        raise CaseError(f"{entry.name}: {entry.out_of_date}", "open it, make its CT again, and keep it")
    if kind == MEASURE and (finding is None or is_fluid(finding)):
        raise CaseError(f"{entry.name} has nothing whose diameter can be measured", "ask to point at it")
    if kind == OUTLINE and finding is None:
        raise CaseError(f"{entry.name} has nothing that can be outlined", "ask to point at it")


def _question(folder: Path, told: Any) -> Question:
    wrong = CaseError(f"{folder.name}/{LESSON} has a question that is none", "make the lesson again")
    if not isinstance(told, dict) or set(told) != {"case", "kind", "text", "finding"}:
        raise wrong
    case, kind, text, finding = (told[name] for name in ("case", "kind", "text", "finding"))
    if type(case) is not int or case < 1 or kind not in KINDS or not isinstance(text, str):
        raise wrong
    if len(text) > LONGEST_QUESTION or (finding is not None and finding not in values()):
        raise wrong
    return Question(case, kind, text, finding)


def _copy_case(source: Path, target: Path) -> None:
    """The volumes and the record, whose files are only ever replaced: a second name keeps the bytes."""
    target.mkdir(parents=True)
    for name in (ANATOMY, CT, PROVENANCE):
        if (source / name).is_file():
            try:
                os.link(source / name, target / name)
            except OSError:
                shutil.copy2(source / name, target / name)
