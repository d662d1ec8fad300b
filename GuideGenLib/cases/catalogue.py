"""A folder of cases as a person works with it: find, go on, keep, copy, rename, tag, delete and undo.

The disk is the only memory: another program may write there, too, and each question looks at it anew. Only what has not
changed since is not read twice.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.cases.entry import SCENE, Entry, look, state_of, write_tags
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.measure import measure
from GuideGenLib.cases.names import KEPT_APART, case_name, checked_name
from GuideGenLib.cases.trash import Trash
from GuideGenLib.core.files import remedy, staged
from GuideGenLib.description.report import from_json
from GuideGenLib.scene.files import ANATOMY, SavedCase, write_case


class CaseCatalogue:
    """folder: of the cases; made if need be. Raises CaseError where it cannot be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CaseError(f"{folder} cannot be the folder of the cases", remedy(error)) from error
        self.lessons = self.folder / KEPT_APART
        self.trash = Trash(self.folder)
        self._looked: dict[Path, tuple[tuple[int, ...], Entry]] = {}
        self.trash.empty()

    # ------------------------------------------------------------ find

    def entries(self) -> list[Entry]:
        """All cases by name, broken ones among them. Raises CaseError where the folder itself cannot be read."""
        try:
            paths = [path for path in self.folder.iterdir() if _is_case(path)]
        except OSError as error:
            raise CaseError(f"{self.folder} cannot be read", remedy(error)) from error
        found = {path: self._look(path) for path in sorted(paths, key=lambda path: path.name.casefold())}
        self._looked = found
        return [entry for _, entry in found.values()]

    def entry(self, name: str) -> Entry:
        """The case of that name. Raises CaseError where there is none (any more)."""
        for path in (self.folder / name, self.folder / f"{name}{SCENE}"):
            if name == Path(name).name and _is_case(path) and path.exists():
                return look(path)
        raise CaseError(f"there is no case {name!r} in {self.folder}", "it was renamed or deleted; look at the list")

    # ------------------------------------------------------------ change

    def keep(self, case: SavedCase, name: str = "") -> Entry:
        """A new case of volumes and their record; named by what is seen where it gets no name. Raises CaseError,
        SceneError and VolumeError; there is no half of it then."""
        wanted = checked_name(name) if name else self.name_of(case)
        free = self.free_name(wanted)
        try:
            with staged(self.folder) as private:
                write_case(case, private / free)
        except OSError as error:
            raise CaseError(f"{free} cannot be kept in {self.folder}", remedy(error)) from error
        return look(self.folder / free)

    @staticmethod
    def name_of(case: SavedCase) -> str:
        """What a case would be called, by what is measured in it and what its record tells."""
        record = case.provenance or {}
        told, settings = record.get("description"), record.get("settings")
        description = from_json(told) if isinstance(told, dict) else None
        seed = settings.get("seed") if isinstance(settings, dict) else None
        return case_name(description, measure(case.anatomy), seed if isinstance(seed, int) else None)

    def rename(self, name: str, new: str = "") -> Entry:
        """Give a case another name, or the one that tells what is seen in it. Raises CaseError, and VolumeError for an
        anatomy that cannot be read."""
        entry = self._whole(name)
        if not new:
            anatomy = read_anatomy(entry.path / ANATOMY)
            new = self.name_of(SavedCase(anatomy, None, dict(entry.record)))
        if checked_name(new) == name:
            return entry
        target = self.folder / (self.free_name(checked_name(new)) + (SCENE if entry.is_scene else ""))
        try:
            entry.path.rename(target)
        except OSError as error:
            raise CaseError(f"{name} cannot be renamed", remedy(error)) from error
        return look(target)

    def tag(self, name: str, tags: Sequence[str]) -> Entry:
        """Replace the tags of a case folder. Raises CaseError, VolumeError where it cannot be written."""
        entry = self._whole(name)
        write_tags(entry.path, list(tags))
        return look(entry.path)

    def duplicate(self, name: str) -> Entry:
        """A copy under the next free name, whole or not at all. Raises CaseError."""
        entry = self.entry(name)
        free = self.free_name(name) + (SCENE if entry.is_scene else "")
        try:
            with staged(self.folder) as private:
                if entry.is_scene:
                    shutil.copy2(entry.path, private / free)
                else:
                    shutil.copytree(entry.path, private / free, ignore=shutil.ignore_patterns(".*"))
        except (OSError, shutil.Error) as error:
            why = remedy(error) if isinstance(error, OSError) and error.errno else "some of its files cannot be read"
            raise CaseError(f"{name} cannot be copied", why) from error
        return look(self.folder / free)

    def delete(self, name: str) -> None:
        """Move a case, also a broken one, to the trash. Raises CaseError."""
        self.trash.put(self.entry(name).path)

    def undo_delete(self) -> Entry:
        """Take the last deleted case back, under another name where its own is taken. Raises CaseError where there is
        none."""
        held = self.trash.held()
        if not held:
            raise CaseError("the trash is empty", "deleted cases are kept there for some days")
        ending = SCENE if held[0].name.endswith(SCENE) else ""
        free = self.free_name(held[0].name.removesuffix(ending)) + ending
        return look(self.trash.take_back(held[0], free))

    def free_name(self, name: str) -> str:
        """The name, or with the first number that makes it one of its own."""
        taken = {path.name.removesuffix(SCENE).casefold() for path in self.folder.iterdir()} | {KEPT_APART}
        stem, number, free = name, 2, name
        while free.casefold() in taken:
            free, number = f"{stem}-{number}", number + 1
        return free

    def _look(self, path: Path) -> tuple[tuple[int, ...], Entry]:
        """A case with the state of its files; looked at again only where that is another one."""
        state = state_of(path)
        known = self._looked.get(path)
        return known if known is not None and known[0] == state else (state, look(path))

    def _whole(self, name: str) -> Entry:
        entry = self.entry(name)
        if entry.is_scene:
            raise CaseError(f"{name} is a scene", "open it, and keep what is in it as a case")
        if entry.problem:
            raise CaseError(entry.problem)
        return entry


def matching(entries: Sequence[Entry], search: str) -> list[Entry]:
    """The entries that have all words of a search in their names, texts and tags; all for an empty one."""
    words = search.casefold().split()

    def fits(entry: Entry) -> bool:
        told = " ".join((entry.name, entry.text, *entry.tags)).casefold()
        return all(word in told for word in words)

    return [entry for entry in entries if fits(entry)]


def beside(entries: Sequence[Entry], name: str, step: int) -> Entry | None:
    """The whole entry before (-1) or after (1) the one of a name; the first or last where that is not listed; None at
    the ends."""
    whole = [entry for entry in entries if not entry.problem or entry.name == name]
    place = next((number for number, entry in enumerate(whole) if entry.name == name), None)
    if place is None:
        return (whole[0] if step > 0 else whole[-1]) if whole else None
    return whole[place + step] if 0 <= place + step < len(whole) else None


def _is_case(path: Path) -> bool:
    """Folders and scenes, but for what is hidden and the lessons."""
    if path.name.startswith(".") or path.name == KEPT_APART:
        return False
    return path.suffix == SCENE or path.is_dir()
