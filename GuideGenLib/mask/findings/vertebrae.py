"""Vertebral bodies that change: one that has given way in front, and spines with spurs and narrow discs."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spine import FRACTURED, Level, Spine, body_of_level, level_named, spine_of

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BONE = ("vertebrae_lumbar", "vertebrae_thoracic", FRACTURED)
DISC = "body"
"""The label of discs, which have none of their own."""
LIKELY = ("T12", "L1", "T11", "L2", "T8", "T7", "L3", "L4", "T10", "T9")
"""Levels of fractures whose level no text tells, the likeliest first: peaks at T12 to L1 and T7 to T8, by judgement."""
FREQUENCY = (0.22, 0.22, 0.12, 0.1, 0.1, 0.08, 0.05, 0.04, 0.04, 0.03)
WHOLE_MM = 14.0
"""A lower body is cut by the end of the volume, or no body."""
BULGE_FROM = 30.0
"""Percent of height lost from which on the front bulges by a voxel."""
BULGING = 0.6
"""Of the height of the body."""
LOSSES = tuple(range(0, 92, 4))
"""Percent that are tried: voxels make steps of what is lost."""
UPRIGHT, FALLS = 15.0, 50.0
"""Percent that the front of a body may be lower than its back before, and must come to be lower at most, where no text
names it."""
GAP_MM = 2.5
"""At least so much disc is above a body that has given way."""
ENDS = 0.12
"""Of the depth of a body at front and back whose height is not looked at: its edges are round."""
WORN = ("L4", "L5", "L3", "L2", "T11", "T10", "L1", "T9", "T12")
"""Levels below which discs wear out, the likeliest first: Teraguchi, Osteoarthritis Cartilage 2014;22:104."""
SPUR_MM = 8.0
"""How high a spur is at its root, half of it."""
AHEAD = 1.9
"""Radians from straight ahead to where spurs end at the sides."""
ROUNDS, FALLING = 6, 0.88
"""To meet a length; and how much shorter spurs, and wider discs, are at each disc after the first."""
SOFT = ("body", "torso_fat", "muscle", "iliopsoas_left", "iliopsoas_right")
"""What spurs grow into."""
GONE, MOST_GONE = 0.07, 0.6
"""Of a disc that is lost for each mm of the longest spur, and at most."""
REACH_MM = 16.0


def wedge(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, count: int, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> list[tuple[Labels, Mask]]:  # fmt: skip
    """Fractures of so many bodies that have lost `size` percent of their height in front, one after another."""
    spine = _spine(labels, spacing, recipe)
    drawn: list[tuple[Labels, Mask]] = []
    levels, named = _levels(spine, finding, rng), finding.segment is not None
    for number, level in enumerate(levels):
        if not named and len(drawn) == count:
            break
        body = body_of_level(spine, level) & ~blocked
        if not body.any():
            continue
        box = _box(body, 2)
        room = select(labels[box], ("body", "torso_fat")) & ~blocked[box]
        canal = spine.canal[round(float(np.argwhere(body)[:, 0].mean()))] - box[1].start
        tried = [
            _fallen(body[box], spine.height[box], level, canal, lost, room if size >= BULGE_FROM else None)
            for lost in LOSSES
        ]
        losses = [height_lost(labels, one, spacing) for one in tried]
        last = len(levels) - number <= count - len(drawn)
        if not named and not last and not (losses[0] <= UPRIGHT and max(losses) >= FALLS):
            continue  # a body of such a form tells no height
        result, taken = labels.copy(), np.zeros(labels.shape, bool)
        taken[box] = tried[int(np.argmin(np.abs(np.asarray(losses) - size)))]
        result[body] = values()[DISC]
        result[taken] = values()[str(recipe.label and recipe.label["key"])]
        drawn.append((result, taken))
        labels = result
    return drawn


def _box(mask: Mask, margin: int) -> tuple[slice, slice, slice]:
    (box,) = ndimage.find_objects(mask.view(np.uint8))
    z, y, x = (slice(max(s.start - margin, 0), s.stop + margin) for s in box)
    return z, y, x


def _spine(labels: Labels, spacing: Spacing, recipe: Recipe) -> Spine:
    spine = spine_of(labels, spacing)
    if spine is None or not spine.levels:
        raise LesionError(f"the region does not show the place of a {recipe.name}", "choose one that does")
    return spine


def _levels(spine: Spine, finding: Finding, rng: np.random.Generator) -> list[Level]:
    """Those that the finding names, else the likely ones, the first one first."""
    there = {one.name: one for one in spine.levels if one.top - one.bottom >= WHOLE_MM}
    if finding.segment:
        names = finding.segment.split("/")
        missing = next((name for name in names if level_named(spine, name) is None), None)
        if missing:
            raise LesionError(f"the region does not show vertebra {missing}", "choose one that does")
        return [level for name in names if (level := level_named(spine, name)) is not None]
    order = rng.choice(len(LIKELY), len(LIKELY), replace=False, p=FREQUENCY)
    names = [LIKELY[number] for number in order if LIKELY[number] in there] or list(there)
    return [there[name] for name in names]


def _fallen(
    body: Mask, height: NDArray[np.float32], level: Level, canal: float, lost: float, room: Mask | None
) -> Mask:
    """What is left of a body whose upper end falls to the front by so many percent of its height, and, where there is
    room for it, a voxel in front of the lower part, which bulges."""
    y = np.arange(body.shape[1], dtype=np.float32)[None, :, None]
    front = float(np.percentile(np.argwhere(body)[:, 1], 2))
    forwards = np.clip((canal - y) / max(canal - front, 1.0), 0, 1)
    tall = level.top - level.bottom
    upper = np.minimum(level.bottom + tall * (1 - lost / 100 * forwards), level.stop - GAP_MM)
    left = body & (height <= np.maximum(upper, level.bottom))
    if room is None:
        return left
    ahead = np.zeros_like(left)
    ahead[:, :-1] = left[:, 1:]
    return np.asarray(left | (ahead & room & (height < level.bottom + BULGING * tall)))


def height_lost(labels: Labels, body: Mask, spacing: Spacing) -> float:
    """Percent that the front of a body [z, y, x] is lower than its back: the heights of its columns by a line."""
    del labels
    heights = body.sum(axis=0)
    places = np.argwhere(heights > 0)
    if len(places) < 4:
        return 0.0
    front, back = (float(np.percentile(places[:, 0], share)) for share in (2, 98))
    deep = (places[:, 0] - front) / max(back - front, 1.0)
    inner = (deep > ENDS) & (deep < 1 - ENDS)
    slope, start = np.polyfit(deep[inner], heights[heights > 0][inner], 1)
    return float(100 * (1 - start / max(start + slope, 1e-3)))


def spurs(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, count: int, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> list[tuple[Labels, Mask]]:  # fmt: skip
    """Spurs of up to `size` mm at so many discs, which are narrow: one finding, whose voxels are those of the spurs."""
    spine = _spine(labels, spacing, recipe)
    pairs = _discs(spine)
    chosen = [name for name in _worn(finding, rng) if name in pairs][:count] or sorted(pairs)[:count]
    result, room = labels.copy(), select(labels, SOFT) & ~blocked
    for number, name in enumerate(chosen):
        above, below = pairs[name]
        gap = _gap(spine, above, below, spacing)
        room &= ~gap
        lost = min(GONE * size * FALLING**number, MOST_GONE) * (above.bottom - below.top) / 2
        for level, edge in ((above, above.bottom), (below, below.top)):
            near = gap & (np.abs(spine.height - edge) < lost) & (result == values()[DISC]) & ~blocked
            result[near] = values()[level.key]
    rims, long = _rims(spine, [pairs[name] for name in chosen], spacing, rng), size
    for _ in range(ROUNDS):
        taken = _rooted(result, _spurs_at(rims, long, labels.shape) & room)
        got = spur_length(result, taken, spacing) if taken.any() else 0.0
        if abs(got - size) <= spacing[1] / 3:
            break
        long += size - got
    result[taken] = values()[str(recipe.label and recipe.label["key"])]
    return [(result, taken)]


def _rooted(labels: Labels, spurs: Mask) -> Mask:
    """Those of the spurs that stand on a vertebra."""
    parts, count = ndimage.label(spurs)
    if not count:
        return spurs
    bone = ndimage.binary_dilation(select(labels, BONE))
    return np.asarray(np.concatenate([[False], ndimage.maximum(bone, parts, range(1, count + 1)) > 0])[parts])


def _rims(
    spine: Spine, discs: Sequence[tuple[Level, Level]], spacing: Spacing, rng: np.random.Generator
) -> list[tuple[tuple[slice, slice, slice], NDArray[np.float32]]]:
    """About each end plate a box and, for each voxel of it, how long the longest spur must be to reach it."""
    found = []
    for number, (above, below) in enumerate(discs):
        phases = rng.uniform(0, 2 * np.pi, 2)
        for level, edge in ((above, above.bottom), (below, below.top)):
            body = body_of_level(spine, level)
            box = _box(body, int(np.ceil(REACH_MM / min(spacing))))
            found.append((box, _needed(spine, body[box], box, edge, phases, spacing) / np.float32(FALLING**number)))
    return found


def _spurs_at(
    rims: Sequence[tuple[tuple[slice, slice, slice], NDArray[np.float32]]], size: float, shape: tuple[int, ...]
) -> Mask:
    taken = np.zeros(shape, bool)
    for box, needed in rims:
        taken[box] |= needed <= size
    return taken


def _discs(spine: Spine) -> dict[str, tuple[Level, Level]]:
    """The levels above and below each disc, by the name of the one above."""
    down = sorted(spine.levels, key=lambda one: -one.start)
    return {above.name: (above, below) for above, below in pairwise(down)}


def _worn(finding: Finding, rng: np.random.Generator) -> Sequence[str]:
    if finding.segment:
        return [name.upper() for name in finding.segment.split("/")]
    noise = rng.uniform(0, 2.5, len(WORN))
    return [WORN[number] for number in np.argsort(np.arange(len(WORN)) + noise)]


def _gap(spine: Spine, above: Level, below: Level, spacing: Spacing) -> Mask:
    """Between two bodies, as wide as they are."""
    rows = np.flatnonzero((spine.body & (spine.height >= below.start) & (spine.height < above.stop)).any(axis=(1, 2)))
    part = slice(max(rows[0], 0), rows[-1] + 1)
    shadow = np.asarray(spine.body[part].any(axis=0))
    inside = np.zeros(spine.body.shape, bool)
    inside[part] = shadow[None]
    return np.asarray(inside & (spine.height > below.top - spacing[0]) & (spine.height < above.bottom + spacing[0]))


def _needed(
    spine: Spine, body: Mask, box: tuple[slice, slice, slice], edge: float, phases: NDArray[np.float64],
    spacing: Spacing,
) -> NDArray[np.float32]:  # fmt: skip
    """Length in mm of the spurs that reach a voxel from the rim of an end plate: they grow to the front and the sides,
    longest on one side; infinite where none do."""
    away = np.asarray(ndimage.distance_transform_edt(~body, sampling=spacing), np.float32)
    middle = np.argwhere(body).mean(axis=0)
    _, y, x = (axis for axis in np.ogrid[tuple(slice(0, n) for n in body.shape)])
    angle = np.arctan2((x - middle[2]) * spacing[2], (middle[1] - y) * spacing[1])  # 0 in front
    long = 0.7 + 0.2 * np.cos(angle + phases[0]) + 0.1 * np.cos(3 * angle + phases[1])
    root = np.clip(1 - np.abs(spine.height[box] - edge) / SPUR_MM, 0, 1)
    ahead = (np.abs(angle) < AHEAD) & (y + box[1].start < spine.canal[box[0]][:, None, None] - 2 / spacing[1])
    able = (away > 0) & (root > 0) & ahead
    return np.where(able, (away - spacing[1] / 2) / np.maximum(long * root, 1e-3), np.inf).astype(np.float32)


def spur_length(labels: Labels, spur: Mask, spacing: Spacing) -> float:
    """How far spurs stand out from the vertebrae, in mm; the last voxel counts half."""
    bone = select(labels, BONE)
    (box,) = ndimage.find_objects(spur.view(np.uint8))
    wide = tuple(slice(max(s.start - 8, 0), s.stop + 8) for s in box)
    away = ndimage.distance_transform_edt(~bone[wide], sampling=spacing)
    return float(away[spur[wide]].max()) - spacing[1] / 2
