"""Tissues that a TotalSegmentator-like label map leaves out, found by HU and place.

Every array is [z, y, x] in the canonical frame (LPS axes), every spacing (z, y, x) in mm, every CT in HU.
Masks are bool arrays of the shape of the CT. The labels are those of Resources/anatomy.csv.
"""

from collections.abc import Iterable

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import largest_component

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]

VISCERA = (
    *LUNGS,
    "lung_vessel", "trachea", "esophagus", "heart", "aorta", "pulmonary_vein", "superior_vena_cava",
    "inferior_vena_cava", "portal_splenic_vein", "great_arteries", "great_veins", "liver", "gallbladder", "spleen",
    "pancreas", "stomach", "stomach_gas", "duodenum", "small_bowel", "colon", "colon_gas", "kidney_left",
    "kidney_right", "adrenal_left", "adrenal_right", "urinary_bladder", "prostate", "uterus", "iliac_artery_left",
    "iliac_artery_right", "iliac_vein_left", "iliac_vein_right",
)  # fmt: skip

SPINE = ("vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum")


ROUNDING_MM = 1e-4
"""Distances are float32: voxels at just the radius belong to the ball."""


def _distance(mask: Mask, spacing: Spacing) -> NDArray[np.float32]:
    """mm from each voxel of the mask to the nearest voxel outside it, 0 or less there; faster than scipy's."""
    outside = sitk.GetImageFromArray((~mask).view(np.uint8))
    outside.SetSpacing(spacing[::-1])
    return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(outside, squaredDistance=False, useImageSpacing=True))


