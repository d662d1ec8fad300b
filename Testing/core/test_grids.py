"""Grids of images."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.grids import isotropic, matched, on_grid_of, same_grid


def test_another_place_is_another_grid() -> None:
    image = sitk.Image((9, 9, 9), sitk.sitkUInt8)
    other = sitk.Image(image)
    assert same_grid(image, other)
    other.SetOrigin((0.0, 0.0, 0.5))
    assert not same_grid(image, other)


def test_a_tilt_shows_at_the_far_corner() -> None:
    image = sitk.Image((400, 9, 9), sitk.sitkUInt8)
    other = sitk.Image(image)
    angle = 4e-4  # 0.16 mm after 400
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    other.SetDirection((cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0))
    assert not same_grid(image, other) and same_grid(image, other, within_mm=0.2)


def test_other_axes_and_a_rounded_header_are_the_same_grid() -> None:
    image = sitk.GetImageFromArray(np.arange(24, dtype=np.uint8).reshape(4, 3, 2))
    image.SetSpacing((1.0, 2.0, 3.0))
    image.SetOrigin((-5.0, 7.0, 11.0))
    turned = sitk.DICOMOrient(image, "SAR")
    turned.SetOrigin([place + 0.05 for place in turned.GetOrigin()])
    found = matched(turned, image)
    assert found is not None and not same_grid(turned, image)
    assert found.GetOrigin() == image.GetOrigin() and found.GetDirection() == image.GetDirection()
    assert np.array_equal(sitk.GetArrayViewFromImage(found), sitk.GetArrayViewFromImage(image))
    turned.SetOrigin([place + 0.1 for place in turned.GetOrigin()])
    assert matched(turned, image) is None


def test_another_spacing_keeps_centre_and_axes() -> None:
    image = sitk.Image((10, 20, 30), sitk.sitkUInt8)
    image.SetSpacing((1.0, 2.0, 0.5))
    image.SetOrigin((5.0, -3.0, 7.0))
    image.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    size, origin = isotropic(image, 3.0)
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing((3.0,) * 3)
    grid.SetOrigin(origin)
    grid.SetDirection(image.GetDirection())
    assert size == [3, 13, 5] and isotropic(image, 100.0, least=2)[0] == [2, 2, 2]
    middles = [
        one.TransformContinuousIndexToPhysicalPoint([(count - 1) / 2 for count in one.GetSize()])
        for one in (image, grid)
    ]
    assert middles[0] == pytest.approx(middles[1])


def test_voxels_are_put_where_an_image_has_its_own() -> None:
    image = sitk.Image((2, 3, 4), sitk.sitkInt16)
    image.SetOrigin((1.0, 2.0, 3.0))
    made = on_grid_of(image, np.arange(24, dtype=np.uint8).reshape(4, 3, 2))
    assert same_grid(image, made) and made[1, 2, 3] == 23
