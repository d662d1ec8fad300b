"""A case of training data as its files lie on disk, and the error that says what is wrong with data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    `partly`: in each case the source labels some of these alone, namely those that the label map shows.
    `problem`: what keeps the case from being used, with the remedy, as far as it shows without reading volumes.
    """

    name: str
    ct: Path | None = None
    labels: Path | None = None
    meaning: Mapping[int, int] | Mapping[str, int] | None = None
    known: frozenset[int] = frozenset()
    partly: bool = False
    problem: str | None = None

    def known_in(self, labels: NDArray[np.uint8]) -> frozenset[int]:
        """Our values that are labelled in this very case, by the labels that were read of it."""
        if not self.partly:
            return self.known
        return self.known.intersection(np.flatnonzero(np.bincount(labels.ravel())).tolist())

    def check(self) -> None:
        """Raises DataError for a case that has a problem."""
        if self.problem:
            raise DataError(self.problem)
