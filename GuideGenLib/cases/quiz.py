"""A lesson taken in a scene: the CT of a question alone, an answer in it, and then the finding."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.cases.answers import Learner, answer
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import Lesson, Question
from GuideGenLib.cases.measure import Point
from GuideGenLib.cases.scoring import Score
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import read_ct
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.files import ANATOMY, CT
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.nodes import nodes_of, present
from GuideGenLib.scene.segments.segmentation import add_anatomy


class Quiz:
    """scene: of Slicer, or a headless one. One question is in it at a time, under a name that tells nothing."""

    def __init__(self, scene: Any, lesson: Lesson, learner: Learner) -> None:
        self.scene, self.lesson, self.learner = scene, lesson, learner
        self.number = 0
        self._ct: Any = None
        self._finding: Any = None

    @property
    def question(self) -> Question:
        """The one that is asked. Raises CaseError before there is one."""
        return self.lesson.question(self.number)

    @property
    def answered(self) -> bool:
        """Whether the question that is asked has its answer."""
        return self.number in self.learner.answers

    @property
    def next_open(self) -> int:
        """The first question without an answer, 1 where all have theirs."""
        numbers = range(1, len(self.lesson.questions) + 1)
        return next((number for number in numbers if number not in self.learner.answers), 1)

    def ask(self, number: int) -> Any:
        """Bring the CT of a question (from 1) into the scene and return its node; segmentations are hidden, as one of
        them may be of this case. What was asked before goes. Raises CaseError."""
        folder = self.lesson.case_folder(number)
        try:
            image = read_ct(folder / CT)
        except GuideGenError as error:
            raise CaseError("the scan cannot be read", "ask your teacher to look at it") from error
        self.clear()
        for node in nodes_of(self.scene, "vtkMRMLSegmentationNode"):
            if node.GetDisplayNode() is not None:
                node.GetDisplayNode().SetVisibility(False)
        self.number = number
        self._ct = add_ct(self.scene, image, f"Question {number}")
        self._ct.SetSaveWithScene(False)
        return self._ct

    def answer(self, places: Sequence[Sequence[float]]) -> Score:
        """Judge and keep an answer: places RAS mm as Slicer has them, none for "nothing to find". Raises CaseError."""
        lps: list[Point] = [ras_of(place) for place in places]
        self.learner, score = answer(self.lesson, self.learner, self.number, lps)
        return score

    def reveal(self) -> Any:
        """The finding of an answered question as a segmentation node, None where there is nothing to find. Raises
        CaseError before the answer."""
        if not self.answered:
            raise CaseError(f"question {self.number} is not answered yet", "answer it first")
        finding = self.question.finding
        if finding is None or present(self._finding) is not None:
            return present(self._finding)
        anatomy = read_anatomy(self.lesson.case_folder(self.number) / ANATOMY)
        mask = sitk.GetArrayViewFromImage(anatomy) == values()[finding]
        alone = on_grid_of(anatomy, np.where(mask, np.uint8(values()[finding]), np.uint8(0)))
        self._finding = add_anatomy(self.scene, alone, label(finding).name)
        self._finding.SetSaveWithScene(False)
        return self._finding

    def told(self) -> str:
        """The result of an answered question in words, a line each: points, finding, distance or lengths, the case's
        text. Raises CaseError before the answer."""
        if not self.answered:
            raise CaseError(f"question {self.number} is not answered yet", "answer it first")
        kept, finding = self.learner.answers[self.number]["score"], self.question.finding
        lines = [f"{100 * kept['points']:.0f} of 100 points"]
        lines.append(label(finding).name if finding is not None else "Nothing to find")
        if kept.get("distance_mm") is not None:
            lines.append(f"{kept['distance_mm']:.0f} mm away from it" if kept["distance_mm"] >= 0.5 else "within it")
        if kept.get("length_mm") is None and kept.get("dice") is not None:
            lines.append(f"Dice {kept['dice']:.2f} in the slice of your outline")
        if kept.get("length_mm") is not None:
            lines.append(f"{kept['length_mm']:.0f} mm measured, {kept['true_mm']:.0f} mm long, Dice {kept['dice']:.2f}")
        lines.append(self.lesson.text_of_case[self.question.case])
        return "\n".join(line for line in lines if line)

    def clear(self) -> None:
        """Take the question and its finding out of the scene."""
        for node in (present(self._finding), present(self._ct)):
            if node is not None:
                self.scene.RemoveNode(node)
        self._ct = self._finding = None
        self.number = 0
