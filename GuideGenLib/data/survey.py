"""What data folders can train, before anybody waits for it: `guidegen data check`."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import write_text
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts import find_cases, read_labels, read_named
from GuideGenLib.data.notes import CASES, VALIDATION, Notes, completed, own_notes, read_notes

REGIONS: dict[str, tuple[str, ...]] = {
    "chest": ("lung_upper_lobe_left", "lung_upper_lobe_right", "heart"),
    "abdomen": ("liver", "spleen", "kidney_left", "kidney_right"),
    "pelvis": ("urinary_bladder", "sacrum", "hip_left", "hip_right"),
}
"""A case shows a region when at least half of these structures are labelled in it."""
NOISE_ORGANS = ("liver", "autochthon_left", "autochthon_right")
"""The CT stage measures a scan's noise in one of these."""
BY_HU = ("background", "body", "subcutaneous_fat", "torso_fat", "muscle", "stomach_gas", "colon_gas", "lung_vessel")
"""Tissues that are found by HU in a scan whose labels lack them."""
FEW_CASES = 16
"""So many are read before further processes have started."""


@dataclass(frozen=True)
class SurveyedCase:
    """One case: whether it has a CT and labels, keys of its labelled structures, the regions they show, its notes.

    problem: why it cannot be used, None when it can.
    """

    name: str
    ct: bool
    labelled: bool
    structures: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    notes: Notes = field(default_factory=Notes)
    size_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    problem: str | None = None


@dataclass(frozen=True)
class Trainable:
    """What a stage could learn from and measure its loss on; problem: what keeps it from being trained."""

    learnt: tuple[SurveyedCase, ...]
    validated: tuple[SurveyedCase, ...]
    problem: str | None


def survey(data: Path | Sequence[Path], workers: int = 1) -> Iterator[SurveyedCase]:
    """Each case of data folders in their order, read by so many processes; one that cannot be read does not end it.

    Raises DataError for a folder without cases or with a damaged cases.csv.
    """
    notes = read_notes(data)
    cases = [(case, notes.get(case.name, Notes())) for case in find_cases(data)]
    if workers < 2 or len(cases) <= FEW_CASES:
        yield from map(_look_at, cases)
        return
    yield from by_processes(_look_at, cases, workers)


Told = tuple[CaseFiles, Notes]


def by_processes(
    look_at: Callable[[Told], SurveyedCase], cases: Sequence[Told], workers: int
) -> Iterator[SurveyedCase]:
    """The cases in their order. Where a process dies, one alone reads on, so that it shows which case it dies of."""
    done = 0
    while done < len(cases):
        with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_one_thread) as pool:
            try:
                for found in pool.map(look_at, cases[done:]):
                    done += 1
                    yield found
            except BrokenProcessPool:
                if workers == 1:
                    yield _failed(*cases[done], "ends the process that reads it, for want of memory perhaps")
                    done += 1
                workers = 1


