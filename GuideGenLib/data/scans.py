"""Scans for training: HU and, where there is one, a label map, resampled once and kept in a cache folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.files import atomic
from GuideGenLib.core.grids import isotropic
from GuideGenLib.core.volumes import HU_RANGE, image_from_array, to_canonical
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts import find_cases, read_case, read_ct_image
from GuideGenLib.data.notes import Notes, held_out, read_notes
from GuideGenLib.data.scan_measures import METAL_HU, UNSURE
from GuideGenLib.data.store import STORE, CaseRecord, Store

SOURCE = "source.txt"
"""Names the data folder that a cache was made from."""


@dataclass(frozen=True)
class Scan:
    """One scan in the canonical frame: hu int16 [z, y, x], labels uint8 of the same shape or None, spacing in mm.

    unsure: bool of that shape, where the source says that the label may be any; None where it says so nowhere.
    """

    name: str
    hu: np.ndarray
    labels: np.ndarray | None
    spacing: float
    unsure: np.ndarray | None = None


def sampled(image: sitk.Image, spacing: float) -> np.ndarray:
    """A CT as int16 [z, y, x] on the grid of `to_canonical`, interpolated and never averaged: its noise stays."""
    image = sitk.DICOMOrient(image, "LPS")
    size, origin = isotropic(image, spacing)
    grid = origin, (spacing,) * 3, image.GetDirection()
    # beyond the outermost voxel centres its value goes on
    resampled = sitk.Resample(image, size, sitk.Transform(), sitk.sitkLinear, *grid, 0.0, image.GetPixelID(), True)
    return np.clip(sitk.GetArrayFromImage(resampled), *HU_RANGE).astype(np.int16)


def load_scans(data: Path, cache: Path, spacing: float = 2.0) -> list[Scan]:
    """All scans of a data folder, held-out ones included, at `spacing` mm without labels. Raises DataError."""
    _claim(cache, data)
    scans = []
    for case in find_cases(data):
        if case.ct is None:
            continue
        kept = cache / f"{case.name}_{spacing:g}mm.npy"
        if not _fresh(kept, case.ct):
            hu = sampled(read_ct_image(case), spacing)
            with atomic(kept) as private, private.open("wb") as file:
                np.save(file, hu)
        scans.append(Scan(case.name, np.load(kept, mmap_mode="r"), None, spacing))
    return scans


def load_labelled(data: Path, cache: Path, names: Sequence[str] | None = None, spacing: float = 2.0) -> list[Scan]:
    """The labelled scans of a data folder in our labels at `spacing` mm, by the same resampling as at run time.

    data: may be a store of prepared cases, of which nothing is cached; names: None takes those that trainings learn
    from. Raises DataError when there is none.
    """
    if (data / STORE).is_file():
        store, chosen = Store(data), labelled_names(data, None) if names is None else names
        prepared = [_of_store(store, one, spacing) for one in _labelled_records(store) if one.name in chosen]
        return _found(prepared, data, names)
    _claim(cache, data)
    scans, notes = [], read_notes(data)
    for case in find_cases(data):
        wanted = notes.get(case.name, Notes()).split is None if names is None else case.name in names
        if case.ct is None or case.labels is None or not wanted:
            continue
        kept = cache / f"{case.name}_{spacing:g}mm_labelled.npz"
        if not _fresh(kept, case.ct, case.labels):
            with atomic(kept) as private, private.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **_labelled(case, spacing))
        with np.load(kept) as stored:
            scans.append(Scan(case.name, stored["hu"], stored["labels"], spacing, stored.get("unsure")))
    return _found(scans, data, names)


def _found(scans: list[Scan], data: Path, names: Sequence[str] | None) -> list[Scan]:
    """The scans. Raises DataError where there are none, or not all that were named."""
    missing = sorted(set(names or ()) - {scan.name for scan in scans})
    if missing:
        raise DataError(f"{data} has no labelled scan {', '.join(missing)}", "add its label map")
    if not scans:
        raise DataError(f"{data} has no labelled scan", "add label maps of the scans, the CT stage learns from them")
    return scans


def held_out_cts(data: Path) -> Iterator[tuple[str, sitk.Image]]:
    """Name and CT of each scan that no training sees, in the closest LPS order at its own spacing. Raises DataError."""
    left_out = held_out(data)
    for case in find_cases(data):
        if case.ct is not None and case.name in left_out:
            yield case.name, read_ct_image(case)


def labelled_names(data: Path, *splits: str | None) -> list[str]:
    """The scans with a CT and labels that are of one of these splits (None: that trainings learn from), or of any."""
    notes = read_notes(data)
    if (data / STORE).is_file():
        names = [one.name for one in _labelled_records(Store(data))]
    else:
        names = [case.name for case in find_cases(data) if case.ct and case.labels and not case.problem]
    return [name for name in names if not splits or notes.get(name, Notes()).split in splits]


def _labelled_records(store: Store) -> list[CaseRecord]:
    """The cases of a store with a CT whose labels are not a segmenter's."""
    return [one for one in store.usable() if one.ct is not None and not one.ct.segmented]


