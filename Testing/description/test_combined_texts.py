"""Texts put together at random end in a Description or an error for the user, and none of their words is lost."""

import re

from hypothesis import HealthCheck, given, settings

from GuideGenLib.description import Description, DescriptionError, parse
from Testing.description.combined import JOINING, Combined, combined_texts

_WORD = re.compile(r"[^\W_]+")


def lost_words(combined: Combined, description: Description) -> list[str]:
    """The words of the pieces that are neither quoted by a field, nor left out, nor listed as not understood."""
    told = [*description.spans.values(), *description.not_understood, *(one.span for one in description.left_out)]
    covered: set[int] = set()
    for span in told:
        covered.update(range(span.start, span.end))
    wanted = {word for words in combined.content for word in _WORD.findall(words.lower())} - JOINING
    return [
        match[0]
        for match in _WORD.finditer(description.text)
        if match[0].lower() in wanted and not covered.intersection(range(*match.span()))
    ]


@settings(max_examples=1000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(combined_texts())
def test_no_word_of_a_combined_text_is_lost(combined: Combined) -> None:
    try:
        description = parse(combined.text)
    except DescriptionError:
        return
    assert not lost_words(combined, description)
    for span in (*description.spans.values(), *description.not_understood, *(o.span for o in description.left_out)):
        assert combined.text[span.start : span.end] == span.text
