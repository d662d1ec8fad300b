"""Each prompt of the corpus is understood exactly: the fields that a line names, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.description import Description, DescriptionError, Finding, OrganState, parse
from GuideGenLib.description.acquisition import Acquisition

CORPUS = [json.loads(line) for line in (Path(__file__).parent / "corpus.jsonl").read_text("utf-8").splitlines()]
PLAIN = ("age", "sex", "race", "ethnicity", "region", "phase", "habitus")


def identify(case: dict[str, Any]) -> str:
    return f"{case['group']}-{case['text'][:40]}"


def as_expected(description: Description) -> dict[str, Any]:
    """Of a description what the corpus fixes; everything unknown is left out."""
    fields = {name: getattr(description, name) for name in PLAIN if getattr(description, name) is not None}
    if description.age_range is not None:
        fields["age_range"] = description.age_range
    return fields | {
        "findings": list(description.findings),
        "organs": list(description.organs),
        "acquisition": description.acquisition,
        "not_understood": [span.text for span in description.not_understood],
    }


@pytest.mark.parametrize("case", [case for case in CORPUS if "error" not in case], ids=identify)
def test_prompt_is_understood(case: dict[str, Any]) -> None:
    expected = {name: case[name] for name in PLAIN if name in case}
    if "age_range" in case:
        expected["age_range"] = tuple(case["age_range"])
    expected["findings"] = [Finding(**finding) for finding in case["findings"]]
    expected["organs"] = [OrganState(**state) for state in case.get("organs", [])]
    expected["acquisition"] = Acquisition(**case.get("acquisition", {}))
    expected["not_understood"] = case.get("not_understood", [])

    description = parse(case["text"])

    assert as_expected(description) == expected
    told = [(one.span.text, one.reason) for one in description.left_out]
    assert all((words, reason) in told for words, reason in case.get("left_out", ()))
    for words in case.get("warns", ()):
        assert any(words in warning for warning in description.warnings), description.warnings


@pytest.mark.parametrize("case", [case for case in CORPUS if "error" in case], ids=identify)
def test_senseless_or_contradictory_prompt_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(DescriptionError) as error:
        parse(case["text"])
    for words in case["error"]:
        assert words in str(error.value)


def test_corpus_is_large_and_has_no_prompt_twice() -> None:
    texts = [case["text"] for case in CORPUS]
    assert len(texts) == len(set(texts)) >= 320
