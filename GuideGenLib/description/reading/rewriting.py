"""A text while it is made ready to be read: it may be rewritten, and every character still knows where it came from."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from GuideGenLib.description.model import LeftOut, Span

Piece = tuple[str, int, int]
"""Characters to write, and the stretch [start, end) of the present text that they stand for."""


@dataclass
class Draft:
    """text: as it is to be read; source: as the user wrote it; origin: of each character of `text` its place in
    `source`; left_out: words that are taken out on the way."""

    source: str
    text: str = ""
    origin: list[int] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = self.text or self.source
        self.origin = self.origin or list(range(len(self.source)))

    @property
    def lowered(self) -> str:
        """The text in lower case, character for character: patterns without a flag for case are five times as fast."""
        lowered = self.text.lower()
        return lowered if len(lowered) == len(self.text) else self.text

    def span(self, start: int, end: int) -> Span:
        """The quotation behind characters [start, end) of the present text."""
        first, last = self.origin[start], self.origin[end - 1] + 1
        return Span(first, max(first + 1, last), self.source[first : max(first + 1, last)])

    def rewrite(self, pattern: re.Pattern[str], pieces_of: Callable[[re.Match[str]], list[Piece] | None]) -> None:
        """Put pieces in place of each match; a match of which nothing is made stays."""
        text: list[str] = []
        origin: list[int] = []
        last = 0
        for match in pattern.finditer(self.text):
            pieces = pieces_of(match)
            if pieces is None:
                continue
            pieces = [(self.text[last : match.start()], last, match.start()), *pieces]
            for written, start, end in pieces:
                text.append(written)
                origin += [self.origin[min(start + i, max(start, end - 1))] for i in range(len(written))]
            last = match.end()
        if last:
            self.text = "".join(text) + self.text[last:]
            self.origin = origin + self.origin[last:]

    def replace(self, pattern: re.Pattern[str], written: str | Callable[[re.Match[str]], str]) -> None:
        """Write other characters in place of each match."""
        make = written if callable(written) else lambda _match: written
        self.rewrite(pattern, lambda match: [(make(match), match.start(), match.end())])

    def take_out(self, start: int, end: int, reason: str) -> None:
        """Blank characters [start, end), which are left out for a reason."""
        stretch = self.text[start:end]
        start, end = start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip())
        if any(character.isalnum() for character in stretch):
            self.left_out.append(LeftOut(self.span(start, end), reason))
        self.blank(start, end)

    def blank(self, start: int, end: int) -> None:
        """Put blanks in place of characters [start, end)."""
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]
