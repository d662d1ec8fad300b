"""The segmenter that judges generated CTs: HU in, labels of the anatomy table out, all lesions being one class.

It works on cells of 2^3 voxels of the 3 mm grid: a U-Net over the cells (MONAI BasicUNet), then a small perceptron on
each cell's features and its own voxels, which gives the classes of its eight voxels. Whether a voxel is lesion is told
by a head of its own beside the classes, so that an organ and its lesion do not compete. `segmenter_training` trains it
on labelled scans and randomised-contrast anatomies, never on what a generator made.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import BasicUNet
from torch import Tensor, nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import as_networks_know, by_group, labels
from GuideGenLib.core.blocks import space_to_depth
from GuideGenLib.core.device import measure
from GuideGenLib.core.resample import nearest, regrid
from GuideGenLib.judges.strays import without_strays
from GuideGenLib.mask.network import as_cells

SPACING = 3.0
"""Of the grid that the network sees, in mm."""
TUMOUR = min(row.value for row in by_group()["lesions"])
"""The class of all lesions, and the value of a segmentation's lesion voxels: which organ bears them is not told."""
CLASSES = TUMOUR + 1
WINDOWS = ((-1000.0, -300.0), (-200.0, 300.0), (-20.0, 180.0), (200.0, 1200.0))
"""HU ranges, each of which becomes a channel in -1..1: lung, soft tissue and fat, organs, bone."""
REACH_MM = 150.0
BODY_HU = -300.0
BLOCK = (32, 48, 56)
"""Cells that are segmented at once, about a patch of the training: the normalisation shall see what it saw there."""
OVERLAP = 0.5
GROUPS = 8
"""Of channels that are normalised together: an instance norm would leave the few coarsest cells without a mean."""


def to_classes(volume: np.ndarray) -> np.ndarray:
    """Label values of the anatomy table -> classes of the segmenter: the value itself, TUMOUR for every lesion, and the
    label that stands for it for any other finding."""
    return np.minimum(as_networks_know()[volume], np.uint8(TUMOUR))


def class_keys() -> list[str]:
    """Name of each class by its number: the key of the label, `tumour` for the last."""
    return [row.key for row in labels()[:TUMOUR]] + ["tumour"]


@dataclass(frozen=True)
class SegmenterConfig:
    """Sizes of the network; written to the judges' JSON.

    lesions: whether it has the head for lesions; lesion_from: the probability from which on that says lesion.
    """

    classes: int = CLASSES
    features: tuple[int, ...] = (32, 32, 64, 128, 160, 32)
    hidden: int = 128
    lesions: bool = False
    lesion_from: float = 0.5

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def judge_config() -> SegmenterConfig:
    """The network of the judge, as it is trained."""
    return SegmenterConfig(lesions=True)


class SegmenterNetwork(nn.Module):
    """forward: inputs [B, C, d, h, w] of `cell_inputs` -> features [B, features[-1], d, h, w]; then `cell_logits`."""

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 8 * len(WINDOWS) + 3
        last = config.features[-1]
        self.net = BasicUNet(
            spatial_dims=3,
            in_channels=inputs,
            out_channels=last,
            features=config.features,
            norm=("group", {"num_groups": GROUPS}),
        )
        self.hidden = nn.Linear(last + inputs, config.hidden)
        # what a cell is, and in which of its voxels it differs: eight separate heads begin as a checkerboard
        self.cell_head = nn.Linear(config.hidden, config.classes)
        self.voxel_head = nn.Linear(config.hidden, 8 * config.classes)
        with torch.no_grad():
            self.voxel_head.weight.mul_(0.1)
        self.lesion_head = nn.Linear(config.hidden, 8) if config.lesions else None

    def forward(self, inputs: Tensor) -> Tensor:
        return self.net(inputs)

    def cell_logits(self, inputs: Tensor, features: Tensor) -> Tensor:
        """Inputs [n, C] and features [n, F] of n cells -> logits [n, 8, classes] of their voxels (order z, y, x)."""
        return self.class_logits(self.hidden_of(inputs, features))

    def hidden_of(self, inputs: Tensor, features: Tensor) -> Tensor:
        """What the heads read of each cell, [n, hidden]."""
        return nnf.silu(self.hidden(torch.cat([inputs.to(features.dtype), features], dim=1)))

    def class_logits(self, hidden: Tensor) -> Tensor:
        """[n, 8, classes]"""
        return self.cell_head(hidden)[:, None] + self.voxel_head(hidden).unflatten(1, (8, self.config.classes))

    def lesion_logits(self, hidden: Tensor) -> Tensor:
        """[n, 8]: of each voxel being lesion."""
        assert self.lesion_head is not None
        return self.lesion_head(hidden)


