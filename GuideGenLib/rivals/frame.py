"""What every rival is: networks with a configuration, trainings that follow each other, a sampler, and a file.

HU are scaled to -1..1 over HU_SPAN for all networks. Arrays are [z, y, x] in the canonical frame (to superior,
posterior, patient-left), lengths in mm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from GuideGenLib.anatomy.table import network_labels
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.progress import Progress
from GuideGenLib.ct.network import CTConfig, CTNetwork
from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.training.loop.draws import Batch
from GuideGenLib.training.presets import DEFAULT, presets

Kind = Literal["mask", "text"]
Feed = Literal["patches", "torsos", "fine", "crops"]
Figures = dict[str, float]
HU_SPAN = (-1000.0, 1000.0)
LABELS = len(network_labels())
TOKENS, WIDTH = 64, 384
"""Most tokens of a text, and the width of their states (`description.encoder`)."""
TYPED = 16
"""Numbers of the typed attributes (`description.conditioning`)."""


@dataclass(frozen=True)
class Phase:
    """One training of a rival.

    part: name of the network that learns, the others stay as they are; share: of samples and of minutes; batch:
    samples of a step; feed: patches of scans (mask-conditioned), or of scans on the torso frame (text-conditioned)
    "torsos" at 6 mm, "fine" ones at 3 mm, or "crops" at 3 mm; edge: voxels of a patch, of 2 mm, or of a crop.
    """

    part: str
    share: float
    batch: int
    feed: Feed
    edge: int = 0
    rate: float = 4e-4


@dataclass(frozen=True)
class Sample:
    """A batch as the losses take it. hu, seen [B, 1, D, H, W], HU in -1..1 and 1 where they are known; labels int64
    [B, D, H, W], values of `network_labels`; typed [B, 16]; text [B, 64, 384], zeros behind its end; code: what
    `Rival.code` makes of hu, where it was made before."""

    hu: Tensor
    labels: Tensor
    seen: Tensor
    typed: Tensor
    text: Tensor
    code: Tensor | None = None


@dataclass(frozen=True)
class Asked:
    """What a CT is asked for. labels: uint8 [z, y, x] at 2 mm, None for a rival that takes no mask; typed [16]; text
    [n, 384]; steps: of the sampler, None: the rival's own."""

    labels: NDArray[np.uint8] | None
    typed: Tensor
    text: Tensor
    seed: int
    steps: int | None = None


class Rival(nn.Module):
    """Base of the six. A derived class has the class variables below, builds its networks from `self.config`, and
    answers `loss` and `sample`.

    CONFIG: the shipped sizes; phases: its trainings in order; STEPS: of the sampler; VOXELS: of what it makes its CT,
    in words.
    """

    name: ClassVar[str]
    shown: ClassVar[str]
    """Its name in tables."""
    kind: ClassVar[Kind]
    CONFIG: ClassVar[Mapping[str, Any]]
    PHASES: ClassVar[Sequence[Phase]]
    STEPS: ClassVar[int]
    VOXELS: ClassVar[str]

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        """config: sizes that differ from CONFIG. Raises KeyError for one that it does not have."""
        super().__init__()
        unknown = sorted(set(config or {}) - set(self.CONFIG))
        if unknown:
            raise KeyError(f"{self.name} has no setting {', '.join(unknown)}")
        self.config = {**self.CONFIG, **(config or {})}
        self.learning = ""
        self.build()

    def build(self) -> None:
        """Make the networks of `self.config`."""
        raise NotImplementedError

    def loss(self, phase: Phase, sample: Sample, batch: Batch) -> tuple[Tensor, Figures]:
        """Of one step of a phase; draws from the batch's generators alone."""
        raise NotImplementedError

    def code(self, phase: Phase, hu: Tensor) -> Tensor | None:
        """What a phase learns of whole torsos in -1..1 [B, 1, D, H, W], by a part that learns no more; None: the HU.

        A torso is always the same, so it is made once of each.
        """
        return None

    def sample(self, asked: Asked, progress: Progress) -> NDArray[np.float32]:
        """HU: on the grid of the labels, or on the torso frame (`anatomy.torso_frame.CANVAS`, 3 mm)."""
        raise NotImplementedError

    # ------------------------------------------------------------ trainings

    def learn(self, part: str) -> None:
        """Let one part learn; all others stay as they are. "": none learns."""
        self.learning = part
        self.requires_grad_(False)
        if part:
            for name, weights in self.get_submodule(part).named_parameters():
                weights.requires_grad_("quantizer.embedding" not in name)  # moved by averages, not by gradients
        self.train(bool(part))

    def train(self, mode: bool = True) -> "Rival":
        """Only the learning part is in training mode."""
        super().train(False)
        if mode and self.learning:
            self.get_submodule(self.learning).train()
        self.training = mode
        return self


def weights_of(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(each.numel() for each in network.parameters())


def our_weights(kind: Kind) -> int:
    """Parameters of what a rival stands for: our codec and CT networks, with the mask network for text-to-CT."""
    sizes = presets()[DEFAULT]
    codec = CodecNetwork(LABELS, **sizes["codec"].network)
    ct = [
        CTNetwork(CTConfig(LABELS, inputs=n * codec.latent, latent=codec.latent, **sizes[stage].network))
        for n, stage in ((1, "ct-mean"), (2, "ct-flow"))
    ]
    masks = [MaskNetwork(MaskConfig(classes=68, **sizes["mask"].network))] if kind == "text" else []
    return sum(map(weights_of, (codec, *ct, *masks)))


def our_samples(kind: Kind) -> int:
    """Samples that the trainings of these networks see."""
    stages = ("codec", "codec-grain", "ct-mean", "ct-flow", *(("mask",) if kind == "text" else ()))
    return sum(presets()[DEFAULT][stage].steps * presets()[DEFAULT][stage].batch for stage in stages)


# ---------------------------------------------------------------- arithmetic that several of them share


def scaled(hu: Tensor) -> Tensor:
    """HU to -1..1, clipped."""
    low, high = HU_SPAN
    return ((hu.float() - low) * (2 / (high - low)) - 1).clamp(-1, 1)


def unscaled(x: Tensor) -> NDArray[np.float32]:
    """[1, 1, D, H, W] in -1..1 to HU [D, H, W]."""
    low, high = HU_SPAN
    return ((x[0, 0].float().clamp(-1, 1) + 1) * ((high - low) / 2) + low).cpu().numpy()


def padded(x: Tensor, multiple: int, value: float = 0.0) -> Tensor:
    """[..., D, H, W] (or the last two axes of a slice) with sides that are multiples, filled behind their ends."""
    axes = 3 if x.ndim > 4 else 2
    pad = [side for n in reversed(x.shape[-axes:]) for side in (0, -n % multiple)]
    return nn.functional.pad(x, pad, value=value)


def one_hot(labels: Tensor) -> Tensor:
    """int64 [B, ...] -> float32 [B, LABELS, ...]."""
    return nn.functional.one_hot(labels, LABELS).movedim(-1, 1).float()


def every(labels: Tensor, step: int) -> Tensor:
    """Labels [..., D, H, W] on a grid `step` times as coarse: those of the middles of its cells."""
    first = step // 2
    return labels[..., first::step, first::step, first::step]


def generator(seed: int, device: torch.device) -> torch.Generator:
    """A generator of a seed."""
    return torch.Generator(device=device).manual_seed(seed)
