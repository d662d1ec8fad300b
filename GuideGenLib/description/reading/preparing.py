"""From a text as it is pasted to the sentences that the grammar reads, each with the section that it stands in."""

from dataclasses import dataclass

from GuideGenLib.description.model import LeftOut
from GuideGenLib.description.reading.acquisition import ReadAcquisition, read_acquisition
from GuideGenLib.description.reading.amounts import with_compared_sides
from GuideGenLib.description.reading.asides import take_asides_out
from GuideGenLib.description.reading.items import Item, read_items, sentences
from GuideGenLib.description.reading.language import refuse_other_languages
from GuideGenLib.description.reading.markup import make_plain
from GuideGenLib.description.reading.rewriting import Draft
from GuideGenLib.description.reading.sections import find_sections
from GuideGenLib.description.reading.tokens import Line

_OF_TECHNIQUE = ("region", "phase", "contrast", "scan", "filler", "preposition", "article", "definite", "comma", "and",
                 "or", "hyphen", "verb", "negation", "colon", "present", "person", "sex", "age")  # fmt: skip


@dataclass
class Sentence:
    """Items of one sentence; section: of `words.headings`, "" where no heading stands before."""

    items: list[Item]
    section: str

    @property
    def is_told(self) -> bool:
        """Whether a word for a region says where something is, not what was scanned."""
        return self.section in ("findings", "impression") and all(item.type != "scan" for item in self.items)


@dataclass
class Prepared:
    """draft: the text as it is read, with what was left out of it; scan: how it was taken; line and items: of the
    draft's text."""

    draft: Draft
    scan: ReadAcquisition
    line: Line
    items: list[Item]
    sentences: list[Sentence]


def prepare(text: str) -> Prepared:
    """Markup, sections and asides are dealt with here, so that the grammar never sees them.

    Raises DescriptionError for another language.
    """
    draft = Draft(text)
    make_plain(draft)
    refuse_other_languages(draft.text)
    sections = find_sections(draft)
    scan = read_acquisition(draft)
    take_asides_out(draft)
    line, items = read_items(draft.text)
    found = []
    for group in sentences(line, items):
        section = sections.at(group[0].span.start)
        if section == "technique":
            group = _of_technique(draft, group)
        found.append(Sentence(with_compared_sides(group), section))
    return Prepared(draft, scan, line, [item for sentence in found for item in sentence.items], found)


def _of_technique(draft: Draft, group: list[Item]) -> list[Item]:
    """What was scanned and with which contrast; the rest of how it was done is left out."""
    kept = [item for item in group if item.type in _OF_TECHNIQUE]
    for item in group:
        if item not in kept:
            draft.left_out.append(LeftOut(draft.span(item.span.start, item.span.end), "how the scan was made"))
    return kept
