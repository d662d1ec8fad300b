"""The torso's labels made ready to be a template: skin and crumbs cleaned, a female variant, finer borders, landmarks.

Arrays are [z, y, x] at 3 mm in the canonical frame, lengths are in mm.
"""

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy import structures
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values

SPACING = 3.0
COARSE = 6.0

BONES = (
    "vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum", "ribs_left", "ribs_right", "sternum",
    "scapula_left", "scapula_right", "clavicle_left", "clavicle_right", "humerus_left", "humerus_right", "hip_left",
    "hip_right", "femur_left", "femur_right",
)  # fmt: skip
SPINE = ("vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum", "spinal_cord")
LUNGS = (*structures.LUNGS, "lung_vessel")
MUSCLES = (
    "muscle", "gluteus_left", "gluteus_right", "iliopsoas_left", "iliopsoas_right", "autochthon_left",
    "autochthon_right",
)  # fmt: skip
FATS = ("subcutaneous_fat", "torso_fat")
THIN = (
    "adrenal_left", "adrenal_right", "esophagus", "trachea", "spinal_cord", "gallbladder", "pancreas", "thyroid",
    "portal_splenic_vein", "pulmonary_vein", "superior_vena_cava", "great_arteries", "great_veins", "iliac_artery_left",
    "iliac_artery_right", "iliac_vein_left", "iliac_vein_right", "inferior_vena_cava", "ribs_left", "ribs_right",
    "clavicle_left", "clavicle_right", "scapula_left", "scapula_right", "costal_cartilages", "prostate", "duodenum",
    "lung_vessel",
)  # fmt: skip
"""Structures of few voxels across, favoured wherever voxels vote."""

Field = NDArray[np.float32]


