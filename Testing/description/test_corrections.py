"""Corrections of what was understood: they stay through changes of the text and cannot make senseless descriptions."""

import json

import pytest

from GuideGenLib.description import DescriptionError, Finding, parse
from GuideGenLib.description.corrections import Corrections, apply, finding_keys

TEXT = "A 60 to 70 year old man with a 3 cm tumor in the left upper lobe of the lung and a liver metastasis."


def corrected(text: str, corrections: Corrections):
    return apply(parse(text), corrections)


def test_without_corrections_the_description_is_that_of_the_text() -> None:
    assert corrected(TEXT, Corrections()).description == parse(TEXT)


def test_a_corrected_field_loses_its_quotation_and_others_keep_theirs() -> None:
    result = corrected(TEXT, Corrections().with_patient("sex", "female").with_patient("age", 55)).description
    assert (result.sex, result.age, result.age_range) == ("female", 55, None)
    assert "sex" not in result.spans and "age_range" not in result.spans
    assert result.spans["findings[0].side"].text == "left"


def test_a_field_can_be_corrected_to_unknown() -> None:
    assert corrected(TEXT, Corrections().with_patient("sex", None)).description.sex is None


def test_a_correction_stays_with_its_finding_when_another_is_written_before_it() -> None:
    key = finding_keys(parse(TEXT))[0]
    corrections = Corrections().with_finding(key, "side", "right")
    later = corrected("A man with a kidney tumor. He has a 3 cm tumor in the left upper lobe of the lung.", corrections)
    sides = {finding.organ: finding.side for finding in later.description.findings}
    assert sides["lung"] == "right" and later.lost == ()


def test_a_correction_of_a_finding_that_is_gone_is_told_and_waits() -> None:
    key = finding_keys(parse(TEXT))[0]
    corrections = Corrections().with_finding(key, "side", "right")
    assert corrected("A man with a kidney tumor.", corrections).lost == (key,)
    assert corrected(TEXT, corrections).description.findings[0].side == "right"


def test_a_removed_finding_moves_the_quotations_of_those_behind_it() -> None:
    keys = finding_keys(parse(TEXT))
    result = corrected(TEXT, Corrections().without(keys[0]))
    assert result.keys == keys[1:]
    assert result.description.findings[0].organ == "liver"
    assert result.description.spans["findings[0].organ"].text == "liver"
    assert not any(path.startswith("findings[1]") for path in result.description.spans)


def test_an_added_finding_can_be_corrected_and_removed() -> None:
    corrections = Corrections().with_added(Finding("tumor", organ="kidney", side="left"))
    key = corrected(TEXT, corrections).keys[-1]
    corrections = corrections.with_finding(key, "size_mm", 40.0)
    assert corrected(TEXT, corrections).description.findings[-1].size_mm == 40.0
    assert corrected(TEXT, corrections.without(key)).description == parse(TEXT)


def test_another_organ_takes_the_site_of_the_first_one_away() -> None:
    key = finding_keys(parse(TEXT))[0]
    finding = corrected(TEXT, Corrections().with_finding(key, "organ", "kidney")).description.findings[0]
    assert (finding.organ, finding.site, finding.side) == ("kidney", None, "left")


@pytest.mark.parametrize("name, value", [("sex", "man"), ("age", 300), ("age", "old"), ("region", "head")])
def test_senseless_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(DescriptionError):
        corrected(TEXT, Corrections().with_patient(name, value))


@pytest.mark.parametrize("name, value", [("size_mm", 0), ("size_mm", "big"), ("t", "9"), ("site", "head")])
def test_senseless_values_of_a_finding_are_refused(name: str, value: object) -> None:
    key = finding_keys(parse(TEXT))[0]
    with pytest.raises(DescriptionError):
        corrected(TEXT, Corrections().with_finding(key, name, value))


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(DescriptionError):
        Corrections().with_patient("height", 180)
    with pytest.raises(DescriptionError):
        Corrections().with_finding("lung tumor 1", "colour", "red")


def test_corrections_survive_a_scene() -> None:
    key = finding_keys(parse(TEXT))[0]
    corrections = Corrections().with_patient("sex", None).without(key)
    corrections = corrections.with_added(Finding("mass", organ="liver"))
    again = Corrections.from_json(corrections.to_json())
    assert corrected(TEXT, again) == corrected(TEXT, corrections)
    assert Corrections().to_json() == "" and not Corrections.from_json("")


@pytest.mark.parametrize("text", ["[]", "{}", "no json", '{"patient": 1, "findings": {}, "added": []}'])
def test_damaged_corrections_are_told(text: str) -> None:
    with pytest.raises(DescriptionError, match="undo"):
        Corrections.from_json(text)


ORGANS = "A woman with an enlarged spleen, 15 cm, after left nephrectomy, with a 3 cm tumor of the liver."


def test_what_is_said_of_organs_can_be_corrected_and_left_out() -> None:
    corrections = Corrections().with_organ("organ spleen", "length_mm", 170.0).without("organ left kidney")
    result = corrected(ORGANS, corrections).description
    assert [(state.name, state.length_mm) for state in result.organs] == [("spleen", 170.0)]
    assert "organs[0].length_mm" not in result.spans and result.spans["organs[0].size_word"].text == "enlarged"
    assert corrected(ORGANS, Corrections.from_json(corrections.to_json())).description == result


def test_an_organ_that_is_corrected_to_be_absent_has_no_size() -> None:
    result = corrected(ORGANS, Corrections().with_organ("organ spleen", "absent", True)).description
    assert result.organs[0].absent and not result.organs[0].sized


def test_a_correction_of_an_organ_that_the_text_no_longer_names_waits() -> None:
    corrections = Corrections().with_organ("organ spleen", "volume_ml", 400.0)
    assert corrected(TEXT, corrections).lost == ("organ spleen",)
    assert corrected(ORGANS, corrections).description.organs[0].volume_ml == 400.0


def test_a_tumor_cannot_be_corrected_into_an_absent_organ() -> None:
    corrections = Corrections().with_added(Finding("tumor", organ="kidney", side="left"))
    with pytest.raises(DescriptionError, match="left kidney"):
        corrected(ORGANS, corrections)


@pytest.mark.parametrize("name, value", [("length_mm", 9000.0), ("size_word", "gross"), ("side", "left")])
def test_senseless_values_of_an_organ_are_refused(name: str, value: object) -> None:
    with pytest.raises(DescriptionError):
        corrected(ORGANS, Corrections().with_organ("organ spleen", name, value))


def test_corrections_from_before_there_were_organs_are_read() -> None:
    assert Corrections.from_json('{"patient": {"age": 50}, "findings": {}, "added": []}').patient == {"age": 50}


def test_corrections_of_scenes_before_presence_are_read() -> None:
    key = finding_keys(parse(TEXT))[0]
    old = {
        "patient": {},
        "findings": {key: {"negated": True}, "gone": None},
        "added": [{"kind": "mass", "negated": False}],
    }
    corrections = Corrections.from_json(json.dumps(old))
    assert corrections.findings == {key: {"presence": "negated"}, "gone": None}
    assert corrections.added == ({"kind": "mass", "presence": "present"},)
