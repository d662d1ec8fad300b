"""A folder of cases with a lesson, and a front that serves its learners."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("aiohttp", reason="needs the extra web")

from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.lesson import Lesson, make_lesson
from GuideGenLib.cases.scoring import MEASURE, POINT
from GuideGenLib.web.cases.learners import Learners
from GuideGenLib.web.server.front import Front
from Testing.cases.conftest import HEALTHY, Make, phantom, put, saved
from Testing.web.fronts import running_aside

__all__ = ["phantom", "put", "saved"]


@pytest.fixture
def catalogue(tmp_path: Path, saved: Make) -> CaseCatalogue:
    """A folder with two cases: a tumour of the left kidney, and nothing to find."""
    made = CaseCatalogue(tmp_path / "cases")
    made.keep(saved())
    made.keep(saved(HEALTHY, 7, ""))
    return made


@pytest.fixture
def lesson(catalogue: CaseCatalogue) -> Lesson:
    """Point at the tumour, measure it, and a patient with nothing to find."""
    kidney, healthy = catalogue.entries()
    asked = [(kidney, POINT, "", "kidney_tumor"), (kidney, MEASURE, "", "kidney_tumor"), (healthy, POINT, "", None)]
    return make_lesson(catalogue.lessons, "Week 1", asked)


@pytest.fixture
def front(catalogue: CaseCatalogue) -> Iterator[Front]:
    """A front for learners, whose sessions are fakes."""
    with running_aside(learners=Learners(catalogue.lessons)) as front:
        yield front


def secrets_of(catalogue: CaseCatalogue) -> list[str]:
    """Words that no learner may get before the answer: of findings, of the texts, and of what the cases are called."""
    words = ["kidney", "tumor", "tumour", "woman", "58-year", "seed", "finding_", "anatomy", "provenance", ".nii"]
    return [*words, *(entry.name for entry in catalogue.entries()), str(catalogue.folder)]


def middle_of(anatomy_points: np.ndarray) -> tuple[float, float, float]:
    """Of points [n, 3]."""
    x, y, z = (float(value) for value in anatomy_points.mean(axis=0))
    return (x, y, z)
