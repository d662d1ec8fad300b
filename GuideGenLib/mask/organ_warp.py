"""An organ grown or shrunk about its middle by a smooth flow, its neighbours pushed aside or drawn in.

The flow is made of small steps. In each, points in the organ move away from its middle (or towards it) in proportion to
their distance from it. What lies outside moves with the nearest point of its surface, the less the farther away, as
what flows out of a ball does; firm organs are pushed as a whole. The motion comes to rest before bones, spine, aorta
and body wall: across the wall within WALL_MM of it, along it only close by, so that an organ slides along its wall.
Small steps of a smooth motion fold and tear nothing. Labels are looked up once, at the end, along the whole way.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Box, longest_extent
from GuideGenLib.mask.findings.tissue import BODY_WALL, WALL_MUSCLE_MM

REACH_MM = 45.0
WALL_MM, SLIDE_MM = 15.0, 6.0
LARGEST_STEP = 0.12
"""Of the log of the radius in one step."""
STEPS = 30
FINE_MM, COARSE_MM = 3.0, 6.0
"""Spacing of the flow's grid for organs up to LARGE_MM long, and for larger ones."""
LARGE_MM = 75.0
CLOSE = 0.02
CORRECTIONS = 3
FIRM = ("liver", "spleen", "kidney_left", "kidney_right", "heart", "gallbladder", "adrenal_left", "adrenal_right",
        "uterus", "stomach", "stomach_gas", "portal_splenic_vein", "inferior_vena_cava", "iliac_artery_left",
        "iliac_artery_right")  # fmt: skip
"""What is pushed as a whole."""
HELD = (
    *BODY_WALL, "aorta", "prostate", "vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "spinal_cord",
    "scapula_left", "scapula_right", "clavicle_left", "clavicle_right", "humerus_left", "humerus_right", "femur_left",
    "femur_right", "iliopsoas_left", "iliopsoas_right",
)  # fmt: skip
"""What keeps its place, with the muscle of the body wall."""
Field = NDArray[np.float32]


@dataclass(frozen=True)
class Aim:
    """Volume in ml and length in mm that an organ shall have; None: any. `craniocaudal`: which length."""

    volume_ml: float | None = None
    length_mm: float | None = None
    craniocaudal: bool = False


def length_of(organ: NDArray[np.bool_], spacing: float, craniocaudal: bool) -> float:
    """Longest extent in mm, or that from top to bottom, of a boolean volume of isotropic spacing; 0 if it is empty."""
    if craniocaudal:
        planes = np.flatnonzero(organ.any(axis=(1, 2)))
        return float(planes[-1] - planes[0] + 1) * spacing if len(planes) else 0.0
    return longest_extent(organ, (spacing,) * 3)


