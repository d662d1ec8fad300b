"""What is said of organs becomes numbers by label."""

import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.description import parse
from GuideGenLib.description.model import LIMITS_ML, LIMITS_MM, ORGAN_SIZES, ORGANS
from GuideGenLib.description.organ_sizes import PARTS_OF_USUAL, USUAL_ML, USUAL_MM, wanted_organs


def test_each_organ_has_labels_and_words_that_follow_each_other_within_its_limits() -> None:
    for organ, keys in ORGANS.items():
        assert set(keys) <= set(values())
        words = [PARTS_OF_USUAL[organ][word] for word in ORGAN_SIZES]
        assert all(low < high for low, high in words) and words == sorted(words)
        for part, usual in ((words[0][0], min(USUAL_ML[organ])), (words[-1][1], max(USUAL_ML[organ]))):
            assert LIMITS_ML[organ][0] <= part * usual and part * usual <= LIMITS_ML[organ][1]
        assert LIMITS_MM[organ][0] < min(USUAL_MM[organ]) and max(USUAL_MM[organ]) < LIMITS_MM[organ][1]


def test_numbers_win_over_words_and_a_side_over_both() -> None:
    wanted = wanted_organs(parse("Enlarged spleen, 15 cm. Both kidneys are small. The liver is 2400 ml, 19 cm."))
    assert wanted.sizes["spleen"].volume_ml is None and wanted.sizes["spleen"].length_mm == 150
    assert wanted.sizes["liver"].volume_ml == (2400, 2400) and wanted.sizes["liver"].craniocaudal
    assert wanted.sizes["kidney_left"] == wanted.sizes["kidney_right"]
    sided = wanted_organs(parse("Small kidneys. The left kidney measures 13 cm."))
    assert sided.sizes["kidney_left"].length_mm == 130 and sided.sizes["kidney_right"].length_mm is None


def test_absent_organs_are_named_by_label_and_want_no_size() -> None:
    wanted = wanted_organs(parse("A woman after hysterectomy and left nephrectomy with large kidneys."))
    assert wanted.absent == {"uterus", "kidney_left"} and set(wanted.sizes) == {"kidney_right"}
    assert not wanted_organs(parse("A man with a liver tumor."))


def test_words_follow_the_sex_and_keep_how_people_differ() -> None:
    man, woman = (wanted_organs(parse(f"A {sex} with cardiomegaly.")).sizes["heart"] for sex in ("man", "woman"))
    assert man.volume_ml and woman.volume_ml and man.volume_ml[0] > woman.volume_ml[0]
    small, large = woman.target_ml(480), woman.target_ml(620)
    assert woman.volume_ml[0] <= small < large <= woman.volume_ml[1]
    assert woman.target_ml(woman.volume_ml[0] + 1) == woman.volume_ml[0] + 1


def test_a_length_alone_is_told_as_the_volume_of_a_usual_organ_of_that_length() -> None:
    spleen = wanted_organs(parse("A man with a spleen of 15 cm.")).sizes["spleen"]
    assert spleen.target_ml() == pytest.approx(215 * (150 / 107) ** 3)
