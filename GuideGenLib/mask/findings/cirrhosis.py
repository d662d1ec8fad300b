"""The cirrhotic liver: the right lobe is small, caudate and left lobe are large, the surface is nodular, and the
fissures and the fossa of the gallbladder are wide (Dodd, AJR 1999;173:1185; Ito, Radiology 1999;211:723)."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.mask.findings.masses import around
from GuideGenLib.mask.findings.shapes import Spacing, smooth_noise
from GuideGenLib.mask.findings.sites import belongs
from GuideGenLib.mask.organ_warp import Aim, resized

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GROWN = 0.8
"""How much of it the left and the caudate lobe gain, for each part of the liver that is lost."""
LEAST_RIGHT = 0.3
"""Of the right lobe that is left at least."""
NODULE_MM, NODULE = 15.0, 0.1
"""How far apart nodules of the surface are, and how high they are in mm for each percent of the liver that is lost."""
HIGHEST_MM = 1.6, 3.2
"""The lowest and the highest nodules, as standard deviation."""
FISSURE_MM, WIDER_MM = 2.5, 0.2
"""Half the width of the fissure of the round ligament, and what is added for each percent."""
LEFT_OF_MIDDLE, SLANT = 0.45, 0.35
"""Where that fissure is in front: of the way from the border of the lobes to the left end; and how far it goes to the
right on its way back."""
LOWER_FRONT, UPWARDS = 0.42, 0.55
"""It cuts into the lower front of the liver: into so much of its height and depth together; and how much of that is
height."""
FOSSA_MM = 0.16
"""Width of fat between gallbladder and liver for each percent."""
AROUND_MM = 70.0
"""What is farther from the liver is not looked at."""
FARTHEST_MM, SHALLOWEST_MM = 9.0, 4.0
"""How far out and in the surface may come to lie."""
FAT, SOFT = "torso_fat", ("torso_fat", "body")


def cirrhotic(
    labels: Labels, spacing: Spacing, lost: float, rng: np.random.Generator, kept: Mask | None = None
) -> Labels:
    """A copy of labels [z, y, x] (canonical frame, isotropic spacing in mm) whose liver has lost so many percent of its
    volume; kept: voxels that stay as they are."""
    liver = values()["liver"]
    box = around(labels == liver, AROUND_MM, spacing)
    result = labels.copy()
    result[box] = _cirrhotic(labels[box], spacing, lost, rng, None if kept is None else kept[box])
    return result


def _cirrhotic(labels: Labels, spacing: Spacing, lost: float, rng: np.random.Generator, kept: Mask | None) -> Labels:
    """Of a part of a volume that holds all of the liver."""
    liver = values()["liver"]
    voxels = np.argwhere(labels == liver)
    left = belongs(labels, spacing, "liver", "left_lobe", voxels)
    left |= belongs(labels, spacing, "liver", "caudate", voxels)
    ml = float(np.prod(spacing)) / 1000
    whole, of_left = len(voxels) * ml, float(left.sum()) * ml
    wanted_left = of_left * (1 + GROWN * lost / 100)
    wanted_right = max((1 - lost / 100) * whole - wanted_left, LEAST_RIGHT * (whole - of_left))
    left_part = np.zeros(labels.shape, bool)
    left_part[tuple(voxels[left].T)] = True
    result = _with_part_resized(labels, (labels == liver) & ~left_part, spacing, wanted_right, kept)
    if left.any():
        result = _with_part_resized(result, _still(result, left_part), spacing, wanted_left, kept)
    return _nodular(result, _fissures(result, spacing, lost), spacing, lost, (1 - lost / 100) * whole, rng, kept)


def _with_part_resized(labels: Labels, part: Mask, spacing: Spacing, wanted_ml: float, kept: Mask | None) -> Labels:
    """A copy in which a part of the liver has so many ml: a label that the volume does not hold stands for it
    meanwhile."""
    there = set(np.unique(labels).tolist())
    key = next(row.key for row in by_group()["findings"] if row.value not in there)
    marked = labels.copy()
    marked[part] = values()[key]
    result = resized(marked, (key,), spacing[0], Aim(wanted_ml), kept)
    result[result == values()[key]] = values()["liver"]
    return result


def _still(labels: Labels, left: Mask) -> Mask:
    """What is left and caudate lobe after the right one has moved: the liver no more than a voxel from where they
    were."""
    return np.asarray((labels == values()["liver"]) & ndimage.binary_dilation(left))


def _fissures(labels: Labels, spacing: Spacing, lost: float) -> Mask:
    """The wide fissure of the round ligament, and the wide fossa of the gallbladder."""
    liver = labels == values()["liver"]
    voxels = np.argwhere(liver)
    left = belongs(labels, spacing, "liver", "left_lobe", voxels)
    result = np.zeros(labels.shape, bool)
    if left.any():
        x = voxels[:, 2]
        border, end = np.percentile(x[left], (1, 99))
        share = (voxels - voxels.min(axis=0)) / np.maximum(np.ptp(voxels, axis=0), 1)
        at = border + (LEFT_OF_MIDDLE - SLANT * share[:, 1]) * (end - border)
        deep = (UPWARDS * share[:, 0] + (1 - UPWARDS) * share[:, 1]) / LOWER_FRONT  # 0 at the surface, 1 at its end
        half = (FISSURE_MM + WIDER_MM * lost) * np.clip(1.3 - deep, 0, 1)
        chosen = voxels[(deep < 1) & (np.abs(x - at) * spacing[2] <= np.maximum(half, spacing[2] / 2))]
        result[tuple(chosen.T)] = True
    bladder = labels == values()["gallbladder"]
    if bladder.any():
        width = spacing[0] / 2 + FOSSA_MM * lost
        box = around(bladder, width, spacing)
        result[box] |= liver[box] & (ndimage.distance_transform_edt(~bladder[box], sampling=spacing) <= width)
    return result


def _nodular(
    labels: Labels, cut: Mask, spacing: Spacing, lost: float, wanted_ml: float, rng: np.random.Generator,
    kept: Mask | None,
) -> Labels:  # fmt: skip
    """A copy with fissures and a nodular surface, which lies as far out into the fat as so many ml need."""
    liver = labels == values()["liver"]
    (box,) = ndimage.find_objects(liver.view(np.uint8))
    wide = tuple(slice(max(s.start - 5, 0), s.stop + 5) for s in box)
    part, whole = labels[wide], liver[wide] & ~cut[wide]
    depth = ndimage.distance_transform_edt(whole, sampling=spacing)
    depth -= ndimage.distance_transform_edt(~whole, sampling=spacing)
    depth -= np.sign(depth) * spacing[0] / 2
    depth += float(np.clip(NODULE * lost, *HIGHEST_MM)) * smooth_noise(whole.shape, NODULE_MM, spacing, rng)
    free = np.isin(part, [values()[key] for key in SOFT]) | (part == values()["liver"])
    if kept is not None:
        free &= ~kept[wide]
    able = free & ~cut[wide] & (depth > -FARTHEST_MM)
    count = min(round(wanted_ml * 1000 / float(np.prod(spacing))), int(able.sum()))
    level = float(np.partition(depth[able], -count)[-count]) if count else np.inf
    inside = able & (depth >= min(level, SHALLOWEST_MM))
    changed = part.copy()
    changed[inside] = values()["liver"]
    changed[free & (part == values()["liver"]) & ~inside] = values()[FAT]
    result = labels.copy()
    result[wide] = changed
    return result
