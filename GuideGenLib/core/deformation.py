"""Smooth deformations of a volume: random velocities, their flow by scaling and squaring, volumes seen through it.

Fields are float32 [3, z, y, x] in mm, in the order of the axes; a displacement says where to look for what comes to
a voxel. A flow of a smooth velocity folds and tears nothing (Arsigny, MICCAI 2006).
"""

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.float32]
SQUARINGS = 6
LARGEST = 2.2
"""Standard deviations beyond which nothing is drawn: organs must not tear."""


def _spline(n: int, spacing: float, knot_mm: float) -> Field:
    """Cubic B-spline basis [n, controls] on voxel centres."""
    from scipy.interpolate import BSpline  # takes as long as all of ndimage

    knots = np.arange(-3, n * spacing / knot_mm + 4) * knot_mm
    basis = BSpline.design_matrix((np.arange(n) + 0.5) * spacing, knots, 3).toarray()
    return np.asarray(basis, np.float32)


def random_field(
    shape: tuple[int, ...], spacing: float, knot_mm: float, sd_mm: float, rng: np.random.Generator
) -> Field:
    """Smooth noise [3, z, y, x] of standard deviation `sd_mm` and control points every `knot_mm`."""
    z, y, x = (_spline(n, spacing, knot_mm) for n in shape)
    controls = rng.standard_normal((3, z.shape[1], y.shape[1], x.shape[1]), dtype=np.float32)
    noise = np.einsum("zi,cijk->czjk", z, controls)
    noise = np.einsum("yj,czjk->czyk", y, noise)
    noise = np.einsum("xk,czyk->czyx", x, noise)
    # The mean over a cell of the sum of squared cubic B-spline weights is 151/315 an axis.
    return np.asarray(noise * (sd_mm / (151 / 315) ** 1.5), np.float32)


def limited(velocity: Field, spacing: float, strain: float = 0.55, growth: float = 0.9, rounds: int = 3) -> Field:
    """The velocity, smoothed where it would stretch by more than `strain` or change log volume by over `growth`."""
    for _ in range(rounds):
        gradient = [np.gradient(component, spacing) for component in velocity]
        total = sum(g * g for row in gradient for g in row)
        excess = np.maximum(
            np.sqrt(total) / (strain * 3**0.5), np.abs(gradient[0][0] + gradient[1][1] + gradient[2][2]) / growth
        )
        if excess.max() < 1.05:
            break
        mix = np.clip((excess - 0.95) / 0.4, 0, 1).astype(np.float32)
        mix = np.minimum(1, 1.5 * ndimage.uniform_filter(mix, 5))
        smooth = np.stack([ndimage.uniform_filter(ndimage.uniform_filter(c, 5), 5) for c in velocity])
        velocity = velocity + mix * (smooth - velocity)
    return velocity


def _grid(shape: tuple[int, ...]) -> torch.Tensor:
    """The identity for grid_sample: [1, z, y, x, 3] with x first, -1..1 between the outer faces."""
    axes = [(torch.arange(n, dtype=torch.float32) + 0.5) * 2 / n - 1 for n in shape]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return torch.stack((x, y, z), -1)[None]


def exponential(velocity: Field, spacing: float) -> Field:
    """Displacement [3, z, y, x] in mm of the unit-time flow of a stationary velocity, by scaling and squaring."""
    shape = velocity.shape[1:]
    scale = torch.tensor([2 / (n * spacing) for n in shape])
    flow = torch.from_numpy(np.ascontiguousarray(velocity)) * scale[:, None, None, None] / 2**SQUARINGS
    identity = _grid(shape)
    for _ in range(SQUARINGS):
        where = identity + flow.flip(0).permute(1, 2, 3, 0)[None]
        flow = flow + functional.grid_sample(flow[None], where, padding_mode="border", align_corners=False)[0]
    return (flow / scale[:, None, None, None]).numpy()


def jacobian(displacement: Field, spacing: float) -> Field:
    """Determinant of the gradient of position + displacement, [z, y, x]."""
    g = np.array([np.gradient(component, spacing) for component in displacement]) + np.eye(3)[:, :, None, None, None]
    return np.asarray(np.linalg.det(np.moveaxis(g, (0, 1), (-2, -1))), np.float32)


def warp(volume: Field, displacement: Field, spacing: float) -> Field:
    """`volume` at position + displacement, trilinear, on its own grid."""
    scale = torch.tensor([2 / (n * spacing) for n in volume.shape])
    where = (
        _grid(volume.shape)
        + (torch.from_numpy(displacement) * scale[:, None, None, None]).flip(0).permute(1, 2, 3, 0)[None]
    )
    return functional.grid_sample(
        torch.from_numpy(volume)[None, None], where, padding_mode="border", align_corners=False
    )[0, 0].numpy()


def doubled(volume: Field) -> Field:
    """[..., z, y, x] at half the spacing."""
    wide = torch.from_numpy(np.ascontiguousarray(volume)).reshape(1, -1, *volume.shape[-3:])
    raised = functional.interpolate(wide, scale_factor=2, mode="trilinear", align_corners=False)
    return raised.numpy().reshape(*volume.shape[:-3], *raised.shape[-3:])


def drawn(sd: float, rng: np.random.Generator, n: int = 3) -> Field:
    """n normal numbers of a standard deviation, none of them beyond LARGEST."""
    return np.asarray(sd * np.clip(rng.standard_normal(n), -LARGEST, LARGEST), np.float32)


def organ_matrix(freedom: tuple[float, float, float], growth: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Gradient [3, 3] of an organ's velocity (growth, stretch, turn) and its shift in mm.

    freedom: standard deviations of a turn about each axis (degrees), of the log of its axes, and of its place (mm);
    growth: log of the factor on its radius.
    """
    turn, stretch, place = freedom
    axes = drawn(stretch, rng)
    a, b, c = drawn(np.deg2rad(turn), rng)
    matrix = np.diag(growth + axes - axes.mean()) + np.array([[0, -a, b], [a, 0, -c], [-b, c, 0]])
    return matrix.astype(np.float32), drawn(place, rng)
