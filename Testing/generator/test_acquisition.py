"""A patient is one however he is scanned, and an edit keeps a scan of thick slices bit for bit beyond the margin."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.generator import Generator

TEXT = "67-year-old man with a 4 cm tumor in the left upper lobe of the lung."
SCAN = f"{TEXT[:-1]}, 5 mm slices, lung kernel, low dose, field of view 30 cm."


@pytest.fixture(scope="module")
def anatomy(phantom: np.ndarray) -> sitk.Image:
    return image_from_array(phantom[20:60], (6.0, 6.0, 6.0), labels=True)


def test_the_networks_are_told_of_the_patient_alone(generator: Generator) -> None:
    said, plain = generator.conditions(parse(SCAN), 0), generator.conditions(parse(TEXT), 0)
    assert np.array_equal(said.text.numpy(), plain.text.numpy())
    assert generator.conditions(parse("5 mm slices, lung kernel"), 0).text.isfinite().all()


def test_thick_slices_of_a_narrow_field_and_an_edit_of_them(generator: Generator, anatomy: sitk.Image) -> None:
    description = parse(SCAN)
    ct = generator.synthesize_ct(anatomy, description, seed=4, steps=1)
    assert ct.GetSpacing() == (2.0, 2.0, 5.0)
    assert ct.GetSize()[0] == 150 and ct.GetSize()[2] == 48
    record = generator.provenance(description, {})
    assert record["description"]["acquisition"]["slice_mm"] == 5
    labels = sitk.GetArrayFromImage(anatomy)
    labels[20:23, 20:23, 20:23] = values()["liver_tumor"]
    edited = sitk.GetImageFromArray(labels)
    edited.CopyInformation(anatomy)
    again = generator.regenerate_ct(ct, anatomy, edited, description, seed=4, steps=1)
    moved = sitk.GetArrayFromImage(again) != sitk.GetArrayFromImage(ct)
    assert moved.any()
    places = np.array([ct.TransformIndexToPhysicalPoint(p) for p in np.argwhere(moved)[::97, ::-1].tolist()])
    low, high = (np.array(anatomy.TransformIndexToPhysicalPoint((i, i, i))) for i in (20, 22))
    beyond = np.linalg.norm(np.maximum(np.maximum(low - 3 - places, places - high - 3), 0), axis=1)
    assert beyond.max() <= 20
    whole = generator.synthesize_ct(edited, description, seed=4, steps=1)
    middle = ct.TransformPhysicalPointToIndex(((low + high) / 2).tolist())
    assert again.GetPixel(middle) == pytest.approx(whole.GetPixel(middle), abs=60)
