"""Volumes that pass between client and worker: uncompressed files in a private folder, deleted when they are read.

A file is one line of JSON and the raw voxels. No image library reads or writes it: Python's own files take any path on
every system, tell a full disk, and keep the geometry to the last bit, which the product of spacing and direction that
image headers hold does not.
"""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK as sitk

SUFFIX = ".volume"
RESERVE = 8_000_000
"""Bytes that stay free on the disk of the private folder."""


def write_exchange(image: "sitk.Image", path: Path) -> None:
    """Write an image of any dimension and geometry. Raises OSError (ENOSPC when the disk is full, now or soon)."""
    import numpy as np

    header, array = described(image)
    if shutil.disk_usage(path.parent).free < array.nbytes + RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
    with path.open("wb") as file:
        file.write(header)
        file.write(array.reshape(-1).view(np.uint8).data)


def read_exchange(path: Path) -> "sitk.Image":
    """The image in a file of `write_exchange`, bit for bit; the file is deleted. Raises OSError."""
    import numpy as np

    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            array = np.empty(header["shape"], np.dtype(header["dtype"]))
            if file.readinto(array.reshape(-1).view(np.uint8).data) != array.nbytes:
                raise OSError(errno.EIO, "the file is cut short", str(path))
    finally:
        path.unlink(missing_ok=True)
    return restored(header, array)


def described(image: "sitk.Image") -> "tuple[bytes, np.ndarray]":
    """The line that tells an image's type and geometry, and its voxels."""
    import numpy as np
    import SimpleITK as sitk

    array = np.ascontiguousarray(sitk.GetArrayViewFromImage(image))
    header = {
        "dtype": array.dtype.str,
        "shape": array.shape,
        "components": image.GetNumberOfComponentsPerPixel(),
        "spacing": image.GetSpacing(),
        "origin": image.GetOrigin(),
        "direction": image.GetDirection(),
    }
    return json.dumps(header).encode("ascii") + b"\n", array


def restored(header: "dict[str, Any]", array: "np.ndarray") -> "sitk.Image":
    """The image of a header's content and its voxels."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array, isVector=header["components"] > 1)
    image.SetSpacing(header["spacing"])
    image.SetOrigin(header["origin"])
    image.SetDirection(header["direction"])
    return image


def exchange_path(folder: Path, id: str, name: str) -> Path:
    """Where the volume `name` of a request lies."""
    return folder / f"{id}-{name}{SUFFIX}"


def discard(folder: Path, id: str) -> None:
    """Delete what a request that failed or was stopped left in the private folder."""
    for path in folder.glob(f"{id}-*{SUFFIX}"):
        path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove the private folder, also while somebody still writes into it."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
