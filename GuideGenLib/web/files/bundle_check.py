"""Whether a .mrb of a stranger may be unpacked and loaded: its size, and that it points to nothing but itself."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from urllib.parse import unquote
from xml.etree import ElementTree

from GuideGenLib.scene.errors import SceneError
from GuideGenLib.web.files.limits import LARGEST_SCENE, NRRD_HEADER, megabytes, points_elsewhere

MOST_FILES = 5000
LARGEST_DOCUMENT = 64 * 2**20
TEXT_HEADERS = (".nhdr", ".mhd", ".mha")
"""Volumes whose header may name another file to read."""


def check_bundle(path: Path, name: str) -> None:
    """Raise SceneError for a bundle that is damaged, too large when unpacked, or that names files outside itself."""
    try:
        with zipfile.ZipFile(path) as bundle:
            _check_size(bundle, name)
            for entry in bundle.namelist():
                _check_entry(bundle, entry, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SceneError(f"{name} is no .mrb or is damaged: copy or download it again") from error
    except ElementTree.ParseError as error:
        raise SceneError(f"{name} holds a scene that cannot be read: save it again in Slicer") from error


def _check_size(bundle: zipfile.ZipFile, name: str) -> None:
    """What the directory says is what is unpacked: `zipfile` stops there, whatever follows."""
    entries = bundle.infolist()
    if len(entries) > MOST_FILES:
        raise SceneError(f"{name} holds {len(entries)} files: up to {MOST_FILES} are served")
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST_SCENE:
        raise SceneError(
            f"{name} takes {megabytes(size)} unpacked: up to {megabytes(LARGEST_SCENE)} are served; remove volumes "
            "that are not needed, or crop them, and save the scene again"
        )


def _check_entry(bundle: zipfile.ZipFile, entry: str, name: str) -> None:
    suffix = PurePosixPath(entry).suffix.lower()
    if suffix == ".mrml":
        if bundle.getinfo(entry).file_size > LARGEST_DOCUMENT:
            raise SceneError(f"{name} holds a scene document of more than {megabytes(LARGEST_DOCUMENT)}")
        _check_document(bundle.read(entry), name)
    elif suffix in TEXT_HEADERS or suffix == ".nrrd":
        with bundle.open(entry) as file:
            if points_elsewhere(file.read(NRRD_HEADER)):
                raise SceneError(f"{name} holds {entry}, whose voxels are in another file: save it as one file")


def _check_document(document: bytes, name: str) -> None:
    for node in ElementTree.fromstring(document).iter():
        for key, value in node.attrib.items():
            if key == "uri" or key.startswith("uriListMember"):
                inside = not value.strip()  # nothing is fetched from a network
            elif key == "fileName" or key.startswith("fileListMember"):
                inside = _is_inside(unquote(value))
            else:
                continue
            if not inside:
                raise SceneError(
                    f"{name} refers to {value}, which is outside of it: save the scene in Slicer as one .mrb with all "
                    "of its data"
                )


def _is_inside(reference: str) -> bool:
    parts = PurePosixPath(reference.replace("\\", "/")).parts
    return (
        not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference) and ".." not in parts and not (parts and parts[0] == "/")
    )
