"""The generated cases as realism looks at them: placed in the torso, with the HU and noise of their organs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.ct.reference import aged, reference_table
from GuideGenLib.data.torso_position import Placed, landmarks, painted, read_scan, small, transferred
from GuideGenLib.description import parse
from GuideGenLib.description.conditioning import years
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.real_scans import TORSOS
from GuideGenLib.evaluation.realism.texture import SPACING_MM, MeasuredTexture, table_means, texture


@dataclass(frozen=True)
class Made:
    """One generated case. table: mean HU that its tissues should have; torso: its anatomy painted in the table's HU.

    The torso has landmarks when the anatomy shows all of them, a whole torso; the CT has them also when they could be
    found on other torsos.
    """

    case: GeneratedCase
    placed: Placed
    texture: MeasuredTexture
    table: dict[str, float]
    torso: Placed

    @property
    def is_torso(self) -> bool:
        return self.torso.marks is not None


def torso_of(case: GeneratedCase) -> Placed:
    """The anatomy of a case in the table's HU, with landmarks when it is a whole torso."""
    labels, spacing = case.labels(3.0)
    return Placed(case.key, painted(labels, spacing), landmarks(labels, spacing))


def read_made(cases: Sequence[GeneratedCase], progress: Progress = silent) -> list[Made]:
    """Cases that have a CT, in their order."""
    found: list[Made] = []
    for index, case in enumerate(cases):
        torso = torso_of(case)
        copy = small(*read_scan(case.folder / "ct.nii.gz"))
        fine, hu = case.labels(SPACING_MM)[0], case.hu(SPACING_MM)[0]
        description = parse(case.text)
        table = table_means(fine, aged(reference_table(description.phase), years(description)))
        found.append(Made(case, Placed(case.key, copy, torso.marks), texture(hu, fine), table, torso))
        progress("realism", (index + 1) / len(cases))
    torsos = [one.torso for one in found if one.is_torso][:TORSOS]
    return [one if one.is_torso else _placed_on(one, torsos) for one in found]


def _placed_on(made: Made, torsos: Sequence[Placed]) -> Made:
    """A case that shows a part of the torso gets its landmarks from those that show it whole."""
    return replace(made, placed=replace(made.placed, marks=transferred(made.torso.small, torsos)))
