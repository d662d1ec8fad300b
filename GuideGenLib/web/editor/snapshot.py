"""A segmentation's segments and voxels at one moment, and what differs between two moments: undo is made of these."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.scene.segments.layers import LABELMAP
from GuideGenLib.scene.segments.terminology import KEY_TAG, label_of

Extent = tuple[int, int, int, int, int, int]
EMPTY: Extent = (0, -1, 0, -1, 0, -1)
QUICK = 1
"""zlib's level: anatomies shrink to a twentieth even so."""


@dataclass(frozen=True)
class Entry:
    """One segment. layer: index of its labelmap, -1 where it has none; tags: terminology and GuideGen.Key; looks: how
    it is displayed (not compared); segment: a vtkSegment that keeps the other tags (not compared)."""

    id: str
    name: str
    color: tuple[float, ...]
    value: int
    tags: tuple[str, str]
    layer: int
    looks: tuple[Any, ...] = field(compare=False)
    segment: Any = field(compare=False, repr=False)


@dataclass(frozen=True)
class Layer:
    """A labelmap: voxels [z, y, x] from the first corner of its extent, and the place of voxel (0, 0, 0). state: of the
    image that they were copied from, which has another one after each change (not compared)."""

    voxels: NDArray[Any]
    extent: Extent
    place: tuple[float, ...]
    state: tuple[str, int] = field(compare=False)

    def over(self, extent: Extent) -> NDArray[Any]:
        """The voxels over another extent, 0 where the layer has none."""
        if extent == self.extent:
            return self.voxels
        result = np.zeros(_shape(extent), self.voxels.dtype)
        both = shared(self.extent, extent)
        if not is_empty(both):
            result[slices(both, extent)] = self.voxels[slices(both, self.extent)]
        return result

    def fits(self, other: Layer) -> bool:
        """Are both made of the same voxels, whichever of them each holds?"""
        return self.place == other.place and self.voxels.dtype == other.voxels.dtype


@dataclass(frozen=True)
class Snapshot:
    """entries: in the order of the list; layers: by index."""

    entries: tuple[Entry, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Piece:
    """Voxels of a layer in a box, packed."""

    box: Extent
    place: tuple[float, ...]
    dtype: Any
    packed: bytes

    @property
    def voxels(self) -> NDArray[Any]:
        """[z, y, x]"""
        return np.frombuffer(zlib.decompress(self.packed), self.dtype).reshape(_shape(self.box))


@dataclass(frozen=True)
class Patch:
    """What a layer held before and after a step, None where it was not there. whole: the pieces are all that it held,
    on voxels of their own; else both are the same box of the same voxels."""

    before: Piece | None
    after: Piece | None
    whole: bool


def snapshot(node: Any, before: Snapshot | None = None) -> Snapshot:
    """A segmentation node as it is now; the voxels are copied, of layers that have not changed since `before` they are
    those of it."""
    segmentation, display = node.GetSegmentation(), node.GetDisplayNode()
    entries = []
    for segment_id in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segment_id)
        layer = segmentation.GetLayerIndex(segment_id, LABELMAP)
        entries.append(_entry(segment_id, segment, layer, display))
    known = {layer.state: layer for layer in before.layers} if before is not None else {}
    layers = (known.get(_state(image)) or _layer(image) for image in images_of(segmentation))
    return Snapshot(tuple(entries), tuple(layers))


@lru_cache(maxsize=1024)
def label_of_tags(tags: tuple[str, str], segment_id: str) -> Label | None:
    """`terminology.label_of` of a segment with such tags: to look at 70 of them after each stroke, it is too slow."""
    import slicer

    segment = slicer.vtkSegment()
    segment.SetTag(segment.GetTerminologyEntryTagName(), tags[0])
    segment.SetTag(KEY_TAG, tags[1])
    return label_of(segment, segment_id)


def tags_of(segment: Any) -> tuple[str, str]:
    """Terminology and GuideGen.Key of a vtkSegment, "" where it has none."""
    return _tag(segment, segment.GetTerminologyEntryTagName()), _tag(segment, KEY_TAG)


def images_of(segmentation: Any) -> list[Any]:
    """The vtkOrientedImageData of each layer."""
    count = segmentation.GetNumberOfLayers(LABELMAP)
    return [segmentation.GetLayerDataObject(index, LABELMAP) for index in range(count)]


def patches(old: Snapshot, new: Snapshot) -> dict[int, Patch]:
    """What differs between two snapshots, by the index of the layer."""
    found: dict[int, Patch] = {}
    for index in range(max(len(old.layers), len(new.layers))):
        before = old.layers[index] if index < len(old.layers) else None
        after = new.layers[index] if index < len(new.layers) else None
        patch = _patch(before, after)
        if patch is not None:
            found[index] = patch
    return found


