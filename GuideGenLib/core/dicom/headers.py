"""What the header of a DICOM file tells: what it is, of which series, and where its planes lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from GuideGenLib.core.dicom.elements import functional_groups, number, numbers, text, words
from GuideGenLib.core.dicom.objects import Entry, damage_told
from GuideGenLib.core.dicom.planes import Plane
from GuideGenLib.core.errors import VolumeError

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
"""The second is the Legacy Converted one."""
SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Of masks, and as a label map."""
CONTOURS = "1.2.840.10008.5.1.4.1.1.481.3"
MOST_FRAMES = 100_000
_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesDescription", "Modality", "ImageType", "Rows",
    "Columns", "NumberOfFrames", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "AcquisitionNumber", "RescaleType", "FrameOfReferenceUID", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]  # fmt: skip


@dataclass(frozen=True)
class Header:
    """kind: the SOP class; planes: none where they are not told, for the reason in `problem`."""

    entry: Entry
    kind: str
    instance: str
    series: str
    description: str
    modality: str
    frame_of_reference: str
    acquisition: str = ""
    localizer: bool = False
    planes: tuple[Plane, ...] = field(default=(), repr=False)
    problem: VolumeError | None = None

    @property
    def is_ct(self) -> bool:
        """Is it a plane of a CT, or a whole one?"""
        return (self.kind == CT_IMAGE or self.kind in ENHANCED_CT) and not self.localizer


def header_of(entry: Entry) -> Header:
    """The header of a file. Raises VolumeError for a damaged one."""
    dataset = entry.read(stop_before_pixels=True, specific_tags=_TAGS)
    with damage_told(entry.name):
        header = Header(
            entry,
            text(dataset, "SOPClassUID"),
            text(dataset, "SOPInstanceUID"),
            text(dataset, "SeriesInstanceUID"),
            text(dataset, "SeriesDescription"),
            text(dataset, "Modality"),
            text(dataset, "FrameOfReferenceUID"),
            text(dataset, "AcquisitionNumber"),
            any("LOCALIZER" in word.upper() for word in words(dataset, "ImageType")),
        )
        if not header.kind:  # of a plane that is passed over nobody would hear
            raise VolumeError(f"{entry.name} does not tell what it is", "copy it again, or take it out of the folder")
        if not header.is_ct:
            return header
        try:
            planes, problem = planes_of(dataset, entry.name, header.kind in ENHANCED_CT), None
        except VolumeError as error:
            planes, problem = (), error
        return Header(**{**header.__dict__, "planes": planes, "problem": problem})


def planes_of(dataset: Any, name: str, several: bool) -> tuple[Plane, ...]:
    """The places of an image, or of the frames of one of several. Raises VolumeError where it does not tell them."""
    shape = int(number(dataset, "Rows", name)), int(number(dataset, "Columns", name))
    if min(shape) < 1:
        raise VolumeError(f"{name} has {shape[0]} rows of {shape[1]} pixels", "export it again")
    if not several:
        return (_plane(dataset, dataset, dataset, shape, name),)
    frames = int(number(dataset, "NumberOfFrames", name))
    if not 1 <= frames <= MOST_FRAMES:
        raise VolumeError(f"{name} says that it has {frames} frames", "export it again")
    groups = (
        functional_groups(dataset, keyword, frames)
        for keyword in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
    )
    return tuple(_plane(place, turn, pixels, shape, name) for place, turn, pixels in zip(*groups, strict=True))


def _plane(position: Any, orientation: Any, measures: Any, shape: tuple[int, int], name: str) -> Plane:
    if position is None or orientation is None or measures is None:
        raise VolumeError(f"{name} does not tell where its frames lie", "export it again with its whole header")
    x, y, z = numbers(position, "ImagePositionPatient", 3, name)
    rows, columns = numbers(measures, "PixelSpacing", 2, name)
    return Plane((x, y, z), numbers(orientation, "ImageOrientationPatient", 6, name), (columns, rows), shape)
