"""What a data folder can train, before anybody waits for it: `guidegen data check`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.data.cases import CaseFiles
from GuideGenLib.data.layouts import find_cases, read_labels, read_named
from GuideGenLib.data.notes import Notes, completed, read_notes

REGIONS: dict[str, tuple[str, ...]] = {
    "chest": ("lung_upper_lobe_left", "lung_upper_lobe_right", "heart"),
    "abdomen": ("liver", "spleen", "kidney_left", "kidney_right"),
    "pelvis": ("urinary_bladder", "sacrum", "hip_left", "hip_right"),
}
"""A case shows a region when at least half of these structures are labelled in it."""
NOISE_ORGANS = ("liver", "autochthon_left", "autochthon_right")
"""The CT stage measures a scan's noise in one of these."""


@dataclass(frozen=True)
class SurveyedCase:
    """One case: keys of its labelled structures, the regions they show, what is known of the patient.

    problem: why it cannot be used, None when it can.
    """

    name: str
    labelled: bool
    structures: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    notes: Notes = field(default_factory=Notes)
    size_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    problem: str | None = None


def survey(data: Path) -> Iterator[SurveyedCase]:
    """Each case of a data folder as it is read; one that cannot be read does not end it.

    Raises DataError for a folder without cases or with a damaged cases.csv.
    """
    notes = read_notes(data)
    for case in find_cases(data):
        try:
            yield _look_at(case, notes.get(case.name, Notes()))
        except GuideGenError as error:
            yield SurveyedCase(case.name, case.labels is not None, problem=str(error))


def _look_at(case: CaseFiles, notes: Notes) -> SurveyedCase:
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
        return SurveyedCase(case.name, False, notes=notes, size_mm=size)
    structures = _structures(labels)
    known = completed(notes, labels, hu, float(np.prod(spacing) ** (1 / 3)))
    return SurveyedCase(case.name, True, structures, regions_of(structures), known, size)


def _structures(labels: NDArray[np.uint8]) -> tuple[str, ...]:
    present = np.bincount(labels.ravel(), minlength=256) > 0
    return tuple(row.key for row in anatomy_rows() if row.value and present[row.value])


def regions_of(structures: Sequence[str]) -> tuple[str, ...]:
    """The regions that a case with these structures shows."""
    return tuple(region for region, keys in REGIONS.items() if 2 * len(set(keys) & set(structures)) >= len(keys))


def trainable(cases: Sequence[SurveyedCase], segmenter: bool) -> dict[str, str | None]:
    """By stage what keeps it from being trained, None where nothing does.

    segmenter: whether scans without labels get those of a segmenter.
    """
    usable = [case for case in cases if case.problem is None]
    labelled = [case for case in usable if case.labelled]
    with_ct = [case for case in usable if not case.labelled] if segmenter else []
    measurable = [case for case in labelled if set(NOISE_ORGANS) & set(case.structures)] + with_ct
    no_ct = None if measurable else "no scan with a labelled liver or back muscles: add label maps"
    shown = {region for case in labelled for region in case.regions}
    missing = [region for region in REGIONS if region not in shown]
    no_mask = f"no labelled case shows {', '.join(missing)}: add some" if missing else None
    return {"codec": no_ct, "mask": no_mask, "ct": no_ct}


def unlabelled_structures(cases: Sequence[SurveyedCase]) -> list[str]:
    """Keys of our table, lesions and tissues that are found by HU apart, that no usable case names."""
    found = {key for case in cases if case.problem is None for key in case.structures}
    by_hu = {"background", "body", "subcutaneous_fat", "torso_fat", "muscle", "stomach_gas", "colon_gas", "lung_vessel"}
    return [key for key in values() if key not in found | by_hu and not key.endswith("_tumor")]
