"""Values of a label map as labels of ours."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.guidegen21 import divide, write_tumors
from GuideGenLib.anatomy.label_maps.names import SEXES, meaning_of, structure_of
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.nearest import nearest_of
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import on_grid_of

HAIR = 1e-3
"""So far from a whole number a value was whole before it was written as a float."""
MOST = 65535
IGNORED = "ignore"
BONE, CYST = "bone", "cyst"


def whole_numbers(image: sitk.Image, path: Path) -> sitk.Image:
    """A label map as uint16. Raises VolumeError for values between whole numbers, negative ones, and above MOST."""
    array = sitk.GetArrayViewFromImage(image)
    rounded = np.rint(array) if array.dtype.kind == "f" else array
    if array.dtype.kind == "f" and (off := np.abs(rounded - array) > HAIR).any():
        raise VolumeError(
            f"{path} holds values between whole numbers ({float(array[off].flat[0]):g}), so it is no label map or was "
            "interpolated",
            "resample label maps with nearest-neighbour interpolation alone",
        )
    low, high = int(rounded.min()), int(rounded.max())
    if low < 0:
        raise VolumeError(f"{path} holds the negative value {low}", "label maps count from 0: correct the file")
    if high > MOST:
        raise VolumeError(f"{path} holds the value {high}", f"label maps go up to {MOST}: correct the file")
    return on_grid_of(image, rounded.astype(np.uint16))


def relabelled(image: sitk.Image, names: Mapping[int, str], path: Path, by: str) -> tuple[sitk.Image, tuple[str, ...]]:
    """A map of named values (uint16) in our labels (uint8), and notes of what has none there.

    by: who tells the names. What may be several of ours goes to the nearest of them: a tumour to the one of its organ,
    a lesion of bone to the bone. Raises VocabularyError for values without a name and for names that nobody knows.
    """
    array = sitk.GetArrayViewFromImage(image)
    there = np.flatnonzero(np.bincount(array.ravel())).tolist()
    nameless = [value for value in there if value and value not in names]
    if nameless:
        listed = ", ".join(map(str, nameless[:8])) + (", ..." if len(nameless) > 8 else "")
        raise VocabularyError(f"{path} holds values without a name in {by}: {listed}", "name them, or set them to 0")
    used = {value: names[value] for value in there if value}
    meaning = meaning_of(used.values(), Path(by)).values
    table = np.zeros(max(there, default=0) + 1, np.uint8)
    for value, ours in zip(used, meaning, strict=True):
        table[value] = 0 if ours == OUTSIDE else ours
    result = table[array]
    anything = [value for value, ours in zip(used, meaning, strict=True) if ours == OUTSIDE]
    for value in anything:
        _to_the_nearest(result, array == value, used[value])
    left = [used[value] for value, ours in zip(used, meaning, strict=True) if not ours and used[value]]
    return on_grid_of(image, result), _notes(path, left)


def relabelled_guidegen21(image: sitk.Image, path: Path) -> sitk.Image:
    """A map of GuideGen's 21 classes in our labels. Raises VocabularyError for other values."""
    array = sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LPS"))
    if array.max(initial=0) > 20:
        raise VocabularyError(f"{path} holds the value {array.max()}", "guidegen21 ends at 20: name another vocabulary")
    return axes_of(on_grid_of(sitk.DICOMOrient(image, "LPS"), divide(array)), image)


def axes_of(image: sitk.Image, like: sitk.Image) -> sitk.Image:
    """An image with its axes in the order and the directions of another one's."""
    return sitk.DICOMOrient(image, sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(like.GetDirection()))


def _to_the_nearest(result: NDArray[np.uint8], mask: NDArray[np.bool_], name: str) -> None:
    """Voxels of what may be any structure: a lesion of bone or a cyst is what is nearest, a tumour is of its organ."""
    words = name.lower()
    if IGNORED in words:
        return
    if BONE in words or CYST in words:
        groups = ("bones",) if BONE in words else ("organs", "lungs", "digestive", "pelvis")
        choices = [row.value for group in groups for row in by_group()[group]]
        result[mask] = nearest_of(result, mask, choices, missing=values()["body"])
    else:
        write_tumors(result, mask)


def _notes(path: Path, left: Iterable[str]) -> tuple[str, ...]:
    names = list(left)
    if not names:
        return ()
    unsexed = [name for name in names if len(structure_of(name, path).keys) == len(SEXES)]
    others = [name for name in names if name not in unsexed]
    why = ((others, "the anatomy table lacks it"), (unsexed, "the file does not say which of the two it is"))
    return tuple(f"{path}: {_listed(some)} became unnamed tissue, as {reason}" for some, reason in why if some)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
