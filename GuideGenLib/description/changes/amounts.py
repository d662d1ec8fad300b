"""How much: sizes, factors and times in the words of a sentence."""

import re
from dataclasses import dataclass

NUMBERS = {
    "half a": 0.5, "half": 0.5, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "eighteen": 18, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
NUMBER = r"(?:\d+(?:[.,]\d+)?|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
SIZE = (
    rf"\b(?P<size>{NUMBER})(?:\s+a)?[\s-]*(?P<unit>mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?|inch(?:es)?|"
    r"ml|cc|millilit(?:er|re)s?|l|lit(?:er|re)s?)\b"
)
UP = r"(?:larger|bigger|longer|wider|greater|broader|thicker)"
DOWN = r"(?:smaller|shorter|narrower|thinner|less large|less big)"
GROW = r"(?:enlarg\w*|grow\w*|grew|increas\w*|expand\w*|extend\w*)"
SHRINK = r"(?:shrink\w*|shrunk|shrank|regress\w*|reduc\w*|decreas\w*|diminish\w*|downsiz\w*)"
DRAIN = r"drain\w*"
MUCH = {"slightly": 1.15, "a little": 1.15, "a bit": 1.15, "somewhat": 1.15, "a touch": 1.15, "much": 1.6, "a lot": 1.6,
        "considerably": 1.6, "significantly": 1.6, "clearly": 1.3, "far": 1.6, "markedly": 1.6}  # fmt: skip
PLAIN = 1.3
"""What "larger" alone means for the diameter, by judgement: more than twice the volume."""
DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
TIMES = {"twice": 2.0, "double": 2.0, "doubled": 2.0, "triple": 3.0, "tripled": 3.0, 
         "half": 0.5, "halve": 0.5, "halved": 0.5, "a third": 1 / 3}  # fmt: skip
_TIMES = "|".join(sorted(TIMES, key=len, reverse=True))
_NOUN = r"(?:tumou?rs?|mass(?:es)?|nodules?|lesions?|cancers?|metastas[ei]s|cysts?|effusions?|one)\b"
_AS = r"(?:\s+(?:as (?:large|big|long|wide)(?: as (?:it is|now|before))?|(?:(?:the|its|in) )?(?:size|diameter|volume)))"


@dataclass(frozen=True)
class Amount:
    """How large something is to be: to, by (below 0: smaller), both in `unit`, or a factor, one of them; start and end:
    the words; a_word: "larger" alone, whose factor is on the diameter; of_volume: the factor is said of the volume."""

    start: int
    end: int
    to: float | None = None
    by: float | None = None
    factor: float | None = None
    unit: str = "mm"
    words: str = ""
    a_word: bool = False
    of_volume: bool = False

    def of(self, size: float, unit: str) -> float:
        """The new size of something of that size, a diameter in mm or a volume in ml."""
        if self.to is not None:
            return self.to
        if self.by is not None:
            return size + self.by
        return size * self._factor_on(unit)

    def _factor_on(self, unit: str) -> float:
        factor = self.factor or 1.0
        if unit == "ml":
            return float(factor**3) if self.a_word else factor
        return float(factor ** (1 / 3)) if self.of_volume else factor

    def told(self, unit: str) -> str:
        """How the words were read, where that is not plain."""
        if self.factor is None or (self.of_volume and not self.a_word):
            return ""
        measure = "volume" if unit == "ml" else "diameter"
        if self.a_word:
            return f"'{self.words}' is read as {100 * (self._factor_on(unit) - 1):+.0f} % in {measure}."
        return f"'{self.words}' is read as of the {measure}."


def number(text: str) -> float:
    """ "2.5", "2,5", "two" """
    words = " ".join(text.lower().split())
    return float(NUMBERS[words]) if words in NUMBERS else float(words.replace(",", "."))


def measure(match: re.Match[str]) -> tuple[float, str]:
    """What a match of SIZE tells, and its unit, "mm" or "ml"."""
    unit = match["unit"].lower()
    if unit[0] == "l" or unit in ("ml", "cc") or unit.startswith("millilit"):
        return number(match["size"]) * (1000.0 if unit[0] == "l" else 1.0), "ml"
    scale = 25.4 if unit.startswith("inch") else 10.0 if unit[0] == "c" else 1.0
    return number(match["size"]) * scale, "mm"


def read_amount(text: str) -> Amount | None:
    """The change of size that a clause tells, or None. The first of these wins: by so much, by a part of it, so many
    times, to so much, and a word alone."""
    up, down = (_found(rf"\b(?:{words})\b", text) for words in (f"{UP}|{GROW}", f"{DOWN}|{SHRINK}"))
    sign = -1 if down else 1
    return _by(text, sign) or _by_part(text, sign) or _times(text, sign) or _to(text) or _word(text, up, down)


def _by(text: str, sign: int) -> Amount | None:
    found = _found(rf"{SIZE}\s+(?:{UP}|{DOWN})\b", text) or _found(rf"(?:\b(?:{UP}|{DOWN})\s+)?\bby\s+{SIZE}", text)
    if found is None and (found := _found(rf"\b{DRAIN}\s+{SIZE}", text)) is not None:
        sign = -1
    if found is None:
        return None
    size, unit = measure(found)
    return Amount(*found.span(), by=sign * size, unit=unit)


def _by_part(text: str, sign: int) -> Amount | None:
    compared = rf"(?:{UP}|{DOWN})"
    part = r"(?P<part>\d+(?:[.,]\d+)?)\s*(?:%|percent|per cent)"
    found = _found(rf"{part}\s+{compared}\b", text) or _found(rf"(?:\b{compared}\s+)?\bby\s+{part}", text)
    if found is None:
        return None
    factor = 1 + sign * number(found["part"]) / 100
    return _scaled(text, found, factor) if factor > 0 else None


def _times(text: str, sign: int) -> Amount | None:
    counted = r"(?P<times>\d+(?:[.,]\d+)?|two|three|four|five)\s*(?:x|times)\b"
    found = _found(rf"\b(?:to\s+)?(?:{counted}){_AS}?(?:\s+(?:{UP}|{DOWN})\b)?", text)
    found = found or _found(rf"\b(?:to\s+)?(?P<times>{_TIMES})\b{_AS}?(?:\s+(?:{UP}|{DOWN})\b)?", text)
    if found is None:
        return None
    word = found["times"].lower()
    factor = TIMES[word] if word in TIMES else number(word)
    if word == "a third":  # of it more, or less
        factor = 1 + sign * factor
    elif sign < 0 < factor - 1:
        factor = 1 / factor
    return _scaled(text, found, factor) if factor > 0 else None


def _scaled(text: str, found: re.Match[str], factor: float) -> Amount:
    of_volume = _found(r"\bvolume\b", text) is not None
    return Amount(*found.span(), factor=factor, words=found[0].strip(), of_volume=of_volume)


def _to(text: str) -> Amount | None:
    """The last size: "make the 3 cm tumour 4 cm"."""
    found = list(re.finditer(rf"(?:\bto\s+(?:be\s+)?)?{SIZE}(?!\s+(?:\w+\s+)?{_NOUN})", text, re.IGNORECASE))
    if not found:
        return None
    size, unit = measure(found[-1])
    return Amount(*found[-1].span(), to=size, unit=unit)


def _word(text: str, up: re.Match[str] | None, down: re.Match[str] | None) -> Amount | None:
    word = down or up
    if word is None:
        return None
    much = _found(rf"\b(?:{'|'.join(MUCH)})\b", text)
    factor = MUCH[much[0].lower()] if much else PLAIN
    if down:
        factor = 1 / factor
    start, end = word.span() if much is None else (min(word.start(), much.start()), max(word.end(), much.end()))
    if much is not None and (much.end() < word.start() - 1 or much.start() > word.end() + 1):
        start, end = word.span()  # the noun stands between them
    return Amount(start, end, factor=factor, words=text[start:end], a_word=True)


def read_time(text: str) -> tuple[re.Match[str], float] | None:
    """A time that a clause tells, with its days: "six months", "half a year"."""
    unit = r"(?P<unit>day|week|month|year)s?\b"
    found = _found(rf"\b(?P<count>{NUMBER})(?:[\s-]+(?:further|more|another))?[\s-]+{unit}", text)
    found = found or _found(rf"\b(?P<count>another|next|the next)\s+{unit}", text)
    if found is None:
        return None
    count = number(found["count"]) if not found["count"].lower().endswith(("another", "next")) else 1.0
    return found, count * DAYS[found["unit"].lower()]


def _found(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)
