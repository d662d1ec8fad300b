"""The folder that a command writes: all of its files, or none."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from GuideGenLib.cli.options import CommandError
from GuideGenLib.core.files import remedy, staged

NEEDED_BYTES = 64_000_000
"""Room for the files of a whole torso at 2 mm and their temporary copies."""


@contextmanager
def output_folder(folder: Path, names: Sequence[str], *, overwrite: bool = False, alone: bool = True) -> Iterator[Path]:
    """A private folder to write files of `names` into; at the end they move to `folder` together (`files.staged`).

    alone: the folder is that of one case, in which no second run may write meanwhile. Everything that can be known
    before is checked before the block runs: raises CommandError for files that are there already (without `overwrite`),
    a file in the folder's place, a folder that cannot be written, a full disk; VolumeError for a second run.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"{folder} is a file", "name a folder with -o")
        there = [name for name in names if (folder / name).exists()]
        if there and not overwrite:
            raise CommandError(f"{folder} has {', '.join(there)} already", "name another folder, or add --overwrite")
        with staged(folder, alone=alone) as private:
            free = shutil.disk_usage(private).free
            if free < NEEDED_BYTES:
                raise CommandError(
                    f"the disk of {folder} is full: {free / 1e6:.0f} MB are free, {NEEDED_BYTES / 1e6:.0f} MB are "
                    "needed; free some space or choose another folder"
                )
            yield private
    except OSError as error:
        raise CommandError(f"cannot write into {folder}", remedy(error)) from error
