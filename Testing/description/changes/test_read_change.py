"""A sentence about a case, read as the difference of two descriptions."""

from dataclasses import replace

import pytest

from GuideGenLib.description import Description, parse
from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.changes.read import measured_sizes, read_change
from GuideGenLib.description.model import DescriptionError, Finding
from GuideGenLib.description.report import from_json, to_json
from GuideGenLib.findings.reading import recipe_of

LUNG = "67-year-old man with a 4 cm tumor in the left upper lobe of the lung, T2aN0M0, portal venous phase."
TWO = "58 year old woman with a 3 cm tumor in the right lobe of the liver and a 2 cm nodule in the right lower lobe."
BOTH = "Man, 5 cm tumor of the lower pole of the left kidney, T1b, and a 4 cm tumor of the sigmoid colon, T3."


def changed(text: str, sentence: str) -> Difference:
    return read_change(sentence, parse(text))


def only(text: str, sentence: str, place: int = 0) -> Finding:
    difference = changed(text, sentence)
    assert not difference.not_understood, difference.not_understood
    return difference.after.findings[place]


@pytest.mark.parametrize(
    ("text", "sentence", "place", "size"),
    [
        (LUNG, "make the tumour 2 cm larger", 0, 60),
        (LUNG, "the tumour should be 2 cm bigger please", 0, 60),
        (LUNG, "Make it bigger by 15 mm.", 0, 55),
        (LUNG, "make the tumor 5 cm", 0, 50),
        (LUNG, "the tumour is now 6 cm", 0, 60),
        (LUNG, "make the tumour twice as large", 0, 80),
        (LUNG, "half the size", 0, 20),
        (LUNG, "the tumour has doubled in volume", 0, 50.4),
        (LUNG, "make it larger", 0, 52),
        (LUNG, "make the tumour slightly smaller", 0, 34.8),
        (LUNG, "make the tumour one inch larger", 0, 65.4),
        (TWO, "shrink the nodule to 12 mm", 1, 12),
        (TWO, "make the largest lesion 50% larger", 0, 45),
        (TWO, "make the 2 cm nodule larger", 1, 26),
        (TWO, "make the hepatic lesion 1 cm smaller", 0, 20),
        (TWO, "make the second lesion 3 cm", 1, 30),
        (BOTH, "increase the kidney tumour by 1.5 cm", 0, 65),
        (BOTH, "reduce the colon tumour by 30%", 1, 28),
        (BOTH, "make the 5 cm tumour 6 cm", 0, 60),
    ],
)
def test_sizes(text: str, sentence: str, place: int, size: float) -> None:
    before = parse(text)
    assert only(text, sentence, place).size_mm == pytest.approx(size)
    others = [index for index in range(len(before.findings)) if index != place]
    assert [changed(text, sentence).after.findings[index] for index in others] == [before.findings[i] for i in others]


@pytest.mark.parametrize(
    ("text", "sentence", "place", "where"),
    [
        (LUNG, "move it to the other side", 0, ("lung", "upper_lobe", None, "right")),
        (LUNG, "move the tumour to the right lower lobe", 0, ("lung", "lower_lobe", None, "right")),
        (LUNG, "place the tumour in the right upper lobe", 0, ("lung", "upper_lobe", None, "right")),
        (LUNG, "move the tumour to the liver", 0, ("liver", None, None, None)),
        (TWO, "move the liver tumour to segment VI", 0, ("liver", "right_lobe", "VI", None)),
        (TWO, "move the nodule to the other lung", 1, ("lung", "lower_lobe", None, "left")),
        (BOTH, "move the kidney tumour to the upper pole", 0, ("kidney", "upper_pole", None, "left")),
        (BOTH, "move the tumour of the left kidney to the right kidney", 0, ("kidney", "lower_pole", None, "right")),
        (
            BOTH,
            "move the kidney tumour to the upper pole of the right kidney",
            0,
            ("kidney", "upper_pole", None, "right"),
        ),
        (BOTH, "move the colon cancer to the descending colon", 1, ("colon", "descending", None, None)),
    ],
)
def test_places(text: str, sentence: str, place: int, where: tuple[str | None, ...]) -> None:
    finding = only(text, sentence, place)
    assert (finding.organ, finding.site, finding.segment, finding.side) == where
    assert finding.size_mm == parse(text).findings[place].size_mm


def test_two_changes_in_one_sentence_with_the_words_of_each() -> None:
    difference = changed(LUNG, "make the tumour 2 cm larger and add a small pleural effusion on the right")
    assert [step.kind for step in difference.steps] == ["resized", "added"]
    assert [step.words.text for step in difference.steps] == [
        "make the tumour 2 cm larger",
        "add a small pleural effusion on the right",
    ]
    tumor, effusion = difference.after.findings
    assert tumor.size_mm == 60
    assert (effusion.kind, effusion.side, effusion.size_word, effusion.shown) == ("effusion", "right", "small", True)
    assert "not drawn" not in difference.steps[1].told
    assert difference.origins == (0, None)
    assert not difference.everywhere


