"""The geometry that a NIfTI file tells, of both versions, and tells twice: sform and qform.

Where they differ the sform counts, as nibabel and the segmentation tools have it; ITK's choice depends on its version.
"""

import gzip
import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.errors import FileWarning, VolumeError

SHEAR = 1e-3
"""So far from right angles (cosine) axes are taken for a rotation that was rounded."""
SAME_MM, SAME_STEP = 0.1, 1e-2
"""By less do two places, and by such a part two spacings, say the same."""
ROUNDED = 1e-5
"""So far a spacing in the sform, of 32 bits, may be from the same one in pixdim."""
HALF_TURN = 1e-7
"""So near to 1 are quaternions, of 32 bits, whose first number is 0 (as NIfTI's own library has it)."""
MM_OF_UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Of NIfTI's codes for metre, millimetre and micrometre."""
LPS = np.diag([-1.0, -1.0, 1.0])
CORNERS = tuple((x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1))
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Header:
    """version; size and steps (pixdim) along the axes; sform, qform: [3, 4] to RAS mm, None where the file has none."""

    version: int
    size: tuple[int, ...]
    steps: tuple[float, ...]
    sform: Matrix | None
    qform: Matrix | None


@dataclass(frozen=True)
class Geometry:
    """As SimpleITK has it: spacing, origin and direction [3, 3], LPS."""

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: Matrix


def geometry_of(path: Path, header: Header) -> Geometry | None:
    """Where the sform of a file puts its voxels, or its qform where it has no other; None where it has neither, and
    its voxels lie as ITK has it.

    Raises VolumeError for a spacing that is 0 or no number, for what is no number in the form that counts, and for axes
    that are not at right angles; warns of forms that differ.
    """
    if not all(0 < abs(step) < np.inf for step in header.steps):  # NaN fails this too
        listed = ", ".join(f"{step:g}" for step in header.steps)
        raise VolumeError(f"{path} has a spacing of {listed} mm", "correct its header (pixdim)")
    form = header.sform if header.sform is not None else header.qform
    if form is None:
        return None
    steps = np.linalg.norm(form[:, :3], axis=0)
    if not np.isfinite(form).all() or not steps.all():
        raise VolumeError(
            f"{path} has an sform that is no grid (its columns are {steps} mm long)", "correct its header"
        )
    if not np.allclose(steps, np.abs(header.steps), rtol=SAME_STEP):
        told = [", ".join(f"{step:.4g}" for step in listed) for listed in (steps, header.steps)]
        _warn(f"{path}: its sform has voxels of {told[0]} mm and its pixdim of {told[1]} mm; the sform was taken")
    else:
        steps = np.where(np.isclose(steps, np.abs(header.steps), rtol=ROUNDED), np.abs(header.steps), steps)
    if header.sform is not None and header.qform is not None:
        far = np.array([[*(n * axis for n, axis in zip(header.size, corner, strict=True)), 1] for corner in CORNERS])
        off = float(np.linalg.norm(far @ (header.sform - header.qform).T, axis=1).max())
        if off > SAME_MM:
            _warn(f"{path}: its sform and its qform are up to {off:.1f} mm apart; the sform was taken, as nibabel does")
    direction = nearest_rotation(LPS @ form[:, :3] / steps, str(path))
    return Geometry(tuple(steps.tolist()), tuple((LPS @ form[:, 3]).tolist()), direction)


def nearest_rotation(direction: Matrix, name: str) -> Matrix:
    """The rotation, or mirrored one, that is closest to axes at nearly right angles; itself where they are.

    Raises VolumeError with the angle for others.
    """
    off = float(np.abs(direction.T @ direction - np.eye(3)).max())
    if not off <= SHEAR:
        gram = direction.T @ direction
        lengths = np.sqrt(np.diag(gram))
        cosines = np.abs(gram / np.outer(lengths, lengths) - np.eye(3))
        angle = float(np.degrees(np.arcsin(min(1.0, float(np.nan_to_num(cosines, nan=1.0).max())))))
        raise VolumeError(
            f"{name} has axes that are not at right angles (off by {angle:.2f} degrees)",
            "resample it to a regular grid first",
        )
    if off < 1e-9:
        return direction.copy()
    left, _, right = np.linalg.svd(direction)
    rotation: Matrix = left @ right
    return rotation


