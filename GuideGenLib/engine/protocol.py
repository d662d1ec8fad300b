"""What client and worker say to each other: frozen dataclasses, one JSON line each, read strictly.

Volumes are `SimpleITK.Image`s (or paths of files) in the hands of a caller; on the wire they are paths of files, which
`GuideGenLib.engine.exchange` writes and reads. Lines are plain ASCII, so that no console encoding can harm them.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.generator.settings import DEFAULTS, RunSettings, SettingsError

VOLUMES = ("anatomy", "edited", "ct", "old_ct", "new_ct")
"""The fields that hold a volume."""
MAY_LACK = ("old_ct", "new_ct")
"""Those of them that may be None."""
SHOWN = 60
"""Characters of a wrong value that an error quotes."""


class ProtocolError(GuideGenError):
    """A line or a message is not of this protocol; the message names the field."""


# ---------------------------------------------------------------- requests


@dataclass(frozen=True)
class MaskRequest:
    """Draw an anatomy. description: as `description.report.to_json` makes it."""

    description: dict[str, Any]
    settings: RunSettings = DEFAULTS
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class CompleteRequest:
    """Keep segments of an anatomy (labels) by their keys (None: all) and draw the rest of it anew."""

    anatomy: Any
    keep: list[str] | None
    description: dict[str, Any]
    settings: RunSettings = DEFAULTS
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class CTRequest:
    """Make the CT of an anatomy (an image of labels, or the path of one)."""

    anatomy: Any
    description: dict[str, Any]
    settings: RunSettings = DEFAULTS
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class RegenerateRequest:
    """Make a CT (HU) again within the margin of what differs between `anatomy` and `edited`, on the same grid; the
    other settings are those of the run that made it."""

    ct: Any
    anatomy: Any
    edited: Any
    description: dict[str, Any]
    settings: RunSettings = DEFAULTS
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class ChangeRequest:
    """Change a case by a sentence. anatomy: labels that `old_ct` (HU, None: there is none) shows, edited: as they are
    now, on the same grid; description: of the case; provenance: its record, with its lesions and earlier changes."""

    sentence: str
    anatomy: Any
    edited: Any
    old_ct: Any | None
    description: dict[str, Any]
    provenance: dict[str, Any]
    settings: RunSettings = DEFAULTS
    id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class DescribeRequest:
    """Read a text; needs no model."""

    text: str
    id: str = field(default="", kw_only=True)


Request = MaskRequest | CompleteRequest | CTRequest | RegenerateRequest | ChangeRequest | DescribeRequest
REQUESTS: tuple[type[Any], ...] = get_args(Request)

# ---------------------------------------------------------------- events


@dataclass(frozen=True)
class MaskDone:
    """anatomy: uint8 labels, LPS; lesions and checks as `mask.findings.lesions`, `mask.rules` record."""

    anatomy: Any
    lesions: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class CTDone:
    """ct: int16 HU."""

    ct: Any
    provenance: dict[str, Any]


@dataclass(frozen=True)
class ChangeDone:
    """anatomy: uint8 labels on the grid that they had; new_ct: int16 HU, None where there was no CT."""

    anatomy: Any
    new_ct: Any | None
    provenance: dict[str, Any]


@dataclass(frozen=True)
class DescribeDone:
    """description: as `description.report.to_json` makes it."""

    description: dict[str, Any]


Result = MaskDone | CTDone | ChangeDone | DescribeDone
RESULTS: tuple[type[Any], ...] = get_args(Result)


@dataclass(frozen=True)
class Progress:
    """stage: of STAGES; fraction: of the request; remaining_s None: not known; place: in a server's line, from 0."""

    id: str
    stage: str
    fraction: float
    remaining_s: float | None = None
    place: int | None = None


@dataclass(frozen=True)
class Done:
    """The request is served."""

    id: str
    result: Result


@dataclass(frozen=True)
class Failed:
    """kind: one of KINDS; message: what is wrong and what to do; details: the last lines of the worker's log."""

    id: str
    kind: str
    message: str
    details: str = ""


@dataclass(frozen=True)
class Stopped:
    """The request was cancelled."""

    id: str


Event = Progress | Done | Failed | Stopped
EVENTS = (Progress, Done, Failed, Stopped)
STAGES = ("wait", "load", "describe", "mask", "ct")
KINDS = ("input", "bundle", "memory", "device", "crash", "disk", "server", "internal")

# ---------------------------------------------------------------- between client and worker alone


@dataclass(frozen=True)
class Start:
    """The first line that a worker gets: its private folder, the bundle's folder (None: ours), device, threads."""

    folder: str
    bundle: str | None
    device: str
    threads: int | None


@dataclass(frozen=True)
class Cancel:
    """Stop the request of that id."""

    id: str


