"""Segmentations of finer, mirrored, sheared and warped grids are read where they are shown."""

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.grids import same_grid
from GuideGenLib.scene.segments.segmentation import read_anatomy
from Testing.scene.segments.edited import V, array_of, box, centre_of, code, like, state_of


def test_a_painted_voxel_beyond_the_reference_widens_the_grid(node: Any, paint: Any, small_anatomy: sitk.Image) -> None:
    wide = sitk.ConstantPad(small_anatomy, (0, 0, 3), (0, 0, 2))
    mask = box(wide, slice(0, 4), slice(10, 12), slice(10, 12))
    segment = paint(node, mask, name="low")
    code(node, segment, "71854001")
    read = read_anatomy(node)
    assert read.GetSize() == (32, 28, 51)
    assert (array_of(read)[0:4, 10:12, 10:12] == V["colon"]).all()
    inner = read_anatomy(node, reference=small_anatomy)
    assert same_grid(inner, small_anatomy)
    assert (array_of(inner) == V["colon"]).sum() == 4


def test_a_segment_of_a_finer_grid_is_read_on_the_grid_of_the_anatomy(
    node: Any, paint: Any, small_anatomy: sitk.Image
) -> None:
    fine = sitk.Expand(small_anatomy, (2, 2, 2), sitk.sitkNearestNeighbor)
    paint(node, like(array_of(fine) == V["lung_tumor"], fine), "lung_tumor")
    assert np.array_equal(array_of(read_anatomy(node, reference=small_anatomy)), array_of(small_anatomy))
    assert np.array_equal(array_of(read_anatomy(node)), array_of(fine))  # Slicer made the whole layer finer


def test_a_mirrored_and_scaled_segmentation_is_read_where_it_is_shown(
    node: Any, set_transform: Any, small_anatomy: sitk.Image
) -> None:
    set_transform(node, np.diag([-0.5, 0.5, 0.5, 1]))
    read = read_anatomy(node)
    assert np.allclose(read.GetSpacing(), 6.0)
    assert np.array_equal(array_of(read), array_of(small_anatomy))
    assert np.allclose(read.GetDirection(), (-1, 0, 0, 0, 1, 0, 0, 0, 1))


def test_a_sheared_segmentation_gets_right_angles(node: Any, set_transform: Any, small_anatomy: sitk.Image) -> None:
    shear = np.diag([0.5, 0.5, 0.5, 1])
    shear[0, 1] = 0.2
    set_transform(node, shear)
    read = read_anatomy(node)
    direction = np.array(read.GetDirection()).reshape(3, 3)
    assert np.allclose(direction @ direction.T, np.eye(3), atol=1e-6)
    local = np.array([*centre_of(small_anatomy, "liver"), 1.0])
    assert np.abs(centre_of(read, "liver") - (shear @ local)[:3]).max() < 3.0  # half a voxel


def test_a_warped_segmentation_is_read_where_it_is_shown(node: Any, small_anatomy: sitk.Image) -> None:
    import vtk

    warp = vtk.vtkThinPlateSplineTransform()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for corner in np.ndindex(2, 2, 2):
        place = np.array(corner) * (-400.0, -400.0, 600.0)
        source.InsertNextPoint(place)
        target.InsertNextPoint(place * 1.1 + (24, 12, 36))
    warp.SetBasisToR()
    warp.SetSourceLandmarks(source)
    warp.SetTargetLandmarks(target)
    transform = node.GetScene().AddNewNodeByClass("vtkMRMLTransformNode")
    transform.SetAndObserveTransformToParent(warp)
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert not transform.IsTransformToWorldLinear()
    state = state_of(node)
    read = read_anatomy(node)
    assert state_of(node) == state
    wanted = warp.TransformPoint(centre_of(small_anatomy, "heart"))
    assert np.abs(centre_of(read, "heart") - wanted).max() < 6.0  # half a voxel
    skin = array_of(read) != 0
    assert np.isclose(skin.sum(), (array_of(small_anatomy) != 0).sum() * 1.1**3, rtol=0.1)
