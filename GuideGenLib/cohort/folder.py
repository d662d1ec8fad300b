"""Where a cohort lies: one folder a case, on a disk or in an object store, and what was asked for.

    cohort.json      the bundle, the settings and the number of rows: a run goes on only with the same
    rows.jsonl       what is asked for, a case a line
    cases/ID/        the files of a case as `guidegen generate` writes them, and case.json, which is written last

A case is there when its case.json is: on a disk the whole folder appears at once, in an object store the record comes
after the files that it names.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.rows import CohortError, Row, read_rows
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.files import remedy, replaced, write_json, write_text

COHORT, ROWS, CASES, CASE = "cohort.json", "rows.jsonl", "cases", "case.json"


class CohortFolder:
    """url: a folder, or an address that fsspec knows (`s3://bucket/name`). Raises CohortError for an address of a store
    whose package is not installed."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        try:
            self.fs, self.root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise CohortError(
                f"{url} cannot be opened ({error})", "install the package of that store, as s3fs"
            ) from error
        self.url = url
        protocols = (self.fs.protocol,) if isinstance(self.fs.protocol, str) else self.fs.protocol
        self.disk = Path(self.root) if "file" in protocols else None

    def begin(self, rows: Sequence[Row], settings: Mapping[str, Any]) -> None:
        """Say what is asked for, or go on where the same was. Raises CohortError where another cohort lies there."""
        asked = "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows)
        told = json.loads(json.dumps({"rows": len(rows), **settings}))
        there = self.read(COHORT)
        if there is None:
            self._write(ROWS, asked)
            self._write(COHORT, json.dumps(told, indent=2, sort_keys=True) + "\n")
            return
        before = json.loads(there)
        other = next((key for key in told if before.get(key) != told[key]), None)
        if other is not None:
            msg = f"{self.url} holds a cohort with another {other} ({before.get(other)!r:.60}, now {told[other]!r:.60})"
            raise CohortError(msg, "go on as it was begun, or name another folder")
        if self.read(ROWS) != asked:
            raise CohortError(f"{self.url} holds a cohort of other rows", "give the same table, or name another folder")

    def settings(self) -> dict[str, Any]:
        """What cohort.json tells. Raises CohortError where there is no cohort."""
        text = self.read(COHORT)
        try:
            told = json.loads(text or "")
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise CohortError(f"{self.url} holds no cohort", "name a folder that `guidegen cohort make` wrote")
        return told

    def rows(self) -> list[Row]:
        """What was asked for. Raises CohortError where there is no cohort."""
        self.settings()
        return read_rows(self.read(ROWS) or "")

    def made(self) -> set[str]:
        """The cases that are there."""
        found = self.fs.glob(f"{self.root}/{CASES}/*/{CASE}")
        return {str(path).rsplit("/", 2)[1] for path in found}

    def record(self, name: str) -> dict[str, Any]:
        """What case.json of a case tells. Raises CohortError for a case that is not there or damaged."""
        text = self.read(f"{CASES}/{name}/{CASE}")
        try:
            record = json.loads(text or "")
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise CohortError(f"the case {name} of {self.url} is not there, or damaged", "remove it and run again")
        return record

    @contextmanager
    def new_case(self, name: str) -> Iterator[Path]:
        """A private folder for the files of a case, which must hold its case.json in the end; they appear together.

        What a case of this name had before is gone then. Nothing is left when the block fails. Raises CohortError for
        a folder that cannot be written.
        """
        try:
            if self.disk is not None:
                with replaced(self.disk / CASES / name, stale=lambda _: True) as private:
                    yield private
                return
            with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
                yield Path(folder)
                for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == CASE):
                    self.fs.put_file(str(file), f"{self.root}/{CASES}/{name}/{file.name}")
        except OSError as error:
            raise CohortError(f"{self.url} cannot be written", remedy(error)) from error
        except VolumeError as error:
            raise CohortError(error.message, error.remedy) from error

    def clear_torn(self) -> None:
        """Remove what runs that were killed have left: on a disk, private folders. For the one run that begins."""
        if self.disk is not None and (self.disk / CASES).is_dir():
            for left in (self.disk / CASES).glob(".guidegen-*"):
                shutil.rmtree(left, ignore_errors=True)

    def read(self, name: str) -> str | None:
        """A text file of the cohort, None where it is not there."""
        try:
            return str(self.fs.cat_file(f"{self.root}/{name}").decode("utf-8"))
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def local(self, name: str, into: Path) -> Path:
        """A file of the cohort on this machine: itself, or a copy in `into`."""
        if self.disk is not None:
            return self.disk / name
        into.mkdir(parents=True, exist_ok=True)
        target = into / name.rsplit("/", 1)[-1]
        self.fs.get_file(f"{self.root}/{name}", str(target))
        return target

    def put(self, file: Path) -> None:
        """A finished file, as a picture, into the cohort's own folder."""
        if self.disk is not None:
            shutil.move(file, self.disk / file.name)
        else:
            self.fs.put_file(str(file), f"{self.root}/{file.name}")

    def _write(self, name: str, text: str) -> None:
        if self.disk is None:
            self.fs.pipe_file(f"{self.root}/{name}", text.encode("utf-8"))
            return
        try:
            self.disk.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CohortError(f"cannot write into {self.disk}", remedy(error)) from error
        write_text(text, self.disk / name)


def write_record(record: Mapping[str, Any], folder: Path) -> None:
    """The case.json of a case."""
    write_json(record, folder / CASE)
