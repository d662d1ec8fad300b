"""The torso that all population anatomies are deformed from, prepared once: fine labels, distances, landmarks.

Frame: [z, y, x] in the canonical frame, positions in mm from the outer corner of voxel 0, so that the centre of voxel i
of a grid of spacing s stands at (i + .5) s on each grid. The template has labels at 3 mm, velocities live at 6 mm.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.population.template_labels import (
    BONES,
    COARSE,
    LUNGS,
    SPACING,
    SPINE,
    levels_of,
    marbling,
    refine,
    trimmed,
    womanly,
)
from GuideGenLib.population.variety import waist

BOWEL = ("stomach", "stomach_gas", "duodenum", "small_bowel", "colon", "colon_gas", "pancreas")
"""What lies loosely in the abdomen and is elsewhere in everybody."""

# Scaled about their own centres; the right-hand side lists what moves as one organ.
ORGANS: dict[str, tuple[str, ...]] = {
    "liver": ("liver",), "gallbladder": ("gallbladder",), "spleen": ("spleen",), "pancreas": ("pancreas",),
    "stomach": ("stomach", "stomach_gas"), "kidney_left": ("kidney_left",), "kidney_right": ("kidney_right",),
    "adrenal_left": ("adrenal_left",), "adrenal_right": ("adrenal_right",), "heart": ("heart",),
    "thyroid": ("thyroid",), "prostate": ("prostate",), "uterus": ("uterus",),
}  # fmt: skip

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Blob:
    """An organ that is scaled about `centre` (mm): weight 1 inside, fading outside, on the 6 mm slices `box`."""

    centre: Field
    weight: Field
    box: tuple[slice, slice, slice]
    millilitres: float


@dataclass(frozen=True)
class Template:
    """What every sample of one sex shares. Arrays on the 3 mm grid unless named coarse (6 mm) or fine (1.5 mm)."""

    labels: NDArray[np.uint8]
    fine: NDArray[np.uint8]
    skin: Field  # coarse signed distance to the skin, mm, negative inside
    core: Field  # coarse signed distance to all that is not subcutaneous fat
    marble: Field  # mm of depth in muscle (+) or in fat (-) from their common border, 99 where neither
    other: NDArray[np.uint8]  # the label on the other side of that border
    bone: Field  # coarse, 0..1, smooth
    inner: Field  # coarse, 0..1, smooth: inside the chest and abdominal wall
    spine: Field  # coarse, 0..1, smooth
    spine_y: Field  # (z coarse,) mm, front of the back
    middle_x: float
    levels: dict[str, float]  # z in mm of named landmarks
    blobs: dict[str, Blob] = field(repr=False)
    aorta_outward: Field = field(repr=False)  # coarse [3, z, y, x], mm/mm, 1 at the wall
    points: Field = field(repr=False)  # coarse [3, z, y, x], mm
    bladder: Blob | None = None
    mobile: Field = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)  # coarse, 0..1, smooth: bowel
    girth: float = 950.0  # mm about the waist
    native: bool = True  # the source has the sex that the template is for


def points_of(shape: tuple[int, ...], spacing: float) -> Field:
    """Voxel centres [3, z, y, x] in mm of a grid whose outer corner is the origin."""
    axes = [(np.arange(n, dtype=np.float32) + 0.5) * spacing for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def down(volume: NDArray[np.generic]) -> Field:
    """Means of 2 x 2 x 2 blocks: 3 mm to 6 mm."""
    z, y, x = volume.shape
    blocks = np.asarray(volume, np.float32).reshape(z // 2, 2, y // 2, 2, x // 2, 2)
    return np.asarray(blocks.mean((1, 3, 5)), np.float32)


def signed_distance(mask: NDArray[np.bool_], smooth_mm: float, arms: int) -> Field:
    """Distance in mm at 3 mm spacing, negative inside.

    The mask goes on beyond both ends of the volume, and beyond its sides from slice `arms` upward; below, there is air.
    """
    pad = 12
    wide = np.pad(mask, pad, mode="edge")
    wide[: arms + pad, :, :pad] = wide[: arms + pad, :, -pad:] = False
    inside = ndimage.distance_transform_edt(wide)
    outside = ndimage.distance_transform_edt(~wide)
    distance = np.where(wide, 0.5 - inside, outside - 0.5) * SPACING
    if smooth_mm:
        distance = ndimage.gaussian_filter(distance, smooth_mm / SPACING)
    return np.asarray(distance[pad:-pad, pad:-pad, pad:-pad], np.float32)


def blob(labels: NDArray[np.uint8], keys: tuple[str, ...], fade_mm: float = 12.0) -> Blob | None:
    """The scaling field of one organ, None where the organ is absent."""
    mask = select(labels, keys)
    if mask.sum() < 8:
        return None
    where = np.argwhere(mask)
    margin = int(3 * fade_mm / SPACING)
    low = np.maximum(where.min(0) - margin, 0) // 2 * 2
    high = np.minimum((where.max(0) + margin) // 2 * 2 + 2, labels.shape)
    crop = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    distance = ndimage.distance_transform_edt(~mask[crop]) * SPACING
    weight = ndimage.gaussian_filter(np.exp(-((distance / fade_mm) ** 2)), 1.5)
    box = tuple(slice(a // 2, b // 2) for a, b in zip(low, high, strict=True))
    centre = ((where.mean(0) + 0.5) * SPACING).astype(np.float32)
    return Blob(centre, down(weight), (box[0], box[1], box[2]), float(mask.sum()) * SPACING**3 / 1000)


def bladder_field(labels: NDArray[np.uint8], points: Field) -> Blob | None:
    """Like `blob` for the bladder, but fading as 1/r^3.

    That is the flow round a shrinking ball: the neighbours move in and keep their volume.
    """
    mask = labels == values()["urinary_bladder"]
    if mask.sum() < 50:
        return None
    where = (np.argwhere(mask) + 0.5) * SPACING
    centre = where.mean(0)
    inverse = np.linalg.inv(np.cov(where.T))
    offset = points - centre[:, None, None, None]
    radius = np.sqrt(np.einsum("izyx,ij,jzyx->zyx", offset, inverse, offset) / 5)  # 1 on the ellipsoid of same moments
    weight = ndimage.gaussian_filter(np.minimum(1.0, np.maximum(radius, 0.3) ** -3), 0.7)
    # The neck stays on the pelvic floor: scale about a point low and in front.
    anchor = np.array([np.quantile(where[:, 0], 0.04), np.quantile(where[:, 1], 0.35), centre[2]])
    whole = tuple(slice(0, n) for n in weight.shape)
    return Blob(
        anchor.astype(np.float32),
        weight.astype(np.float32),
        (whole[0], whole[1], whole[2]),
        float(mask.sum()) * SPACING**3 / 1000,
    )


def _prepare(labels: NDArray[np.uint8], native: bool) -> Template:
    labels = trimmed(labels)
    shape = labels.shape
    arms = int(levels_of(labels)["arms"] / SPACING)
    points = points_of(tuple(n // 2 for n in shape), COARSE)
    skin_mask = labels > 0
    core_mask = skin_mask & ~select(labels, ("subcutaneous_fat",))
    # Single `body` voxels in the skin are not the core.
    core_mask = ndimage.binary_opening(np.pad(core_mask, 3, mode="edge"), iterations=1)[3:-3, 3:-3, 3:-3]
    bone = ndimage.gaussian_filter(select(labels, BONES).astype(np.float32), 1.5)
    spine = select(labels, SPINE)
    inner = select(
        labels, (*LUNGS, *ORGANS, "heart", "torso_fat", "small_bowel", "colon", "duodenum", "stomach", "aorta")
    )
    columns = spine.sum((1, 2)) > 0
    front = np.full(shape[0], np.nan, np.float32)
    front[columns] = [np.nonzero(s.any(1))[0].mean() for s in spine[columns]]
    known = np.nonzero(columns)[0]
    line = np.interp(np.arange(shape[0]), known, front[known]) if len(known) else np.full(shape[0], 0.65 * shape[1])
    line = ndimage.gaussian_filter1d((line + 0.5) * SPACING, 6, mode="nearest")
    middle = (np.nonzero(spine)[2].mean() + 0.5) * SPACING if spine.any() else shape[2] * SPACING / 2
    tube = ndimage.gaussian_filter((labels == values()["aorta"]).astype(np.float32), 2.0)
    outward = -np.stack(list(np.gradient(down(tube))))
    length = np.sqrt((outward**2).sum(0))
    outward /= np.quantile(length[length > 0.02], 0.7) if (length > 0.02).any() else 1.0
    mobile = select(labels, BOWEL)
    mobile = ndimage.distance_transform_edt(~mobile) * SPACING if mobile.any() else np.full(shape, 99.0)
    mobile = ndimage.gaussian_filter(np.exp(-((mobile / 14.0) ** 2)).astype(np.float32), 2)
    depth, other = marbling(labels)
    blobs = {name: made for name, keys in ORGANS.items() if (made := blob(labels, keys)) is not None}
    return Template(
        labels=labels,
        fine=refine(labels),
        skin=down(signed_distance(skin_mask, 5.0, arms)),
        core=down(signed_distance(core_mask, 2.0, arms)),
        marble=depth,
        other=other,
        bone=np.clip(1.6 * down(bone), 0, 1),
        inner=np.clip(down(ndimage.gaussian_filter(inner.astype(np.float32), 4)) * 1.15, 0, 1),
        spine=np.clip(down(ndimage.gaussian_filter(spine.astype(np.float32), 5)) * 2.2, 0, 1),
        spine_y=line.reshape(-1, 2).mean(1).astype(np.float32),
        middle_x=float(middle),
        levels=levels_of(labels),
        blobs=blobs,
        aorta_outward=outward.astype(np.float32),
        points=points,
        bladder=bladder_field(labels, points),
        mobile=down(mobile),
        girth=waist(labels, SPACING),
        native=native,
    )


@lru_cache(maxsize=24)
def _cached(data: bytes, shape: tuple[int, int, int], female: bool) -> Template:
    labels = np.frombuffer(data, np.uint8).reshape(shape)
    mans = bool((labels == values()["prostate"]).any())
    return _prepare(womanly(labels) if female else labels, native=mans != female)


def template(labels: NDArray[np.uint8], sex: str) -> Template:
    """The prepared template of one sex, kept for the next call with the same labels.

    labels: uint8 [z, y, x] at 3 mm, even in each direction. Raises ValueError for anything else.
    """
    if labels.ndim != 3 or labels.dtype != np.uint8 or any(n % 2 for n in labels.shape):
        msg = f"A torso template is uint8 [z, y, x] with even sides, not {labels.dtype} {labels.shape}."
        raise ValueError(msg)
    return _cached(labels.tobytes(), labels.shape, sex == "female")
