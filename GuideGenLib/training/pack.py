"""Materials of the codec's and CT stage's trainings as one small file, to take along to a machine with a GPU.

A zip archive of one .npz a scan, compressed by LZMA; HU are rounded to a few HU, which is below the noise of a scan.
What can be computed from the rest is left out.
"""

import io
import json
import lzma
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from GuideGenLib.core.files import atomic
from GuideGenLib.data.scan_measures import body_positions, skin_depth_map
from GuideGenLib.training.networks.cutting import Material

HU_STEPS = (4, 8)
"""To which HU are rounded, the second where the first gives too large a file."""
MARGIN = 4
"""Voxels around the patient that are kept."""
ARRAYS = ("labels", "coarse", "marks", "table", "typed")


def pack_materials(materials: Sequence[Material], path: Path, spacing: float, most: float = float("inf")) -> list[str]:
    """Write `path`; spacing: of the scans, in mm; most: bytes that it may have.

    Returns the names of the scans that were left out for that, the largest files. Raises ValueError where not even one
    fits.
    """
    packed: dict[str, bytes] = {}
    for step in HU_STEPS:
        packed = {material.name: _packed(material, spacing, step) for material in materials}
        if sum(map(len, packed.values())) <= most:
            break
    room, kept = most, []
    for name, content in sorted(packed.items(), key=lambda item: len(item[1])):
        if len(content) > room:
            break
        room -= len(content)
        kept.append(name)
    if not kept:
        raise ValueError(f"one scan alone has {min(map(len, packed.values())) / 1e6:.1f} MB")
    with atomic(path) as private, zipfile.ZipFile(private, "w") as archive:
        for material in materials:
            if material.name in kept:
                archive.writestr(f"{material.name}.npz.xz", packed[material.name])
    return [material.name for material in materials if material.name not in kept]


def _packed(material: Material, spacing: float, step: int) -> bytes:
    box = _box(material.labels[:])
    arrays = {key: getattr(material, key) for key in ARRAYS}
    arrays = {key: array[box] if array.ndim == 3 else array for key, array in arrays.items()}
    arrays["hu"] = np.rint(material.hu[box] / step).astype(np.int16)
    arrays |= {f"text{i}": text.half().numpy() for i, text in enumerate(material.texts)}
    told = {"noise": material.noise, "spacing": spacing, "hu_step": step}
    file = io.BytesIO()
    np.savez(file, about=json.dumps(told), **arrays)
    return lzma.compress(file.getvalue())


def unpack_materials(path: Path) -> list[Material]:
    """The materials of a packed file."""
    with zipfile.ZipFile(path) as archive:
        return [_unpacked(entry.removesuffix(".npz.xz"), archive.read(entry)) for entry in archive.namelist()]


def _unpacked(name: str, content: bytes) -> Material:
    with np.load(io.BytesIO(lzma.decompress(content))) as stored:
        arrays = {key: stored[key] for key in stored}
    told = json.loads(str(arrays["about"]))
    positions, voxels = body_positions(arrays["labels"])
    return Material(
        name=name,
        **{key: arrays[key] for key in ARRAYS},
        hu=arrays["hu"] * np.int16(told["hu_step"]),
        depth=skin_depth_map(arrays["labels"] > 0, told["spacing"]),
        noise=told["noise"],
        texts=[torch.from_numpy(arrays[f"text{i}"]) for i in range(len(arrays)) if f"text{i}" in arrays],
        positions=positions,
        voxels=voxels,
    )


def _box(labels: NDArray[np.uint8]) -> tuple[slice, ...]:
    """The patient's box and a margin, whole along z."""
    boxes = []
    for axis, size in enumerate(labels.shape):
        there = np.flatnonzero(labels.any(axis=tuple({0, 1, 2} - {axis})))
        boxes.append(slice(max(0, there[0] - MARGIN), min(size, there[-1] + 1 + MARGIN)))
    return (slice(None), *boxes[1:])
