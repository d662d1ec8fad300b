"""Volumes at the edge of the library: files that are checked when read, whole when written, and the canonical grid.

Outside, a volume is a `SimpleITK.Image` of any geometry. Inside, it is an array [z, y, x] on a `Frame`: the image's own
axes, permuted and flipped to the closest LPS order (index z to superior, y to posterior, x to patient-left), with
isotropic spacing. A rotation under 45 degrees stays in the frame's direction matrix, so nothing is interpolated that
need not be.
"""

import errno
import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import atomic, utf8_path
from GuideGenLib.core.grids import isotropic
from GuideGenLib.core.nifti import nearest_rotation
from GuideGenLib.core.resample import nearest, resample, vote, vote_again, weights
from GuideGenLib.core.volume_files import read_image, reason_of

SPACING_RANGE_MM = (0.2, 12.0)
HU_RANGE = (-1024, 3071)
WRITABLE = (".nii.gz", ".nii", ".nrrd", ".mha")
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Frame:
    """The grid of a canonical array [z, y, x].

    `spacing` is in mm in the order (z, y, x); `origin` (LPS mm, order x, y, z) and `direction` (nine numbers) are as
    SimpleITK has them and belong to voxel [0, 0, 0].
    """

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY


def stem_of(path: Path) -> str:
    """The name of a volume without its ending."""
    return next((path.name.removesuffix(end) for end in WRITABLE if path.name.endswith(end)), path.stem)


# ---------------------------------------------------------------- reading


def read_volume(path: str | Path, series: str | None = None) -> sitk.Image:
    """The 3D scalar image in a file, checked: whole file, plausible geometry, finite values. Raises VolumeError.

    series: of DICOM, the UID of the series that is meant.
    """
    return check_volume(read_image(Path(path), series), str(path))


def read_layers(path: str | Path) -> list[sitk.Image]:
    """The same for a file of several values per voxel, as a .seg.nrrd with layers is: an image for each of them."""
    image = read_image(Path(path))
    count = image.GetNumberOfComponentsPerPixel()
    layers = [sitk.VectorIndexSelectionCast(image, n) for n in range(count)] if count > 1 else [image]
    return [check_volume(layer, str(path)) for layer in layers]


def read_ct(path: str | Path, series: str | None = None) -> sitk.Image:
    """A CT volume in HU (int16), as `read_volume`. Raises VolumeError when the values cannot be HU."""
    return check_ct(read_volume(path, series), str(path))


def check_volume(image: sitk.Image, name: str = "the volume") -> sitk.Image:
    """The image itself if it is 3D, scalar and finite with a regular grid, a 4D one of a single frame made 3D.

    Raises VolumeError with `name` in its message.
    """
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3:
        raise VolumeError(f"{name} has {image.GetDimension()} dimensions", "give one 3D volume")
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise VolumeError(f"{name} has several values per voxel", "give a scalar volume, not colour or vectors")
    if min(image.GetSize()) < 2:
        raise VolumeError(f"{name} has size {image.GetSize()}", "a volume needs at least 2 voxels along each axis")
    low, high = SPACING_RANGE_MM
    if not all(low <= step <= high for step in image.GetSpacing()):  # NaN fails this too
        raise VolumeError(
            f"{name} has a spacing of {_listed(image.GetSpacing())} mm",
            f"{low:g} to {high:g} mm is served; correct the header or resample the volume",
        )
    direction = np.array(image.GetDirection()).reshape(3, 3)
    origin = np.array(image.GetOrigin())
    if not (np.isfinite(origin).all() and np.isfinite(direction).all()):
        raise VolumeError(f"{name} has an origin or direction that is not a number", "correct its header")
    rotation = nearest_rotation(direction, name)
    rotation[np.abs(rotation) < 1e-12] = 0.0  # ITK's inverse of a matrix with denormal numbers is wrong
    if not np.array_equal(rotation, direction):
        image = sitk.Image(image)
        image.SetDirection(rotation.ravel().tolist())
    array = sitk.GetArrayViewFromImage(image)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        count = int(array.size - np.isfinite(array).sum())
        raise VolumeError(f"{name} holds {count} values that are NaN or infinite", "replace them before use")
    return image


def check_ct(image: sitk.Image, name: str = "the CT") -> sitk.Image:
    """The CT as int16 HU. Raises VolumeError when the range of its values is not that of Hounsfield units."""
    image = check_volume(image, name)
    array = sitk.GetArrayViewFromImage(image)
    low, high = float(array.min()), float(array.max())
    if high - low <= 4.0:
        raise VolumeError(f"{name} ranges from {low:g} to {high:g}: that is a mask or a normalised volume, not HU")
    if low >= 0:
        raise VolumeError(f"{name} has no value under 0 ({low:g} to {high:g})", "rescale it to HU, air at -1000")
    typical = np.percentile(array[::2, ::2, ::2], (1, 99))  # padding and metal may lie far outside, most voxels not
    if typical[0] < -4096 or typical[1] > 4096 or low < -32768 or high > 32767:
        raise VolumeError(f"{name} ranges from {low:g} to {high:g}", "that is no CT in HU; rescale it, air at -1000")
    return sitk.Cast(sitk.Round(image) if array.dtype.kind == "f" else image, sitk.sitkInt16)


def _listed(numbers: Any) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


# ---------------------------------------------------------------- writing


def write_volume(image: sitk.Image, path: str | Path) -> None:
    """Write a volume atomically; the same image gives the same bytes. Raises VolumeError."""
    path = Path(path)
    if not path.name.lower().endswith(WRITABLE):
        raise VolumeError(f"cannot write {path}", f"unknown kind of file; use one of {', '.join(WRITABLE)}")
    with atomic(path) as private:
        try:
            with utf8_path(private) as name:
                sitk.WriteImage(image, name, useCompression=not name.lower().endswith(".nii"))
        except RuntimeError as error:
            if not os.access(private.parent, os.W_OK):
                raise
            raise VolumeError(f"cannot write {path}: {reason_of(error)}; is the disk full?") from error
        _check_written(image, private, path)


