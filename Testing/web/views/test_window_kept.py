"""The window of a scene's CT is that in which it was saved."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.scene.files import load_mrb, save_mrb
from Testing.web.views_stage import add_anatomy_run, add_ct_of, new_stage, own_loop, toy_anatomy


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """With nothing on it."""
    with own_loop():
        stage = new_stage(tmp_path)
        yield stage
        stage.scene.Clear(False)


def test_a_loaded_scene_keeps_the_window_of_its_ct_and_a_new_ct_has_that_of_the_page(
    stage: SimpleNamespace, tmp_path: Path
) -> None:
    anatomy = toy_anatomy()
    node = add_anatomy_run(stage, anatomy)
    ct = add_ct_of(stage, anatomy, node)
    stage.workspace.choose(segmentation=node, ct=ct)
    ct.GetDisplayNode().SetWindowLevel(777.0, 33.0)
    save_mrb(stage.scene, tmp_path / "own.mrb")
    stage.workspace.choose(segmentation=None, ct=None)
    stage.scene.Clear(False)
    load_mrb(stage.scene, tmp_path / "own.mrb")
    run = stage.workspace.runs[-1]
    stage.workspace.choose(segmentation=run.segmentation, ct=run.ct)
    assert run.ct.GetDisplayNode().GetWindow() == 777.0 and stage.views.state.views_window == "W 777  L 33"
    newer = add_ct_of(stage, anatomy, run.segmentation)
    stage.workspace.choose(ct=newer)
    assert newer.GetDisplayNode().GetWindow() == 777.0
    stage.views.set_window("abdomen")
    stage.workspace.choose(ct=run.ct)
    assert run.ct.GetDisplayNode().GetWindow() == 400.0, "a choice of the user stays"
