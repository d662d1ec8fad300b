"""What is known of scanned patients besides their volumes.

A `cases.csv` in the data folder may tell it: columns name, sex, age, phase, text; every field but the name may be
empty. Without it the phase is measured in the aorta, and the sex is that of a labelled prostate or uterus.
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import PHASES, values
from GuideGenLib.data.layouts import DataError

CASES = "cases.csv"
COLUMNS = ("name", "sex", "age", "phase", "text")
ARTERIAL_HU, VENOUS_HU = 250.0, 110.0
"""Mean of the aorta above which a scan is arterial, or portal venous; plain blood has 40 HU."""
SEX_ORGANS = {"male": "prostate", "female": "uterus"}
LEAST_ORGAN_ML = 3.0
SEXES = tuple(SEX_ORGANS)


@dataclass(frozen=True)
class Notes:
    """What is known of a scanned patient: sex male or female, age in years, contrast phase, a text; None is unknown."""

    sex: str | None = None
    age: float | None = None
    phase: str | None = None
    text: str | None = None


def read_notes(data: Path) -> dict[str, Notes]:
    """`cases.csv` of a data folder by the names of the scans; empty without the file. Raises DataError."""
    path = data / CASES
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"{path} has no column {', '.join(missing)}: it needs {', '.join(COLUMNS)}")
            return {row["name"]: _notes(row, f"{path}, line {reader.line_num}") for row in reader}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no UTF-8 csv file ({error}): write it anew") from error


def _notes(row: dict[str, str], where: str) -> Notes:
    field = {column: (row[column] or "").strip() or None for column in COLUMNS}
    if field["sex"] not in (None, *SEXES):
        raise DataError(f"{where}: sex is {field['sex']!r}; write {' or '.join(SEXES)}, or leave it empty")
    if field["phase"] not in (None, *PHASES):
        raise DataError(f"{where}: phase is {field['phase']!r}; write one of {', '.join(PHASES)}, or leave it empty")
    try:
        age = None if field["age"] is None else float(field["age"])
    except ValueError:
        age = float("nan")
    if age is not None and not 0 <= age <= 120:
        raise DataError(f"{where}: age is {field['age']!r}; write years from 0 to 120, or leave it empty")
    return Notes(field["sex"], age, field["phase"], field["text"])


def completed(notes: Notes, labels: NDArray[np.uint8], hu: NDArray[np.int16], spacing: float) -> Notes:
    """The notes with phase and sex, where they are not told, as the volume shows them."""
    phase = notes.phase or measured_phase(labels, hu)
    return replace(notes, phase=phase, sex=notes.sex or _labelled_sex(labels, spacing))


def measured_phase(labels: NDArray[np.uint8], hu: NDArray[np.int16]) -> str | None:
    """The contrast phase by the mean HU of the aorta's inside; None where no aorta is labelled."""
    inside = ndimage.binary_erosion(labels == values()["aorta"])
    if not inside.any():
        return None
    mean = float(hu[inside].mean())
    return "arterial" if mean > ARTERIAL_HU else "portal_venous" if mean > VENOUS_HU else "none"


def _labelled_sex(labels: NDArray[np.uint8], spacing: float) -> str | None:
    """Male with a prostate, female with a uterus in the labels, unknown with neither or both."""
    ml = {sex: (labels == values()[key]).sum() * spacing**3 / 1000 for sex, key in SEX_ORGANS.items()}
    found = [sex for sex, volume in ml.items() if volume >= LEAST_ORGAN_ML]
    return found[0] if len(found) == 1 else None
