"""Label volumes at the edge of the library: values are those of the anatomy table."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy import table
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volume_files import header_of
from GuideGenLib.core.volumes import check_volume, read_volume, write_volume

# What surrounds organs. A map of nothing else says where a body is and not what is in it.
TISSUE_KEYS = ("background", "body", "subcutaneous_fat", "torso_fat", "muscle")


MARK_FIELD, MARK = "ITK_FileNotes", "GuideGen labels"
"""What our label volumes say in their headers (NIfTI: descrip), so that they are known wherever they are moved."""


def read_anatomy(path: str | Path) -> sitk.Image:
    """A label volume of ours (uint8), whose values are all in the anatomy table. Raises VolumeError.

    What may be of another vocabulary goes through `label_maps.opening`.
    """
    return check_anatomy(read_volume(path), str(path))


def write_anatomy(image: sitk.Image, path: str | Path) -> None:
    """Write a label volume of ours, marked as such, as `write_volume` does."""
    marked = sitk.Image(image)
    marked.SetMetaData(MARK_FIELD, MARK)
    write_volume(marked, path)


def is_marked(path: Path) -> bool:
    """Does a file say in its header that its labels are ours? Raises VolumeError."""
    return header_of(path).get(MARK_FIELD) == MARK


def check_anatomy(image: sitk.Image, name: str = "the anatomy") -> sitk.Image:
    """The label volume as uint8. Raises VolumeError for values that the anatomy table does not have."""
    image = check_volume(image, name)
    found = _values_in(image)
    known = set(table.values().values())
    unknown = [value for value in found.tolist() if value not in known]
    if unknown:
        shown = ", ".join(f"{value:g}" for value in unknown[:8]) + (", ..." if len(unknown) > 8 else "")
        raise VolumeError(
            f"{name} holds values that are not in the anatomy table: {shown}; "
            f"map them to 0..{max(known)} of labels.csv (another vocabulary needs conversion first)"
        )
    return sitk.Cast(image, sitk.sitkUInt8)


def _values_in(image: sitk.Image) -> NDArray[np.generic]:
    """The values that an image holds, sorted; of bytes slice by slice, as all of them at once would be copied."""
    array = sitk.GetArrayViewFromImage(image)
    if array.dtype != np.uint8:
        return np.unique(array)
    counts = np.zeros(256, np.int64)
    for plane in array:
        counts += np.bincount(plane.ravel(), minlength=256)
    return np.flatnonzero(counts)


def require_anatomy(image: sitk.Image, name: str = "the anatomy") -> sitk.Image:
    """`check_anatomy`, and at least one organ in it: a CT cannot be made of an empty or a body-only map."""
    image = check_anatomy(image, name)
    found = set(_values_in(image).tolist())
    if found <= {table.values()[key] for key in TISSUE_KEYS}:
        what = "is empty" if found == {0} else "holds a body without any organ"
        raise VolumeError(f"{name} {what}", "generate an anatomy with `guidegen mask`, or label organs in it")
    return image


def erased(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Voxels that held something and hold nothing now. An eraser leaves 0, which would be air: they become body."""
    return (before != 0) & (after == 0)


def fill_erased(before: sitk.Image, after: sitk.Image) -> sitk.Image:
    """The edited labels with `body` where the edit erased; both on one grid."""
    array = sitk.GetArrayFromImage(after)
    array[erased(sitk.GetArrayViewFromImage(before), array)] = table.values()["body"]
    return on_grid_of(after, array)


def fill_holes(anatomy: sitk.Image) -> sitk.Image:
    """Background inside the body becomes body: voxels, erased or drawn so, from which no way leads out to the sides.

    uint8 labels; head and foot end count as closed, for a scan ends there and not the patient. The gap between an arm
    and the trunk is open in some slice and stays.
    """
    array = sitk.GetArrayFromImage(anatomy)
    up = long_axis(anatomy)
    pad = [(0, 0) if axis == up else (1, 1) for axis in range(3)]
    empty = np.pad((array == 0).astype(np.uint8), pad, constant_values=1)
    parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(empty)))
    outside = parts[0, 0, 0]
    inner = tuple(slice(None) if axis == up else slice(1, -1) for axis in range(3))
    array[(array == 0) & (parts[inner] != outside)] = table.values()["body"]
    return on_grid_of(anatomy, array)


def long_axis(image: sitk.Image) -> int:
    """The axis of the array [z, y, x] that runs closest to head-foot."""
    return 2 - int(np.abs(np.array(image.GetDirection()).reshape(3, 3)[2]).argmax())
