"""Solid lesions: how those of an organ look and grow, and one of them about a point of a label volume."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from GuideGenLib.mask.findings.shapes import SolidBody, Spacing, Texture, box_around, grow, offsets_mm, push

SMOOTH_MM = 12.0
"""Up to this size a lesion has no spiculations."""


@dataclass(frozen=True)
class Manner:
    """How the lesions of an organ look and grow.

    `core` is the part of the radius whose tissue is consumed rather than pushed; `inside` the range of the share of a
    lesion that starts in its own tissue, and `exophytic` whether more than that share is to be avoided.
    """

    texture: Texture
    core: float
    inside: tuple[float, float]
    exophytic: bool = False


MANNERS = {
    "lung": Manner(Texture(lobes=0.10, spikes=0.16), core=0.75, inside=(0.95, 1.0)),
    "liver": Manner(Texture(lobes=0.14), core=0.70, inside=(0.85, 1.0)),
    "kidney": Manner(Texture(lobes=0.10), core=0.75, inside=(0.3, 0.85), exophytic=True),
    "pancreas": Manner(Texture(lobes=0.18), core=0.60, inside=(0.5, 1.0)),
}
OTHER = Texture(lobes=0.14)


LOOKING = {
    "smooth": Texture(lobes=0.03, flattest=0.85),
    "lobulated": Texture(lobes=0.34),
    "spiculated": Texture(lobes=0.14, spikes=0.3),
    "infiltrating": Texture(lobes=0.28, spikes=0.2),
}
"""How irregular lesions are of which the text says it, the last one said counting. Spicules that are thinner than the
labels' voxels belong to the CT."""


def body_of(organ: str, size: float, rng: np.random.Generator, looks: Iterable[str] = ()) -> SolidBody:
    """A random body as a lesion of `size` mm in that organ has it; looks: of description.looks.LOOKS."""
    texture = MANNERS[organ].texture if organ in MANNERS else OTHER
    for look in looks:
        texture = LOOKING.get(look, texture)
    return SolidBody(texture if size > SMOOTH_MM else replace(texture, spikes=0.0), rng)


class Solid:
    """A body about a position (voxels, z y x) of a label volume uint8 [z, y, x], in the box that it may come to fill.

    `part` are the labels of the box; `size` is the longest extent in mm that it is to have.
    """

    def __init__(self, labels: np.ndarray, spacing: Spacing, body: SolidBody, centre: np.ndarray, size: float) -> None:
        self.spacing, self.body, self.size = spacing, body, size
        self.box = box_around(centre, 1.1 * size + 2 * max(spacing), labels.shape, spacing)
        self.part = labels[self.box]
        self.offsets = offsets_mm(self.box, centre, spacing)

    @cached_property
    def _gauge(self) -> np.ndarray:
        return self.body.gauge(self.offsets)

    def grow(self, allowed: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Its voxels within the allowed ones of the box, the scale in mm and the longest extent in mm; see `grow`."""
        return grow(self._gauge, allowed, self.size, self.spacing)

    def pushed(self, scale: float, core: float, movable: np.ndarray) -> np.ndarray:
        """The labels of the box after it has pushed aside what is movable; see `push`."""
        gauge = self.body.gauge(self.offsets, spikes=False)
        return push(self.part, gauge, self.offsets, scale, core, movable, self.spacing)
