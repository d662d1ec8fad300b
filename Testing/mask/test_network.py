"""The mask denoiser: shapes, slabs, conditions."""

import torch

from GuideGenLib.mask.network import (
    Conditions,
    MaskConfig,
    MaskNetwork,
    as_cells,
    fold_cells,
    label_codes,
    unfold_cells,
)

CONFIG = MaskConfig(classes=9, grid=(32, 16, 16), widths=(8, 16, 16))


def conditions(known: bool = True) -> Conditions:
    generator = torch.Generator().manual_seed(3)
    text = torch.randn(1, 7, 384, generator=generator)
    return Conditions(torch.ones(1, 16) * known, text, torch.full((1, 7), known))


def test_a_slab_gives_logits_of_each_voxel() -> None:
    network = MaskNetwork(CONFIG).eval()
    x = torch.randn(1, 8, 16, 16, 16)
    features = network(x, torch.zeros_like(x), torch.tensor([0.3]), torch.tensor([0.0]), conditions(), z_start=8)
    logits = unfold_cells(network.cell_logits(as_cells(features)), features.shape[2:])
    assert logits.shape == (9, 16, 16, 16)


def test_folding_and_unfolding_are_inverse() -> None:
    labels = torch.randint(9, (8, 6, 4))
    cells = fold_cells(labels)
    assert cells.shape == (4 * 3 * 2, 8)
    assert torch.equal(unfold_cells(cells[..., None], (4, 3, 2))[0], labels)


def test_dropped_conditions_do_not_depend_on_the_text() -> None:
    network = MaskNetwork(CONFIG).eval()
    x = torch.randn(1, 8, 32, 16, 16)
    clock, kind = torch.tensor([0.3]), torch.tensor([0.0])
    first, second = conditions().dropped(), conditions().dropped()
    second.text = torch.randn_like(second.text)
    same = network(x, x, clock, kind, first)
    torch.testing.assert_close(same, network(x, x, clock, kind, second))
    vector, _ = network.condition(clock, kind, conditions())
    dropped, _ = network.condition(clock, kind, first)
    assert not torch.allclose(vector, dropped)


def test_codes_are_apart_and_have_unit_variance() -> None:
    codes = label_codes(68, 8)
    torch.testing.assert_close(codes.square().mean(dim=1), torch.ones(68))
    cosine = codes @ codes.T / 8
    assert float(cosine.fill_diagonal_(-1).max()) < 0.75
