"""Files for the user, made in a private folder and sent from there: the scene, a case as NIfTI or DICOM, a picture."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.files import remedy
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.files import SavedCase, save_unpacked, write_case
from GuideGenLib.scene.segments.looks import drawn_in_slices
from GuideGenLib.workflow.dicom import save_dicom

CHUNK = 1 << 18
PACKED = (".gz", ".png")
NAME = "GuideGen"
GAP_PX = 4


async def write_scene(scene: Any, folder: Path) -> Path:
    """The scene as a .mrb, the same for Slicer as `scene.files.save_mrb` writes.

    MRML is not to be shared with a thread, so that the scene writes its files on the event loop; but unpacked, which
    takes a quarter of the time. The packing is done in a thread. Raises SceneError.
    """
    inner = folder / NAME
    inner.mkdir()
    with drawn_in_slices(scene):
        save_unpacked(scene, inner)
    return await asyncio.to_thread(pack, inner, folder / f"{NAME}.mrb", NAME)


async def write_nifti(case: SavedCase, folder: Path) -> Path:
    """A case as a .zip of anatomy.nii.gz, labels.csv, ct.nii.gz and provenance.json. Raises SceneError."""
    inner = folder / NAME
    await asyncio.to_thread(write_case, case, inner)
    return await asyncio.to_thread(pack, inner, folder / f"{NAME}.zip", NAME)


async def write_dicom(case: SavedCase, folder: Path) -> Path:
    """A case as a .zip of a DICOM study. Raises GuideGenError."""
    return await asyncio.to_thread(save_dicom, case, folder / f"{NAME}-DICOM.zip")


def write_montage(pictures: Sequence[bytes], folder: Path) -> Path:
    """Four PNG pictures as one, two by two, each in the middle of its place."""
    arrays = []
    for number, picture in enumerate(pictures):
        path = folder / f"{number}.png"
        path.write_bytes(picture)
        arrays.append(sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[..., :3])
    height, width = (max(array.shape[axis] for array in arrays) for axis in (0, 1))
    montage = np.zeros((2 * height + GAP_PX, 2 * width + GAP_PX, 3), np.uint8)
    for number, array in enumerate(arrays):
        top = number // 2 * (height + GAP_PX) + (height - array.shape[0]) // 2
        left = number % 2 * (width + GAP_PX) + (width - array.shape[1]) // 2
        montage[top : top + array.shape[0], left : left + array.shape[1]] = array
    target = folder / f"{NAME}.png"
    sitk.WriteImage(sitk.GetImageFromArray(montage, isVector=True), str(target))
    return target


def pack(folder: Path, target: Path, top: str) -> Path:
    """A zip of what is in a folder, in a folder `top`; what is packed already is stored as it is. Raises SceneError."""
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as bundle:
            for path in sorted(folder.rglob("*")):
                stored = zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
                bundle.write(path, f"{top}/{path.relative_to(folder).as_posix()}", stored)
    except OSError as error:
        raise SceneError(f"the file cannot be written on the server: {remedy(error)}") from error
    return target


async def send(request: Any, path: Path, kind: str) -> Any:
    """Stream a file as an answer (aiohttp.web.StreamResponse) that the browser saves under its name."""
    from aiohttp import web

    headers = {"Content-Disposition": f'attachment; filename="{path.name}"', "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    response.content_type = kind
    response.content_length = path.stat().st_size
    await response.prepare(request)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            await response.write(chunk)
    await response.write_eof()
    return response