def resized(
    labels: NDArray[np.uint8], keys: tuple[str, ...], spacing: float, aim: Aim, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """A copy of labels [z, y, x] (isotropic spacing in mm) in which the organ of these labels is as it is aimed at, or
    as near to it as the body has room. kept: voxels that stay as they are."""
    organ = table_of(keys)[labels]
    box = _box(organ, spacing, aim)
    part = labels[box]
    ends = (bool(organ[0].any()), bool(organ[-1].any()))
    stride, goal_mm = 1, COARSE_MM if length_of(organ[box], spacing, False) > LARGE_MM else FINE_MM
    while 2 * stride * spacing < 1.3 * goal_mm:
        stride *= 2
    flow = _Flow(part, keys, spacing, stride, ends, None if kept is None else kept[box])
    result = labels.copy()
    goal = aim
    for _ in range(CORRECTIONS):
        _run(flow, goal, spacing, upwards=any(ends))
        result[box] = _looked_up(part, flow.displacement(), flow.held)
        lengthwise, across = _lacking(table_of(keys)[result[box]], aim, spacing)
        if max(abs(lengthwise), abs(across)) < CLOSE:
            break
        goal = _corrected(goal, lengthwise, across)
    return result


def _run(flow: "_Flow", aim: Aim, spacing: float, upwards: bool) -> None:
    """Steps until what the flow counts is what is aimed at. Walls take a part of each step: the next one is larger by
    it. An organ that the volume cuts is but a slice of itself, which grows in height first."""
    gain, before, asked = np.ones(2), np.zeros(2), np.zeros(2)
    for _ in range(STEPS):
        organ = flow.organ()
        lacking = np.array(_lacking(organ, aim, spacing))
        if np.abs(lacking).max() < CLOSE / 3:
            return
        if asked.any():
            gain = np.clip(np.abs(asked) / np.maximum(np.abs(before - lacking), 1e-3), 0.7, 4.0)
        before, asked = lacking, np.clip(gain * lacking, -LARGEST_STEP, LARGEST_STEP)
        lengthwise, across = (float(g) for g in asked)
        if upwards and aim.length_mm is None:
            lengthwise, across = 2 * lengthwise, 0.5 * across
        flow.step(organ > 0.5, lengthwise, across, aim.craniocaudal or upwards)


def _corrected(goal: Aim, lengthwise: float, across: float) -> Aim:
    """What to aim at so that the looked-up labels, which are not quite what was counted, meet the aim."""
    volume = None if goal.volume_ml is None else goal.volume_ml * float(np.exp(lengthwise + 2 * across))
    length = None if goal.length_mm is None else goal.length_mm * float(np.exp(lengthwise))
    return Aim(volume, length, goal.craniocaudal)


def _box(organ: NDArray[np.bool_], spacing: float, aim: Aim) -> Box:
    """The part of a volume that the flow may change: the organ, what it grows by, and the reach."""
    (box,) = ndimage.find_objects(organ.view(np.uint8))
    grown = 1.0
    if aim.volume_ml is not None:
        grown = (aim.volume_ml / (float(organ[box].sum()) * spacing**3 / 1000)) ** (1 / 3)
    if aim.length_mm is not None:
        grown = max(grown, aim.length_mm / length_of(organ[box], spacing, aim.craniocaudal))
    longest = max(s.stop - s.start for s in box)
    margin = int(np.ceil(REACH_MM / spacing + max(grown - 1, 0) * longest)) + 2
    z, y, x = (slice(max(s.start - margin, 0), min(s.stop + margin, n)) for s, n in zip(box, organ.shape, strict=True))
    return z, y, x


def _lacking(organ: NDArray[Any], aim: Aim, spacing: float) -> tuple[float, float]:
    """Logs of the factors that length and width of an organ (part of each voxel) lack; half a voxel counts not."""
    volume = length = 0.0
    if aim.volume_ml is not None:
        volume = float(np.log(aim.volume_ml * 1000 / max(organ.sum() * spacing**3, 1.0)))
    if aim.length_mm is not None:
        found = length_of(organ > 0.5, spacing, aim.craniocaudal)
        if abs(found - aim.length_mm) > 0.51 * spacing:
            length = float(np.log(aim.length_mm / max(found, spacing)))
    if aim.volume_ml is None:
        return length, length
    if aim.length_mm is None:
        return volume / 3, volume / 3
    return length, (volume - length) / 2


class _Flow:
    """The way back from each voxel of a part of a volume to where its tissue came from, in voxels of its own grid."""

    def __init__(
        self, part: NDArray[np.uint8], keys: tuple[str, ...], spacing: float, stride: int,
        ends: tuple[bool, bool], kept: NDArray[np.bool_] | None,
    ) -> None:  # fmt: skip
        self.shape, self.stride, self.mm = part.shape, stride, spacing * stride
        self.held = _held(part, keys, spacing)
        if kept is not None:
            self.held |= kept
        self._organ = table_of(keys)[part].astype(np.float32)
        blocks = _blocks(self.held, stride)
        away = np.asarray(ndimage.distance_transform_edt(~blocks), np.float32) * np.float32(self.mm)
        self._across, self._along = _ramp(away / WALL_MM), _ramp(away / SLIDE_MM)
        self._normal = _unit(np.stack(np.gradient(ndimage.gaussian_filter(away, 6.0 / self.mm))).astype(np.float32))
        self._margin = _margin(blocks.shape, self.mm, ends)
        firm = [values()[key] for key in FIRM if key not in keys]
        self._firm = np.where(np.isin(part, firm), part, 0)[::stride, ::stride, ::stride]
        self._grid = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in blocks.shape), indexing="ij"))
        self._back = np.zeros_like(self._grid)

    def displacement(self) -> Field:
        """[3, z, y, x] in voxels of the labels."""
        back = self._back * np.float32(self.stride)
        for _ in range(self.stride.bit_length() - 1):
            back = _doubled(back)
        return back[:, : self.shape[0], : self.shape[1], : self.shape[2]]

    def organ(self) -> Field:
        """The part of each voxel of the labels that is the organ's now."""
        back = self.displacement()
        moved = (np.abs(back) > 0.01).any(axis=0)
        result = self._organ.copy()
        where = np.argwhere(moved).T
        result[moved] = ndimage.map_coordinates(self._organ, where + back[:, moved], order=1, mode="nearest")
        result[self.held] = self._organ[self.held]
        return np.clip((result - 0.5) * 4 + 0.5, 0, 1)  # a looked-up label is there or not: steeper than the mean

    def step(self, organ: NDArray[np.bool_], lengthwise: float, across: float, craniocaudal: bool) -> None:
        """Grow the organ, a boolean volume of the part, by the logs of the factors on its length and width."""
        organ = organ[:: self.stride, :: self.stride, :: self.stride]
        points = np.argwhere(organ).astype(np.float32)
        if len(points) < 4:
            return
        middle = points.mean(axis=0)
        axis = np.array([1.0, 0.0, 0.0])
        if not craniocaudal and lengthwise != across:
            axis = np.linalg.eigh(np.cov((points - middle).T))[1][:, -1]
        away, nearest = ndimage.distance_transform_edt(~organ, return_indices=True)
        away = np.asarray(away, np.float32) * np.float32(self.mm)
        offset = nearest.astype(np.float32) - middle[:, None, None, None].astype(np.float32)
        velocity = np.float32(across) * offset
        if lengthwise != across:
            along = np.einsum("i,izyx->zyx", axis.astype(np.float32), offset)
            velocity += np.float32(lengthwise - across) * along * axis[:, None, None, None].astype(np.float32)
        radius = np.float32(self.mm * (3 * len(points) / (4 * np.pi)) ** (1 / 3))
        reach = np.float32(REACH_MM) + radius / 2
        velocity *= (radius / (radius + away)) ** 2 * (1 - _ramp(away / reach)) * self._margin
        velocity = np.stack([ndimage.gaussian_filter(v, 4.0 / self.mm) for v in velocity])
        self._follow(self._before_walls(self._firmly(self._before_walls(velocity))))

    def _before_walls(self, velocity: Field) -> Field:
        into_wall = np.einsum("izyx,izyx->zyx", velocity, self._normal) * self._normal
        return self._along * (velocity - into_wall) + self._across * into_wall

    def _firmly(self, velocity: Field) -> Field:
        """Firm neighbours move as a whole."""
        last = np.array(self._firm.shape)[:, None, None, None] - 1
        now = self._firm[tuple(np.clip(np.rint(self._grid + self._back).astype(np.intp), 0, last))]
        result = velocity
        for value in np.unique(now[now > 0]):
            inside = now == value
            mean = velocity[:, inside].mean(axis=1)[:, None, None, None]
            share = np.clip(2 * ndimage.gaussian_filter(inside.astype(np.float32), 6.0 / self.mm), 0, 1)
            result = result + share * (mean - result)
        return result

    def _follow(self, velocity: Field) -> None:
        """The way back once more: a step against the motion, then the way so far."""
        half = self._at(velocity, self._grid - 0.5 * velocity)
        start = self._grid - half
        self._back = self._at(self._back, start) - half

    @staticmethod
    def _at(field: Field, places: Field) -> Field:
        return np.stack([ndimage.map_coordinates(f, places, order=1, mode="nearest") for f in field])


