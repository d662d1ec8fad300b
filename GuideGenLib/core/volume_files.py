"""Image files as they lie on the disk: whole or not, their headers, and their voxels where the headers put them."""

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.dicom.ct import read_ct_series
from GuideGenLib.core.dicom.objects import is_dicom
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import utf8_path
from GuideGenLib.core.nifti import geometry_of, read_header, read_version_2
from GuideGenLib.core.text_headers import check_spacing

try:
    from isal import igzip, igzip_lib  # of the extra `train`: ten times as fast, for data sets of many files
except ImportError:
    inflate, Broken = gzip.open, zlib.error
else:
    inflate, Broken = igzip.open, getattr(igzip_lib, "error")  # noqa: B009  its type stub takes it for an instance

ADDRESS = re.compile(r"\(0x[0-9a-f]+\)")
"""Of an object in memory, which ITK tells."""
os.environ.setdefault("ITK_NIFTI_SFORM_PERMISSIVE", "YES")
"""ITK refuses a NIfTI whose axes are a rounding off right angles; `nifti` checks them, with a figure."""


def read_image(path: Path, series: str | None = None) -> sitk.Image:
    """The image in a file of any kind that SimpleITK reads, after it was found to be whole, or the CT of a DICOM series
    (a folder, a zip or a file; series: its UID where there are several).

    A NIfTI lies where `nifti.geometry_of` puts it. Raises VolumeError.
    """
    _check_there(path)
    if is_dicom(path):
        return read_ct_series(path, series)
    try:
        _check_archive(path)
        header = read_header(path)
        geometry = None if header is None else geometry_of(path, header)
        if header is not None and header.version == 2:
            image = sitk.GetImageFromArray(read_version_2(path))
            image.SetSpacing(header.steps)
        else:
            check_spacing(path)
            with _information(path) as reader:
                _check_length(path, reader)
                image = reader.Execute()
    except OSError as error:
        raise VolumeError(
            f"{path} cannot be read ({error.strerror or error})", "make it readable, or copy it"
        ) from error
    except RuntimeError as error:
        raise VolumeError(
            f"{path} cannot be read as a volume ({reason_of(error)})", "give a NIfTI, NRRD or MetaImage file, or DICOM"
        ) from error
    if geometry is not None and image.GetDimension() in (3, 4):
        extra = image.GetDimension() - 3
        image.SetSpacing(geometry.spacing + (1.0,) * extra)
        image.SetOrigin(geometry.origin + (0.0,) * extra)
        direction = np.eye(3 + extra)
        direction[:3, :3] = geometry.direction
        image.SetDirection(direction.ravel().tolist())
    return image


def header_of(path: Path) -> dict[str, str]:
    """The fields of a file's header that SimpleITK knows by name, none for NIfTI-2 and DICOM. Raises VolumeError."""
    _check_there(path)
    if is_dicom(path):
        return {}
    _check_archive(path)
    told = read_header(path)
    if told is not None and told.version == 2:
        return {}
    try:
        with _information(path) as reader:
            # a damaged header has names in no encoding, which SimpleITK gives and does not take back
            return {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys() if key.isascii()}
    except RuntimeError as error:
        raise VolumeError(
            f"{path} cannot be read as a volume ({reason_of(error)})", "give a NIfTI, NRRD or MetaImage file, or DICOM"
        ) from error


@contextmanager
def _information(path: Path) -> Iterator[sitk.ImageFileReader]:
    """A reader that has read the header of a file. Raises RuntimeError."""
    with utf8_path(path) as name:
        reader = sitk.ImageFileReader()
        reader.SetFileName(name)
        reader.ReadImageInformation()
        yield reader


def _check_there(path: Path) -> None:
    try:
        if path.is_dir():
            return
        if not path.is_file():
            raise VolumeError(f"{path} does not exist", "check the path")
        with path.open("rb"):
            pass
    except OSError as error:
        raise VolumeError(
            f"{path} cannot be read ({error.strerror or error})", "check its name and who may read it"
        ) from error


def _check_archive(path: Path) -> None:
    """ITK reads a cut or damaged .nii.gz without a word; its checksum tells."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return
    try:
        with inflate(path) as file:
            while file.read(1 << 22):
                pass
    except (EOFError, OSError, Broken) as error:
        raise _damaged(path) from error


def _check_length(path: Path, reader: sitk.ImageFileReader) -> None:
    """Nor does it miss the end of a plain .nii."""
    if path.suffix.lower() == ".nii" and reader.HasMetaDataKey("bitpix"):
        voxels = int(np.prod(reader.GetSize(), dtype=np.int64)) * reader.GetNumberOfComponents()
        wanted = float(reader.GetMetaData("vox_offset")) + voxels * int(reader.GetMetaData("bitpix")) / 8
        if path.stat().st_size < wanted:
            raise _damaged(path)


NO_READER = "Unable to determine ImageIO reader"
"""What ITK says of a file that begins like none that it knows."""


def _damaged(path: Path) -> VolumeError:
    return VolumeError(f"{path} is cut short or damaged", "copy or download it again")


def reason_of(error: Exception) -> str:
    """The line of an ITK message that means something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line.split("ERROR:", 1)[1].strip() for line in lines if "ERROR:" in line]
    found = ADDRESS.sub("", (told or lines or ["unknown"])[-1])
    return "it is damaged or of another kind" if NO_READER in found else found
