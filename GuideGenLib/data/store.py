"""The store of prepared cases: what trainings read, whatever the number of cases, without holding them in memory.

    STORE/store.json           version and grids
    STORE/cases.csv            what is told of the patients (data.notes), of all data folders together
    STORE/problems.csv         cases that were left out, and why
    STORE/fits.csv             how well the others were placed in the torso
    STORE/cases/NAME/          one folder a case
        case.json              what was measured of it; written last, so that a case is there whole or not at all
        hu, labels, coarse, marks, depth (.b2nd)   on the grid of the CT stage, [z, y, x]
        positions.npy          int32 [n, 3]: random voxels of the body
        placed.b2nd            on the torso frame of the mask stage (anatomy.torso_frame)
        picture.png            to look at

Volumes are Blosc2 arrays in chunks of 64^3 voxels: one file each (a Zarr folder would be hundreds), opened by memory
map, of which a patch of 72^3 unpacks a few chunks in milliseconds.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.torso_frame import CANVAS
from GuideGenLib.core.files import atomic, write_json, write_text
from GuideGenLib.data.cases import DataError

VERSION = 1
STORE, CASES, CASE, PROBLEMS, FITS = "store.json", "cases", "case.json", "problems.csv", "fits.csv"
VOLUMES = ("hu", "labels", "coarse", "marks", "depth")
CHUNK, BLOCK = 64, 32
"""Voxels a side of what is stored together, and of what is unpacked together."""
OPEN_FILES = 200
"""Volumes that are kept open at once: a process may not have more than some thousand files."""


@dataclass(frozen=True)
class CTRecord:
    """shape [z, y, x] at `spacing` mm; noise: see scan_measures.soft_tissue_noise, None where it is not known; table:
    mean HU of each label, None for labels that it does not show; voxels: of the body; segmented: whether its labels are
    a segmenter's; unsure: share of the body on whose labels nothing is learnt."""

    shape: tuple[int, int, int]
    spacing: float
    noise: float | None
    table: Sequence[float | None]
    voxels: int
    segmented: bool
    unsure: float


@dataclass(frozen=True)
class PlacedRecord:
    """known: values that the source labels; scale, marks and off_mm: see placing.Placed."""

    known: Sequence[int]
    scale: float
    marks: int
    off_mm: float


@dataclass(frozen=True)
class CaseRecord:
    """What is known of a prepared case.

    made_of: fingerprint of its files and of the settings; problem: why it is left out, None when it is not; sex and
    phase as measured, None where they are not known; ct: None for a label map alone; placed: None where it could not
    be placed, which not_placed tells.
    """

    name: str
    made_of: str
    problem: str | None = None
    structures: Sequence[str] = ()
    regions: Sequence[str] = ()
    sex: str | None = None
    phase: str | None = None
    ct: CTRecord | None = None
    placed: PlacedRecord | None = None
    not_placed: str | None = None


