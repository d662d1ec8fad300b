"""What the tests of edited segmentations have in common."""

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values

V = values()
TISSUE = "x~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~y~^^~^^"


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)  # a view would outlive its image


def like(array: np.ndarray, image: sitk.Image) -> sitk.Image:
    result = sitk.GetImageFromArray(array.astype(np.uint8))
    result.CopyInformation(image)
    return result


def box(image: sitk.Image, *slices: slice) -> sitk.Image:
    """A mask of one box of voxels, z y x."""
    mask = np.zeros(image.GetSize()[::-1], np.uint8)
    mask[slices] = 1
    return like(mask, image)


def centre_of(image: sitk.Image, key: str) -> np.ndarray:
    """The middle of a label, RAS mm."""
    voxels = np.argwhere(array_of(image) == V[key]).mean(axis=0)[::-1]
    return np.array(image.TransformContinuousIndexToPhysicalPoint(voxels.tolist())) * (-1, -1, 1)


def code(node: Any, segment_id: str, kind: str, modifier: str = "", region: str = "") -> None:
    """What the terminology selector of the Segment Editor writes."""
    fields = [f"SCT^{number}^?" if number else "^^" for number in ("123037004", kind, modifier, region)]
    segment = node.GetSegmentation().GetSegment(segment_id)
    text = f"Some list~{fields[0]}~{fields[1]}~{fields[2]}~Some regions~{fields[3]}~^^"
    segment.SetTag(segment.GetTerminologyEntryTagName(), text)


def state_of(node: Any) -> tuple[Any, ...]:
    """All that a reading could disturb."""
    segmentation = node.GetSegmentation()
    ids = list(segmentation.GetSegmentIDs())
    shapes = [segmentation.GetSegment(one).GetRepresentation("Binary labelmap") for one in ids]
    return (
        ids, segmentation.GetMTime(), node.GetTransformNodeID(), node.GetMTime(), node.GetScene().GetNumberOfNodes(),
        [(shape.GetExtent(), shape.GetMTime()) if shape else None for shape in shapes],
    )  # fmt: skip


def everyone(node: Any) -> tuple[str, ...]:
    return tuple(node.GetSegmentation().GetSegmentIDs())
