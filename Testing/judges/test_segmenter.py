"""The segmenter: its classes, and that a segmentation lies on the voxels that it was made of."""

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.judges import segmenter as module
from GuideGenLib.judges.segmenter import (
    CLASSES,
    TUMOUR,
    WINDOWS,
    Segmenter,
    SegmenterConfig,
    SegmenterNetwork,
    body_centre,
    cell_inputs,
    class_keys,
    judge_config,
    to_classes,
)
from GuideGenLib.judges.segmenter_training import finished_weights

TINY = SegmenterConfig(features=(8, 8, 8, 8, 8, 8), hidden=16)
SOFT = WINDOWS.index((-200.0, 300.0))


@pytest.fixture
def threshold() -> Segmenter:
    """A network that calls every voxel over 50 HU class 1 and the others 0, by the perceptron alone."""
    torch.manual_seed(0)
    network = SegmenterNetwork(TINY)
    with torch.no_grad():
        for layer in (network.hidden, network.cell_head, network.voxel_head):
            layer.weight.zero_()
            layer.bias.zero_()
        for voxel in range(8):  # silu(10 t) is about 10 t above 0 and about 0 below it, t: soft window, 0 at 50 HU
            channel = SOFT * 8 + voxel
            network.hidden.weight[voxel, channel] = 40.0
            network.voxel_head.weight[voxel * CLASSES + 1, voxel] = 1.0
            network.voxel_head.bias[voxel * CLASSES + 1] = -0.05
            network.voxel_head.bias[voxel * CLASSES + 2 : (voxel + 1) * CLASSES] = -100.0
    judge = Segmenter(network)
    judge.mixed = False
    return judge


def test_classes_are_the_labels_with_one_for_all_lesions() -> None:
    every = np.arange(len(values()), dtype=np.uint8)
    classes = to_classes(every)
    lesions = [row.value for row in by_group()["lesions"]]
    assert (classes[lesions] == TUMOUR).all()
    findings = by_group()["findings"]
    assert [classes[row.value] for row in findings] == [min(values()[row.drawn_as], TUMOUR) for row in findings]
    others = np.setdiff1d(every, [*lesions, *(row.value for row in findings)])
    assert np.array_equal(classes[others], others)
    keys = class_keys()
    assert len(keys) == CLASSES == TINY.classes and keys[-1] == "tumour"
    assert [values()[key] for key in keys[:-1]] == others.tolist()


def test_each_voxel_keeps_its_place(threshold: Segmenter) -> None:
    hu = np.random.default_rng(0).uniform(-150, 250, (21, 30, 35)).astype(np.float32)
    hu[np.abs(hu - 50) < 5] = 80
    found = threshold.segment(hu, 3.0)
    assert found.dtype == np.uint8 and found.shape == hu.shape
    assert np.array_equal(found, (hu > 50).astype(np.uint8))


def test_blocks_give_what_the_whole_gives(threshold: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    hu = np.random.default_rng(1).choice([-100.0, 200.0], (70, 40, 40)).astype(np.float32)
    whole = threshold.segment(hu, 3.0)
    monkeypatch.setattr(module, "BLOCK", (32, 16, 16))
    assert np.array_equal(threshold.segment(hu, 3.0), whole)


@pytest.mark.parametrize("spacing", [1.5, 2.0, 5.0])
def test_other_spacings_keep_the_grid(threshold: Segmenter, spacing: float) -> None:
    shape = tuple(round(n / spacing) for n in (90, 120, 141))
    hu = np.full(shape, -100.0, np.float32)
    centre = [n // 2 for n in shape]
    half = round(24 / spacing)
    box = tuple(slice(c - half, c + half) for c in centre)
    hu[box] = 250
    found = threshold.segment(hu, spacing)
    assert found.shape == shape
    wanted = hu > 50
    assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.9


def test_weights_come_back_from_half_precision() -> None:
    torch.manual_seed(1)
    network = SegmenterNetwork(TINY).half().float()
    stored = {key: value.half() for key, value in network.state_dict().items()}
    hu = np.random.default_rng(2).uniform(-1000, 500, (20, 24, 24)).astype(np.float32)
    one, two = Segmenter(network), Segmenter.load(stored, TINY.to_json())
    assert np.array_equal(one.segment(hu, 3.0), two.segment(hu, 3.0))


def test_position_tells_left_from_right_and_can_be_hidden() -> None:
    hu = torch.full((1, 1, 8, 16, 20), 40.0)
    inputs = cell_inputs(hu, (7.5, 9.5))
    y, x, known = inputs[0, -3:]
    assert inputs.shape == (1, 8 * len(WINDOWS) + 3, 4, 8, 10)
    assert float(x[0, 0, 0]) == pytest.approx(-float(x[0, 0, -1])) == pytest.approx(-9 * 3 / 150)
    assert float(y[0, 0, 0]) < 0 < float(y[0, -1, 0]) and bool((known == 1).all())
    assert not cell_inputs(hu, None)[:, -3:].any()


def test_the_centre_of_the_body_is_not_moved_by_a_lead() -> None:
    inside = np.zeros((10, 40, 60), bool)
    inside[:, 10:30, 20:50] = True
    assert body_centre(inside) == pytest.approx((19.5, 34.5), abs=0.6)
    inside[0, 2, 0:5] = True
    assert body_centre(inside) == pytest.approx((19.5, 34.5), abs=0.6)
    assert body_centre(np.zeros((4, 10, 20), bool)) == (4.5, 9.5)


def test_what_began_with_a_segmenter_ends_as_the_mean_of_both() -> None:
    torch.manual_seed(0)
    earlier, trained = (SegmenterNetwork(judge_config()).state_dict() for _ in range(2))
    mean = finished_weights(trained, earlier)
    assert torch.allclose(mean["hidden.weight"], (earlier["hidden.weight"] + trained["hidden.weight"]) / 2)
    headless = {key: value for key, value in earlier.items() if not key.startswith("lesion_head")}
    assert finished_weights(trained, headless).keys() == trained.keys()
    alone = finished_weights(trained, None)
    assert all(torch.equal(alone[key], trained[key]) for key in trained)
