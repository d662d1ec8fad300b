"""Segmentation node to anatomy, however the user edited, moved or imported it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.body import SKIN_MM, add_body
from GuideGenLib.anatomy.codes.codings import HEAD
from GuideGenLib.anatomy.label_volumes import fill_holes
from GuideGenLib.anatomy.maps import NOT_IN_THE_TORSO
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import check_volume
from GuideGenLib.scene.errors import SceneError, SceneWarning
from GuideGenLib.scene.segments.layers import LABELMAP, Claim, layers_of, placed
from GuideGenLib.scene.segments.overlaps import merged
from GuideGenLib.scene.segments.terminology import coding_of

ENVELOPES = ("body", "subcutaneous_fat")


@dataclass(frozen=True)
class ReadAnatomy:
    """anatomy: uint8 labels, LPS; notes: what was added or left out, in words for the user."""

    anatomy: sitk.Image
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """The segments of a node, taken out of the scene: the rest of `read_segmentation` may be done in any thread."""

    name: str
    arrays: list[NDArray[np.uint16]]
    claims: list[Claim]
    grid: sitk.Image
    surfaces: bool

    def reading(self) -> ReadAnatomy:
        """The second half of `read_segmentation`."""
        if not any(array.any() for array in self.arrays):
            raise SceneError(
                f"{self.name} lies outside the volume that it is to be read on",
                "choose the volume that belongs to it, or check its transform",
            )
        voxel_ml = float(np.prod(self.grid.GetSpacing())) / 1000
        numbers = merged(self.arrays, self.claims, voxel_ml, surfaces=self.surfaces)
        table = np.array([0, *(claim.label.value for claim in self.claims)], np.uint8)
        try:
            anatomy = check_volume(on_grid_of(self.grid, table[numbers]), self.name)
        except VolumeError as error:
            raise SceneError(error.message, error.remedy) from error
        notes: tuple[str, ...] = ()
        if not any(_is_envelope(claim) for claim in self.claims):
            anatomy = add_body(anatomy)
            notes = (_told(self.name),)
        return ReadAnatomy(fill_holes(anatomy), notes)


def read_anatomy(node: Any, reference: sitk.Image | None = None) -> sitk.Image:
    """`read_segmentation` without its notes, which become SceneWarning."""
    reading = read_segmentation(node, reference)
    for note in reading.notes:
        warnings.warn(note, SceneWarning, stacklevel=2)
    return reading.anatomy


def read_segmentation(node: Any, reference: sitk.Image | None = None) -> ReadAnatomy:
    """The label volume (uint8, LPS) of a segmentation node, where its parent transforms put it.

    The node is not changed. Segments count whether shown or not, are known by `terminology.label_of`, and may lie in
    several layers. Background inside the body becomes body; where no segment is a body or its fat, one is made around
    the segments. The grid is that of `reference` (an image of any kind, LPS), else that of the segments over the node's
    reference geometry.
    Raises SceneError: no or an empty segmentation, unknown segments, two segments that claim one voxel
    (`structures.wins` says which may), nothing within the reference.
    """
    return take_segments(node, reference).reading()


def take_segments(node: Any, reference: sitk.Image | None = None) -> Taken:
    """The first half of `read_segmentation`, in which the node is read."""
    layers, claims = layers_of(node, reference)
    arrays, grid = placed(node, layers, reference)
    surfaces = not node.GetSegmentation().ContainsRepresentation(LABELMAP)
    return Taken(node.GetName(), arrays, claims, grid, surfaces)


def _is_envelope(claim: Claim) -> bool:
    """Does a segment say where the body ends? Brain and skull are body by label, and do not."""
    coding = coding_of(claim.segment)
    kind = coding.type.value if coding and coding.type else ""
    return claim.label.key in ENVELOPES and kind not in HEAD and claim.segment_id not in NOT_IN_THE_TORSO


def _told(name: str) -> str:
    return (
        f"{name} has no body segment: the body was taken to reach {SKIN_MM:g} mm around all segments in each "
        "slice; add a segment of the whole body where that is not right"
    )
