"""The contours of a radiotherapy structure set as masks on the grid of the CT that they were drawn on.

A voxel is inside where its centre is: along its row an odd number of edges lies before it (even-odd rule). So a contour
within another one is a hole, and a keyhole contour, which goes in and out by one line, leaves its hole free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.dicom.codes import Codes, coded
from GuideGenLib.core.dicom.elements import first, items, number, text
from GuideGenLib.core.dicom.masks import CodedSegment, Masks
from GuideGenLib.core.dicom.objects import Entry, damage_told
from GuideGenLib.core.dicom.planes import Grid
from GuideGenLib.core.errors import VolumeError

OFF_PLANE = 0.5
"""So many planes a contour may lie off one of the CT."""
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Contours:
    """The regions of a structure set that have contours, points [n, 3] in mm, LPS; series: of the CT under them."""

    regions: tuple[CodedSegment, ...]
    points: dict[int, tuple[Points, ...]]
    series: str
    frame_of_reference: str
    name: str

    def on(self, grid: Grid) -> Masks:
        """The masks on the grid of a CT. Its `mask` raises VolumeError for contours that do not lie in its planes."""
        names = {region.number: f"{region.name!r} of {self.name}" for region in self.regions}
        return Masks(grid, self.regions, lambda value: filled(self.points[value], grid, names[value]))


def read_contours(entry: Entry) -> Contours:
    """The structure set in a file. Raises VolumeError for a damaged one, or one without contours."""
    dataset = entry.read()
    with damage_told(entry.name):
        told = {_number(item, "ReferencedROINumber"): item for item in items(dataset, "RTROIObservationsSequence")}
        contours = {_number(item, "ReferencedROINumber"): item for item in items(dataset, "ROIContourSequence")}
        regions, points = [], {}
        for item in items(dataset, "StructureSetROISequence"):
            value = _number(item, "ROINumber")
            found = _points(contours[value], text(item, "ROIName"), entry.name) if value in contours else ()
            if found and value not in points:
                points[value] = found
                regions.append(_region(value, item, told.get(value)))
        if not regions:
            raise VolumeError(f"{entry.name} has no closed contours", "export the structures with their contours")
        frame = first(dataset, "ReferencedFrameOfReferenceSequence")
        under = first(frame, "RTReferencedStudySequence", "RTReferencedSeriesSequence") if frame is not None else None
        return Contours(
            tuple(regions),
            points,
            "" if under is None else text(under, "SeriesInstanceUID"),
            "" if frame is None else text(frame, "FrameOfReferenceUID"),
            entry.name,
        )


def _region(value: int, item: Any, told: Any) -> CodedSegment:
    code = None if told is None else coded(first(told, "RTROIIdentificationCodeSequence"))
    kind = "" if told is None else text(told, "RTROIInterpretedType").upper()
    return CodedSegment(value, text(item, "ROIName"), Codes(type=code), kind)


def _number(item: Any, keyword: str) -> int:
    return int(number(item, keyword, "the structure set"))


def _points(item: Any, region: str, name: str) -> tuple[Points, ...]:
    found = []
    for contour in items(item, "ContourSequence"):
        if text(contour, "ContourGeometricType").upper() != "CLOSED_PLANAR":
            continue  # points and lines have no inside
        values = np.array([float(one) for one in contour.get("ContourData") or ()])
        if len(values) % 3 or not np.isfinite(values).all():
            raise VolumeError(f"{region!r} of {name} has a contour of {len(values)} numbers", "export it again")
        if len(values) >= 9:
            found.append(values.reshape(-1, 3))
    return tuple(found)


def filled(contours: tuple[Points, ...], grid: Grid, name: str) -> NDArray[np.bool_]:
    """Where contours enclose a voxel's centre, [plane, row, column]. Raises VolumeError for those that cross planes."""
    to_places = np.linalg.inv(np.array(grid.direction).reshape(3, 3) * grid.spacing)  # planes may be stacked aslant
    planes, rows, columns = grid.shape
    crossings: NDArray[np.uint8] = np.zeros((planes, rows, columns + 1), np.uint8)
    for points in contours:
        places = (points - grid.origin) @ to_places.T  # column, row, plane
        plane = float(places[:, 2].mean())
        if np.abs(places[:, 2] - round(plane)).max() > OFF_PLANE + 1e-3:
            raise VolumeError(f"{name} has a contour that lies in no plane of the CT", "give the CT it was drawn on")
        if 0 <= round(plane) < planes:
            _cross(crossings[round(plane)], places[:, 0], places[:, 1])
    return (np.cumsum(crossings[..., :-1], axis=2, dtype=np.uint8) & 1).astype(bool)


def _cross(crossings: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Add to the first voxel [row, column] behind each crossing of a contour's edges with the rows."""
    rows, columns = crossings.shape
    for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        low, high = max(0, int(np.ceil(y0))), min(rows, int(np.ceil(y1)))
        if low >= high:
            continue
        row = np.arange(low, high)
        column = np.ceil(x0 + (row - y0) * (x1 - x0) / (y1 - y0))
        np.add.at(crossings, (row, np.clip(column, 0, columns - 1).astype(int)), 1)
