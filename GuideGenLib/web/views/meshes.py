"""A surface of one segment, quick enough to be made between two events of the page."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

COARSE_POLYGONS = 6000
"""A finer surface is thinned before it is smoothed."""

BIN_VOXELS = 1.8
"""Edge of the boxes that a fine surface is thinned in, a third of its polygons stays; from 2 on, walls that are a voxel
thin get holes. It takes a hundredth of the time of the decimation that Slicer uses."""

SMOOTHING_STEPS, PASS_BAND = 20, 0.05


class LabelGrid:
    """The voxels of a vtkOrientedImageData that segments share, and the box of each value in them."""

    def __init__(self, labelmap: Any) -> None:
        from scipy import ndimage
        from vtkmodules.util.numpy_support import vtk_to_numpy

        self._labelmap = labelmap
        self._first = labelmap.GetExtent()[::2]
        scalars = labelmap.GetPointData().GetScalars()
        self._boxes: list[Any] = []
        if scalars is not None and labelmap.GetNumberOfPoints() > 0:
            array = vtk_to_numpy(scalars).reshape(labelmap.GetDimensions()[::-1])
            self._array = array if array.dtype.kind in "iu" else np.rint(array).astype(np.int32)
            self._boxes = ndimage.find_objects(self._array)

    def mask(self, value: int) -> tuple[NDArray[np.uint8], tuple[int, int, int]] | None:
        """The voxels [z, y, x] of a value with a rim of zeros, and the index (i, j, k) of their first; None if none."""
        box = self._boxes[value - 1] if 0 < value <= len(self._boxes) else None
        return None if box is None else self._cut(box, self._array[box] == value)

    def hull(self) -> tuple[NDArray[np.uint8], tuple[int, int, int]] | None:
        """The same of all values together."""
        boxes = [box for box in self._boxes if box is not None]
        if not boxes:
            return None
        whole = tuple(
            slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes)) for axis in range(3)
        )
        return self._cut(whole, self._array[whole] > 0)

    def _cut(self, box: Any, mask: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], tuple[int, int, int]]:
        i, j, k = (int(low) + part.start - 1 for low, part in zip(self._first, box[::-1], strict=True))
        return np.pad(mask.astype(np.uint8), 1), (i, j, k)

    def to_frame(self) -> tuple[float, ...]:
        """The 16 numbers of the matrix from indices to the segmentation's own frame (RAS mm)."""
        import vtk

        matrix = vtk.vtkMatrix4x4()
        self._labelmap.GetImageToWorldMatrix(matrix)
        return tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4))


def fingerprint(mask: NDArray[np.uint8], first: tuple[int, int, int], to_frame: tuple[float, ...]) -> int:
    """Changes when the segment's voxels or their place change."""
    return zlib.crc32(repr((mask.shape, first, to_frame)).encode(), zlib.crc32(np.packbits(mask).tobytes()))


def coarse_surface(mask: NDArray[np.uint8], first: tuple[int, int, int]) -> Any:
    """The closed vtkPolyData around a mask [z, y, x], in voxel indices."""
    import vtk
    from vtkmodules.util.numpy_support import numpy_to_vtk

    image = vtk.vtkImageData()
    image.SetDimensions(mask.shape[::-1])
    image.SetOrigin([float(index) for index in first])
    image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel(), deep=True))
    edges = vtk.vtkDiscreteFlyingEdges3D()
    edges.SetInputData(image)
    edges.GenerateValues(1, 1.0, 1.0)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return _thinned(edges.GetOutput())


def smooth_surface(coarse: Any, to_frame: tuple[float, ...], parent: Any) -> Any:
    """The surface smoothed, with normals, in the world (RAS mm); parent: the segmentation's transform node or None."""
    import vtk

    smooth = vtk.vtkWindowedSincPolyDataFilter()
    smooth.SetInputData(coarse)
    smooth.SetNumberOfIterations(SMOOTHING_STEPS)
    smooth.SetPassBand(PASS_BAND)
    smooth.BoundarySmoothingOff()
    smooth.FeatureEdgeSmoothingOff()
    smooth.NonManifoldSmoothingOn()
    smooth.NormalizeCoordinatesOn()
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetInputConnection(smooth.GetOutputPort())
    placed.SetTransform(_to_world(to_frame, parent))
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(placed.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOff()  # it is consistent, and thin walls that were pinched would be turned inside out
    normals.Update()
    return normals.GetOutput()


def _thinned(surface: Any) -> Any:
    import vtk

    if surface.GetNumberOfPolys() <= COARSE_POLYGONS:
        return surface
    bounds = surface.GetBounds()
    thin = vtk.vtkBinnedDecimation()
    thin.SetInputData(surface)
    thin.SetPointGenerationModeToBinAverages()
    thin.AutoAdjustNumberOfDivisionsOff()
    thin.SetNumberOfDivisions(
        *(max(1, int((high - low) / BIN_VOXELS)) for low, high in zip(bounds[::2], bounds[1::2], strict=True))
    )
    thin.Update()
    return thin.GetOutput()


def _to_world(to_frame: tuple[float, ...], parent: Any) -> Any:
    import slicer
    import vtk

    whole = vtk.vtkGeneralTransform()
    if parent is not None:
        to_world = vtk.vtkGeneralTransform()
        slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parent, None, to_world)
        whole.Concatenate(to_world)
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(to_frame)
    whole.Concatenate(matrix)
    return whole
