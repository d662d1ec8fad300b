"""The plain picture of an anatomy: each label at its reference HU. What stage 3 starts from and adds texture to."""

from functools import cache

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from GuideGenLib.anatomy.table import by_group, hu_mean, label, labels

DEFAULT_PHASE = "portal_venous"
"""The phase of a CT that is not described: what most oncological torso CTs have."""
TABLE_AGE = 50.0
"""Years at which the anatomy table is taken to hold: there Jang's marrow has 164 HU, the label with its cortex 206."""
AGES = (20.0, 90.0)
"""Years that the sources of `aged` cover; younger and older people are given these."""
# Part of the HU at TABLE_AGE that is lost each year, straight from 20 to 90 years.
SPONGY_LOSS = 0.012  # 2.5 HU a year of the lumbar label's 206: Jang2019
HIP_LOSS = 0.007  # 40 % from 20 to 90 years: Riggs2004, femoral neck
CORTICAL_LOSS = 0.0034  # 22 % from 20 to 90 years: Riggs2004, cortical bone
MUSCLE_LOSS = 0.004  # 0.38 and 0.43 % a year in men and women: Jung2021
SPONGY = ("vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum", "sternum")
HIPS = ("hip_left", "hip_right", "femur_left", "femur_right")


def reference_table(phase: str | None) -> np.ndarray:
    """float32 [labels] mean HU by label value in a contrast phase; None is `DEFAULT_PHASE`."""
    return hu_mean(phase or DEFAULT_PHASE)  # type: ignore[arg-type]


def aged(table: np.ndarray, age: float | None) -> np.ndarray:
    """The table of HU by label value, float32 [labels], as it is at an age in years; None leaves it.

    Bones and muscles lose attenuation in a straight line, HU (1 - loss (age - 50)); all else, cartilage too, stays.
    Spine: L1 marrow has 226 HU before 30 and 89 from 90 years on, 2.5 less each year (Jang, Radiology 2019;291:360);
    sacrum and sternum are spongy as well. Hip and femur lose 34 to 46 % of their density from 20 to 90 years, cortical
    bone 18 to 25 % (Riggs, J Bone Miner Res 2004;19:1945). Muscle loses 0.38 to 0.43 % a year (Jung, Endocrinol Metab
    2021;36:1201).
    """
    if age is None:
        return table
    years = float(np.clip(age, *AGES)) - TABLE_AGE
    return (table * (1 - _yearly_loss() * years)).astype(np.float32)


@cache
def _yearly_loss() -> np.ndarray:
    """float32 [labels] part of each label's HU that goes in a year."""
    loss = np.zeros(len(labels()), np.float32)
    for row in by_group()["bones"]:
        loss[row.value] = SPONGY_LOSS if row.key in SPONGY else HIP_LOSS if row.key in HIPS else CORTICAL_LOSS
    for row in by_group()["muscles"]:
        loss[row.value] = MUSCLE_LOSS
    loss[label("costal_cartilages").value] = 0.0
    return loss


def skin_depth(inside: Tensor, spacing: float) -> Tensor:
    """bool [D, H, W] body mask on the latent grid -> float32 [1, 1, D, H, W]: depth below the skin, 0..1 over 60 mm."""
    depth = ndimage.distance_transform_edt(inside.cpu().numpy(), sampling=spacing)
    return torch.from_numpy(np.clip(depth / 60, 0, 1).astype(np.float32))[None, None].to(inside.device)
