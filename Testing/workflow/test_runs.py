"""Runs without a worker: what is asked of it, what its answers become in the scene, scenes of the version before."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

pytest.importorskip("slicer", reason="needs slicer-core")

from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.engine.protocol import CTDone, Done, Failed, MaskDone, Progress
from GuideGenLib.generator import RunSettings
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.files import load_mrb
from GuideGenLib.scene.headless import new_scene
from GuideGenLib.scene.runs.dated import out_of_date
from GuideGenLib.scene.runs.results import file_anatomy
from GuideGenLib.scene.runs.run import runs as runs_of
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.workflow.edits import edits_later, outline, outlines
from GuideGenLib.workflow.runs import CORRECTIONS, Runs
from Testing.pretended_worker import PretendedWorker

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
DESCRIPTION = to_json(parse(TEXT))
NOW = RunSettings(seed=9, ct_steps=12, margin_mm=30.0)
RECORD = {"text": TEXT, "settings": {"seed": 3}}
BEFORE = Path(__file__).parent / "before" / "page.mrb"


class Choice:
    """What is chosen in a scene."""

    def __init__(self, scene: Any) -> None:
        self.scene, self.segmentation, self.ct, self.compared = scene, None, None, None

    def choose(self, **nodes: Any) -> None:
        vars(self).update(nodes)


@pytest.fixture
def bench() -> Iterator[SimpleNamespace]:
    headless, worker = new_scene(), PretendedWorker(stops=True)
    choice = Choice(headless.scene)
    runs = Runs(choice, lambda bundle, device: worker)
    yield SimpleNamespace(scene=headless.scene, choice=choice, runs=runs, worker=worker, headless=headless)


def test_the_worker_is_warmed_that_the_run_then_asks(bench: SimpleNamespace):
    made = []
    bench.runs.make_client = lambda *asked: made.append(asked) or bench.worker
    bench.runs.warm()
    assert bench.worker.warmed == 1 and bench.runs.job is None
    bench.runs.start_anatomy(DESCRIPTION, NOW)
    assert len(made) == len(bench.worker.requests) == 1


def finish(bench: SimpleNamespace, result: Any) -> Any:
    """The outcome of a run that gave this."""
    bench.worker.events.append(Done(bench.runs.job.id, result))
    (outcome,) = bench.runs.poll()
    return outcome


def same(a: sitk.Image | None, b: sitk.Image) -> bool:
    return a is not None and np.array_equal(sitk.GetArrayViewFromImage(a), sitk.GetArrayViewFromImage(b))


def drawn(bench: SimpleNamespace, anatomy: sitk.Image, ct: sitk.Image | None = None) -> None:
    bench.runs.start_anatomy(DESCRIPTION, NOW, '{"a": 1}')
    finish(bench, MaskDone(anatomy, [], [], RECORD))
    if ct is not None:
        bench.runs.start_ct(DESCRIPTION, NOW)
        finish(bench, CTDone(ct, RECORD))


def test_the_shown_segments_are_kept_and_a_new_run_comes_of_it(bench: Any, small_anatomy: sitk.Image):
    drawn(bench, small_anatomy)
    first = bench.choice.segmentation
    display = first.GetDisplayNode()
    for key in ("heart", "lung_upper_lobe_left", "lung_upper_lobe_right", "urinary_bladder"):
        display.SetSegmentVisibility(key, False)
    first.GetSegmentation().AddEmptySegment("uterus", "uterus")
    job = bench.runs.start_completion(DESCRIPTION, NOW, '{"b": 2}')
    request = bench.worker.requests[-1]
    assert request.keep == ["liver", "spleen", "kidney_left", "kidney_right", "lung_tumor"]
    assert same(request.anatomy, small_anatomy) and request.settings == NOW and job.kind == "anatomy"
    outcome = finish(bench, MaskDone(small_anatomy, [], [], RECORD))
    assert outcome.state == "done"
    assert bench.choice.segmentation is not first and bench.choice.segmentation.GetAttribute(CORRECTIONS) == '{"b": 2}'
    assert len(runs_of(bench.scene)) == 2 and first.GetSegmentation().GetNumberOfSegments() > 5


def test_where_nothing_is_shown_nothing_is_kept(bench: Any, small_anatomy: sitk.Image):
    with pytest.raises(SceneError, match="There is no anatomy yet"):
        bench.runs.start_completion(DESCRIPTION, NOW)
    drawn(bench, small_anatomy)
    segmentation, display = bench.choice.segmentation.GetSegmentation(), bench.choice.segmentation.GetDisplayNode()
    for segment_id in segmentation.GetSegmentIDs():
        display.SetSegmentVisibility(segment_id, segment_id == "body")
    with pytest.raises(SceneError, match="show those to keep"):
        bench.runs.start_completion(DESCRIPTION, NOW)
    assert bench.runs.job is None


def test_an_anatomy_and_its_ct_are_chosen_and_told_of(bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    bench.runs.start_anatomy(DESCRIPTION, NOW, '{"a": 1}')
    bench.worker.events.append(Progress("1", "mask", 0.5, None))
    assert bench.runs.poll() == [Progress("1", "mask", 0.5, None)]
    lesions = [{"note": "The tumor is smaller than asked."}]
    checks = [{"name": f"side:{n}", "detail": "odd", "passed": False} for n in range(5)]
    outcome = finish(bench, MaskDone(small_anatomy, lesions, checks, RECORD))
    assert outcome.state == "done" and outcome.text.splitlines()[0] == "The tumor is smaller than asked."
    assert "0: odd" in outcome.text and "and 2 more" in outcome.text
    assert bench.choice.segmentation.GetAttribute(CORRECTIONS) == '{"a": 1}' and bench.choice.ct is None
    bench.runs.start_ct(DESCRIPTION, NOW)
    assert finish(bench, CTDone(small_ct, RECORD)).text == "Done."
    assert same(read_ct(bench.choice.ct), small_ct)


def test_what_was_painted_while_a_ct_was_made_makes_it_out_of_date(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    drawn(bench, small_anatomy)
    segmentation = bench.choice.segmentation
    bench.runs.start_ct(DESCRIPTION, NOW)
    segmentation.GetSegmentation().RemoveSegment("liver")
    finish(bench, CTDone(small_ct, provenance=RECORD))
    assert "liver" in out_of_date(segmentation, bench.choice.ct)


def test_a_ct_comes_with_its_own_anatomy_though_another_one_was_chosen_meanwhile(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    drawn(bench, small_anatomy)
    first = bench.choice.segmentation
    bench.runs.start_ct(DESCRIPTION, NOW)
    bench.choice.segmentation = file_anatomy(bench.scene, small_anatomy, RECORD, "another").segmentation
    finish(bench, CTDone(small_ct, provenance=RECORD))
    assert bench.choice.segmentation is first and out_of_date(first, bench.choice.ct) == ""


def test_a_ct_comes_into_the_scene_though_its_segmentation_has_gone(
    bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    drawn(bench, small_anatomy)
    bench.runs.start_ct(DESCRIPTION, NOW)
    bench.scene.RemoveNode(bench.choice.segmentation)
    assert finish(bench, CTDone(small_ct, RECORD)).state == "done"
    (run,) = runs_of(bench.scene)
    assert run.ct is bench.choice.ct


def test_what_cannot_be_filed_is_told_and_leaves_nothing(bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    drawn(bench, small_anatomy)
    before = bench.scene.GetNumberOfNodes()
    small_ct.SetOrigin((1000.0, 0.0, 0.0))
    bench.runs.start_ct(DESCRIPTION, NOW)
    outcome = finish(bench, CTDone(small_ct, RECORD))
    assert outcome.state == "failed" and "could not be put into the scene" in outcome.message
    assert bench.scene.GetNumberOfNodes() == before and bench.runs.job is None


def test_cancel_failure_and_the_end_of_the_worker(bench: Any):
    bench.runs.start_anatomy(DESCRIPTION, NOW)
    with pytest.raises(SceneError, match="A run goes on"):
        bench.runs.start_anatomy(DESCRIPTION, NOW)
    bench.runs.cancel()
    assert [outcome.text for outcome in bench.runs.poll()] == ["Cancelled; the scene is as it was."]
    bench.runs.start_anatomy(DESCRIPTION, NOW)
    bench.worker.events.append(Failed("2", "memory", "Too little memory.", "log"))
    (outcome,) = bench.runs.poll()
    assert (outcome.state, outcome.text, outcome.details) == ("failed", "Too little memory.", "log")
    bench.runs.use(Path("other"), "cpu")
    assert bench.worker.closed and bench.runs.poll() == []


def test_what_a_run_lacks_is_told(bench: Any, small_anatomy: sitk.Image, small_ct: sitk.Image):
    with pytest.raises(SceneError, match="There is no anatomy yet"):
        bench.runs.start_ct(DESCRIPTION, NOW)
    with pytest.raises(SceneError, match="There is no CT yet"):
        edits_later(None, None)
    drawn(bench, small_anatomy, small_ct)
    edits = edits_later(bench.choice.segmentation, bench.choice.ct)()
    with pytest.raises(SceneError, match="edit the segmentation first"):
        bench.runs.start_regenerate(DESCRIPTION, NOW, edits)
    assert outline(bench.scene, bench.choice.ct, edits.before, edits.after) is None
    assert not bench.worker.requests[2:]


def test_a_scene_of_the_version_before_goes_on_with_its_own_description_and_settings(bench: Any):
    load_mrb(bench.scene, BEFORE)
    (run,) = runs_of(bench.scene)
    bench.choice.choose(segmentation=run.segmentation, ct=run.ct)
    assert "71" in run.segmentation.GetAttribute(CORRECTIONS)
    run.segmentation.GetSegmentation().RemoveSegment("sacrum")
    edits = edits_later(run.segmentation, run.ct)()
    assert [change.key for change in edits.changes if change.removed_ml] == ["sacrum"]
    bench.runs.start_regenerate(DESCRIPTION, NOW, edits)
    (request,) = bench.worker.requests
    assert request.description["age"] == 71 and request.description["text"] == TEXT
    assert request.settings == RunSettings(seed=7, spacing_mm=6.0, ct_steps=3, margin_mm=30.0, arithmetic="bfloat16")
    outcome = finish(bench, CTDone(read_ct(run.ct), {"text": TEXT}))
    assert outcome.state == "done" and bench.choice.compared is run.ct and bench.choice.ct is not run.ct
    assert same(shown_anatomy(bench.choice.ct), edits.after)
    assert outline(bench.scene, run.ct, edits.before, edits.after) is not None
    outline(bench.scene, run.ct, edits.before, edits.after)
    assert len(outlines(bench.scene)) == 1
