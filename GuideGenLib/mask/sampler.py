"""Drawing a coarse anatomy from the trained denoiser by either process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.mask import categorical, flow
from GuideGenLib.mask.kept import KeptCells
from GuideGenLib.mask.network import Conditions, MaskNetwork, as_cells, fold_cells, unfold_cells

DEFAULT_STEPS = {"flow": 6, "categorical": 20}
FAST, BIAS = "flow", "class_bias"
"""The sampler by default, and its class bias in a bundle; to that of another sampler a point and its name are added."""
FORBIDDEN = 100.0
"""Taken off the logit of a class that a voxel must not take."""
PART = 1024
"""Cells whose logits are made at once: 2 MB of them."""
GUIDED_SHARE = 0.6
"""Guidance decides what the anatomy is; the last steps only draw borders and go without it."""


@dataclass
class Denoiser:
    """The network with its conditions, guidance and slab fixed.

    Probabilities are kept cell by cell, [cells, 8, classes], as the network makes them; `unfold_cells` lays them out.
    `class_bias` [classes] is taken off the logits: it was measured so that organs have the sizes of the population.
    `kept` is what of an anatomy is kept: it replaces the prediction at each step.
    """

    network: MaskNetwork
    conditions: Conditions
    guidance: float
    class_bias: Tensor
    slab: tuple[int, int]
    kept: KeptCells | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels of the slab on the 6 mm grid."""
        return (self.slab[1] - self.slab[0], *self.network.config.grid[1:])

    @property
    def cells(self) -> tuple[int, ...]:
        """Cells of the slab, two voxels a side."""
        return tuple(n // 2 for n in self.shape)

    def logits(self, x: Tensor, previous: Tensor, time: float, process: int, guided: bool) -> Tensor:
        """log p(x_0 | x_t, description) but for a constant [cells, 8, classes] for x, previous [1, code, D, H, W]: of
        what is drawn beside the kept, where something is kept."""
        logits = self._logits(self.features(x, previous, time, process, guided))
        return logits if self.kept is None else self.kept.forbid(logits, FORBIDDEN)

    def expected(self, x: Tensor, previous: Tensor, time: float, process: int, guided: bool) -> Tensor:
        """[1, code, D, H, W] the mean code that `logits` tell of the whole anatomy.

        Made of so few cells at a time that their logits stay in the processor's cache.
        """
        if self.kept is not None:  # which is told of all cells at once
            return self.expected_code(self.probability(self.logits(x, previous, time, process, guided)))
        features = self.features(x, previous, time, process, guided)
        codes = [self._logits(part).softmax(dim=-1) @ self.network.codes for part in _in_parts(features)]
        return unfold_cells(torch.cat(codes), self.cells)[None]

    def log_probability(self, x: Tensor, previous: Tensor, time: float, process: int, guided: bool) -> Tensor:
        """[D, H, W, classes] log p(x_0 | x_t, description) of what is drawn beside the kept."""
        if self.kept is not None:
            return laid_out(self.logits(x, previous, time, process, guided).log_softmax(dim=-1), self.cells)
        result = torch.empty(*self.shape, self.network.config.classes, device=x.device)
        slices = result.view(self.cells[0], 2, self.cells[1], 2, self.cells[2], 2, -1)
        each = self.cells[1] * self.cells[2]
        for z, part in enumerate(_in_parts(self.features(x, previous, time, process, guided), each)):
            made = self._logits(part).log_softmax(dim=-1)
            slices[z] = made.view(*self.cells[1:], 2, 2, 2, -1).permute(2, 0, 3, 1, 4, 5)
        return result

    def features(self, x: Tensor, previous: Tensor, time: float, process: int, guided: bool) -> tuple[Tensor, ...]:
        """Of each cell [cells, width], those with the description and, for guidance, those without."""
        clock = torch.full((1,), time, device=x.device)
        kind = torch.full((1,), float(process), device=x.device)
        told = [self.conditions, self.conditions.dropped()] if guided and self.guidance != 1 else [self.conditions]
        return tuple(as_cells(self.network(x, previous, clock, kind, one, self.slab[0])) for one in told)

    def _logits(self, features: Sequence[Tensor]) -> Tensor:
        """Logits [n, 8, classes] of the features of n cells."""
        logits, *free = (self.network.cell_logits(one).float() for one in features)
        if free:
            logits = free[0] + self.guidance * (logits - free[0])
        return logits.sub_(self.class_bias)

    def probability(self, logits: Tensor) -> Tensor:
        """Probabilities [cells, 8, classes] of the whole anatomy, in which what is kept is certain."""
        drawn = logits.softmax(dim=-1)
        return drawn if self.kept is None else self.kept.clamp(drawn)

    def first_estimate(self, x: Tensor, time: float, process: int) -> Tensor:
        """[1, code, D, H, W] what the first step is told of the anatomy before it: nothing, or what is kept.

        The volume itself is noise at first, in which nothing of the kept is seen.
        """
        nothing = torch.zeros_like(x)
        if self.kept is None:
            return nothing
        return self.expected(x, nothing, time, process, guided=True)

    def expected_code(self, probability: Tensor) -> Tensor:
        """[1, code, D, H, W] mean code under probabilities [cells, 8, classes]."""
        return unfold_cells(probability @ self.network.codes, self.cells)[None]


def sample_flow(
    denoiser: Denoiser, generator: torch.Generator, steps: int = DEFAULT_STEPS["flow"], progress: Progress = silent
) -> Tensor:
    """Euler steps from noise along the rectified flow; returns the last log-probabilities [D, H, W, classes]."""
    network = denoiser.network
    first, last = denoiser.slab
    # noise of the whole grid, cut to the slab: a region and the torso of one seed are made from the same noise
    whole = (1, network.config.code, *network.config.grid)
    x = torch.randn(whole, generator=generator, device=network.codes.device)[:, :, first:last]
    times = flow.times(steps)
    previous = denoiser.first_estimate(x, flow.FIRST, 0)
    for i in range(steps - 1):
        previous = denoiser.expected(x, previous, max(times[i], flow.FIRST), 0, i < GUIDED_SHARE * steps)
        x = flow.euler_step(x, previous, times[i], times[i + 1])
        progress("mask", (i + 1) / steps)
    at, guided = max(times[steps - 1], flow.FIRST), steps - 1 < GUIDED_SHARE * steps
    result = denoiser.log_probability(x, previous, at, 0, guided)
    progress("mask", 1.0)
    return result


def sample_categorical(
    denoiser: Denoiser,
    generator: torch.Generator,
    steps: int = DEFAULT_STEPS["categorical"],
    progress: Progress = silent,
) -> Tensor:
    """The paper's reverse process, strided to `steps` steps; returns log-probabilities [D, H, W, classes].

    Labels are drawn between the steps. Those of the last step, whose posterior is the prediction of the clean labels
    itself, are returned as this distribution: what follows takes the likeliest ones. Drawn voxel by voxel they would
    speckle (of the first bundle's body voxels one in four then differs from the likeliest label).
    """
    network = denoiser.network
    device = network.codes.device
    whole = torch.randint(network.config.classes, network.config.grid, generator=generator, device=device)
    labels = fold_cells(whole[denoiser.slab[0] : denoiser.slab[1]])
    previous = logits = torch.empty(0)
    for i, (keep_t, keep_s) in enumerate(categorical.schedule(steps)):
        x = unfold_cells(network.codes[labels], denoiser.cells)[None]
        if i == 0:
            previous = denoiser.first_estimate(x, keep_t, 1)
        logits = denoiser.logits(x, previous, keep_t, 1, i < GUIDED_SHARE * steps)
        if i < steps - 1:
            probability = denoiser.probability(logits)
            previous = denoiser.expected_code(probability)
            posterior = categorical.averaged_posterior(labels, probability.movedim(-1, 0), keep_t, keep_s)
            labels = categorical.draw(posterior, generator)
        progress("mask", (i + 1) / steps)
    return laid_out(logits.log_softmax(dim=-1), denoiser.cells)


def laid_out(values: Tensor, cells: tuple[int, ...]) -> Tensor:
    """Values [cells, 8, K] of the voxels of each cell -> [D, H, W, K]."""
    return unfold_cells(values, cells).movedim(0, -1).contiguous()


def _in_parts(features: Sequence[Tensor], size: int = PART) -> Iterator[tuple[Tensor, ...]]:
    """The features of some cells after those of others."""
    return zip(*(one.split(size) for one in features), strict=True)


SAMPLERS: dict[str, Callable[..., Tensor]] = {"flow": sample_flow, "categorical": sample_categorical}


def bias_tensors(bias: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The class bias of each sampler as it lies in a bundle."""
    return {_bias_name(name): one for name, one in bias.items()}


def read_bias(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The class bias of each sampler from a bundle's tensors; older bundles have that of the fast one for all."""
    return {name: tensors.get(_bias_name(name), tensors[BIAS]).float() for name in SAMPLERS}


def _bias_name(sampler: str) -> str:
    return BIAS if sampler == FAST else f"{BIAS}.{sampler}"