def test_it_is_what_was_spoken_of_last() -> None:
    difference = changed(TWO, "move the nodule to the left upper lobe, make it 3 cm and remove the liver tumour")
    assert difference.removed == (0,)
    (nodule,) = difference.after.findings
    assert (nodule.side, nodule.site, nodule.size_mm) == ("left", "upper_lobe", 30)


def test_what_is_to_stay_is_left_alone() -> None:
    difference = changed(BOTH, "move the colon cancer to the transverse colon, without touching the kidney")
    assert [step.kind for step in difference.steps] == ["moved"] and not difference.not_understood
    assert difference.after.findings[0] == difference.before.findings[0]
    assert any("without touching the kidney" in note for note in difference.notes)
    kept = changed(TWO, "keep the nodule and make the tumour 4 cm")
    assert [finding.size_mm for finding in kept.after.findings] == [40, 20]


def test_two_subjects_share_a_verb() -> None:
    difference = changed(TWO, "make the nodule 5 mm larger and the tumour 1 cm smaller")
    assert [finding.size_mm for finding in difference.after.findings] == [20, 25]


def test_a_stage_changes_the_size_only_where_that_does_not_fit() -> None:
    small = changed(LUNG, "make it T3N1")
    assert (small.after.findings[0].t, small.after.findings[0].n, small.after.findings[0].size_mm) == ("3", "1", 50)
    fits = changed(BOTH, "make the kidney tumour T1")
    assert (fits.after.findings[0].t, fits.after.findings[0].size_mm) == ("1", 50)
    assert only(LUNG, "restage it as T3").size_mm == 50
    both = changed(LUNG, "make the tumour 7 cm and T4")
    assert (both.after.findings[0].t, both.after.findings[0].size_mm) == ("4", 70)


def test_growth_follows_the_published_doubling_time_and_names_its_source() -> None:
    difference = changed(LUNG, "after six months of growth")
    size = difference.after.findings[0].size_mm
    assert size == pytest.approx(40 * 2 ** (6 * 365.25 / 12 / 181 / 3), abs=0.1)
    assert any("Winer-Muram" in note for note in difference.notes)
    assert only(BOTH, "let the kidney tumour grow for two years").size_mm == pytest.approx(71.7, abs=0.1)
    everything = changed(TWO, "one year later")
    assert all((finding.size_mm or 0) > 25 for finding in everything.after.findings)


def test_phase_and_age_are_said_to_change_all_of_the_ct() -> None:
    phase = changed(LUNG, "show it in the arterial phase")
    assert phase.after.phase == "arterial" and "everywhere" in phase.everywhere
    older = changed(LUNG, "make him ten years older")
    assert older.after.age == 77 and "everywhere" in older.everywhere
    assert changed(TWO, "the patient is 80 years old now").after.age == 80
    assert changed(LUNG, "without contrast").after.phase == "none"


@pytest.mark.parametrize(
    ("sentence", "organ", "value"),
    [
        ("enlarge the spleen", "spleen", "enlarged"),
        ("make the spleen 16 cm long", "spleen", 160),
        ("make the liver massively enlarged", "liver", "massively_enlarged"),
        ("make the liver smaller", "liver", "small"),
        ("make the prostate 80 ml", "prostate", 80),
        ("take out the gallbladder", "gallbladder", True),
        ("add splenomegaly", "spleen", "enlarged"),
    ],
)
def test_organs(sentence: str, organ: str, value: object) -> None:
    difference = changed(BOTH, sentence)
    assert not difference.not_understood
    (state,) = difference.organs
    assert state.organ == organ
    assert value in (state.size_word, state.length_mm, state.volume_ml, state.absent or None)
    assert difference.after.findings == difference.before.findings


def test_findings_come_and_go() -> None:
    assert changed(LUNG, "remove the tumour").removed == (0,)
    assert changed(TWO, "delete all lesions").after.findings == ()
    more = changed(LUNG, "add a 15 mm nodule in the other lung")
    assert (more.after.findings[1].side, more.after.findings[1].size_mm) == ("right", 15)
    three = changed(LUNG, "add 3 liver metastases")
    assert three.after.findings[1].count == 3
    fewer = read_change("remove one of the metastases", three.after)
    assert fewer.after.findings[1].count == 2 and fewer.removed == ()


