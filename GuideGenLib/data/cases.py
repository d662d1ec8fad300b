"""A case of training data as its files lie on disk, and the error that says what is wrong with data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from GuideGenLib.core.errors import GuideGenError

Spacing = tuple[float, float, float]


class DataError(GuideGenError):
    """Training data cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class CaseFiles:
    """One patient on disk: a CT, labels, or both.

    `labels` is a label map, or a folder of masks, or None for a scan without labels.
    `meaning`: our label value for each value of the label map; for a folder of masks, for each file name in it. 0 is a
    structure that our anatomy table lacks, anatomy.unknown.OUTSIDE one that may be anything (an ignore label, a lesion
    of no named organ).
    `known`: our values that the source labels. What is not among them is unknown in the label map, never background.
    `body` among them says that the source tells the patient from the air; where it does not name every organ, its
    voxels of `body` may be any organ that is not known, and its 0 is air.
    `problem`: what keeps the case from being used, with the remedy, as far as it shows without reading volumes.
    """

    name: str
    ct: Path | None = None
    labels: Path | None = None
    meaning: Mapping[int, int] | Mapping[str, int] | None = None
    known: frozenset[int] = frozenset()
    problem: str | None = None

    def check(self) -> None:
        """Raises DataError for a case that has a problem."""
        if self.problem:
            raise DataError(self.problem)
