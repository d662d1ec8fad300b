"""Two pictures for those who want to see it: six patients of one text, and patients beside people of the training.

All are drawn on one scale in the colours of the anatomy table: the coronal slice through the liver, and below it the
axial one.
"""

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import NDArray

from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.people.trained import TrainedPerson
from GuideGenLib.evaluation.report.montage import tile, write_montage

SPACING = 3.0
SHOWN, ROW = 6, "people_of_one_text.png"
"""Patients of one text in a row, and its file."""
COLUMNS, BESIDE = 10, "people_beside_the_training.png"
"""Pictures a row of patients beside at most as many people of the training, and their file."""


def write_row(patients: Sequence[GeneratedCase], folder: Path) -> Path:
    """The first SHOWN patients in a row, two pixels a voxel."""
    shown = [_picture(case) for case in patients[:SHOWN]]
    write_montage(shown, [f"seed {case.seed}" for case in patients[:SHOWN]], folder / ROW, SHOWN, zoom=2)
    return folder / ROW


def write_beside(patients: Sequence[GeneratedCase], trained: Sequence[TrainedPerson], folder: Path) -> Path:
    """All patients, and below them people of the training: no two of the same bones."""
    people = list({person.bones: person for person in reversed(trained)}.values())[::-1][:COLUMNS]
    pictures = [_picture(case) for case in patients]
    names = [str(number) for number in range(1, len(patients) + 1)]
    columns = min(COLUMNS, max(len(patients), len(people)))
    gap = -len(pictures) % columns if people else 0
    pictures += [pictures[0] * 0] * gap + [tile(person.base.load().labels, stacked=True) for person in people]
    names += [""] * gap + [f"training: {person.bones}" for person in people]
    write_montage(pictures, names, folder / BESIDE, columns)
    return folder / BESIDE


def _picture(case: GeneratedCase) -> NDArray:
    return tile(case.labels(SPACING)[0], stacked=True)
