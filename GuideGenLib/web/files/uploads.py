"""The body of an upload, written to a private file while it comes, under a name of ours."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from typing import Any

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import remedy
from GuideGenLib.web.files.limits import ENDINGS

LONGEST_NAME = 80
CHUNK = 1 << 18


class UploadError(GuideGenError):
    """What is wrong with a request, for its user; `status` of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def shown_name(name: str) -> str:
    """A client's file name for messages and nodes: without folders, without control characters, not too long."""
    last = PureWindowsPath(name).name  # knows both kinds of slashes
    clean = "".join(sign for sign in last if sign.isprintable()).strip()
    ending = ending_of(clean)
    return clean[: len(clean) - len(ending)][:LONGEST_NAME] + ending or "the file"


def ending_of(name: str) -> str:
    """Which of ENDINGS a name has, empty for another one."""
    return next((name[-len(ending) :] for ending in ENDINGS if name.lower().endswith(ending)), "")


def private_path(folder: Path, name: str) -> Path:
    """Where to write an upload: nothing of the client's name but the kind of its ending. Raises UploadError."""
    ending = ending_of(name).lower()
    if not ending:
        raise UploadError(
            400,
            f"{name} is no file that can be opened: .mrb, .nii, .nii.gz, .nrrd, .seg.nrrd, DICOM (.zip, .dcm).",
        )
    return folder / ("upload.seg.nrrd" if ending == ".nrrd" else f"upload{ending}")


async def receive(request: Any, path: Path, limit: int) -> None:
    """Write a request's body (aiohttp.web.Request) to a file. Raises UploadError; aiohttp's and OSError's
    ConnectionError when the client goes away."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    size = 0
    with path.open("xb") as file:
        async for chunk in request.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            try:
                file.write(chunk)
            except OSError as error:
                raise UploadError(507, f"The file cannot be kept on the server: {remedy(error)}.") from error


def _too_large(limit: int) -> UploadError:
    return UploadError(
        413, f"This is more than the {limit / 2**20:g} MB that may be sent: crop or resample the volume."
    )
