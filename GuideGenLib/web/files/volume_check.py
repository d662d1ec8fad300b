"""What a volume file of a stranger is: labels of a table that we know, or a CT. Checked before anything is unpacked."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.candidates import CANDIDATES
from GuideGenLib.anatomy.label_maps.names import OWN
from GuideGenLib.anatomy.label_maps.opening import open_anatomy
from GuideGenLib.anatomy.label_maps.reading import InDoubtError
from GuideGenLib.anatomy.label_volumes import check_anatomy
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.volumes import check_ct, read_volume
from GuideGenLib.web.files.limits import LARGEST_VOLUME, NRRD_HEADER, megabytes, points_elsewhere

KINDS = ("auto", "anatomy", "totalsegmentator", "maisi", "amos", "btcv", "guidegen21", "ct")
"""What a user may say that a volume is; "auto" leaves it to its values."""
CHOSEN = (*CANDIDATES, *values())
"""What a user may answer when asked: a vocabulary, or the structure that a mask shows."""
HIGHEST_LABEL = 255


def check_header(path: Path, name: str) -> bool:
    """Whether the file is a segmentation of Slicer. Raises VolumeError where its size cannot be served.

    Headers lie: a small file may claim, or unpack to, more than there is memory.
    """
    with path.open("rb") as file:
        start = file.read(NRRD_HEADER)
    if start.startswith(b"NRRD") and points_elsewhere(start):
        raise VolumeError(f"{name} has its voxels in another file: save it as one .nrrd file")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return False  # `read_volume` says what is wrong
    bits = re.search(r"(\d+)-bit", sitk.GetPixelIDValueAsString(reader.GetPixelID()))
    voxels = float(np.prod([float(n) for n in reader.GetSize()])) * reader.GetNumberOfComponents()
    size = voxels * (int(bits[1]) / 8 if bits else 8)
    if size > LARGEST_VOLUME:
        raise VolumeError(
            f"{name} takes {megabytes(size)} unpacked ({' x '.join(map(str, reader.GetSize()))} voxels): up to "
            f"{megabytes(LARGEST_VOLUME)} are served; crop it, or resample it to larger voxels"
        )
    if start.startswith(b"\x1f\x8b"):
        _check_unpacked(path, name)
    return reader.HasMetaDataKey("Segment0_ID")


def read_as(path: Path, name: str, kind: str) -> tuple[str, sitk.Image, tuple[str, ...]]:
    """What the volume is ("anatomy" or "ct"), as uint8 labels of our table or int16 HU, and notes for the user.

    kind: one of KINDS or CHOSEN. Raises VolumeError for a file that is neither, or not what `kind` says, and
    InDoubtError for label maps of which nothing tells what they are while several vocabularies may fit.
    """
    image = read_volume(path)
    if kind == "ct" or (kind == "auto" and _is_ct(image)):
        return "ct", check_ct(image, name), ()
    vocabulary = {"auto": None, "anatomy": OWN}.get(kind, kind)
    try:
        opened = open_anatomy(path, vocabulary)
    except InDoubtError:
        raise
    except VocabularyError as error:
        raise VolumeError(error.message, "choose what it is beside the button, and open it again") from error
    notes = tuple(note.replace(str(path), name) for note in opened.notes)
    return "anatomy", check_anatomy(opened.anatomy, name), notes


def _is_ct(image: sitk.Image) -> bool:
    """HU go below 0 and labels do not; neither are labels large, nor between whole numbers."""
    array = sitk.GetArrayViewFromImage(image)
    return bool(array.min() < 0 or array.max() > HIGHEST_LABEL or (array != np.rint(array)).any())


def _check_unpacked(path: Path, name: str) -> None:
    size = 0
    try:
        with gzip.open(path) as file:
            while block := file.read(1 << 22):
                size += len(block)
                if size > LARGEST_VOLUME + NRRD_HEADER:
                    raise VolumeError(f"{name} unpacks to more than its header says: it is damaged or no volume")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise VolumeError(f"{name} is cut short or damaged: copy or download it again") from error
