"""A Description for people (a table) and for files (JSON)."""

import math
from dataclasses import asdict, fields
from io import StringIO
from typing import Any, TypeVar

from GuideGenLib.description.model import (
    Description,
    DescriptionError,
    Finding,
    LeftOut,
    OrganState,
    Span,
    with_presence,
)
from GuideGenLib.description.stage import T_SIZES, stage_size_mm

_PATIENT = ("age", "age_range", "sex", "race", "ethnicity", "habitus", "region", "phase")
_TITLES = {"age_range": "age", "phase": "contrast phase"}
_UNKNOWN = "unknown"
_Part = TypeVar("_Part", Finding, OrganState)
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "age": (int,), "sex": (str,), "race": (str,), "ethnicity": (str,), "region": (str,),
    "phase": (str,),
    "habitus": (str,), "kind": (str,), "organ": (str,), "site": (str,), "segment": (str,), "side": (str,),
    "size_mm": (int, float), "size_word": (str,), "t": (str,), "n": (str,), "m": (str,), "stage": (str,),
    "count": (int,),
    "presence": (str,), "absent": (bool,), "craniocaudal": (bool,), "length_mm": (int, float),
    "volume_ml": (int, float), "start": (int,), "end": (int,),
}  # fmt: skip
_REQUIRED = {
    Description: ("text",), Finding: ("kind",), OrganState: ("organ",), Span: ("start", "end", "text"),
}  # fmt: skip
_NEVER_UNKNOWN = ("text", "kind", "count", "presence", "absent", "craniocaudal", "start", "end")


def to_json(description: Description) -> dict[str, Any]:
    """The description as plain dicts, lists, strings and numbers; every field is there, unknown ones as None."""
    return {
        **{name: getattr(description, name) for name in ("text", *_PATIENT)},
        "age_range": None if description.age_range is None else list(description.age_range),
        "findings": [asdict(finding) for finding in description.findings],
        "organs": [asdict(state) for state in description.organs],
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
    return Description(
        **plain,
        age_range=age_range,
        findings=tuple(
            _part(Finding, _up_to_date(one), f"findings[{i}]") for i, one in enumerate(_listed(data, "findings"))
        ),
        organs=tuple(_part(OrganState, one, f"organs[{i}]") for i, one in enumerate(_listed(data, "organs"))),
        spans={str(path): _span(one, f"spans[{path}]", text) for path, one in spans.items()},
        not_understood=tuple(
            _span(one, f"not_understood[{i}]", text) for i, one in enumerate(_listed(data, "not_understood"))
        ),
        left_out=tuple(_left_out(one, f"left_out[{i}]", text) for i, one in enumerate(_listed(data, "left_out"))),
        warnings=tuple(warnings),
    )


def to_table(description: Description, width: int = 100) -> str:
    """The description as text tables, with the words behind each field; `width` in characters."""
    from rich.console import Console
    from rich.table import Table

    patient = Table(title="Patient and scan", title_justify="left")
    for column in ("field", "value", "from the words"):
        patient.add_column(column)
    for name in _PATIENT:
        if name == ("age_range" if description.age_range is None else "age"):
            continue
        patient.add_row(_TITLES.get(name, name), _shown(getattr(description, name)), _quoted(description, name))
    console = Console(file=StringIO(), width=width, no_color=True, highlight=False, markup=False, emoji=False)
    console.print(patient)
    for index, finding in enumerate(description.findings):
        console.print(_finding_table(description, index, finding))
    if not description.findings:
        console.print("No findings.")
    if description.organs:
        console.print(_organ_table(description))
    if description.not_understood:
        console.print("Not understood: " + ", ".join(repr(span.text) for span in description.not_understood))
    for reason, words in by_reason(description).items():
        console.print(f"Left out, {reason}: " + ", ".join(map(repr, words)))
    for warning in description.warnings:
        console.print("Warning: " + warning)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def by_reason(description: Description) -> dict[str, list[str]]:
    """The words that are left out on purpose, by the reason."""
    told: dict[str, list[str]] = {}
    for one in description.left_out:
        told.setdefault(one.reason, []).append(one.span.text)
    return told


def _finding_table(description: Description, index: int, finding: Finding) -> Any:
    from rich.table import Table

    state = "drawn" if finding.drawn else "not drawn"
    if finding.presence != "present":
        state = f"{finding.presence}, {state}"
    table = Table(title=f"Finding {index + 1} ({state})", title_justify="left")
    for column in ("field", "value", "from the words"):
        table.add_column(column)
    for one in fields(Finding):
        value = getattr(finding, one.name)
        if value is not None and one.name != "presence" and (one.name != "count" or value > 1):
            shown = f"{value:g}" if one.name == "size_mm" else _shown(value)
            table.add_row(one.name.replace("_", " "), shown, _quoted(description, f"findings[{index}].{one.name}"))
    if finding.drawn and finding.size_mm is None and finding.organ in T_SIZES:
        low, high = stage_size_mm(finding)
        table.add_row("size to draw", f"{low:.0f}-{high:.0f} mm", "")
    return table


def _organ_table(description: Description) -> Any:
    from rich.table import Table

    table = Table(title="Organs", title_justify="left")
    for column in ("organ", "value", "from the words"):
        table.add_column(column)
    for index, state in enumerate(description.organs):
        spans = {span.text: None for path, span in description.spans.items() if path.startswith(f"organs[{index}].")}
        table.add_row(state.name, told_size(state), ", ".join(f'"{words}"' for words in spans))
    return table


def told_size(state: OrganState) -> str:
    """What is said of an organ, in words: "enlarged, 150 mm"."""
    length = "" if state.length_mm is None else f"{state.length_mm:g} mm{' craniocaudal' * state.craniocaudal}"
    volume = "" if state.volume_ml is None else f"{state.volume_ml:g} ml"
    said = ("absent" if state.absent else "", (state.size_word or "").replace("_", " "), length, volume)
    return ", ".join(one for one in said if one) or _UNKNOWN


def _shown(value: Any) -> str:
    if value is None:
        return _UNKNOWN
    if isinstance(value, tuple):
        return f"{value[0]} to {value[1]}"
    return str(value).replace("_", " ")


def _quoted(description: Description, path: str) -> str:
    return f'"{description.spans[path].text}"' if path in description.spans else ""


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
    return plain


def _up_to_date(finding: Any) -> Any:
    return with_presence(finding) if isinstance(finding, dict) else finding


def _left_out(data: Any, path: str, text: str) -> LeftOut:
    plain = dict(data) if isinstance(data, dict) else {}
    reason = plain.pop("reason", None)
    if not isinstance(reason, str):
        raise _wrong(f"{path}.reason", reason, "words")
    return LeftOut(_span(plain, path, text), reason)


def _listed(data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, "a list")
    return list(value)


def _part(kind: type[_Part], data: Any, path: str) -> _Part:
    """A finding or the state of an organ."""
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
