"""What the judges read in the CTs of each system, with the measures of the other parts of an evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.resources import resource
from GuideGenLib.evaluation.alignment.asked import asked_by
from GuideGenLib.evaluation.alignment.found_site import agrees, tumour_place
from GuideGenLib.evaluation.alignment.with_anatomy import conditioning_mask, segmentation
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.distances import Cells, measure_distances, unchanged
from GuideGenLib.evaluation.realism.figures import REFERENCE
from GuideGenLib.evaluation.realism.generated_scans import torso_of
from GuideGenLib.evaluation.realism.real_scans import Reals, levelled, read_reals, read_reference
from GuideGenLib.judges.agreement import ORGANS, compare_organs
from GuideGenLib.judges.classifiers import decade_of
from GuideGenLib.judges.features import Encoder, FeatureEncoderError, kept_blocks
from GuideGenLib.judges.folder import DEFAULT
from GuideGenLib.judges.segmenter import SPACING

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

Right = list[float]
"""Of each case 1 or 0, NaN where its text does not ask for it or nobody judges it."""


def dice_of(cases: Sequence[GeneratedCase], judges: "Judges") -> np.ndarray:
    """DSC [cases, organs] of the segmented CTs and the masks, NaN where neither shows the organ."""
    rows = []
    for case in cases:
        found = segmentation(case, judges)
        scores = compare_organs(found, conditioning_mask(case, found.shape), SPACING)
        rows.append([scores[organ][0] for organ in ORGANS])
    return np.array(rows)


@dataclass(frozen=True)
class Read:
    """What of the texts was read rightly in the CTs."""

    age: Right
    sex: Right
    place: Right


def read_texts(cases: Sequence[GeneratedCase], judges: "Judges") -> Read:
    """Decade and sex by the classifiers, the place of the tumour by the segmenter, as in `alignment.with_text`."""
    read = Read([], [], [])
    for case in cases:
        asked, found = asked_by(case.text), segmentation(case, judges)
        age = sex = place = float("nan")
        if judges.classifiers is not None:
            try:
                person = judges.classifiers.read(*case.hu(SPACING), found)
            except EvaluationError:  # a CT without a body shows neither age nor sex
                person = None
            if asked.age:
                age = float(person is not None and person.decade == decade_of(asked.age))
            if asked.sex:
                sex = float(person is not None and person.sex == asked.sex)
        if len(asked.lesions) == 1:
            place = float(agrees(tumour_place(found, SPACING), asked.lesions[0]))
        for kept, value in ((read.age, age), (read.sex, sex), (read.place, place)):
            kept.append(value)
    return read


class Realism:
    """FID of the features of each system's CTs to those of real scans, at the levels of the torso that both show."""

    def __init__(self, cases: Sequence[GeneratedCase], data: Path | None, judges: Path | None, output: Path) -> None:
        """cases: ours, on whose anatomies all CTs and the real scans are placed. Without encoder or real scans nothing
        is measured, and `missing` says why."""
        self.missing, self.floor = "", float("nan")
        self.encoder: Encoder | None = None
        self.reals = Reals([], [], None, "", {})
        self.marks = {case.key: torso_of(case).marks for case in cases}
        try:
            self.encoder = Encoder.load()
        except FeatureEncoderError as error:
            self.missing = str(error)
            return
        if data is not None:
            cache = output / "realism"
            cache.mkdir(parents=True, exist_ok=True)
            self.reals = read_reals(data, [torso_of(case) for case in cases], cache, self.encoder)
        else:
            kept = [folder / REFERENCE for folder in (judges, resource(*DEFAULT)) if folder]
            file = next((one for one in kept if one.is_file()), None)
            if file is None:
                self.missing = "there are neither real scans (--data) nor shipped statistics of some"
            else:
                self.reals = read_reference(file)
        if self.reals.cells and self.reals.encoder != self.encoder.weights:
            self.missing = "the statistics of real scans are of another encoder"

    def fid(self, cases: Sequence[GeneratedCase]) -> np.ndarray | None:
        """Of each draw of halves of the real scans; None where it cannot be measured. Keeps features in the cases'
        folders."""
        if self.encoder is None or self.missing or not self.reals.cells:
            return None
        shipped = None if self.reals.whole else self.reals.basis
        basis = self.reals.basis if shipped is None else unchanged(shipped.axes.shape[1])
        cells = []
        for case in cases:
            marks = self.marks[case.key]
            if marks is None:
                continue
            mine = levelled(kept_blocks(case.folder / "ct.nii.gz", case.folder / "features.npz", self.encoder), marks)
            if len(mine.levels):
                cells.append(mine if shipped is None else Cells(shipped(mine.features), mine.levels))
        found = measure_distances(self.reals.cells, cells, basis) if cells else None
        if found is None:
            return None
        self.floor = float(found.frechet_floor.mean())
        return found.frechet
