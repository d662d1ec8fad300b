"""Labels with smooth borders: what is drawn, that thin things stay, and that nothing of it is kept in a scene."""

import asyncio
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="needs the extra web")

from GuideGenLib.web.files.downloads import write_scene
from GuideGenLib.web.views.slices.smooth import winners
from Testing.web.views_stage import add_anatomy_run, new_stage, own_loop, toy_anatomy

FINE = 10
"""Pixels a voxel."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One with the toy anatomy."""
    with own_loop():
        stage = new_stage(tmp_path_factory.mktemp("smooth"))
        stage.server.state.ready()
        add_anatomy_run(stage, toy_anatomy())
        yield stage
        stage.scene.Clear(False)


def magnified(labels: np.ndarray) -> np.ndarray:
    """A plane of labels [y, x] as FINE pixels a voxel show it."""
    to_index = np.diag([1 / FINE, 1 / FINE, 1.0, 1.0])
    to_index[:2, 3] = 0.5 / FINE - 0.5
    return winners(labels[None], to_index, (labels.shape[0] * FINE, labels.shape[1] * FINE))


def test_a_disc_is_rounder_than_its_voxels():
    y, x = np.mgrid[:21, :21] - 10
    labels = (y**2 + x**2 <= 49).astype(np.uint8)
    fine = (np.mgrid[: 21 * FINE, : 21 * FINE] + 0.5) / FINE - 10.5
    disc = (fine**2).sum(axis=0) <= 49
    blocks = np.kron(labels, np.ones((FINE, FINE), np.uint8)) > 0
    assert ((magnified(labels) > 0) != disc).sum() < 0.75 * (blocks != disc).sum()


def test_what_is_one_voxel_thin_stays_and_straight_borders_stay_where_they_are():
    labels = np.ones((9, 9), np.uint8)
    labels[:, 4] = 2
    labels[6:, :4] = 3
    seen = magnified(labels)
    assert (seen[:55, 40:50] == 2).all() and (seen[:55, :40] == 1).all()
    assert (seen[66:, :36] == 3).all()


def test_outside_of_the_voxels_is_nothing():
    to_index = np.eye(4)
    to_index[0, 3] = -5.0
    assert not winners(np.ones((1, 4, 4), np.uint8), to_index, (4, 4)).any()


def test_it_is_drawn_in_place_of_slicers_labels_at_the_same_place(stage: SimpleNamespace):
    crisp = frame(stage)
    stage.views.state.views_smooth = True
    stage.views.state.flush()
    smooth = frame(stage)
    stage.views.state.views_labels = False
    stage.views.state.flush()
    bare = frame(stage)
    stage.views.state.update({"views_labels": True, "views_smooth": False})
    stage.views.state.flush()
    assert np.array_equal(frame(stage), crisp)
    labelled, smoothed = ((np.abs(one - bare).sum(axis=2) > 30) for one in (crisp, smooth))
    assert not np.array_equal(crisp, smooth)
    assert (labelled & smoothed).sum() > 0.9 * (labelled | smoothed).sum() > 1000


def test_a_hidden_segment_is_not_drawn(stage: SimpleNamespace):
    display = stage.workspace.segmentation.GetDisplayNode()
    stage.views.smooth.show(True, True)
    before = frame(stage)
    display.SetSegmentVisibility("liver", False)
    hidden = frame(stage)
    display.SetSegmentVisibility("liver", True)
    assert not np.array_equal(before, hidden)
    assert np.array_equal(frame(stage), before)
    stage.views.smooth.show(False, True)


def test_a_scene_that_is_saved_meanwhile_shows_its_labels_elsewhere(stage: SimpleNamespace, tmp_path: Path):
    display = stage.workspace.segmentation.GetDisplayNode()
    stage.views.smooth.show(True, True)
    assert not display.GetVisibility2D()
    path = asyncio.new_event_loop().run_until_complete(write_scene(stage.scene, tmp_path))
    assert not display.GetVisibility2D()
    stage.views.smooth.show(False, True)
    with zipfile.ZipFile(path) as bundle:
        (document,) = [name for name in bundle.namelist() if name.endswith(".mrml")]
        text = bundle.read(document).decode()
    (element,) = [element for element in text.split("<") if element.startswith("SegmentationDisplay")]
    assert 'visibility2D="true"' in element


def frame(stage: SimpleNamespace) -> np.ndarray:
    """The axial view as it is drawn, [row, column, 3]."""
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(stage.views.png("axial"))).convert("RGB")).astype(int)
