"""The learners of a lesson and what they answered: a file for each, which nobody else writes. Results as CSV."""

import csv
import hmac
import io
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.cases.entry import read_object
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import ANSWERS, Lesson, lessons_in
from GuideGenLib.cases.measure import Point
from GuideGenLib.cases.names import clean
from GuideGenLib.cases.scoring import PLACES, Score, score
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import write_json
from GuideGenLib.scene.files import ANATOMY

LEARNER = re.compile(r"\w[\w .'-]{0,59}")
"""A name that no spreadsheet takes for a formula."""
FARTHEST_MM = 10_000.0
MOST_SHOWN = 2
"""Places of an answer in the table; an outline has many, and is told as such."""
SCORES = ("distance_mm", "length_mm", "true_mm", "dice")
COLUMNS = ("lesson", "learner", "question", "kind", "finding", "answer", "at", "points", *SCORES)


@dataclass(frozen=True)
class Learner:
    """path: of the file; token: of the link; answers: by the number of the question, as `answer` keeps them."""

    path: Path
    name: str
    token: str
    answers: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Of all answers together, one each at most."""
        return sum(float(one["score"]["points"]) for one in self.answers.values())


def add_learner(lesson: Lesson, name: str) -> Learner:
    """A new learner with a link of their own. Raises CaseError for a name that is taken or is none."""
    name = " ".join(name.split())
    if not LEARNER.fullmatch(name) or not clean(name):
        raise CaseError(f"{name[:60]!r} cannot be a learner's name", "take letters, digits and spaces, 60 at most")
    others, _ = learners_of(lesson)
    path = lesson.folder / ANSWERS / f"{clean(name).lower()}.json"
    if path.exists() or any(other.name.casefold() == name.casefold() for other in others):
        raise CaseError(f"{name} is in this lesson already", "give another name")
    learner = Learner(path, name, secrets.token_urlsafe(16))
    path.parent.mkdir(exist_ok=True)
    _write(learner)
    return learner


def learners_of(lesson: Lesson) -> tuple[list[Learner], list[str]]:
    """The learners by name, and what is wrong with files that cannot be read."""
    found, problems = [], []
    folder = lesson.folder / ANSWERS
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            found.append(read_learner(path, lesson))
        except CaseError as error:
            problems.append(str(error))
    return found, problems


def read_learner(path: Path, lesson: Lesson) -> Learner:
    """A learner's file. Raises CaseError."""
    told = read_object(path)
    name, token, answers = told.get("learner"), told.get("token"), told.get("answers")
    wrong = CaseError(f"{path.parent.parent.name}/{ANSWERS}/{path.name} is no learner's file", "add the learner again")
    if not isinstance(name, str) or not isinstance(token, str) or len(token) < 16 or not isinstance(answers, dict):
        raise wrong
    kept = {}
    for number, one in answers.items():
        known = number.isdecimal() and 1 <= int(number) <= len(lesson.questions)
        points = one.get("score", {}).get("points") if known and isinstance(one, dict) else None
        if not isinstance(points, int | float) or not 0 <= points <= 1:
            raise wrong
        kept[int(number)] = one
    return Learner(path, name, token, kept)


def find_learner(folder: Path, token: str) -> tuple[Lesson, Learner] | None:
    """Whose link this is, in a folder of lessons; None for a token that nobody has."""
    found = None
    for lesson in lessons_in(folder)[0]:
        for learner in learners_of(lesson)[0]:
            if hmac.compare_digest(learner.token.encode(), token.encode("utf-8", "replace")):
                found = lesson, learner
    return found


def answer(lesson: Lesson, learner: Learner, number: int, places: Sequence[Point]) -> tuple[Learner, Score]:
    """Judge and keep the answer to a question (from 1): places LPS mm, none for "nothing to find". The first answer
    counts. Raises CaseError for a second one, and for places that are none."""
    question = lesson.question(number)
    if number in learner.answers:
        raise CaseError(f"question {number} is answered already", "the first answer counts")
    least, most = PLACES[question.kind]
    if places and not least <= len(places) <= most:
        wanted = f"give {least}" if least == most else f"give {least} to {most}"
        raise CaseError(f"{len(places)} places are no answer to question {number}", wanted)
    if not all(
        len(place) == 3 and all(math.isfinite(mm) and abs(mm) < FARTHEST_MM for mm in place) for place in places
    ):
        raise CaseError("a place is no place in the scan", "give three numbers in mm")
    try:
        anatomy = read_anatomy(lesson.case_folder(number) / ANATOMY)
    except GuideGenError as error:
        raise CaseError(f"the case of question {number} cannot be read", "ask your teacher to look at it") from error
    result = score(question.kind, places, anatomy, question.finding)
    kept = {
        "places": [list(place) for place in places],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "score": asdict(result),
    }
    learner = Learner(learner.path, learner.name, learner.token, {**learner.answers, number: kept})
    _write(learner)
    return learner, result


def results_csv(lesson: Lesson) -> str:
    """A line for each answer of each learner, and one without an answer for each question that is still open."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for learner in learners_of(lesson)[0]:
        for number, question in enumerate(lesson.questions, start=1):
            told = learner.answers.get(number)
            head = [lesson.title, learner.name, number, question.kind, question.finding or "nothing to find"]
            writer.writerow([*head, *(_cells(told) if told is not None else [""] * 7)])
    return text.getvalue()


def _cells(told: Mapping[str, Any]) -> list[str]:
    places = told.get("places") or ()
    shown = "; ".join(" ".join(f"{mm:.1f}" for mm in place) for place in places) or "nothing to find"
    if len(places) > MOST_SHOWN:
        shown = f"outline of {len(places)} places"
    numbers = [told["score"].get(name) for name in ("points", *SCORES)]
    return [shown, str(told.get("at", "")), *("" if value is None else f"{value:.3f}" for value in numbers)]


def _write(learner: Learner) -> None:
    answers = {str(number): dict(one) for number, one in sorted(learner.answers.items())}
    write_json({"learner": learner.name, "token": learner.token, "answers": answers}, learner.path)
