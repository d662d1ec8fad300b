"""The preset `small` made tiny, so that every stage of a training runs within a test."""

from dataclasses import replace
from typing import Any

import pytest

from GuideGenLib.training.presets import presets

NETWORKS: dict[str, dict[str, Any]] = {
    "codec": {"latent": 8, "wide": 16, "narrow": 8},
    "mask": {"widths": (8, 8, 8)},
    "ct-mean": {"widths": (8, 16)},
    "ct-flow": {"widths": (8, 16)},
}


def small_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches of 16 voxels, networks as they are."""
    shrink(monkeypatch, {})


def shrink(monkeypatch: pytest.MonkeyPatch, networks: dict[str, dict[str, Any]]) -> None:
    """Patches of 16 voxels, and other sizes of networks, by the stage."""
    for stage, sizes in presets()["small"].items():
        network = {**sizes.network, **networks.get(stage, {})}
        tiny = replace(sizes, network=network, patch=16 if sizes.patch else 0, batch=2)
        monkeypatch.setitem(presets()["small"], stage, tiny)
