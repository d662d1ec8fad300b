"""The panel's own buttons over a worker that only pretends: what is shown of its events."""

import pytest
import SimpleITK as sitk

from GuideGenLib.engine.protocol import CTDone, CTRequest, Done, Failed, MaskDone, Progress, Stopped
from Testing.desktop import host
from Testing.desktop.conftest import PROVENANCE
from Testing.desktop.driver import Driver
from Testing.pretended_worker import PretendedWorker


@pytest.fixture
def worker(drawn: Driver) -> PretendedWorker:
    pretender = PretendedWorker()
    drawn.logic.makeClient = lambda bundle, device: pretender
    return pretender


def test_the_ct_is_followed_in_its_own_section_and_filed(drawn: Driver, worker: PretendedWorker, small_ct: sitk.Image):
    drawn.press("generateCTButton")
    assert isinstance(worker.requests[0], CTRequest)
    worker.events.append(Progress("1", "ct", 0.42, 95.0))
    drawn.wait(lambda: "42 %" in drawn.ui.ctProgressLabel.text, "the progress is told")
    assert "about 2 min left" in drawn.ui.ctProgressLabel.text and drawn.ui.ctProgressBar.value == 420
    assert drawn.ui.progressBar.value == 0 and not drawn.ui.progressLabel.text
    worker.events.append(Done("1", CTDone(small_ct, PROVENANCE)))
    drawn.wait(lambda: not drawn.logic.busy, "the run ends")
    assert drawn.state.ct is not None and drawn.ui.ctProgressLabel.text == "Done."
    assert drawn.ui.ctProgressBar.value == 0
    assert drawn.ui.generateCTButton.enabled and not drawn.ui.ctCancelButton.enabled


def test_the_worker_is_warmed_a_moment_after_a_text_was_typed(drawn: Driver, worker: PretendedWorker):
    drawn.type("A 61 year old man.")
    drawn.wait(lambda: worker.warmed == 1, "the worker is warmed")
    drawn.press("generateButton")
    assert len(worker.requests) == 1
    worker.events = [Stopped("1")]
    drawn.wait(lambda: not drawn.logic.busy, "the run ends")


def test_shown_segments_are_kept_and_the_rest_comes_as_a_new_anatomy(
    drawn: Driver, worker: PretendedWorker, small_anatomy: sitk.Image
):
    first = drawn.state.segmentation
    display = first.GetDisplayNode()
    for segment_id in first.GetSegmentation().GetSegmentIDs():
        display.SetSegmentVisibility(segment_id, segment_id in ("liver", "spleen", "body"))
    drawn.type("")
    drawn.press("completeButton")
    (request,) = worker.requests
    assert request.keep == ["liver", "spleen"] and request.description["text"] == ""
    worker.events = [Progress("1", "mask", 0.5, 4.0)]
    drawn.wait(lambda: drawn.ui.progressBar.value == 500, "the progress is shown")
    assert drawn.ui.cancelButton.enabled and not drawn.ui.completeButton.enabled
    worker.events = [Done("1", MaskDone(small_anatomy, [], [], PROVENANCE))]
    drawn.wait(lambda: not drawn.logic.busy, "the run ends")
    assert drawn.state.segmentation is not first and drawn.slicer.mrmlScene.IsNodePresent(first)
    drawn.state.segmentation = None
    drawn.settle()
    assert "There is no anatomy yet" in drawn.ui.completeButton.toolTip


def test_a_failure_is_told_with_its_details(drawn: Driver, worker: PretendedWorker):
    drawn.press("generateCTButton")
    worker.events.append(Failed("1", "memory", "Too little memory: choose a smaller region.", "line 1\nline 2"))
    drawn.wait(lambda: not drawn.logic.busy, "the run ends")
    assert host.DIALOGS.errors == ["Too little memory: choose a smaller region."]
    assert host.DIALOGS.details == ["line 1\nline 2"]
    assert drawn.ui.ctProgressLabel.text == host.DIALOGS.errors[0]


def test_a_second_cancel_waits(drawn: Driver, worker: PretendedWorker):
    drawn.press("generateCTButton")
    drawn.press("ctCancelButton")
    assert not drawn.ui.ctCancelButton.enabled and "being stopped" in drawn.ui.ctCancelButton.toolTip
    drawn.logic.cancel()
    assert worker.cancelled == ["1"]
    worker.events.append(Stopped("1"))
    drawn.wait(lambda: not drawn.logic.busy, "the run ends")
    assert "Cancelled" in drawn.ui.ctProgressLabel.text and drawn.state.ct is None


def test_closing_the_scene_takes_the_progress_along(drawn: Driver, worker: PretendedWorker):
    drawn.press("generateCTButton")
    worker.events.append(Progress("1", "ct", 0.42, None))
    drawn.wait(lambda: drawn.ui.ctProgressBar.value == 420, "the progress is told")
    drawn.slicer.mrmlScene.Clear(False)
    drawn.settle()
    assert drawn.told() == "" and drawn.ui.ctProgressBar.value == 0
    assert worker.closed and not drawn.ui.ctCancelButton.enabled
