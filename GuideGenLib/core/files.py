"""Files that appear whole or not at all: one alone, or several in a folder together."""

import errno
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from GuideGenLib.core.errors import VolumeError

try:
    import fcntl
except ImportError:  # Windows has no locks of folders; there the second run is not refused
    fcntl = None  # type: ignore[assignment]

CACHE_VARIABLE = "GUIDEGEN_CACHE"
"""Names the folder of `cache_folder`."""


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A private path of the same name to write to, in a folder beside the target; renamed to `path` at the end.

    When the block fails nothing is left and an old file at `path` stays as it was. Raises VolumeError for a folder
    that is missing or not writable, a full disk, or a folder in the target's place.
    """
    path = Path(path)
    if path.is_dir():
        raise VolumeError(f"cannot write {path}", "a folder is in its place; name a file")
    try:
        with _private(path.parent) as folder:
            private = folder / path.name
            yield private
            with private.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(private, path)
    except OSError as error:
        raise VolumeError(f"cannot write {path}", remedy(error)) from error


def cache_folder(name: str) -> Path | None:
    """A private folder of the user's for what can be made again, in that of GUIDEGEN_CACHE or the system's; None for a
    user without a home, or where it cannot be made."""
    try:
        base = os.environ.get(CACHE_VARIABLE)
        folder = Path(base or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guidegen") / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):
        return None
    return folder


def compiler_folder_in_cache() -> None:
    """What torch's compiler keeps goes to the user's cache. Importing it makes a folder, else beside the temporary
    files, where it stays; transformers and OpenVINO's converter import it."""
    folder = cache_folder("torchinductor")
    if folder is not None:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))


def write_json(data: Mapping[str, Any], path: str | Path) -> None:
    """Write JSON atomically: sorted keys, UTF-8, no NaN, so that the same data give the same bytes."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(text, path)


def write_text(text: str, path: str | Path) -> None:
    """Write a text file atomically, UTF-8 with plain newlines."""
    with atomic(path) as private:
        private.write_text(text, encoding="utf-8", newline="\n")


def remedy(error: OSError) -> str:
    """What an operating-system error means to the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full; free some space or choose another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "the folder is not writable; choose another one"
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long; choose a shorter one"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "its folder does not exist; make it first or choose another one"
    return f"{error.strerror or error}; choose another folder"


@contextmanager
def staged(folder: Path, *, alone: bool = False) -> Iterator[Path]:
    """A private folder to write into; at the end its files, and folders whole, move up into `folder`, which is made if
    need be.

    When the block fails or is interrupted nothing is left of it. alone: nobody else may write there meanwhile. Raises
    OSError for a folder that cannot be written, VolumeError as `alone_in` does.
    """
    made = []
    try:
        for parent in reversed((folder, *folder.parents)):
            if not parent.exists():
                parent.mkdir(exist_ok=True)
                made.append(parent)
        with alone_in(folder) if alone else nullcontext(), _private(folder) as private:
            yield private
            with _uninterrupted():
                for file in sorted(private.iterdir()):
                    _put(file, folder / file.name)
    finally:
        with _uninterrupted():
            for parent in reversed(made):  # those that are still empty go
                try:
                    parent.rmdir()
                except OSError:
                    break


@contextmanager
def _private(folder: Path) -> Iterator[Path]:
    """A temporary folder inside the target, as only there a rename is sure to stay on the same disk. An impatient
    second Ctrl-C does not keep it from being removed."""
    private = Path(tempfile.mkdtemp(prefix=".guidegen-", dir=folder))
    try:
        yield private
    finally:
        with _uninterrupted():
            shutil.rmtree(private, ignore_errors=True)


_held: set[tuple[int, int]] = set()
"""Device and number of what this process holds alone."""


@contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Nobody else who asks may have this folder or file while the block runs; the end of a process frees it, however
    it ends. What this process holds already is its own.

    Raises VolumeError where another run has it, OSError for what is not there. Where the disk knows no locks nobody is
    refused.
    """
    number = os.open(path, os.O_RDONLY) if fcntl else -1
    try:
        state = os.fstat(number) if fcntl else None
        mine = None if state is None else (state.st_dev, state.st_ino)
        if mine is None or mine in _held:
            yield
            return
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VolumeError(f"another run works in {path}", "wait for its end, or name another place") from None
        except OSError:
            yield
            return
        _held.add(mine)
        try:
            yield
        finally:
            _held.discard(mine)
    finally:
        if number >= 0:
            os.close(number)


@contextmanager
def utf8_path(path: Path) -> Iterator[str]:
    """A name of a file for libraries that take names in UTF-8 alone: its own, or where that has other bytes the one of
    a link to it. What is written to it makes the file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        ending = "".join(path.suffixes[-2:])
        with tempfile.TemporaryDirectory(prefix=".guidegen-") as folder:
            link = Path(folder) / f"volume{ending if ending.isascii() else path.suffix}"
            link.symlink_to(path.absolute())
            yield str(link)
    else:
        yield str(path)


def _put(source: Path, target: Path) -> None:
    """Rename over what is there, which may be a folder with files in it."""
    if not target.is_dir():
        os.replace(source, target)
        return
    with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=target.parent) as old:
        target.rename(Path(old) / target.name)
        os.replace(source, target)


@contextmanager
def replaced(folder: Path, stale: Callable[[Path], bool]) -> Iterator[Path]:
    """A private folder to write into, which takes the place of `folder` at the end.

    What the old folder holds and is not `stale` moves along, for instance a model card. When the block fails the old
    one stays as it was. Raises OSError for a folder that cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=folder.parent) as private:
        fresh, old = Path(private) / "new", Path(private) / "old"
        fresh.mkdir()
        yield fresh
        if folder.exists():
            for kept in folder.iterdir():
                if not stale(kept):
                    (shutil.copytree if kept.is_dir() else shutil.copy2)(kept, fresh / kept.name)
            folder.rename(old)
        fresh.rename(folder)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and termination come too late for this block: the work is done, and half of the files would be worse."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    ours = {kind: handler for kind, handler in handlers.items() if handler is not None}  # others' cannot be put back
    for kind in ours:
        signal.signal(kind, signal.SIG_IGN)
    try:
        yield
    finally:
        for kind, handler in ours.items():
            signal.signal(kind, handler)
