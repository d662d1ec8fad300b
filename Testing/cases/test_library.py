"""The list of a folder: strict with what it reads, and nothing is lost by what it does."""

import json
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import SimpleITK as sitk

from GuideGenLib.cases.entry import TAGS, look, write_tags
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.library import CaseLibrary, beside, matching
from GuideGenLib.cases.thumbnail import THUMBNAIL, thumbnail
from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.scene.files import ANATOMY, CT, PROVENANCE
from Testing.cases.conftest import TEXT, Make


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder with what they hold."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kidney(library: CaseLibrary) -> str:
    """The name of the case with the tumour."""
    return next(entry.name for entry in library.entries() if "kidney" in entry.name)


def test_a_kept_case_is_one_that_the_command_line_reads(library: CaseLibrary):
    case = CaseFolder(library.folder / kidney(library)).case()
    assert case.description.text == TEXT and case.ct is not None


def test_entries_tell_text_tags_and_seed(library: CaseLibrary):
    name = kidney(library)
    entry = library.tag(name, ["exam  2026", "kidney", "kidney", " "])
    assert (entry.text, entry.tags, entry.seed, entry.has_ct) == (TEXT, ("exam 2026", "kidney"), 3, True)
    assert entry.description is not None and entry.description.age == 58
    with pytest.raises(CaseError, match="too many or too long"):
        library.tag(name, ["x" * 31])
    assert library.entry(name).tags == ("exam 2026", "kidney")


def test_what_has_not_changed_is_not_read_twice(library: CaseLibrary, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    monkeypatch.setattr("GuideGenLib.cases.library.look", lambda path: read.append(path.name) or look(path))
    first, second = library.entries()
    read.clear()
    assert library.entries() == [first, second] and read == []
    write_tags(second.path, ["changed"])
    assert library.entries()[1].tags == ("changed",) and read == [second.name]
    read.clear()
    (first.path / CT).write_text("no volume")
    assert "is no volume" in library.entries()[0].problem and read == [first.name]


def test_a_search_finds_words_of_name_text_and_tags(library: CaseLibrary):
    library.tag(kidney(library), ["exam"])
    entries = library.entries()
    assert [entry.name for entry in matching(entries, "WOMAN kidney exam")] == [kidney(library)]
    assert len(matching(entries, "seed")) == 2 and matching(entries, "kidney healthy") == []
    assert matching(entries, "  ") == entries


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: (path / ANATOMY).unlink(), f"has no {ANATOMY}"),
        (lambda path: (path / ANATOMY).write_bytes(b"\x1f\x8b not gzip"), f"{ANATOMY} cannot be read"),
        (lambda path: (path / CT).write_text("no volume"), f"{CT} is no volume"),
        (lambda path: (path / PROVENANCE).write_text("{"), f"{PROVENANCE} cannot be read"),
        (lambda path: (path / PROVENANCE).write_text("[]"), f"{PROVENANCE} holds no object"),
        (lambda path: (path / PROVENANCE).write_text('{"description": {"age": "old"}}'), "description"),
        (lambda path: (path / PROVENANCE).write_text("[" * 100_000), f"{PROVENANCE} cannot be read"),
        (lambda path: (path / TAGS).write_text('{"tags": [1]}'), "no list of tags"),
    ],
)
def test_a_broken_case_is_shown_with_what_is_wrong_and_harms_no_other(library: CaseLibrary, spoil, told: str):
    name = kidney(library)
    spoil(library.folder / name)
    entries = {entry.name: entry for entry in library.entries()}
    assert told in entries[name].problem
    assert [entry.problem for other, entry in entries.items() if other != name] == [""]
    for act in (lambda: library.rename(name), lambda: library.tag(name, ["a"])):
        with pytest.raises(CaseError):
            act()
    assert beside(list(entries.values()), "no-finding-M30-seed7", -1) is None, "a broken one is passed over"
    library.delete(name)
    assert library.undo_delete().problem, "also a broken one can be deleted and taken back"


def test_what_is_no_case_is_not_listed_or_told(library: CaseLibrary):
    (library.folder / "lessons").mkdir()
    (library.folder / ".hidden").mkdir()
    (library.folder / "notes.txt").write_text("mine")
    assert len(library.entries()) == 2
    with zipfile.ZipFile(library.folder / "old.mrb", "w") as bundle:
        bundle.writestr("old/old.mrml", '<Node attributes="GuideGen.Prompt:A%20man.;GuideGen.Seed:1"/>')
    (library.folder / "bad.mrb").write_text("no zip")
    scenes = {entry.name: entry for entry in library.entries() if entry.is_scene}
    assert scenes["old"].text == "A man." and not scenes["old"].problem
    assert "damaged" in scenes["bad"].problem
    with pytest.raises(CaseError, match="is a scene"):
        library.rename("old")


