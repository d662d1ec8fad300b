"""The size of voxels in the headers of NRRD and MetaImage files: ITK takes 1 mm where they tell none."""

import re
from pathlib import Path

import numpy as np

from GuideGenLib.core.errors import VolumeError

LONGEST = 1 << 16
"""Bytes of a header that are looked at; segments have their names in it."""
AXES = 3
NRRD, META = (".nrrd", ".nhdr"), (".mha", ".mhd")
VECTOR = re.compile(r"\(([^)]*)\)")


def check_spacing(path: Path) -> None:
    """Raises VolumeError for a header that tells no size of its voxels, or one that is 0 or no number."""
    name = path.name.lower()
    if not name.endswith((*NRRD, *META)):
        return
    with path.open("rb") as file:
        fields = _fields(file.read(LONGEST).decode("latin-1"), ":" if name.endswith(NRRD) else "=")
    steps = _by_nrrd(fields) if name.endswith(NRRD) else _by_meta(fields)
    if not steps:
        raise VolumeError(f"{path} does not tell the size of its voxels", "write their spacing in mm into its header")
    good = [step for step in steps if 0 < abs(step) < np.inf]
    if len(good) < min(AXES, len(steps)):  # an axis of several values for each voxel has none
        listed = ", ".join(f"{step:g}" for step in steps)
        raise VolumeError(f"{path} has a spacing of {listed} mm", "correct its header")


def _fields(text: str, sign: str) -> dict[str, str]:
    """What a header tells, by name, as far as the voxels, which begin after an empty line or ElementDataFile."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition(sign)
        if not line.strip() or (fields and fields.keys() & {"ElementDataFile"}):
            break
        if found:
            fields[name.strip()] = value.lstrip("=").strip()
    return fields


def _by_nrrd(fields: dict[str, str]) -> list[float]:
    if "space directions" in fields:
        return [
            float(np.linalg.norm(_numbers(one.replace(",", " ")))) for one in VECTOR.findall(fields["space directions"])
        ]
    return _numbers(fields.get("spacings", ""))


def _by_meta(fields: dict[str, str]) -> list[float]:
    return _numbers(fields.get("ElementSpacing") or fields.get("ElementSize", ""))


def _numbers(text: str) -> list[float]:
    """The numbers in a text, NaN for what is none."""
    found = []
    for word in text.split():
        try:
            found.append(float(word))
        except ValueError:
            found.append(float("nan"))
    return found
