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
HIGH = 0.2
"""Of a body above its middle: where pedicles and transverse processes are."""
LOW = 0.1
"""Of the pitch below the middle of the body: where the spinous process begins."""
LUMBAR_FROM = 32.0
"""Least depth of a body whose arch is a lumbar one."""


@dataclass(frozen=True)
class Arch:
    """What the arches of a part of the spine have in common, in mm; lamina and its place below the middle of the body
    in parts of the pitch.

    pedicle: half of its thickness and height; lamina: half of its height, how far down; facet: half of the thickness of
    the joints, beside the canal and behind its middle; tip: of the transverse process behind the middle of the canal;
    transverse: half of its thickness, and its height over its thickness; spinous: half of its thickness.
    """

    pedicle: tuple[float, float]
    lamina: tuple[float, float]
    facet: tuple[float, float, float]
    tip: float
    transverse: tuple[float, float]
    spinous: float


LUMBAR = Arch((5.0, 8.0), (0.36, 0.14), (6.2, 4.0, 9.0), 4.0, (3.6, 1.8), 3.8)
THORACIC = Arch((3.8, 7.0), (0.42, 0.2), (5.0, 3.0, 8.0), 15.0, (4.4, 1.2), 3.2)


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
    arch = LUMBAR if form.depth > LUMBAR_FROM else THORACIC
    canal, high = form.canal * s, HIGH * one.body
    thick, tall = arch.pedicle[0] * s, arch.pedicle[1] * s
    pedicle = _rod((back, side, (up - high) * thick / tall), (-11 * s, canal + thick), (3 * s, canal + thick), thick)
    half, low = arch.lamina[0] * one.pitch, arch.lamina[1] * one.pitch
    lamina = _rod((back, side), (2 * s, canal + 2 * s), (REAR * s + 3.5, 0.0), 4.3 * s)
    lamina = np.maximum(lamina, np.abs(up + low) - half)
    facet, behind = canal + arch.facet[1] * s, arch.facet[2] * s
    ends = ((0.58 * one.pitch, behind, facet), (-0.6 * one.pitch, behind, facet))
    joint = _rod((up, back, side), *ends, arch.facet[0] * s)
    root, tip = (4 * s, canal + 3 * s), (arch.tip * s, form.across * s * one.processes)
    transverse = _rod((back, side, (up - high) / arch.transverse[1]), root, tip, arch.transverse[0] * s)
    spinous = np.maximum(_spinous(up, back, one), side - arch.spinous * s)
    joined = pedicle
    for part in (lamina, joint, transverse, spinous):
        joined = _joined(joined, part)
    inside = np.hypot(out / canal, (back - (FRONT + REAR) * s / 2) / ((REAR - FRONT) * s / 2)) - 1
    return np.maximum(joined, -inside * np.float32(REAR * s))  # the canal stays free


def _spinous(up: Field, back: Field, one: Vertebra) -> Field:
    """Signed distance to the spinous process as seen from the side."""
    form, s = one.form, one.scale
    angle, reach = np.radians(form.falls), form.spinous * s * one.processes
    start, low = REAR * s + 3, -LOW * one.pitch
    point = (start + reach * np.cos(angle), low - reach * np.sin(angle))
    return _rod((back, up), (start, low), point, form.tall * s)


def _rod(at: tuple[Field, ...], start: tuple[float, ...], end: tuple[float, ...], radius: float) -> Field:
    """Signed distance to a rod with round ends; start and end lie at 0 on the axes that only `at` has."""
    zero = (0.0,) * (len(at) - len(start))
    first, last = np.array([*start, *zero]), np.array([*end, *zero])
    along = last - first
    share = sum((a - f) * d for a, f, d in zip(at, first, along, strict=True)) / float(along @ along)
    share = np.clip(share, 0, 1)
    squares = sum((a - f - share * d) ** 2 for a, f, d in zip(at, first, along, strict=True))
    return np.asarray(np.sqrt(squares) - radius, np.float32)


def _joined(a: Field, b: Field) -> Field:
    """Smooth minimum of two distances: a fillet of some JOIN_MM where both meet."""
    near = np.clip(0.5 + 0.5 * (b - a) / JOIN_MM, 0, 1)
    return np.asarray(b + (a - b) * near - JOIN_MM * near * (1 - near), np.float32)
