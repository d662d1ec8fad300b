"""What comes after a run, and the tour, as a user has them in a browser."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.web.views import after
from GuideGenLib.workflow.job import ANATOMY, CT, Job, Outcome
from Testing.web.looking import until
from Testing.web.views_stage import add_anatomy_run, new_stage, own_loop, toy_anatomy


def test_the_summary_is_read_and_copied(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#summary-text").wait_for()
    page.click("#summary-copy")
    page.wait_for_function("document.getElementById('summary-copy').textContent.includes('Copied')")
    copied = page.evaluate("navigator.clipboard.readText()").replace("\r", "")
    assert copied.splitlines() == ["liver tumor: 16 mm, 2.3 ml", "Synthetic, seed 1"]


def test_findings_stand_first_in_the_list(page: Any) -> None:
    names = page.locator("[id^=segments-row-]").evaluate_all("rows => rows.map((row) => row.id)")
    assert names[0] == "segments-row-liver_tumor" and len(names) > 3


def test_what_of_a_text_will_not_be_drawn_stands_below_the_button(page: Any) -> None:
    page.wait_for_function("window.trame.state.get('prompt_text') !== undefined")
    page.evaluate("window.trame.state.set('prompt_text', 'Man, 60. Tumor of the liver. Aortic dissection.')")
    until(lambda: "dissection" in str(page.text_content("#summary-missing")))
    page.evaluate("window.trame.state.set('prompt_text', '')")
    page.locator("#summary-missing").wait_for(state="detached")


def test_the_tour_has_four_steps_and_comes_once(page: Any) -> None:
    page.locator("#tour").wait_for()
    seen = []
    for _ in range(4):
        seen.append(str(page.text_content("#tour")).strip()[:6])
        target = page.locator(".tour-target").get_attribute("id")
        if page.locator("#tour-next").is_visible():
            page.click("#tour-next")
            page.wait_for_function("old => document.querySelector('.tour-target')?.id !== old", arg=target)
    assert seen == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    page.click("#tour-end")
    page.locator("#tour").wait_for(state="detached")
    page.reload()
    page.wait_for_selector("#views-tools")
    page.wait_for_timeout(500)
    assert page.locator("#tour").count() == 0


def test_after_an_anatomy_the_slices_stand_at_its_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        """A signal that the test emits."""

        def connect(self, heard: Any) -> None:
            self.emit = heard

    class Owner:
        """Of the signals."""

        changed, ended, description = Told(), Told(), None

    with own_loop():
        stage, owner = new_stage(tmp_path), Owner()
        monkeypatch.setattr(after, "cores", lambda: after.CORES_FOR_SURFACES - 1)
        after.AfterRun(stage.server, stage.workspace, stage.views, owner, owner)  # type: ignore[arg-type]
        segmentation = add_anatomy_run(stage, toy_anatomy(tumor=True))
        owner.ended.emit(Outcome(Job(CT, "1", "a case"), "done"))
        assert stage.views.point is None
        owner.ended.emit(Outcome(Job(ANATOMY, "2", "a case"), "done"))
        place = place_within(segmentation, "liver_tumor")
        assert stage.views.point == pytest.approx(place)
        assert stage.views.slices[0].get_slice_value() == pytest.approx(place[2])
        assert not stage.server.state.views_surfaces
        stage.scene.Clear(False)
