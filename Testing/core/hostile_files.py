"""Files with random headers and with damage, and what may come of reading one: a volume on a true grid, or one line."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from hypothesis import strategies as st

from GuideGenLib.anatomy.label_maps.opening import open_anatomy
from GuideGenLib.core.errors import FileWarning, GuideGenError
from GuideGenLib.core.volumes import SPACING_RANGE_MM, read_volume

KINDS = (".nii", ".nii.gz", ".nrrd", ".mha")
HEADER_BYTES = 352


def whole_file(folder: Path, kind: str) -> bytes:
    """A sound label map of 6 x 5 x 4 voxels."""
    image = sitk.GetImageFromArray((np.arange(120).reshape(4, 5, 6) % 3).astype(np.uint8))
    image.SetSpacing((2.0, 3.0, 4.0))
    path = folder / f"whole{kind}"
    sitk.WriteImage(image, str(path))
    return path.read_bytes()


def changes() -> st.SearchStrategy[list[tuple[int, int]]]:
    """Bytes that are overwritten: place and value."""
    return st.lists(st.tuples(st.integers(0, HEADER_BYTES - 1), st.integers(0, 255)), min_size=1, max_size=12)


def with_changes(data: bytes, changed: list[tuple[int, int]], kind: str) -> bytes:
    """The file with other bytes in its (unpacked) header."""
    plain = bytearray(gzip.decompress(data) if kind == ".nii.gz" else data)
    for place, value in changed:
        plain[place % len(plain)] = value
    return gzip.compress(bytes(plain), mtime=0) if kind == ".nii.gz" else bytes(plain)


def damaged(data: bytes, length: float, flipped: int) -> bytes:
    """The file cut to a part of its length, one bit of it turned."""
    short = bytearray(data[: max(1, round(len(data) * length))])
    short[flipped // 8 % len(short)] ^= 1 << flipped % 8
    return bytes(short)


def check_reading(path: Path) -> None:
    """Reads a file; fails for any error but ours, for a message of several lines, and for a wrong grid."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", FileWarning)
        for read in (read_volume, open_anatomy):
            try:
                found = read(path)
            except GuideGenError as error:
                assert "\n" not in str(error) and path.name.split(".")[0] in str(error), error
                continue
            if isinstance(found, sitk.Image):
                low, high = SPACING_RANGE_MM
                assert all(low <= step <= high for step in found.GetSpacing())
                assert np.isfinite(found.GetOrigin()).all()
                direction = np.array(found.GetDirection()).reshape(3, 3)
                assert np.allclose(direction @ direction.T, np.eye(3), atol=1e-6)
