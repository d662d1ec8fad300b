"""The canonical grid: there and back, each point at its place in the patient."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.anatomy import table
from GuideGenLib.core import volumes
from GuideGenLib.core.errors import VolumeError


@st.composite
def geometries(draw: st.DrawFn) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[int, ...]]:
    """Direction (any rotation, perhaps mirrored), spacing, origin and size."""
    number = st.floats(-1, 1)
    quaternion = np.array(draw(st.tuples(number, number, number, number)))
    if np.linalg.norm(quaternion) < 0.1:
        quaternion = np.array((0.0, 0.0, 0.0, 1.0))
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    rotation = np.array(
        (
            (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
            (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
            (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
        )
    )
    if draw(st.booleans()):
        rotation[:, draw(st.integers(0, 2))] *= -1
    spacing = draw(st.permutations((0.7, 0.7, 5.0)) | st.tuples(*[st.floats(0.5, 6.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    size = draw(st.tuples(*[st.integers(5, 24)] * 3))
    return tuple(rotation.ravel().tolist()), tuple(spacing), origin, size


def _image(geometry: tuple, pixel: int = sitk.sitkFloat32) -> sitk.Image:
    direction, spacing, origin, size = geometry
    image = sitk.Image(size, pixel)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


@given(geometries(), st.sampled_from((1.5, 2.0, 3.0)))
def test_each_point_keeps_its_place_in_the_patient(geometry: tuple, spacing: float):
    """A volume that holds its own coordinates: the canonical one must hold the coordinates that its frame says."""
    image = _image(geometry)
    direction, step, origin, size = (np.array(part, dtype=float) for part in geometry)
    rotation = direction.reshape(3, 3)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in size.astype(int)], indexing="ij"))  # x, y, z
    for axis in range(3):
        points = origin[axis] + np.einsum("i,ixyz->xyz", rotation[axis] * step, index)
        own = sitk.GetImageFromArray(points.transpose(2, 1, 0).astype(np.float64))
        own.CopyInformation(image)
        array, frame = volumes.to_canonical(own, spacing, labels=False)
        turned = np.array(frame.direction).reshape(3, 3)
        assert np.all(np.diag(turned) > 0), "each axis runs to its own end"
        where = np.stack(np.meshgrid(*[np.arange(n) for n in array.shape], indexing="ij"))[::-1]  # x, y, z
        wanted = frame.origin[axis] + np.einsum("i,izyx->zyx", turned[axis] * spacing, where)
        # Beyond half a kernel from the rim, a linear field must come back exactly.
        oriented = sitk.DICOMOrient(own, "LPS").GetSpacing()[::-1]
        rim = [int(np.ceil(max(old, spacing) / spacing)) for old in oriented]
        inner = tuple(slice(r, n - r) for r, n in zip(rim, array.shape, strict=True))
        assert np.abs(array[inner] - wanted[inner]).max(initial=0) < 0.05


@given(geometries(), st.data())
def test_a_painted_voxel_returns_within_half_a_voxel(geometry: tuple, data: st.DataObject):
    image = _image(geometry, sitk.sitkUInt8)
    size, step = np.array(geometry[3]), np.array(geometry[1])
    painted = np.array([data.draw(st.integers(0, int(n) - 1)) for n in size])
    image[painted.tolist()] = 7
    fine = float(step.min()) * 0.8
    array, frame = volumes.to_canonical(image, fine, labels=True)
    back = volumes.from_canonical(array, frame, image, labels=True)
    assert back.GetSize() == image.GetSize()
    assert back.GetDirection() == pytest.approx(image.GetDirection(), abs=1e-9)
    found = np.argwhere(sitk.GetArrayFromImage(back) == 7)[:, ::-1]
    assert len(found)
    assert np.all(np.abs((found.mean(axis=0) - painted) * step) <= fine / 2 + 1e-6)


@given(geometries())
def test_smooth_hu_return_where_they_were(geometry: tuple):
    step, size = np.array(geometry[1]), geometry[3]
    z, y, x = (np.indices(size[::-1]).T * step[::-1]).T
    hu = (100 * np.sin(x / 25) + 100 * np.cos(y / 25) + 50 * np.sin(z / 25)).astype(np.float32)
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(_image(geometry))
    array, frame = volumes.to_canonical(image, 1.0, labels=False)
    back = sitk.GetArrayFromImage(volumes.from_canonical(array, frame, image, labels=False))
    assert np.abs(back[1:-1, 1:-1, 1:-1] - hu[1:-1, 1:-1, 1:-1]).max(initial=0) < 12
    assert np.abs(back - hu).max() < 4 * step.max() + 12  # the rim: at most half a voxel of the steepest slope


def test_an_image_that_is_canonical_already_is_not_touched(small_anatomy: sitk.Image, small_labels: np.ndarray):
    array, frame = volumes.to_canonical(small_anatomy, 12.0, labels=True)
    assert np.array_equal(array, small_labels)
    assert array.dtype == np.uint8
    assert frame == volumes.Frame((12.0, 12.0, 12.0))


def test_a_finer_grid_keeps_volumes_and_sides(small_anatomy: sitk.Image, small_labels: np.ndarray):
    array, frame = volumes.to_canonical(small_anatomy, 6.0, labels=True)
    assert array.shape == (96, 56, 64)
    assert frame.origin == (-3.0, -3.0, -3.0)
    for key in ("liver", "kidney_left", "lung_tumor"):
        value = table.values()[key]
        assert (array == value).sum() / 8 == pytest.approx((small_labels == value).sum(), rel=0.12)
    left = np.argwhere(array == table.values()["kidney_left"])[:, 2].mean()
    right = np.argwhere(array == table.values()["kidney_right"])[:, 2].mean()
    assert left > 32 > right


def test_a_coarser_grid_averages_hu_and_votes_for_labels():
    checker = (np.indices((12, 12, 12)).sum(axis=0) % 2 * 200 - 100).astype(np.int16)
    array, _ = volumes.to_canonical(sitk.GetImageFromArray(checker), 4.0, labels=False)
    assert np.abs(array).max() < 15
    mostly = np.full((12, 12, 12), 5, np.uint8)
    mostly[::3, ::3, ::3] = 9
    array, _ = volumes.to_canonical(sitk.GetImageFromArray(mostly), 4.0, labels=True)
    assert np.all(array == 5)


def test_smooth_outlines_have_fewer_steps_than_nearest_ones():
    z, y, x = np.indices((20, 20, 20)) - 9.5
    ball = sitk.GetImageFromArray((z**2 + y**2 + x**2 < 49).astype(np.uint8))
    truth = np.sum(((np.indices((60, 60, 60)) - 29.5) / 3) ** 2, axis=0) < 49
    steps = {}
    for smooth in (False, True):
        array, _ = volumes.to_canonical(ball, 1 / 3, labels=True, smooth=smooth)
        steps[smooth] = int((array.astype(bool) != truth).sum())
    assert steps[True] < 0.8 * steps[False]


def test_hu_that_are_no_numbers_are_never_written():
    with pytest.raises(VolumeError, match="NaN"):
        volumes.image_from_array(np.full((2, 2, 2), np.nan), (1.0, 1.0, 1.0), labels=False)


def test_hu_are_rounded_and_clipped_to_12_bits():
    image = volumes.image_from_array(np.array([[[-5000.0, 40.6, 9000.0]]]), (3.0, 2.0, 1.0), labels=False)
    assert sitk.GetArrayFromImage(image).ravel().tolist() == [-1024, 41, 3071]
    assert image.GetSpacing() == (1.0, 2.0, 3.0)


def test_a_real_label_map_survives_the_round_trip(data: Path):
    image = volumes.read_volume(data / "labels" / "totalseg_example.nii.gz")
    array, frame = volumes.to_canonical(image, 3.0, labels=True)
    assert frame.direction == volumes.IDENTITY, "an LAS or RAS file is turned to LPS"
    back = volumes.from_canonical(array, frame, image, labels=True)
    assert np.array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))