@pytest.mark.parametrize(
    ("text", "sentence", "told"),
    [
        (TWO, "make the kidney tumour larger", "no tumor of the kidney"),
        (TWO, "make the lesion larger", "which, by its organ, side or size"),
        (LUNG, "make him a woman", "another patient"),
        (LUNG, "make him obese", "another"),
        (LUNG, "remove the effusion", "no effusion"),
        (LUNG, "add a 3 cm tumour next to it", "name an organ"),
        (LUNG, "is the tumour larger?", "question"),
        (LUNG, "make it purple", "Nothing to change"),
        (LUNG, "  ", "empty"),
        (LUNG, "do not touch the tumour", "Nothing to change"),
        (BOTH, "take out the left kidney", "absent"),
        (BOTH, "make the spleen 2 cm larger", "not measured"),
        (BOTH, "make her 10 years older", "not told"),
        (LUNG, "move the tumour to the moon", "not understood"),
        (LUNG, "make the tumour 4 cm smaller", "or remove it"),
        (TWO, "remove the nodule and make it larger", "removed just before"),
    ],
)
def test_what_cannot_be_followed_is_said(text: str, sentence: str, told: str) -> None:
    with pytest.raises(DescriptionError, match=told):
        changed(text, sentence)


def test_words_without_effect_are_listed_by_their_place() -> None:
    sentence = "make the tumour 2 cm larger and paint it purple"
    difference = changed(LUNG, sentence)
    assert [span.text for span in difference.not_understood] == ["paint", "purple"]
    assert all(sentence[span.start : span.end] == span.text for span in difference.not_understood)


def test_a_size_that_the_text_does_not_tell_is_that_of_the_anatomy() -> None:
    before = parse("Woman with a tumor in the liver.")
    lesions = [{"finding": 0, "measured_mm": 33.2}]
    assert read_change("make it 1 cm larger", before, measured_sizes(lesions)).after.findings[0].size_mm == 43


def test_the_description_after_is_a_description_like_any_other() -> None:
    difference = changed(LUNG, "remove the tumour and add a 2 cm tumour in the liver")
    again: Description = from_json(to_json(difference.after))
    assert again == difference.after
    assert changed(LUNG, "make it 5 cm").after.spans["findings[0].side"].text == "left"
    assert "findings[0].size_mm" not in changed(LUNG, "make it 5 cm").after.spans


@pytest.mark.parametrize(
    ("text", "sentence", "told"),
    [
        (LUNG, "There is now also a 12 mm nodule in the right middle lobe.", ["added: 12 mm nodule of the right lung"]),
        (LUNG, "add a lung metastasis of 1 cm on each side", ["of the left lung", "of the right lung"]),
        (LUNG, "erase the tumour and put a 3 cm tumour in the tail of the pancreas", ["removed", "pancreas (tail)"]),
        (LUNG, "the patient is five years older and the tumor has doubled", ["67 to 72", "now 80 mm"]),
        (LUNG, "arterial phase, and the tumour 1cm larger", ["arterial", "now 50 mm"]),
        (LUNG, "make the patient eighty years old", ["67 to 80"]),
        (TWO, "now the pulmonary nodule is gone", ["removed: 20 mm nodule"]),
        (TWO, "make the smaller one larger", ["20 mm nodule of the right lung (lower lobe): now 26 mm"]),
        (TWO, "another nodule, 8 mm, in the left lower lobe", ["added: 8 mm nodule of the left lung"]),
        (TWO, "Both lesions should be 1 cm larger, arterial phase", ["arterial", "now 40 mm", "now 30 mm"]),
        (
            TWO,
            "move the liver lesion into the left lobe and the nodule into the right upper lobe",
            ["now 30 mm tumor of the liver (left lobe)", "now 20 mm nodule of the right lung (upper lobe)"],
        ),
        (BOTH, "the colon tumour is 2 centimetres longer and the kidney tumour is removed", ["now 60 mm", "removed"]),
        (LUNG, "unenhanced phase, patient 50 years old", ["67 to 50", "portal venous to none"]),
        (BOTH, "make the right kidney atrophic and scan without contrast", ["to none", "right kidney: now atrophic"]),
        (TWO, "make the hepatic tumor 1.5 times larger", ["now 45 mm tumor of the liver"]),
        (TWO, "the nodule should be in the middle lobe", ["now 20 mm nodule of the right lung (middle lobe)"]),
        (TWO, "two more nodules in the left lung, 1 cm each", ["added: 10 mm nodule (x 2) of the left lung"]),
        (BOTH, "after 3 months: kidney tumour 1 cm larger", ["now 60 mm tumor of the left kidney"]),
        (BOTH, "relocate the colon tumor to the rectum, 6 cm", ["(rectum)", "now 60 mm tumor of the colon (rectum)"]),
        (BOTH, "remove the sigmoid tumour, it was resected", ["removed: 40 mm tumor of the colon"]),
        (BOTH, "kidney lesion to the interpolar region", ["(middle)"]),
        (BOTH, "add liver metastases, three of them, about 2 cm each", ["20 mm metastasis (x 3) of the liver"]),
    ],
)
def test_other_ways_to_say_it(text: str, sentence: str, told: list[str]) -> None:
    difference = changed(text, sentence)
    assert len(difference.steps) == len(told)
    assert all(words in step.told for words, step in zip(told, difference.steps, strict=True)), difference.steps


