"""Where NIfTI files lie: sform before qform, spacings that agree, right angles or none."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.volumes import read_volume

RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0])
TURN = 0.1


def nifti(path: Path, version: int = 1, **fields: object) -> Path:
    """A NIfTI-1 or -2 file of 4 x 5 x 6 voxels of 2 x 3 x 4 mm, its fields as given: pixdim, qform, sform, units."""
    pixdim = fields.get("pixdim", (2.0, 3.0, 4.0))
    sform = fields.get("sform", np.diag([2.0, 3.0, 4.0, 1.0])[:3])
    quaternion = fields.get("qform", (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    codes = (int(quaternion is not None), int(sform is not None))
    rows = np.zeros((3, 4)) if sform is None else np.array(sform)
    numbers = quaternion if quaternion is not None else (0.0,) * 6
    if version == 1:
        header = bytearray(352)
        struct.pack_into("<i", header, 0, 348)
        struct.pack_into("<8h", header, 40, 3, 4, 5, 6, 1, 1, 1, 1)
        struct.pack_into("<2h", header, 70, 2, 8)
        struct.pack_into("<8f", header, 76, 1.0, *pixdim, 0, 0, 0, 0)  # type: ignore[misc]
        struct.pack_into("<f", header, 108, 352.0)
        struct.pack_into("<b", header, 123, fields.get("units", 2))
        struct.pack_into("<2h6f", header, 252, *codes, *numbers)  # type: ignore[misc]
        struct.pack_into("<12f", header, 280, *rows.ravel())
        struct.pack_into("<4s", header, 344, b"n+1\0")
    else:
        header = bytearray(544)
        struct.pack_into("<i8s2h8q", header, 0, 540, b"n+2\0\r\n\x1a\n", 2, 8, 3, 4, 5, 6, 1, 1, 1, 1)
        struct.pack_into("<8d", header, 104, 1.0, *pixdim, 0, 0, 0, 0)  # type: ignore[misc]
        struct.pack_into("<q", header, 168, 544)
        struct.pack_into("<2i6d12d", header, 344, *codes, *numbers, *rows.ravel())  # type: ignore[misc]
        struct.pack_into("<i", header, 500, fields.get("units", 2))
    data = bytes(header) + bytes(range(120))
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def turned(angle: float) -> np.ndarray:
    """A sform of 2 x 3 x 4 mm turned about z."""
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return np.concatenate([rotation * (2, 3, 4), [[10], [20], [30]]], axis=1)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_sform_counts_where_the_qform_differs(tmp_path: Path, version: int, name: str) -> None:
    with pytest.warns(FileWarning, match=r"its sform and its qform are up to \d+\.\d mm apart; the sform was taken"):
        image = read_volume(nifti(tmp_path / name, version, sform=turned(TURN)))
    assert image.GetOrigin() == pytest.approx((-10, -20, 30)) and image.GetSpacing() == pytest.approx((2, 3, 4))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    assert direction == pytest.approx(RAS_OF_LPS @ turned(TURN)[:, :3] / (2, 3, 4), abs=1e-6)
    assert sitk.GetArrayViewFromImage(image).ravel().tolist() == list(range(120))


def test_a_qform_alone_is_read_as_it_is(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    quaternion = (0.0, 0.0, float(np.sin(TURN / 2)), 10.0, 20.0, 30.0)
    image = read_volume(nifti(tmp_path / "a.nii", sform=None, qform=quaternion))
    both = read_volume(nifti(tmp_path / "b.nii", sform=turned(TURN), qform=quaternion))
    assert image.GetDirection() == pytest.approx(both.GetDirection(), abs=1e-6)
    assert image.GetOrigin() == pytest.approx(both.GetOrigin()) and not recwarn


def test_a_pixdim_that_differs_from_the_sform_is_told(tmp_path: Path) -> None:
    with pytest.warns(FileWarning, match="its sform has voxels of 2, 3, 4 mm and its pixdim of 1, 1, 1 mm"):
        image = read_volume(nifti(tmp_path / "a.nii", pixdim=(1.0, 1.0, 1.0), qform=None))
    assert image.GetSpacing() == pytest.approx((2, 3, 4))


def test_metres_are_read_as_millimetres(tmp_path: Path) -> None:
    steps = (0.002, 0.003, 0.004)
    image = read_volume(nifti(tmp_path / "a.nii", pixdim=steps, sform=turned(0.0) / 1000, qform=None, units=1))
    assert image.GetSpacing() == pytest.approx((2, 3, 4)) and image.GetOrigin() == pytest.approx((-10, -20, 30))


def test_a_shear_below_a_thousandth_is_rounded_off_and_another_is_refused(tmp_path: Path) -> None:
    sform = turned(0.0)
    sform[0, 1] = 3 * 5e-4
    image = read_volume(nifti(tmp_path / "a.nii", sform=sform, qform=None))
    direction = np.array(image.GetDirection()).reshape(3, 3)
    assert np.abs(direction.T @ direction - np.eye(3)).max() < 1e-9
    sform[0, 1] = 3 * 0.05
    with pytest.raises(VolumeError, match=r"axes that are not at right angles \(off by 2\.8\d degrees\)"):
        read_volume(nifti(tmp_path / "b.nii", sform=sform, qform=None))


@pytest.mark.parametrize("step", [0.0, float("nan"), float("inf")])
def test_a_spacing_that_is_none_is_refused(tmp_path: Path, step: float) -> None:
    with pytest.raises(VolumeError, match="spacing of"):
        read_volume(nifti(tmp_path / "a.nii", pixdim=(2.0, step, 4.0), sform=None))
    sform = turned(0.0)
    sform[1, 1] = step
    with pytest.raises(VolumeError, match="sform"):
        read_volume(nifti(tmp_path / "b.nii", sform=sform, qform=None))
