"""What texts may tell and this version does not draw: said here alone, worked out from the words and the recipes.

Nothing is listed twice: a finding whose file appears in Resources/findings is no longer among these. Command line, page
and module say it of each finding by `workflow.roles.outcome_of` and the note of `parse`.
"""

from functools import cache

from GuideGenLib.description.model import DRAWN_KINDS, SITES
from GuideGenLib.description.words import lexicon
from GuideGenLib.findings.reading import recipes


@cache
def undrawn() -> tuple[tuple[str, str | None], ...]:
    """Kind and organ of what is understood and never drawn, wherever it is: ("appendicitis", "appendix"); None: no
    organ is implied. What is drawn in some organs is not among these where only the organ is missing."""
    drawn = {kind for one in recipes() for kind in one.kinds}
    found = set()
    for kind, organ in lexicon.OTHER_KINDS.values():
        in_organ = any(one.means(kind, organ) for one in recipes()) or (kind in DRAWN_KINDS and organ in SITES)
        if not in_organ and (organ is not None or kind not in drawn):
            found.add((kind, organ))
    return tuple(sorted(found, key=lambda one: (one[0], one[1] or "")))


def undrawn_in_words() -> str:
    """The same as a list for people, as the tutorial has it: "appendicitis, ..., fracture (rib)"."""
    drawn = {kind for one in recipes() for kind in one.kinds}
    names = {kind + (f" ({organ})" if kind in drawn and organ else "") for kind, organ in undrawn()}
    return ", ".join(sorted(names)).replace("_", " ")
