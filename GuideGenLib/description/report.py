"""A Description for files and other programs: as JSON, and back."""

import math
import re
from dataclasses import asdict, fields
from typing import Any, TypeVar

from GuideGenLib.description.acquisition import HOME, Acquisition
from GuideGenLib.description.model import (
    Description,
    DescriptionError,
    Finding,
    LeftOut,
    OrganState,
    Span,
    with_presence,
)

_PATIENT = ("age", "age_range", "sex", "race", "ethnicity", "habitus", "region", "phase")
_Part = TypeVar("_Part", Finding, OrganState, Acquisition)
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "age": (int,), "sex": (str,), "race": (str,), "ethnicity": (str,), "region": (str,),
    "phase": (str,),
    "habitus": (str,), "kind": (str,), "organ": (str,), "site": (str,), "segment": (str,), "side": (str,),
    "size_mm": (int, float), "size_word": (str,), "t": (str,), "n": (str,), "m": (str,), "stage": (str,),
    "count": (int,),
    "presence": (str,), "absent": (bool,), "craniocaudal": (bool,), "length_mm": (int, float),
    "volume_ml": (int, float), "slice_mm": (int, float), "kernel": (str,), "dose": (str,), "oral_contrast": (bool,),
    "table": (bool,), "motion": (bool,), "metal": (str,), "field_of_view_mm": (int, float),
    "start": (int,), "end": (int,), "looks": (list, tuple),
}  # fmt: skip
_REQUIRED = {
    Description: ("text",), Finding: ("kind",), OrganState: ("organ",), Span: ("start", "end", "text"),
    Acquisition: (),
}  # fmt: skip
_PATH = re.compile(r"(?:(?:(findings|organs)\[(\d+)\]|acquisition)\.)?(\w+)(?:\[\d+\])?")
"""Of a field, as the keys of spans have it; each look of a finding has its own."""
_NEVER_UNKNOWN = ("text", "kind", "count", "presence", "absent", "craniocaudal", "start", "end", "looks")


def to_json(description: Description) -> dict[str, Any]:
    """The description as plain dicts, lists, strings and numbers; every field is there, unknown ones as None."""
    return {
        **{name: getattr(description, name) for name in ("text", *_PATIENT)},
        "age_range": None if description.age_range is None else list(description.age_range),
        "findings": [{**asdict(finding), "looks": list(finding.looks)} for finding in description.findings],
        "organs": [asdict(state) for state in description.organs],
        "acquisition": asdict(description.acquisition),
        "spans": {path: asdict(span) for path, span in description.spans.items()},
        "not_understood": [asdict(span) for span in description.not_understood],
        "left_out": [{**asdict(one.span), "reason": one.reason} for one in description.left_out],
        "warnings": list(description.warnings),
    }


def from_json(data: dict[str, Any]) -> Description:
    """The description that `to_json` made this of; fields may be missing, but none may be unknown or of another type.

    Raises DescriptionError with the path of the field that is wrong.
    """
    plain = _checked(data, Description, "description")
    age_range = data.get("age_range")
    if age_range is not None:
        if (
            not isinstance(age_range, list | tuple)
            or len(age_range) != 2
            or not all(type(age) is int for age in age_range)
        ):
            raise _wrong("age_range", age_range, "two whole numbers of years")
        age_range = (age_range[0], age_range[1])
    text = plain["text"]
    spans = data.get("spans", {})
    if not isinstance(spans, dict):
        raise _wrong("spans", spans, "an object")
    warnings = _listed(data, "warnings")
    for warning in warnings:
        if not isinstance(warning, str):
            raise _wrong("warnings", warning, "sentences")
    description = Description(
        **plain,
        age_range=age_range,
        findings=tuple(
            _part(Finding, _up_to_date(one), f"findings[{i}]") for i, one in enumerate(_listed(data, "findings"))
        ),
        organs=tuple(_part(OrganState, one, f"organs[{i}]") for i, one in enumerate(_listed(data, "organs"))),
        acquisition=_part(Acquisition, data.get("acquisition") or {}, "acquisition"),
        spans={str(path): _span(one, f"spans[{path}]", text) for path, one in spans.items()},
        not_understood=tuple(
            _span(one, f"not_understood[{i}]", text) for i, one in enumerate(_listed(data, "not_understood"))
        ),
        left_out=tuple(_left_out(one, f"left_out[{i}]", text) for i, one in enumerate(_listed(data, "left_out"))),
        warnings=tuple(warnings),
    )
    for path in description.spans:
        _check_path(path, description)
    return description


def _wrong(path: str, value: Any, wanted: str) -> DescriptionError:
    return DescriptionError(f"{path} is {value!r}", f"give {wanted}.")


def _checked(data: Any, kind: type, path: str) -> dict[str, Any]:
    """The plain fields of a dataclass from a dict. Raises DescriptionError for wrong, unknown and missing ones."""
    if not isinstance(data, dict):
        raise _wrong(path, data, "an object")
    known = {one.name for one in fields(kind)}
    unknown = [str(name) for name in data if name not in known]
    if unknown:
        raise DescriptionError(f"{path} has no field {unknown[0]!r}: its fields are {', '.join(sorted(known))}.")
    plain: dict[str, Any] = {}
    for name in known & _TYPES.keys():
        if name not in data:
            if name in _REQUIRED[kind]:
                raise DescriptionError(f"{path} lacks {name!r}.")
            continue
        value, types = data[name], _TYPES[name]
        right = value is None and name not in (*_REQUIRED[kind], *_NEVER_UNKNOWN)
        right = right or (isinstance(value, types) and (bool in types or not isinstance(value, bool)))
        if not right or (isinstance(value, float) and not math.isfinite(value)):
            raise _wrong(f"{path}.{name}", value, " or ".join(t.__name__ for t in types))
        plain[name] = value
    for look in plain.get("looks", ()):
        if not isinstance(look, str):
            raise _wrong(f"{path}.looks", look, "words")
    return plain


def _up_to_date(finding: Any) -> Any:
    return with_presence(finding) if isinstance(finding, dict) else finding


def _left_out(data: Any, path: str, text: str) -> LeftOut:
    plain = dict(data) if isinstance(data, dict) else {}
    reason = plain.pop("reason", None)
    if not isinstance(reason, str):
        raise _wrong(f"{path}.reason", reason, "words")
    return LeftOut(_span(plain, path, text), reason)


def _check_path(path: str, description: Description) -> None:
    """Raise DescriptionError where a quotation is of no field of the description."""
    part: Any = description
    match = _PATH.fullmatch(path)
    if match is not None and match[1] is not None:
        parts = getattr(description, match[1])
        part = parts[int(match[2])] if int(match[2]) < len(parts) else None
    elif path.startswith(HOME):
        part = description.acquisition
    if match is None or part is None or match[3] not in {one.name for one in fields(part)}:
        raise DescriptionError(f"spans has {path!r}, which is no field of the description", "leave it out.")


def _listed(data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, "a list")
    return list(value)


def _part(kind: type[_Part], data: Any, path: str) -> _Part:
    """A finding, the state of an organ, or how the scan was taken."""
    try:
        return kind(**_checked(data, kind, path))
    except DescriptionError as error:
        message = str(error)
        raise error if message.startswith(path) else DescriptionError(f"{path}: {message}") from error


def _span(data: Any, path: str, text: str) -> Span:
    span = Span(**_checked(data, Span, path))
    if text[span.start : span.end] != span.text or span.start < 0:
        raise DescriptionError(f"{path} does not quote the text: {span.text!r} is not at {span.start} to {span.end}.")
    return span