def test_deleting_is_undone_byte_for_byte(library: CaseLibrary, saved: Make):
    name = kidney(library)
    before = files_of(library.folder / name)
    library.delete(name)
    assert [entry.name for entry in library.entries()] == ["no-finding-M30-seed7"]
    library.keep(saved())  # its name is taken meanwhile
    back = library.undo_delete()
    assert back.name == f"{name}-2" and files_of(back.path) == before
    with pytest.raises(CaseError, match="trash is empty"):
        library.undo_delete()


def test_the_last_deleted_comes_back_first(library: CaseLibrary):
    first, second = (entry.name for entry in library.entries())
    library.delete(first)
    library.delete(second)
    assert [library.undo_delete().name, library.undo_delete().name] == [second, first]


def test_the_trash_is_emptied_after_some_days_and_not_before(library: CaseLibrary):
    name = kidney(library)
    library.delete(name)
    strange = library.folder / ".trash" / "not ours"
    strange.mkdir()
    CaseLibrary(library.folder)
    assert len(library.trash.held()) == 1
    (held,) = library.trash.held()
    held.path.rename(held.path.with_name(held.path.name.replace(str(held.at.year), str(held.at.year - 1), 1)))
    CaseLibrary(library.folder)
    assert library.trash.held() == [] and strange.exists(), "what we did not put there stays"
    assert library.trash.empty(timedelta(0)) == 0


def test_a_copy_is_whole_and_a_copy_of_its_own(library: CaseLibrary):
    name = kidney(library)
    copy = library.duplicate(name)
    assert copy.name == f"{name}-2" and files_of(copy.path) == files_of(library.folder / name)
    (copy.path / PROVENANCE).write_text("{}")
    assert library.entry(name).text == TEXT
    assert library.duplicate(name).name == f"{name}-3"


def test_a_failed_copy_leaves_nothing(library: CaseLibrary, monkeypatch: pytest.MonkeyPatch):
    before = sorted(path.name for path in library.folder.iterdir())

    def full(source: Path, target: Path, **_: object) -> None:
        Path(target).mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(CaseError, match="disk is full"):
        library.duplicate(kidney(library))
    assert sorted(path.name for path in library.folder.iterdir()) == before


def test_renaming_keeps_names_apart(library: CaseLibrary):
    name = kidney(library)
    assert library.rename(name, "Kidney of Tuesday").name == "Kidney of Tuesday"
    assert library.rename("no-finding-M30-seed7", "Kidney of Tuesday").name == "Kidney of Tuesday-2"
    assert library.rename("Kidney of Tuesday").name == name, "no name asks for the descriptive one"
    with pytest.raises(CaseError, match="there is no case"):
        library.entry("../" + library.folder.name)


def test_next_and_previous_go_through_the_list(library: CaseLibrary):
    entries = library.entries()
    first, second = (entry.name for entry in entries)
    assert beside(entries, first, 1) is entries[1] and beside(entries, second, -1) is entries[0]
    assert beside(entries, second, 1) is None and beside(entries, first, -1) is None
    assert beside(entries, "gone", 1) is entries[0] and beside([], "gone", 1) is None


def test_a_thumbnail_is_made_once_and_again_after_a_change(library: CaseLibrary, saved: Make, tmp_path: Path):
    path = library.folder / kidney(library)
    data = thumbnail(path)
    (tmp_path / "shown.png").write_bytes(data)
    picture = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "shown.png")))
    assert picture.shape == (144, 240, 3) and picture.std() > 20
    coloured = (picture.max(axis=2).astype(int) - picture.min(axis=2)) > 40
    assert coloured.sum() > 50, "the tumour is in colour"
    made = (path / THUMBNAIL).stat().st_mtime_ns
    assert thumbnail(path) == data and (path / THUMBNAIL).stat().st_mtime_ns == made
    sitk.WriteImage(saved(key="").anatomy, str(path / ANATOMY))
    assert thumbnail(path) != data


def test_a_thumbnail_of_cut_volumes_tells_what_is_wrong(library: CaseLibrary):
    path = library.folder / kidney(library)
    (path / CT).write_bytes((path / CT).read_bytes()[:-200])
    assert look(path).problem == "", "its header is whole"
    with pytest.raises(CaseError, match="cut short"):
        thumbnail(path)


def test_tags_are_kept_in_the_case_and_go_with_it(library: CaseLibrary):
    name = kidney(library)
    library.tag(name, ["exam"])
    assert json.loads((library.folder / name / TAGS).read_text("utf-8")) == {"tags": ["exam"]}
    assert library.duplicate(name).tags == ("exam",)
    assert library.rename(name, "other").tags == ("exam",)
