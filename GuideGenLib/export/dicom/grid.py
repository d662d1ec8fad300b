"""The CT as DICOM has it: axial planes from the feet up, and the labels on the same grid."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.core.grids import same_grid


@dataclass(frozen=True)
class Planes:
    """hu int16 and labels uint8 [plane, row, column]; what DICOM tells of where they lie, in mm and LPS.

    spacing: between columns, rows and planes. orientation: the direction of a row, then of a column (3 numbers each).
    positions: the centre of each plane's first voxel [plane, 3].
    """

    hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    spacing: tuple[float, float, float]
    orientation: tuple[float, ...]
    positions: NDArray[np.float64]


def planes_of(ct: sitk.Image, anatomy: sitk.Image) -> Planes:
    """The volumes along their own axes, permuted and flipped to the closest of left, posterior and superior.

    No HU is interpolated. Labels on another grid are brought to that of the CT, nearest: many viewers lay a
    segmentation over images of the same grid only.
    """
    ct = _right_handed(sitk.DICOMOrient(ct, "LPS"))
    anatomy = on_grid(anatomy, ct)
    direction = np.array(ct.GetDirection()).reshape(3, 3)
    spacing = ct.GetSpacing()
    steps = np.arange(ct.GetSize()[2])[:, None] * spacing[2]
    return Planes(
        sitk.GetArrayFromImage(ct).astype(np.int16),
        sitk.GetArrayFromImage(anatomy).astype(np.uint8),
        spacing,
        (*direction[:, 0].tolist(), *direction[:, 1].tolist()),
        np.array(ct.GetOrigin()) + steps * direction[:, 2],
    )


def on_grid(anatomy: sitk.Image, ct: sitk.Image) -> sitk.Image:
    """The label volume on the grid of a CT; voxels beyond it are background."""
    axes = sitk.DICOMOrient(anatomy, sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(ct.GetDirection()))
    if same_grid(axes, ct):
        return axes
    return sitk.Resample(anatomy, ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0)


def _right_handed(image: sitk.Image) -> sitk.Image:
    """The planes of a left-handed grid counted from the other end: DICOM's are stacked along row x column."""
    if np.linalg.det(np.array(image.GetDirection()).reshape(3, 3)) > 0:
        return image
    return sitk.Flip(image, (False, False, True), False)