FLUIDS = (
    "Man with a small left pleural effusion, ascites, a 3 cm cyst of the right kidney and a 4 cm tumor of the liver."
)


@pytest.mark.parametrize(
    ("sentence", "place", "name", "value"),
    [
        ("the effusion is now 800 ml", 0, "volume_ml", 800),
        ("the effusion increased to 1.2 l", 0, "volume_ml", 1200),
        ("make the effusion twice as large", 0, "volume_ml", 400),
        ("the effusion doubled in volume", 0, "volume_ml", 400),
        ("make the effusion larger", 0, "volume_ml", 439),
        ("make the effusion large", 0, "volume_ml", 1350),
        ("make the effusion a trace", 0, "size_word", "tiny"),
        ("increase the ascites by 300 ml", 1, "volume_ml", 950),
        ("drain half a liter of the ascites", 1, "volume_ml", 150),
        ("make the ascites massive", 1, "size_word", "huge"),
        ("the cyst is 2 cm larger", 2, "size_mm", 50),
        ("move the effusion to the other side", 0, "side", "right"),
        ("move the cyst to the left kidney", 2, "side", "left"),
        ("make it larger", 3, "size_mm", 52),
    ],
)
def test_findings_with_a_recipe_change_in_their_own_measure(
    sentence: str, place: int, name: str, value: float | str
) -> None:
    difference = changed(FLUIDS, sentence)
    assert getattr(difference.after.findings[place], name) == value and not difference.not_understood
    others = [index for index in range(4) if index != place]
    assert [difference.after.findings[i] for i in others] == [difference.before.findings[i] for i in others]


def test_fluids_come_and_go() -> None:
    assert changed(FLUIDS, "drain the effusion").removed == (0,)
    assert changed(FLUIDS, "remove the ascites and the cyst").removed == (1, 2)
    added = changed(FLUIDS, "add bilateral pneumothoraces of 200 ml").after.findings[4:]
    assert [(one.kind, one.side, one.volume_ml) for one in added] == [
        ("pneumothorax", "left", 200), ("pneumothorax", "right", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("make the effusion 2 cm larger", "drawn by its volume in ml"),
        ("make the cyst 200 ml", "drawn in mm"),
        ("make the ascites 20 l", "up to 8000 ml"),
        ("move the ascites to the left", "has no side"),
        ("let the cyst grow for a year", "say how large it is to be"),
    ],
)
def test_what_a_fluid_cannot_is_told(sentence: str, told: str) -> None:
    with pytest.raises(DescriptionError) as error:
        changed(FLUIDS, sentence)
    assert told in str(error.value)


def test_measured_sizes_are_those_of_the_recipe() -> None:
    lesion = {"measured_mm": 141.0, "size_mm": 12.0, "volume_ml": 400.0}
    told = [
        {**lesion, "finding": 0, "label": "pleural_effusion"},
        {**lesion, "finding": 1, "label": "pericardial_effusion"},
        {**lesion, "finding": 2, "label": "kidney_cyst"},
        {**lesion, "finding": 3, "label": "liver_tumor"},
    ]
    assert measured_sizes(told) == {0: 400, 1: 12, 2: 141, 3: 141}


def test_another_look_of_an_organ_makes_all_of_the_ct_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of("ascites", "peritoneum")
    assert recipe is not None and not changed(FLUIDS, "remove the ascites").everywhere
    look = replace(recipe, label=None, mechanism="tissue")
    monkeypatch.setattr(Finding, "recipe", property(lambda one: look if one.kind == "ascites" else None))
    assert "looks" in changed(FLUIDS, "remove the ascites").everywhere
    assert not changed(FLUIDS, "make the liver tumour 1 cm larger").everywhere


def test_what_has_no_size_but_a_degree_gets_the_next_one() -> None:
    patient = parse("A woman with a mild L1 compression fracture.")
    for sentence, word in (("make the fracture larger", "moderate"), ("the fracture is now large", "large")):
        (finding,) = read_change(sentence, patient).after.findings
        assert (finding.size_word, finding.size_mm, finding.segment) == (word, None, "L1")
