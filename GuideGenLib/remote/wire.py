"""A request or a result with its volumes as one stream: gzip of the protocol's line, and of each volume a line that
tells its type and geometry, then its voxels.

It is read strictly: what comes over a network may be anything.
"""

import dataclasses
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine.exchange import described, restored
from GuideGenLib.engine.protocol import VOLUMES, Done, Event, Message, Request, decode, encode
from GuideGenLib.remote.api import PIECE

if TYPE_CHECKING:
    import SimpleITK as sitk

LEVEL = 1
"""Label volumes shrink to a fiftieth at the fastest level; the noise of a CT does not shrink at any."""
GZIP = 31
"""What zlib calls the gzip format, which ends with a checksum."""
LONGEST_LINE = 16 << 20
TYPES = ("|u1", "|i1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")
HEADER = {"dtype", "shape", "components", "spacing", "origin", "direction"}


class WireError(GuideGenError):
    """A stream is not what `pack` makes; the message says how."""


def pack(message: Request | Done) -> Iterator[bytes]:
    """The stream in pieces. Volumes are images."""
    compressor = zlib.compressobj(LEVEL, wbits=GZIP)
    for part in _parts(message):
        for start in range(0, len(part), PIECE):
            if piece := compressor.compress(part[start : start + PIECE]):
                yield piece
    yield compressor.flush()


def size_of(message: Request | Done) -> int:
    """Bytes of the stream before it is compressed."""
    return sum(len(part) for part in _parts(message))


def unpack(stream: bytes | bytearray, expected: Sequence[type], most_bytes: int) -> Any:
    """The message of a stream, of one of the `expected` classes, with at most so many bytes when it is not compressed.
    Its volumes are images, whatever it says that they are: a path in it opens no file. Raises WireError,
    ProtocolError."""
    with gzip.GzipFile(fileobj=io.BytesIO(stream)) as file:
        try:
            message = decode(_line(file), expected)
            holder = _holder(message)
            left, images = most_bytes, {}
            for name in _named(holder):
                images[name], left = _image(file, name, left)
            if file.read(1):
                raise WireError("a message goes on behind its volumes")
        except (EOFError, OSError, zlib.error) as error:
            raise WireError(f"a message arrived damaged ({error})", "send it again") from error
    return _with(message, images)


# ---------------------------------------------------------------- inside


def _parts(message: Request | Done) -> Iterator[memoryview]:
    import numpy as np

    holder = _holder(message)
    names = _named(holder)
    yield memoryview(encode(cast(Message, _with(message, dict(zip(names, names, strict=True))))))
    for name in names:
        header, array = described(getattr(holder, name))
        yield memoryview(header)
        yield array.reshape(-1).view(np.uint8).data


def _holder(message: Any) -> Any:
    """What has the volumes: a request itself, or the result of an event."""
    return message.result if isinstance(message, Done) else message


def _named(holder: Any) -> list[str]:
    return [name for name in VOLUMES if getattr(holder, name, None) is not None]


def _with(message: Request | Event, volumes: dict[str, Any]) -> Any:
    if isinstance(message, Done):
        return Done(message.id, dataclasses.replace(message.result, **volumes))
    return dataclasses.replace(message, **volumes)


def _line(file: gzip.GzipFile) -> bytes:
    line = file.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise WireError(
            "a message arrived cut short" if len(line) < LONGEST_LINE else "a line of a message is too long"
        )
    return line


def _image(file: gzip.GzipFile, name: str, left: int) -> "tuple[sitk.Image, int]":
    """The next volume, and how many bytes may still come."""
    import numpy as np

    header = _header(_line(file), name)
    count = math.prod(header["shape"]) * np.dtype(header["dtype"]).itemsize
    if count > left:
        raise WireError(f"{name} has {count} bytes, {left} may come", "send less")
    array = np.empty(header["shape"], np.dtype(header["dtype"]))
    if cast(io.BufferedIOBase, file).readinto(array.reshape(-1).view(np.uint8).data) != count:
        raise WireError(f"{name} arrived cut short", "send it again")
    try:
        return restored(header, array), left - count
    except (RuntimeError, TypeError, ValueError) as error:  # a direction that is no rotation, and the like
        raise WireError(f"{name} has a geometry that cannot be") from error


def _header(line: bytes, name: str) -> dict[str, Any]:
    """What a volume's line tells, when all of it can be."""
    try:
        header = json.loads(line)
        fits = (
            set(header) == HEADER
            and header["dtype"] in TYPES
            and header["components"] == 1
            and _numbers(header["shape"], 3, int)
            and min(header["shape"]) > 0
            and _numbers(header["spacing"], 3)
            and _numbers(header["origin"], 3)
            and _numbers(header["direction"], 9)
        )
    except (ValueError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise WireError(f"{name} is no volume of three dimensions with one number a voxel", "send one that is")
    return dict(header)


def _numbers(values: Any, count: int, kind: Any = (int, float)) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(isinstance(one, kind) and not isinstance(one, bool) and -math.inf < one < math.inf for one in values)
    )
