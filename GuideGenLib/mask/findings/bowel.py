"""Wide bowel, as above an obstruction: loops of small bowel, and the parts of the colon up to where it is closed.

Wide loops lie where small bowel and the fat of its mesentery are; the colon grows about its own middle. Both take the
place of what is around them and push nothing.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING, largest_component
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.colon import COURSES, bowel_frame, bowel_voxels, parts_of
from GuideGenLib.mask.findings.masses import around
from GuideGenLib.mask.findings.shapes import Spacing, smooth_noise
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spaces import peritoneum

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LOOP_MM = (90.0, 190.0)
"""Length of the stretch of a loop between two bends."""
BENT_MM = (60.0, 150.0)
"""Radius of the arc that it is."""
LOOPS_MM = 900.0
"""Length of all of them, at a width of FOR_MM; wider bowel is longer above the obstruction."""
FOR_MM = 38.0
CANDIDATES = 900
LEAST_FIT, WORST_FIT = 0.7, 0.3
"""Share of a loop's width that must find room, on average and at its narrowest."""
STEP_MM = 6.0
FULL, SHORT = 0.9, 8
"""Where less of the width than this share finds room, loops are short: so many steps of their courses."""
SOFT = ("small_bowel", "torso_fat", "body")
TAPER, WAVES = 0.12, 1.7
"""How much a loop's width varies along it, and how often."""
CLOSED_BEHIND = "descending"
"""The last wide part of the colon where no text tells what closes it: the sigmoid is the commonest."""
NAMES = list(COURSES)
WIDTHS = (1.0, 0.95, 0.85, 0.78, 0.72, 0.62, 0.7, 0.75)
"""Of the parts of a wide colon, in parts of that of the cecum, which is the widest; by judgement."""
GIVING = (1.0, 1.0, 0.7, 0.4, 0.0, 0.0, 0.0, 0.0)
"""How much further than asked a part reaches from its middle where walls keep the colon from its width: its beginning
alone gives way, or all of the belly would be colon."""
INTO_BOWEL_MM = 10.0
"""How far into the small bowel the colon goes behind its beginning: loops keep their room."""
ROOM_OF_COLON = ("torso_fat", "body")
ROUNDS = 5
HAUSTRA_MM, HAUSTRA = 32.0, 3.0
"""How far apart the pouches of the colon are, and how far they stand out, as standard deviation in mm."""
CORE = 0.75
"""Of the depth about it: from there on a voxel of the colon is its middle."""
AROUND_MM, BLEND_MM = 24.0, 8.0
FEWEST_MM = 5.0


