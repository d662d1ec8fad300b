"""CT series of a tilted gantry: straightened, so that a phantom of known shape lies where it lay in the scanner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.right_angles import right_angled
from GuideGenLib.core.volumes import read_ct
from Testing.dicom_series import Change, write_series

SHAPE, STEP, PIXEL = (24, 48, 40), 2.0, (1.25, 1.0)
"""Planes, rows, columns; mm of the table between planes; mm between rows and between columns."""
MIDDLE, RADII = np.array([4.0, -9.0, -160.0]), np.array([9.0, 14.0, 11.0])
"""Of an ellipsoid of 300 HU in air, x, y, z in mm."""
SOFT = 0.35
"""Share of its radius over which its border rises."""


def phantom(points: np.ndarray) -> np.ndarray:
    """HU at points [..., 3] in mm: smooth, so that interpolation changes little."""
    depth = np.linalg.norm((points - MIDDLE) / RADII, axis=-1)
    return -1000 + 1300 * np.clip((1 + SOFT / 2 - depth) / SOFT, 0, 1)


def tilted(degrees: float) -> tuple[np.ndarray, Change]:
    """HU of planes that lean so far towards the table, which moves along z, and their places."""
    lean = np.radians(degrees)
    down = np.array([0.0, np.cos(lean), np.sin(lean)])
    first = MIDDLE - (SHAPE[0] - 1) / 2 * np.array([0, 0, STEP]) - (SHAPE[1] - 1) / 2 * PIXEL[0] * down
    first = first - [(SHAPE[2] - 1) / 2 * PIXEL[1], 0, 0]
    planes, rows, columns = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
    points = first + planes[..., None] * np.array([0, 0, STEP]) + rows[..., None] * PIXEL[0] * down
    points = points + columns[..., None] * np.array([PIXEL[1], 0, 0])

    def place(plane: Dataset, index: int) -> None:
        plane.PixelSpacing = list(PIXEL)
        plane.ImageOrientationPatient = [1, 0, 0, *np.round(down, 6)]
        plane.ImagePositionPatient = np.round(first + np.array([0, 0, index * STEP]), 4).tolist()

    return np.rint(phantom(points)).astype(np.int16), place


@pytest.mark.parametrize("degrees", [-22.0, 8.0, 30.0])
def test_a_tilted_series_is_straightened_and_its_phantom_stays_in_place(tmp_path: Path, degrees: float) -> None:
    array, place = tilted(degrees)
    folder = write_series(tmp_path / "ct", place, array=array)
    with pytest.warns(FileWarning, match=rf"gantry tilt of {abs(degrees):.1f} degrees: its planes were moved"):
        image = read_ct(folder)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    assert direction.T @ direction == pytest.approx(np.eye(3), abs=1e-6)
    assert image.GetSize()[2] == SHAPE[0], "each plane is one of the scanner's"
    assert image.GetSpacing() == pytest.approx((*PIXEL[::-1], STEP * np.cos(np.radians(degrees))), rel=1e-3)

    hu = sitk.GetArrayFromImage(image).astype(float)
    grid = np.stack(np.meshgrid(*map(np.arange, hu.shape), indexing="ij"), -1)[..., ::-1]
    points = image.GetOrigin() + (grid * image.GetSpacing()) @ direction.T
    assert np.abs(hu - phantom(points)).max() < 90, "of a border that rises by 400 HU and more over a voxel"
    half = 0.5 * max(image.GetSpacing())
    inside = points[hu > -350]
    assert np.abs(inside.mean(axis=0) - MIDDLE).max() < half / 2
    assert np.abs(inside.max(axis=0) - (MIDDLE + RADII)).max() < 2 * half, "extents are told to a voxel"
    volume = len(inside) * np.prod(image.GetSpacing())
    assert volume == pytest.approx(4 / 3 * np.pi * np.prod(RADII), rel=0.02)


def test_without_straightening_the_phantom_would_lie_elsewhere() -> None:
    array, _ = tilted(22.0)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((*PIXEL[::-1], STEP))
    straight = right_angled(image, labels=False)
    assert straight is image
    tops = [rows.mean() for rows in (np.flatnonzero((plane > -350).any(axis=1)) for plane in array) if len(rows)]
    assert abs(tops[-1] - tops[0]) * PIXEL[0] > 5, "mm by which the first and the last plane of it differ"


def test_planes_that_wander_or_lie_flat_are_no_tilt(tmp_path: Path) -> None:
    def wander(plane: Dataset, index: int) -> None:
        plane.ImagePositionPatient = [0, (index % 2) * 3.0, index * 2.5]

    with pytest.raises(VolumeError, match=r"up to 2.\d mm beside a straight stack"):
        read_ct(write_series(tmp_path / "wander", wander))

    def flat(plane: Dataset, index: int) -> None:
        plane.ImagePositionPatient = [0, index * 5.0, index * 2.5]

    with pytest.raises(VolumeError, match="stacked 63 degrees aslant, more than a gantry tilts"):
        read_ct(write_series(tmp_path / "flat", flat))
