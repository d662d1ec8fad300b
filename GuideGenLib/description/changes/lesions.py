"""Changes of findings: larger, smaller, moved, removed, added, of another stage, after some time."""

import re
from dataclasses import replace

from GuideGenLib.description.changes.amounts import (
    DRAIN,
    GROW,
    MUCH,
    NUMBER,
    SHRINK,
    Amount,
    number,
    read_amount,
    read_time,
)
from GuideGenLib.description.changes.clauses import ADD, MOVE, REMOVE, Clause
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.growth import doubling_time, grown_mm
from GuideGenLib.description.changes.model import name_of
from GuideGenLib.description.changes.organs import organ_of
from GuideGenLib.description.changes.sizes import limits_of, unit_of, usual_size, with_size
from GuideGenLib.description.changes.targets import EXTREME, IT, find_targets, told_findings, understood
from GuideGenLib.description.model import DRAWN_KINDS, SIDES, SIZE_WORDS, DescriptionError, Finding, OrganState, Span
from GuideGenLib.description.stage import stage_size_mm

_GROWTH = r"\b(?:grow\w*|growth|later|pass(?:es|ed)?|untreated|progress\w*|follow[\s-]*up)\b|^\s*(?:after|in)\b"
_MUCH = "|".join(MUCH)
_SIZE_WORDS = {word: word for word in SIZE_WORDS} | {"massive": "huge", "trace": "tiny", "minimal": "tiny"}
_SIZE_WORD = rf"\b({'|'.join(_SIZE_WORDS)})\b"
_T, _N, _M = r"[pcy]*T(?:is|X|[0-4](?:mi|[a-d])?)", r"[pc]?N(?:X|[0-3][a-c]?)", r"[pc]?M(?:X|[01][a-c]?)"
_GROUP = r"stage\s+(?:0|I{1,3}|IV|[1-4])[A-D]?[1-3]?"
STAGE = rf"\b(?:{_T}(?:[\s,]*{_N})?(?:[\s,]*{_M})?|{_N}(?:[\s,]*{_M})?|{_M}|{_GROUP}|early|advanced)\b"
_VERBS = re.compile(
    rf"\b(?:{REMOVE}|{ADD}|{MOVE}|make|makes|making|change|changes|changed|set|turn|let|convert|have|show|stage|restage|"
    rf"{GROW}|double|triple|halve|the size of|the stage of|the diameter of|stage|size|diameter|volume)\b",
    re.IGNORECASE,
)
_NEW = rf"^\s*(?:{NUMBER}\s+)?(?:new|another|additional|more|further)\b"
_PUT = rf"\b(?:put|place)\b(?=\s+(?:another|{NUMBER})\b)"
_COUNTED = r"\b(?:an?other|additional|extra|new|further|more|second|third)\b"


def grow(draft: Draft, clause: Clause) -> bool:
    """ "after six months of growth", "let the liver tumour grow for a year" """
    time = read_time(clause.text)
    if time is None or not clause.find(_GROWTH):
        return False
    match, days = time
    amount = read_amount(clause.but(match.span()))
    if amount is not None and not amount.a_word:  # how much it grew is said
        return False
    phrase = without_verbs(clause.but(match.span()))
    if told_findings(understood(phrase)):
        targets = find_targets(phrase, draft.findings, draft.last, draft.known_sizes)
        indices = targets.indices
        draft.use(targets.used)
    else:
        indices = tuple(i for i, one in enumerate(draft.findings) if one is not None and one.drawn)
    if not indices:
        raise DescriptionError("Nothing in this case grows", "add a tumour first.")
    for index in indices:
        finding, size = draft.findings[index], draft.size_of(index)
        assert finding is not None
        if size is None or not finding.drawn:
            remedy = "say how large it is to be." if finding.shown else "name another finding."
            raise DescriptionError(f"How the {name_of(finding)} grows is not known", remedy)
        grown = replace(finding, size_mm=round(grown_mm(finding, size, days), 1), size_word=None)
        time_told = doubling_time(finding)
        draft.change("resized", clause, index, _restaged(draft, grown))
        told = f"the volume doubles in {time_told.days:g} days ({time_told.source})"
        draft.notes.append(f"{finding.kind} of the {finding.organ}: {told}.")
    draft.last = indices
    draft.use([clause.words])
    return True


