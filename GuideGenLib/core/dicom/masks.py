"""A DICOM segmentation: its segments with their codes, and where each of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.dicom.codes import Codes, codes_of
from GuideGenLib.core.dicom.elements import first, functional_groups, items, number, text
from GuideGenLib.core.dicom.headers import SEGMENTATION, planes_of
from GuideGenLib.core.dicom.objects import Entry, damage_told
from GuideGenLib.core.dicom.pixels import frames
from GuideGenLib.core.dicom.planes import Grid, Stack, spread
from GuideGenLib.core.errors import VolumeError

MOST_SEGMENTS = 65535
MOST_VOXELS = 2**31


@dataclass(frozen=True)
class CodedSegment:
    """number: its number in the file; kind: what a planning system says that a contour is for, empty in others."""

    number: int
    name: str
    codes: Codes = field(default_factory=Codes)
    kind: str = ""


@dataclass(frozen=True)
class Masks:
    """mask(number): where a segment is, bool [plane, row, column] on the grid; notes: for the user."""

    grid: Grid
    segments: tuple[CodedSegment, ...]
    mask: Callable[[int], NDArray[np.bool_]]
    notes: tuple[str, ...] = ()


def read_masks(entry: Entry) -> Masks:
    """The segmentation in a file: of masks, which may overlap, of fractions, or a label map. Raises VolumeError."""
    dataset = entry.read()
    with damage_told(entry.name):
        planes = planes_of(dataset, entry.name, several=True)
        measures = first(dataset, "SharedFunctionalGroupsSequence", "PixelMeasuresSequence")
        told = 0.0 if measures is None else number(measures, "SpacingBetweenSlices", entry.name, 0.0)
        stack = spread(planes, told or None, entry.name)
        if np.prod(stack.grid.shape, dtype=np.int64) > MOST_VOXELS:
            raise VolumeError(f"{entry.name} tells of {stack.grid.shape} voxels", "export it again")
        segments, kind = _segments(dataset, entry.name), text(dataset, "SegmentationType").upper()
        if text(dataset, "SOPClassUID") == SEGMENTATION[1] or kind == "LABELMAP":
            return Masks(stack.grid, segments, _of_labels(dataset, stack, entry.name))
        if kind == "FRACTIONAL":
            note = f"{entry.name} tells fractions: a voxel was taken where its fraction is at least a half"
            return Masks(stack.grid, segments, _of_frames(dataset, stack, entry.name, _halves), (note,))
        return Masks(stack.grid, segments, _of_frames(dataset, stack, entry.name, _bits))


def read_segments(entry: Entry) -> tuple[CodedSegment, ...]:
    """The segments of a file, by its header alone. Raises VolumeError."""
    dataset = entry.read(stop_before_pixels=True)
    with damage_told(entry.name):
        return _segments(dataset, entry.name)


def _segments(dataset: Any, name: str) -> tuple[CodedSegment, ...]:
    found = (_segment(item, name) for item in items(dataset, "SegmentSequence"))
    segments = tuple(segment for segment in found if segment.number)  # 0 is the background of label maps
    if not segments:
        raise VolumeError(f"{name} names no segment", "export it again")
    return segments


def _segment(item: Any, name: str) -> CodedSegment:
    value = int(number(item, "SegmentNumber", name))
    if not 0 <= value <= MOST_SEGMENTS:
        raise VolumeError(f"{name} has a segment of the number {value}", "export it again")
    return CodedSegment(value, text(item, "SegmentLabel"), codes_of(item))


def _of_labels(dataset: Any, stack: Stack, name: str) -> Callable[[int], NDArray[np.bool_]]:
    stored = frames(dataset, name)
    if stored.shape != (len(stack.places), *stack.grid.shape[1:]):
        raise VolumeError(f"{name} has pixels of another size than its header says", "export it again")
    labels = np.zeros(stack.grid.shape, stored.dtype)
    labels[list(stack.places)] = stored
    return lambda value: labels == value


Frames = Callable[[int], NDArray[np.bool_]]


def _of_frames(
    dataset: Any, stack: Stack, name: str, unpacked: Callable[[Any, Stack, str], Frames]
) -> Callable[[int], NDArray[np.bool_]]:
    """Of frames that each show one segment at one place."""
    groups = functional_groups(dataset, "SegmentIdentificationSequence", len(stack.places))
    shown = [-1 if group is None else int(number(group, "ReferencedSegmentNumber", name)) for group in groups]
    frame = unpacked(dataset, stack, name)

    def mask(value: int) -> NDArray[np.bool_]:
        result = np.zeros(stack.grid.shape, bool)
        for index, place in enumerate(stack.places):
            if shown[index] == value:
                result[place] |= frame(index)
        return result

    return mask


def _bits(dataset: Any, stack: Stack, name: str) -> Frames:
    """Frames of one bit a voxel, unpacked one by one: all together they may be larger than memory."""
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        stored = frames(dataset, name) > 0
        return lambda index: stored[index]
    if int(number(dataset, "BitsAllocated", name)) != 1:
        raise VolumeError(f"{name} is a binary segmentation of more than one bit a voxel", "export it again")
    data = np.frombuffer(dataset.PixelData, np.uint8)
    rows, columns = stack.grid.shape[1:]
    size = rows * columns
    if len(data) * 8 < size * len(stack.places):
        raise VolumeError(f"{name} has too few pixels", "copy or export it again")

    def frame(index: int) -> NDArray[np.bool_]:
        start = index * size
        bits = np.unpackbits(data[start // 8 : -(-(start + size) // 8)], bitorder="little")
        return bits[start % 8 : start % 8 + size].reshape(rows, columns).astype(bool)

    return frame


def _halves(dataset: Any, stack: Stack, name: str) -> Frames:
    stored = frames(dataset, name)
    half = number(dataset, "MaximumFractionalValue", name, 255.0) / 2
    return lambda index: stored[index] >= half
