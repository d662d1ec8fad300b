"""Prompt, settings and run panel, without a browser: their state as the page would have it."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.engine.protocol import MaskDone, Progress, Stopped
from GuideGenLib.generator import RunSettings
from GuideGenLib.scene.runs.results import file_anatomy, file_ct

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.web.panels.prompt import EXAMPLES
from GuideGenLib.web.panels.run import DOUBLE_CLICK_S, RunPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.workflow.words import progress_text
from Testing.web.fronts import in_own_loop
from Testing.web.panels_stage import TEXT, panels


@pytest.fixture
def page(tmp_path: Path, request: pytest.FixtureRequest) -> SimpleNamespace:
    return panels(tmp_path, request.node.name)


# ---------------------------------------------------------------- prompt and settings


def test_the_history_has_each_text_once_the_newest_first_after_the_examples(page: SimpleNamespace):
    for text in ("one liver tumor", "two liver tumors", "one liver tumor", EXAMPLES[0]):
        page.prompt.set_text(text)
        page.prompt.remember()
    texts = [item["text"] for item in page.state.prompt_choices]
    assert texts == [*EXAMPLES, "one liver tumor", "two liver tumors"]


@pytest.mark.parametrize(("typed", "used"), [(3.0, 3.0), (100, 6.0), ("", 2.0), (None, 2.0), ("abc", 2.0), (-1, 0.5)])
def test_a_spacing_that_cannot_be_is_brought_into_its_range(page: SimpleNamespace, typed: Any, used: float):
    page.state.settings_spacing = typed
    assert page.settings.values.spacing_mm == used


def test_a_new_seed_each_time_is_drawn_for_an_anatomy_and_kept_for_its_ct(page: SimpleNamespace):
    page.state.settings_seed = LARGEST_SEED + 5
    page.settings.draw_seed()
    assert page.settings.values.seed == LARGEST_SEED
    page.state.settings_new_seed = True
    drawn = []
    for _ in range(3):
        page.settings.draw_seed()
        drawn.append(page.settings.values.seed)
        assert page.settings.values.seed == drawn[-1]
    assert len(set(drawn)) == 3


def test_the_field_of_the_seed_takes_as_large_ones_as_anywhere_else(page: SimpleNamespace):
    from trame.ui.vuetify3 import VAppLayout

    with VAppLayout(page.server) as layout:
        page.settings.build()
    (field,) = re.findall('<VTextField[^>]* id="settings-seed"[^>]*>', layout.html)
    assert f'max="{LARGEST_SEED}"' in field


def test_findings_that_are_only_possible_are_drawn_unless_switched_off(page: SimpleNamespace):
    page.type("A 60 year old man. A tumor in the liver cannot be excluded.")
    for switched in (True, False):
        page.state.settings_possible = switched
        page.run.generate()
        finish(page, "Stopped", id=str(len(page.client.requests)))
    assert [request.settings.possible for request in page.client.requests] == [True, False]


def test_another_model_gets_another_worker(page: SimpleNamespace, tmp_path: Path):
    page.state.settings_bundle, page.runner.device = 0, "cpu"
    made: list[Any] = []
    page.runner.make_client = lambda *asked: made.append(asked) or page.client
    page.type(TEXT)
    for index in (0, 1):
        page.state.settings_bundle = index
        page.runner.use(page.settings.bundle, "cpu")
        page.run.generate()
        finish(page, "Stopped", id=str(index + 1))
    assert made == [(tmp_path / "mine", "cpu"), (None, "cpu")] and page.client.closed


# ---------------------------------------------------------------- runs


def test_the_worker_is_warmed_while_one_types(page: SimpleNamespace):
    page.type("  ")
    assert page.client.warmed == 0
    page.type(TEXT)
    assert page.client.warmed > 0 and not page.client.requests


def test_what_hinders_a_run_is_told_on_its_button(page: SimpleNamespace):
    page.run.refresh()
    assert page.state.run_hindrance == "Describe a patient first."
    page.type(TEXT)
    assert page.state.run_hindrance == ""


def test_a_second_press_cancels_and_leaves_the_scene_as_it_was(page: SimpleNamespace):
    page.type(TEXT)
    before = page.workspace.scene.GetNumberOfNodes()
    page.run.generate()
    assert page.state.run_busy and page.workspace.busy
    page.run.generate()
    assert page.client.cancelled == ["1"] and page.state.run_cancelled
    finish(page, "Stopped", id="1")
    assert not page.state.run_busy and "Cancelled" in page.state.run_text
    assert page.workspace.scene.GetNumberOfNodes() == before


def test_a_double_click_starts_a_run_and_does_not_cancel_it(page: SimpleNamespace):
    page.run.start = lambda begin: RunPanel.start(page.run, begin)
    page.type(TEXT)

    async def click() -> None:
        page.run.generate()
        page.run.generate()
        page.run.generate_ct()
        assert len(page.client.requests) == 1 and not page.client.cancelled and not page.messages
        await asyncio.sleep(DOUBLE_CLICK_S)
        page.run.generate()
        assert page.client.cancelled == ["1"]
        page.client.events = [Stopped("1")]
        await asyncio.sleep(0.2)

    in_own_loop(click)()
    assert not page.state.run_busy


def test_what_is_told_of_a_failed_run_goes_by_hand_and_with_another_case(
    page: SimpleNamespace, small_anatomy: sitk.Image
):
    page.type(TEXT)
    run = file_anatomy(page.workspace.scene, small_anatomy, {}, "mine")
    for id, away in (
        ("1", page.run.dismiss),
        ("2", lambda: page.workspace.choose(segmentation=run.segmentation, ct=None)),
    ):
        page.run.generate()
        finish(page, "Failed", id=id, kind="died", message="The worker was killed.", details="log")
        assert page.state.run_text == "The worker was killed." and page.state.run_details == "log"
        away()
        assert page.state.run_text == page.state.run_details == ""


def test_a_failure_is_told_with_its_details_and_the_next_run_can_start(page: SimpleNamespace):
    page.type(TEXT)
    page.run.generate()
    finish(page, "Failed", id="1", kind="memory", message="Not enough memory: choose a region.", details="log")
    assert page.messages == [("Not enough memory: choose a region.", "error")]
    assert page.state.run_details == "log" and page.runner.job is None
    page.run.generate()
    assert len(page.client.requests) == 2


def test_shown_segments_are_kept_and_the_rest_is_drawn_without_a_text_too(
    page: SimpleNamespace, small_anatomy: sitk.Image
):
    run = file_anatomy(page.workspace.scene, small_anatomy, {}, "mine")
    assert not page.state.run_anatomy
    page.workspace.choose(segmentation=run.segmentation, ct=None)
    assert page.state.run_anatomy
    display = run.segmentation.GetDisplayNode()
    for segment_id in run.segmentation.GetSegmentation().GetSegmentIDs():
        display.SetSegmentVisibility(segment_id, segment_id in ("liver", "lung_tumor", "body"))
    page.run.complete()
    (request,) = page.client.requests
    assert request.keep == ["liver", "lung_tumor"] and request.description["text"] == ""
    finish(page, "Done", id="1", result=MaskDone(small_anatomy, provenance={}, lesions=[], checks=[]))
    assert page.workspace.segmentation is not run.segmentation and page.state.run_text == "Done."
    assert page.workspace.scene.IsNodePresent(run.segmentation)


def test_where_nothing_to_keep_is_shown_that_is_told(page: SimpleNamespace, small_anatomy: sitk.Image):
    page.run.start = lambda begin: RunPanel.start(page.run, begin)
    page.run.complete()
    run = file_anatomy(page.workspace.scene, small_anatomy, {}, "mine")
    page.workspace.choose(segmentation=run.segmentation, ct=None)
    for segment_id in run.segmentation.GetSegmentation().GetSegmentIDs():
        run.segmentation.GetDisplayNode().SetSegmentVisibility(segment_id, False)
    page.run.complete()
    assert [text.split(":")[0] for text, _ in page.messages] == [
        "There is no anatomy yet", "No segment that could be kept is shown",
    ]  # fmt: skip
    assert not page.client.requests


def test_a_ct_without_an_anatomy_says_what_to_do(page: SimpleNamespace):
    page.run.start = lambda begin: RunPanel.start(page.run, begin)
    page.run.generate_ct()
    page.run.regenerate()
    assert [kind for _, kind in page.messages] == ["warning", "warning"]
    assert "generate one" in page.messages[0][0] and not page.client.requests


def test_a_ct_is_made_again_with_what_made_it_whatever_is_chosen_now(
    page: SimpleNamespace, small_anatomy: sitk.Image, small_ct: sitk.Image
):
    made = {"text": TEXT, "description": {**to_json(parse(TEXT)), "age": 71}, "precision": "bfloat16"}
    made["settings"] = {"seed": 5, "ct_steps": 3, "spacing_mm": 4.0}
    run = file_anatomy(page.workspace.scene, small_anatomy, made, "test")
    ct = file_ct(page.workspace.scene, small_ct, small_anatomy, made, "test", run.segmentation)
    page.workspace.choose(segmentation=run.segmentation, ct=ct)
    run.segmentation.GetSegmentation().RemoveSegment("liver")
    page.type("A man.")
    page.state.update({"settings_quality": "fine", "settings_seed": 9, "settings_margin": 30.0})
    page.run.regenerate()
    (request,) = page.client.requests
    assert request.settings == RunSettings(seed=5, ct_steps=3, spacing_mm=4.0, margin_mm=30.0, arithmetic="bfloat16")
    assert request.description["age"] == 71


@pytest.mark.parametrize(
    ("remaining", "words"), [(None, "Making the CT: 50 %"), (12.4, "12 s left"), (0.1, "1 s left"), (300, "5 min left")]
)
def test_the_time_left_is_told_in_words(remaining: float | None, words: str):
    assert words in progress_text("ct", 0.5, remaining)


def test_a_model_that_is_loaded_tells_no_share_that_nobody_knows():
    assert progress_text("load", 0.0, None) == "Loading the model…"


def test_progress_after_a_cancel_does_not_hide_that_the_run_is_being_stopped(page: SimpleNamespace):
    page.type(TEXT)
    page.run.generate()
    page.run.cancel()
    page.client.events = [Progress("1", "mask", 0.4, 3.0)]
    in_own_loop(one_round)(page.runner)
    assert page.state.run_text == "Stopping…" and page.state.run_percent == 40


def test_the_description_of_a_request_is_the_whole_of_what_was_understood(page: SimpleNamespace):
    page.type(TEXT)
    page.run.generate()
    assert page.client.requests[0].description == to_json(page.understood.description)


def finish(page: SimpleNamespace, event: str, **fields: Any) -> None:
    """The worker's last word of a run."""
    from GuideGenLib.engine import protocol

    page.client.events = [getattr(protocol, event)(**fields)]
    in_own_loop(page.runner.follow)()


async def one_round(runner: Runner) -> None:
    """Poll once."""
    follower = asyncio.create_task(runner.follow())
    await asyncio.sleep(0.01)
    follower.cancel()
