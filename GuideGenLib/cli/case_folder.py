"""The folder of a case, and the steps that led to it: each change keeps the files before it, and can be undone."""

import argparse
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.makers import maker
from GuideGenLib.cli.options import CommandError
from GuideGenLib.cli.output import output_folder
from GuideGenLib.cli.terminal import progress_bar
from GuideGenLib.core.files import alone_in
from GuideGenLib.core.progress import within
from GuideGenLib.generator.case_files import ANATOMY, CT, FILES, PROVENANCE, write_case, written_case

if TYPE_CHECKING:
    from GuideGenLib.description.changes.model import Difference
    from GuideGenLib.generator import Case, RunSettings

HISTORY = "history"
"""Folder within a case's, with 001, 002, ...: the files before the first change, before the second, ..."""


class CaseFolder:
    """A folder that `guidegen generate` or `guidegen mask` wrote. Raises CommandError for one that is none.

    Its record is written last and taken back first, so that it tells how far a step came: one that was cut short (the
    record of the case is still that of the last step in `history`) is taken back when the folder is opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            raise CommandError(f"{path} is no folder", "name one that `guidegen generate` wrote")
        if not (path / ANATOMY).is_file() or not (path / PROVENANCE).is_file():
            raise CommandError(
                f"{path} has no {ANATOMY} and {PROVENANCE}", "name a folder that `guidegen generate` wrote"
            )
        with alone_in(path):  # what another run is about to write is not cut short
            last = self._last_step()
            if last is not None and (last / PROVENANCE).read_bytes() == (path / PROVENANCE).read_bytes():
                self._take_back(last)

    @property
    def steps(self) -> int:
        """How many changes can be undone."""
        return len(self._steps())

    def record(self) -> dict[str, Any]:
        """What provenance.json tells. Raises CommandError for one that is no record of a case."""
        try:
            record = json.loads((self.path / PROVENANCE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(
                f"{self.path / PROVENANCE} cannot be read ({error})", "generate the case again"
            ) from error
        if not isinstance(record, dict) or not isinstance(record.get("description"), dict):
            raise CommandError(f"{self.path / PROVENANCE} tells no description", "generate the case again")
        return record

    def case(self) -> "Case":
        """The case as it is now. Raises VolumeError for volumes that cannot be read, DescriptionError."""
        ct = self.path / CT
        return written_case(self.record(), self.path / ANATOMY, ct if ct.exists() else None)

    @contextmanager
    def step(self) -> Iterator[Path]:
        """A private folder for the files after a change. At the end the files of now go to `history` and the new ones
        take their place; when the block fails or is interrupted all stays as it is. Raises CommandError as
        `output_folder` does."""
        with output_folder(self.path, FILES, overwrite=True) as private:
            yield private
            self._keep()

    def apply(
        self, open_generator: OpenGenerator, args: argparse.Namespace, case: "Case", difference: "Difference",
        settings: "RunSettings",
    ) -> "Case":  # fmt: skip
        """Change the case and write it; the files before are kept."""
        with self.step() as private, progress_bar() as progress:
            progress("load", 0.0)
            part = within(progress, 0.0, 0.95)
            after = maker(args, open_generator).change(case, difference, settings, None, part)
            progress("write", 0.95)
            sentences = [link["sentence"] for link in after.provenance["changes"]]
            caption = " ".join([after.description.text, *(f"Then: {one}." for one in sentences)])
            write_case(after, private, FILES, caption)
            progress("write", 1.0)
        return after

    def undo(self) -> str:
        """Take the last change back: the files before it, byte for byte. Returns its sentence. Raises CommandError
        where there is none."""
        last = self._last_step()
        if last is None:
            raise CommandError(f"{self.path} has no change to undo", "it is as it was generated")
        changes = self.record().get("changes")
        self._take_back(last)
        return str(changes[-1].get("sentence", "")) if isinstance(changes, list) and changes else ""

    # ------------------------------------------------------------ inside

    def _steps(self) -> list[Path]:
        history = self.path / HISTORY
        found = history.iterdir() if history.is_dir() else ()
        return sorted(step for step in found if re.fullmatch(r"\d{3,}", step.name) and (step / PROVENANCE).is_file())

    def _last_step(self) -> Path | None:
        steps = self._steps()
        return steps[-1] if steps else None

    def _keep(self) -> None:
        """The files of now as one more step, whole or not at all."""
        history = self.path / HISTORY
        history.mkdir(exist_ok=True)
        last = self._last_step()
        number = 1 if last is None else int(last.name) + 1
        with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=history) as private:
            kept = Path(private) / "step"
            kept.mkdir()
            for name in FILES:
                if (self.path / name).exists():
                    _link(self.path / name, kept / name)
            kept.rename(history / f"{number:03d}")

    def _take_back(self, step: Path) -> None:
        """The files of a step in the place of those of now, the record first."""
        with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=self.path) as private:
            names = [name for name in FILES if (step / name).exists()]
            for name in names:
                _link(step / name, Path(private) / name)
            for name in sorted(names, key=lambda name: name != PROVENANCE):
                os.replace(Path(private) / name, self.path / name)
            for name in FILES:
                if name not in names:
                    (self.path / name).unlink(missing_ok=True)
            step.rename(Path(private) / "undone")  # no step any more from here on, also where removing it is cut short
        history = self.path / HISTORY
        if not any(history.iterdir()):
            history.rmdir()


def _link(source: Path, target: Path) -> None:
    """The same file under another name; files are only ever replaced, so that a name keeps its bytes. A copy where the
    disk knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
