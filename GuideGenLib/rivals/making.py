"""A CT of a rival, with the geometry that our generator's CTs have."""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch
from torch import Tensor

from GuideGenLib.anatomy.label_volumes import require_anatomy
from GuideGenLib.anatomy.torso_frame import CANVAS, FRAME_MM
from GuideGenLib.core.device import choose_precision
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import Frame, image_from_array
from GuideGenLib.ct.grid import labels_on_grid
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.description import Description
from GuideGenLib.description.conditioning import typed_vector
from GuideGenLib.description.reading.acquisition import without_acquisition
from GuideGenLib.rivals.frame import Asked, Rival
from GuideGenLib.training.loop.processes import autocast


def make_ct(
    rival: Rival,
    anatomy: sitk.Image | None,
    description: Description,
    encode: Callable[[str], Tensor],
    *,
    seed: int = 0,
    steps: int | None = None,
    progress: Progress = silent,
) -> sitk.Image:
    """HU (int16): on the 2 mm grid of an anatomy for a mask-conditioned rival, else of a torso at 3 mm.

    encode: token states of a text; steps: of the sampler, None: the rival's own. The same arguments give the same
    voxels on the same device. Raises VolumeError for an anatomy that shows nothing.
    """
    labels: np.ndarray | None = None
    frame = Frame((FRAME_MM,) * 3, (*(-FRAME_MM * (n - 1) / 2 for n in CANVAS[:0:-1]), 0.0))  # type: ignore[arg-type]
    if rival.kind == "mask":
        assert anatomy is not None, "a mask-conditioned rival needs an anatomy"
        labels, frame = labels_on_grid(require_anatomy(anatomy), SPACING)
    typed = torch.from_numpy(typed_vector(description))
    asked = Asked(labels, typed, encode(without_acquisition(description.text)), seed, steps)
    device = next(rival.parameters()).device
    with autocast(device, choose_precision("auto", device)):
        hu = rival.sample(asked, progress)
    return image_from_array(hu, frame.spacing, frame.origin, frame.direction, labels=False)
