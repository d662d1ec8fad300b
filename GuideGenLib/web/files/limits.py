"""What the page takes from a file: kinds, sizes, and headers that keep to their own file."""

from __future__ import annotations

import re

ENDINGS = (".mrb", ".nii.gz", ".nii", ".nrrd", ".zip", ".dcm")
DICOM = (".zip", ".dcm")
LARGEST_VOLUME = 512 * 2**20
"""Bytes of the voxels of a volume, as its file has them."""
LARGEST_SCENE = 2 * 2**30
"""Bytes of a bundle's files, unpacked."""
NRRD_HEADER = 1 << 16
"""Bytes at the beginning of a file in which a header ends."""
ELSEWHERE = re.compile(rb"^\s*(data ?file\s*:|ElementDataFile\s*=\s*(?!LOCAL\b))", re.IGNORECASE | re.MULTILINE)


def points_elsewhere(start: bytes) -> bool:
    """Whether the header at the start of a NRRD or MetaImage file names another file for its voxels."""
    header = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0] if start.startswith(b"NRRD") else start
    return ELSEWHERE.search(header) is not None


def megabytes(size: float) -> str:
    """For people."""
    return f"{size / 2**20:.0f} MB"
