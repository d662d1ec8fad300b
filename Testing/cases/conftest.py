"""Case folders of a phantom: a kidney tumour on the left, and a patient with nothing to find."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description.parse import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.scene.files import SavedCase
from Testing.phantom import SPACING, Put, phantom, put

__all__ = ["phantom", "put"]

KIDNEY, LUNG = (36, 38, 46), (75, 20, 46)
"""Where tumours are put, (z, y, x): within the left kidney, within the left lung."""
TUMOUR_MM = 40.0
TEXT = "A 58-year-old woman with a 40 mm tumor in the left kidney."
HEALTHY = "A healthy 30-year-old man."
Make = Callable[..., SavedCase]


def record_of(text: str, seed: int) -> dict[str, Any]:
    """The record of a run, as short as it may be."""
    return {"synthetic": True, "text": text, "description": to_json(parse(text)), "settings": {"seed": seed}}


def hu_of(labels: np.ndarray) -> np.ndarray:
    """Air, lungs, soft tissue."""
    lungs = np.isin(labels, [value for key, value in values().items() if key.startswith("lung_")])
    hu = np.where(labels > 0, 40.0, -1000.0)
    hu[lungs] = -850.0
    hu[np.isin(labels, [values()["kidney_tumor"], values()["lung_tumor"]])] = 90.0
    return hu


def image_of(labels: np.ndarray) -> sitk.Image:
    """With an origin, so that a place is not its index."""
    image = image_from_array(labels, SPACING, (-150.0, -120.0, 40.0), labels=True)
    return image


@pytest.fixture(scope="session")
def saved(phantom: np.ndarray, put: Put) -> Make:
    """`saved(text, seed, key, centre, mm)`: a case with a tumour, or without where no key is named."""

    def make(
        text: str = TEXT, seed: int = 3, key: str = "kidney_tumor", centre: Any = KIDNEY, mm: float = TUMOUR_MM
    ) -> SavedCase:
        labels = put(phantom, key, centre, mm) if key else phantom
        anatomy = image_of(labels)
        ct = image_from_array(hu_of(labels), SPACING, anatomy.GetOrigin(), labels=False)
        return SavedCase(anatomy, ct, record_of(text, seed))

    return make


@pytest.fixture
def catalogue(tmp_path: Path, saved: Make) -> CaseCatalogue:
    """A folder with two cases: a tumour and none."""
    made = CaseCatalogue(tmp_path / "cases")
    made.keep(saved())
    made.keep(saved(HEALTHY, 7, ""))
    return made
