"""One case made ready for the store: its CT and labels on the grid of the CT stage, its anatomy on the torso frame."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_maps.filling import SOFT_TISSUES
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import split_tissues
from GuideGenLib.anatomy.torso_frame import CANVAS, FRAME_MM, PlacingError
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.core.files import atomic
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.data.cases import CaseFiles, DataError, Spacing
from GuideGenLib.data.labelling import Segment, label_by
from GuideGenLib.data.layouts import read_labels, read_named
from GuideGenLib.data.notes import Notes, completed
from GuideGenLib.data.pictures import placed_panels, scan_panels, write_picture
from GuideGenLib.data.placing import Placed, measured_sex, place
from GuideGenLib.data.scan_measures import UNSURE, Measured, measure_scan
from GuideGenLib.data.scans import far_outside, sampled
from GuideGenLib.data.store import CaseRecord, CTRecord, PlacedRecord, write_array, write_record
from GuideGenLib.data.survey import regions_of

CT_MM = 2.0
"""Grid of the codec and the CT stage."""
FOUND_BY_HU = (*SOFT_TISSUES, "stomach_gas", "colon_gas", "lung_vessel", "background")
PICTURE = "picture.png"
METHOD = 1
"""Raised when the same files would be prepared otherwise than before."""


def fingerprint(case: CaseFiles, segmented: bool) -> str:
    """Of a case's files and of how they are prepared: a case is prepared anew when it changes.

    segmented: whether a segmenter labels what has no labels.
    """
    labels = [] if case.labels is None else sorted(case.labels.iterdir()) if case.labels.is_dir() else [case.labels]
    ct = [] if case.ct is None else sorted(case.ct.rglob("*")) if case.ct.is_dir() else [case.ct]
    files = [path for path in (*ct, *labels) if path.is_file()]
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    told = [
        METHOD,
        segmented and case.labels is None,
        CT_MM,
        FRAME_MM,
        CANVAS,
        stats,
        sorted((case.meaning or {}).items(), key=str),
        case.problem,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def prepare_case(case: CaseFiles, folder: Path, segment: Segment | None) -> CaseRecord:
    """Write all that trainings need of a case into `folder`. Raises DataError for a case that cannot be used.

    segment: labels a CT that has no label map.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = CaseRecord(case.name, fingerprint(case, segment is not None))
    record = _with_ct(case, record, folder, segment) if case.ct is not None else _label_map_alone(case, record, folder)
    write_record(record, folder)
    return record


def _with_ct(case: CaseFiles, record: CaseRecord, folder: Path, segment: Segment | None) -> CaseRecord:
    named, native, spacing = read_named(case)
    hu = sampled(image_from_array(native, spacing, labels=False), CT_MM)
    if named is not None:
        labels, unsure = _labelled(named, spacing, hu)
    elif segment is not None:
        labels, unsure = label_by(segment, hu, CT_MM)
    else:
        raise DataError(f"{case.name} has no labels", "add them, or let the segmenter label it")
    hu = np.where(far_outside(labels, CT_MM), -1000, hu).astype(np.int16)
    told = completed(Notes(), labels, hu, CT_MM)
    measured = measure_scan(hu, labels, CT_MM, unsure)
    ct = _write_volumes(measured, folder, segmented=named is None)
    record = replace(_with_structures(record, labels), ct=ct, phase=told.phase, sex=told.sex)
    panels = scan_panels(measured.hu, measured.labels, measured.marks & UNSURE > 0)
    if named is None:
        write_picture(panels, folder / PICTURE)
        return replace(record, not_placed="its labels are a segmenter's")
    # soft tissue that neither the source nor its HU name may be any organ that the source does not label
    marked = np.where(labels == values()["body"], UNLABELLED, labels)
    marked[unsure] = OUTSIDE
    known = case.known_in(named) | {values()[key] for key in FOUND_BY_HU}
    record, placed = _placed(record, marked.astype(np.uint8), (CT_MM,) * 3, known, folder)
    write_picture(panels + ([] if placed is None else placed_panels(placed.labels)), folder / PICTURE)
    return record


def _labelled(
    named: NDArray[np.uint8], spacing: Spacing, hu: NDArray[np.int16]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Labels on the grid of the HU with every tissue named, and where they may be anything."""
    labels, _ = to_canonical(image_from_array(named, spacing, labels=True), CT_MM, labels=True, smooth=True)
    anything = labels == OUTSIDE
    labels[anything] = 0
    if not select(labels, SOFT_TISSUES).any():
        labels[labels == values()["body"]] = 0
        labels = split_tissues(labels, hu, (CT_MM,) * 3)
    return labels, anything


def _label_map_alone(case: CaseFiles, record: CaseRecord, folder: Path) -> CaseRecord:
    labels, spacing = read_labels(case)
    body, known = values()["body"], case.known_in(labels)
    marked = labels.copy()
    marked[labels == body] = UNLABELLED
    if body in known:  # then 0 is air
        known = known - {body} | {0}
    else:
        marked[labels == 0] = UNLABELLED
    record, placed = _placed(_with_structures(record, labels), marked, spacing, known, folder)
    if placed is None:
        raise DataError(f"{case.name} has no CT and cannot be placed: {record.not_placed}", "label its spine or pelvis")
    write_picture(placed_panels(placed.labels), folder / PICTURE)
    return record


def _placed(
    record: CaseRecord, labels: NDArray[np.uint8], spacing: Spacing, known: frozenset[int], folder: Path
) -> tuple[CaseRecord, Placed | None]:
    try:
        placed = place(labels, spacing, known)
    except PlacingError as error:
        return replace(record, not_placed=error.message), None
    write_array(placed.labels, folder / "placed.b2nd")
    told = PlacedRecord(sorted(placed.known), round(placed.scale, 4), placed.marks, round(placed.off_mm, 1))
    return replace(record, placed=told, sex=record.sex or measured_sex(placed)), placed


def _write_volumes(measured: Measured, folder: Path, segmented: bool) -> CTRecord:
    for key in ("hu", "labels", "coarse", "marks", "depth"):
        write_array(getattr(measured, key), folder / f"{key}.b2nd")
    with atomic(folder / "positions.npy") as private:
        np.save(private, measured.positions)
    table = [None if np.isnan(hu) else round(float(hu), 2) for hu in measured.table]
    z, y, x = measured.hu.shape
    noise = round(measured.noise, 5) if np.isfinite(measured.noise) else None
    return CTRecord((z, y, x), CT_MM, noise, table, measured.voxels, segmented, round(measured.unsure, 4))


def _with_structures(record: CaseRecord, labels: NDArray[np.uint8]) -> CaseRecord:
    """The record with the structures and regions of a label map."""
    present = np.bincount(labels.ravel(), minlength=256) > 0
    structures = tuple(row.key for row in anatomy_rows() if row.value and present[row.value])
    return replace(record, structures=structures, regions=regions_of(structures))
