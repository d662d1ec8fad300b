"""Registration of one label map onto another that shows an overlapping part of the trunk.

The map goes from the fixed scan to the moving one: an affine after a stationary velocity field. Points are in mm in
(z, y, x) order, index times spacing in the array of their own scan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from GuideGenLib.core.progress import Progress, silent, within

Spacing = tuple[float, float, float]
Groups = Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_], float]]
"""By name: the structure in the fixed scan, in the moving scan, and its weight."""


def sample(volume: Tensor, points: Tensor, spacing: Spacing, padding: str = "border") -> Tensor:
    """Trilinear values [C, ...] of `volume` [C, z, y, x] at `points` [..., 3] in mm."""
    size = torch.tensor(volume.shape[1:], dtype=points.dtype)
    unit = 2 * points / torch.tensor(spacing, dtype=points.dtype) / (size - 1) - 1
    grid = unit.flip(-1).reshape(1, 1, 1, -1, 3)
    found = functional.grid_sample(volume[None], grid, align_corners=True, padding_mode=padding)
    return found.reshape(volume.shape[0], *points.shape[:-1])


def lattice(shape: tuple[int, int, int], spacing: Spacing) -> Tensor:
    """Points [z, y, x, 3] in mm of a grid that starts at 0."""
    axes = [torch.arange(n, dtype=torch.float32) * s for n, s in zip(shape, spacing, strict=True)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


@dataclass(frozen=True)
class Warp:
    """Where a point of the fixed scan lies in the moving scan.

    displacement: [3, z, y, x] mm on a grid of `spacing` mm whose first node is at `origin`; the affine follows.
    """

    displacement: Tensor
    origin: tuple[float, float, float]
    spacing: Spacing
    matrix: Tensor
    shift: Tensor

    def bent(self, points: Tensor) -> Tensor:
        """The points after the velocity field alone, still in the frame of the fixed scan."""
        moved = sample(self.displacement, points - torch.tensor(self.origin), self.spacing)
        return points + moved.movedim(0, -1)

    def __call__(self, points: Tensor) -> Tensor:
        """Points [..., 3] of the fixed scan in the moving scan, mm."""
        return self.bent(points) @ self.matrix.T + self.shift


def exponential(velocity: Tensor, spacing: Spacing, squarings: int = 5) -> Tensor:
    """Displacement [3, z, y, x] mm of the stationary velocity field of the same shape (scaling and squaring)."""
    points = lattice((velocity.shape[1], velocity.shape[2], velocity.shape[3]), spacing)
    moved = velocity / 2**squarings
    for _ in range(squarings):
        moved = moved + sample(moved, points + moved.movedim(0, -1), spacing)
    return moved


def jacobian(warp: Callable[[Tensor], Tensor], shape: tuple[int, int, int], spacing: Spacing) -> NDArray[np.float32]:
    """Determinant of the Jacobian of a map of points, at the nodes of a grid."""
    field = warp(lattice(shape, spacing)).numpy()
    grads = np.stack([np.stack(np.gradient(field[..., i], *spacing), -1) for i in range(3)], -2)
    return np.linalg.det(grads).astype(np.float32)


def _stack(masks: list[NDArray[np.bool_]], spacing: Spacing, sigma: float) -> Tensor:
    soft = [ndimage.gaussian_filter(m.astype(np.float32), [sigma / s for s in spacing], mode="nearest") for m in masks]
    return torch.from_numpy(np.stack(soft))


def _centre(mask: NDArray[np.bool_], spacing: Spacing) -> NDArray[np.float64]:
    return np.array(ndimage.center_of_mass(mask)) * np.array(spacing)


def register(
    groups: Groups,
    landmarks: tuple[str, ...],
    fixed_spacing: Spacing,
    moving_spacing: Spacing,
    *,
    still_below: float,
    progress: Progress = silent,
    affine_steps: int = 60,
    steps: int = 120,
    reach: float = 110.0,
    mesh: float = 6.0,
    finer: int = 2,
) -> Warp:
    """Register the groups.

    landmarks: names of groups whose centroids start the affine. still_below: z in mm of the fixed scan below which
    the velocity fades to nothing over 60 mm, so that the affine alone carries what the fixed scan does not show.
    reach: mm above the landmarks up to which points are compared, which lie `mesh` mm apart. finer: nodes at which the
    velocity is integrated for each of its own, which lie 24 mm apart.
    """
    names = list(groups)
    fixed = _stack([groups[n][0] for n in names], fixed_spacing, 4.0)
    moving = _stack([groups[n][1] for n in names], moving_spacing, 4.0)
    weight = torch.tensor([groups[n][2] for n in names])[:, None]
    f_shape = (fixed.shape[1], fixed.shape[2], fixed.shape[3])
    m_end = torch.tensor([(n - 1) * s for n, s in zip(moving.shape[1:], moving_spacing, strict=True)])
    extent = [(n - 1) * s for n, s in zip(f_shape, fixed_spacing, strict=True)]

    marks_f = np.stack([_centre(groups[n][0], fixed_spacing) for n in landmarks])
    marks_m = np.stack([_centre(groups[n][1], moving_spacing) for n in landmarks])
    scale = float(np.linalg.norm(marks_m[0] - marks_m[-1]) / np.linalg.norm(marks_f[0] - marks_f[-1]))
    pivot = torch.tensor(marks_f.mean(0), dtype=torch.float32)
    shift = torch.tensor(marks_m.mean(0), dtype=torch.float32).requires_grad_()
    matrix = (torch.eye(3) * scale).requires_grad_()

    step = (mesh, mesh, mesh)
    points = lattice(tuple(int(e // mesh) + 1 for e in extent), step).reshape(-1, 3)  # type: ignore[arg-type]
    # The fixed scan may show far more above than the moving one can reach: those points are left out.
    points = points[points[:, 0] < float(pivot[0]) + reach]
    target = sample(fixed, points, fixed_spacing)
    shown = target.amax(0) > 0.01
    points, target = points[shown], target[:, shown]

    def loss_at(moved: Tensor) -> Tensor:
        inside = ((moved >= 0) & (moved <= m_end)).all(-1).float()
        residual = (sample(moving, moved, moving_spacing) - target) ** 2 * weight
        # Sums over a structure's own size: small ones count as much as large ones.
        size = (target**2 * inside).sum(1, keepdim=True).clamp_min(20.0)
        return (residual * inside / size).sum()

    optimiser = torch.optim.Adam([{"params": [matrix], "lr": 0.006}, {"params": [shift], "lr": 1.0}])
    affine_progress = within(progress, 0.0, 0.3)
    for i in range(affine_steps):
        optimiser.zero_grad()
        loss = loss_at((points - pivot) @ matrix.T + shift)
        # The axes stay nearly rigid: no landmark lies below L3, where a shear or tilt would grow.
        loss = loss + 60.0 * ((matrix.T @ matrix) / (torch.diagonal(matrix) ** 2).mean() - torch.eye(3)).square().sum()
        loss.backward()
        optimiser.step()
        affine_progress("register", (i + 1) / affine_steps)

    size = 24.0 / finer
    node: Spacing = (size, size, size)
    origin = (-240.0, -24.0, -24.0)
    shape = tuple(int((e - o + 24) // 24) + 2 for e, o in zip(extent, origin, strict=True))
    fine = tuple(finer * (n - 1) + 1 for n in shape)
    control = torch.zeros(3, *shape, requires_grad=True)
    height = lattice(fine, node)[..., 0] + origin[0]  # type: ignore[arg-type]
    fade = ((height - (still_below - 60.0)) / 60.0).clamp(0, 1)
    fade = fade * fade * (3 - 2 * fade)
    base = matrix.detach()

    def displaced() -> tuple[Tensor, Tensor]:
        velocity = functional.interpolate(control[None], size=fine, mode="trilinear", align_corners=True)
        velocity = functional.avg_pool3d(functional.pad(velocity, (1,) * 6, mode="replicate"), 3, 1)[0] * fade
        return velocity, exponential(velocity, node)

    optimiser = torch.optim.Adam([control], lr=1.5)
    field_progress = within(progress, 0.3, 1.0)
    offset = torch.tensor(origin)
    for i in range(steps):
        optimiser.zero_grad()
        velocity, displacement = displaced()
        moved = points + sample(displacement, points - offset, node).movedim(0, -1)
        loss = loss_at((moved - pivot) @ base.T + shift.detach())
        firsts = [torch.diff(velocity, dim=d) / size for d in (1, 2, 3)]
        seconds = [torch.diff(g, dim=d) for d, g in zip((1, 2, 3), firsts, strict=True)]
        bend = sum(g.square().sum() for g in seconds)
        stretch = sum((g.abs() - 0.2).clamp_min(0).square().sum() for g in firsts)
        plain = sum(g.square().sum() for g in firsts)
        loss = loss + (size / 12.0) ** 3 * (0.0005 * plain + 0.0015 * bend + 0.3 * stretch)
        loss.backward()
        optimiser.step()
        field_progress("register", (i + 1) / steps)
    with torch.no_grad():
        _, displacement = displaced()
    return Warp(displacement.detach(), origin, node, base, shift.detach() - base @ pivot)
