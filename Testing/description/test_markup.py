"""Texts of machines and editors are read like sentences, and every quotation is one of the text as it was written."""

import pytest

from GuideGenLib.description import Description, parse
from GuideGenLib.description.reading.markup import make_plain
from GuideGenLib.description.reading.rewriting import Draft


def plain(text: str) -> str:
    draft = Draft(text)
    make_plain(draft)
    assert len(draft.text) == len(draft.origin)
    return " ".join(draft.text.split())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("lung<br/>liver <b>mass</b>", "lung. liver mass"),
        ("<td>liver</td><td>2 cm</td>", ", liver, , 2 cm,"),
        ('<finding organ="liver" class="x">mass</finding>', ". organ: liver, mass."),
        ('{"age": 65, "size_mm": 23}', "age : 65, size : 23 mm"),
        ("tumor_site=lung;tumor_size_cm=2.8", "tumor site: lung,size: 2.8 cm"),
        ("| Liver | cyst | 2 cm |", "Liver : cyst , 2 cm ."),
        ("liver\tcyst\t2 cm", "liver, cyst, 2 cm"),
        ("1. mass\n2) cyst\n- node", ". mass . cyst . node"),
        ("3 cm -> 4 cm", "3 cm now 4 cm"),
        ("lesion <1 cm & mass >2 cm", "lesion <1 cm & mass >2 cm"),
        ("2 cm. mass, RUL.Liver clear", "2 cm mass, RUL. Liver clear"),
        ("mass period no node full stop", "mass . no node ."),
    ],
)
def test_marks_become_punctuation(text: str, read: str) -> None:
    assert plain(text) == read


def test_a_box_that_is_not_ticked_says_nothing() -> None:
    description = parse("[x] Liver mass 2 cm\n[ ] Lung nodule 8 mm")
    assert [finding.organ for finding in description.findings] == ["liver"]
    assert ("[ ] Lung nodule 8 mm", "a box that is not ticked") in left_out(description)


def test_quotations_are_of_the_text_as_it_was_written() -> None:
    text = '{"tumor_location": "left_upper_lobe", "size_mm": 23, "age": 65}'
    description = parse(text)
    assert description.spans["findings[0].site"].text == "upper_lobe"
    assert description.spans["findings[0].size_mm"].text == "23"
    for span in description.spans.values():
        assert text[span.start : span.end] == span.text


def left_out(description: Description) -> list[tuple[str, str]]:
    return [(one.span.text, one.reason) for one in description.left_out]


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("LI-RADS 4 lesion, 18 mm", "LI-RADS 4", "a score or category"),
        ("Fuhrman grade 3 RCC", "Fuhrman grade 3", "a grade"),
        ("CEA 55 ng/ml, liver mass", "CEA 55 ng/ml", "a laboratory value"),
        ("liver mass, SUVmax 8.1", "SUVmax 8.1", "uptake of a tracer"),
        ("liver mass of 45 HU", "45 HU", "attenuation"),
        ("liver mass (series 3, image 12)", "(series 3, image 12)", "series and image numbers"),
        ("CT of 12/05/2022 with a liver mass", "of 12/05/2022", "a date"),
        ("liver mass, 12 March 2021", "12 March 2021", "a date"),
        ("liver mass at the level of T4", "at the level of T4", "a level of the spine"),
        ("40 pack-years, lung mass", "40 pack-years", "tobacco"),
        ("liver mass 3 cm (previously 2 cm)", "(previously 2 cm)", "an earlier size"),
        ("liver mass grown to 3 cm from 2 cm", "from 2 cm", "an earlier size"),
        ("left flank pain and a liver mass", "left flank pain", "a symptom"),
        ("liver mass, the aorta measures 32 mm", "the aorta measures 32 mm", "a duct or vessel"),
        ("liver mass without invasion of the diaphragm", "without invasion of the diaphragm", "what is not invaded"),
        ("lung mass 2 cm from the carina", "2 cm", "a distance"),
        ("liver mass, pancreas normal", "pancreas", "said to be normal"),
        ("mass in the left kidney, not the right", "not the right", "where nothing is"),
        ("liver mass. No other lesions.", "lesions", "nothing else"),
        ("liver mass 4.5 cm in AP and 5.1 cm in craniocaudal dimension", "4.5 cm in AP and", "a shorter diameter"),
    ],
)
def test_what_has_no_effect_is_told_with_the_reason(text: str, words: str, reason: str) -> None:
    description = parse(text)
    assert (words, reason) in left_out(description)
    assert [finding.count for finding in description.findings if finding.drawn] == [1]


def test_a_number_of_these_is_no_size_of_a_finding() -> None:
    text = "Liver mass, CEA 12, 45 HU, image 30, 5 mm slices, the aorta measures 32 mm, 2 cm from the hilum."
    assert parse(text).findings[0].size_mm is None
