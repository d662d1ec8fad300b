"""The named sizes: complete, of networks that can be built, and as large as they say."""

import pytest
import torch
from torch import nn

from GuideGenLib.anatomy.table import labels
from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.training.presets import DEFAULT, presets
from GuideGenLib.training.sizes import codec_arguments, ct_config, mask_config

LABELS, CLASSES = len(labels()), 68
MILLIONS = {"small": (11.4, 2.3, 4.5, 4.1), "base": (26.4, 5.1, 11.8, 11.8), "paper": (54, 9.0, 23, 56)}
"""Weights of the mask, the codec, and the two networks of the CT."""


def networks(name: str) -> dict[str, nn.Module]:
    """Those of a preset, without memory for their weights."""
    stages = presets()[name]
    latent = stages["codec"].network["latent"]
    with torch.device("meta"):
        mean = CTConfig(LABELS, inputs=latent, latent=latent, **stages["ct-mean"].network)
        flow = CTConfig(LABELS, inputs=2 * latent, latent=latent, **stages["ct-flow"].network)
        return {
            "codec": CodecNetwork(LABELS, **stages["codec"].network),
            "ct-mean": CTNetwork(mean),
            "ct-flow": CTNetwork(flow),
        }


@pytest.mark.parametrize("name", list(MILLIONS))
def test_sizes_are_those_of_the_table_and_are_read_off_the_weights(name: str) -> None:
    stages, made = presets()[name], networks(name)
    config = MaskConfig(CLASSES, **stages["mask"].network)
    made["mask"] = MaskNetwork(config)
    order = ("mask", "codec", "ct-mean", "ct-flow")
    found = [sum(p.numel() for p in made[stage].parameters()) / 1e6 for stage in order]
    assert found == pytest.approx(MILLIONS[name], rel=0.05)
    assert mask_config(made["mask"].state_dict()) == config
    assert codec_arguments(made["codec"].state_dict()).items() >= stages["codec"].network.items()
    for stage in ("ct-mean", "ct-flow"):
        network = made[stage]
        assert isinstance(network, CTNetwork) and ct_config(network.state_dict()) == network.config


def test_no_preset_has_a_grid_of_its_own() -> None:
    """The mask's is that of the anatomies, whatever their canvas is."""
    assert not any("grid" in sizes["mask"].network for sizes in presets().values())


def test_the_presets_are_complete() -> None:
    assert list(presets()) == list(MILLIONS) and DEFAULT in presets()
    stages = {"codec", "codec-grain", "mask", "ct-mean", "ct-flow"}
    for name, sizes in presets().items():
        assert sizes.keys() == stages
        assert sum(one.share for one in sizes.values()) == pytest.approx(1), name
        for stage, one in sizes.items():
            assert one.patch % (2 * FACTOR) == 0 and (one.patch > 0) == (stage != "mask")
            assert one.most_batch >= one.batch >= 1 and one.steps > 0
