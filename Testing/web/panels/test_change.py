"""The panel of one sentence more, without a browser: its state as the page would have it."""

from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import read_change
from GuideGenLib.description.report import to_json
from GuideGenLib.engine.protocol import ChangeDone, ChangeRequest, Done
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.web.panels.change import ChangePanel
from GuideGenLib.workflow.job import Outcome
from Testing.web.panels.test_panels import page

__all__ = ["page"]
TEXT = "A 60 year old woman with a 48 mm tumor in the left upper lobe of the lung, portal venous phase."
RECORD = {"text": TEXT, "description": to_json(parse(TEXT)), "settings": {"seed": 3}, "lesions": []}
SENTENCE = "make the tumour 1 cm larger and show it without contrast"


@pytest.fixture
def panel(page: SimpleNamespace) -> ChangePanel:
    return ChangePanel(page.server, page.workspace, page.run)


def file_case(page: SimpleNamespace, anatomy: sitk.Image, ct: sitk.Image) -> None:
    run = file_anatomy(page.workspace.scene, anatomy, RECORD, "case")
    node = file_ct(page.workspace.scene, ct, anatomy, RECORD, "case", run.segmentation)
    page.workspace.choose(segmentation=run.segmentation, ct=node)


def write(page: SimpleNamespace, panel: ChangePanel, sentence: str) -> None:
    page.state.change_sentence = sentence
    panel.refresh()  # as the page's change does


def finish(page: SimpleNamespace, result: Any) -> Outcome:
    """The end of the run, as the task that follows it tells."""
    page.client.events.append(Done(page.runner.job.id, result))
    (outcome,) = page.runner.poll()
    page.runner.ended.emit(outcome)
    return outcome


def test_what_would_change_is_shown_while_one_types(page: Any, panel: ChangePanel, small_anatomy, small_ct) -> None:
    write(page, panel, SENTENCE)
    assert page.state.change_lines == [] and page.state.change_error == ""
    file_case(page, small_anatomy, small_ct)
    assert len(page.state.change_lines) == 2 and "58 mm" in page.state.change_lines[0]
    assert any("everywhere" in note for note in page.state.change_notes)
    write(page, panel, "make the liver tumour larger")
    assert page.state.change_lines == [] and "no tumor of the liver" in page.state.change_error
    panel.apply()
    assert page.client.requests == []


def test_the_button_changes_the_case_and_undo_goes_back(page: Any, panel: ChangePanel, small_anatomy, small_ct) -> None:
    described: list[tuple[dict[str, Any], str]] = []
    panel.described.connect(lambda record, corrections: described.append((record, corrections)))
    file_case(page, small_anatomy, small_ct)
    first, first_ct = page.workspace.segmentation, page.workspace.ct
    write(page, panel, SENTENCE)
    assert not page.state.change_can_undo
    panel.apply()
    (request,) = page.client.requests
    assert isinstance(request, ChangeRequest) and request.sentence == SENTENCE and request.settings.seed == 3
    after = read_change(SENTENCE, parse(TEXT)).after
    record = {**RECORD, "description": to_json(after), "changes": [{"sentence": SENTENCE, "notes": []}]}
    assert finish(page, ChangeDone(small_anatomy, small_ct + 1, record)).state == "done"
    assert page.workspace.segmentation is not first and page.workspace.compared is first_ct
    assert page.state.change_sentence == "" and page.state.change_can_undo
    assert described[-1][0]["text"] == TEXT and '"phase": "none"' in described[-1][1]
    panel.undo()
    assert page.workspace.segmentation is first and page.workspace.ct is first_ct
    assert (sitk.GetArrayFromImage(read_ct(first_ct)) == sitk.GetArrayFromImage(small_ct)).all()
    assert not page.state.change_can_undo and described[-1] == (RECORD, "")


def test_an_anatomy_of_the_users_is_known_by_what_is_typed(page: Any, panel: ChangePanel, small_anatomy) -> None:
    run = file_anatomy(page.workspace.scene, small_anatomy, {}, "mine")
    page.workspace.choose(segmentation=run.segmentation)
    write(page, panel, "remove the tumour")
    assert page.state.change_lines == []
    page.type(TEXT)
    panel.refresh()
    assert page.state.change_lines and page.state.change_error == ""