def _held(part: NDArray[np.uint8], keys: tuple[str, ...], spacing: float) -> NDArray[np.bool_]:
    """Bones, spine, skin, and the muscle that lies against them."""
    wall = table_of(key for key in HELD if key not in keys and (key != "aorta" or "heart" not in keys))[part]
    muscle = part == values()["muscle"]
    if not muscle.any() or not wall.any():
        return wall | muscle
    near = ndimage.distance_transform_edt(~wall, sampling=spacing) <= WALL_MUSCLE_MM
    held: NDArray[np.bool_] = wall | (muscle & near)
    return held


def _blocks(mask: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """On every stride-th voxel: whether it or its neighbours before the next one are set."""
    if stride == 1:
        return mask
    padded = np.pad(mask, [(0, -n % stride) for n in mask.shape], mode="edge")
    z, y, x = (n // stride for n in padded.shape)
    return np.asarray(padded.reshape(z, stride, y, stride, x, stride).any(axis=(1, 3, 5)), dtype=bool)


def _ramp(t: Field) -> Field:
    """0 to 1 while t goes from 0 to 1, smooth at both ends."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _unit(vectors: Field) -> Field:
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(axis=0)), np.float32(1e-3))


def _margin(shape: tuple[int, ...], mm: float, ends: tuple[bool, bool]) -> Field:
    """0 at the border of the part, 1 within: what lies beyond stays as it is. `ends`: not at the first and last slice,
    where the organ itself is cut by the end of the volume."""
    result = np.ones(shape, np.float32)
    for axis, n in enumerate(shape):
        place = np.arange(n, dtype=np.float32) * np.float32(mm / 12.0)
        start = np.ones(n, np.float32) if axis == 0 and ends[0] else _ramp(place)
        end = np.ones(n, np.float32) if axis == 0 and ends[1] else _ramp(place[::-1])
        result = result * (start * end).reshape([-1 if a == axis else 1 for a in range(3)])
    return result


def _doubled(field: Field) -> Field:
    """[3, z, y, x] with the middle of each two neighbours in between."""
    for axis in (1, 2, 3):
        last = np.take(field, [-1], axis=axis)
        following = np.concatenate([np.delete(field, 0, axis=axis), last], axis=axis)
        shape = list(field.shape)
        shape[axis] *= 2
        field = np.stack([field, 0.5 * (field + following)], axis=axis + 1).reshape(shape)
    return field


def _looked_up(part: NDArray[np.uint8], back: Field, held: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The labels along the way back: of the eight voxels about a place the label with the largest share. What is held
    stays, and nothing takes its label."""
    moved = (np.abs(back) > 0.02).any(axis=0) & ~held
    at = np.argwhere(moved).T + back[:, moved]
    at = np.clip(at, 0, np.array(part.shape)[:, None] - 1.001)
    corner = np.floor(at).astype(np.int32)
    share = (at - corner).astype(np.float32)
    found, weights = [], []
    for index in np.ndindex(2, 2, 2):
        z, y, x = (corner[axis] + index[axis] for axis in range(3))
        found.append(np.where(held[z, y, x], 0, part[z, y, x]))
        factors = [share[axis] if index[axis] else 1 - share[axis] for axis in range(3)]
        weights.append(factors[0] * factors[1] * factors[2])
    labels, weight = np.stack(found), np.stack(weights)
    weight[labels == 0] = 0
    best, most = part[moved].copy(), np.zeros(labels.shape[1], np.float32)
    for label in labels:
        total = np.where(labels == label, weight, 0).sum(axis=0)
        better = (total > most) & (label > 0)
        best[better], most[better] = label[better], total[better]
    result = part.copy()
    result[moved] = best
    return result
