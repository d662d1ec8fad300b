"""A finding put to another place."""

import re

from GuideGenLib.description.changes.amounts import read_amount
from GuideGenLib.description.changes.clauses import MOVE, Clause
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.lesions import STAGE, resize, restage, without_verbs
from GuideGenLib.description.changes.model import name_of
from GuideGenLib.description.changes.places import OTHER_SIDE, moved
from GuideGenLib.description.changes.targets import find_targets, told_findings, understood
from GuideGenLib.description.model import DescriptionError, Span


def move(draft: Draft, clause: Clause, to: "re.Match[str] | None" = None) -> bool:
    """ "move the tumour to the left lower lobe", "to the other side"; to: the word before the place, where it is known.
    A size or a stage behind the place is the finding's own: "to the rectum, 6 cm"."""
    verb = clause.find(rf"\b(?:{MOVE})\b")
    to = to or _to(clause, verb)
    if to is None and verb is None:
        return False
    if to is None:
        msg = f"Where to is not said in '{clause.words.text}'"
        raise DescriptionError(msg, "name a place, for example the left lung.")
    phrase = re.sub(r"\bfrom\b", "on  ", without_verbs(clause.but((to.start(), clause.end))), flags=re.IGNORECASE)
    targets = find_targets(phrase, draft.findings, draft.last, draft.known_sizes)
    more = _behind(clause.only(to.start(), clause.end))
    where = Clause(clause.but((0, to.start()), *more), to.start(), clause.end)
    for index in targets.indices:
        finding = draft.findings[index]
        assert finding is not None
        goal = moved(finding, where.text)
        if goal is None:
            msg = f"The place '{where.words.text}' is not understood"
            raise DescriptionError(msg, "name an organ, a lobe, a segment or a side.")
        recipe = finding.recipe
        if recipe is not None and not recipe.sided and goal.finding.side is not None:
            raise DescriptionError(f"The {name_of(finding)} has no side", "change its size, or remove it.")
        if goal.finding == finding:
            raise DescriptionError(f"The {name_of(finding)} is there already", "name another place.")
        draft.change("moved", clause, index, goal.finding)
        draft.use(goal.used)
        draft.notes += goal.notes
    draft.last = targets.indices
    draft.use([*targets.used, *(() if verb is None else (Span(*verb.span(), verb[0]),))])
    for start, end in more:
        rest = Clause(clause.only(start, end), start, end)
        if not restage(draft, rest):
            resize(draft, rest)
    return True


def move_without_a_verb(draft: Draft, clause: Clause) -> bool:
    """ "the kidney lesion to the upper pole", "the nodule should be in the middle lobe" """
    to = clause.find(r"\bto\b(?!\s+be\b)") or clause.find(r"\b(?:be|is|lies?|sits?)\s+(?:now\s+)?(?=(?:in|on|at)\b)")
    if to is None or not told_findings(understood(clause.only(clause.start, to.start()))):
        return False
    return move(draft, clause, to)


def _to(clause: Clause, verb: "re.Match[str] | None") -> "re.Match[str] | None":
    """The word before the place; None where the clause asks for no move."""
    other = clause.find(OTHER_SIDE)
    to = clause.find(r"\b(?:in)?to\b|\bonto\b|\bover\b")
    if verb is None and other is None and not (to and re.fullmatch(MOVE, clause.verb)):
        return None
    if verb is not None and (to is None or to.start() < verb.start()):
        to = re.compile(r"\b(?:in|on|at)\b", re.IGNORECASE).search(clause.text, verb.end()) or other
    return to or other or clause.find(r"\b(?:left|right)\b(?=\W*$)")


def _behind(text: str) -> list[tuple[int, int]]:
    """Where a size and stages stand in the words of a place."""
    amount = read_amount(text)
    found = [] if amount is None else [(amount.start, amount.end)]
    return found + [match.span() for match in re.finditer(STAGE, text, re.IGNORECASE)]
