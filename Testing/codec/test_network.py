"""The codec: its linear path is exact where it can be, its networks begin at nothing, shapes agree."""

import pytest
import torch
from torch import Tensor

from GuideGenLib.codec.compand import expand
from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.core.blocks import depth_to_space, space_to_depth


def blocks_of_rank(rank: int, count: int = 600) -> Tensor:
    """Companded blocks [count, 64] around 0.2 that vary in `rank` directions."""
    generator = torch.Generator().manual_seed(1)
    directions = torch.linalg.qr(torch.randn(64, rank, generator=generator))[0].T
    # a constant offset over all voxels is what the linear path takes away first
    return 0.2 + 0.1 * torch.randn(count, rank, generator=generator) @ directions


@pytest.fixture
def network() -> CodecNetwork:
    torch.manual_seed(0)
    return CodecNetwork(labels=5, wide=16, narrow=8).eval()


def test_the_linear_path_reconstructs_what_has_as_many_directions(network: CodecNetwork) -> None:
    blocks = blocks_of_rank(16)
    network.set_linear_path(blocks)
    volume = expand(depth_to_space(blocks[:64].T.reshape(1, 64, 4, 4, 4), FACTOR))
    with torch.inference_mode():
        latents = network.encode(volume)
        again = network.decode(latents)
    assert (again - volume).abs().max() < 0.5
    assert torch.allclose(latents, network.encode_linear(volume))


def test_latents_of_the_fitted_blocks_have_unit_variance_in_falling_importance(network: CodecNetwork) -> None:
    blocks = blocks_of_rank(64)
    network.set_linear_path(blocks)
    latents = torch.nn.functional.conv3d(
        blocks.T.reshape(1, 64, 10, 10, 6), network.linear_in.weight, network.linear_in.bias
    )
    assert torch.allclose(latents.square().mean(dim=(0, 2, 3, 4)), torch.ones(network.latent), atol=1e-3)
    assert (network.importance.diff() <= 1e-6).all()


@pytest.mark.parametrize("shape", [(8, 8, 8), (4, 12, 20)])
def test_shapes(network: CodecNetwork, shape: tuple[int, int, int]) -> None:
    hu = torch.randn(2, 1, *shape) * 100
    labels = torch.randint(0, 5, (2, *shape), dtype=torch.uint8)
    with torch.inference_mode():
        latents = network.encode(hu)
        assert latents.shape == (2, CodecNetwork(5).latent, *(n // FACTOR for n in shape))
        assert network.decode(latents).shape == network.decode(latents, labels).shape == hu.shape


def test_labels_count_once_they_were_learned(network: CodecNetwork) -> None:
    hu = torch.randn(1, 1, 8, 8, 8) * 100
    labels = torch.zeros(1, 8, 8, 8, dtype=torch.uint8)
    with torch.inference_mode():
        latents = network.encode(hu)
        assert torch.equal(network.decode(latents, labels), network.decode(latents))
        for layer in (network.label_quarter, network.label_half, network.decoder_last):
            torch.nn.init.normal_(layer.weight, std=0.1)
        assert not torch.allclose(network.decode(latents, labels), network.decode(latents, labels + 3))


def test_blocks_are_laid_out_in_the_order_z_y_x() -> None:
    volume = torch.arange(64.0).reshape(1, 1, 4, 4, 4)
    assert torch.equal(space_to_depth(volume, 4).flatten(), torch.arange(64.0))
    assert torch.equal(depth_to_space(space_to_depth(volume, 2), 2), volume)


def test_a_training_pass_reaches_every_weight(network: CodecNetwork) -> None:
    """The layers that begin at zero must not stay there, nor cut off those before them."""
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    hu, labels = torch.randn(1, 1, 8, 8, 8) * 300, torch.randint(0, 5, (1, 8, 8, 8), dtype=torch.uint8)
    for _ in range(4):
        output, latents = network(hu, labels, torch.randn(1, network.latent, 2, 2, 2))
        optimiser.zero_grad()
        (output.square().mean() + latents.square().mean()).backward()
        optimiser.step()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().any()] == []
