"""Runs that end badly: cancelled, killed, their scene closed, the application quit; and what goes on meanwhile."""

import os
import signal

import pytest

from Testing.desktop import host
from Testing.desktop.driver import Driver

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


@pytest.mark.large
def test_the_panel_answers_during_a_run_and_cancel_leaves_the_scene_as_it_was(panel: Driver):
    panel.type(TEXT)
    before = panel.nodes()
    with panel.gaps() as gaps:
        panel.begin("generateButton")
        assert panel.ui.cancelButton.enabled and not panel.ui.generateButton.enabled
        assert not panel.ui.seedSpinBox.enabled
        panel.wait(lambda: panel.ui.progressBar.value > 0, "the progress grows")
        panel.picture("running")
        panel.press("cancelButton")
        took = panel.wait(lambda: not panel.logic.busy, "the run is stopped")
    assert took < 5  # a second on an idle machine
    assert gaps.ticks > 10
    assert gaps.work < 0.1, "the panel itself computes for too long"
    assert gaps.clock < 5  # by the clock 0.1 on an idle machine
    assert panel.nodes() == before
    assert "Cancelled" in panel.ui.progressLabel.text
    assert panel.ui.generateButton.enabled and not panel.ui.cancelButton.enabled
    assert not host.DIALOGS.errors
    panel.run_well("generateButton")
    assert panel.state.segmentation is not None


@pytest.mark.large
def test_a_killed_worker_gives_a_message_and_the_next_run_works(panel: Driver):
    panel.type(TEXT)
    before = panel.nodes()
    panel.begin("generateButton", "Loading")
    for worker in panel.workers():
        os.kill(worker, signal.SIGKILL)
    panel.wait(lambda: not panel.logic.busy, "the end is noticed")
    assert len(host.DIALOGS.errors) == 1 and host.DIALOGS.errors[0] == panel.ui.progressLabel.text
    assert panel.nodes() == before
    host.DIALOGS.clear()
    panel.run_well("generateButton")


def test_closing_the_scene_in_mid_run_leaves_no_process_and_no_file(panel: Driver, temporary):
    panel.type(TEXT)
    panel.begin("generateButton")
    panel.slicer.mrmlScene.Clear(False)
    assert not panel.logic.busy
    panel.wait(lambda: not panel.workers() and not any(temporary.iterdir()), "worker and files go")
    assert panel.ui.progressBar.value == 0 and panel.told() == ""
    assert panel.ui.promptEdit.toPlainText() == ""
    assert not host.DIALOGS.errors


def test_quitting_in_mid_run_leaves_no_process_and_no_file(panel: Driver, temporary):
    panel.type(TEXT)
    panel.begin("generateButton")
    panel.slicer.app.aboutToQuit.emit()
    panel.wait(lambda: not panel.workers() and not any(temporary.iterdir()), "worker and files go")
