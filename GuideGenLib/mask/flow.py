"""The fast process: rectified flow between Gaussian noise and label codes, with a cross-entropy end point.

x_t = (1 - t) noise + t code(x_0); the network predicts p(x_0 | x_t), whose expected code is the end point of the
straight path: dx/dt = (E[code] - x_t) / (1 - t).
"""

from torch import Tensor

SHIFT = 5.0
"""With 344 000 noisy voxels the organs are decided at t of a few hundredths: steps are spent there."""
FIRST = 1e-3
"""The time that the network is told of pure noise, in training and by the sampler."""


def times(steps: int) -> list[float]:
    """steps + 1 times from near 0 to 1, t = u / (u + SHIFT (1 - u))."""
    return [u / (u + SHIFT * (1 - u)) for u in (i / steps for i in range(steps + 1))]


def mix(codes: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t for t [B] and codes, noise [B, C, D, H, W]."""
    t = t.view(-1, 1, 1, 1, 1)
    return (1 - t) * noise + t * codes


def euler_step(x: Tensor, end_point: Tensor, t: float, t_next: float) -> Tensor:
    """Move along the straight path towards the present estimate of its end."""
    return x + (t_next - t) / (1 - t) * (end_point - x)
