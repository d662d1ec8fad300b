"""The lexicon made ready for look-up: phrases by their first word, and the words that are known."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from GuideGenLib.description.words import context, grammar, lexicon, organs
from GuideGenLib.description.words.looks import LOOK_WORDS
from GuideGenLib.description.words.protected import ORDINARY_WORDS
from GuideGenLib.findings.reading import recipes


@dataclass(frozen=True)
class Kind:
    """What a word for a finding says. `generic`: it may name again what was named before ("the mass")."""

    name: str
    organ: str | None
    plural: bool
    generic: bool
    drawable: bool


@dataclass(frozen=True)
class Phrase:
    """Words that have a meaning together."""

    words: tuple[str, ...]
    type: str
    value: Any


@cache
def phrases() -> dict[str, tuple[Phrase, ...]]:
    """All phrases by first word, longest first. A phrase in two tables has the meaning of the first one."""
    table: dict[tuple[str, ...], Phrase] = {}

    def add(phrase: str, type_: str, value: Any) -> None:
        words = tuple(phrase.split())
        table.setdefault(words, Phrase(words, type_, value))

    for type_, meanings in _TABLES.items():
        for words, value in meanings.items():
            add(words, type_, value)
    by_first: dict[str, list[Phrase]] = {}
    for phrase in table.values():
        by_first.setdefault(phrase.words[0], []).append(phrase)
    return {word: tuple(sorted(group, key=lambda p: -len(p.words))) for word, group in by_first.items()}


@cache
def known_words() -> frozenset[str]:
    """Every word of every phrase, and the units and numbers."""
    words = {word for group in phrases().values() for phrase in group for word in phrase.words}
    return frozenset(words | set(lexicon.NUMBER_AND_UNIT_WORDS) | set(lexicon.CORRECTED_TOO))


@cache
def clinical_words() -> frozenset[str]:
    """The words that carry meaning, as opposed to those that join or fill; typing errors in these are corrected."""
    dull = {*_GRAMMAR_TABLES, "look"}
    words = {
        word for group in phrases().values() for phrase in group if phrase.type not in dull for word in phrase.words
    }
    return frozenset(words | set(lexicon.CORRECTED_TOO))


@cache
def protected_words() -> frozenset[str]:
    """Ordinary words that are no slip of a known one."""
    return frozenset(ORDINARY_WORDS.split())


def plural(phrase: str) -> str:
    """The regular English plural of the last word."""
    if phrase.endswith("y") and phrase[-2] not in "aeiou":
        return phrase[:-1] + "ies"
    if phrase.endswith("sis"):
        return phrase[:-2] + "es"
    return phrase + ("es" if phrase.endswith(("s", "x", "ch")) else "s")


def _kinds(table: dict[str, tuple[str, str | None]], drawable: bool) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for phrase, (name, organ) in table.items():
        kinds[phrase] = Kind(name, organ, phrase in lexicon.PLURALS, phrase in lexicon.GENERIC, drawable)
    for phrase, (name, organ) in table.items():
        if phrase in lexicon.PLURALS:
            continue
        kinds.setdefault(plural(phrase), Kind(name, organ, True, phrase in lexicon.GENERIC, drawable))
    return kinds


def _recipe_words() -> dict[str, tuple[str, str | None]]:
    """The words of the files of findings, with the kind and the organ that they mean."""
    return {phrase: (one.kinds[0], organ) for one in recipes() for phrase, organ in one.words.items()}


def _organ_kinds() -> dict[str, Kind]:
    """The nouns of growth, shrinking and loss of organs, as kinds of findings that are never drawn."""
    kinds: dict[str, Kind] = {}

    def add(phrase: str, name: str, organ: str | None) -> None:
        kinds[phrase] = Kind(name, organ, False, False, False)
        kinds.setdefault(plural(phrase), Kind(name, organ, True, False, False))

    for word, (size, named) in organs.GROWTH.items():
        for degree, degree_size in ({"": size} | organs.DEGREES).items():
            name = "atrophy" if size == "atrophic" else organs.KIND_OF_SIZE[degree_size]
            add(f"{degree} {word}".strip(), name, named[0] if named else None)
    for word, organ in organs.ECTOMIES.items():
        for way in ("", *organs.WHOLE):
            add(f"{way} {word}".strip(), "absence", organ)
        for way in organs.PARTIAL:
            add(f"{way} {word}", "resection", organ)
        add(f"hemi{word}", "resection", organ)
    kinds.update({word: Kind("absence", organ, False, False, False) for word, organ in organs.GONE.items()})
    return kinds


def _past() -> dict[str, str | None]:
    """Words of the past; with the organ that is gone where the word says so ("nephrectomy for RCC")."""
    return {**dict.fromkeys(context.PAST), **{f"{word} for": organ for word, organ in organs.ECTOMIES.items()}}


def _by_category(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {phrase: category for category, group in table.items() for phrase in group}


def _places() -> dict[str, dict[str, str]]:
    places = {phrase: {"organ": organ} for organ, group in lexicon.ORGANS.items() for phrase in group}
    for phrase, place in list(places.items()):
        places.setdefault(plural(phrase), place)
    return {**lexicon.PLACES, **places}


_GRAMMAR_TABLES: dict[str, dict[str, Any]] = {
    "look": LOOK_WORDS,
    "negation": _by_category(context.BEFORE),
    "negation_after": _by_category(context.AFTER),
    "past": _past(),
    "link": dict.fromkeys(grammar.LINKS),
    "relation": {word: word not in grammar.MERE_RELATIONS for word in grammar.RELATIONS},
    "but": dict.fromkeys(grammar.BUT),
    "present": dict.fromkeys(grammar.PRESENT),
    "from": dict.fromkeys(grammar.FROM),
    "preposition": {word: word not in grammar.LOOSE_PREPOSITIONS for word in grammar.PREPOSITIONS},
    "verb": dict.fromkeys(grammar.VERBS),
    "article": dict.fromkeys(grammar.ARTICLES),
    "definite": dict.fromkeys(grammar.DEFINITES),
    "other": dict.fromkeys(grammar.OTHERS),
    "member": dict.fromkeys(grammar.MEMBERS),
    "normal": dict.fromkeys(grammar.NORMAL),
    "not_a_finding": dict.fromkeys(grammar.NOT_A_FINDING),
    "primary": dict.fromkeys(("primary",)),
    "and": dict.fromkeys(("and", "as well as", "&")),
    "or": dict.fromkeys(("or", "nor", "and/or")),
    "scan": dict.fromkeys(grammar.SCAN),
    "person": dict.fromkeys(grammar.PERSON),
    "filler": dict.fromkeys(grammar.FILLERS),
}
_TABLES: dict[str, dict[str, Any]] = {
    "look": LOOK_WORDS,
    "sex": lexicon.SEX,
    "ethnicity": lexicon.ETHNICITY,
    "race": lexicon.RACE,
    "habitus": lexicon.HABITUS,
    "phase": lexicon.PHASE,
    "contrast": dict.fromkeys(lexicon.CONTRAST),
    "kind": {**_kinds(lexicon.TUMORS, True), **_kinds(lexicon.OTHER_KINDS | _recipe_words(), False), **_organ_kinds()},
    "place": _places(),
    "region": lexicon.REGION,
    "organ_size": organs.SIZES,
    "removed": {
        "surgically absent": None,
        "surgically resected": None,
        "excised": None,
        "excision of": None,
        "surgical removal of": None,
    },
    "size_word": lexicon.SIZE_WORDS,
    "stage_word": lexicon.STAGE_WORDS,
    "age_word": lexicon.AGE_WORDS,
    "metastatic": {"metastatic": None, "metastasized": None, "metastasizing": None, "disseminated": None},
    "count": lexicon.COUNTS,
    **_GRAMMAR_TABLES,
}
