"""Pictures of what a training has learned so far, [3, H, W] in 0..1: always of the same people and patches."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils.data import default_collate

from GuideGenLib.anatomy.table import colors
from GuideGenLib.codec.compand import expand
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.mask.network import Conditions, MaskNetwork
from GuideGenLib.mask.sampler import Denoiser, sample_flow
from GuideGenLib.training.loop.draws import VALIDATION, Batch
from GuideGenLib.training.networks.cutting import Cuts
from GuideGenLib.training.networks.patches import Patches, Variation

SHOWN = 3
"""Patches of a picture."""
PEOPLE = 2
"""Anatomies of a picture: each takes seconds of a CPU."""
WINDOW_HU = (-200.0, 300.0)


def validation_patches(cuts: Cuts, variation: Variation, count: int = SHOWN) -> tuple[Patches, Batch]:
    """The first patches that the training is validated on."""
    held = cuts.of(VALIDATION)
    batch = Batch(held.seeds, 0, tuple(range(count)), default_collate([held[number] for number in range(count)]))
    return variation(batch), batch


def side_by_side(real: Tensor, made: Tensor) -> Tensor:
    """HU [B, 1, P, P, P] each -> the middle axial slices, real ones above those that were made."""
    low, high = WINDOW_HU
    rows = [torch.cat(list(hu[:, 0, hu.shape[2] // 2]), dim=1) for hu in (real, made)]
    grey = ((torch.cat(rows).float().cpu() - low) / (high - low)).clamp(0, 1)
    return grey.expand(3, -1, -1)


def reconstructions(cuts: Cuts, variation: Variation, network: CodecNetwork) -> Mapping[str, Tensor]:
    """Real patches above what the codec makes of them."""
    patches, _ = validation_patches(cuts, variation)
    scale = network.decode_scale(network.encode(patches.hu), patches.labels)
    return {"reconstruction": side_by_side(patches.hu, expand(scale.float()))}


def anatomies(
    told: Sequence[tuple[Tensor, Tensor, Tensor]], bias: Tensor, guidance: float, network: MaskNetwork
) -> Mapping[str, Tensor]:
    """The middle coronal slices of drawn anatomies in the colours of the table, heads up.

    told: typed attributes [16], token states [L, 384] and layout of each person.
    """
    device, shown = network.codes.device, []
    palette = torch.from_numpy(colors()).float() / 255
    for number, (typed, text, layout) in enumerate(told[:PEOPLE]):
        states = text.float()[None].to(device)
        conditions = Conditions(
            typed[None].to(device),
            states,
            torch.ones(states.shape[:2], dtype=torch.bool, device=device),
            layout[None].to(device),
        )
        denoiser = Denoiser(network, conditions, guidance, bias.to(device), (0, network.config.grid[0]))
        drawn = sample_flow(denoiser, torch.Generator(device=device).manual_seed(number)).argmax(dim=-1).cpu()
        shown.append(palette[drawn[:, drawn.shape[1] // 2].flip(0)].permute(2, 0, 1))
    return {"anatomy": torch.cat(shown, dim=2)}


def generated(
    cuts: Cuts, variation: Variation, codec: CodecNetwork, generate: Callable[[Patches, Batch], Tensor]
) -> Mapping[str, Tensor]:
    """Real patches above what the CT stage makes of their labels; generate: patches to latents."""
    patches, batch = validation_patches(cuts, variation)
    return {"ct": side_by_side(patches.hu, codec.decode(generate(patches, batch), patches.labels))}
