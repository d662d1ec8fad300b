"""A patient small enough to be trained on within a test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.maps import to_vocabulary
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array

SPACING = (6.0, 6.0, 6.0)
ORGANS = {
    "lung_upper_lobe_right": (slice(26, 44), slice(12, 34), slice(10, 26)),
    "lung_upper_lobe_left": (slice(26, 44), slice(12, 34), slice(38, 54)),
    "heart": (slice(28, 38), slice(12, 26), slice(27, 37)),
    "aorta": (slice(2, 38), slice(28, 33), slice(30, 35)),
    "liver": (slice(12, 24), slice(10, 32), slice(10, 32)),
    "urinary_bladder": (slice(2, 8), slice(14, 24), slice(26, 38)),
    "prostate": (slice(0, 2), slice(16, 22), slice(28, 36)),
    "lung_tumor": (slice(32, 38), slice(18, 24), slice(42, 48)),
}
HU = {"lung_upper_lobe_right": -850, "lung_upper_lobe_left": -850, "aorta": 160, "liver": 100}


@pytest.fixture(scope="session")
def organs() -> np.ndarray:
    """Our labels of a trunk's organs [48, 40, 64] at 6 mm, nothing else."""
    labels = np.zeros((48, 40, 64), np.uint8)
    for key, box in ORGANS.items():
        labels[box] = values()[key]
    return labels


@pytest.fixture(scope="session")
def hu(organs: np.ndarray) -> np.ndarray:
    """HU of that trunk: an elliptic cylinder of fat around muscle around the organs."""
    _, y, x = np.indices(organs.shape)
    radius = np.hypot((y - 20) / 19, (x - 32) / 30)
    hu = np.select([radius > 1, radius > 0.88], [-1000.0, -100.0], 50.0)
    for key in ORGANS:
        hu[organs == values()[key]] = HU.get(key, 40)
    hu += np.random.default_rng(0).normal(0, 8, hu.shape)
    return hu.clip(-1024, 3071).round().astype(np.int16)


@pytest.fixture(scope="session")
def write() -> Callable[..., None]:
    """A function that writes a canonical array with its axes to the right and to the front first, as many files have.

    write(array, path, labels=..., spacing=...): spacing (z, y, x) in mm.
    """

    def write_image(
        array: np.ndarray, path: Path, *, labels: bool, spacing: tuple[float, float, float] = SPACING
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = image_from_array(array, spacing, (10.0, -20.0, 30.0), labels=labels)
        sitk.WriteImage(sitk.DICOMOrient(image, "RAS"), str(path))

    return write_image


@pytest.fixture
def flat(tmp_path: Path, organs: np.ndarray, hu: np.ndarray, write: Callable[..., None]) -> Path:
    """A flat data folder: one patient with labels of TotalSegmentator v2, one without labels."""
    data = tmp_path / "flat data"
    write(hu, data / "ct" / "anna.nii.gz", labels=False)
    write(hu[:40], data / "ct" / "bert.nii.gz", labels=False)
    named = np.where(organs == values()["lung_tumor"], values()["lung_upper_lobe_left"], organs)
    write(to_vocabulary(named, "totalsegmentator"), data / "labels" / "anna.nii.gz", labels=True)
    (data / "labels.json").write_text('{"vocabulary": "totalsegmentator"}')
    return data
