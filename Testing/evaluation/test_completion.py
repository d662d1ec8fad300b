"""What is measured of a completion: kept voxels, more of the same elsewhere, what touches it."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.completion import around_kept

LIVER, FAT, STOMACH = (values()[key] for key in ("liver", "torso_fat", "stomach"))


def image(labels: np.ndarray, origin: tuple[float, float, float]) -> sitk.Image:
    made = sitk.GetImageFromArray(labels.astype(np.uint8))
    made.SetSpacing((2.0, 2.0, 5.0))
    made.SetOrigin(origin)
    return made


@pytest.fixture
def source() -> sitk.Image:
    labels = np.zeros((6, 10, 10))
    labels[1:5, 2:8, 2:8] = LIVER
    return image(labels, (0.0, 0.0, 0.0))


def around(change: np.ndarray | None = None) -> sitk.Image:
    """The liver in fat, the stomach above it, four voxels more below than the source and two more to the right."""
    labels = np.full((12, 12, 14), FAT)
    labels[5:9, 4:10, 4:10] = LIVER
    labels[9, 4:10, 4:10] = STOMACH
    if change is not None:
        labels[tuple(change.T)] = 0
    return image(labels, (-4.0, -4.0, -20.0))


def test_a_whole_completion(source: sitk.Image) -> None:
    found = around_kept(source, around(), ["liver"])
    assert found.identical == 1 and found.elsewhere_ml == 0 and found.in_air == 0
    faces = 2 * 36 + 4 * 24
    assert found.neighbours == pytest.approx({"torso_fat": 1 - 36 / faces, "stomach": 36 / faces})


def test_what_is_lost_and_what_is_added_and_air_are_told(source: sitk.Image) -> None:
    lost = around(np.array([[5, 4, 4], [6, 3, 5]]))
    found = around_kept(source, lost, ["liver"])
    assert found.identical == pytest.approx(1 - 1 / 144) and found.in_air > 0
    more = sitk.GetArrayFromImage(around())
    more[6, 3, 4:8] = LIVER
    told = around_kept(source, image(more, (-4.0, -4.0, -20.0)), ["liver"])
    assert told.elsewhere_ml == pytest.approx(4 * 0.02)


def test_other_voxels_are_refused(source: sitk.Image) -> None:
    shifted = around()
    shifted.SetOrigin((-3.0, -4.0, -20.0))
    with pytest.raises(EvaluationError, match="other voxels"):
        around_kept(source, shifted, ["liver"])
