"""The sentences of the benchmark are read as they are meant, without drawing anybody."""

import pytest

from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import read_change
from Testing.benchmarks.changes import CHAIN, PATIENTS, SENTENCES, Asked


def test_there_are_twenty_on_three_patients() -> None:
    assert len(SENTENCES) == 20 and {asked.patient for asked in SENTENCES} == {1, 2, 3} and len(CHAIN) == 5


@pytest.mark.parametrize("asked", SENTENCES, ids=lambda asked: asked.sentence)
def test_a_sentence_is_read_as_it_is_meant(asked: Asked) -> None:
    difference = read_change(asked.sentence, parse(PATIENTS[asked.patient - 1]))
    assert not difference.not_understood
    assert bool(difference.everywhere) == asked.whole_ct
    wanted = dict(asked.sizes)
    for finding in difference.after.findings:
        if finding.drawn and finding.size_mm is not None and str(finding.label_key) in wanted:
            assert any(abs(finding.size_mm - size) < 1 for size in wanted[str(finding.label_key)]), finding
    assert not {str(finding.label_key) for finding in difference.after.findings} & set(asked.gone)
    organs = {key for state in difference.organs for key in state.label_keys}
    assert organs == {key for key in (asked.grows, asked.shrinks, *asked.gone) if key and not key.endswith("_tumor")}
