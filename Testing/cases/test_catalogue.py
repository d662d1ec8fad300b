"""The list of a folder: strict with what it reads, and nothing is lost by what it does."""

import json
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import SimpleITK as sitk

from GuideGenLib.cases.catalogue import CaseCatalogue, beside, matching
from GuideGenLib.cases.entry import TAGS, look, write_tags
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.thumbnail import THUMBNAIL, thumbnail
from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.scene.files import ANATOMY, CT, PROVENANCE
from Testing.cases.conftest import TEXT, Make


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder with what they hold."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kidney(catalogue: CaseCatalogue) -> str:
    """The name of the case with the tumour."""
    return next(entry.name for entry in catalogue.entries() if "kidney" in entry.name)


def test_a_kept_case_is_one_that_the_command_line_reads(catalogue: CaseCatalogue):
    case = CaseFolder(catalogue.folder / kidney(catalogue)).case()
    assert case.description.text == TEXT and case.ct is not None


def test_entries_tell_text_tags_and_seed(catalogue: CaseCatalogue):
    name = kidney(catalogue)
    entry = catalogue.tag(name, ["exam  2026", "kidney", "kidney", " "])
    assert (entry.text, entry.tags, entry.seed, entry.has_ct) == (TEXT, ("exam 2026", "kidney"), 3, True)
    assert entry.description is not None and entry.description.age == 58
    with pytest.raises(CaseError, match="too many or too long"):
        catalogue.tag(name, ["x" * 31])
    assert catalogue.entry(name).tags == ("exam 2026", "kidney")