def remove(draft: Draft, clause: Clause) -> bool:
    """ "remove the nodule", "take out the gallbladder", "remove one of the metastases" """
    verb = clause.find(rf"\b(?:{REMOVE})\b")
    if verb is None and not re.fullmatch(REMOVE, clause.verb):
        return False
    if verb is not None and re.match(DRAIN, verb[0], re.IGNORECASE) and read_amount(clause.text) is not None:
        return False  # "drain 500 ml of it"
    phrase = without_verbs(clause.text)
    if not told_findings(understood(phrase)):
        organ = organ_of(phrase)
        if organ is not None:
            state, used = organ
            draft.set_organ(clause, OrganState(state.organ, state.side, absent=True))
            draft.use([*used, *_quoted(verb)])
            return True
    if draft.last and all(draft.findings[i] is None for i in draft.last) and re.search(IT, phrase, re.IGNORECASE):
        draft.use([clause.words])  # "remove the tumour, it was resected"
        return True
    one_of = re.search(r"\b(?P<n>one|two|three)\s+of\s+(?:the\s+)?(?!two|three)", phrase, re.IGNORECASE)
    targets = find_targets(phrase, draft.findings, draft.last, draft.known_sizes)
    for index in targets.indices:
        finding = draft.findings[index]
        assert finding is not None
        fewer = {"one": 1, "two": 2, "three": 3}[one_of["n"].lower()] if one_of else finding.count
        if fewer < finding.count:
            draft.change("removed", clause, index, replace(finding, count=finding.count - fewer))
        else:
            draft.remove(clause, index)
    draft.last = targets.indices
    draft.use([*targets.used, *_quoted(verb)])
    if one_of:
        draft.use([Span(*one_of.span(), one_of[0])])
    return True


def add(draft: Draft, clause: Clause) -> bool:
    """ "add a small pleural effusion on the right", "add splenomegaly" """
    verb = clause.find(rf"\b(?:{ADD})\b") or clause.find(_PUT)
    if verb is None and not clause.find(_NEW) and not re.fullmatch(ADD, clause.verb):
        return False
    phrase = clause.text
    if verb is not None:  # "added" stands behind
        before = not clause.text[verb.end() : clause.end].strip()
        phrase = clause.but(verb.span()) if before else clause.but((clause.start, verb.end()))
    phrase = _sided(draft, _uncounted(phrase))
    read = understood(phrase)
    findings = told_findings(read)
    if read is None or not (findings or read.organs):
        return False
    start = len(draft.findings)
    for finding in findings:
        if finding.organ is None and finding.kind in DRAWN_KINDS:
            msg = f"Where the {finding.kind} is to be is not said"
            raise DescriptionError(msg, "name an organ, for example the liver.")
        for one in _several(finding, phrase, alone=len(findings) == 1):
            draft.add(clause, one)
    draft.last = tuple(range(start, len(draft.findings)))
    for state in read.organs:
        draft.set_organ(clause, state)
    unread = {(span.start, span.end) for span in read.not_understood}
    words = re.finditer(r"\S+", clause.only(clause.start, clause.end))
    draft.use(Span(*w.span(), w[0]) for w in words if not any(a <= w.start() < b for a, b in unread))
    return True


def restage(draft: Draft, clause: Clause) -> bool:
    """ "make it T3", "stage IIIB", "N2" """
    found = list(re.finditer(STAGE, clause.text, re.IGNORECASE))
    if not found:
        return False
    amount = read_amount(clause.text)
    sized = () if amount is None else ((amount.start, amount.end),)
    phrase = without_verbs(clause.but(*sized, *(match.span() for match in found)))
    targets = find_targets(phrase, draft.findings, draft.last, draft.known_sizes)
    stated = understood("lung tumor, " + ", ".join(match[0] for match in found))
    if stated is None or not stated.findings:
        return False
    told = {name: getattr(stated.findings[0], name) for name in ("t", "n", "m", "stage")}
    told = {name: value for name, value in told.items() if value is not None}
    if not told:
        return False
    for index in targets.indices:
        finding, size = draft.findings[index], draft.size_of(index)
        assert finding is not None
        new = replace(finding, **told)
        if new.drawn and size is not None and ("t" in told or "stage" in told):
            low, high = stage_size_mm(replace(new, size_mm=None, size_word=None))
            new = replace(
                new, size_mm=finding.size_mm if low <= size <= high else min(max(size, low), high), size_word=None
            )
        stage = " ".join(f"{name.upper() if name != 'stage' else 'stage '}{value}" for name, value in told.items())
        same = new.size_mm == finding.size_mm
        size_told = "its size fits" if same else f"{size:g} mm to {new.size_mm:g} mm"
        shown = f", {size_told}" if "t" in told or "stage" in told else ", not drawn"
        draft.change("staged", clause, index, new, f"{name_of(finding)}: now {stage}{shown}")
    draft.last = targets.indices
    draft.use([*targets.used, *(Span(*match.span(), match[0]) for match in found)])
    return True