def read_header(path: Path) -> Header | None:
    """The header of a NIfTI file (one file, packed or not); None for another kind of file."""
    with path.open("rb") as file:
        start = file.read(540)
    if start[:2] == b"\x1f\x8b":
        with gzip.open(path) as packed:
            start = packed.read(540)
    for order in "<>":
        for layout in (_NIFTI_1, _NIFTI_2):
            if len(start) >= layout.length and struct.unpack(f"{order}i", start[:4])[0] == layout.length:
                return layout.read(start, order)
    return None


KINDS = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
"""NIfTI's codes of scalar voxels as numpy has them."""


def read_version_2(path: Path) -> NDArray[np.generic]:
    """The voxels [z, y, x] of a NIfTI-2 file, which ITK does not read. Raises VolumeError."""
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        data = file.read()
    order = "<" if struct.unpack("<i", data[:4])[0] == _NIFTI_2.length else ">"
    code = struct.unpack_from(f"{order}h", data, 12)[0]
    count, *size = struct.unpack_from(f"{order}8q", data, 16)
    (offset,) = struct.unpack_from(f"{order}q", data, 168)
    slope, intercept = struct.unpack_from(f"{order}2d", data, 176)
    shape = [n for n in size[:count] if n != 1] if 3 < count < 8 else size[:count]
    if code not in KINDS or len(shape) != 3 or min(shape) < 1:
        raise VolumeError(f"{path} is no 3D volume of numbers", "give one 3D volume")
    kind = np.dtype(f"{order}{KINDS[code]}")
    voxels = math.prod(shape)
    if not 540 <= offset <= len(data) - voxels * kind.itemsize:
        raise VolumeError(f"{path} is cut short or damaged", "copy or download it again")
    array = np.frombuffer(data, kind, voxels, offset).reshape(shape[::-1]).astype(kind.newbyteorder("="))
    plain = (slope in (0.0, 1.0) and intercept == 0.0) or not np.isfinite(slope)
    return array if plain else array * slope + intercept


@dataclass(frozen=True)
class _Layout:
    """Where a version keeps its fields, and of which kind: size, pixdim, codes, quaternion and rows of the
    sform; kind and place of the code of its unit of length."""

    version: int
    length: int
    whole: str
    real: str
    code: str
    places: tuple[int, int, int, int, int]
    units: tuple[str, int]

    def read(self, start: bytes, order: str) -> Header:
        dim, pixdim, codes, quaternion, rows = self.places

        def numbers(count: int, kind: str, at: int) -> tuple[float, ...]:
            return struct.unpack_from(f"{order}{count}{kind}", start, at)

        size = numbers(4, self.whole, dim)[1:]
        kind, at = self.units
        mm = MM_OF_UNIT.get(int(numbers(1, kind, at)[0]) & 7, 1.0)
        qfac, *steps = numbers(4, self.real, pixdim)
        qcode, scode = numbers(2, self.code, codes)
        sform = np.array(numbers(12, self.real, rows)).reshape(3, 4) if scode > 0 else None
        qform = _from_quaternion(numbers(6, self.real, quaternion), steps, qfac) if qcode > 0 else None
        forms = (None if form is None else form * mm for form in (sform, qform))
        return Header(self.version, tuple(int(n) for n in size), tuple(step * mm for step in steps), *forms)


def _from_quaternion(numbers: tuple[float, ...], steps: list[float], qfac: float) -> Matrix:
    length = float(np.linalg.norm(numbers[:3]))
    half_turn = abs(1.0 - length * length) < HALF_TURN
    b, c, d = (number / length for number in numbers[:3]) if half_turn else numbers[:3]
    a = 0.0 if half_turn else float(np.sqrt(max(0.0, 1.0 - length * length)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    scale = np.array(steps) * (1, 1, -1 if qfac < 0 else 1)
    return np.concatenate([rotation * scale, np.array(numbers[3:])[:, None]], axis=1)


_NIFTI_1 = _Layout(1, 348, "h", "f", "h", (40, 76, 252, 256, 280), ("b", 123))
_NIFTI_2 = _Layout(2, 540, "q", "d", "i", (16, 104, 344, 352, 400), ("i", 500))


def _warn(message: str) -> None:
    warnings.warn(message, FileWarning, stacklevel=3)