def wide_loops(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, count: int, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> list[tuple[Labels, Mask]]:  # fmt: skip
    """Loops of small bowel `size` mm wide."""
    bowel = labels == values()["small_bowel"]
    if not bowel.any():
        raise LesionError(f"the region does not show the place of a {recipe.name}", "choose one that does")
    room = (bowel | peritoneum(labels, spacing[0], "behind").room) & ~blocked
    clear = np.asarray(ndimage.distance_transform_edt(room, sampling=spacing), np.float32)
    courses = _courses(clear, bowel, spacing, rng)
    taken = _loops(courses, room, clear, size, spacing)
    if not taken.any() or calibre(labels, taken, spacing) < FULL * size:
        short = [course[abs(np.arange(len(course)) - len(course) // 2) <= SHORT // 2] for course in courses]
        short.sort(key=lambda course: -float(_room(course, clear, size / 2).min()))
        again = _loops(short, room, clear, size, spacing)
        taken = again if again.any() else taken
    result = labels.copy()
    result[taken] = values()[str(recipe.label and recipe.label["key"])]
    return [(result, taken)]


def _loops(
    courses: Sequence[NDArray[np.float64]], room: Mask, clear: NDArray[np.float32], size: float, spacing: Spacing
) -> Mask:
    """Loops of `size` mm along those of the courses that find room, one after another; clear: mm to what is no room."""
    free, clear, taken = room.copy(), clear.copy(), np.zeros(room.shape, bool)
    wanted, length = LOOPS_MM * (size / FOR_MM) ** 0.5, 0.0
    for course in courses:
        if length > wanted - LOOP_MM[0] / 2:
            break
        if not _fits(course, clear, size / 2):
            continue
        loop = _along(course, size / 2, room.shape, spacing) & free
        if not loop.any():
            continue
        loop = largest_component(loop)
        taken |= loop
        length += float(np.linalg.norm(np.diff(course * spacing, axis=0), axis=1).sum())
        near = around(loop, size / 2, spacing)
        walled = ndimage.binary_dilation(loop[near], TOUCHING)
        free[near] &= ~walled
        clear[near] = np.minimum(clear[near], ndimage.distance_transform_edt(~walled, sampling=spacing))
    return taken


def _courses(
    clear: NDArray[np.float32], bowel: Mask, spacing: Spacing, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Arcs [n, 3] in voxels about voxels of the bowel, those with the most room for a loop first, whatever its width:
    wider loops lie where narrower ones do. clear: mm from each voxel to what is no room."""
    places = np.argwhere(bowel)
    starts, draws = places[rng.integers(len(places), size=CANDIDATES)], rng.uniform(size=(CANDIDATES, 5))
    courses = [start + _arc(draw) / np.asarray(spacing) for start, draw in zip(starts, draws, strict=True)]
    rooms = [_room(course, clear, FOR_MM / 2) for course in courses]
    return [courses[number] for number in sorted(range(CANDIDATES), key=lambda number: -float(rooms[number].mean()))]


def _room(course: NDArray[np.float64], clear: NDArray[np.float32], radius: float) -> NDArray[np.float64]:
    """Share of a radius in mm that has room at each point of a course."""
    index = np.rint(course).astype(int)
    inside = ((index >= 0) & (index < clear.shape)).all(axis=1)
    index = np.clip(index, 0, np.array(clear.shape) - 1)
    return np.asarray(np.minimum(clear[tuple(index.T)] / radius, 1) * inside)


def _fits(course: NDArray[np.float64], clear: NDArray[np.float32], radius: float) -> bool:
    room = _room(course, clear, radius)
    return bool(room.mean() >= LEAST_FIT and room.min() > WORST_FIT)


def _arc(draw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [n, 3] in mm from the middle of an arc: more across the body than along it."""
    length = LOOP_MM[0] + draw[0] ** 2 * (LOOP_MM[1] - LOOP_MM[0])
    radius = BENT_MM[0] + draw[1] * (BENT_MM[1] - BENT_MM[0])
    angle = np.arange(-length / 2, length / 2 + 1, STEP_MM) / radius
    tilt, turn = (draw[2] - 0.5) * np.pi * 0.9, draw[3] * 2 * np.pi
    along = np.array([np.sin(tilt), 0.35 * (draw[4] - 0.5), np.cos(tilt)])
    along /= np.linalg.norm(along)
    out = np.array([np.cos(turn), np.sin(turn), 0.0])
    out -= (out @ along) * along
    out /= max(float(np.linalg.norm(out)), 1e-6)
    return radius * (np.sin(angle)[:, None] * along + (np.cos(angle) - 1)[:, None] * out)


def _along(course: NDArray[np.float64], radius: float, shape: tuple[int, ...], spacing: Spacing) -> Mask:
    """What is within a radius in mm of a course in voxels; the width varies along it."""
    mm = course * spacing
    fine = np.concatenate([np.linspace(a, b, 4, endpoint=False) for a, b in pairwise(mm)] + [mm[-1:]])
    at = np.linspace(0, 1, len(fine))
    wave = 1 - TAPER * (0.5 + 0.5 * np.cos(2 * np.pi * (WAVES * at + course[0].sum())))
    result = np.zeros(shape, bool)
    low = np.maximum(np.floor((fine.min(axis=0) - radius) / spacing).astype(int), 0)
    high = np.minimum(np.ceil((fine.max(axis=0) + radius) / spacing).astype(int) + 1, shape)
    if (high <= low).any():
        return result
    grid = np.stack(np.meshgrid(*(np.arange(a, b) * s for a, b, s in zip(low, high, spacing, strict=True)),
                                indexing="ij"), -1)  # fmt: skip
    inside = np.zeros(grid.shape[:3], bool)
    for point, share in zip(fine[::2], wave[::2], strict=True):
        inside |= ((grid - point) ** 2).sum(axis=-1) <= (radius * share) ** 2
    result[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = inside
    return result


def wide_colon(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, count: int, size: float, blocked: Mask,
    rng: np.random.Generator,
) -> list[tuple[Labels, Mask]]:  # fmt: skip
    """The colon from its beginning to where it is closed, up to `size` mm wide."""
    colon = bowel_voxels(labels) & ~blocked
    if not colon.any():
        raise LesionError(f"the region does not show the place of a {recipe.name}", "choose one that does")
    number = _part_numbers(labels, colon, spacing)
    last = NAMES.index(finding.site) - 1 if finding.site in NAMES[1:] else NAMES.index(CLOSED_BEHIND)
    part = colon & (number <= last)
    if not part.any():
        raise LesionError("the region does not show the colon before the obstruction", "choose one that does")
    width, own = _widths(colon, part, number, spacing)
    width += HAUSTRA * smooth_noise(labels.shape, HAUSTRA_MM, spacing, rng)
    more = ndimage.gaussian_filter(np.array([*GIVING, 0.0], np.float32)[own], BLEND_MM / np.asarray(spacing))
    soft = (select(labels, ROOM_OF_COLON) & peritoneum(labels, spacing[0], "behind").room) & ~blocked
    near = ndimage.distance_transform_edt(~part, sampling=spacing) <= INTO_BOWEL_MM
    soft |= (labels == values()["small_bowel"]) & ~blocked & (near | (own <= 1)) | part
    low, high, taken = 0.0, 1.5 * size, part
    for _ in range(ROUNDS):
        level = (low + high) / 2
        reach = min(level, size) + max(level - size, 0.0) * more
        taken = part | soft & _apart(width <= reach / 2, own)
        got = calibre(labels, taken, spacing)
        if abs(got - size) <= spacing[0] / 2:
            break
        low, high = (level, high) if got < size else (low, level)
    taken = largest_component(taken)
    result = labels.copy()
    result[taken] = values()[str(recipe.label and recipe.label["key"])]
    return [(result, taken)]


def _part_numbers(labels: Labels, colon: Mask, spacing: Spacing) -> NDArray[np.int8]:
    """The number of its part in each voxel of the colon."""
    voxels = np.argwhere(colon)
    names = parts_of(voxels, bowel_frame(labels, spacing), spacing)
    result = np.full(labels.shape, len(NAMES), np.int8)
    result[tuple(voxels.T)] = [NAMES.index(str(name)) for name in names]
    return result


def _widths(
    colon: Mask, part: Mask, number: NDArray[np.int8], spacing: Spacing
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """How far in mm each voxel is from the middle of the colon, more where it is narrower than its beginning; and the
    number of the part whose middle is nearest."""
    deep = np.asarray(ndimage.distance_transform_edt(np.pad(colon, 1), sampling=spacing))[1:-1, 1:-1, 1:-1]
    reach = int(np.ceil(AROUND_MM / min(spacing))) | 1
    middle = part & (deep >= CORE * ndimage.maximum_filter(deep, reach)) & (deep >= FEWEST_MM)
    middle = middle if middle.any() else part
    away, nearest = ndimage.distance_transform_edt(~middle, sampling=spacing, return_indices=True)
    own = number[tuple(nearest)]
    share = np.array([*WIDTHS, 1.0], np.float32)[own]
    smooth = ndimage.gaussian_filter(share, BLEND_MM / np.asarray(spacing))
    return np.asarray(away / smooth, np.float32), own


def _apart(mask: Mask, own: NDArray[np.int8]) -> Mask:
    """Without what lies between two parts that do not follow each other: their walls stay apart."""
    result = mask.copy()
    for axis in range(3):
        for step in (1, -1):
            other = np.roll(own, step, axis)
            result &= ~(np.abs(other - own) > 1)
    return result


def calibre(labels: Labels, bowel: Mask, spacing: Spacing) -> float:
    """The largest width in mm: of the largest ball that lies in it."""
    (box,) = ndimage.find_objects(bowel.view(np.uint8))
    deep = ndimage.distance_transform_edt(np.pad(bowel[box], 1), sampling=spacing)
    return float(2 * deep.max() - spacing[0])
