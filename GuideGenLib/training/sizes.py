"""Sizes of the networks, read off their weights."""

from collections.abc import Mapping

from torch import Tensor

from GuideGenLib.ct.network import CTConfig
from GuideGenLib.mask.network import MaskConfig


def mask_config(state: Mapping[str, Tensor]) -> MaskConfig:
    """Arguments of the network that has these weights."""
    classes, code = state["codes"].shape
    depth, height, width = state["position.0"].shape[2:]
    fine, middle, coarse = (state[f"position.{level}"].shape[1] for level in range(3))
    return MaskConfig(
        classes=classes,
        grid=(2 * depth, 2 * height, 2 * width),
        code=code,
        widths=(fine, middle, coarse),
        typed=state["typed_token.weight"].shape[1],
        text=state["text.key.weight"].shape[1],
        queries=state["text.queries"].shape[0],
        layout="layout_middle.weight" in state,
    )


def ct_config(state: Mapping[str, Tensor]) -> CTConfig:
    """Arguments of the network that has these weights."""
    labels, code = state["label_code.table.weight"].shape
    queries, query = state["text.queries"].shape
    return CTConfig(
        labels=labels,
        inputs=state["stem.weight"].shape[1],
        latent=state["head.weight"].shape[0],
        widths=(state["stem.weight"].shape[0], state["down.weight"].shape[0]),
        code=code,
        typed=state["embed.0.weight"].shape[1] - 64 - 1 - queries * query,
        text=state["text.key.weight"].shape[1],
        queries=queries,
    )


def codec_arguments(state: Mapping[str, Tensor]) -> dict[str, int]:
    """Arguments of the network that has these weights."""
    labels, code = state["label_code.table.weight"].shape
    return {
        "labels": labels,
        "latent": state["linear_in.weight"].shape[0],
        "wide": state["decoder_stem.weight"].shape[0],
        "narrow": state["decoder_last.weight"].shape[1],
        "code": code,
    }