def _of_store(store: Store, record: CaseRecord, spacing: float) -> Scan:
    """A prepared case at `spacing` mm."""
    assert record.ct is not None
    steps = (record.ct.spacing,) * 3
    stored = {key: np.asarray(store.volume(record, key)) for key in ("hu", "labels", "marks")}
    labels, hu, unsure = (
        to_canonical(image_from_array(volume, steps, labels=flat), spacing, labels=flat, smooth=flat)[0]
        for volume, flat in (
            (stored["labels"], True),
            (stored["hu"], False),
            ((stored["marks"] & UNSURE > 0).astype(np.uint8), True),
        )
    )
    cut = np.clip(hu, HU_RANGE[0], METAL_HU).astype(np.int16)
    return Scan(record.name, cut, labels, spacing, unsure > 0 if unsure.any() else None)


def _labelled(case: CaseFiles, spacing: float) -> dict[str, np.ndarray]:
    """Labels and hu of a scan, and unsure where the source leaves some voxels open, which are `body` in the labels."""
    labels, hu, native = read_case(case)
    assert labels is not None
    open_to_any = labels == OUTSIDE
    labels[open_to_any] = values()["body"]
    coarse, _ = to_canonical(image_from_array(labels, native, labels=True), spacing, labels=True, smooth=True)
    volume, _ = to_canonical(image_from_array(hu, native, labels=False), spacing, labels=False)
    volume[far_outside(coarse, spacing)] = -1000
    made = {"labels": coarse, "hu": np.clip(volume, HU_RANGE[0], METAL_HU).astype(np.int16)}
    if open_to_any.any():
        unsure = image_from_array(open_to_any, native, labels=True)
        made["unsure"] = to_canonical(unsure, spacing, labels=True, smooth=True)[0] > 0
    return made


def far_outside(labels: np.ndarray, spacing: float) -> np.ndarray:
    """bool: more than 6 mm off the patient, where couch and clothes are, which are no part of one."""
    return ~ndimage.binary_dilation(labels > 0, iterations=round(6 / spacing))


def _claim(cache: Path, data: Path) -> None:
    """One cache for one data folder: scans of the same name in another must not be mixed up with these."""
    cache.mkdir(parents=True, exist_ok=True)
    note = cache / SOURCE
    source = str(data.resolve())
    if not note.is_file():
        note.write_text(source, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != source:
        raise DataError(
            f"{cache} holds scans of {note.read_text(encoding='utf-8')}",
            f"choose another run folder for {source}, or delete {cache} when the data only moved",
        )


def _fresh(kept: Path, *sources: Path) -> bool:
    """Whether a file of the cache is there and not older than what it was made from."""
    return kept.is_file() and kept.stat().st_mtime >= max(source.stat().st_mtime for source in sources)
