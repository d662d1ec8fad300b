"""What most label maps leave out: the body, its fat, its muscles and its skin."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.body import SKIN_MM, add_body
from GuideGenLib.anatomy.label_maps.relabelling import axes_of
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.anatomy.tissues import split_tissues
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import on_grid_of, overlap

SOFT_TISSUES = ("subcutaneous_fat", "torso_fat", "muscle")
"""A label map that holds one of these names every voxel of the body; in the others the tissues are found."""
AIR_HU = -1000
WALL_MM = 30.0
"""Of muscle, fat and skin about the outline of organs and bones: by eight anatomies of the shipped bundle, whose bodies
it meets with a Dice of .82 about organs and bones (.70 about organs alone), where 10 mm have .73 (.58)."""
COARSE_MM = 3.0
"""Tissues are grown on voxels of about this size."""
WALL = ("bones", "muscles")
"""What muscle surrounds, by groups of the table; fat surrounds the rest."""


def lacks_tissues(anatomy: sitk.Image) -> bool:
    """Does a map of our labels name neither fat nor muscle?"""
    return not select(sitk.GetArrayViewFromImage(anatomy), SOFT_TISSUES).any()


def filled_by_ct(anatomy: sitk.Image, ct: sitk.Image) -> sitk.Image:
    """The tissues by the HU of the CT (int16, any grid), where it shows the body. Raises VolumeError where it does not.

    anatomy: uint8 labels; its organs stay as they are but for gas in bowels and vessels in lungs.
    """
    if not overlap(ct, anatomy):
        raise VolumeError("the CT lies elsewhere than the anatomy", "choose the CT that the anatomy was drawn on")
    hu = sitk.DICOMOrient(sitk.Resample(ct, anatomy, sitk.Transform(), sitk.sitkLinear, AIR_HU, sitk.sitkInt16), "LPS")
    oriented = sitk.DICOMOrient(anatomy, "LPS")
    array = sitk.GetArrayFromImage(oriented)
    array[array == values()["body"]] = 0
    shown = sitk.GetArrayViewFromImage(hu)
    x, y, z = oriented.GetSpacing()
    return axes_of(on_grid_of(oriented, split_tissues(array, shown, (z, y, x))), anatomy)


def grown(anatomy: sitk.Image) -> sitk.Image:
    """The tissues about what is labelled: muscle about bones and muscles, fat about organs and under the skin.

    The body is the one that the map shows, else what lies within WALL_MM of the outline of all labels in each slice.
    """
    body = values()["body"]
    array = sitk.GetArrayFromImage(anatomy)
    if not (array == body).any():
        array = sitk.GetArrayFromImage(add_body(anatomy, WALL_MM))
    step = np.maximum(1, np.rint(COARSE_MM / np.array(anatomy.GetSpacing()[::-1]))).astype(int)
    tissues = _tissues(array[tuple(slice(None, None, n) for n in step)], np.array(anatomy.GetSpacing()[::-1]) * step)
    near = np.ix_(*(np.arange(n) // one for n, one in zip(array.shape, step, strict=True)))
    return on_grid_of(anatomy, np.where(array == body, tissues[near], array))


def _tissues(array: NDArray[np.uint8], spacing: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The tissue that a voxel of unnamed body would be, everywhere; spacing: (z, y, x) in mm."""
    named = array > values()["body"]
    wall = select(array, [row.key for group in WALL for row in by_group()[group]])
    organs = named & ~wall
    result = np.full(array.shape, values()["torso_fat"], np.uint8)
    if wall.any():
        to_organs = _distance(organs, spacing) if organs.any() else np.inf
        result[_distance(wall, spacing) < to_organs] = values()["muscle"]
    if (array == 0).any():
        result[_distance(array == 0, spacing) <= SKIN_MM] = values()["subcutaneous_fat"]
    return result


def _distance(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.float32]:
    """mm from each voxel outside the mask to the nearest one in it."""
    image = sitk.GetImageFromArray(mask.view(np.uint8))
    image.SetSpacing(spacing[::-1].tolist())
    return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True))
