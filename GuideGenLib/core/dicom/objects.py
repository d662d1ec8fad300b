"""The DICOM files in a folder or a zip, or one file, opened one by one. Nothing is unpacked onto the disk, so that no
name in a zip leads anywhere."""

from __future__ import annotations

import os
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from GuideGenLib.core.errors import GuideGenError, VolumeError

MOST_FILES = 20_000
LARGEST_OBJECT, LARGEST_ZIP = 2**30, 2**33
"""Bytes of a file in a zip and of all of them, unpacked: a CT of 512 x 512 x 2000 voxels is that large."""
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
MAGIC_AT, MAGIC = 128, b"DICM"
START = 1024
DEFLATED = b"1.2.840.10008.1.2.1.99"
"""A transfer syntax whose files unpack to any size; hardly any program writes it."""
DIRECTORY = "DICOMDIR"


@dataclass(frozen=True)
class Entry:
    """A DICOM file, alone (`archive` is None) or in a zip; name: for people."""

    name: str
    path: str
    archive: zipfile.ZipFile | None = None

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The bytes of the file. Raises VolumeError for one that cannot be read, also while it is read."""
        try:
            with Path(self.path).open("rb") if self.archive is None else self.archive.open(self.path) as file:
                yield cast("IO[bytes]", file)
        except OSError as error:
            raise VolumeError(f"{self.name} cannot be read ({error.strerror or error})", "make it readable") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise VolumeError(f"{self.name} cannot be unpacked ({error})", "copy or download the zip again") from error

    def read(self, **options: Any) -> Any:
        """The object as a pydicom Dataset. Raises VolumeError for a damaged one, and where pydicom is missing."""
        pydicom = _pydicom()
        with self.opened() as file, damage_told(self.name):
            if DEFLATED in file.read(START):
                raise VolumeError(f"{self.name} is compressed as a whole (deflated)", "store it uncompressed")
            file.seek(0)
            return pydicom.dcmread(file, **options)


def is_dicom(path: Path) -> bool:
    """Is this a folder, a zip, or a DICOM file? Other files are none of DICOM's."""
    try:
        if path.is_dir():
            return True
        with path.open("rb") as file:
            start = file.read(MAGIC_AT + len(MAGIC))
    except OSError:  # whoever reads it as another file tells why not
        return False
    return start.startswith(ZIP_STARTS) or start[MAGIC_AT:] == MAGIC


def holds_dicom(path: Path) -> bool:
    """Is there any DICOM file in a folder or a zip, or is it one? Others may lie in a folder of data."""
    try:
        with objects_in(path):
            return True
    except VolumeError:
        return False


@contextmanager
def objects_in(path: Path) -> Iterator[list[Entry]]:
    """The DICOM files of a folder and the folders in it, of a zip, or one alone; a DICOMDIR stands for its folder.

    Raises VolumeError where there is none, and for more than can be meant.
    """
    if path.name.upper() == DIRECTORY and path.is_file():
        path = path.parent
    if path.is_dir():
        yield _some([Entry(str(file), str(file)) for file in _files_below(path) if _has_magic(file)], path)
        return
    with path.open("rb") as file:
        packed = file.read(4) in ZIP_STARTS
    if not packed:
        yield [Entry(str(path), str(path))]
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield _some(_entries_of(archive, path), path)
    except zipfile.BadZipFile as error:
        raise VolumeError(f"{path} is a damaged zip ({error})", "copy or download it again") from error


@contextmanager
def damage_told(name: str) -> Iterator[None]:
    """Whatever pydicom stumbles over in a damaged or hostile file becomes a VolumeError: it raises nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that are checked here
            yield
    except (GuideGenError, MemoryError, OSError, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise VolumeError(f"{name} is damaged or no DICOM file ({reason})", "copy or export it again") from error


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for top, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(top) / name for name in sorted(names) if not name.startswith(".") and name != DIRECTORY]
        _require_few(len(found), folder)
    return found


def _refuse(error: OSError) -> None:
    raise VolumeError(f"{error.filename} cannot be read ({error.strerror})", "make it readable") from error


def _has_magic(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC
    except OSError as error:
        raise VolumeError(f"{path} cannot be read ({error.strerror or error})", "make it readable") from error


def _entries_of(archive: zipfile.ZipFile, path: Path) -> list[Entry]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _require_few(len(infos), path)
    size = sum(info.file_size for info in infos)
    if size > LARGEST_ZIP or any(info.file_size > LARGEST_OBJECT for info in infos):
        raise VolumeError(
            f"{path} takes {size / 2**30:.1f} GB unpacked",
            f"up to {LARGEST_ZIP >> 30} GB, and {LARGEST_OBJECT >> 30} GB a file, are taken; give the series alone",
        )
    if any(info.flag_bits & 1 for info in infos):
        raise VolumeError(f"{path} is encrypted", "unpack it and give the folder")
    found = []
    for info in infos:
        entry = Entry(f"{path}/{info.filename}", info.filename, archive)
        with entry.opened() as file:
            if file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC:
                found.append(entry)
    return found


def _require_few(count: int, path: Path) -> None:
    if count > MOST_FILES:
        raise VolumeError(f"{path} holds more than {MOST_FILES} files", "name the folder of one study")


def _some(entries: list[Entry], path: Path) -> list[Entry]:
    if not entries:
        raise VolumeError(f"{path} holds no DICOM file", "name a NIfTI, NRRD or MetaImage file, or a DICOM series")
    return entries


def _pydicom() -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise VolumeError(f"DICOM needs the package pydicom ({error})", 'pip install "guidegen[dicom]"') from error
    return pydicom