def resize(draft: Draft, clause: Clause) -> bool:
    """ "2 cm larger", "twice as large", "to 5 cm", "huge" """
    chosen = clause.find(EXTREME)  # "make the smaller one larger"
    amount = read_amount(clause.text if chosen is None else clause.but(chosen.span()))
    word = clause.find(_SIZE_WORD) if amount is None else None
    if amount is None and word is None:
        return False
    cut = (amount.start, amount.end) if amount is not None else word.span() if word is not None else (0, 0)
    stages = tuple(match.span() for match in re.finditer(STAGE, clause.text, re.IGNORECASE))
    phrase = without_verbs(clause.but(cut, *stages))
    targets = find_targets(phrase, draft.findings, draft.last, draft.known_sizes)
    for index in targets.indices:
        finding = draft.findings[index]
        assert finding is not None
        draft.change("resized", clause, index, _resized(draft, index, finding, amount, word))
        if amount is not None and (told := amount.told(unit_of(finding))):
            draft.notes.append(told)
    draft.last = targets.indices
    draft.use_verbs(clause, f"{GROW}|{SHRINK}|{DRAIN}|{_MUCH}")
    draft.use([*targets.used, Span(*cut, clause.text[cut[0] : cut[1]])])
    return True


def _resized(
    draft: Draft, index: int, finding: Finding, amount: Amount | None, word: "re.Match[str] | None"
) -> Finding:
    """A finding of another size, its T stage along where that goes by size."""
    unit = unit_of(finding)
    if amount is None:
        assert word is not None
        new = replace(finding, size_word=_SIZE_WORDS[word[0].lower()], size_mm=None, volume_ml=None)
        usual = usual_size(replace(new, t=None, stage=None))
        return new if usual is None else _restaged(draft, with_size(new, round(sum(usual) / 2, 1)))
    size = draft.size_of(index)
    if amount.factor is None and amount.unit != unit:
        measure = f"by its volume in ml, not in {amount.unit}" if unit == "ml" else f"in mm, not in {amount.unit}"
        raise DescriptionError(f"The {name_of(finding)} is drawn {measure}", f"say it in {unit}.")
    if size is None and amount.to is None:
        raise DescriptionError(f"How large the {name_of(finding)} is, is not known", "say how large it is to be.")
    wanted = round(amount.of(size or 0.0, unit), 1 if unit == "mm" else 0)
    low, high = limits_of(finding)
    if not low <= wanted <= high:
        remedy = (
            f"give {low:g} to {high:g} {unit}, or remove it." if wanted < low else f"up to {high:g} {unit} can be had."
        )
        raise DescriptionError(f"The {name_of(with_size(finding, size))} would have {wanted:g} {unit}", remedy)
    return _restaged(draft, with_size(replace(finding, size_word=None), wanted))


def _restaged(draft: Draft, finding: Finding) -> Finding:
    """A T stage that no longer fits the size goes, and the user is told."""
    if finding.t is None or not finding.drawn or finding.kind == "metastasis":
        return finding
    low, high = stage_size_mm(replace(finding, size_mm=None, size_word=None))
    if finding.organ == "colon" or finding.size_mm is None or low <= finding.size_mm <= high:
        return finding
    draft.notes.append(
        f"T{finding.t} does not go with {finding.size_mm:g} mm: the size counts, the T stage is left open."
    )
    return replace(finding, t=None)


def _uncounted(phrase: str) -> str:
    """ "another", "a second": one more, which the reader would take for words of its own."""
    phrase = re.sub(_COUNTED, lambda m: ("a" if m[0][0] in "aA" else "").ljust(len(m[0])), phrase, flags=re.IGNORECASE)
    return re.sub(r"\ba(\s+)a\b", lambda m: f" {m[1]}a", phrase)


def _several(finding: Finding, phrase: str, alone: bool) -> list[Finding]:
    """ "three of them", "on each side": what the reader, who looks at one place, leaves open."""
    count = re.search(rf"\b(?P<n>{NUMBER})\s+of them\b", phrase, re.IGNORECASE)
    if count is not None and alone:
        finding = replace(finding, count=max(1, round(number(count["n"]))))
    both = re.search(r"\b(?:each|both|either)\s+(?:sides?|lungs?|kidneys?)\b|\bbilateral\w*", phrase, re.IGNORECASE)
    paired = finding.organ in ("lung", "kidney") or (finding.recipe is not None and finding.recipe.sided)
    if both is not None and alone and paired and finding.side is None:
        return [replace(finding, side=side, count=1) for side in SIDES]
    return [finding]


def _sided(draft: Draft, phrase: str) -> str:
    """ "in the other lung": the other side of what was spoken of, or of the only finding with a side."""
    other = re.search(r"\b(?:other|opposite|contralateral)\b", phrase, re.IGNORECASE)
    if other is None:
        return phrase
    known = [draft.findings[i] for i in draft.last] or [one for one in draft.findings if one is not None and one.drawn]
    sides = {one.side for one in known if one is not None and one.side}
    if len(sides) != 1:
        raise DescriptionError(f"Which side is the {other[0]} one is not clear", "say left or right.")
    side = "left" if sides == {"right"} else "right"
    return phrase[: other.start()] + side.ljust(len(other[0])) + phrase[other.end() :]


def _quoted(match: "re.Match[str] | None") -> tuple[Span, ...]:
    return () if match is None else (Span(*match.span(), match[0]),)


def without_verbs(text: str) -> str:
    return _VERBS.sub(lambda match: " " * len(match[0]), text)
