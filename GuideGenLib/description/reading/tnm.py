"""TNM and overall stages in all their writings, found in the raw text before it is cut into words.

"T3NMX" (T, then N and M unknown), "pT2aN1M0", "cT1b N0 M0", "T2, N1", "T stage 3", "Stage IIIB", "stage 4".
"""

import re
from dataclasses import dataclass

_PREFIX = r"(?:yc|yp|[cpraum])?"
_T = r"T\s?(?P<t>is|[0-4](?:mi|[a-d])?|X)"
_N = r"N\s?(?P<n>[0-3](?:mi|[a-c])?|X|\+)"
_M = r"M\s?(?P<m>[01][a-d]?|X|\+)"
_BETWEEN = r"(?:\([^)]{0,3}\))?[\s,;/\-]{0,3}"
_END = r"(?![A-Za-z0-9])"
# N without a value counts only between a T and an M ("T3NMX", "T3 N M0"), M without one only at the end ("T3N1M").
_WHOLE = re.compile(
    rf"(?<![A-Za-z0-9])(?P<prefix>{_PREFIX}){_T}(?P<t_more> ?[-–/] ?T?[1-4][a-d]?)?{_BETWEEN}"
    rf"(?:{_PREFIX}(?:{_N}|(?P<bare_n>N)){_BETWEEN}{_PREFIX}(?:{_M}|(?P<bare_m>M))"
    rf"|{_PREFIX}N\s?(?P<n_only>[0-3](?:mi|[a-c])?|X|\+)|{_PREFIX}M\s?(?P<m_only>[01][a-d]?|X)){_END}",
    re.IGNORECASE,
)
_N_M = re.compile(rf"(?<![A-Za-z0-9]){_PREFIX}{_N}{_BETWEEN}{_PREFIX}{_M}{_END}", re.IGNORECASE)
_ONE = re.compile(rf"(?<![A-Za-z0-9])(?P<prefix>{_PREFIX})(?:{_T}|{_N}|{_M}){_END}")
_ONE_LOWER_T = re.compile(r"(?<![A-Za-z0-9-])t(?P<t>[0-4](?:mi|[a-d])?|x)(?![A-Za-z0-9])")
_SPELLED = re.compile(
    r"(?<![A-Za-z0-9])(?P<letter>[TNM])[\s\-]*(?:(?:stage|category|classification|status)\s*(?:is|of|=|:)?|=|:)\s*"
    r"(?P<prefix>[cp]?[TNM])?(?P<value>is|[0-4](?:mi|[a-d])?|X)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_RANGE_TAIL = re.compile(r" ?(?:-|–|/| to | or ) ?T?(?P<t>[1-4][a-d]?)(?![A-Za-z0-9.])(?!\s*(?:cm|mm))", re.IGNORECASE)
_NO_TUMOR_STAGE = re.compile(
    r"[\s\-]*(?:[-–/]\s?T?\d+\s*)?(?:weighted|vertebra|vertebral|vertebrae|level|spine|hyper|hypo|signal|compression|fracture|"
    r"nerve|rib|thoracic|weighting|sequence|images?\b|body)",
    re.IGNORECASE,
)
_SPINE_BEFORE = re.compile(
    r"(?:vertebrae?|vertebral body|body of|level of|levels?|spine|[TLC]\d+\s?[-–])\s*$", re.IGNORECASE
)

_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "one": "I", "two": "II", "three": "III", "four": "IV", "0": "0",
          "zero": "0"}  # fmt: skip
