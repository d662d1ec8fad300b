"""The fixed prompts, and that our parser reads them as their author meant them."""

import pytest

from GuideGenLib.description import parse
from GuideGenLib.description.model import REGIONS, SITES
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion, Prompt, prompts


def test_there_are_a_hundred_different_prompts_of_all_kinds():
    texts = {prompt.text for prompt in prompts()}
    assert len(prompts()) == len(texts) == 100
    assert [prompt.number for prompt in prompts()] == list(range(1, 101))
    assert {prompt.region for prompt in prompts()} == set(REGIONS)
    lesions = [lesion for prompt in prompts() for lesion in prompt.lesions]
    named = {(lesion.organ, lesion.site) for lesion in lesions}
    missing = {(organ, site) for organ, sites in SITES.items() for site in sites} - named
    assert missing == {("kidney", "middle")}
    assert {lesion.side for lesion in lesions} == {"left", "right", None}
    assert any(lesion.mm is None for lesion in lesions)


def test_a_count_asks_for_that_many_lesions():
    three = next(prompt for prompt in prompts() if prompt.text.startswith("Three"))
    assert three.lesions == (ExpectedLesion("liver"),) * 3


@pytest.mark.parametrize("prompt", prompts(), ids=lambda prompt: str(prompt.number))
def test_the_parser_reads_a_prompt_as_it_was_meant(prompt: Prompt):
    description = parse(prompt.text)
    assert (description.region or "torso", description.sex) == (prompt.region, prompt.sex)
    findings = [finding for finding in description.findings if finding.drawn for _ in range(finding.count)]
    found = sorted(((f.organ, f.side or "", f.site or ""), stage_size_mm(f)) for f in findings)
    asked = sorted(((e.organ, e.side or "", e.site or ""), e.mm or (0.0, 999.0)) for e in prompt.lesions)
    assert [place for place, _ in found] == [place for place, _ in asked]
    for (_, (low, high)), (_, (least, most)) in zip(found, asked, strict=True):
        assert least <= low <= high <= most
