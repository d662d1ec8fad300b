"""Free English text to Description."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from GuideGenLib.core.host import readable
from GuideGenLib.description.acquisition import HOME
from GuideGenLib.description.fields import kinds_drawn
from GuideGenLib.description.model import Description, DescriptionError, LeftOut, Span
from GuideGenLib.description.nodes import told_nodes
from GuideGenLib.description.reading.account import account, with_their_nouns
from GuideGenLib.description.reading.findings import read_findings
from GuideGenLib.description.reading.groups import contradiction
from GuideGenLib.description.reading.items import Item
from GuideGenLib.description.reading.organ_states import states_of
from GuideGenLib.description.reading.organs import Mention, read_organs
from GuideGenLib.description.reading.preparing import prepare
from GuideGenLib.description.reading.tokens import Line
from GuideGenLib.description.reading.writing import ReadFindings
from GuideGenLib.description.recipe_notes import notes_on
from GuideGenLib.description.stage import disagreement
from GuideGenLib.description.words.context import TOLD
from GuideGenLib.description.words.lexicon import FEMALE_ORGANS, MALE_ORGANS, PEOPLE, REGION_OF_PARTS

LONGEST_TEXT = 20_000
EXAMPLE = "67-year-old man with a 4 cm tumor in the left upper lobe of the lung, T2N0M0."
_EMPTY_TYPES = ("filler", "unknown", "look", "article", "definite", "preposition", "and", "or", "verb", "present",
                "hyphen", "comma", "colon", "stop", "but", "other", "member", "link", "count", "from", "relation",
                "past", "distance", "organ_size", "removed", "volume")  # fmt: skip
"""A text of these alone says nothing about a patient."""
_ADULT = 18
_Found = dict[str, tuple[Any, Span]]


def parse(text: str) -> Description:
    """What a text says about a patient, with the words behind each field.

    Raises DescriptionError for a text that is empty, has no letters, is over 20,000 characters long or in another
    language, in which nothing is understood, or which contradicts itself ("left upper lobe of the right lung",
    "prostate cancer in a woman").
    """
    text = readable(text)
    _check_text(text)
    prepared = prepare(text)
    draft, line, items = prepared.draft, prepared.line, prepared.items
    scan = prepared.scan
    if not scan.spans and all(item.type in _EMPTY_TYPES for item in items):
        msg = f"Nothing in '{_shortened(text)}' was understood. Describe a patient in English, for example: {EXAMPLE}"
        raise DescriptionError(msg)
    slips = _slips(items)
    organs = read_organs([sentence.items for sentence in prepared.sentences])
    items = [item for read in organs for item in read.items]
    reading = read_findings([read.items for read in organs], [sentence.section for sentence in prepared.sentences])
    not_scanned = {id(item) for sentence in prepared.sentences if sentence.is_told for item in sentence.items}
    found, notes, used = _patient([i for i in items if i.type != "region" or id(i) not in not_scanned], reading)
    mentions = [mention for read in organs for mention in read.mentions] + reading.organs
    states, quotes, organ_notes = states_of(mentions, reading.findings)
    used += [item for read in organs for item in read.used] + [i for i in items if _of_organ(i, quotes)]
    used += reading.helping
    notes = [*slips, *notes, *reading.notes, *organ_notes, *_advice(found, reading)]
    _check_sex(found, reading, mentions)
    notes += _implied_sex(found, mentions)
    spans = {name: span for name, (_, span) in found.items()}
    for index, quoted in enumerate(reading.spans):
        spans |= {f"findings[{index}].{name}": span for name, span in quoted.items()}
    for index, quoted in enumerate(quotes):
        spans |= {f"organs[{index}].{name}": span for name, span in quoted.items()}
    spans = with_their_nouns(spans, reading.findings, [sentence.items for sentence in prepared.sentences])
    left_over = [item for item in items if (item.type == "unknown" or item in reading.unused) and item not in used]
    not_understood = _joined(line, left_over)
    quotations = [*spans.values(), *not_understood, *(item.span for item in used)]
    sizes = [finding.size_mm for finding in reading.findings if finding.size_mm is not None]
    told = account([sentence.items for sentence in prepared.sentences], reading.aside, quotations, sizes)
    draft.left_out += [LeftOut(draft.span(span.start, span.end), reason) for span, reason in told]
    return Description(
        text=text,
        **{name: value for name, (value, _) in found.items()},
        findings=tuple(reading.findings),
        organs=states,
        acquisition=scan.acquisition,
        spans={path: draft.span(span.start, span.end) for path, span in spans.items()}
        | {HOME + name: span for name, span in scan.spans.items()},
        not_understood=tuple(draft.span(span.start, span.end) for span in not_understood),
        left_out=tuple(sorted(draft.left_out, key=lambda one: one.span.start)),
        warnings=tuple(dict.fromkeys(notes)),
    )


def _check_text(text: str) -> None:
    if not text.strip():
        msg = f"The text is empty. Describe a patient, for example: {EXAMPLE}"
        raise DescriptionError(msg)
    if len(text) > LONGEST_TEXT:
        msg = (
            f"The text has {len(text)} characters, more than {LONGEST_TEXT}: shorten it to patient, scan and findings."
        )
        raise DescriptionError(msg)
    if not any(character.isalpha() for character in text):
        msg = f"The text '{_shortened(text)}' has no letters. Describe a patient, for example: {EXAMPLE}"
        raise DescriptionError(msg)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _patient(items: list[Item], reading: ReadFindings) -> tuple[_Found, list[str], list[Item]]:
    """Age, sex, race, ethnicity, habitus, region, phase; notes on them; items that need no listing."""
    found: _Found = {}
    notes: list[str] = []
    for name, type_ in (("sex", "sex"), ("ethnicity", "ethnicity"), ("habitus", "habitus")):
        _single(name, [item for item in items if item.type == type_ and item.value is not None], found)
    _race(items, found)
    _age(items, found)
    used = _body_mass(items, found, notes)
    _region(items, reading, found)
    _phase(items, found, notes)
    return found, notes, used


def _single(name: str, mentions: Sequence[Item], found: _Found) -> None:
    """A field that may have one value only."""
    for first, second in pairwise(mentions):
        if first.value != second.value:
            raise contradiction(first.span.text, second.span.text, f"one patient has one {name}")
    if mentions:
        found[name] = (mentions[0].value, mentions[0].span)


def _race(items: list[Item], found: _Found) -> None:
    mentions = [item for index, item in enumerate(items) if item.type == "race" and not _of_a_thing(items, index)]
    if mentions:
        several = len({item.value for item in mentions}) > 1
        found["race"] = ("multiracial" if several else mentions[0].value, mentions[0].span)


def _of_a_thing(items: list[Item], index: int) -> bool:
    """Whether a word for a race is the adjective of an unknown word: "European guidelines", "white matter"."""
    after = items[index + 1] if index + 1 < len(items) else None
    return after is not None and after.type == "unknown" and after.span.text.lower() not in PEOPLE


def _age(items: list[Item], found: _Found) -> None:
    """A number wins over a range, a range over a word; two different numbers contradict each other."""
    numbers = [item for item in items if item.type == "age"]
    for first, second in pairwise(numbers):
        if first.value != second.value:
            raise contradiction(first.span.text, second.span.text, "one patient has one age")
    ranges = [item for item in items if item.type == "age_range"]
    words = [item for item in items if item.type == "age_word"]
    if numbers:
        found["age"] = (numbers[0].value, numbers[0].span)
        for item in ranges:
            if not item.value[0] <= numbers[0].value <= item.value[1]:
                raise contradiction(numbers[0].span.text, item.span.text, "one patient has one age")
    elif ranges or words:
        chosen = (ranges or words)[0]
        found["age_range"] = (chosen.value, chosen.span)


def _body_mass(items: list[Item], found: _Found, notes: list[str]) -> list[Item]:
    """Habitus from BMI, given or from height and weight. Returns the items that say it."""
    by_type = {type_: [item for item in items if item.type == type_] for type_ in ("bmi", "height", "weight")}
    bmi: float | None = None
    used: list[Item] = []
    if by_type["bmi"]:
        used = by_type["bmi"]
        bmi = used[0].value
    elif by_type["height"] and by_type["weight"]:
        used = [by_type["weight"][0], by_type["height"][0]]
        bmi = used[0].value / used[1].value ** 2
    if bmi is None:
        return []
    habitus = "thin" if bmi < 18.5 else "normal" if bmi < 25 else "overweight" if bmi < 30 else "obese"
    told = found.get("habitus")
    ranks = ("thin", "normal", "overweight", "obese")
    if told is not None and abs(ranks.index(told[0]) - ranks.index(habitus)) > 1:
        raise contradiction(told[1].text, used[0].span.text, f"a BMI of {bmi:.0f} is {habitus}")
    if told is None:
        found["habitus"] = (habitus, used[0].span)
    if not by_type["bmi"]:
        notes.append(f"Height and weight are read as a BMI of {bmi:.0f}.")
    return used


def _region(items: list[Item], reading: ReadFindings, found: _Found) -> None:
    """The scanned region: all that are named, joined; words that say where a finding is do not count."""
    mentions = [item for item in items if item.type == "region" and item not in reading.organ_words]
    parts = "".join(sorted(set("".join(item.value for item in mentions))))
    if parts:
        found["region"] = (REGION_OF_PARTS[parts], mentions[0].span)


def _phase(items: list[Item], found: _Found, notes: list[str]) -> None:
    """The contrast phase; contrast without a phase is portal venous."""
    phases = [item for item in items if item.type == "phase" and item.value is not None]
    contrast = [item for item in items if item.type == "contrast"]
    with_contrast = [item for item in phases if item.value != "none"]
    without = [item for item in phases if item.value == "none"]
    if without and with_contrast:
        raise contradiction(without[0].span.text, with_contrast[0].span.text, "a scan is with or without contrast")
    if without:
        found["phase"] = ("none", without[0].span)
        enhanced = [item for item in contrast if item.span.text.lower() not in ("contrast", "enhanced")]
        if enhanced:
            raise contradiction(without[0].span.text, enhanced[0].span.text, "a scan is with or without contrast")
    elif with_contrast:
        found["phase"] = (with_contrast[0].value, with_contrast[0].span)
        if len({item.value for item in with_contrast}) > 1:
            notes.append(f"Several phases: '{with_contrast[0].span.text}' is used.")
    elif contrast:
        found["phase"] = ("portal_venous", contrast[0].span)
        if "and" in contrast[0].span.text.split():
            notes.append(f"'{contrast[0].span.text}': the scan with contrast is drawn.")


def _slips(items: list[Item]) -> list[str]:
    return [item.note for item in items if item.note and item.type not in ("size", "stage")]


def _advice(found: _Found, reading: ReadFindings) -> list[str]:
    """What the user should know before a volume is made of this."""
    notes: list[str] = []
    for finding, spans in zip(reading.findings, reading.spans, strict=True):
        word = spans["kind"].text
        if finding.presence in TOLD:
            notes.append(f"'{word}' {TOLD[finding.presence]}: it is not drawn.")
        if not finding.there:
            continue
        if (nodes := told_nodes(finding, reading.findings)) is not None:
            notes.append(nodes)
        if finding.label_key is None and finding.organ is None and finding.kind in kinds_drawn():
            notes.append(f"'{word}' is in no organ: it is not drawn. Name one, for example 'in the left lung'.")
        elif finding.recipe is not None:
            notes += notes_on(finding)
        elif finding.label_key is None:
            notes.append(f"'{word}' ({(finding.organ or finding.kind).replace('_', ' ')}) is understood but not drawn.")
        elif (message := disagreement(finding)) is not None:
            notes.append(message)
    age = found.get("age", found.get("age_range", (None,)))[0]
    oldest = age[1] if isinstance(age, tuple) else age
    if oldest is not None and oldest < _ADULT:
        notes.append("The patient is a child: the models have only seen adults.")
    return notes


def _of_organ(item: Item, quotes: Sequence[dict[str, Span]]) -> bool:
    """Whether a volume beside "splenomegaly" was read."""
    return item.type == "volume" and any(item.span == span for quoted in quotes for span in quoted.values())


def _check_sex(found: _Found, reading: ReadFindings, mentions: Sequence[Mention]) -> None:
    if "sex" not in found:
        return
    sex, span = found["sex"]
    wrong = FEMALE_ORGANS if sex == "male" else MALE_ORGANS
    for finding, spans in zip(reading.findings, reading.spans, strict=True):
        if finding.organ in wrong and finding.there:
            word = spans.get("organ", spans["kind"]).text
            raise contradiction(word, span.text, f"a {sex} patient has no {str(finding.organ).replace('_', ' ')}")
    for mention in mentions:
        if mention.organ in wrong and "absent" not in mention.values:
            word = next(iter(mention.values.values()))[1].text
            raise contradiction(word, span.text, f"a {sex} patient has no {mention.organ}")


def _implied_sex(found: _Found, mentions: Sequence[Mention]) -> list[str]:
    """The sex of a patient of whom only the size of a prostate or uterus is told, or the operation that took it."""
    for mention in mentions:
        span = next(span for name, (_, span) in mention.values.items() if name != "side")
        told = "absent" not in mention.values or "ectom" in span.text.lower()
        if "sex" not in found and told and mention.organ in ("prostate", "uterus"):
            found["sex"] = ("male" if mention.organ == "prostate" else "female", span)
            return [f"'{span.text}' is read as of a {found['sex'][0]} patient."]
    return []


def _joined(line: Line, items: list[Item]) -> tuple[Span, ...]:
    """Quotations of items; neighbours are one quotation."""
    spans: list[Span] = []
    last = -1
    for item in sorted(items, key=lambda item: item.first):
        if item.first <= last:
            continue
        between = [token.word for token in line.tokens[last + 1 : item.first]]
        if spans and all(word in ("the", "a", "an", "its", "-") for word in between):
            start = spans.pop().start
            spans.append(Span(start, item.span.end, line.text[start : item.span.end]))
        else:
            spans.append(item.span)
        last = item.last - 1
    return tuple(spans)
