"""What became of every word: those that no field quotes are told with the reason why they have no effect."""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from GuideGenLib.description.model import Finding, Span
from GuideGenLib.description.reading.foreign import fields_of
from GuideGenLib.description.reading.items import Item

JOINING = ("filler", "article", "definite", "preposition", "and", "or", "verb", "hyphen", "comma", "colon", "stop",
           "but", "present", "other", "member", "link", "from", "person", "scan", "relation", "primary",
           "normal")  # fmt: skip
"""Types of items that only join others or fill."""
PRONOUNS = ("he", "his", "him", "himself", "she", "her", "hers", "herself")
SAID_AGAIN = "said again"
REASONS = {
    "size": "another size", "stage": "another stage", "distance": "a distance", "volume": "a volume",
    "negation": "reaches no finding", "negation_after": "reaches no finding", "past": "reaches no finding",
    "region": "where something is", "phase": "another phase", "contrast": "another phase",
    "look": "the look of no lesion",
    "count": "no count of findings", "filler": "a number that tells nothing", "not_a_finding": "no finding",
    "weight": "no build without a height", "height": "no build without a weight",
}  # fmt: skip
NOTHING_SAID = "nothing is said of it"


def account(
    sentences: Sequence[Sequence[Item]],
    aside: Iterable[tuple[Item, str]],
    quoted: Iterable[Span],
    sizes: Collection[float],
) -> list[tuple[Span, str]]:
    """The items that neither join nor are quoted, neighbours of one reason together.

    aside: items with their reasons; sizes: of the findings, in mm.
    """
    reasons = {id(item): reason for item, reason in aside}
    covered: set[int] = set()
    for span in quoted:
        covered.update(range(span.start, span.end))
    told: list[tuple[Span, str]] = []
    for sentence in sentences:
        silent = all(item.type != "kind" for item in sentence)
        joined = False
        for item in sentence:
            known = _only_joins(item) and id(item) not in reasons
            if known or covered.issuperset(range(item.span.start, item.span.end)):
                joined = joined and item.type in ("hyphen", "definite")
                continue
            reason = reasons.get(id(item)) or _reason(item, silent, sizes)
            if joined and told[-1][1] == reason:
                start = told.pop()[0].start
                told.append((Span(start, item.span.end, item.source[start : item.span.end]), reason))
            else:
                told.append((item.span, reason))
            joined = True
    return told


def with_their_nouns(
    spans: dict[str, Span], findings: Sequence[Finding], sentences: Sequence[Sequence[Item]]
) -> dict[str, Span]:
    """The quotations of places with the noun right behind them that says the organ once more: "sigmoid colon"."""
    nouns = {
        before.span.end: item
        for sentence in sentences
        for before, item in pairwise(sentence)
        if before.type == item.type == "place" and item.first == before.last and set(fields_of(item)) == {"organ"}
    }
    longer = dict(spans)
    quoted = {span.start for span in spans.values()}
    for index, finding in enumerate(findings):
        span = spans.get(f"findings[{index}].site")
        noun = nouns.get(span.end) if span else None
        if span and noun and noun.span.start not in quoted and fields_of(noun)["organ"] == finding.organ:
            longer[f"findings[{index}].site"] = Span(span.start, noun.span.end, noun.source[span.start : noun.span.end])
    return longer


def _only_joins(item: Item) -> bool:
    """Whether nobody would miss it: a number never is of these, nor its unit."""
    text = item.span.text.lower()
    measure = text in ("mm", "cm") or any(character.isdigit() for character in text)
    return text in PRONOUNS or (item.type in JOINING and not measure)


def _reason(item: Item, silent: bool, sizes: Collection[float]) -> str:
    """silent: the sentence names no finding."""
    if item.type == "size" and set(item.value) <= set(sizes):
        return SAID_AGAIN
    if item.type == "habitus" and item.value is None:
        return "tells no build"
    if silent and item.type in ("place", "segment"):
        return NOTHING_SAID
    return REASONS.get(item.type, SAID_AGAIN)