_GROUP = r"(?:iv|i{1,3}|[0-4]|one|two|three|four|zero)"
_STAGE = re.compile(
    rf"(?<![A-Za-z])(?:stage|stadium|stages|staged(?: as| at)?|stge|satge|stag)(?:\s+group)?\s*(?:is|of|as|:|=)?\s*"
    rf"(?P<group>{_GROUP})"
    rf"(?:-?(?P<letter>[a-d])(?P<digit>[1-3])?)?(?P<more> ?(?:-|–|/|to|or) ?{_GROUP}[a-d]?)?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_BARE_STAGE = re.compile(r"(?<![A-Za-z0-9])(?P<group>III|II|I)(?P<letter>[ABC])(?P<digit>[1-3])?(?![A-Za-z0-9])")
_SEGMENT_BEFORE = re.compile(r"(?:segments?|seg\.?|couinaud|and|,|/|[-–])\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class TnmStage:
    """What one mention says; characters [start, end) of the text. `doubt`: the text has a range, its first is taken."""

    start: int
    end: int
    t: str | None = None
    n: str | None = None
    m: str | None = None
    group: str | None = None
    doubt: bool = False


def find_stages(text: str) -> list[TnmStage]:
    """All mentions in order, without overlaps."""
    found: list[TnmStage] = []
    for match in _SPELLED.finditer(text):
        letter, prefix = match["letter"].lower(), match["prefix"]
        possible = "0123" if letter == "n" else "01" if letter == "m" else "01234"
        # "n=3" counts something; M2 does not exist.
        wrong = match["value"][0] not in possible + "iXx" or (match["letter"].islower() and "=" in match[0])
        if not wrong and (prefix is None or prefix[-1].lower() == letter):
            _add(found, _one_of(match.start(), match.end(), letter, match["value"]))
    for match in _STAGE.finditer(text):
        _add(found, _group_of(match))
    for match in _BARE_STAGE.finditer(text):
        if not _SEGMENT_BEFORE.search(text[: match.start()]):
            _add(found, _group_of(match))
    for match in _WHOLE.finditer(text):
        _add(found, _whole_of(match))
    for match in _N_M.finditer(text):
        _add(found, TnmStage(match.start(), match.end(), n=_value(match["n"]), m=_value(match["m"])))
    for pattern in (_ONE, _ONE_LOWER_T):
        for match in pattern.finditer(text):
            if not _about_something_else(text, match):
                letter, value = next((k, v) for k, v in match.groupdict().items() if k in "tnm" and v is not None)
                _add(found, _with_range(text, _one_of(match.start(), match.end(), letter, value)))
    return sorted(found, key=lambda stage: stage.start)


def _add(found: list[TnmStage], new: TnmStage | None) -> None:
    if new is not None and all(new.end <= old.start or new.start >= old.end for old in found):
        found.append(new)


def _group_of(match: re.Match[str]) -> TnmStage:
    roman = _ROMAN.get(match["group"].lower(), match["group"].upper())
    group = roman + (match["letter"] or "").upper() + (match["digit"] or "")
    return TnmStage(match.start(), match.end(), group=group, doubt=bool(match.groupdict().get("more")))


def _whole_of(match: re.Match[str]) -> TnmStage | None:
    n = match["n"] or match["n_only"] or ("X" if match["bare_n"] else None)
    m = match["m"] or match["m_only"] or ("X" if match["bare_m"] else None)
    if match["bare_n"] and match["bare_m"] and not re.search(r"nm$", match[0], re.IGNORECASE):
        return None
    t = match["t"]
    if match["prefix"].lower() == "c" and re.search(r"cN", match[0], re.IGNORECASE):
        # "cT3cN1cM0": the c stands before the next letter, it is no sub-stage.
        t = t.rstrip("cC") if t[0] in "234" else t
        n = n.rstrip("cC") if n and re.search(r"cM", match[0], re.IGNORECASE) else n
    return TnmStage(match.start(), match.end(), t=_value(t), n=_value(n), m=_value(m), doubt=bool(match["t_more"]))


def _one_of(start: int, end: int, letter: str, value: str) -> TnmStage:
    clean = _value(value)
    return TnmStage(
        start, end, clean if letter == "t" else None, clean if letter == "n" else None, clean if letter == "m" else None
    )


def _with_range(text: str, stage: TnmStage) -> TnmStage:
    tail = _RANGE_TAIL.match(text, stage.end)
    if stage.t is None or tail is None:
        return stage
    return TnmStage(stage.start, tail.end(), t=stage.t, doubt=True)


def _about_something_else(text: str, match: re.Match[str]) -> bool:
    """T1-weighted images, T4 vertebra: no tumour stage. A single letter before it ("a T3") is no prefix."""
    return bool(_NO_TUMOR_STAGE.match(text, match.end()) or _SPINE_BEFORE.search(text[: match.start()]))


def _value(value: str | None) -> str | None:
    if value is None:
        return None
    if value == "+":
        return "1"
    return "X" if value in ("x", "X") else value.lower()
