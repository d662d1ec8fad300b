"""Between SimpleITK images (LPS) and MRML's volumes and oriented images (RAS): no voxel is moved or interpolated.

A matrix here is [4, 4] and takes voxel indices (i, j, k, 1) to RAS mm. Both sides keep spacing, origin and directions
as they are, apart from the sign of x and y, so that a round trip gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.scene.errors import SceneError

LPS_SIGNS = np.array([-1.0, -1.0, 1.0])


def ras_of(lps: Iterable[float]) -> tuple[float, float, float]:
    """A point or vector (x, y, z) mm in the other frame; the same function goes both ways."""
    x, y, z = lps
    return (-float(x), -float(y), float(z))


def index_to_ras(image: sitk.Image) -> NDArray[np.float64]:
    """The matrix of an image's own voxels."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    matrix[:2] *= -1
    return matrix


def moved(image: sitk.Image, ras_to_ras: NDArray[np.floating[Any]]) -> sitk.Image:
    """The same voxels elsewhere: the image whose geometry went through a linear transform [4, 4] of RAS mm.

    A sheared one has axes that are not at right angles (`core.right_angles` mends that). Raises SceneError for a flat
    transform.
    """
    if np.array_equal(ras_to_ras, np.eye(4)):
        return image
    matrix = ras_to_ras @ index_to_ras(image)
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise SceneError("a parent transform flattens the volume", "correct or remove it in the Transforms module")
    result = sitk.Image(image)
    result.SetSpacing(spacing.tolist())
    result.SetDirection((matrix[:3, :3] / spacing * LPS_SIGNS[:, None]).ravel().tolist())
    result.SetOrigin((matrix[:3, 3] * LPS_SIGNS).tolist())
    return result


def world_matrix(node: Any) -> NDArray[np.float64]:
    """What a node's parent transforms do together, a matrix of RAS mm; the identity where there are none.

    Raises SceneError where one of them is not linear.
    """
    import vtk

    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise SceneError(
            f"{node.GetName()} lies under a warping transform",
            "harden it (in the Data module, right click on its transform) or take it out of that transform",
        )
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return _array_of(matrix)


def fill_volume(node: Any, image: sitk.Image) -> None:
    """Give a scalar or label volume node the voxels and the place of an image."""
    node.SetAndObserveImageData(_voxels_of(image, "vtkImageData"))
    node.SetSpacing(image.GetSpacing())
    node.SetOrigin(ras_of(image.GetOrigin()))
    node.SetIJKToRASDirectionMatrix(_directions(image))


def image_from_volume(node: Any) -> sitk.Image:
    """The image of a scalar or label volume node, where its parent transforms put it; the node stays as it is.

    A sheared volume keeps its sheared axes, as in `moved`. Raises SceneError for a node without voxels or under a
    warping transform.
    """
    import vtk

    if node is None or node.GetImageData() is None or node.GetImageData().GetNumberOfPoints() == 0:
        name = "no volume is chosen" if node is None else f"{node.GetName()} holds no voxels"
        raise SceneError(f"{name}", "choose a volume that is loaded")
    directions = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(directions)
    image = _image_of(node.GetImageData(), node.GetSpacing(), node.GetOrigin(), directions, node.GetName())
    return moved(image, world_matrix(node))


def oriented_from_image(image: sitk.Image) -> Any:
    """The image as vtkOrientedImageData, the labelmap of segments; its extent starts at 0."""
    oriented = _voxels_of(image, "vtkOrientedImageData")
    oriented.SetSpacing(image.GetSpacing())
    oriented.SetOrigin(ras_of(image.GetOrigin()))
    oriented.SetDirectionMatrix(_directions(image))
    return oriented


def image_from_oriented(oriented: Any) -> sitk.Image:
    """The image of a vtkOrientedImageData; an extent that does not start at 0 goes into the origin."""
    import vtk

    directions = vtk.vtkMatrix4x4()
    oriented.GetDirectionMatrix(directions)
    return _image_of(oriented, oriented.GetSpacing(), oriented.GetOrigin(), directions, "the labelmap")


def _voxels_of(image: sitk.Image, kind: str) -> Any:
    import slicer
    import vtk
    from vtkmodules.util.numpy_support import numpy_to_vtk

    array = sitk.GetArrayViewFromImage(image)
    voxels = slicer.vtkOrientedImageData() if kind == "vtkOrientedImageData" else vtk.vtkImageData()
    voxels.SetDimensions(image.GetSize())
    voxels.GetPointData().SetScalars(numpy_to_vtk(array.ravel(), deep=True))
    return voxels


def _image_of(voxels: Any, spacing: Any, origin: Any, directions: Any, name: str) -> sitk.Image:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    scalars = voxels.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfComponents() != 1:
        raise SceneError(f"{name} has no single value per voxel", "choose a scalar volume, not colour or vectors")
    image = sitk.GetImageFromArray(vtk_to_numpy(scalars).reshape(voxels.GetDimensions()[::-1]))
    image.SetSpacing(spacing)
    image.SetDirection((_array_of(directions)[:3, :3] * LPS_SIGNS[:, None]).ravel().tolist())
    image.SetOrigin(ras_of(origin))
    first = voxels.GetExtent()[::2]
    if any(first):
        image.SetOrigin(image.TransformIndexToPhysicalPoint(first))
    return image


def _directions(image: sitk.Image) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    for row, values in enumerate(np.array(image.GetDirection()).reshape(3, 3) * LPS_SIGNS[:, None]):
        for column, value in enumerate(values):
            matrix.SetElement(row, column, float(value))
    return matrix


def _array_of(matrix: Any) -> NDArray[np.float64]:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
