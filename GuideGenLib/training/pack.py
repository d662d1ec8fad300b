"""Materials of the codec's and CT stage's trainings as one small file, to take along to a machine with a GPU.

A zip archive of .npy arrays, compressed by LZMA; HU are rounded to a few HU, which is below the noise of a scan.
What can be computed from the rest is left out.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import fields
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
SMALL = ("name", "noise")
ARRAYS = ("labels", "coarse", "marks", "table", "typed")


def pack_materials(materials: Sequence[Material], path: Path, spacing: float, most: float = float("inf")) -> list[str]:
    """Write `path`; spacing: of the scans, in mm; most: bytes that it may have.

    Returns the names of the scans that were left out for that, those of the smallest bodies. Raises ValueError where
    not even one fits.
    """
    order = sorted(materials, key=lambda material: -material.voxels)
    for step in HU_STEPS:
        _write(order, path, spacing, step)
        if path.stat().st_size <= most:
            return []
    while len(order) > 1 and path.stat().st_size > most:
        share = most / path.stat().st_size
        wanted = share * sum(material.voxels for material in order)
        kept = int(np.searchsorted(np.cumsum([material.voxels for material in order]), wanted))
        order = order[: min(max(1, kept), len(order) - 1)]
        _write(order, path, spacing, HU_STEPS[-1])
    if path.stat().st_size > most:
        raise ValueError(f"one scan alone has {path.stat().st_size / 1e6:.1f} MB")
    left = {material.name for material in order}
    return [material.name for material in materials if material.name not in left]


def _write(materials: Sequence[Material], path: Path, spacing: float, step: int) -> None:
    with atomic(path) as private, zipfile.ZipFile(private, "w", zipfile.ZIP_LZMA) as archive:
        about = [{key: getattr(material, key) for key in SMALL} for material in materials]
        archive.writestr("materials.json", json.dumps({"spacing": spacing, "hu_step": step, "materials": about}))
        for number, material in enumerate(materials):
            box = _box(material.labels[:])
            arrays = {key: getattr(material, key) for key in ARRAYS}
            arrays = {key: array[box] if array.ndim == 3 else array for key, array in arrays.items()}
            arrays["hu"] = np.rint(material.hu[box] / step).astype(np.int16)
            arrays |= {f"text{i}": text.half().numpy() for i, text in enumerate(material.texts)}
            for key, array in arrays.items():
                file = io.BytesIO()
                np.save(file, array)
                archive.writestr(f"{number}/{key}.npy", file.getvalue())


def unpack_materials(path: Path) -> list[Material]:
    """The materials of a packed file."""
    materials = []
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("materials.json"))
        for number, small in enumerate(told["materials"]):
            names = [name for name in archive.namelist() if name.startswith(f"{number}/")]
            arrays = {Path(name).stem: np.load(io.BytesIO(archive.read(name))) for name in names}
            texts = [torch.from_numpy(arrays[f"text{i}"]) for i in range(len(arrays)) if f"text{i}" in arrays]
            whole = {key: arrays[key] for key in ARRAYS} | small | {"texts": texts}
            whole["hu"] = arrays["hu"] * np.int16(told["hu_step"])
            whole["positions"], whole["voxels"] = body_positions(whole["labels"])
            whole["depth"] = skin_depth_map(whole["labels"] > 0, told["spacing"])
            materials.append(Material(**{field.name: whole[field.name] for field in fields(Material)}))
    return materials


def _box(labels: NDArray[np.uint8]) -> tuple[slice, ...]:
    """The patient's box and a margin, whole along z."""
    boxes = []
    for axis, size in enumerate(labels.shape):
        there = np.flatnonzero(labels.any(axis=tuple({0, 1, 2} - {axis})))
        boxes.append(slice(max(0, there[0] - MARGIN), min(size, there[-1] + 1 + MARGIN)))
    return (slice(None), *boxes[1:])
