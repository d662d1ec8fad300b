"""What is kept of an anatomy stays as it is while the rest is drawn, and is drawn nowhere else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.components import single_part_keys
from GuideGenLib.mask.kept import FREE, Kept
from GuideGenLib.mask.network import Conditions, MaskConfig, MaskNetwork, unfold_cells
from GuideGenLib.mask.regions import SLABS
from GuideGenLib.mask.sampler import Denoiser, sample_categorical, sample_flow
from GuideGenLib.mask.synthesizer import MaskSynthesizer

GRID = (96, 16, 16)
LIVER, TUMOUR, AORTA = (values()[key] for key in ("liver", "liver_tumor", "aorta"))


@pytest.fixture(scope="module")
def kept() -> Kept:
    """A liver with a tumour, and an aorta that its source cuts above: it may go on there."""
    labels = np.full([2 * n for n in GRID], FREE, np.uint8)
    labels[61:83, 5:17, 5:14] = LIVER
    labels[66:70, 8:12, 7:10] = TUMOUR
    labels[60:100, 22:25, 20:23] = AORTA
    classes = np.where(labels == TUMOUR, np.uint8(LIVER), labels)
    above, y, x = (np.zeros(2 * n, bool) for n in GRID)
    above[100:] = True
    return Kept(labels, classes, (LIVER, TUMOUR, AORTA), {AORTA: (above, y, x)})


@pytest.fixture(scope="module")
def synthesizer() -> MaskSynthesizer:
    """Untrained, of which every class may be drawn anywhere."""
    torch.manual_seed(0)
    network = MaskNetwork(MaskConfig(68, grid=GRID, widths=(8, 8, 8))).eval()
    network.head.weight.data *= 30
    bias = torch.zeros(68)
    return MaskSynthesizer(network, {"flow": bias, "categorical": bias})


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    return Conditions(torch.zeros(1, 16), torch.zeros(1, 1, 384), torch.ones(1, 1, dtype=torch.bool))


def denoiser_of(synthesizer: MaskSynthesizer, conditions: Conditions, kept: Kept) -> Denoiser:
    cells = kept.cells(68, torch.device("cpu"))
    return Denoiser(synthesizer.network, conditions, 1.5, torch.zeros(68), (0, GRID[0]), cells)


def test_a_voxel_has_what_is_kept_of_it_for_sure_and_the_drawing_in_its_rest(kept: Kept) -> None:
    cells = kept.cells(68, torch.device("cpu"))
    even = torch.full((int(np.prod(GRID)) // 8, 8, 68), 1 / 68)
    mixed = unfold_cells(cells.clamp(even), [n // 2 for n in GRID])
    torch.testing.assert_close(mixed.sum(0), torch.ones(GRID))
    assert mixed[LIVER, 32, 4, 4] == 1  # with its tumour, which the network does not know
    assert mixed[LIVER, 34, 4, 4] == 1
    # its lower corner: half of the voxel along each axis is liver, at the lower end in z too
    torch.testing.assert_close(mixed[LIVER, 30, 2, 2], torch.tensor(1 / 8 + 7 / 8 / 68))
    assert mixed[LIVER, 50, 4, 4] == pytest.approx(1 / 68)


@torch.inference_mode()
@pytest.mark.parametrize("sample", [sample_flow, sample_categorical])
def test_kept_classes_are_drawn_nowhere_but_where_their_source_cuts_them(
    sample, synthesizer: MaskSynthesizer, conditions: Conditions, kept: Kept
) -> None:
    drawn = sample(denoiser_of(synthesizer, conditions, kept), torch.Generator().manual_seed(0), steps=2).exp()
    assert drawn[..., LIVER].max() < 1e-6
    assert drawn[:50, ..., AORTA].max() < 1e-6 < drawn[50:, ..., AORTA].max()


@torch.inference_mode()
def test_each_step_of_both_samplers_is_shown_what_is_kept(
    synthesizer: MaskSynthesizer, conditions: Conditions, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = synthesizer.network.codes[LIVER]
    shown: list[tuple[torch.Tensor, torch.Tensor]] = []
    true = Denoiser.logits

    def record(self: Denoiser, x: torch.Tensor, previous: torch.Tensor, *rest: Any, **named: Any):
        shown.append((x[0, :, 34, 4, 4].clone(), previous[0, :, 34, 4, 4].clone()))
        return true(self, x, previous, *rest, **named)

    monkeypatch.setattr(Denoiser, "logits", record)
    for sample in (sample_flow, sample_categorical):
        shown.clear()
        sample(denoiser_of(synthesizer, conditions, kept), torch.Generator().manual_seed(0), steps=4)
        assert len(shown) == 5 and not shown[0][1].any()  # once before the first step, which is told of it then
        for _, previous in shown[1:]:
            torch.testing.assert_close(previous, code)
        away = [float((x - code).norm()) for x, _ in shown]
        assert away[-1] < away[0] or away[-1] == 0


@pytest.mark.parametrize("sampler", ["flow", "categorical"])
@pytest.mark.parametrize("region", ["torso", "abdomen"])
def test_kept_voxels_come_out_as_they_went_in(
    sampler: str, region: str, synthesizer: MaskSynthesizer, conditions: Conditions, kept: Kept
) -> None:
    labels = synthesizer.draw_slab(conditions, seed=1, sex="male", region=region, sampler=sampler, steps=2, kept=kept)
    first, last = SLABS[region]
    mine = kept.labels[2 * first : 2 * last]
    assert labels.shape == mine.shape
    assert np.array_equal(labels[mine != FREE], mine[mine != FREE])
    for value in (LIVER, TUMOUR):
        assert np.array_equal(labels == value, mine == value)
    assert not ((labels == AORTA) & (mine == FREE))[: 2 * (50 - first)].any()


def test_flesh_lies_between_the_kept_and_the_air_and_pieces_that_hang_on_nothing_go(kept: Kept) -> None:
    drawn = np.zeros(kept.labels.shape, np.uint8)
    drawn[100:120, 21:26, 19:24] = AORTA  # goes on
    drawn[150:152, 3:6, 3:6] = AORTA  # a crumb
    drawn[170:180, 21:26, 19:24] = AORTA  # a piece of it as large as this has its reason
    drawn[99, 25, 20:23] = AORTA  # beside its end, where it must not
    laid = kept.laid(drawn)
    assert (laid[100:120, 21:26, 19:24] == AORTA).all() and not laid[150:152].any()
    assert (laid[170:180, 21:26, 19:24] == AORTA).all()
    assert np.array_equal(laid[99] == AORTA, kept.labels[99] == AORTA)
    fat, muscle = values()["subcutaneous_fat"], values()["muscle"]
    assert (laid[70, 4, 8], laid[70, 2, 8], laid[70, 0, 8]) == (muscle, fat, 0)  # 1, 3 and 5 voxels of 3 mm away
    with_muscle = replace(kept, values=(*kept.values, muscle))
    assert with_muscle.laid(drawn)[70, 4, 8] == values()["body"]  # where muscle is kept, none is added


def test_flesh_over_what_sticks_out_of_the_drawn_body_has_a_smooth_skin(kept: Kept) -> None:
    drawn = np.zeros(kept.labels.shape, np.uint8)
    drawn[:, 12:28, 3:28] = values()["body"]
    laid = kept.laid(drawn)
    assert laid[70, 1, 9] and not laid[120, 5].any()
    front = (laid[70] > 0).argmax(0)  # rows of air before the body
    assert front[9] == 1 and front[27] == 12
    assert (np.diff(front[9:28]) >= 0).all() and np.diff(front[9:28]).max() <= 3  # slopes down to it without a step


def test_what_a_later_step_does_to_the_kept_is_undone(kept: Kept) -> None:
    before = np.where(kept.labels == FREE, np.uint8(values()["stomach"]), kept.labels)
    after = before.copy()
    after[62:64] = values()["spleen"]
    after[90:92, 5:7] = LIVER
    guarded = kept.guarded(before, after)
    assert np.array_equal(guarded == LIVER, kept.labels == LIVER)
    assert (guarded[62, kept.labels[62] == FREE] == values()["spleen"]).all()
    assert (guarded[90, 5] == values()["stomach"]).all()


def test_an_island_beside_the_kept_becomes_body_and_not_more_of_it(kept: Kept) -> None:
    assert "spleen" in single_part_keys()
    labels = np.where(kept.labels == FREE, np.uint8(values()["body"]), kept.labels)
    labels[120:130] = values()["spleen"]
    island = (70, slice(5, 7), slice(4, 5))
    labels[island] = values()["spleen"]
    labels[140:150, 2:4] = AORTA  # goes on without meeting its kept part
    tidied = kept.in_one_piece(labels)
    assert (tidied[island] == values()["body"]).all() and (tidied[140:150, 2:4] == AORTA).all()


def test_drawn_neighbours_are_carried_on_into_what_is_kept(kept: Kept) -> None:
    log_probability = torch.full((*GRID, 3), -9.0)
    log_probability[..., 0] = 0.0
    log_probability[31:41, 3:8, 3:7] = torch.tensor([-9.0, -9.0, 0.0])  # within the liver
    assert (kept.spread(log_probability).argmax(-1) == 0).all()
    labels = np.where(kept.labels == FREE, np.uint8(values()["stomach"]), kept.labels)
    assert (kept.drawn(labels) == values()["stomach"]).all()
