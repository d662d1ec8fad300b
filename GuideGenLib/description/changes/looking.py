"""Changes of how a lesion looks: "make the mass spiculated", "it becomes necrotic", "no longer calcified"."""

import re
from collections.abc import Sequence
from dataclasses import replace

from GuideGenLib.description.changes.amounts import read_amount
from GuideGenLib.description.changes.clauses import ADD, Clause
from GuideGenLib.description.changes.draft import Draft
from GuideGenLib.description.changes.lesions import STAGE, without_verbs
from GuideGenLib.description.changes.model import name_of
from GuideGenLib.description.changes.targets import ALIKE, find_targets
from GuideGenLib.description.looks import checked_looks, opposite
from GuideGenLib.description.model import DRAWN_KINDS, DescriptionError, Finding, Span
from GuideGenLib.description.words.looks import LACKS, LOOK_WORDS, SOLID_PART

_WORDS = {word: "part_solid" if look == SOLID_PART else look for word, look in LOOK_WORDS.items()}
_LOOK = r"\b(?:" + "|".join(re.sub(" ", r"[\\s-]+", word) for word in sorted(_WORDS, key=len, reverse=True)) + r")\b"
_KINDS = "|".join(kind.replace("_", " ") for kind in (*ALIKE, *DRAWN_KINDS))
_NOUN = rf"\b(?:{_KINDS}|met|cancer|carcinoma|one)s?\b"
_ANOTHER = r"^\s*(?:new|another|additional|more|further)\b"
_BECOMES = r"\b(?:into|as|makes? (?:it|that|this)|turns? (?:it|that|this))\s+an?\b"
_NO_LONGER = r"\b(?:no longer|not|no|without|any ?more|non|less)\b"
_MARGINS = ("smooth", "lobulated", "spiculated", "infiltrating")
"""One of them takes the place of another: a lesion is told to have a new border."""
_FILLER = r"\b(?:a|an|with|and|its|become|becomes|became|turns?|gets?|give|gives|look|looks|looking|more|into|as|to|"
_FILLER += r"margins?|borders?|contours?|edges|cent(?:re|er)|core)\b"


def relook(draft: Draft, clause: Clause) -> bool:
    """Give the findings that a clause names the looks that it says of them, in place of those that do not go with
    these; a look that stands before their name ("make the necrotic mass larger") tells which ones are meant."""
    said = _said(clause)
    if not said or clause.find(rf"\b(?!give\b)(?:{ADD})\b") or clause.find(_ANOTHER):
        return False
    amount = read_amount(clause.text)
    sized = () if amount is None else ((amount.start, amount.end),)
    stages = (match.span() for match in re.finditer(STAGE, clause.text, re.IGNORECASE))
    phrase = clause.but(*(match.span() for match, _ in said), *sized, *stages)
    rest = re.sub(rf"{_FILLER}|{_NO_LONGER}", lambda match: " " * len(match[0]), without_verbs(phrase), flags=re.I)
    targets = find_targets(rest, draft.findings, draft.last, draft.known_sizes)
    for index in targets.indices:
        finding = draft.findings[index]
        assert finding is not None
        if not finding.drawn:
            remedy = "name a tumour, nodule or metastasis that is drawn."
            raise DescriptionError(f"How the {name_of(finding)} looks cannot be changed", remedy)
        new = replace(finding, looks=_looks_after(finding, [look for _, look in said]))
        told = ", ".join(new.looks).replace("_", " ") or "no look of its own"
        draft.change("looks", clause, index, new, f"{name_of(finding)}: now {told}")
    draft.last = targets.indices
    draft.use([*targets.used, *(Span(*match.span(), match[0]) for match, _ in said)])
    draft.use_verbs(clause, f"{_FILLER}|{_NO_LONGER}")
    return True


def _said(clause: Clause) -> list[tuple["re.Match[str]", str]]:
    """The looks that a clause gives, each with its words; with LACKS before those that it takes away."""
    found = []
    for match in re.finditer(_LOOK, clause.text, re.IGNORECASE):
        before, after = clause.text[clause.start : match.start()], clause.text[match.end() : clause.end]
        attribute = re.search(_NOUN, after, re.IGNORECASE) and not re.search(rf"{_BECOMES}\s*$", before, re.IGNORECASE)
        if attribute:
            continue
        look = _WORDS[" ".join(re.split(r"[\s-]+", match[0].lower()))]
        denied = re.search(rf"{_NO_LONGER}[^,]*$", before, re.IGNORECASE) or re.match(r"\s+any ?more\b", after)
        found.append((match, LACKS + look if denied and not look.startswith(LACKS) else look))
    return found


def _looks_after(finding: Finding, said: Sequence[str]) -> tuple[str, ...]:
    """Those that it had and that go with what is said now, and these. Raises DescriptionError where what is said does
    not go together or not with the organ."""
    gone = [look.removeprefix(LACKS) for look in said if look.startswith(LACKS)]
    new = [look for look in said if not look.startswith(LACKS)]
    border = any(look in _MARGINS for look in new)
    kept = [
        look
        for look in finding.looks
        if look not in gone and opposite(look, new) is None and not (border and look in _MARGINS)
    ]
    return checked_looks([*kept, *new], finding.organ)
