"""An anatomy of a user's on the mask grid, where the rest of it is drawn, and back on the user's own voxels.

It is brought there as training cases are (`anatomy.torso_frame`): by one scale and a move, along the axes of its own
grid. What is kept of it is never resampled on the way back, only what was drawn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.nearest import nearest_of
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.anatomy.torso_frame import (
    CANVAS,
    FRAME_MM,
    LEAST_MARKS,
    MARK_WEIGHTS,
    SCALES,
    PlacingError,
    fitted,
    marks_of,
    moved_by_middles,
    overlap,
    sideways,
    torso_frame,
)
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import IDENTITY, to_canonical
from GuideGenLib.mask.components import SEVERAL_PARTS
from GuideGenLib.mask.finer import finer
from GuideGenLib.mask.keep_keys import KeepError
from GuideGenLib.mask.kept import FREE, Kept, Labels

FINE_MM = 1.5
"""Finer voxels are thinned out to about this before they are brought onto the mask grid."""
FINE_BELOW = 0.75
"""The user's voxels are finer than this share of the mask grid's: what is drawn gets smooth borders at half of it."""
CUT, SPLIT_CUT = 0.25, 0.05
"""A structure that fills more than this share of its largest slice at an end of its volume goes on beyond it; vessels,
the cord, and what has several parts, as the ribs, do with less."""
END_MM, LONG_END_MM = 6.0, 18.0
"""So near an end of the volume, as automatic labels often stop a slice or two before it; those of vessels and the cord,
which run through the body, earlier."""
MOST_VOXELS = 250_000_000
"""Of a result: 250 MB, and some times as much on the way."""


@dataclass(frozen=True)
class UserGrid:
    """oriented: the anatomy in its closest LPS order, parts of kept structures that are not kept healed; orientation:
    its own; kept: on the whole mask grid; step: mm of the user for each voxel of that; edge: mm (z, y, x) from the
    first edge of the user's volume to that of the mask grid."""

    oriented: sitk.Image
    orientation: str
    keys: tuple[str, ...]
    kept: Kept
    step: float
    edge: tuple[float, float, float]

    @classmethod
    def of(cls, anatomy: sitk.Image, keys: Sequence[str], shape: tuple[int, int, int]) -> "UserGrid":
        """anatomy: uint8 labels of the table; keys: `keys_to_keep`; shape: of the mask grid in voxels of 3 mm.

        Raises KeepError where the anatomy cannot be placed.
        """
        orientation = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(anatomy.GetDirection())
        oriented = sitk.DICOMOrient(anatomy, "LPS")
        kept_values = [values()[key] for key in keys]
        oriented = on_grid_of(oriented, _healed(sitk.GetArrayFromImage(oriented), kept_values))
        coarse = oriented[tuple(slice(None, None, max(1, int(FINE_MM / d))) for d in oriented.GetSpacing())]
        try:
            scale, offset = _placed(coarse, shape)
        except PlacingError as error:
            remedy = "check what its segments are called, or keep others with it: bones tell best where they lie"
            raise KeepError(f"what is kept cannot be placed, {error.message}", remedy) from error
        step = FRAME_MM / scale
        small, frame = to_canonical(coarse, step, labels=True, smooth=True)
        first = np.array(oriented.TransformPhysicalPointToContinuousIndex(frame.origin))[::-1] + 0.5
        edge = first * oriented.GetSpacing()[::-1] - step / 2 - np.array(offset) * step
        kept = _kept(small, offset, shape, kept_values, coarse)
        return cls(oriented, orientation, tuple(keys), kept, step, tuple(edge.tolist()))

    @cached_property
    def mine(self) -> np.ndarray:
        """Where the oriented anatomy is kept."""
        return np.isin(sitk.GetArrayViewFromImage(self.oriented), self.kept.values)

    def back(self, drawn: Labels, start: int) -> sitk.Image:
        """What was drawn beside the kept (`Kept.drawn`), from a slice of the mask grid on, on the voxels of the user,
        with what is kept as it was. The volume is as large as both need. Raises KeepError for too many voxels.
        """
        spacing = np.array(self.oriented.GetSpacing())[::-1]
        low, high = self._extent(start, start + len(drawn))
        size = high - low
        if np.prod(size.astype(float)) > MOST_VOXELS:
            raise KeepError(
                f"with the rest drawn the anatomy would have {np.prod(size / 100):.0f} million voxels",
                f"resample it to {FINE_MM:g} mm, or choose a smaller region",
            )
        below = max(0, int(np.ceil((self.edge[0] + start * self.step - low[0] * spacing[0]) / self.step)))
        end = self.edge[0] + (start + len(drawn)) * self.step
        above = max(0, int(np.ceil((high[0] * spacing[0] - end) / self.step)))
        drawn = np.pad(drawn, ((below, above), (0, 0), (0, 0)), mode="edge")  # a kept thigh goes on in its flesh
        halves = 2 if spacing.min() < FINE_BELOW * self.step else 1
        image = sitk.GetImageFromArray(finer(drawn) if halves == 2 else drawn)
        image.SetSpacing([self.step / halves] * 3)
        image.SetDirection(self.oriented.GetDirection())
        image.SetOrigin(self._point(np.array([start - below, 0, 0]) + 0.5 / halves - 0.5))
        to_grid = sitk.ResampleImageFilter()
        to_grid.SetSize([int(n) for n in size[::-1]])
        to_grid.SetOutputSpacing(self.oriented.GetSpacing())
        to_grid.SetOutputDirection(self.oriented.GetDirection())
        to_grid.SetOutputOrigin(self.oriented.TransformContinuousIndexToPhysicalPoint([float(n) for n in low[::-1]]))
        to_grid.SetInterpolator(sitk.sitkNearestNeighbor)
        result = to_grid.Execute(image)
        array = sitk.GetArrayFromImage(result)
        here, there = overlap(self.mine.shape, array.shape, tuple((-low).tolist()))
        inside, mine = array[here], self.mine[there]
        self._refill(inside, mine, tuple(one.start for one in there))
        inside[mine] = sitk.GetArrayViewFromImage(self.oriented)[there][mine]
        return sitk.DICOMOrient(on_grid_of(result, array), self.orientation)

    def place_of(self, image: sitk.Image, voxel: Sequence[float], start: int) -> tuple[float, float, float]:
        """A place (z, y, x) of the drawing, in voxels from slice `start` of the mask grid on, as voxels of `image`."""
        z, y, x = voxel
        point = self._point(np.array([z + start, y, x]))
        at = image.TransformPhysicalPointToContinuousIndex(point)
        return at[2], at[1], at[0]

    def _refill(self, array: Labels, mine: np.ndarray, corner: tuple[int, ...]) -> None:
        """Voxels of a part of the user's volume that were drawn as more of what is kept there take the nearest drawn
        label, unless it goes on there; corner: where in the volume the part begins."""
        boxes = ndimage.find_objects(sitk.GetArrayViewFromImage(self.oriented))
        voxels = np.argwhere(np.isin(array, self.kept.values) & ~mine)
        drawn = array[tuple(voxels.T)]
        places = voxels + corner
        goes_on = np.zeros(len(voxels), bool)
        for value in self.kept.beyond:
            low, high = (np.array([getattr(side, end) for side in boxes[value - 1]]) for end in ("start", "stop"))
            z, y, x = self.kept.beyond[value]
            for axis, slices in enumerate((z, y, x)):
                beyond = np.zeros(len(voxels), bool)
                if slices[0]:
                    beyond |= places[:, axis] < low[axis]
                if slices[-1]:
                    beyond |= places[:, axis] >= high[axis]
                goes_on |= beyond & (drawn == value)
        if goes_on.all():
            return
        odd = np.zeros(array.shape, bool)
        odd[tuple(voxels[~goes_on].T)] = True
        box = ndimage.find_objects(odd.astype(np.uint8))[0]
        wide = tuple(slice(max(0, one.start - 8), one.stop + 8) for one in box)
        near = ndimage.distance_transform_edt((odd | mine)[wide], return_distances=False, return_indices=True)
        array[wide][odd[wide]] = array[wide][tuple(near)][odd[wide]]

    def _point(self, voxel: np.ndarray) -> tuple[float, ...]:
        """LPS mm of a voxel (z, y, x) of the mask grid."""
        index = (np.array(self.edge) + (voxel + 0.5) * self.step) / self.oriented.GetSpacing()[::-1] - 0.5
        return self.oriented.TransformContinuousIndexToPhysicalPoint(index[::-1].tolist())

    def _extent(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Voxels of the user from and to which a result goes whose slices on the mask grid are those: as high as what
        is drawn and what is kept, as wide as the user's volume and the mask grid."""
        spacing = np.array(self.oriented.GetSpacing())[::-1]
        shape = np.array([last, *self.kept.labels.shape[1:]])
        edge = np.array(self.edge)
        low = np.ceil((edge + np.array([first, 0, 0]) * self.step) / spacing - 0.501).astype(int)
        high = np.floor((edge + shape * self.step) / spacing - 0.499).astype(int) + 1
        slices = np.flatnonzero(self.mine.any((1, 2)))
        own_low, own_high = np.array([slices[0], 0, 0]), np.array([slices[-1] + 1, *self.mine.shape[1:]])
        return np.minimum(low, own_low), np.maximum(high, own_high)


def _healed(array: Labels, kept: Sequence[int]) -> Labels:
    """Labels in which a part of kept structures that is not kept itself (a tumour, gas) is what it is a part of."""
    for row in (label(key) for key in values() if key not in TISSUE_KEYS):
        whole = [values()[key] for key in row.part_of if values()[key] in kept]
        if whole and row.value not in kept and (part := array == row.value).any():
            array[part] = nearest_of(array, part, whole, missing=whole[0])
    return array


def _placed(image: sitk.Image, shape: tuple[int, int, int]) -> tuple[float, tuple[int, int, int]]:
    """(scale, voxels along z, y, x) by which a volume of FRAME_MM / scale is moved onto the mask grid."""
    array, frame = sitk.GetArrayViewFromImage(image), torso_frame()
    own = _is_ours(image, shape)
    marks = marks_of(array, image.GetSpacing()[2])
    scale = 1.0
    if sum(MARK_WEIGHTS[key] >= 1 for key, _ in marks) >= LEAST_MARKS:
        scale, move, _, _ = fitted(marks, frame, (1.0, 1.0) if own else SCALES)
    small, _ = to_canonical(image, FRAME_MM / scale, labels=True, smooth=True)
    if scale == 1.0 and sum(MARK_WEIGHTS[key] >= 1 for key, _ in marks) < LEAST_MARKS:
        move = moved_by_middles(small, FRAME_MM, frame)
    if own:
        return scale, (0 if len(small) == shape[0] else round(move / FRAME_MM), 0, 0)
    y, x = sideways(small, frame)
    return scale, (round(move / FRAME_MM), y - (CANVAS[1] - shape[1]) // 2, x - (CANVAS[2] - shape[2]) // 2)


def _is_ours(image: sitk.Image, shape: tuple[int, int, int]) -> bool:
    """Whether a volume lies as those that a generator of this mask grid makes: there it stays sideways."""
    width, height = (image.GetSize()[axis] * image.GetSpacing()[axis] for axis in (0, 1))
    middle = [image.GetOrigin()[axis] + (image.GetSize()[axis] - 1) * image.GetSpacing()[axis] / 2 for axis in (0, 1)]
    same = np.allclose([width, height], [shape[2] * FRAME_MM, shape[1] * FRAME_MM])
    return same and np.allclose(middle, 0) and np.allclose(image.GetDirection(), IDENTITY)


def _kept(
    small: Labels, offset: tuple[int, int, int], shape: tuple[int, int, int], kept: Sequence[int], image: sitk.Image
) -> Kept:
    """What is kept on the mask grid of that shape; small: labels of its spacing, to be moved by `offset`; image: the
    labels on finer voxels, which tell what their volume cuts."""
    source, spacing = sitk.GetArrayViewFromImage(image), image.GetSpacing()[::-1]
    here, there = overlap(small.shape, shape, offset)
    canvas = np.full(shape, FREE, np.uint8)
    canvas[here] = np.where(np.isin(small[there], kept), small[there], FREE)
    classes = canvas.copy()
    beyond: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for value in kept:
        row = label(value)
        if row.group in ("lesions", "findings"):
            part = classes == value
            choices = [values()[key] for key in row.part_of or (row.drawn_as,)]
            classes[part] = nearest_of(_moved(small, shape, offset), part, choices, missing=0)
            if (lost := part & (classes == 0)).any():  # nothing of its organ is labelled
                classes[lost] = _nearest_in_frame(lost, choices)
            continue
        runs_through = row.group in ("vessels", "nerves")
        cut = SPLIT_CUT if runs_through or row.key in SEVERAL_PARTS else CUT
        near = LONG_END_MM if runs_through else END_MM
        ends = [*_cut_ends(source == value, [round(near / step) for step in spacing], cut)]
        if ends and (canvas == value).any():
            beyond[value] = _beyond(canvas == value, ends)
    return Kept(canvas, classes, tuple(kept), beyond)


def _moved(small: Labels, shape: tuple[int, int, int], offset: tuple[int, int, int]) -> Labels:
    """Labels moved onto a canvas of that shape, 0 elsewhere."""
    here, there = overlap(small.shape, shape, offset)
    canvas = np.zeros(shape, np.uint8)
    canvas[here] = small[there]
    return canvas


def _cut_ends(mask: np.ndarray, margin: Sequence[int], cut: float) -> Iterator[tuple[int, bool]]:
    """(axis, whether at its upper end) where the volume cuts a structure: in the last slice, or so many before it, it
    fills more than `cut` of its largest slice."""
    for axis in range(3):
        area = mask.sum(axis=tuple({0, 1, 2} - {axis}))
        near = 1 + margin[axis]
        for upper in (False, True):
            if (area[-near:] if upper else area[:near]).max() > cut * area.max():
                yield axis, upper


def _beyond(mask: np.ndarray, ends: Sequence[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The slices along z, y and x that lie beyond a structure at those of its ends, (axis, whether upper)."""
    z, y, x = (np.zeros(n, bool) for n in mask.shape)
    for axis, upper in ends:
        own = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        (z, y, x)[axis][slice(own[-1] + 1, None) if upper else slice(None, own[0])] = True
    return z, y, x


def _nearest_in_frame(part: np.ndarray, choices: Sequence[int]) -> int:
    """Of several labels the one that lies nearest to a part [z, y, x] of the mask grid in the torso frame."""
    middles = torso_frame().middles
    side = [0.0, *((room - n) / 2 * FRAME_MM for room, n in zip(CANVAS[1:], part.shape[1:], strict=True))]
    at = np.argwhere(part).mean(0) * FRAME_MM + side
    known = [value for value in choices if label(value).key in middles]
    return min(known, key=lambda value: float(np.linalg.norm(at - middles[label(value).key])))
