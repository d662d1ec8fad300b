"""Who a CT shows: a small network that reads sex and decade of age from a whole torso or a part of it.

It learned from rendered anatomies of other people than the generator's (`classifiers_training`) and never saw a
generated CT.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from monai.networks.blocks import Convolution, ResidualUnit
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.tissues import filled_slices
from GuideGenLib.core.components import largest_component
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.resample import regrid

SPACING = 6.0
GRID = (96, 56, 64)
"""Voxels (z, y, x) of 6 mm that the network sees: 576 x 336 x 384 mm about the middle of the body."""
WINDOWS = ((-1000.0, -200.0), (-150.0, 150.0), (0.0, 400.0))
"""HU that become 0 and 1 in each input channel: lung and air, fat to muscle, bone and contrast."""
SEXES = ("male", "female")
DECADES = (20, 30, 40, 50, 60, 70, 80)
"""The first years of the classes of age; the first holds everybody younger and the last everybody older too."""
SKIN_HU = -350.0
WIDTHS, POOLS, HIDDEN = (12, 24, 48, 96), 4, 64


def decade_of(age: float) -> int:
    """The class of an age in years, an element of DECADES."""
    return int(np.clip(age // 10 * 10, DECADES[0], DECADES[-1]))


class PersonNetwork(nn.Module):
    """[B, 3, *GRID] windows of HU -> [B, 1 + decades]: logit of female, logits of the decades.

    Strided residual stages (to 96 mm cells) tell what lies where. Their features also weigh the cells of 12 mm, POOLS
    times: the windows' means under these weights are the HU of what was looked at, such as the spine, and go to the
    output beside the mean features. Batch norm, since a norm over each volume would take away the very HU that tell
    the age.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        stem = Convolution(3, len(WINDOWS), widths[0], strides=2, norm="BATCH", act="RELU")
        stages = [
            ResidualUnit(3, before, after, strides=2, subunits=2, norm="BATCH", act="RELU")
            for before, after in pairwise(widths)
        ]
        self.stages = nn.ModuleList([stem, *stages])
        self.looks = nn.ModuleList([nn.Conv3d(width, POOLS, 1) for width in widths])
        self.hidden = nn.Linear(widths[-1] + POOLS * len(WINDOWS), HIDDEN)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(HIDDEN, 1 + len(DECADES))

    def forward(self, x: Tensor) -> Tensor:
        return self.read(x)[0]

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and the log of the weights [B, POOLS, cells] by which the network looked."""
        cells = nnf.avg_pool3d(x, 2)
        features, looks = x, x.new_zeros(1)
        for stage, look in zip(self.stages, self.looks, strict=True):
            features = stage(features)
            looks = looks + nnf.interpolate(look(features), cells.shape[2:], mode="trilinear", align_corners=False)
        weights = looks.float().flatten(2).log_softmax(dim=2)
        seen = weights.exp() @ cells.float().flatten(2).transpose(1, 2)
        together = torch.cat([features.float().mean(dim=(2, 3, 4)), 8 * (seen.flatten(1) - 0.5)], dim=1)
        return self.head(self.drop(nnf.relu(self.hidden(together)))), weights


def body_of(hu: np.ndarray) -> np.ndarray:
    """bool [z, y, x]: the largest piece above SKIN_HU, without couch and clothes; empty where there is none."""
    above = np.pad(hu > SKIN_HU, 1, mode="edge")  # the body goes on beyond the scan
    return filled_slices(largest_component(ndimage.binary_opening(above)[1:-1, 1:-1, 1:-1], faces=True))


def centred(hu: np.ndarray, body: np.ndarray) -> np.ndarray:
    """HU float32 [z, y, x] at 6 mm -> float32 [*GRID]: the middle of the body's box in the middle, air about it."""
    result = np.full(GRID, -1000.0, np.float32)
    boxes = ndimage.find_objects(body.astype(np.uint8))
    if not boxes:
        return result
    near = ndimage.binary_dilation(body[boxes[0]])
    part = np.where(near, hu[boxes[0]], -1000.0)
    source, target = [], []
    for size, room in zip(part.shape, GRID, strict=True):
        kept = min(size, room)
        source.append(slice((size - kept) // 2, (size - kept) // 2 + kept))
        target.append(slice((room - kept) // 2, (room - kept) // 2 + kept))
    result[tuple(target)] = part[tuple(source)]
    return result


def windowed(hu: Tensor) -> Tensor:
    """HU float32 [B, *GRID] -> [B, 3, *GRID], each channel one of WINDOWS as 0..1."""
    return torch.stack([((hu - low) / (high - low)).clamp(0, 1) for low, high in WINDOWS], dim=1)


@dataclass(frozen=True)
class SeenPerson:
    """What one CT looks like. female: probability; decades: probability of each of DECADES."""

    female: float
    decades: tuple[float, ...]

    @property
    def sex(self) -> str:
        """The likelier of SEXES."""
        return SEXES[self.female > 0.5]

    @property
    def decade(self) -> int:
        """The likeliest of DECADES."""
        return DECADES[int(np.argmax(self.decades))]


class Classifiers:
    """The trained network with what it scored on people that it had not seen.

    scores: "sex" and "decade", shares of rendered people read rightly; real: the like on real scans, each a
    `shares.Share` as JSON, empty where no scan was told.
    """

    def __init__(
        self, network: PersonNetwork, scores: Mapping[str, float] | None = None, real: Mapping[str, Any] | None = None
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.scores, self.real = dict(scores or {}), dict(real or {})

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> "Classifiers":
        """From the weights and optional {"widths": [...], "scores": {...}, "real": {...}}. Raises EvaluationError."""
        network = PersonNetwork(tuple(config.get("widths", WIDTHS)))
        try:
            network.load_state_dict({key: value.float() for key, value in tensors.items()})
        except RuntimeError as error:
            raise EvaluationError(
                f"the classifiers' weights do not fit their configuration ({str(error).splitlines()[0]})",
                "install the judges anew, or train them with `guidegen train classifiers`",
            ) from error
        return cls(network, config.get("scores"), config.get("real"))

    @torch.no_grad()
    def read(self, hu: np.ndarray, spacing: float) -> SeenPerson:
        """Read a CT, HU [z, y, x] in the canonical frame with isotropic spacing in mm, and its mirror image.

        Raises EvaluationError when the volume holds no body.
        """
        coarse = regrid(hu, (spacing,) * 3, (SPACING,) * 3)
        body = body_of(coarse)
        if not body.any():
            raise EvaluationError(
                "the CT holds no body", "give HU with air at -1000, at least some centimetres of torso"
            )
        x = windowed(torch.from_numpy(centred(coarse, body))[None])
        logits = self.network(torch.cat([x, x.flip(-1)])).float().mean(dim=0)
        decades = logits[1:].softmax(dim=0)
        return SeenPerson(float(logits[0].sigmoid()), tuple(float(p) for p in decades))
