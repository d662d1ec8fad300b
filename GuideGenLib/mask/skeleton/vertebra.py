"""One vertebra as a solid: signed distances to its body and arch in a frame of its own.

The frame: up along the spine from the middle of the body, back from the middle of the canal, and out to either side, in
mm. Parts are rounded solids about segments, joined by a smooth minimum, so that no seam shows between them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.mask.skeleton.levels import Form

Field = NDArray[np.float32]
FRONT, REAR = -7.0, 6.5
"""mm behind the middle of the canal: the body ends, and the arch begins."""
ROUND = 2.4
"""Exponent of the outline of a body: 2 is an ellipse, more is fuller."""
WAIST = 0.1
"""Part of its width that a body lacks at half its height."""
JOIN_MM = 2.5
LUMBAR_FROM = 32.0
"""Least depth of a body whose processes are lumbar: plates in place of rods."""


@dataclass(frozen=True)
class Vertebra:
    """A form at its place: height of its body in mm, pitch with its disc, scale of its width, and of its processes."""

    form: Form
    body: float
    pitch: float
    scale: float
    processes: float = 1.0


def outline(back: Field, out: Field, form: Form, scale: Field | float) -> Field:
    """Signed distance in mm to the outline of bodies and discs, seen from above; negative inside."""
    wide, deep = form.width * scale / 2, form.depth * scale / 2
    middle = FRONT * scale - deep
    radius = (np.abs(out / wide) ** ROUND + np.abs((back - middle) / deep) ** ROUND) ** (1 / ROUND)
    return np.asarray((radius - 1) * np.minimum(wide, deep), np.float32)


def body_distance(up: Field, back: Field, out: Field, one: Vertebra) -> Field:
    """Signed distance to the body: its outline, narrower in the middle, between its end plates."""
    waist = 1 - WAIST * np.clip(1 - (2 * up / one.body) ** 2, 0, 1)
    return np.maximum(outline(back, out, one.form, one.scale * waist), np.abs(up) - one.body / 2)


def arch_distance(up: Field, back: Field, out: Field, one: Vertebra) -> Field:
    """Signed distance to pedicles, laminae, joints and processes."""
    form, s, side = one.form, one.scale, np.abs(out)
    lumbar = form.depth > LUMBAR_FROM
    canal, high = form.canal * s, 0.2 * one.body
    thick = (5.0 if lumbar else 3.8) * s
    tall = (8.0 if lumbar else 7.0) * s
    pedicle = _rod((back, side, (up - high) * thick / tall), (-11 * s, canal + thick), (3 * s, canal + thick), thick)
    lamina = _plate((back, side), (2 * s, canal + 2 * s), (REAR * s + 3.5, 0.0), 4.3 * s)
    half, low = (0.36 if lumbar else 0.42) * one.pitch, (0.14 if lumbar else 0.2) * one.pitch
    lamina = np.maximum(lamina, np.abs(up + low) - half)
    facet, behind = canal + (4.0 if lumbar else 3.0) * s, (9.0 if lumbar else 8.0) * s
    joint = _rod((up, back, side), (0.58 * one.pitch, behind, facet), (-0.6 * one.pitch, behind, facet),
                 (6.2 if lumbar else 5.0) * s)  # fmt: skip
    far, tip = form.across * s * one.processes, (4.0 if lumbar else 15.0) * s
    flat = 1.8 if lumbar else 1.2
    root, slim = (4 * s, canal + 3 * s), (3.6 if lumbar else 4.4) * s
    transverse = _rod((back, side, (up - high) / flat), root, (tip, far), slim)
    angle, reach = np.radians(form.falls), form.spinous * s * one.processes
    start, low = REAR * s + 3, -0.1 * one.pitch
    point = (start + reach * np.cos(angle), low - reach * np.sin(angle))
    spinous = _plate((back, up), (start, low), point, form.tall * s)
    thin = (3.8 if lumbar else 3.2) * s
    spinous = np.maximum(spinous, side - thin)
    parts = [pedicle, lamina, joint, transverse, spinous]
    joined = parts[0]
    for part in parts[1:]:
        joined = _joined(joined, part)
    inside = np.hypot(out / canal, (back - (FRONT + REAR) * s / 2) / ((REAR - FRONT) * s / 2)) - 1
    return np.maximum(joined, -inside * np.float32(REAR * s))  # the canal stays free


def _rod(at: tuple[Field, ...], start: tuple[float, ...], end: tuple[float, ...], radius: float) -> Field:
    """Signed distance to a rod with round ends; axes of `at` that start and end do not have lie at 0."""
    zero = (0.0,) * (len(at) - len(start))
    first, last = np.array([*start, *zero]), np.array([*end, *zero])
    along = last - first
    share = sum((a - f) * d for a, f, d in zip(at, first, along, strict=True)) / float(along @ along)
    share = np.clip(share, 0, 1)
    squares = sum((a - f - share * d) ** 2 for a, f, d in zip(at, first, along, strict=True))
    return np.asarray(np.sqrt(squares) - radius, np.float32)


_plate = _rod
"""In a plane: a band, whose third extent is limited apart."""


def _joined(a: Field, b: Field) -> Field:
    """Smooth minimum of two distances: a fillet of some JOIN_MM where both meet."""
    near = np.clip(0.5 + 0.5 * (b - a) / JOIN_MM, 0, 1)
    return np.asarray(b + (a - b) * near - JOIN_MM * near * (1 - near), np.float32)
