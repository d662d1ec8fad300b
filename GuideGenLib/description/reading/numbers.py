"""Ages, sizes, body mass: the numbers of a text, found in its normal form."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from GuideGenLib.description.model import LARGEST_MM, OLDEST, DescriptionError
from GuideGenLib.description.reading.tokens import Line
from GuideGenLib.description.words.lexicon import LIKENESSES_MM

_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
          "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
NUMBER_WORDS: dict[str, float] = {
    **{word: float(i) for i, word in enumerate(_UNITS, 1)},
    **{word: float(10 * i) for i, word in enumerate(_TENS, 2)},
    "half": 0.5,
}

_FRACTIONS = {"½": (" 1/2", 0.5), "¼": (" 1/4", 0.25), "¾": (" 3/4", 0.75)}
_TEN = "|".join(_TENS)
_UNIT_WORD = "|".join(sorted(_UNITS, key=len, reverse=True))
_WORDS = rf"(?:(?:{_TEN})(?:[- ](?:{_UNIT_WORD}))?|{_UNIT_WORD})"
_N = (
    rf"(?:\d+ [13]/[24]|\d*[½¼¾]|\d+(?:[.,]\d+)?|(?:one|two|three|four|five|six) and a half|half an?|"
    rf"one and half|{_WORDS})"
)
_AGE_N = rf"(?:\d{{1,3}}|one hundred|{_WORDS})"
_CM = r"(?:cms?|centimeters?|centimetres?)"
_MM = r"(?:mms?|millimeters?|millimetres?)"
_INCH = r"(?:inch(?:es)?|[\"″](?!\w))"
_UNIT = rf"(?:{_CM}|{_MM}|{_INCH})(?![a-z²³\d^])"
_TIMES = r"\s?(?:x|×|✕|\*|by)\s?"
_FACTS = rf"{_N}(?:[- ]?{_UNIT})?(?:{_TIMES}{_N}(?:[- ]?{_UNIT})?){{1,2}}"
_SIZE = re.compile(
    rf"(?<![\w.,])(?:(?P<facts>{_FACTS})|(?P<low>{_N})(?:[- ]?{_UNIT})?\s?(?:-|–|—|to)\s?(?P<high>{_N})|"
    rf"(?P<list>{_N}(?:[- ]?{_UNIT})?(?:, ?{_N}(?:[- ]?{_UNIT})?){{0,6}},? and {_N})|(?P<one>{_N}))"
    rf"[- ]?(?P<unit>{_UNIT})"
)
_VOLUME = re.compile(
    rf"(?<![\w.,])(?P<n>{_N})[- ]?(?:(?P<liters>l|liters?)|ml|mls|milliliters?|cc|ccs|ccm|cm ?\^? ?[3³]|"
    r"cubic centimeters?)(?![\w²³])"
)
_ONE_LENGTH = re.compile(rf"(?P<n>{_N})(?:[- ]?(?P<unit>{_CM}|{_MM}|{_INCH}))?")
_BETWEEN = re.compile(r"between $")
_BOUND = re.compile(
    r"(?:up to|at least|more than|less than|over|under|larger than|smaller than|greater than|below|above|exceeding|"
    r"not more than|>|<|≥|≤|>=|<=) ?(?:the )?$"
)
_NOT_A_SIZE_BEFORE = re.compile(
    r"(?:thickness|spacing|collimation|margins?|distance|intervals?|voxels?|pitch|resolution|height|previously|prior|"
    r"formerly|invasion depth|depth|previously measured|previously measuring)(?: size)?(?: ?(?:of|is|was|:|=|at))? ?$"
)
_NOT_A_SIZE_AFTER = re.compile(
    r"[- ]?(?:from|above|below|proximal|distal|away|deep to|lateral to|medial to|slices?|slice|sections?|thick|"
    r"collimation|reconstruct\w*|cuts?|margins?|intervals?|apart|beyond|inferior to|superior to|anterior to|"
    r"posterior to|"
    r"caudal|cranial|spacing|tall|increments?|voxels?|isotropic|previously)\b"
)
_CHANGED_FROM = re.compile(
    r"(?:grown|grew|increased?|enlarged|progressed|decreased?|shrunk|reduced|changed)[\w ]*from $"
)
_THINGS = "|".join(thing.replace(" ", "[- ]") for thing in LIKENESSES_MM)
_LIKE = re.compile(rf"\b(?:(?P<a>{_THINGS})[- ]?sized?|(?:size of|as big as|as large as) an? (?P<b>{_THINGS}))\b")

_YEARS = r"(?:years?|yrs?|yr|y)"
_OLD = rf"[- ]?(?:{_YEARS}[- ]?(?:old|of age)\b|yo\b|y/o\b|y\.? ?o\b\.?|{_YEARS}\b)"
_AGE = re.compile(
    rf"(?<![\w.,/-])(?:(?P<low>\d{{1,3}}(?= ?[-–]| to | and )|{_AGE_N}(?= to | and ))(?: ?[-–] ?| to | and ))?"
    rf"(?P<age>{_AGE_N}){_OLD}"
)
_PERSON_AGE = re.compile(
    r"\b(?:(?:man|woman|male|female|lady|gentleman|patient|person|adult|latina|latino|hispanic|asian|white|black|"
    r"caucasian)(?:,? of|,| of age|, aged| ?/)? |(?:he|she|who|patient) (?:is|was|turned) (?:now )?)"
    r"(?P<age>1[89]|[2-9]\d)\b(?! ?(?:cm|mm|x\b|kg|%|centi|milli|inch|[.,]\d|-|to\b|nodul|metas|lesion))"
)
_AGE_OF_WORD = re.compile(
    rf"\b(?:man|woman|lady|gentleman|patient|person) of (?P<age>(?:{_TEN})(?:[- ](?:{_UNIT_WORD}))?)\b"
)
_STRICT_OLD = re.compile(r"(?:old|of age|yo|y/o|y\.? ?o\.?)$")
_NOT_AN_AGE_AFTER = re.compile(
    r" ?(?:ago|later|history|hx|earlier|smok\w*|surviv\w*|of (?!age)|follow|before|after|prior|pack|-? ?history)"
)
_NOT_AN_AGE_BEFORE = re.compile(r"(?:for|over|since|past|last|pack|within|after|than|next|pack-|in) ?$")
_AGED = re.compile(
    rf"\bage(?:d)?(?: of| is| was|:| :|=| =)? ?(?:about |approximately |around |between )?(?P<low>{_AGE_N})"
    rf"(?: ?(?:-|–|to|and) ?(?P<age>{_AGE_N}))?\b(?!['’]?s\b)(?! ?(?:cm|mm))"
)
_DECADE = re.compile(
    rf"(?:\b(?P<part>early|mid|middle|late)[- ]*(?:to late[- ])?)?(?<!\w)"
    rf"(?P<decade>[1-9]0 ?['’]? ?s|[2-9]0[- ]?(?:something|ish)|{'|'.join(_DECADES)}|teens)\b"
)
_NTH_DECADE = re.compile(rf"\b(?P<nth>{'|'.join(_ORDINALS)}|\d(?=(?:st|nd|rd|th)))(?:st|nd|rd|th)? decade\b")
_THAN = re.compile(
    r"(?:(?P<over>\bover|\babove|older than|\bmore than|at least|>|≥)|"
    r"(?P<under>\bunder|\bbelow|younger than|\bless than|at most|<|≤)) ?"
    rf"(?P<of>the age of )?(?:age )?(?P<age>{_AGE_N})(?:{_OLD})?(?! ?(?:cm|mm|\.|,|%|kg|centi|milli|inch|\d|x\b))\b"
)
_AGE_SEX = re.compile(
    r"(?<![\w.,])(?P<age>1[89]|[2-9]\d|1[01]\d)(?: ?-?,?/? ?(?:yo|y/o|y|years?(?:[- ]old)?|yr),?)? ?-?/? ?"
    r"(?P<sex>[mf])\b(?! ?\d)(?!['’])"
)
_SEX_AGE = re.compile(r"(?<![\w/])(?P<sex>[mf]) ?[,/]? ?(?P<age>1[89]|[2-9]\d|1[01]\d)\b(?! ?(?:cm|mm|x\b|[.]\d|kg|%))")
_SEX = re.compile(r"\b(?:sex|gender) ?(?:is)? ?[:=]? ?(?P<sex>[mf])\b")
_MONTHS = re.compile(rf"(?<![\w.])(?P<months>{_AGE_N})[- ]?(?:months?|weeks?|days?)[- ]?old\b")
_BMI = re.compile(
    r"\b(?:bmi|body mass index)(?: (?:of|is|was))? ?[:=>]? ?(?:about |approximately |around |~ ?)?"
    r"(?P<n>\d+(?:[.,]\d+)?)(?: ?kg ?/ ?m ?[2²]?)?"
)
_HEIGHT = re.compile(
    r"(?<![\w.,])(?:(?:height|tall)(?: of| is|:)? ?)?(?:(?P<cm>1[2-9]\d|2[0-2]\d)(?:\.\d)? ?(?:cm|centimeters?)|"
    r"(?P<m>1[.,]\d\d?|2[.,][0-2]\d?) ?(?:m|meters?))\b(?: tall| in height| high)?"
)
_WEIGHT = re.compile(
    r"(?<![\w.,])(?:(?:weight|weighs|weighing)(?: of| is|:)? ?)?(?P<n>\d{2,3}(?:[.,]\d)?) ?"
    r"(?P<unit>kgs?|kilograms?|kilos?|lbs?|pounds?)\b"
)
_LOST = re.compile(r"(?:lost|loss of|losing|gained|loss) ?(?:about )?$")
_ABOUT_CA = re.compile(r"\bca\b\.? ?(?=\d)")


_Read = list[tuple[str, Any, str, str]]
"""What a match says: type, value, the group that quotes it ("" for the whole match), a note for the user."""


@dataclass(frozen=True)
class Number:
    """Tokens [first, last) and what they say.

    type and value: "age" int; "age_range" (low, high); "size" tuple of mm (several where the text lists several);
    "bmi", "height" (m), "weight" (kg), "volume" (ml) float; "sex" str; "distance" (a length that is not a
    size) mm where it is a thickness, else None; "filler" None.
    """

    type: str
    value: Any
    first: int
    last: int
    note: str = ""


def find_numbers(line: Line) -> list[Number]:
    """All numbers that mean something, without overlaps. Raises DescriptionError for impossible ages and sizes."""
    taken: list[tuple[int, int]] = []
    numbers: list[Number] = []
    readers: tuple[tuple[re.Pattern[str], Callable[[Line, re.Match[str]], _Read]], ...] = (
        (_ABOUT_CA, lambda line, match: [("filler", None, "", "")]),
        (_BMI, _read_bmi), (_WEIGHT, _read_weight), (_HEIGHT, _read_height),
        (_MONTHS, _read_months), (_DECADE, _read_decade), (_NTH_DECADE, _read_nth_decade), (_THAN, _read_than),
        (_AGE_SEX, _read_age_sex), (_SEX_AGE, _read_age_sex), (_SEX, _read_sex), (_AGED, _read_age), (_AGE, _read_age),
        (_PERSON_AGE, _read_person_age), (_AGE_OF_WORD, _read_person_age),
        (_VOLUME, _read_volume), (_SIZE, _read_size), (_LIKE, _read_like),
    )  # fmt: skip
    for pattern, read in readers:
        for match in pattern.finditer(line.norm):
            first, last = line.range_of(match.start(), match.end())
            if any(first < end and start < last for start, end in taken):
                continue
            values = read(line, match)
            if values:
                taken.append((first, last))
            for type_, value, group, note in values:
                at = line.range_of(*match.span(group)) if group else (first, last)
                numbers.append(Number(type_, value, *at, note))
    return sorted(numbers, key=lambda number: (number.first, number.last))


def number_of(text: str) -> float:
    """The value of "5", "5,2", "2½", "1 1/2", "sixty-seven", "one and a half"."""
    text = text.strip().replace(",", ".")
    for sign, (spelled, share) in _FRACTIONS.items():
        if text.endswith((sign, spelled)) and text != spelled:
            return float(text.removesuffix(sign).removesuffix(spelled) or 0) + share
    if text[0].isdigit():
        return float(text)
    if text.startswith("half"):
        return 0.5
    words = text.replace("-", " ").split()
    if "half" in words:
        return NUMBER_WORDS[words[0]] + 0.5
    return 100.0 if words[-1] == "hundred" else sum(NUMBER_WORDS[word] for word in words)


def _years(text: str) -> int:
    age = int(number_of(text))
    if age > OLDEST:
        msg = f"An age of {age} years is not possible: give 0 to {OLDEST}."
        raise DescriptionError(msg)
    return age


def _read_age(line: Line, match: re.Match[str]) -> _Read:
    if match.re is _AGE and not _STRICT_OLD.search(match[0]):
        loose = number_of(match["age"]) >= 18 and not _NOT_AN_AGE_AFTER.match(line.norm, match.end())
        if not loose or _NOT_AN_AGE_BEFORE.search(line.norm[: match.start()]):
            return []
    if match["low"] is None or match["age"] is None:
        return [("age", _years(match["age"] or match["low"]), "", "")]
    low, high = sorted((_years(match["low"]), _years(match["age"])))
    return [("age_range", (low, high), "", "")]


def _read_person_age(line: Line, match: re.Match[str]) -> _Read:
    return [("age", _years(match["age"]), "age", "")]


def _read_months(line: Line, match: re.Match[str]) -> _Read:
    months = number_of(match["months"]) if "month" in match[0] else 0
    return [("age", int(months // 12), "", "")]


def _read_decade(line: Line, match: re.Match[str]) -> _Read:
    word = match["decade"]
    if word == "teens":
        return [("age_range", (13, 19), "", "")]
    low = 10 * (_DECADES.index(word) + 2) if word in _DECADES else int(re.sub(r"\D", "", word))
    bounds = {"early": (0, 3), "mid": (4, 6), "middle": (4, 6), "late": (7, 9)}.get(match["part"] or "", (0, 9))
    return [("age_range", (low + bounds[0], low + bounds[1]), "", "")]


def _read_nth_decade(line: Line, match: re.Match[str]) -> _Read:
    nth = int(match["nth"]) if match["nth"].isdigit() else _ORDINALS.index(match["nth"]) + 2
    return [("age_range", (10 * nth - 10, 10 * nth - 1), "", "")]


def _read_than(line: Line, match: re.Match[str]) -> _Read:
    if not match["of"] and not re.search(_OLD, match[0]) and "older" not in match[0] and "younger" not in match[0]:
        return []
    if _NOT_AN_AGE_AFTER.match(line.norm, match.end()):
        return []
    age = _years(match["age"])
    if match["over"]:
        return [("age_range", (age, max(90, age)), "", "")]
    return [("age_range", (18 if age > 18 else 0, age), "", "")]


def _read_age_sex(line: Line, match: re.Match[str]) -> _Read:
    sex = "male" if match["sex"] == "m" else "female"
    return [("age", _years(match["age"]), "age", ""), ("sex", sex, "sex", "")]


def _read_sex(line: Line, match: re.Match[str]) -> _Read:
    return [("sex", "male" if match["sex"] == "m" else "female", "sex", "")]


def _read_bmi(line: Line, match: re.Match[str]) -> _Read:
    bmi = number_of(match["n"])
    if not 8 <= bmi <= 90:
        msg = f"A BMI of {bmi:g} is not possible: give 8 to 90 kg/m2."
        raise DescriptionError(msg)
    return [("bmi", bmi, "", "")]


def _read_height(line: Line, match: re.Match[str]) -> _Read:
    return [("height", number_of(match["cm"]) / 100 if match["cm"] else number_of(match["m"]), "", "")]


def _read_weight(line: Line, match: re.Match[str]) -> _Read:
    if _LOST.search(line.norm[: match.start()]):
        return []
    return [("weight", number_of(match["n"]) * (0.4536 if match["unit"][0] in "lp" else 1.0), "", "")]


def _read_volume(line: Line, match: re.Match[str]) -> _Read:
    return [("volume", number_of(match["n"]) * (1000.0 if match["liters"] else 1.0), "", "")]


def _read_like(line: Line, match: re.Match[str]) -> _Read:
    thing = (match["a"] or match["b"]).replace("-", " ")
    return [("size", (LIKENESSES_MM[thing],), "", f"'{match[0]}' is read as {LIKENESSES_MM[thing]:g} mm.")]


def _read_size(line: Line, match: re.Match[str]) -> _Read:
    before = line.norm[: match.start()]
    if _NOT_A_SIZE_BEFORE.search(before) or _NOT_A_SIZE_AFTER.match(line.norm, match.end()):
        thick = match["one"] and re.match(r"[- ]?(?:thick|wide|deep)\b", line.norm[match.end() :])
        return [("distance", _lengths(match[0])[0] if thick else None, "", "")]
    first, last = line.range_of(*match.span())
    quoted = line.text[line.tokens[first].start : line.tokens[last - 1].end]
    lengths, read_as = _lengths(match[0]), ""
    if match["facts"]:
        lengths = [max(lengths)]
    elif match["high"]:
        grown = _CHANGED_FROM.search(before)
        lengths, read_as = [lengths[-1] if grown else sum(lengths) / 2], quoted
    elif match["list"] and _BETWEEN.search(before):
        lengths, read_as = [sum(lengths) / len(lengths)], quoted
    elif match["one"] and (bound := _BOUND.search(before)):
        read_as = f"{bound[0].strip()} {quoted}"
    for length in lengths:
        if not 0 < length <= LARGEST_MM:
            msg = f"A size of '{quoted}' is not possible: give a size above 0 and up to {LARGEST_MM / 10:g} cm."
            raise DescriptionError(msg)
    return [("size", tuple(lengths), "", f"'{read_as}' is read as {lengths[0]:g} mm." if read_as else "")]


def _lengths(text: str) -> list[float]:
    """The lengths of "5 x 4 cm" in mm; a number without a unit has that of the next one with a unit."""
    unit = 10.0
    lengths: list[float] = []
    for match in reversed(list(_ONE_LENGTH.finditer(text))):
        if match["unit"]:
            unit = 1.0 if match["unit"][0] == "m" else 10.0 if match["unit"][0] == "c" else 25.4
        lengths.append(round(number_of(match["n"]) * unit, 3))
    return lengths[::-1]