def write(image: Any, extent: Extent, voxels: NDArray[Any]) -> None:
    """Put voxels [z, y, x] into a vtkOrientedImageData, which grows where they lie outside of it."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    own, scalars = tuple(image.GetExtent()), image.GetPointData().GetScalars()
    if scalars is not None and not is_empty(own) and union(own, extent) == own:
        vtk_to_numpy(scalars).reshape(_shape(own))[slices(extent, own)] = voxels
        scalars.Modified()
        image.Modified()
        return
    layer = _layer(image)
    whole = extent if is_empty(layer.extent) else union(layer.extent, extent)
    array = layer.over(whole)
    if whole == extent:
        array = voxels
    else:
        array[slices(extent, whole)] = voxels
    _fill(image, whole, array)


def replace(image: Any, piece: Piece) -> None:
    """Make a vtkOrientedImageData hold a piece and nothing else."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(piece.place)
    image.SetImageToWorldMatrix(matrix)
    _fill(image, piece.box, piece.voxels)


# ---------------------------------------------------------------- inside


def _entry(segment_id: str, segment: Any, layer: int, display: Any) -> Entry:
    looks: tuple[Any, ...] = ()
    if display is not None:
        looks = (
            display.GetSegmentVisibility(segment_id),
            display.GetSegmentVisibility2DFill(segment_id),
            display.GetSegmentVisibility2DOutline(segment_id),
            display.GetSegmentVisibility3D(segment_id),
        )
    tags = tags_of(segment)
    name, color, value = segment.GetName(), tuple(segment.GetColor()), segment.GetLabelValue()
    return Entry(segment_id, name, color, value, tags, layer, looks, segment)


def _layer(image: Any) -> Layer:
    import vtk
    from vtkmodules.util.numpy_support import vtk_to_numpy

    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    place = tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4))
    extent: Extent = tuple(image.GetExtent())
    scalars = image.GetPointData().GetScalars()
    if scalars is None or is_empty(extent):
        return Layer(np.zeros((0, 0, 0), np.uint8), EMPTY, place, _state(image))
    return Layer(vtk_to_numpy(scalars).reshape(_shape(extent)).copy(), extent, place, _state(image))


def _state(image: Any) -> tuple[str, int]:
    return image.GetAddressAsString(""), image.GetMTime()


def _fill(image: Any, extent: Extent, voxels: NDArray[Any]) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk

    image.SetExtent(extent)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(voxels).ravel(), deep=True))
    image.Modified()


def _patch(before: Layer | None, after: Layer | None) -> Patch | None:
    if before is None or after is None or not before.fits(after):
        if all(layer is None or not layer.voxels.any() for layer in (before, after)):
            return None
        return Patch(_piece(before), _piece(after), whole=True)
    if before is after:
        return None
    whole = union(before.extent, after.extent)
    old, new = before.over(whole), after.over(whole)
    box = _box(old != new, whole)
    if box is None:
        return None
    inside = slices(box, whole)
    pieces = [Piece(box, after.place, new.dtype, _packed(voxels[inside])) for voxels in (old, new)]
    return Patch(pieces[0], pieces[1], whole=False)


def _piece(layer: Layer | None) -> Piece | None:
    return None if layer is None else Piece(layer.extent, layer.place, layer.voxels.dtype, _packed(layer.voxels))


def _packed(voxels: NDArray[Any]) -> bytes:
    return zlib.compress(np.ascontiguousarray(voxels).tobytes(), QUICK)


def _box(mask: NDArray[np.bool_], extent: Extent) -> Extent | None:
    """The smallest box around the set voxels of a mask that lies over an extent, None where none is set."""
    ends: list[int] = []
    for axis, start in enumerate(extent[4::-2]):  # each time the rest of the mask is but that which holds any
        filled = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        if len(filled) == 0:
            return None
        low, high = int(filled[0]), int(filled[-1])
        mask = mask[(slice(None),) * axis + (slice(low, high + 1),)]
        ends[:0] = [start + low, start + high]
    return tuple(ends)  # type: ignore[return-value]


def union(one: Extent, other: Extent) -> Extent:
    if is_empty(one) or is_empty(other):
        return other if is_empty(one) else one
    pairs = zip(one, other, strict=True)
    return tuple(max(a, b) if index % 2 else min(a, b) for index, (a, b) in enumerate(pairs))  # type: ignore[return-value]


def shared(one: Extent, other: Extent) -> Extent:
    pairs = zip(one, other, strict=True)
    return tuple(min(a, b) if index % 2 else max(a, b) for index, (a, b) in enumerate(pairs))  # type: ignore[return-value]


def is_empty(extent: Extent) -> bool:
    return any(high < low for low, high in zip(extent[::2], extent[1::2], strict=True))


def _shape(extent: Extent) -> tuple[int, int, int]:
    x, y, z = (high - low + 1 for low, high in zip(extent[::2], extent[1::2], strict=True))
    return z, y, x


def slices(box: Extent, extent: Extent) -> tuple[slice, slice, slice]:
    """Where a box lies in an array over an extent."""
    x, y, z = (slice(box[2 * axis] - extent[2 * axis], box[2 * axis + 1] - extent[2 * axis] + 1) for axis in range(3))
    return z, y, x


def _tag(segment: Any, name: str) -> str:
    import vtk

    text = vtk.reference("")
    return str(text) if segment.GetTag(name, text) else ""
