"""Changes of whole organs: larger, smaller, so long, gone."""

import re

from GuideGenLib.description.changes.amounts import DOWN, GROW, SHRINK, UP, read_amount
from GuideGenLib.description.changes.clauses import Clause
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.targets import EXTREME, told_findings, understood
from GuideGenLib.description.model import ORGAN_SIZES, Description, DescriptionError, OrganState, Span

_VOLUME = r"\b\d+(?:[.,]\d+)?\s*(?:ml|cc|millilit(?:er|re)s?|l|lit(?:er|re)s?)\b"
_LONG = r"\b\d+(?:[.,]\d+)?\s*(?:mm|cm)\b"
_COMPARED = rf"\b(?:{UP}|{DOWN}|{GROW}|{SHRINK})\b".replace(r"enlarg\w*", "enlarge|enlarging")
"""Not "enlarged", which is the word for a size."""
_MUCH_WORDS = "much|a lot|massively|greatly|considerably|markedly|huge|hugely|far|very"
_MUCH = rf"\b(?:{_MUCH_WORDS})\b"


def organ_of(phrase: str) -> tuple[OrganState, tuple[Span, ...]] | None:
    """The organ (with its side) that a phrase names, whatever it says of it, and its words; None where the phrase
    names none, or a finding in it."""
    lead = "enlarged "
    plain = re.sub(r"\b(?:the|a|an|his|her|its)\b", lambda m: " " * len(m[0]), phrase, flags=re.IGNORECASE)
    words = plain.strip()
    if not words:
        return None
    shift = plain.index(words) - len(lead)
    read = understood(lead + words)
    if read is None or len(read.organs) != 1 or told_findings(read):
        return None
    state = read.organs[0]
    odd = [(span.start, span.end) for span in read.not_understood]
    found = (w for w in re.finditer(r"\S+", lead + words) if w.start() >= len(lead))
    used = tuple(
        Span(w.start() + shift, w.end() + shift, w[0]) for w in found if not any(a <= w.start() < b for a, b in odd)
    )
    return OrganState(state.organ, state.side), used


def change_organ(draft: Draft, clause: Clause) -> bool:
    """ "enlarge the spleen", "make the liver 20 cm", "shrink both kidneys" """
    number = clause.find(_VOLUME) or clause.find(_LONG)
    if clause.find(EXTREME):
        return False
    amount = read_amount(clause.text)
    plain = clause.text if amount is None else clause.but((amount.start, amount.end))
    read = understood(plain)  # with a size beside it an organ may be read as a tumour of that size
    if told_findings(read):
        return False
    if amount is not None and (amount.by is not None or (amount.factor is not None and not amount.a_word)):
        subject = organ_of(_subject(plain))
        if subject is None:
            return False
        msg = f"How large the {subject[0].name} is now is not measured here"
        raise DescriptionError(msg, "say how large it is to be, for example 15 cm, 400 ml or massively enlarged.")
    if number is not None:
        return _sized(draft, clause, number)
    stated = understood(clause.text) if not clause.find(_COMPARED) else None
    if stated is not None and stated.organs and not told_findings(stated):
        return _stated(draft, clause, stated)
    if amount is None:
        return False
    subject = organ_of(_subject(plain))
    if subject is None:
        return False
    state, used = subject
    down = amount.factor is not None and amount.factor < 1
    word = _next_word(draft, state, down, bool(clause.find(_MUCH)))
    draft.use([*used, Span(amount.start, amount.end, clause.text[amount.start : amount.end])])
    draft.use_verbs(clause, f"{GROW}|{SHRINK}|{_MUCH_WORDS}")
    draft.set_organ(clause, OrganState(state.organ, state.side, size_word=word))
    return True


def _sized(draft: Draft, clause: Clause, number: "re.Match[str]") -> bool:
    """A length or a volume."""
    subject = organ_of(_subject(clause.but(number.span())))
    if subject is None:
        return False
    state, used = subject
    read = understood(f"the {state.name} {'measures ' if 'm' in number[0] else ''}{number[0]}")
    found = next((one for one in read.organs if one.organ == state.organ), None) if read is not None else None
    if found is None or not found.sized:
        return False
    draft.use([*used, Span(*number.span(), number[0])])
    draft.use_verbs(clause, f"{GROW}|{SHRINK}")
    draft.set_organ(clause, OrganState(state.organ, state.side, length_mm=found.length_mm, volume_ml=found.volume_ml))
    return True


def _stated(draft: Draft, clause: Clause, read: Description) -> bool:
    """ "make the spleen massively enlarged" """
    for state in read.organs:
        draft.set_organ(clause, state)
    odd = [(span.start, span.end) for span in read.not_understood]
    words = re.finditer(r"\S+", clause.text)
    draft.use(Span(*w.span(), w[0]) for w in words if not any(a <= w.start() < b for a, b in odd))
    return True


def _subject(text: str) -> str:
    """Without the verb, which the reader would take for a word of its own."""
    plain = "make|makes|making|let|set|have|change|turn|the|its?|to|by|be|size|volume|of"
    verbs = rf"\b(?:{plain}|{GROW}|{SHRINK}|{UP}|{DOWN})\b"
    return re.sub(verbs, lambda m: " " * len(m[0]), text, flags=re.IGNORECASE)


def _next_word(draft: Draft, state: OrganState, down: bool, much: bool) -> str:
    """The word of size beside that which is said of the organ, two words on where it is to be much larger."""
    said = [one for one in draft.organs if set(one.label_keys) & set(state.label_keys)]
    word = next((one.size_word for one in said if one.size_word), "normal")
    place = ORGAN_SIZES.index(word) + (-1 if down else 1) * (2 if much else 1)
    return ORGAN_SIZES[min(max(place, 0), len(ORGAN_SIZES) - 1)]
