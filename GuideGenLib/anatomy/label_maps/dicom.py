"""The segments of a DICOM segmentation, or the contours of a structure set, as one label map with their names.

A segment is what its codes say, or else its name, also as planning systems write it (Lung_L, SpinalCord, Kidney RT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.codes.terminology import Coding
from GuideGenLib.anatomy.label import Code
from GuideGenLib.anatomy.label_maps.segments import claim, structure_by
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.core.dicom.codes import Coded
from GuideGenLib.core.dicom.labels import read_labels, segments_of
from GuideGenLib.core.dicom.masks import CodedSegment, Masks
from GuideGenLib.core.dicom.planes import Grid
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.right_angles import is_right_angled, right_angled

OUTLINE, TUMOR = "EXTERNAL", "GTV"
NO_ANATOMY = (
    "PTV", "CTV", "ITV", "AVOIDANCE", "CONTROL", "DOSE_REGION", "DOSE_MEASUREMENT", "MARKER", "BOLUS", "SUPPORT",
    "FIXATION", "TREATED_VOLUME", "IRRAD_VOLUME", "ISOCENTER", "REGISTRATION", "BRACHY_CHANNEL",
    "BRACHY_ACCESSORY", "BRACHY_SRC_APP", "BRACHY_CHNL_SHLD",
)  # fmt: skip
"""RT ROI Interpreted Types (DICOM part 3, C.8.8.8) of regions that a plan needs and no body has."""
SIDES = {"l": "left", "lt": "left", "r": "right", "rt": "right"}
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
OFF = 0.1
"""By such a part of a voxel a grid may lie off another one and be a part of it."""


def dicom_labels(
    path: Path, under: sitk.Image | None, *, named: bool
) -> tuple[sitk.Image, dict[int, str], tuple[str, ...]]:
    """A label map (uint16) of the numbers of the segments, the name of each for `names.structure_of`, and notes.

    under: what it was drawn on, whose grid it gets where it is a part of that; without it the CT in the folder or zip.
    named: else others tell the names. Raises VolumeError, and VocabularyError for segments that say nothing.
    """
    masks, grid = read_labels(path, under)
    kept = _anatomy(masks.segments) if named else list(masks.segments)
    names = _names(kept, path) if named else {one.number: "" for one in kept}
    left = [one.name for one in masks.segments if one not in kept]
    notes = (f"{path}: {', '.join(left[:8])} left out, as a plan has it and no body",) if left else ()
    image = masks.grid.image(_numbered(masks, kept, names))
    placed = image if grid is None else _on(image, grid)
    return right_angled(placed, labels=True), names, (*masks.notes, *notes)


def names_in(path: Path) -> dict[int, str]:
    """The names that `dicom_labels` gives, without reading voxels. Raises VolumeError and VocabularyError."""
    return _names(_anatomy(segments_of(path)), path)


def _anatomy(segments: Sequence[CodedSegment]) -> list[CodedSegment]:
    return [one for one in segments if one.kind not in NO_ANATOMY]


def _numbered(masks: Masks, kept: list[CodedSegment], names: dict[int, str]) -> NDArray[np.uint16]:
    result: NDArray[np.uint16] = np.zeros(masks.grid.shape, np.uint16)
    for one in kept:
        claim(result, masks.mask(one.number), one.number, names)
    return result


def _names(segments: list[CodedSegment], path: Path) -> dict[int, str]:
    found, nameless = {}, []
    for one in segments:
        try:
            structure = _structure(one, path)
        except VocabularyError:
            structure = None
        if structure is None:
            nameless.append(f"{one.number} {one.name!r}")
        else:
            found[one.number] = structure
    if nameless:
        raise VocabularyError(
            f"{path} has segments that do not say what they are: {', '.join(nameless[:8])}"
            + (f" and {len(nameless) - 8} more" if len(nameless) > 8 else ""),
            'tell them in a file for --labels, {"1": "liver", "2": "", ...}, empty for what is none of ours',
        )
    return found


def _structure(one: CodedSegment, path: Path) -> str | None:
    """What a segment is, by its codes, its kind or its name. Raises VocabularyError."""
    coding = Coding(*(_code(code) for code in one.codes))
    if one.kind == OUTLINE:
        return "body"
    *others, last = _spellings(one.name)
    for name in others:
        try:
            return structure_by(coding, name, path)
        except VocabularyError:
            pass
    if one.kind == TUMOR:
        return "tumor"
    return structure_by(coding, last, path)


def _spellings(name: str) -> Iterator[str]:
    """As it is written, then as words: "Glnd_Adrenal_L", "glnd adrenal left"."""
    yield name
    yield " ".join(SIDES.get(word.lower(), word.lower()) for word in WORDS.findall(name)) or name


def _code(code: Coded | None) -> Code | None:
    return None if code is None else Code(code.value, code.meaning, code.scheme)


def _on(image: sitk.Image, grid: Grid) -> sitk.Image:
    """A label map on a grid of the same voxels that reaches further, as that of the CT does; else as it is.

    One of a tilted gantry is laid on any straight grid.
    """
    under = sitk.Image(grid.shape[::-1], sitk.sitkUInt8)
    under.SetSpacing(grid.spacing)
    under.SetOrigin(grid.origin)
    under.SetDirection(grid.direction)
    try:
        offset = np.array(under.TransformPhysicalPointToContinuousIndex(image.GetOrigin()))
    except RuntimeError as error:
        raise VolumeError("the CT has a direction that is none", "export it again") from error
    ends = np.array(under.TransformPhysicalPointToContinuousIndex(_far_end(image))) - offset
    whole = np.array(image.GetSize()) - 1
    same = max(np.abs(offset - np.rint(offset)).max(), np.abs(ends - whole).max()) <= OFF
    if not same and (is_right_angled(image.GetDirection()) or not is_right_angled(grid.direction)):
        return image
    return sitk.Resample(image, under, sitk.Transform(), sitk.sitkNearestNeighbor, 0)


def _far_end(image: sitk.Image) -> tuple[float, ...]:
    end: tuple[float, ...] = image.TransformIndexToPhysicalPoint([size - 1 for size in image.GetSize()])
    return end
