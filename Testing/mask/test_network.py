"""The mask denoiser: shapes, slabs, conditions."""

import pytest
import torch

from GuideGenLib.bundle import load_bundle
from GuideGenLib.mask.network import (
    Conditions,
    MaskConfig,
    MaskNetwork,
    TokenAttention,
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


def test_attention_gives_what_the_blocks_of_monai_gave_that_the_bundle_was_trained_with() -> None:
    """They need einops, which the library no longer does."""
    pytest.importorskip("einops")
    from monai.networks.blocks import CrossAttentionBlock, SABlock

    start = "attention.0."
    weights = {
        name.removeprefix(start): tensor
        for name, tensor in load_bundle().tensors("mask").items()
        if name.startswith(start)
    }
    channels, context = weights["self_attention.qkv.weight"].shape[1], weights["cross_attention.to_k.weight"].shape[1]
    ours = TokenAttention(channels, context)
    ours.load_state_dict(weights)
    torch.manual_seed(1)
    tokens, states = torch.randn(2, 40, channels), torch.randn(2, 7, context)
    theirs = (
        SABlock(channels, 4, use_flash_attention=True),
        CrossAttentionBlock(channels, 4, context_input_size=context, use_flash_attention=True),
    )
    theirs[0].load_state_dict(ours.self_attention.state_dict())
    theirs[1].load_state_dict(ours.cross_attention.state_dict())
    assert torch.equal(ours.self_attention(tokens), theirs[0](tokens))
    assert torch.equal(ours.cross_attention(tokens, states), theirs[1](tokens, states))


def test_new_attention_begins_with_the_weights_that_the_blocks_of_monai_drew() -> None:
    """A seed gives the same training run as before."""
    pytest.importorskip("einops")
    from monai.networks.blocks import CrossAttentionBlock, SABlock

    torch.manual_seed(5)
    ours = TokenAttention(16, 12)
    torch.manual_seed(5)
    theirs = SABlock(16, 4), CrossAttentionBlock(16, 4, context_input_size=12)
    for mine, other in zip((ours.self_attention, ours.cross_attention), theirs, strict=True):
        assert list(mine.state_dict()) == list(other.state_dict())
        assert all(map(torch.equal, mine.parameters(), other.parameters()))
