"""The plain picture of an anatomy: each label at its reference HU. What stage 3 starts from and adds texture to."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.table import hu_mean

DEFAULT_PHASE = "portal_venous"
"""The phase of a CT that is not described: what most oncological torso CTs have."""


def reference_table(phase: str | None) -> np.ndarray:
    """float32 [labels] mean HU by label value in a contrast phase; None is `DEFAULT_PHASE`."""
    return hu_mean(phase or DEFAULT_PHASE)  # type: ignore[arg-type]


def skin_depth(inside: Tensor, spacing: float) -> Tensor:
    """bool [D, H, W] body mask on the latent grid -> float32 [1, 1, D, H, W]: depth below the skin, 0..1 over 60 mm."""
    depth = ndimage.distance_transform_edt(inside.cpu().numpy(), sampling=spacing)
    return torch.from_numpy(np.clip(depth / 60, 0, 1).astype(np.float32))[None, None].to(inside.device)
