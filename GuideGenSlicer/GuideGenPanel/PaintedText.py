"""The text with its words coloured by what they became, as Qt's rich text; markup in the text itself stays text."""

from collections.abc import Iterable
from html import escape
from typing import Any


def textHtml(pieces: Iterable[Any]) -> str:
    """Pieces of workflow.painted in their colours, with their marks, and what they came to as a tip."""
    painted = "".join(_chip(piece.look, piece.text, piece.meaning) for piece in pieces)
    return f'<div style="white-space: pre-wrap">{painted}</div>'


def legendHtml(looks: Iterable[Any], wordSum: str) -> str:
    """The key to the colours and marks, and how many words came to something."""
    key = " &nbsp;".join(_chip(look, look.title, "") for look in looks)
    return f"{key}<br>{escape(wordSum)}" if key else escape(wordSum)


def plainTip(text: str) -> str:
    """A tip that Qt shows as it is written: it takes what looks like markup for markup."""
    return f"<span>{escape(text)}</span>"


def _chip(look: Any, words: str, tip: str) -> str:
    words = escape(words)
    if look is None:
        return words
    style = f"color: {look.ink}; background-color: {look.paper}"
    return (
        f'<span title="{escape(plainTip(tip))}" style="{style}"><small><b>{look.mark}</b></small>&nbsp;{words}</span>'
    )
