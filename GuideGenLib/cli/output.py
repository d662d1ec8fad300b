"""The folder that a command writes: all of its files, or none."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from GuideGenLib.cli.options import CommandError

NEEDED_BYTES = 64_000_000
"""Room for the files of a whole torso at 2 mm and their temporary copies."""


@contextmanager
def staged(folder: Path, names: Sequence[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A private folder to write files of `names` into; at the end they move to `folder` together.

    When the block fails or is interrupted nothing is left of it. Everything that can be known before is checked before
    the block runs: raises CommandError for files that are there already (without `overwrite`), a file in the folder's
    place, a folder that cannot be written, a full disk.
    """
    folder = folder.absolute()
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: name a folder with -o")
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise CommandError(f"{folder} has {', '.join(there)} already: name another folder, or add --overwrite")
    new = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise CommandError(
                f"the disk of {folder} is full: {free / 1e6:.0f} MB are free, {NEEDED_BYTES / 1e6:.0f} MB are needed; "
                "free some space or choose another folder"
            )
        # Inside the target, as only there a rename is sure to stay on the same disk.
        with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=folder) as private:
            yield Path(private)
            with uninterrupted():
                for file in sorted(Path(private).iterdir()):
                    os.replace(file, folder / file.name)
    except OSError as error:
        from GuideGenLib.volumes import remedy

        raise CommandError(f"cannot write into {folder}: {remedy(error)}") from error
    finally:
        for parent in new:  # made above, the innermost first; those that are still empty go
            try:
                parent.rmdir()
            except OSError:
                break


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and termination come too late for this block: the work is done, and half of the files would be worse."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {kind: signal.signal(kind, signal.SIG_IGN) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
