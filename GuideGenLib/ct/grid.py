"""An anatomy on the isotropic grid of a CT: smooth borders, and nothing lost that is smaller than a voxel is wide."""

from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.core.volumes import Frame, labels_again, to_canonical
from GuideGenLib.findings.reading import recipes


def labels_on_grid(image: sitk.Image, spacing: float) -> tuple[NDArray[np.uint8], Frame]:
    """Labels uint8 [z, y, x] of an image at an isotropic spacing in mm, and their frame; borders are smoothed, but not
    those of small findings (`by_rule`: stones, granulomas), which a vote of neighbours would take away."""
    labels, frame = to_canonical(image, spacing, labels=True, smooth=True)
    return _with_small(labels, image, spacing), frame


class LastGrid:
    """Remembers the last image that was laid on a grid: it is edited many times, and each time all of it was laid."""

    def __init__(self) -> None:
        self._last: tuple[sitk.Image, float, NDArray[np.uint8], Frame] | None = None

    def labels(self, image: sitk.Image, spacing: float) -> tuple[NDArray[np.uint8], Frame]:
        """As `labels_on_grid`; nobody may write to it."""
        if self._last is None or self._last[1] != spacing or not _alike(image, self._last[0]):
            self._last = (sitk.Image(image), spacing, *labels_on_grid(image, spacing))
        return self._last[2:]

    def keep(self, image: sitk.Image, spacing: float, labels: NDArray[np.uint8], frame: Frame) -> None:
        """The image, too, was laid on it."""
        self._last = sitk.Image(image), spacing, labels, frame


def _alike(one: sitk.Image, other: sitk.Image) -> bool:
    """Whether two images have the same voxels in the same place."""
    same = (one.GetSize(), one.GetSpacing(), one.GetOrigin(), one.GetDirection()) == (
        other.GetSize(),
        other.GetSpacing(),
        other.GetOrigin(),
        other.GetDirection(),
    )
    return same and np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other))


def labels_after_edit(
    edited: sitk.Image, anatomy: sitk.Image, before: NDArray[np.uint8], spacing: float
) -> NDArray[np.uint8]:
    """The labels of `labels_on_grid` of an edited anatomy, from those `before` of the anatomy on the same voxels."""
    if small_in(anatomy).any():
        return labels_on_grid(edited, spacing)[0]
    return _with_small(labels_again(edited, anatomy, before, spacing), edited, spacing)


def _with_small(labels: NDArray[np.uint8], image: sitk.Image, spacing: float) -> NDArray[np.uint8]:
    if small_in(image).any():
        nearest, _ = to_canonical(image, spacing, labels=True)
        return np.where(_small()[nearest], nearest, labels)
    return labels


def small_in(image: sitk.Image) -> NDArray[np.bool_]:
    """Where small findings are in an image, [z, y, x]."""
    return np.asarray(_small()[sitk.GetArrayViewFromImage(image)])


@cache
def _small() -> NDArray[np.bool_]:
    """By label value [256], whether it is a small finding."""
    keys = [one.label["key"] for one in recipes() if one.label is not None and one.options.get("by_rule")]
    return table_of(keys)