def test_what_has_not_changed_is_not_read_twice(catalogue: CaseCatalogue, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    monkeypatch.setattr("GuideGenLib.cases.catalogue.look", lambda path: read.append(path.name) or look(path))
    first, second = catalogue.entries()
    read.clear()
    assert catalogue.entries() == [first, second] and read == []
    write_tags(second.path, ["changed"])
    assert catalogue.entries()[1].tags == ("changed",) and read == [second.name]
    read.clear()
    (first.path / CT).write_text("no volume")
    assert "is no volume" in catalogue.entries()[0].problem and read == [first.name]


def test_a_search_finds_words_of_name_text_and_tags(catalogue: CaseCatalogue):
    catalogue.tag(kidney(catalogue), ["exam"])
    entries = catalogue.entries()
    assert [entry.name for entry in matching(entries, "WOMAN kidney exam")] == [kidney(catalogue)]
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
def test_a_broken_case_is_shown_with_what_is_wrong_and_harms_no_other(catalogue: CaseCatalogue, spoil, told: str):
    name = kidney(catalogue)
    spoil(catalogue.folder / name)
    entries = {entry.name: entry for entry in catalogue.entries()}
    assert told in entries[name].problem
    assert [entry.problem for other, entry in entries.items() if other != name] == [""]
    for act in (lambda: catalogue.rename(name), lambda: catalogue.tag(name, ["a"])):
        with pytest.raises(CaseError):
            act()
    assert beside(list(entries.values()), "no-finding-M30-seed7", -1) is None, "a broken one is passed over"
    catalogue.delete(name)
    assert catalogue.undo_delete().problem, "also a broken one can be deleted and taken back"


def test_what_is_no_case_is_not_listed_or_told(catalogue: CaseCatalogue):
    (catalogue.folder / "lessons").mkdir()
    (catalogue.folder / ".hidden").mkdir()
    (catalogue.folder / "notes.txt").write_text("mine")
    assert len(catalogue.entries()) == 2
    with zipfile.ZipFile(catalogue.folder / "old.mrb", "w") as bundle:
        bundle.writestr("old/old.mrml", '<Node attributes="GuideGen.Prompt:A%20man.;GuideGen.Seed:1"/>')
    (catalogue.folder / "bad.mrb").write_text("no zip")
    scenes = {entry.name: entry for entry in catalogue.entries() if entry.is_scene}
    assert scenes["old"].text == "A man." and not scenes["old"].problem
    assert "damaged" in scenes["bad"].problem
    with pytest.raises(CaseError, match="is a scene"):
        catalogue.rename("old")


def test_deleting_is_undone_byte_for_byte(catalogue: CaseCatalogue, saved: Make):
    name = kidney(catalogue)
    before = files_of(catalogue.folder / name)
    catalogue.delete(name)
    assert [entry.name for entry in catalogue.entries()] == ["no-finding-M30-seed7"]
    catalogue.keep(saved())  # its name is taken meanwhile
    back = catalogue.undo_delete()
    assert back.name == f"{name}-2" and files_of(back.path) == before
    with pytest.raises(CaseError, match="trash is empty"):
        catalogue.undo_delete()


def test_the_last_deleted_comes_back_first(catalogue: CaseCatalogue):
    first, second = (entry.name for entry in catalogue.entries())
    catalogue.delete(first)
    catalogue.delete(second)
    assert [catalogue.undo_delete().name, catalogue.undo_delete().name] == [second, first]


def test_the_trash_is_emptied_after_some_days_and_not_before(catalogue: CaseCatalogue):
    name = kidney(catalogue)
    catalogue.delete(name)
    strange = catalogue.folder / ".trash" / "not ours"
    strange.mkdir()
    CaseCatalogue(catalogue.folder)
    assert len(catalogue.trash.held()) == 1
    (held,) = catalogue.trash.held()
    held.path.rename(held.path.with_name(held.path.name.replace(str(held.at.year), str(held.at.year - 1), 1)))
    CaseCatalogue(catalogue.folder)
    assert catalogue.trash.held() == [] and strange.exists(), "what we did not put there stays"
    assert catalogue.trash.empty(timedelta(0)) == 0


def test_a_copy_is_whole_and_a_copy_of_its_own(catalogue: CaseCatalogue):
    name = kidney(catalogue)
    copy = catalogue.duplicate(name)
    assert copy.name == f"{name}-2" and files_of(copy.path) == files_of(catalogue.folder / name)
    (copy.path / PROVENANCE).write_text("{}")
    assert catalogue.entry(name).text == TEXT
    assert catalogue.duplicate(name).name == f"{name}-3"


def test_a_failed_copy_leaves_nothing(catalogue: CaseCatalogue, monkeypatch: pytest.MonkeyPatch):
    before = sorted(path.name for path in catalogue.folder.iterdir())

    def full(source: Path, target: Path, **_: object) -> None:
        Path(target).mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(CaseError, match="disk is full"):
        catalogue.duplicate(kidney(catalogue))
    assert sorted(path.name for path in catalogue.folder.iterdir()) == before


def test_renaming_keeps_names_apart(catalogue: CaseCatalogue):
    name = kidney(catalogue)
    assert catalogue.rename(name, "Kidney of Tuesday").name == "Kidney of Tuesday"
    assert catalogue.rename("no-finding-M30-seed7", "Kidney of Tuesday").name == "Kidney of Tuesday-2"
    assert catalogue.rename("Kidney of Tuesday").name == name, "no name asks for the descriptive one"
    with pytest.raises(CaseError, match="there is no case"):
        catalogue.entry("../" + catalogue.folder.name)


def test_next_and_previous_go_through_the_list(catalogue: CaseCatalogue):
    entries = catalogue.entries()
    first, second = (entry.name for entry in entries)
    assert beside(entries, first, 1) is entries[1] and beside(entries, second, -1) is entries[0]
    assert beside(entries, second, 1) is None and beside(entries, first, -1) is None
    assert beside(entries, "gone", 1) is entries[0] and beside([], "gone", 1) is None


def test_a_thumbnail_is_made_once_and_again_after_a_change(catalogue: CaseCatalogue, saved: Make, tmp_path: Path):
    path = catalogue.folder / kidney(catalogue)
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


def test_a_thumbnail_of_cut_volumes_tells_what_is_wrong(catalogue: CaseCatalogue):
    path = catalogue.folder / kidney(catalogue)
    (path / CT).write_bytes((path / CT).read_bytes()[:-200])
    assert look(path).problem == "", "its header is whole"
    with pytest.raises(CaseError, match="cut short"):
        thumbnail(path)


def test_tags_are_kept_in_the_case_and_go_with_it(catalogue: CaseCatalogue):
    name = kidney(catalogue)
    catalogue.tag(name, ["exam"])
    assert json.loads((catalogue.folder / name / TAGS).read_text("utf-8")) == {"tags": ["exam"]}
    assert catalogue.duplicate(name).tags == ("exam",)
    assert catalogue.rename(name, "other").tags == ("exam",)
