"""What is added to the reference HU of each label so that its mean in the finished CT is that of the anatomy table.

The networks answer to the HU that they are told with too little or too much of it, otherwise in each contrast phase;
how much is measured once (`training.calibrate_ct`) and stands in bundle.json.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from GuideGenLib.anatomy.label import PHASES

FIELD = "hu_offset"
"""Of bundle.json: by phase, a list of HU by label. In older bundles a tensor of the CT stage, one for all phases."""


def offsets_of(config: Mapping[str, Any], ct_tensors: Mapping[str, Tensor]) -> Tensor:
    """float32 [phases, network labels] HU of a bundle. Raises KeyError where it has none."""
    if FIELD in config:
        return as_tensor(config[FIELD])
    return ct_tensors[FIELD].float().expand(len(PHASES), -1).clone()


def as_tensor(offsets: Mapping[str, list[float]]) -> Tensor:
    """[phases, labels] of what `as_lists` gave. Raises KeyError."""
    return torch.tensor([offsets[phase] for phase in PHASES], dtype=torch.float32)


def as_lists(offsets: Tensor) -> dict[str, list[float]]:
    """HU by phase, rounded to .1, as a JSON holds them."""
    return {phase: [round(float(hu), 1) for hu in row] for phase, row in zip(PHASES, offsets, strict=True)}