def cell_inputs(hu: Tensor, centre: tuple[float, float] | None) -> Tensor:
    """What the network sees: HU float32 [1, 1, D, H, W] at 3 mm, even sides -> [1, 8 windows + 3, D/2, H/2, W/2].

    centre: (y, x) voxel index of the body's centre, which tells left from right in a crop; None hides the position.
    """
    windows = [((hu - low) * (2 / (high - low)) - 1).clamp(-1, 1) for low, high in WINDOWS]
    cells = space_to_depth(torch.cat(windows, dim=1), 2)
    position = cells.new_zeros(1, 3, *cells.shape[2:])
    if centre is not None:
        y, x = (
            (torch.arange(n, device=hu.device) * 2 + 0.5 - middle) * (SPACING / REACH_MM)
            for n, middle in zip(cells.shape[3:], centre, strict=True)
        )
        position[:, 0], position[:, 1], position[:, 2] = y[:, None], x, 1.0
    return torch.cat([cells, position], dim=1).contiguous(memory_format=torch.channels_last_3d)


def body_centre(inside: np.ndarray) -> tuple[float, float]:
    """(y, x) voxel index of the middle of the body's box, boolean [z, y, x]; of the volume where there is no body.

    The box is that of all but the outermost hundredth of the voxels on each side: a couch or a lead widens it little.
    """
    centre = []
    for axis in (1, 2):
        count = inside.sum(axis=tuple({0, 1, 2} - {axis}), dtype=np.int64)
        share = np.cumsum(count) / max(1, int(count.sum()))
        low, high = np.searchsorted(share, [0.01, 0.99]) if count.any() else (0, len(count) - 1)
        centre.append((float(low) + float(high)) / 2)
    return centre[0], centre[1]


class Segmenter:
    """A trained network with what it takes to segment a volume of any size and spacing."""

    def __init__(self, network: SegmenterNetwork, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.network = network.to(self.device).to(memory_format=torch.channels_last_3d).eval()  # type: ignore[call-overload]
        self.mixed = measure(device).precision == "bfloat16"

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], config: Mapping[str, Any], device: str = "cpu") -> "Segmenter":
        """From a state dict in any float type and the JSON of its SegmenterConfig."""
        network = SegmenterNetwork(SegmenterConfig(**{**config, "features": tuple(config["features"])}))
        network.load_state_dict({key: value.float() for key, value in tensors.items()})
        return cls(network, device)

    def segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
        """HU float32 [z, y, x] in the canonical frame, isotropic `spacing` in mm -> uint8 labels on the same grid.

        Values are those of the anatomy table, TUMOUR for a lesion of any organ.
        """
        classes = without_strays(self.segment_coarse(hu, spacing)[0], self._coarse(hu, spacing), SPACING)
        if math.isclose(spacing, SPACING):
            return classes
        near = [nearest(new, SPACING, n, spacing) for new, n in zip(classes.shape, hu.shape, strict=True)]
        return classes[np.ix_(*near)]

    @torch.inference_mode()
    def segment_coarse(self, hu: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        """The same at the network's own 3 mm: labels uint8 and the probability of each, float32 in 0..1."""
        coarse = self._coarse(hu, spacing)
        padded = np.pad(coarse, [(0, n % 2) for n in coarse.shape], constant_values=-1000.0)
        volume = torch.from_numpy(padded)[None, None].to(self.device)
        inputs = cell_inputs(volume, body_centre(coarse > BODY_HU))
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.mixed):
            features = sliding_window_inference(
                inputs, BLOCK, 1, self.network, overlap=OVERLAP, mode="gaussian", padding_mode="replicate"
            )
            assert isinstance(features, Tensor)
            cells, own = as_cells(features), as_cells(inputs)
            chosen = [
                self._chosen(self.network.hidden_of(a, b))
                for a, b in zip(own.split(1 << 15), cells.split(1 << 15), strict=True)
            ]
        d, h, w = inputs.shape[2:]

        def grid(parts: list[Tensor]) -> np.ndarray:
            folded = torch.cat(parts).view(d, h, w, 2, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(padded.shape)
            return folded[tuple(slice(0, n) for n in coarse.shape)].cpu().numpy()

        labels, sure = (grid(list(parts)) for parts in zip(*chosen, strict=True))
        return labels, sure

    @staticmethod
    def _coarse(hu: np.ndarray, spacing: float) -> np.ndarray:
        """The HU on the network's own grid."""
        same = math.isclose(spacing, SPACING)
        return hu.astype(np.float32) if same else regrid(hu, (spacing,) * 3, (SPACING,) * 3, least=2)

    def _chosen(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Class uint8 [n, 8] of each voxel and its probability."""
        network, config = self.network, self.network.config
        logits = network.class_logits(hidden).float()
        if not config.lesions:
            sure, classes = logits.softmax(dim=-1).max(dim=-1)
            return classes.to(torch.uint8), sure
        sure, classes = logits[..., :TUMOUR].softmax(dim=-1).max(dim=-1)
        lesion = network.lesion_logits(hidden).float().sigmoid()
        called = lesion >= config.lesion_from
        return classes.to(torch.uint8).masked_fill(called, TUMOUR), torch.where(called, lesion, sure * (1 - lesion))
