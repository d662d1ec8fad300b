"""Segmentations of every geometry go to CT, and organs are seen in the CT where Slicer shows their segments."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from vtkmodules.util.numpy_support import vtk_to_numpy

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import same_grid
from GuideGenLib.description.model import Description
from GuideGenLib.generator import Generator
from GuideGenLib.generator.generator import CT_SPACING
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneWarning
from GuideGenLib.scene.geometry import oriented_from_image
from GuideGenLib.scene.runs.results import file_ct
from GuideGenLib.scene.segments.segmentation import add_anatomy, read_anatomy

BRIGHT, BODY = 300.0, -100.0
"""HU of the organ that is looked for, and of all else in the body."""
TOTALSEGMENTATOR = {"liver": (5, "10200004"), "spleen": (1, "78961009")}
"""Its label values, and the SNOMED codes that it publishes."""


class Painter(Generator):
    """The generator with all of its geometry, but in place of the networks one bright organ."""

    def __init__(self, key: str) -> None:
        super().__init__(None, SimpleNamespace(ct=SimpleNamespace(noise=lambda *_: None), arithmetic="float32"))  # type: ignore[arg-type]
        self.bright = values()[key]

    def _hu(self, labels: np.ndarray, *_: Any) -> np.ndarray:
        return np.select([labels == 0, labels == self.bright], [-1000.0, BRIGHT], BODY).astype(np.float32)


def torso(spacing: tuple[float, float, float], turned: bool = False) -> sitk.Image:
    """A body of 105 x 77 x 105 mm or so with two organs off its middle, an odd number of voxels along each side."""
    shape = [round(size / step) | 1 for size, step in zip((105, 77, 105), spacing[::-1], strict=True)]
    array = np.zeros(shape, np.uint8)
    array[:, 1:-1, 1:-1] = values()["body"]
    for key, low, high in (("liver", (0.2, 0.3, 0.1), (0.5, 0.7, 0.4)), ("spleen", (0.5, 0.2, 0.6), (0.8, 0.5, 0.9))):
        box = tuple(
            slice(start := int(a * size), start + (int((b - a) * size) | 1))
            for a, b, size in zip(low, high, shape, strict=True)
        )
        array[box] = values()[key]
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((-140.3, 60.7, 1000.1))
    if turned:
        turn = sitk.Euler3DTransform()
        turn.SetRotation(0.25, -0.15, 0.4)
        image.SetDirection(turn.GetMatrix())
    return image


def slab(scene: Any, _: Any) -> Any:
    return add_anatomy(scene, torso((0.7, 0.7, 5.0)))


def oblique(scene: Any, _: Any) -> Any:
    return add_anatomy(scene, torso((2.5, 3.0, 2.0), turned=True))


def oblique_slab(scene: Any, _: Any) -> Any:
    return add_anatomy(scene, torso((0.7, 0.7, 5.0), turned=True))


def cropped(scene: Any, _: Any) -> Any:
    """The body goes on beyond all six sides."""
    image = torso((3.0, 3.0, 3.0), turned=True)
    width, height, depth = image.GetSize()
    return add_anatomy(scene, image[2 : width - 2, 4 : height - 3, 1 : depth - 2])


def transformed(scene: Any, set_transform: Callable[..., Any]) -> Any:
    node = add_anatomy(scene, torso((3.0, 2.0, 4.0)))
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]]
    matrix[:3, 3] = (33.3, -51.7, 8.1)
    set_transform(node, matrix)
    return node


def mirrored(scene: Any, set_transform: Callable[..., Any]) -> Any:
    node = add_anatomy(scene, torso((3.0, 2.0, 4.0), turned=True))
    set_transform(node, np.diag([-1.0, 1.0, 1.0, 1.0]))
    return node


def imported(scene: Any, _: Any) -> Any:
    """Of TotalSegmentator: its own label values, its codes, ids that mean nothing, no body; axes as NIfTI has them."""
    import slicer

    image = torso((1.5, 1.5, 1.5))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    array = sitk.GetArrayFromImage(image)
    theirs = np.zeros_like(array)
    for key, (value, _code) in TOTALSEGMENTATOR.items():
        theirs[array == values()[key]] = value
    labelmap = sitk.GetImageFromArray(theirs)
    labelmap.CopyInformation(image)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "TotalSegmentator")
    for key, (value, code) in TOTALSEGMENTATOR.items():
        segment = slicer.vtkSegment()
        segment.SetName(key)
        segment.SetLabelValue(value)
        segment.AddRepresentation("Binary labelmap", oriented_from_image(labelmap))
        text = f"Segmentation category~SCT^123037004^Anatomical Structure~SCT^{code}^?~^^~Anatomic codes~^^~^^"
        segment.SetTag(segment.GetTerminologyEntryTagName(), text)
        node.GetSegmentation().AddSegment(segment, f"Segment_{value}")
    return node


def off_centre(node: Any, ras: tuple[float, float, float]) -> np.ndarray:
    """How far, in mm along the axes of a volume node, what is bright in it has its middle from a point in RAS."""
    import vtk

    image, matrix = node.GetImageData(), vtk.vtkMatrix4x4()
    node.GetRASToIJKMatrix(matrix)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    index = np.argwhere(voxels > (BRIGHT + BODY) / 2).mean(axis=0)[::-1]
    return np.abs(index - matrix.MultiplyPoint([*ras, 1.0])[:3]) * node.GetSpacing()


@pytest.mark.filterwarnings(f"ignore::{SceneWarning.__module__}.{SceneWarning.__name__}")
@pytest.mark.parametrize("spacing", [None, 2.0])
@pytest.mark.parametrize("make", [slab, oblique, oblique_slab, cropped, transformed, mirrored, imported])
def test_organs_lie_in_the_ct_where_their_segments_are_shown(
    scene: Any, set_transform: Any, make: Callable[..., Any], spacing: float | None
) -> None:
    segmentation = make(scene, set_transform)
    anatomy = read_anatomy(segmentation)
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    for key, (value, _) in TOTALSEGMENTATOR.items():
        ct = Painter(key).synthesize_ct(anatomy, Description(""), spacing=spacing)
        node = file_ct(scene, ct, anatomy, {}, "Run", segmentation)
        assert same_grid(read_ct(node, anatomy), ct)
        shown_at = segmentation.GetSegmentCenterRAS(key if key in ids else f"Segment_{value}")
        half_a_voxel = np.maximum(ct.GetSpacing(), CT_SPACING) / 2
        assert (off_centre(node, shown_at) < half_a_voxel).all(), key
