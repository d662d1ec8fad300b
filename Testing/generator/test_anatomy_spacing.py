"""An anatomy at 1.5 and 2 mm: where it was, of the same organs, with its lesions."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.description import parse
from GuideGenLib.generator import Generator
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.generator.spacing import at_spacing
from GuideGenLib.mask.findings.lesions import LesionRecord


@pytest.fixture
def drawn() -> MaskResult:
    """A ball of liver in a body at 3 mm, with a lesion in its middle."""
    z, y, x = np.indices((30, 32, 34))
    labels = np.where((z - 14) ** 2 + (y - 15) ** 2 + (x - 16) ** 2 < 64, 5, 1).astype(np.uint8)
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((3.0, 3.0, 3.0))
    image.SetOrigin((-49.5, -46.5, 0.0))
    lesion = LesionRecord(
        "liver_tumor", 0, "liver", None, None, 20.0, 20.0, 4.0, (14.0, 15.0, 16.0), (42.0, 45.0, 48.0)
    )
    return MaskResult(image, (lesion,), ())


@pytest.mark.parametrize("spacing", [1.5, 2.0])
def test_extent_organs_and_lesions_are_where_they_were(drawn: MaskResult, spacing: float) -> None:
    fine = at_spacing(drawn, spacing)
    image, old = fine.anatomy, drawn.anatomy
    assert image.GetSpacing() == (spacing,) * 3
    for axis in range(3):
        ends = [one.GetOrigin()[axis] - one.GetSpacing()[axis] / 2 for one in (old, image)]
        sizes = [one.GetSize()[axis] * one.GetSpacing()[axis] for one in (old, image)]
        assert ends[1] == pytest.approx(ends[0], abs=spacing / 2 + 1e-6)
        assert sizes[1] == pytest.approx(sizes[0], abs=spacing + 1e-6)
    middles, volumes = [], []
    for one in (old, image):
        where = np.argwhere(sitk.GetArrayFromImage(one) == 5)
        middles.append(one.TransformContinuousIndexToPhysicalPoint(where.mean(0)[::-1].tolist()))
        volumes.append(len(where) * one.GetSpacing()[0] ** 3)
    assert np.allclose(middles[0], middles[1], atol=0.2)
    assert volumes[1] == pytest.approx(volumes[0], rel=0.05)
    points = [
        one.anatomy.TransformContinuousIndexToPhysicalPoint(one.lesions[0].center_voxel[::-1]) for one in (drawn, fine)
    ]
    assert np.allclose(points[0], points[1])
    assert np.allclose(fine.lesions[0].center_mm, spacing * np.array(fine.lesions[0].center_voxel))


def test_a_generator_draws_at_each_spacing(generator: Generator) -> None:
    sizes = []
    for spacing in (1.5, 2.0, 3.0):
        man = parse("a man")
        drawn = generator.synthesize_mask(man, seed=3, region="pelvis", steps=1, candidates=1, spacing=spacing)
        image = drawn.anatomy
        assert image.GetSpacing() == pytest.approx((spacing,) * 3)
        sizes.append(image.GetSize()[0] * spacing)
    assert max(sizes) - min(sizes) <= 2
