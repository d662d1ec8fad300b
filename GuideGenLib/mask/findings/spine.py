"""The bodies of the vertebrae, which the labels do not tell apart: by level, from the discs between them.

Along a line through the bodies (the height of a voxel is where the plane across that line meets it) bone is least in
the discs. The levels of a part of the spine are looked for where they lie on average and moved to the disc nearest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.skeleton.levels import LUMBAR, PITCH, THORACIC

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BODY_MM = 26.0
"""A body is no farther to the side than this."""
MIDDLE_MM = 12.0
SMOOTH_MM = 14.0
SNAP = 0.3
"""A border is moved to a disc by no more than this part of a level."""
FILLED = 0.45
"""Of the bone of a level: where there is less is its disc."""
FRACTURED = "vertebral_fracture"


@dataclass(frozen=True)
class Level:
    """A vertebral body: its name, the label of its spine, and heights in mm: from and to of its share of the spine
    with half a disc at each end, bottom and top of its bone."""

    name: str
    key: str
    start: float
    stop: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Spine:
    """body: bone in front of the canal [z, y, x]; height: of each voxel, mm upwards along the spine; canal: y where
    the canal begins, in voxels, by z; middle: (y, x) in voxels of the bodies by z."""

    body: Mask
    height: NDArray[np.float32]
    canal: NDArray[np.float64]
    middle: NDArray[np.float64]
    levels: tuple[Level, ...]


def spine_of(labels: Labels, spacing: Spacing) -> Spine | None:
    """The bodies of thoracic and lumbar vertebrae of labels [z, y, x] (canonical frame); None where there are none."""
    bone = select(labels, ("vertebrae_thoracic", "vertebrae_lumbar", FRACTURED))
    rows = np.flatnonzero(bone.any(axis=(1, 2)))
    if len(rows) < 4:
        return None
    canal, across = _canal(labels, bone, rows)
    y, x = np.arange(labels.shape[1])[None, :, None], np.arange(labels.shape[2])[None, None, :]
    body = bone & (y < canal[:, None, None]) & (np.abs(x - across[:, None, None]) * spacing[2] <= BODY_MM)
    middle = _middle(body, spacing)
    slope = np.gradient(middle[:, 0]) * spacing[1] / spacing[0]
    z = np.arange(labels.shape[0])[:, None, None] * spacing[0]
    height: NDArray[np.float64] = z + slope[:, None, None] * (y - middle[:, 0][:, None, None]) * spacing[1] + 0.0 * x
    central = body & (np.abs(x - middle[:, 1][:, None, None]) * spacing[2] <= MIDDLE_MM)
    found = _levels(labels, central, height, spacing)
    return Spine(body, np.asarray(height, np.float32), canal, middle, tuple(found))


def _canal(labels: Labels, bone: Mask, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Front (y) and middle (x) of the canal by z; without a cord half of the bone is taken to be in front of it."""
    cord = labels == values()["spinal_cord"]
    seen = [z for z in rows if cord[z].any()]
    source = cord if len(seen) > len(rows) / 4 else bone
    seen = seen if source is cord else list(rows)
    places = [np.argwhere(source[z]) for z in seen]
    share = 5 if source is cord else 50
    fronts = [float(np.percentile(one[:, 0], share)) for one in places]
    return tuple(  # type: ignore[return-value]
        np.interp(np.arange(len(labels)), seen, told) for told in (fronts, [one[:, 1].mean() for one in places])
    )


def _middle(body: Mask, spacing: Spacing) -> NDArray[np.float64]:
    """(y, x) of the bodies by z, smooth, so that discs and missing voxels do not matter."""
    rows = np.flatnonzero(body.any(axis=(1, 2)))
    told = np.array([np.argwhere(body[z]).mean(axis=0) for z in rows])
    every = np.arange(len(body))
    return np.stack(
        [
            ndimage.gaussian_filter1d(np.interp(every, rows, told[:, axis]), SMOOTH_MM / spacing[0], mode="nearest")
            for axis in (0, 1)
        ],
        axis=1,
    )


def _levels(labels: Labels, central: Mask, height: NDArray[np.float64], spacing: Spacing) -> list[Level]:
    """Lumbar ones first, from the top down; then thoracic ones from the bottom up."""
    found: list[Level] = []
    lumbar = central & select(labels, ("vertebrae_lumbar",))
    thoracic = central & select(labels, ("vertebrae_thoracic",))
    border = _border(height[lumbar], height[thoracic])
    if border is None:
        return found
    ends = [height[central].min(), height[central].max()]
    step = float(spacing[0])
    bins = np.arange(ends[0], ends[1] + step, step)
    bone = np.histogram(height[central], bins)[0].astype(float)
    at = bins[:-1] + step / 2
    whole = {"lumbar": bool((labels == values()["sacrum"]).any()),
             "thoracic": bool((labels == values()["vertebrae_cervical"]).any())}  # fmt: skip
    for names, key, sign, part in ((LUMBAR, "lumbar", -1, lumbar), (THORACIC, "thoracic", 1, thoracic)):
        if not part.any():
            continue
        reach = abs((height[part].min() if sign < 0 else height[part].max()) - border)
        total = sum(PITCH[name] for name in names)
        scale = reach / total if whole[key] else 1.0
        start = border
        for name in names:
            pitch = PITCH[name] * scale
            if abs(start - border) + 0.6 * pitch > reach:
                break
            stop = _to_disc(at, bone, start + sign * pitch, SNAP * pitch)
            low, high = sorted((start, stop))
            here = (at >= low) & (at <= high)
            full = at[here & (bone >= FILLED * bone[here].max(initial=1.0))]
            found.append(Level(name, f"vertebrae_{key}", low, high, full.min() - step / 2, full.max() + step / 2))
            start = stop
    return found


def _border(lumbar: NDArray[np.float64], thoracic: NDArray[np.float64]) -> float | None:
    """Between T12 and L1, in mm; the end of what is there where only one of them is."""
    if len(lumbar) and len(thoracic):
        return float((np.percentile(lumbar, 99) + np.percentile(thoracic, 1)) / 2)
    if len(lumbar):
        return float(lumbar.max())
    return float(thoracic.min()) if len(thoracic) else None


def _to_disc(at: NDArray[np.float64], bone: NDArray[np.float64], wanted: float, reach: float) -> float:
    """Where there is least bone near a height, the nearer the likelier."""
    near = np.abs(at - wanted) <= reach
    if not near.any():
        return wanted
    smooth = ndimage.gaussian_filter1d(bone, 1.0)
    cost = smooth[near] / max(float(smooth.max()), 1.0) + 0.3 * np.abs(at[near] - wanted) / reach
    return float(at[near][cost.argmin()])


def level_named(spine: Spine, name: str) -> Level | None:
    """ "L1"; None where the volume does not show it."""
    return next((one for one in spine.levels if one.name == name.upper()), None)


def body_of_level(spine: Spine, level: Level) -> Mask:
    """The bone of a vertebral body."""
    return spine.body & (spine.height >= level.start) & (spine.height < level.stop)


def level_at(spine: Spine, point: NDArray[np.float64], spacing: Spacing, near_mm: float) -> Level | None:
    """The level whose body is nearest to a point (voxels, z y x); None where none is within so many mm."""
    away = {}
    for level in spine.levels:
        places = np.argwhere(body_of_level(spine, level))
        if len(places):
            away[level] = float(np.linalg.norm((places - point) * np.asarray(spacing), axis=1).min())
    nearest = min(away, key=lambda level: away[level], default=None)
    return nearest if nearest is not None and away[nearest] <= near_mm else None