def refine(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels at half the spacing with smooth borders: the largest of smoothed, interpolated memberships wins."""
    shape = tuple(2 * n for n in labels.shape)
    best = np.zeros(shape, np.float32)
    result = np.zeros(shape, np.uint8)
    thin = {values()[key] for key in THIN}
    boxes = ndimage.find_objects(labels.astype(np.int32) + 1)
    for value in np.unique(labels):
        box = tuple(
            slice(max(s.start - 3, 0), min(s.stop + 3, n)) for s, n in zip(boxes[value], labels.shape, strict=True)
        )
        member = (labels[box] == value).astype(np.float32)
        member = ndimage.gaussian_filter(member, 0.45 if value in thin else 0.75, mode="nearest")
        member *= 1.35 if value in thin else 1.0
        raised = functional.interpolate(torch.from_numpy(member)[None, None], scale_factor=2, mode="trilinear")[
            0, 0
        ].numpy()
        target = tuple(slice(2 * s.start, 2 * s.stop) for s in box)
        wins = raised > best[target]
        best[target][wins] = raised[wins]
        result[target][wins] = value
    return result


def marbling(labels: NDArray[np.uint8]) -> tuple[Field, NDArray[np.uint8]]:
    """Depth from the border of muscle and fat, and the label beyond it: what wasting and marbling move."""
    muscle, fat = select(labels, MUSCLES), select(labels, FATS)
    depth = np.full(labels.shape, 99.0, np.float32)
    other = labels.copy()
    for here, there, sign in ((muscle, fat, 1.0), (fat, muscle, -1.0)):
        distance, nearest = ndimage.distance_transform_edt(~there, return_indices=True)
        depth[here] = (sign * (distance - 0.5) * SPACING)[here]
        other[here] = labels[tuple(nearest)][here]
    return np.clip(depth, -12, 99), other


def levels_of(labels: NDArray[np.uint8]) -> dict[str, float]:
    """z in mm of named landmarks, at a likely height where the structure is absent."""

    def extent(keys: tuple[str, ...], default: tuple[float, float]) -> tuple[float, float]:
        where = np.nonzero(select(labels, keys).any((1, 2)))[0]
        return (where[0] * SPACING, (where[-1] + 1) * SPACING) if len(where) else default

    height = labels.shape[0] * SPACING
    lumbar = extent(("vertebrae_lumbar",), (0.3 * height, 0.55 * height))
    hip = extent(("hip_left", "hip_right"), (0, 0.35 * height))
    dome = extent(("liver",), (0, 0.68 * height))[1]
    return {
        "dome": dome,
        "apex": extent(LUNGS, (0, height))[1],
        "lumbar_bottom": lumbar[0],
        "lumbar_top": lumbar[1],
        "crest": hip[1],
        "hip_bottom": hip[0],
        "femur_top": extent(("femur_left", "femur_right"), (0, 0.12 * height))[1],
        "sternum_bottom": extent(("sternum",), (0.6 * height, height))[0],
        "sternum_top": extent(("sternum",), (0.6 * height, 0.95 * height))[1],
        "arms": extent(LUNGS, (0, height))[1] - 60,  # from here up the volume's sides cut through arms
        "top": height,
    }


def womanly(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The labels without a prostate and with a uterus above and behind the bladder.

    The uterus starts small, in fat, bowel loops and the back of the (over-full) bladder; sampling scales it.
    """
    key = values()
    bladder = labels == key["urinary_bladder"]
    result = labels.copy()
    result[labels == key["prostate"]] = key["body"]
    mans = (labels == key["prostate"]).any()
    for i in range(int(levels_of(labels)["femur_top"] / SPACING) + 8 if mans else 0):  # the mound in front is a man's
        body = result[i] > 0
        front = np.where(body.any(0), body.argmax(0), body.shape[0] // 2)
        result[i][np.arange(body.shape[0])[:, None] < ndimage.grey_closing(front, 41)] = 0
    if not bladder.any():
        return result
    where = np.argwhere(bladder)
    low, high = where.min(0), where.max(0)
    centre = np.array([low[0] + 0.74 * (high[0] - low[0]), high[1] - 3.0, where[:, 2].mean()])
    radii = np.array([8.0, 6.0, 9.5])  # voxels: 24 x 18 x 28 mm, tilted forward over the bladder
    z, y, x = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    dz, dy, dx = z - centre[0], y - centre[1], x - centre[2]
    tilt = np.deg2rad(40)
    along, across = np.cos(tilt) * dz - np.sin(tilt) * dy, np.sin(tilt) * dz + np.cos(tilt) * dy
    ball = (along / radii[0]) ** 2 + (across / radii[1]) ** 2 + (dx / radii[2]) ** 2 < 1
    # A cervix below it towards the pelvic floor.
    stem = ((dy + 0.0) / 4.5) ** 2 + (dx / 5.0) ** 2 < 1
    ball = ball | (stem & (dz < 0) & (dz > -13))
    room = select(labels, ("torso_fat", "body", "small_bowel", "urinary_bladder", "muscle"))
    result[ball & room] = key["uterus"]
    pieces, _ = ndimage.label(result == key["uterus"])
    sizes = np.bincount(pieces.ravel())
    if len(sizes) > 2:
        result[(pieces > 0) & (pieces != sizes[1:].argmax() + 1)] = key["torso_fat"]
    return result


def trimmed(labels: NDArray[np.uint8], radius_mm: float = 30.0) -> NDArray[np.uint8]:
    """The labels with a plain skin: no flaps at the sides of the volume, no crumbs of muscle in the fat.

    Flaps go where each slice below the shoulders is opened by a disc; crumbs are what an opening of the core loses
    near the skin.
    """
    top = int(levels_of(labels)["arms"] / SPACING)
    pad = 2 + int(radius_mm / SPACING)
    result = labels.copy()
    for z in range(min(top, labels.shape[0])):
        body = np.pad(labels[z] > 0, pad)
        kept = ndimage.distance_transform_edt(body) > radius_mm / SPACING
        opened = ndimage.distance_transform_edt(~kept) <= radius_mm / SPACING
        result[z][~opened[pad:-pad, pad:-pad] & select(labels[z], (*FATS, "body", "muscle"))] = 0
    fat = values()["subcutaneous_fat"]
    core = np.pad((result > 0) & (result != fat), 4, mode="edge")
    deep = ndimage.distance_transform_edt(core) > 9 / SPACING
    crumbs = core & (ndimage.distance_transform_edt(~deep) > 9 / SPACING + 0.5)
    near = ndimage.distance_transform_edt(np.pad(result > 0, ((4, 4), (4, 4), (0, 0)), mode="edge")) < 15 / SPACING
    lost = crumbs[4:-4, 4:-4, 4:-4] & near[4:-4, 4:-4] & select(result, ("torso_fat", "body", "muscle"))
    result[lost] = fat
    return result
