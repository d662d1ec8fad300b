"""What is in a stranger's DICOM, a zip or one file: a CT, a segmentation, or both."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.opening import open_anatomy
from GuideGenLib.anatomy.label_volumes import check_anatomy
from GuideGenLib.core.dicom.series import found_in
from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.volumes import read_ct
from GuideGenLib.web.files.limits import LARGEST_VOLUME, megabytes

HU_BYTES = 2


def read_dicom(path: Path, name: str, kind: str) -> tuple[dict[str, sitk.Image], tuple[str, ...]]:
    """The volumes of a file by what they are ("anatomy": uint8 labels of our table, "ct": int16 HU), and notes.

    kind: as `volume_check.KINDS`; "ct" leaves a segmentation out, a kind of anatomy the CT. Raises VolumeError, and
    VocabularyError for segments that do not say what they are.
    """
    found = found_in(path)
    there = any(one.is_ct for one in found), any(one.has_labels for one in found)
    ct = kind == "ct" or (kind == "auto" and (there[0] or not there[1]))
    labels = kind not in ("auto", "ct") or (kind == "auto" and there[1])
    size = HU_BYTES * max((math.prod(one.stack.grid.straight) for one in found if one.stack), default=0)
    if size > LARGEST_VOLUME:
        raise VolumeError(
            f"{name} takes {megabytes(size)} unpacked: up to {megabytes(LARGEST_VOLUME)} are served; "
            "send a series of thicker planes, or a part of it"
        )
    volumes: dict[str, sitk.Image] = {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", FileWarning)
        if ct:
            volumes["ct"] = read_ct(path)
        notes = tuple(str(warning.message) for warning in told if issubclass(warning.category, FileWarning))
    if labels:
        opened = open_anatomy(path, ct=volumes.get("ct"))
        volumes["anatomy"] = check_anatomy(opened.anatomy, name)
        notes += opened.notes
    return volumes, tuple(note.replace(str(path), name) for note in notes)
