"""The sections of a report: where each begins, and which of its words are headings."""

import re
from bisect import bisect_right
from dataclasses import dataclass

from GuideGenLib.description.reading.rewriting import Draft
from GuideGenLib.description.words.headings import BRIEF, HEADINGS

_NAMES = {name: section for section, names in HEADINGS.items() for name in names}
_ANY = "|".join(re.escape(name).replace(r"\ ", r"[ \t]+") for name in sorted(_NAMES, key=len, reverse=True))
_HEADING = re.compile(
    rf"(?:^|(?<=[.;!?])|(?<=\n))[ \t]*(?P<name>{_ANY})\b[ \t]*(?:(?P<colon>:)|(?P<alone>(?=\n|$)))", re.IGNORECASE
)
_TITLE = re.compile(r"^[ \t]*(?P<title>[A-Z][A-Za-z ,/&-]{2,40}?)[ \t]*(?=\n[ \t]*\S)", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.;!?](?=\s|$)|\n")
_LABEL = re.compile(r"\n[ \t.]*\n|\n(?=[ \t.]*[A-Z][A-Za-z /&,]{2,30}:)")
_TITLE_WORDS = 4


@dataclass(frozen=True)
class Sections:
    """Where the sections of a text begin, in order, and what they are; what comes before the first heading is ""."""

    starts: tuple[int, ...]
    names: tuple[str, ...]

    def at(self, position: int) -> str:
        """The section that holds a character."""
        return self.names[bisect_right(self.starts, position) - 1]


def find_sections(draft: Draft) -> Sections:
    """Read the headings and take them out; earlier studies go with theirs, they tell nothing of today's."""
    starts, names = [0], [""]
    headings = list(_HEADING.finditer(draft.text))
    if any(match["colon"] is None for match in headings):
        _titles_to_colons(draft, headings)
    for index, match in enumerate(headings):
        name = re.sub(r"\s+", " ", match["name"].lower())
        section = _NAMES[name]
        last = index + 1 == len(headings)
        end = len(draft.text) if last else headings[index + 1].start()
        if section in BRIEF:
            end = _end_of_brief(draft.text, match.end(), end, last)
        starts += [match.start(), end]
        names += [section, ""]
        draft.take_out(match.start("name"), match.end("name"), "a heading")
        _stop(draft, match.end("name"))
        if section == "comparison":
            draft.take_out(match.end(), end, "an earlier study")
    return Sections(tuple(starts), tuple(names))


def _titles_to_colons(draft: Draft, headings: list[re.Match[str]]) -> None:
    """Where headings stand alone on their lines, organs do too: "Liver", and what is said of it in the next line."""
    taken = {match.start("name") for match in headings}
    for match in _TITLE.finditer(draft.text):
        following = match.end() + len(draft.text[match.end() :]) - len(draft.text[match.end() :].lstrip())
        if not taken & {match.start("title"), following} and len(match["title"].split()) <= _TITLE_WORDS:
            at = match.end("title")
            draft.text = draft.text[:at] + ":" + draft.text[at + 1 :]


def _end_of_brief(text: str, start: int, end: int, last: bool) -> int:
    """Where a section of few sentences ends: at an empty line or a label ("Lungs:"); the last one after a sentence."""
    start += len(text[start:end]) - len(text[start:end].lstrip())
    match = (_SENTENCE_END if last else _LABEL).search(text, start, end)
    return match.end() if match and last else match.start() if match else end


def _stop(draft: Draft, at: int) -> None:
    """What stands before a heading ends there."""
    if at < len(draft.text):
        draft.text = draft.text[:at] + "." + draft.text[at + 1 :]
