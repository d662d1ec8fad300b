"""A lesion or finding where the user points, drawn into the segmentation: a body in its organ, a fluid, or a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.table import label
from GuideGenLib.core.grids import on_grid_of, same_grid
from GuideGenLib.core.volumes import from_canonical, image_from_array, to_canonical
from GuideGenLib.findings.reading import recipe_of_label
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import moved, oriented_from_image, ras_of, world_matrix
from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.segments.kinds import pointed_kind
from GuideGenLib.scene.segments.layers import LABELMAP, Claim, grid_of, layers_of, onto
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
    pointed = take_pointed(scene, node, ras, key, size, seed)
    return pointed.put(pointed.draw())


@dataclass(frozen=True)
class Pointed:
    """A finding that is to be drawn and the segments as they were when it was pointed at: `draw` may be called in any
    thread, the rest where the scene is."""

    node: Any
    layers: list[sitk.Image]
    claims: list[Claim]
    grid: sitk.Image
    arrays: list[NDArray[np.uint16]]
    world: NDArray[np.float64]
    ras: tuple[float, float, float]
    row: Label
    size: float
    seed: int
    times: tuple[int, ...]

    def draw(self) -> NDArray[np.uint8]:
        """Values of labels where the finding changes anything, 0 elsewhere, on the grid. Raises as `add_finding`."""
        numbers = merged(self.arrays, self.claims, float(np.prod(self.grid.GetSpacing())) / 1000)
        table = np.array([0, *(claim.label.value for claim in self.claims)], np.uint8)
        image = on_grid_of(moved(self.grid, self.world), table[numbers])
        spacing = np.array(image.GetSpacing())[::-1]
        local = (np.linalg.inv(self.world) @ [*self.ras, 1.0])[:3]
        point = np.array(self.grid.TransformPhysicalPointToContinuousIndex(ras_of(local)))[::-1]
        return _draw(image, table[numbers], spacing, point, self.row, self.size, self.seed)

    def is_current(self) -> bool:
        """Whether the node is in a scene and holds the same voxels at the same place as when it was pointed at."""
        if present(self.node) is None:
            return False
        try:
            world = world_matrix(self.node)
            if _times(self.node) == self.times:
                return np.array_equal(world, self.world)
            layers, claims = layers_of(self.node, None)
        except SceneError:
            return False
        owners = [[(one.segment_id, one.label) for one in those] for those in (self.claims, claims)]
        return (
            owners[0] == owners[1]
            and np.array_equal(world, self.world)
            and len(layers) == len(self.layers)
            and all(same_grid(one, other) and _same(one, other) for one, other in zip(layers, self.layers, strict=True))
        )

    def put(self, drawn: NDArray[np.uint8]) -> str:
        """Write what was drawn into the node, which has to be current; returns the id of the finding's segment."""
        node, grid, arrays, claims, value_of_row = self.node, self.grid, self.arrays, self.claims, self.row.value
        changed = drawn > 0
        touched = {number for array in arrays for number in np.unique(array[changed]).tolist()} - {0}
        held = {claims[number - 1].segment_id: _union(arrays, number) & ~changed for number in touched}
        segment_of = {claim.label.value: claim.segment_id for claim in reversed(claims)}
        segment_id = segment_of.get(value_of_row) or _new_segment(node, self.row)
        for value in np.unique(drawn[changed]).tolist():  # what gives way to a shape is another organ's now
            owner = segment_id if value == value_of_row else segment_of.get(value)
            if owner is None:
                continue
            number = next((n for n, claim in enumerate(claims, start=1) if claim.segment_id == owner), None)
            mine = np.zeros(changed.shape, bool) if number is None else _union(arrays, number) & ~changed
            others = [one.segment_id for one in claims if one.segment_id != owner]
            _write(node, owner, mine | (drawn == value), grid, others)
            held.pop(owner, None)
        for other, mask in held.items():  # in other layers nothing was overwritten, nor what is nobody's now
            if not _share(node, other, segment_id) or (drawn[changed] != value_of_row).any():
                _write(node, other, mask, grid, [])
        return segment_id


def take_pointed(scene: Any, node: Any, ras: tuple[float, float, float], key: str, size: float, seed: int) -> Pointed:
    """The first part of `add_finding`, in which the node is read and nothing is changed."""
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
    grid = grid_of(node, layers)
    arrays = [onto(layer, grid) for layer in layers]
    return Pointed(node, layers, claims, grid, arrays, world_matrix(node), ras, row, size, seed, _times(node))


def _draw(
    image: sitk.Image, anatomy: NDArray[np.uint8], spacing: NDArray[np.float64], point: NDArray[np.float64], row: Label,
    size: float, seed: int,
) -> NDArray[np.uint8]:  # fmt: skip
    """Values of labels where anything changes, 0 elsewhere; anatomy: that of the image [z, y, x]. With the errors of
    this module."""
    try:
        from GuideGenLib.mask.findings.pointed import grow_at
        from GuideGenLib.mask.findings.pointed_fluid import fluid_at, side_at
        from GuideGenLib.mask.findings.pointed_shape import shape_at, tube_at
        from GuideGenLib.mask.findings.sites import LesionError
    except ImportError as error:
        raise SceneError(f"{error.name} is needed to draw a lesion", "install GuideGen's packages first") from error
    z, y, x = spacing.tolist()
    recipe = recipe_of_label(row.key)
    try:
        if recipe is None or recipe.mechanism == "solid":
            return grow_at(anatomy, (z, y, x), point, row, size, seed).astype(np.uint8) * np.uint8(row.value)
        step = max(FINEST_MM, min(z, y, x))
        labels, frame = to_canonical(image, step, labels=True)
        if recipe.mechanism == "fluid":
            side = side_at(anatomy, (z, y, x), point, recipe)
            drawn = fluid_at(labels, step, recipe, side, size, seed).astype(np.uint8) * np.uint8(row.value)
        else:
            canonical = image_from_array(labels, frame.spacing, frame.origin, frame.direction, labels=True)
            at = image.TransformContinuousIndexToPhysicalPoint(point[::-1].tolist())
            place = np.array(canonical.TransformPhysicalPointToContinuousIndex(at))[::-1]
            draw = tube_at if recipe.mechanism == "tube" else shape_at
            result = draw(labels, step, recipe, place, size, seed)
            drawn = np.where(result != labels, result, np.uint8(0))
        back = sitk.GetArrayFromImage(from_canonical(drawn, frame, image, labels=True))
        return np.where(np.isin(anatomy, np.unique(labels[drawn > 0])), back, np.uint8(0))
    except LesionError as error:
        raise SceneError(error.message, error.remedy) from error


def _times(node: Any) -> tuple[int, ...]:
    """When the segments of a node and their voxels changed last, of each."""
    segmentation = node.GetSegmentation()
    layers = [segmentation.GetLayerDataObject(n, LABELMAP) for n in range(segmentation.GetNumberOfLayers(LABELMAP))]
    segments = map(segmentation.GetNthSegment, range(segmentation.GetNumberOfSegments()))
    return (segmentation.GetMTime(), *(changed.GetMTime() for changed in (*layers, *segments)))


def _same(one: sitk.Image, other: sitk.Image) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other))


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
