"""What is known of scanned patients besides their volumes, and where the volumes come from.

A `cases.csv` in the data folder tells it: columns name, split, sex, age, phase, text, licence, source, url; all but the
name may be missing or empty. Where there is none, TotalSegmentator's own `meta.csv` tells sex, age and split.
`Resources/cases.csv` tells it of the scans of our own training. Without any the phase is measured in the aorta, and the
sex is that of a labelled prostate or uterus.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import PHASES, values
from GuideGenLib.core.files import atomic
from GuideGenLib.core.resources import resource
from GuideGenLib.data.cases import DataError

CASES = "cases.csv"
META = "meta.csv"
"""TotalSegmentator's own table: image_id;age;gender;...;split, of which the names below are other than ours."""
COLUMNS = ("sex", "age", "phase", "text", "split", "licence", "source", "url")
HELD_OUT = "held_out"
"""The split of scans that no training sees."""
VALIDATION = "validation"
"""The split of scans on which a training measures its loss and from which it does not learn."""
META_WORDS = {"m": "male", "f": "female", "train": None, "val": VALIDATION, "test": HELD_OUT}
ARTERIAL_HU, VENOUS_HU = 250.0, 110.0
"""Mean of the aorta above which a scan is arterial, or portal venous; plain blood has 40 HU."""
SEX_ORGANS = {"male": "prostate", "female": "uterus"}
LEAST_ORGAN_ML = 3.0
SEXES = tuple(SEX_ORGANS)


@dataclass(frozen=True)
class Notes:
    """What is known of a scanned patient: sex male or female, age in years, contrast phase, a text; None is unknown.

    split: HELD_OUT, VALIDATION, or None for a scan that trainings learn from; licence, source and url: of the data set
    that it is from.
    """

    sex: str | None = None
    age: float | None = None
    phase: str | None = None
    text: str | None = None
    split: str | None = None
    licence: str | None = None
    source: str | None = None
    url: str | None = None


def read_notes(data: Path | Sequence[Path]) -> dict[str, Notes]:
    """Notes by the names of the scans: those of each folder's own table, and ours of scans that none of them names.

    Raises DataError.
    """
    notes = _read(resource(CASES), _notes)
    for folder in [data] if isinstance(data, Path) else data:
        told = folder / CASES
        notes |= own_notes(folder) if told.is_file() else _read(folder / META, _meta, "image_id", ";")
    return notes


def own_notes(data: Path) -> dict[str, Notes]:
    """Those of a folder's own `cases.csv`, none where it has none. Raises DataError."""
    return _read(data / CASES, _notes)


def write_notes(notes: Mapping[str, Notes], path: Path) -> None:
    """A cases.csv that `read_notes` reads. Raises VolumeError where it cannot be written."""
    with atomic(path) as private, private.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("name", *COLUMNS))
        for name, one in sorted(notes.items()):
            told = {column: getattr(one, column) for column in COLUMNS}
            writer.writerow((name, *("" if told[column] is None else told[column] for column in COLUMNS)))


def held_out(data: Path | Sequence[Path]) -> frozenset[str]:
    """The names of the scans that no training may see. Raises DataError."""
    return of_split(read_notes(data), HELD_OUT)


def of_split(notes: Mapping[str, Notes], split: str | None) -> frozenset[str]:
    """The names of the scans of one split; None has those that trainings learn from and whose split is told."""
    return frozenset(name for name, told in notes.items() if told.split == split)


def data_sources(names: Iterable[str], notes: Mapping[str, Notes]) -> list[dict[str, str]]:
    """The data sets behind scans, each once with name, licence, url; those that are not told are the user's own."""
    known = [notes.get(name, Notes()) for name in names]
    found = sorted({(one.source, one.licence or "not told", one.url or "") for one in known if one.source})
    rows = [{"name": name or "", "licence": licence, "url": url} for name, licence, url in found]
    own = sum(one.source is None for one in known)
    return rows + ([{"name": f"{own} scans of the trainer's own", "licence": "not told", "url": ""}] if own else [])


def _read(
    path: Path, notes_of: Callable[[dict[str, str], str], Notes], name: str = "name", delimiter: str = ","
) -> dict[str, Notes]:
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True, delimiter=delimiter)
            if name not in (reader.fieldnames or ()):
                raise DataError(f"{path} has no column {name}", f"it needs {name} and may have {', '.join(COLUMNS)}")
            found: dict[str, Notes] = {}
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if row[name] in found:
                    raise DataError(f"{where}: {row[name]} has a line already", "keep one line for each case")
                found[row[name]] = notes_of(row, where)
            return found
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no UTF-8 csv file ({error})", "write it anew") from error


def _notes(row: dict[str, str], where: str) -> Notes:
    field = {column: (row.get(column) or "").strip() or None for column in COLUMNS}
    for column, known in (("sex", SEXES), ("phase", PHASES), ("split", ("train", VALIDATION, HELD_OUT))):
        if field[column] not in (None, *known):
            written = f"write one of {', '.join(known)}, or leave it empty"
            raise DataError(f"{where}: {column} is {field[column]!r}; {written}")
    try:
        age = None if field["age"] is None else float(field["age"])
    except ValueError:
        age = float("nan")
    if age is not None and not 0 <= age <= 120:
        raise DataError(f"{where}: age is {field['age']!r}; write years from 0 to 120, or leave it empty")
    split = None if field["split"] == "train" else field["split"]
    return Notes(**{**field, "age": age, "split": split})  # type: ignore[arg-type]


def _meta(row: dict[str, str], where: str) -> Notes:
    """A line of TotalSegmentator's table; what it does not tell in its own words is unknown."""
    sex, split = (META_WORDS.get((row.get(column) or "").strip().lower()) for column in ("gender", "split"))
    age = (row.get("age") or "").strip()
    return _notes(
        {"sex": sex or "", "split": split or "", "age": age if age.replace(".", "", 1).isdecimal() else ""}, where
    )


def completed(notes: Notes, labels: NDArray[np.uint8], hu: NDArray[np.int16] | None, spacing: float) -> Notes:
    """The notes with phase and sex, where they are not told, as the volume shows them; the phase wants a CT."""
    phase = notes.phase or (None if hu is None else measured_phase(labels, hu))
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
