"""A lesion or finding where the user points, drawn into the segmentation: a body in its organ, or a fluid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.table import label
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import from_canonical, to_canonical
from GuideGenLib.findings.reading import recipe_of_label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import moved, oriented_from_image, ras_of, world_matrix
from GuideGenLib.scene.segments.kinds import pointed_kind
from GuideGenLib.scene.segments.layers import LABELMAP, grid_of, layers_of, onto
from GuideGenLib.scene.segments.overlaps import merged
from GuideGenLib.scene.segments.terminology import set_terminology

FINEST_MM = 2.0
"""Step of the grid on which fluids are filled in, at least."""


def add_finding(scene: Any, node: Any, ras: tuple[float, float, float], key: str, size: float, seed: int) -> str:
    """Draw a lesion of a longest diameter (mm) about a point (RAS mm, world) into a segmentation node, or so many ml
    (of pericardial effusion so many mm) of a fluid on the side of the point.

    key: of `pointed_kinds`, "liver_tumor". It takes its voxels from the organ, from what lies within it, and where
    these are too small for it from fat and body around it, a fluid from its space; other organs and other lesions stay.
    It is added to the segment of that label, or to a new one; the same seed gives the same lesion. Returns the id of
    the segment. Undo is the caller's: save the state before. Raises SceneError: not a lesion, a size that cannot be, a
    point that is not in the organ, no room, a segmentation of surfaces, and what `read_segmentation` refuses. The node
    is not changed then.
    """
    kind, row = pointed_kind(key), label(key)
    low, high = kind.limits
    if not low <= size <= high:
        raise SceneError(
            f"a {kind.name} of {size:g} {kind.unit} cannot be drawn", f"choose {low:g} to {high:g} {kind.unit}"
        )
    layers, claims = layers_of(node, None)
    if node.GetScene() is not scene:
        raise SceneError(f"{node.GetName()} is not in this scene", "choose a segmentation of the scene")
    if node.GetSegmentation().GetSourceRepresentationName() != LABELMAP:
        raise SceneError(
            f"{node.GetName()} is made of surfaces, which cannot be painted on",
            "in the Segmentations module, under Representations, create its binary labelmap and make it the source",
        )
    world = world_matrix(node)
    grid = grid_of(node, layers)
    arrays = [onto(layer, grid) for layer in layers]
    numbers = merged(arrays, claims, float(np.prod(grid.GetSpacing())) / 1000)
    table = np.array([0, *(claim.label.value for claim in claims)], np.uint8)
    spacing = np.array(moved(grid, world).GetSpacing())[::-1]
    local = (np.linalg.inv(world) @ [*ras, 1.0])[:3]
    point = np.array(grid.TransformPhysicalPointToContinuousIndex(ras_of(local)))[::-1]
    image = on_grid_of(moved(grid, world), table[numbers])
    voxels = _draw(image, table[numbers], spacing, point, row, size, seed)
    touched = {number for array in arrays for number in np.unique(array[voxels]).tolist()} - {0}
    held = {claims[number - 1].segment_id: _union(arrays, number) for number in touched}
    same = [number for number, claim in enumerate(claims, start=1) if claim.label == row]
    segment_id = claims[same[0] - 1].segment_id if same else _new_segment(node, row)
    others = [claim.segment_id for claim in claims if claim.segment_id != segment_id]
    _write(node, segment_id, voxels | _union(arrays, same[0]) if same else voxels, grid, others)
    held.pop(segment_id, None)
    for other, mask in held.items():  # in other layers nothing was overwritten
        if not _share(node, other, segment_id):
            _write(node, other, mask & ~voxels, grid, [])
    return segment_id


def _draw(
    image: sitk.Image, anatomy: NDArray[np.uint8], spacing: NDArray[np.float64], point: NDArray[np.float64], row: Label,
    size: float, seed: int,
) -> NDArray[np.bool_]:  # fmt: skip
    """The voxels of a lesion or of a fluid, with the errors of this module; anatomy: that of the image [z, y, x]."""
    try:
        from GuideGenLib.mask.findings.pointed import grow_at
        from GuideGenLib.mask.findings.pointed_fluid import fluid_at, side_at
        from GuideGenLib.mask.findings.sites import LesionError
    except ImportError as error:
        raise SceneError(f"{error.name} is needed to draw a lesion", "install GuideGen's packages first") from error
    z, y, x = spacing.tolist()
    recipe = recipe_of_label(row.key)
    try:
        if recipe is None or recipe.mechanism != "fluid":
            return grow_at(anatomy, (z, y, x), point, row, size, seed)
        side = side_at(anatomy, (z, y, x), point, recipe)
        step = max(FINEST_MM, min(z, y, x))
        labels, frame = to_canonical(image, step, labels=True)
        taken = fluid_at(labels, step, recipe, side, size, seed)
        back = sitk.GetArrayFromImage(from_canonical(taken.astype(np.uint8), frame, image, labels=True)) > 0
        return np.asarray(back & np.isin(anatomy, np.unique(labels[taken])))
    except LesionError as error:
        raise SceneError(error.message, error.remedy) from error


def _union(arrays: Sequence[NDArray[np.uint16]], number: int) -> NDArray[np.bool_]:
    return np.logical_or.reduce([array == number for array in arrays])


def _new_segment(node: Any, row: Label) -> str:
    segmentation = node.GetSegmentation()
    segment_id = segmentation.GenerateUniqueSegmentID(row.key)
    color = [channel / 255 for channel in row.color]
    segmentation.AddEmptySegment(segment_id, row.name, color)  # it shares a layer with the others
    set_terminology(segmentation.GetSegment(segment_id), row.key)
    return str(segment_id)


def _write(node: Any, segment_id: str, mask: NDArray[np.bool_], grid: sitk.Image, overwrite: list[str]) -> None:
    """Make a segment hold just these voxels; in its own layer they are taken from the segments to overwrite."""
    import slicer

    labelmap = oriented_from_image(on_grid_of(grid, mask.astype(np.uint8)))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    extent = labelmap.GetExtent()
    if not logic.SetBinaryLabelmapToSegment(labelmap, node, segment_id, logic.MODE_REPLACE, extent, False, overwrite):
        raise SceneError(f"{node.GetName()} could not be painted on", "undo, and check its binary labelmap")


def _share(node: Any, one: str, other: str) -> bool:
    segmentation = node.GetSegmentation()
    return bool(segmentation.GetLayerIndex(one) == segmentation.GetLayerIndex(other))
