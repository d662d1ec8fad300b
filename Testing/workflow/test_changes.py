"""One sentence more in a scene: understood while one types, asked of the worker, filed beside, and the way back."""

from collections.abc import Iterator
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

pytest.importorskip("slicer", reason="needs slicer-core")

from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import read_change
from GuideGenLib.description.report import to_json
from GuideGenLib.description.understanding import understand
from GuideGenLib.engine.protocol import ChangeDone, ChangeRequest, CTDone, MaskDone
from GuideGenLib.generator import RunSettings
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.files import load_mrb, save_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.results import changed_from
from GuideGenLib.scene.runs.run import runs as runs_of
from GuideGenLib.workflow.changes import CaseNow, case_now, corrections_after, understand_change, undo_change
from GuideGenLib.workflow.runs import CORRECTIONS, Runs
from Testing.pretended_worker import PretendedWorker
from Testing.workflow.test_runs import NOW, Choice, finish, same

TEXT = "A 60 year old woman with a 48 mm tumor in the left upper lobe of the lung, portal venous phase."
DESCRIPTION = to_json(parse(TEXT))
LESION = {"finding": 0, "measured_mm": 47.0}
RECORD = {"text": TEXT, "description": DESCRIPTION, "settings": {"seed": 3, "sampler": "flow"}, "lesions": [LESION]}
MADE = {"text": TEXT, "description": DESCRIPTION, "settings": {"seed": 3, "ct_steps": 4, "spacing_mm": 6.0}}
SENTENCE = "make the tumour 1 cm larger"


@pytest.fixture
def bench(small_anatomy: sitk.Image, small_ct: sitk.Image) -> Iterator[SimpleNamespace]:
    """A scene with a generated case."""
    headless, worker = new_scene(), PretendedWorker(stops=True)
    choice = Choice(headless.scene)
    runs = Runs(choice, lambda bundle, device: worker)
    made = SimpleNamespace(scene=headless.scene, choice=choice, runs=runs, worker=worker, headless=headless)
    runs.start_anatomy(DESCRIPTION, NOW)
    finish(made, MaskDone(small_anatomy, [], [], RECORD))
    runs.start_ct(DESCRIPTION, NOW)
    finish(made, CTDone(small_ct, MADE))
    yield made


def case(bench: Any) -> CaseNow:
    return case_now(bench.choice.segmentation, bench.choice.ct)


def record_after(sentence: str) -> dict[str, Any]:
    """As the worker would tell of the changed case."""
    difference = read_change(sentence, parse(TEXT))
    steps = [asdict(step) for step in difference.steps]
    changes = [{"sentence": sentence, "steps": steps, "notes": ["its neighbours give way"]}]
    return {**RECORD, "description": to_json(difference.after), "changes": changes}


def change(bench: Any, sentence: str, anatomy: sitk.Image, ct: sitk.Image | None) -> Any:
    bench.runs.start_change(sentence, case(bench), NOW)
    return finish(bench, ChangeDone(anatomy, ct, record_after(sentence)))


def test_a_sentence_is_understood_while_one_types(bench: Any) -> None:
    now = case(bench)
    assert understand_change("", now) == understand_change("  ", None)
    read = understand_change(SENTENCE, now)
    assert len(read.lines) == 1 and "58 mm" in read.lines[0] and not read.error
    assert "another patient" in understand_change("make her a man", now).error
    phase = understand_change("show it without contrast, in purple", now)
    assert any("everywhere" in note for note in phase.notes) and any('"purple"' in note for note in phase.notes)


def test_the_worker_is_asked_with_all_that_made_the_case(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    job = bench.runs.start_change(SENTENCE, case(bench), NOW)
    request = bench.worker.requests[-1]
    assert isinstance(request, ChangeRequest) and request.sentence == SENTENCE and job.kind == "change"
    assert same(request.anatomy, small_anatomy) and same(request.edited, small_anatomy)
    assert same(request.old_ct, small_ct)
    assert request.provenance["lesions"] == [LESION]
    assert request.settings == RunSettings(seed=3, ct_steps=4, spacing_mm=6.0, margin_mm=30.0, anatomy_mm=3.0)


def test_a_changed_case_is_filed_beside_and_undone_to_the_one_before(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image, tmp_path: Any
) -> None:
    first, first_ct = bench.choice.segmentation, bench.choice.ct
    outcome = change(bench, SENTENCE, small_anatomy, small_ct + 1)
    assert outcome.state == "done" and outcome.text == "its neighbours give way"
    assert bench.choice.segmentation is not first and bench.choice.compared is first_ct
    assert same(read_ct(bench.choice.ct), small_ct + 1) and same(read_ct(first_ct), small_ct)
    assert len(runs_of(bench.scene)) == 2
    save_mrb(bench.scene, tmp_path / "case.mrb")
    assert undo_change(bench.choice)
    assert bench.choice.segmentation is first and bench.choice.ct is first_ct
    assert not undo_change(bench.choice)
    loaded = new_scene()
    load_mrb(loaded.scene, tmp_path / "case.mrb")
    _, later = runs_of(loaded.scene)
    source = changed_from(later.segmentation)
    assert source is not None and same(read_ct(source[1]), small_ct)


def test_five_changes_are_undone_step_by_step(bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image) -> None:
    chosen = [(bench.choice.segmentation, bench.choice.ct)]
    for number in range(5):
        change(bench, SENTENCE, small_anatomy, small_ct + number)
        chosen.append((bench.choice.segmentation, bench.choice.ct))
    for segmentation, ct in reversed(chosen[:-1]):
        assert undo_change(bench.choice)
        assert bench.choice.segmentation is segmentation and bench.choice.ct is ct
    assert same(read_ct(bench.choice.ct), small_ct)


def test_the_corrections_of_a_changed_case_say_what_it_is(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    sentence = "make the tumour 1 cm larger, add ascites and show it without contrast"
    change(bench, sentence, small_anatomy, small_ct)
    corrections = bench.choice.segmentation.GetAttribute(CORRECTIONS)
    again = understand(TEXT, corrections).description
    wanted = read_change(sentence, parse(TEXT)).after
    assert again is not None and again.phase == wanted.phase == "none"
    assert again.findings == wanted.findings
    assert corrections_after(RECORD) == "" and corrections_after({}) == ""


def test_a_case_without_a_ct_and_an_anatomy_of_the_users(bench: Any, small_anatomy: sitk.Image) -> None:
    bench.choice.choose(ct=None)
    bench.runs.start_change("remove the tumour", case(bench), NOW)
    assert bench.worker.requests[-1].old_ct is None
    finish(bench, ChangeDone(small_anatomy, None, record_after("remove the tumour")))
    assert bench.choice.ct is None
    own = bench.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    with pytest.raises(SceneError, match="describe the patient first"):
        case_now(own, None)
    assert case_now(own, None, DESCRIPTION).description == DESCRIPTION
