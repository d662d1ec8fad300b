"""The paper's categorical diffusion with uniform noise (arXiv 2403.07247, section 3.2; Hoogeboom et al. 2102.05379).

q(x_t | x_0) = Cat(abar_t x_0 + (1 - abar_t) / N). The reverse step is the posterior q(x_s | x_t, x_0) averaged over the
network's p(x_0 | x_t), here in a closed form that needs O(N) memory a voxel instead of the N x N table of the textbook.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor


def keep_probability(u: Tensor | float) -> Tensor:
    """abar at diffusion time u in 0 (clean) .. 1 (noise): the cosine schedule of Nichol and Dhariwal, 2102.09672."""
    offset = 0.008
    u = torch.as_tensor(u, dtype=torch.float64)
    angle = (u + offset) / (1 + offset) * math.pi / 2
    return (angle.cos() / math.cos(offset / (1 + offset) * math.pi / 2)).square().clamp(1e-6, 1.0)


def corrupt(labels: Tensor, keep: Tensor, classes: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw x_t: each label is kept with probability `keep`, else replaced by a uniform draw from all classes.

    keep: [B], or of the labels' shape.
    """
    noise = torch.randint(classes, labels.shape, device=labels.device, generator=generator, dtype=labels.dtype)
    chance = keep if keep.ndim == labels.ndim else keep.view(-1, *[1] * (labels.ndim - 1))
    kept = torch.rand(labels.shape, device=labels.device, generator=generator) < chance
    return torch.where(kept, labels, noise)


def averaged_posterior(x_t: Tensor, p0: Tensor, keep_t: float, keep_s: float) -> Tensor:
    """sum_k p0_k q(x_s | x_t, x_0 = k), closed form.

    x_t: labels, any shape S; p0: probabilities [N, *S]; keep_t < keep_s: abar at the noisier and the cleaner time.
    With a = keep_t / keep_s: A = a onehot(x_t) + (1 - a) / N, Z_k = keep_s A_k + (1 - keep_s) / N sum(A), w = p0 / Z,
    result = A (keep_s w + (1 - keep_s) / N sum(w)). Returns [N, *S], sums to one over N.
    """
    classes = p0.shape[0]
    step = keep_t / keep_s
    a = torch.full_like(p0, (1 - step) / classes)
    a.scatter_add_(0, x_t.long()[None], torch.full_like(p0[:1], step))
    # A sums to one by construction, so sum(A) is left out below
    weight = p0 / (keep_s * a + (1 - keep_s) / classes)
    return a * (keep_s * weight + (1 - keep_s) / classes * weight.sum(dim=0, keepdim=True))


def draw(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    """One label a voxel from [N, *S] by the inverse of the cumulative distribution; [*S] int64."""
    threshold = torch.rand(probabilities.shape[1:], generator=generator, device=probabilities.device)
    cumulative = probabilities.float().cumsum(dim=0)
    return (cumulative < threshold * cumulative[-1]).sum(dim=0).clamp_max(probabilities.shape[0] - 1)


def schedule(steps: int) -> Iterator[tuple[float, float]]:
    """Pairs (keep_t, keep_s) from pure noise to clean in `steps` strided reverse steps; the last keep_s is 1."""
    times = torch.linspace(1.0, 0.0, steps + 1, dtype=torch.float64)
    keeps = [float(k) for k in keep_probability(times)]
    keeps[-1] = 1.0
    yield from pairwise(keeps)
