"""Folders that appear whole or not at all."""

from pathlib import Path

import pytest

from GuideGenLib.core.files import replaced, staged


def test_a_replaced_folder_keeps_what_is_not_stale(tmp_path: Path) -> None:
    folder = tmp_path / "ü 名" / "model"
    for text in ("first", "second"):
        with replaced(folder, lambda file: file.suffix == ".bin") as fresh:
            (fresh / f"{text}.bin").write_text(text)
        if text == "first":
            (folder / "card.md").write_text("a card")
            (folder / "pictures").mkdir()
            (folder / "pictures" / "a.png").write_text("a picture")
    assert sorted(path.name for path in folder.rglob("*")) == ["a.png", "card.md", "pictures", "second.bin"]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("make", [lambda folder: replaced(folder, lambda file: True), staged])
def test_a_block_that_fails_leaves_the_old_folder(tmp_path: Path, make) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.bin").write_text("old")
    with pytest.raises(KeyboardInterrupt), make(folder) as fresh:
        (fresh / "new.bin").write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "old.bin"]


def test_a_folder_takes_the_place_of_one_with_files_in_it(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with staged(tmp_path) as private:
            (private / "slices").mkdir()
            (private / "slices" / f"{text}.dcm").write_text(text)
        (tmp_path / "mine.txt").write_text("stays")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine.txt", "second.dcm", "slices"]
