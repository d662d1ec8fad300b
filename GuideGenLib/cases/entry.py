"""One case of a folder as a list shows it: read strictly, so that a broken one tells what is wrong with it."""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from GuideGenLib.cases.errors import CaseError
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import write_json
from GuideGenLib.core.nifti import read_header
from GuideGenLib.description.model import Description
from GuideGenLib.description.report import from_json
from GuideGenLib.scene.files import ANATOMY, CT, PROVENANCE
from GuideGenLib.scene.runs.dated import OUT_OF_DATE

TAGS, THUMBNAIL = "tags.json", "thumbnail.png"
SCENE = ".mrb"
LARGEST_RECORD = 16 * 2**20
"""Bytes of a record; the longest that we write have some hundred kilobytes."""
MOST_TAGS, LONGEST_TAG = 12, 30
PROMPT = re.compile(r"GuideGen\.Prompt:([^;\"]*)")


@dataclass(frozen=True)
class Entry:
    """A case folder, or a scene in a .mrb. text: of its description; problem: what is wrong, empty where nothing is;
    changed: seconds since 1970; record: its provenance, empty where it has none."""

    path: Path
    text: str = ""
    tags: tuple[str, ...] = ()
    has_ct: bool = False
    problem: str = ""
    changed: float = 0.0
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Of its folder, or of the file without its ending."""
        return self.path.name.removesuffix(SCENE) if self.is_scene else self.path.name

    @property
    def is_scene(self) -> bool:
        """Whether it is a scene of Slicer and no case folder."""
        return self.path.suffix == SCENE

    @property
    def out_of_date(self) -> str:
        """Why its CT does not show its anatomy any more, as its record tells; empty where it does."""
        return str(self.record.get(OUT_OF_DATE) or "")

    @property
    def description(self) -> Description | None:
        """As its record has it; None where there is none."""
        told = self.record.get("description")
        return from_json(told) if isinstance(told, dict) else None

    @property
    def seed(self) -> int | None:
        """Of the run that drew it."""
        settings = self.record.get("settings")
        seed = settings.get("seed") if isinstance(settings, Mapping) else None
        return seed if isinstance(seed, int) else None


def look(path: Path) -> Entry:
    """A case as it lies there. It never raises: what cannot be read is the entry's `problem`."""
    try:
        return _scene(path) if path.suffix == SCENE else _folder(path)
    except (GuideGenError, OSError) as error:
        return Entry(path, problem=str(error), changed=_changed(path))


def state_of(path: Path) -> tuple[int, ...]:
    """Numbers that are others once a case was written to: size, time and place of each of its files."""
    files = (path,) if path.suffix == SCENE else (path / ANATOMY, path / CT, path / PROVENANCE, path / TAGS)
    numbers: list[int] = []
    for file in files:
        try:
            state = file.stat()
            numbers += [state.st_size, state.st_mtime_ns, state.st_ino]
        except OSError:
            numbers += [0, 0, 0]
    return tuple(numbers)


def read_tags(path: Path) -> tuple[str, ...]:
    """The tags of a case folder; none where it has no file of them. Raises CaseError."""
    if not (path / TAGS).exists():
        return ()
    told = read_object(path / TAGS).get("tags")
    if not isinstance(told, list) or not all(isinstance(tag, str) for tag in told):
        raise CaseError(f"{path.name}/{TAGS} holds no list of tags", "delete it, or give the case its tags again")
    return checked_tags(told)


def write_tags(path: Path, tags: list[str]) -> None:
    """Replace the tags of a case folder. Raises CaseError, VolumeError where it cannot be written."""
    write_json({"tags": list(checked_tags(tags))}, path / TAGS)


def checked_tags(tags: list[str]) -> tuple[str, ...]:
    """Tags as they are kept: one space between words, none twice, none empty. Raises CaseError."""
    kept = list(dict.fromkeys(tag for tag in (" ".join(one.split()) for one in tags) if tag))
    if len(kept) > MOST_TAGS or any(len(tag) > LONGEST_TAG or not tag.isprintable() for tag in kept):
        raise CaseError(
            "these tags are too many or too long", f"give {MOST_TAGS} at most, of {LONGEST_TAG} characters each"
        )
    return tuple(kept)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises CaseError for one that is too long, no JSON, or no object."""
    name = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > LARGEST_RECORD:
            raise CaseError(f"{name} is longer than {LARGEST_RECORD / 2**20:.0f} MB", "it is no record of ours")
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise (
            error
            if isinstance(error, CaseError)
            else CaseError(f"{name} cannot be read ({error})", "restore it from a copy")
        ) from error
    if not isinstance(data, dict):
        raise CaseError(f"{name} holds no object", "restore it from a copy")
    return data


# ---------------------------------------------------------------- inside


def _folder(path: Path) -> Entry:
    if not (path / ANATOMY).is_file():
        raise CaseError(
            f"{path.name} has no {ANATOMY}", "a case is a folder that `guidegen generate` or the page wrote"
        )
    for name in (ANATOMY, CT):
        if (path / name).exists():
            _check_header(path / name)
    record = read_object(path / PROVENANCE) if (path / PROVENANCE).exists() else {}
    told = record.get("description")
    if told is not None:
        from_json(told if isinstance(told, dict) else {})  # raises where it is none
    text = record.get("text")
    return Entry(
        path,
        text=text if isinstance(text, str) else "",
        tags=read_tags(path),
        has_ct=(path / CT).is_file(),
        changed=_changed(path / ANATOMY),
        record=record,
    )


def _check_header(path: Path) -> None:
    """A volume whose header is there; the voxels are read when they are needed."""
    name = f"{path.parent.name}/{path.name}"
    try:
        header = read_header(path)
    except (GuideGenError, OSError, EOFError, ValueError) as error:
        raise CaseError(f"{name} cannot be read ({error})", "restore it from a copy") from error
    if header is None or len(header.size) < 3 or min(header.size[:3]) < 2:
        raise CaseError(f"{name} is no volume", "restore it from a copy")


def _scene(path: Path) -> Entry:
    try:
        with zipfile.ZipFile(path) as bundle:
            document = next((one for one in bundle.infolist() if one.filename.endswith(".mrml")), None)
            if document is None:
                raise CaseError(f"{path.name} holds no scene", "choose a .mrb that Slicer or GuideGen wrote")
            with bundle.open(document) as file:
                found = PROMPT.search(file.read(LARGEST_RECORD).decode("utf-8", "replace"))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise CaseError(f"{path.name} is no .mrb or is damaged", "copy or download it again") from error
    return Entry(path, text=unquote(found[1]) if found else "", has_ct=True, changed=_changed(path))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