@dataclass(frozen=True)
class StoredArray:
    """A volume on disk that is read by slicing, `array[a:b, c:d, e:f]` -> numpy; may be sent to other processes."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return np.asarray(_opened(str(self.path), self.path.stat().st_mtime_ns)[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = self[...]
        return whole if dtype is None else whole.astype(dtype)


@lru_cache(OPEN_FILES)
def _opened(path: str, written: int) -> Any:
    """written: when, so that a case that was prepared anew is opened anew."""
    return _blosc2().open(path, mode="r", mmap_mode="r", dparams={"nthreads": 1})


def _blosc2() -> Any:
    try:
        import blosc2
    except ImportError as error:
        raise DataError("prepared data need the package blosc2", "install guidegen[train]") from error
    return blosc2


class Store:
    """A folder of prepared cases. `Store(folder)` reads one; `Store.begin(folder)` makes it where there is none."""

    def __init__(self, folder: Path) -> None:
        """Raises DataError when the folder is no store, or one of another version."""
        self.folder = folder
        path = folder / STORE
        if not path.is_file():
            raise DataError(f"{folder} holds no prepared data", f"make them: guidegen data prepare DATA -o {folder}")
        try:
            version = json.loads(path.read_text(encoding="utf-8"))["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged", "delete the folder and prepare the data anew") from error
        if version != VERSION:
            raise DataError(
                f"{folder} was prepared by another version of GuideGen (its store is {version}, not {VERSION})",
                "choose another folder, or delete this one and prepare the data anew",
            )

    @classmethod
    def begin(cls, folder: Path) -> "Store":
        """The store in a folder, begun when it is empty or missing. Raises DataError, VolumeError."""
        _blosc2()  # without it every case would be left out
        if not (folder / STORE).is_file():
            if folder.is_dir() and any(folder.iterdir()):
                raise DataError(f"{folder} holds something else", "choose an empty or a new folder for prepared data")
            (folder / CASES).mkdir(parents=True, exist_ok=True)
            write_json({"version": VERSION}, folder / STORE)
        return cls(folder)

    def case_folder(self, name: str) -> Path:
        return self.folder / CASES / name

    def record(self, name: str) -> CaseRecord | None:
        """What is known of a case, None when it was never finished."""
        path = self.case_folder(name) / CASE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            ct, placed = told["ct"], told["placed"]
            told["ct"] = None if ct is None else CTRecord(**{**ct, "shape": tuple(ct["shape"])})
            told["placed"] = None if placed is None else PlacedRecord(**placed)
            return CaseRecord(**told)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged", "delete its folder and prepare the data again") from error

    def records(self) -> list[CaseRecord]:
        """All finished cases in order of their names, those with problems as well."""
        names = sorted(path.name for path in (self.folder / CASES).iterdir() if (path / CASE).is_file())
        return [record for record in map(self.record, names) if record is not None]

    def usable(self) -> list[CaseRecord]:
        """The cases without problems."""
        return [record for record in self.records() if record.problem is None]

    def volume(self, record: CaseRecord, key: str) -> StoredArray:
        """One of VOLUMES of a case with a CT."""
        assert record.ct is not None
        dtype = np.dtype(np.int16 if key == "hu" else np.uint8)
        return StoredArray(self.case_folder(record.name) / f"{key}.b2nd", record.ct.shape, dtype)

    def positions(self, record: CaseRecord) -> NDArray[np.int32]:
        """int32 [n, 3]: random voxels of the body of a case with a CT, in a memory map."""
        return np.load(self.case_folder(record.name) / "positions.npy", mmap_mode="r")

    def placed(self, record: CaseRecord) -> StoredArray:
        """The case on the canvas of anatomy.torso_frame, with the marks of `anatomy.unknown`."""
        return StoredArray(self.case_folder(record.name) / "placed.b2nd", CANVAS, np.dtype(np.uint8))

    def write_problems(self, problems: Mapping[str, str]) -> None:
        """problems.csv: name and problem of each case that was left out."""
        self._write_table(PROBLEMS, ("name", "problem"), sorted(problems.items()))

    def write_fits(self) -> None:
        """fits.csv: how well each case was placed in the torso, or why it was not."""
        rows = []
        for record in self.usable():
            fit = record.placed
            found = ("", "", "") if fit is None else (fit.scale, fit.marks, fit.off_mm)
            rows.append((record.name, *found, record.not_placed or ""))
        self._write_table(FITS, ("name", "scale", "marks", "off_mm", "not_placed"), rows)

    def _write_table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        with atomic(self.folder / name) as private, private.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)


def write_array(array: NDArray[Any], path: Path) -> None:
    """One volume as a Blosc2 file. Raises VolumeError."""
    blosc2 = _blosc2()
    chunks, blocks = (tuple(min(size, n) for n in array.shape) for size in (CHUNK, BLOCK))
    cparams = {"codec": blosc2.Codec.ZSTD, "clevel": 5, "nthreads": 1}
    frame = blosc2.asarray(np.ascontiguousarray(array), chunks=chunks, blocks=blocks, cparams=cparams).to_cframe()
    with atomic(path) as private:
        private.write_bytes(frame)  # by ourselves: Blosc2 does not notice a full disk


def write_record(record: CaseRecord, folder: Path) -> None:
    """case.json, which makes the case count as finished."""
    write_text(json.dumps(asdict(record), indent=1) + "\n", folder / CASE)