def dilate(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    """Dilation by a ball of `radius` mm."""
    return _distance(~mask, spacing) <= radius + ROUNDING_MM if mask.any() else mask.copy()


def erode(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    """Erosion by a ball of `radius` mm; the outside of the volume does not erode."""
    return mask.copy() if mask.all() else _distance(mask, spacing) > radius + ROUNDING_MM


def opened(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    """Opening by a ball of `radius` mm."""
    return dilate(erode(mask, radius, spacing), radius, spacing) & mask


def closed(mask: Mask, radius: float, spacing: Spacing) -> Mask:
    """Closing by a ball of `radius` mm."""
    return erode(dilate(mask, radius, spacing), radius, spacing) | mask


def without_small(mask: Mask, volume: float, spacing: Spacing) -> Mask:
    """The face-connected components of at least `volume` mm^3."""
    parts, _ = ndimage.label(mask)
    keep = np.bincount(parts.ravel()) * float(np.prod(spacing)) >= volume
    keep[0] = False
    return keep[parts]


def filled_slices(mask: Mask) -> Mask:
    """The mask with the holes of each axial slice filled."""
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])


def body_mask(ct: NDArray[np.int16], spacing: Spacing) -> Mask:
    """The patient without the table and without fingers that lie on the flank, air inside included."""
    body = largest_component(opened(ct > -350, 5.0, spacing), faces=True)
    # Edge planes cut through airways, which would be open to the outside: slices are filled one by one.
    body = filled_slices(closed(body, 7.0, spacing))
    return largest_component(opened(body, 15.0, spacing), faces=True)


def wall_interior(labels: NDArray[np.uint8], ct: NDArray[np.int16], body: Mask, spacing: Spacing) -> Mask:
    """All that lies inside the muscular and bony wall, the wall included.

    Soft tissue without the skin, closed over 14 mm so that the gaps between muscles do not open it to the skin.
    """
    deep = erode(body, 5.0, spacing)
    soft = ndimage.gaussian_filter(ct.astype(np.float32), [1.0 / s for s in spacing]) > -40
    thick = without_small(opened(soft & deep, 2.5, spacing), 5000.0, spacing) | ((labels > 0) & body)
    inside = filled_slices(closed(thick, 14.0, spacing))
    # What reaches the skin only through a gap that was left open in the wall is still inside.
    return filled_slices(closed(inside, 25.0, spacing)) & erode(body, 12.0, spacing) | (inside & body)


def fat(ct: NDArray[np.int16], free: Mask) -> Mask:
    """Fat by HU among the `free` voxels."""
    return free & (ct >= -190) & (ct < -29)


def muscle(labels: NDArray[np.uint8], ct: NDArray[np.int16], free: Mask, spacing: Spacing) -> Mask:
    """Skeletal muscle that carries no label: soft tissue thick enough, not between viscera nor vertebrae (discs)."""
    inner = closed(select(labels, VISCERA), 15.0, spacing) | closed(select(labels, SPINE), 9.0, spacing)
    return opened(free & ~inner & (ct >= -29) & (ct <= 150), 2.5, spacing)


def lung_air(labels: NDArray[np.uint8], ct: NDArray[np.int16], free: Mask, spacing: Spacing) -> Mask:
    """Free air that belongs to the lungs or to the airways: it lies within 6 mm of them."""
    near = dilate(select(labels, (*LUNGS, "trachea")), 6.0, spacing)
    return free & near & (ct < -400)


def gas(labels: NDArray[np.uint8], ct: NDArray[np.int16], organ: str, free: Mask, spacing: Spacing) -> Mask:
    """Gas within `organ` and the free enclosed air that touches it ("stomach" or "colon")."""
    inside = select(labels, (organ,))
    if not inside.any():
        return inside
    air = (inside | free) & (ct < -300)
    parts, _ = ndimage.label(air)
    touching = np.unique(parts[dilate(inside, 4.0, spacing) & air])
    lumen = np.isin(parts, touching[touching > 0])
    return without_small(lumen, 100.0, spacing)


def lung_vessel(labels: NDArray[np.uint8], ct: NDArray[np.int16], spacing: Spacing) -> Mask:
    """Vessels (and other solid cords) in the lung lobes, without the layer below the pleura.

    A lobe's border is drawn with an uncertainty of about 4 mm, so dense voxels there are wall, not vessel.
    """
    lungs = select(labels, LUNGS)
    if not lungs.any():
        return lungs
    inner = erode(closed(lungs, 5.0, spacing), 4.0, spacing)
    return without_small(lungs & inner & (ct > -500), 60.0, spacing)


def nearest(labels: NDArray[np.uint8], known: Mask, wanted: Mask, spacing: Spacing) -> NDArray[np.uint8]:
    """A copy of `labels` in which `wanted` takes the label of the nearest voxel of `known`."""
    result = labels.copy()
    if known.any() and wanted.any():
        index = ndimage.distance_transform_edt(~known, sampling=spacing, return_distances=False, return_indices=True)
        result[wanted] = labels[tuple(axis[wanted] for axis in index)]
    return result


def smoothed(labels: NDArray[np.uint8], keys: Iterable[str], spacing: Spacing, sigma: float = 2.4) -> NDArray[np.uint8]:
    """Majority of the named tissues in a Gaussian window of `sigma` mm, among the voxels that hold one of them."""
    keys = tuple(keys)
    among = select(labels, keys)
    votes = np.stack(
        [
            ndimage.gaussian_filter(select(labels, (key,)).astype(np.float32), [sigma / s for s in spacing])
            for key in keys
        ]
    )
    winner = np.array([values()[key] for key in keys], dtype=np.uint8)[votes.argmax(axis=0)]
    return np.where(among, winner, labels)


def split_tissues(labels: NDArray[np.uint8], ct: NDArray[np.int16], spacing: Spacing) -> NDArray[np.uint8]:
    """Name the unlabelled part of the body.

    labels: organs alone, 0 elsewhere. Returns a full map: 0 outside the body, tissue everywhere inside it;
    organs stay as they are except for gas in stomach and colon and for vessels in the lung.
    """
    value = values()
    result = labels.copy()
    body = body_mask(ct, spacing)
    body |= filled_slices(body | (labels > 0))
    free = body & (labels == 0)

    air = lung_air(result, ct, free, spacing)
    result = nearest(result, select(result, (*LUNGS, "trachea")), air, spacing)
    free &= ~air
    for organ in ("stomach", "colon"):
        found = gas(result, ct, organ, free, spacing)
        result[found] = value[f"{organ}_gas"]
        free &= ~found
    result[lung_vessel(result, ct, spacing)] = value["lung_vessel"]

    inside = wall_interior(labels, ct, body, spacing)
    tissue_fat = fat(ct, free)
    result[free] = value["body"]
    result[muscle(labels, ct, free & inside, spacing)] = value["muscle"]
    result[tissue_fat & inside] = value["torso_fat"]
    result[tissue_fat & ~inside] = value["subcutaneous_fat"]
    result[free & ~inside & (result == value["body"])] = value["subcutaneous_fat"]
    # Skin is thinner than a voxel of the mask; the depth below the surface tells where it is.
    result[free & ~erode(body, 3.5, spacing)] = value["subcutaneous_fat"]
    return smoothed(result, ("body", "subcutaneous_fat", "torso_fat", "muscle"), spacing)
