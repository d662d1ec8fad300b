"""What the CT networks are told of a scan: in generating as in calibrating."""

from collections.abc import Callable

import torch
from torch import Tensor

from GuideGenLib.ct.network import Style
from GuideGenLib.description.conditioning import attributes_vector
from GuideGenLib.description.scan_wording import scan_sentence


def scan_style(
    encode: Callable[[str], Tensor], sex: str | None, phase: str, noise: float, device: torch.device
) -> Style:
    """Sex and phase, in the words of the training; encode: text to states [tokens, 384]; noise: in units of 20 HU."""
    states = encode(scan_sentence(sex, phase)).to(device)[None]
    return Style(
        torch.from_numpy(attributes_vector(sex, None, None))[None].to(device),  # type: ignore[arg-type]
        torch.tensor([noise], device=device),
        states,
        torch.ones(states.shape[:2], dtype=torch.bool, device=device),
    )
