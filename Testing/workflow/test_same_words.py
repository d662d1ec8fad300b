"""What a text came to is told in one order and in the same words by the command line, the page and the module."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.cli.main import main
from GuideGenLib.description.fields import ACQUISITION_FIELDS
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.workspace import Workspace
from Testing.desktop.conftest import bundle, panel, scene, slicer  # noqa: F401 - fixtures
from Testing.desktop.driver import Driver

TEXT = (
    "A 61 year old man with a pulmonary embolism, a 4.2 cm mass in segment VII of the liver and a T3 tumor of the left "
    "kidney; no lung nodules, spleen 15 cm. A zorb & <b>more</b>."
)
UNKNOWN = "unknown"


def test_the_three_tell_the_same(panel: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]):  # noqa: F811
    module, page = in_module(panel), on_page(tmp_path)
    assert main(["describe", TEXT]) == 0
    printed = capsys.readouterr().out
    assert module.table == page.table and page.table[0] == ("Finding 1: mass, liver, right lobe (drawn)",)
    of_scan = {"How it was scanned", *(field.title for field in ACQUISITION_FIELDS)}  # of which the text tells nothing
    worth_a_line = [
        line
        for line in page.table
        if line[0] not in of_scan and (len(line) == 1 or ":" not in line[0] or set(line[1:]) != {UNKNOWN, ""})
    ]
    assert on_command_line(printed) == worth_a_line and len(worth_a_line) > 25
    assert module.notes == page.notes and all(note in printed for note in page.notes)
    assert page.sum in printed and page.sum in panel.ui.understoodLegendLabel.text
    marked = "".join(f"[{mark} {words}]" if mark else words for words, mark in page.pieces)
    assert " ".join(marked.split()) in " ".join(printed.split())
    shown = "".join(f"{mark} {words}" if mark else words for words, mark in page.pieces)
    assert panel.ui.understoodTextBrowser.toPlainText().replace("\xa0", " ") == shown


def on_command_line(printed: str) -> list[tuple[str, ...]]:
    """The lines of the table, as those of `in_module`."""
    table = printed[printed.index("\nfield ") :].splitlines()[2:]
    told: list[tuple[str, ...]] = []
    for line in table:
        title, *words = re.split(r" {2,}", line.strip())
        if title.startswith("["):
            heading = f"{title[3:-1]}: {words[0]}" if words else title[3:-1]
            told.append((f"{heading} ({words[1]})" if len(words) > 1 else heading,))
        elif words:
            told.append((title, words[0], "".join(words[1:])))
    return told


def in_module(panel: Driver) -> SimpleNamespace:  # noqa: F811
    """The lines of its table and its notes."""
    panel.type(TEXT)
    cells = panel.ui.understoodTable
    table = []
    for index in range(cells.rowCount):
        line = [cells.item(index, column) for column in range(3)]
        told = tuple(item.text() for item in line if item is not None)
        table.append(told if len(told) > 1 else (told[0].split("  ", 1)[1],))
    return SimpleNamespace(table=table, notes=panel.ui.understoodMessageLabel.text.split("\n"))


def on_page(folder: Path) -> SimpleNamespace:
    """The same of the page's state, and its painted text."""
    from trame.app import get_server

    server = get_server("same-words", client_type="vue3")
    workspace = Workspace(SimpleNamespace(scene=new_scene().scene), folder)
    prompt = PromptPanel(server, workspace)
    state = UnderstoodPanel(server, workspace, prompt).state
    prompt.set_text(TEXT)
    prompt.changed.emit(TEXT)
    pieces = [(piece["text"], piece["mark"]) for piece in state.understood_pieces]
    table = [line_of(line) for line in state.understood_rows]
    return SimpleNamespace(table=table, notes=state.understood_notes, sum=state.understood_sum, pieces=pieces)


def line_of(line: dict[str, Any]) -> tuple[str, ...]:
    if line["heading"]:
        return (line["heading"],)
    value = line["items"][line["index"]]["title"] if line["items"] else line["value"] or UNKNOWN
    return (line["title"], value, line["source"])