@dataclass(frozen=True)
class Warm:
    """Load the models before a request needs them; nothing is told of it."""


Message = Request | Event | Start | Cancel | Warm
MESSAGES: tuple[type, ...] = (*REQUESTS, *EVENTS, Start, Cancel, Warm)

# ---------------------------------------------------------------- one line each


def encode(message: Message) -> bytes:
    """The message as one line that ends in a newline. Raises ProtocolError for a field of a wrong type."""
    data = _to_data(message)
    try:
        return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"{type(message).__name__} holds what JSON has no word for: {error}") from error


def decode(line: bytes, expected: Sequence[type] = MESSAGES) -> Any:
    """The message of a line, of one of the `expected` classes. Raises ProtocolError and nothing else."""
    try:
        data = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"line is no JSON ({error}): {_quoted(line)}") from error
    return _from_data(data, expected, "line")


def _to_data(message: Any) -> dict[str, Any]:
    name = type(message).__name__
    values = {one.name: getattr(message, one.name) for one in fields(message)}
    if isinstance(values.get("settings"), RunSettings):
        values["settings"] = asdict(values["settings"])
    if isinstance(values.get("result"), RESULTS):
        values["result"] = _to_data(values["result"])
    _check(values, name)
    return {"type": name, **values}


def _from_data(data: Any, expected: Sequence[type], where: str) -> Any:
    if not isinstance(data, dict):
        raise ProtocolError(f"{where} is {_quoted(data)}: an object was expected")
    values = dict(data)
    name = values.pop("type", None)
    kind = next((kind for kind in expected if kind.__name__ == name), None)
    if kind is None:
        names = ", ".join(kind.__name__ for kind in expected)
        raise ProtocolError(f"type of {where} is {_quoted(name)}: one of {names} was expected")
    known = [one.name for one in fields(kind)]
    for field_name in known:
        if field_name not in values:
            raise ProtocolError(f"{kind.__name__}.{field_name} is missing")
    for field_name in values:
        if field_name not in known:
            raise ProtocolError(f"{kind.__name__} has no field {_quoted(field_name)}")
    _check(values, kind.__name__)
    if kind is Done:
        values["result"] = _from_data(values["result"], RESULTS, "Done.result")
    if "settings" in values:
        values["settings"] = _settings(values["settings"], kind.__name__)
    return kind(**values)


def _settings(values: dict[str, Any], name: str) -> RunSettings:
    if set(values) != {one.name for one in fields(RunSettings)}:
        raise ProtocolError(f"{name}.settings is {_quoted(values)}: all the fields of RunSettings were expected")
    try:
        return RunSettings(**values)
    except SettingsError as error:
        raise ProtocolError(f"{name}.settings is wrong: {error}") from error


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


# ---------------------------------------------------------------- what a field may hold


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _path(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return (_whole(value) and abs(value) < 2**53) or (isinstance(value, float) and math.isfinite(value))


def _object(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _list_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _or_none(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or test(value)


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("id", "text", "sentence", "message", "details", "device"), (_text, "a text")),
    "stage": (lambda value: value in STAGES, "one of " + ", ".join(STAGES)),
    "kind": (lambda value: value in KINDS, "one of " + ", ".join(KINDS)),
    **dict.fromkeys(("threads", "place"), (_or_none(_whole), "a whole number or null")),
    "fraction": (lambda value: _number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "remaining_s": (_or_none(_number), "a finite number or null"),
    "folder": (_path, "the path of a folder"),
    "bundle": (_or_none(_path), "the path of a folder or null"),
    "keep": (_or_none(_list_of(_text)), "a list of texts or null"),
    "settings": (_object, "an object"),
    "description": (_object, "an object"),
    "provenance": (_object, "an object"),
    "lesions": (_list_of(_object), "a list of objects"),
    "checks": (_list_of(_object), "a list of objects"),
    "result": (_object, "an object"),
    **dict.fromkeys(VOLUMES, (_path, "the path of a file")),
    **dict.fromkeys(MAY_LACK, (_or_none(_path), "the path of a file or null")),
}
"""A field of one name is of one type in all classes."""


def _check(values: dict[str, Any], name: str) -> None:
    for field_name, value in values.items():
        fits, wanted = _FIELDS[field_name]
        if not fits(value):
            raise ProtocolError(f"{name}.{field_name} is {_quoted(value)}: {wanted} was expected")


def _quoted(value: Any) -> str:
    """The value for a message, short; of an object or a list, whose depth nobody knows, only that it is one."""
    if isinstance(value, dict | list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    try:
        shown = repr(value[:SHOWN] if isinstance(value, str | bytes) else value)
    except Exception:  # numbers of thousands of digits, odd objects
        return f"some {type(value).__name__}"
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
