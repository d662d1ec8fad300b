"""A text cut into pieces, each with what its words became: page, module and command line colour them alike."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from GuideGenLib.description.acquisition import HOME
from GuideGenLib.description.fields import ACQUISITION_FIELDS, FINDING_FIELDS, ORGAN_FIELDS, PATIENT_FIELDS, shown
from GuideGenLib.description.model import Description
from GuideGenLib.workflow.roles import LOOKS, Look, Role, finding_order, outcome_of, role_of
from GuideGenLib.workflow.words import say, told

_WORD = re.compile(r"[^\W_]+(?:['’.,/-][^\W_]+)*")
_TITLES = {
    "finding": {field.name: field.title for field in FINDING_FIELDS},
    "organ": {field.name: field.title for field in ORGAN_FIELDS},
    "patient": {field.name: field.title for field in PATIENT_FIELDS} | {"age_range": "Age"},
    "acquisition": {field.name.removeprefix(HOME): field.title for field in ACQUISITION_FIELDS},
}


class Piece(NamedTuple):
    """Characters [start, end) of a text with what they came to: their role, and in words ("" where they are plain)."""

    start: int
    end: int
    text: str
    role: Role
    meaning: str = ""

    @property
    def look(self) -> Look | None:
        """How it is shown; None as the text around it."""
        return LOOKS.get(self.role)


class _Claim(NamedTuple):
    """What one field, or one remark, makes of characters [start, end): `of` a finding, an organ or "", `told`."""

    start: int
    end: int
    role: Role
    of: str
    told: str


def paint(description: Description) -> list[Piece]:
    """The text of a description in pieces, in order: each character is in exactly one.

    Words of several fields have the highest role of them and tell of all; words of one role that touch are one piece.
    """
    text = description.text
    claims = sorted(_claims(description), key=lambda claim: claim.start)
    cuts = sorted({0, len(text), *(claim.start for claim in claims), *(claim.end for claim in claims)})
    pieces: list[Piece] = []
    over, told, waiting = list[_Claim](), list[_Claim](), 0
    for start, end in pairwise(cuts):
        while waiting < len(claims) and claims[waiting].start <= start:
            over.append(claims[waiting])
            waiting += 1
        over = [claim for claim in over if claim.end > start]
        role = max((claim.role for claim in over), default=Role.PLAIN)
        if pieces and pieces[-1].role == role:
            start = pieces.pop().start
        else:
            told = []
        told += [claim for claim in over if claim.role >= min(role, Role.NOT_DRAWN)]
        pieces.append(Piece(start, end, text[start:end], role, _meaning(told)))
    return pieces


def legend(pieces: Sequence[Piece]) -> list[Look]:
    """The key to the colours and marks that occur."""
    there = {piece.role for piece in pieces}
    return [replace(look, title=say(look.title)) for role, look in LOOKS.items() if role in there]


def word_sum(pieces: Sequence[Piece]) -> str:
    """How many words came to something, in a sentence; each word is counted once, as the highest role in it."""
    words = Counter(_roles_of_words(pieces))
    return say(
        "Words: {used} used, {left_out} left out, {not_understood} not understood, {rest} that only join them.",
        used=words[Role.PATIENT] + words[Role.POSSIBLE] + words[Role.DRAWN],
        left_out=words[Role.LEFT_OUT] + words[Role.NOT_DRAWN],
        not_understood=words[Role.NOT_UNDERSTOOD],
        rest=words[Role.PLAIN],
    )


def _roles_of_words(pieces: Sequence[Piece]) -> Iterator[Role]:
    text = "".join(piece.text for piece in pieces)
    place = 0
    for word in _WORD.finditer(text):
        while pieces[place].end <= word.start():
            place += 1
        last, role = place, pieces[place].role
        while pieces[last].end < word.end():
            last += 1
            role = max(role, pieces[last].role)
        yield role


def _meaning(claims: Sequence[_Claim]) -> str:
    """What claims tell, the highest role first, each part of the description once with all its fields."""
    if len(claims) == 1:
        return ", ".join(words for words in claims[0][3:] if words)
    parts: dict[str, dict[str, None]] = {}
    for claim in sorted(claims, key=lambda claim: -claim.role):
        parts.setdefault(claim.of, {})[claim.told] = None
    return "; ".join(", ".join(words for words in (of, *told) if words) for of, told in parts.items())


def _claims(description: Description) -> Iterator[_Claim]:
    homes = _homes(description)
    for path, span in description.spans.items():
        home, _, name = path.rpartition(".")
        name = name.partition("[")[0]  # each look has a quotation of its own
        part, role, of, titles = homes[home]
        title = told(titles.get(name, name.replace("_", " ")))
        yield _Claim(span.start, span.end, role, of, f"{title}: {told(shown(getattr(part, name)))}")
    for left in description.left_out:
        yield _Claim(
            left.span.start, left.span.end, Role.LEFT_OUT, "", say("Left out: {reason}", reason=told(left.reason))
        )
    unknown = say("Not understood, without effect")
    for span in description.not_understood:
        yield _Claim(span.start, span.end, Role.NOT_UNDERSTOOD, "", unknown)


def _homes(description: Description) -> dict[str, tuple[Any, Role, str, dict[str, str]]]:
    """What fields belong to, by the path before the field: the part of the description, its role, what it is called,
    and the titles of its fields."""
    homes: dict[str, tuple[Any, Role, str, dict[str, str]]] = {"": (description, Role.PATIENT, "", _TITLES["patient"])}
    homes[HOME.rstrip(".")] = (description.acquisition, Role.PATIENT, "", _TITLES["acquisition"])
    for number, place in enumerate(finding_order(description), 1):
        finding = description.findings[place]
        of = say("Finding {number} ({outcome})", number=number, outcome=outcome_of(finding))
        homes[f"findings[{place}]"] = (finding, role_of(finding), of, _TITLES["finding"])
    for place, state in enumerate(description.organs):
        homes[f"organs[{place}]"] = (state, Role.PATIENT, told(state.name.capitalize()), _TITLES["organ"])
    return homes
