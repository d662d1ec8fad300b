"""The pixels of DICOM images as numbers: whole, of the kind that a CT has, and rescaled to HU."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.core.dicom.elements import first, number, text
from GuideGenLib.core.dicom.objects import Entry, damage_told
from GuideGenLib.core.errors import VolumeError

LEAST_BITS = 9
"""HU do not fit into 8 bits: such an image is a picture."""
HU_TYPES = ("", "HU", "HU_MOD", "US")
"""Rescale types of HU; US (unspecified) is what older files say of them."""
INT16 = (-32768, 32767)


def hounsfield(entry: Entry) -> NDArray[Any]:
    """The HU of a CT [frame, row, column], int16, or float32 where they are not whole. Raises VolumeError."""
    dataset = entry.read()
    with damage_told(entry.name):
        if int(number(dataset, "BitsStored", entry.name)) < LEAST_BITS:
            raise VolumeError(f"{entry.name} has 8 bits a voxel", "that is a picture, not HU; give the CT itself")
        if text(dataset, "SamplesPerPixel", "1") != "1":
            raise VolumeError(f"{entry.name} has colours", "that is a picture, not HU; give the CT itself")
        raw, rescaled = _decoded(dataset, entry)
        return raw if rescaled else _rescaled(raw, dataset, entry.name)


def frames(dataset: Any, name: str) -> NDArray[Any]:
    """The stored values [frame, row, column] of an image that pydicom decodes. Raises VolumeError."""
    with damage_told(name):
        try:
            array: NDArray[Any] = dataset.pixel_array
        except (ValueError, AttributeError, EOFError) as error:
            raise VolumeError(f"{name} has too few pixels or none", "copy or export it again") from error
        except (RuntimeError, NotImplementedError) as error:  # pydicom's words for a codec that is not there
            raise _no_codec(dataset, name) from error
        return array[None] if array.ndim == 2 else array


def _decoded(dataset: Any, entry: Entry) -> tuple[NDArray[Any], bool]:
    """The stored values, or HU already (True) where GDCM has to decode them."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is None:
        raise VolumeError(f"{entry.name} does not tell how its pixels are stored", "export it again")
    if not syntax.is_compressed or syntax.is_deflated:
        return _used_bits(frames(dataset, entry.name), dataset), False
    try:
        return _used_bits(frames(dataset, entry.name), dataset), False
    except VolumeError:
        if text(dataset, "NumberOfFrames", "1") != "1":
            raise
    return _by_gdcm(dataset, entry), True


def _by_gdcm(dataset: Any, entry: Entry) -> NDArray[Any]:
    """HU of one plane by SimpleITK, which has more codecs than pydicom brings."""
    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder, entry.opened() as file:
        path = Path(folder) / "plane.dcm"
        path.write_bytes(file.read())
        try:
            image = sitk.ReadImage(str(path))
        except RuntimeError as error:
            raise _no_codec(dataset, entry.name) from error
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    shape = (1, int(number(dataset, "Rows", entry.name)), int(number(dataset, "Columns", entry.name)))
    if array.shape != shape:
        raise VolumeError(f"{entry.name} has pixels of another size than its header says", "export it again")
    return _compact(array)


def _used_bits(array: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """The values without what older scanners put into the unused high bits."""
    unused = array.dtype.itemsize * 8 - int(number(dataset, "BitsStored", "the image"))
    return array if array.dtype.kind not in "iu" or not 0 < unused < 16 else (array << unused) >> unused


def _rescaled(raw: NDArray[Any], dataset: Any, name: str) -> NDArray[Any]:
    """slope x value + intercept, of the image or of each frame."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = first(dataset, "SharedFunctionalGroupsSequence", "PixelValueTransformationSequence")
    result: NDArray[np.float32] = np.empty(raw.shape, np.float32)
    for index, plane in enumerate(raw):
        of_frame = first(own[index], "PixelValueTransformationSequence") if index < len(own) else None
        told = of_frame or shared or dataset
        kind = text(told, "RescaleType").upper()
        if kind not in HU_TYPES:
            raise VolumeError(f"{name} holds values of the kind {kind}", "give the series in HU")
        slope, intercept = (number(told, key, name, value) for key, value in _RESCALE)
        if slope == 0:
            raise VolumeError(f"{name} has a rescale slope of 0", "export it again")
        result[index] = plane * np.float32(slope) + np.float32(intercept)
    return _compact(result)


_RESCALE = (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))


def _compact(array: NDArray[np.float32]) -> NDArray[Any]:
    whole = np.rint(array)
    if np.array_equal(whole, array) and INT16[0] <= whole.min(initial=0) and whole.max(initial=0) <= INT16[1]:
        return whole.astype(np.int16)
    return array


def _no_codec(dataset: Any, name: str) -> VolumeError:
    syntax = dataset.file_meta.TransferSyntaxUID
    return VolumeError(
        f"{name} is compressed ({syntax.name}) in a way that cannot be unpacked here",
        "store it uncompressed, for example by gdcmconv --raw or dcmdjpeg",
    )