def _check_written(image: sitk.Image, private: Path, path: Path) -> None:
    """ITK's NIfTI writer does not notice a full disk, so what was written is counted."""
    if ".nii" not in path.name.lower():
        return
    wanted = sitk.GetArrayViewFromImage(image).nbytes
    try:
        with gzip.open(private) if private.name.lower().endswith(".gz") else private.open("rb") as file:
            found = 0
            while block := file.read(1 << 22):
                found += len(block)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        found = 0
    if found < wanted:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# ---------------------------------------------------------------- the canonical grid


def to_canonical(
    image: sitk.Image, spacing_mm: float, *, labels: bool, smooth: bool = False
) -> tuple[np.ndarray, Frame]:
    """The volume as array [z, y, x] in its closest LPS order with isotropic spacing, and the frame of it.

    The new grid has the old one's centre and, to half a voxel, its extent. CT (float32 HU) is interpolated linearly,
    and averaged where the grid gets coarser. Labels (uint8) are the nearest ones, so that no painted voxel is lost, and
    the majority where the grid gets coarser; `smooth` always takes the majority of interpolated labels, which rounds
    the steps of a coarse map and thins what is a voxel thin. Raises VolumeError as `check_volume` does.
    """
    oriented = sitk.DICOMOrient(check_volume(image), "LPS")
    source = sitk.GetArrayViewFromImage(oriented)
    old = np.array(oriented.GetSpacing())[::-1]
    new, origin = isotropic(oriented, spacing_mm)
    size = new[::-1]
    frame = Frame((spacing_mm,) * 3, origin, oriented.GetDirection())
    if tuple(size) == source.shape and np.allclose(old, spacing_mm, rtol=1e-4):
        return source.astype(np.uint8 if labels else np.float32), frame
    if labels and not smooth and np.all(old >= spacing_mm * 0.999):
        near = [nearest(*args, spacing_mm) for args in zip(source.shape, old, size, strict=True)]
        return source[np.ix_(*near)].astype(np.uint8), frame
    matrices = [weights(*args, spacing_mm) for args in zip(source.shape, old, size, strict=True)]
    return (vote(source, matrices) if labels else resample(source, matrices)), frame


def labels_again(image: sitk.Image, earlier: sitk.Image, labels: np.ndarray, spacing_mm: float) -> np.ndarray:
    """`to_canonical` with smooth labels, of an image on the grid of an `earlier` one that gave `labels`: voted anew
    only where the two differ."""
    from scipy import ndimage

    oriented, before = (sitk.DICOMOrient(one, "LPS") for one in (image, earlier))
    source = sitk.GetArrayViewFromImage(oriented)
    found = ndimage.find_objects((source != sitk.GetArrayViewFromImage(before)).view(np.uint8))
    if not found:
        return labels.copy()
    old = np.array(oriented.GetSpacing())[::-1]
    if labels.shape == source.shape and np.allclose(old, spacing_mm, rtol=1e-4):
        return source.astype(np.uint8)
    matrices = [weights(*args, spacing_mm) for args in zip(source.shape, old, labels.shape, strict=True)]
    return vote_again(labels, source, found[0], matrices)


def from_canonical(array: np.ndarray, frame: Frame, reference: sitk.Image, *, labels: bool) -> sitk.Image:
    """A canonical array [z, y, x] back on the grid of `reference`, as `on_grid` does."""
    image = image_from_array(array, frame.spacing, frame.origin, frame.direction, labels=labels)
    return on_grid(image, reference, labels=labels)


def on_grid(image: sitk.Image, reference: sitk.Image, *, labels: bool) -> sitk.Image:
    """An image on the grid of `reference`: nearest label, or linear HU.

    Where the reference reaches beyond the image its nearest voxel is taken.
    """
    to_grid = sitk.ResampleImageFilter()
    to_grid.SetReferenceImage(check_volume(reference))
    to_grid.SetInterpolator(sitk.sitkNearestNeighbor if labels else sitk.sitkLinear)
    to_grid.SetUseNearestNeighborExtrapolator(True)
    return to_grid.Execute(image)


def image_from_array(
    array: np.ndarray,
    spacing: tuple[float, float, float],
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    direction: tuple[float, ...] = IDENTITY,
    *,
    labels: bool,
) -> sitk.Image:
    """An image of a canonical array [z, y, x]; spacing (z, y, x) mm, origin (x, y, z) LPS mm.

    Labels become uint8. HU are rounded and clipped to HU_RANGE as int16; NaN raises VolumeError.
    """
    if labels:
        values = np.ascontiguousarray(array, dtype=np.uint8)
    else:
        values = np.empty(array.shape, np.int16)
        for made, plane in zip(values, array, strict=True):
            if not np.isfinite(plane).all():
                raise VolumeError(
                    "the CT holds values that are NaN or infinite",
                    "the run went wrong, try it with --arithmetic float32",
                )
            made[:] = np.clip(np.rint(plane), *HU_RANGE)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(tuple(float(step) for step in spacing[::-1]))
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def float_image(array: np.ndarray, frame: Frame) -> sitk.Image:
    """An array [z, y, x] as float32, with spacing, origin and direction of a canonical frame."""
    image = sitk.GetImageFromArray(array.astype(np.float32))
    image.SetSpacing(frame.spacing[::-1])
    image.SetOrigin(frame.origin)
    image.SetDirection(frame.direction)
    return image
