"""The panel's own buttons over a worker that only pretends: what is shown of its events."""

import pytest
import SimpleITK as sitk

from GuideGenLib.engine.protocol import CTDone, CTRequest, Done, Failed, Progress, Stopped
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