def _one_thread() -> None:
    """The processes share the cores."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def _look_at(told: Told) -> SurveyedCase:
    case, notes = told
    try:
        return _read(case, notes)
    except GuideGenError as error:
        has = (case.ct is not None, case.labels is not None)
        return SurveyedCase(case.name, *has, notes=notes, problem=str(error))
    except Exception as error:  # whatever a library says of a strange file; the other cases go on
        return _failed(case, notes, f"cannot be used ({type(error).__name__}: {error})")


def _failed(case: CaseFiles, notes: Notes, why: str) -> SurveyedCase:
    problem = f"{case.ct or case.labels} {why}: leave it out"
    return SurveyedCase(case.name, case.ct is not None, case.labels is not None, notes=notes, problem=problem)


def _read(case: CaseFiles, notes: Notes) -> SurveyedCase:
    hu: NDArray[np.int16] | None = None
    labels: NDArray[np.uint8] | None
    if case.ct is None:
        labels, spacing = read_labels(case)
        shape = labels.shape
    else:
        labels, hu, spacing = read_named(case)
        shape = hu.shape
    z, y, x = (count * step for count, step in zip(shape, spacing, strict=True))
    size = (round(x, 1), round(y, 1), round(z, 1))
    if labels is None:
        return SurveyedCase(case.name, True, False, notes=notes, size_mm=size)
    check_sides(labels, case.labels or Path(case.name))
    present = np.bincount(labels.ravel(), minlength=256) > 0
    structures = tuple(row.key for row in anatomy_rows() if row.value and present[row.value])
    known = completed(notes, labels, hu, float(np.prod(spacing) ** (1 / 3)))
    return SurveyedCase(case.name, hu is not None, True, structures, regions_of(structures), known, size)


def regions_of(structures: Sequence[str]) -> tuple[str, ...]:
    """The regions that a case with these structures shows."""
    return tuple(region for region, keys in REGIONS.items() if 2 * len(set(keys) & set(structures)) >= len(keys))


def check_sides(labels: NDArray[np.uint8], where: Path) -> None:
    """Raises DataError where most left organs lie to the right of their right ones: [z, y, x] in the canonical frame.

    A mirrored header looks like that, or values that are read by the wrong vocabulary.
    """
    boxes = ndimage.find_objects(labels, max_label=max(values().values()))
    middle = {key: boxes[v - 1][2].start + boxes[v - 1][2].stop for key, v in values().items() if v and boxes[v - 1]}
    pairs = [(key, f"{key.removesuffix('_left')}_right") for key in middle if key.endswith("_left")]
    both = [(left, right) for left, right in [*pairs, ("spleen", "liver")] if left in middle and right in middle]
    swapped = [left for left, right in both if middle[left] < middle[right]]
    if 2 * len(swapped) > len(both):
        raise DataError(
            f"{where} shows left and right the wrong way round in {len(swapped)} of {len(both)} pairs of organs "
            f"({', '.join(swapped[:4])})",
            "correct its header if it is mirrored, or say what its values mean (labels.json)",
        )


# ---------------------------------------------------------------- what can be trained


def trainable(cases: Sequence[SurveyedCase], segmenter: bool) -> dict[str, Trainable]:
    """What each stage could be trained on.

    segmenter: whether scans without labels get those of a segmenter.
    """
    usable = [case for case in cases if case.problem is None]
    scans = [case for case in usable if case.ct and (_measurable(case) if case.labelled else segmenter)]
    maps = [case for case in usable if case.labelled]
    no_scan = "no scan with a labelled liver or back muscles: add label maps"
    found = {"codec": (scans, no_scan), "mask": (maps, "no label map: add some"), "ct": (scans, no_scan)}
    return {stage: _split(stage, *of, cases) for stage, of in found.items()}


def _measurable(case: SurveyedCase) -> bool:
    return bool(set(NOISE_ORGANS) & set(case.structures))


def _split(stage: str, found: Sequence[SurveyedCase], nothing: str, cases: Sequence[SurveyedCase]) -> Trainable:
    learnt = tuple(case for case in found if case.notes.split is None)
    validated = tuple(case for case in found if case.notes.split == VALIDATION)
    told = [case.name for case in cases if case.notes.split == VALIDATION]
    problems = []
    if not found:
        problems.append(nothing)
    elif not learnt:
        problems.append(f"all {len(found)} cases for it are held out or for validation: give some the split train")
    if learnt and stage == "mask":
        missing = [region for region in REGIONS if not any(region in case.regions for case in learnt)]
        if missing:
            problems.append(f"no labelled case to learn from shows {', '.join(missing)}: add some")
    if told and not validated:
        named = ", ".join(told[:5]) + (", ..." if len(told) > 5 else "")
        problems.append(f"nothing to validate on, for it cannot use {named}: give others the split {VALIDATION}")
    return Trainable(learnt, validated, "; ".join(problems) or None)


def unlabelled_structures(cases: Sequence[SurveyedCase]) -> list[str]:
    """Keys of our table, lesions and tissues that are found by HU apart, that no usable case shows."""
    found = {key for case in cases if case.problem is None for key in case.structures}
    return [key for key in values() if key not in found and key not in BY_HU and not key.endswith("_tumor")]


def names_without_case(data: Sequence[Path], cases: Sequence[SurveyedCase]) -> Mapping[Path, list[str]]:
    """Names in each folder's own cases.csv that no case has: their notes go nowhere. Raises DataError."""
    there = {case.name for case in cases}
    found = {folder / CASES: [name for name in own_notes(folder) if name not in there] for folder in data}
    return {path: names for path, names in found.items() if names}


def write_survey(cases: Sequence[SurveyedCase], path: Path) -> None:
    """A line of a csv file for each case."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ("name", "problem", "ct", "labels", "split", "sex", "age", "phase", "x_mm", "y_mm", "z_mm", "regions")
    writer.writerow([*header, "structures"])
    for case in cases:
        told = [case.notes.split or "train", case.notes.sex, case.notes.age, case.notes.phase]
        has = [int(case.ct), int(case.labelled)]
        lists = [" ".join(case.regions), " ".join(case.structures)]
        writer.writerow([case.name, case.problem, *has, *told, *case.size_mm, *lists])
    write_text(text.getvalue(), path)
