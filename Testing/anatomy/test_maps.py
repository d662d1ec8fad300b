"""Other vocabularies: what is the same comes back the same, what is not goes where it is said to."""

import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.maps import VocabularyError, classes, from_vocabulary, keys_by_class, to_vocabulary
from GuideGenLib.anatomy.vocabularies import VOCABULARIES, Vocabulary

VALUES = table.values()
NAMED: tuple[Vocabulary, ...] = ("totalsegmentator", "maisi132")


def line(*keys: str) -> np.ndarray:
    return np.array([VALUES[key] for key in keys], dtype=np.uint8)


def named(array: np.ndarray, name: Vocabulary) -> list[str]:
    return [VOCABULARIES[name][value] for value in array.tolist()]


def keys(array: np.ndarray) -> list[str]:
    return [table.label(value).key for value in array.tolist()]


def test_the_vocabularies_have_their_published_values() -> None:
    total, maisi, guidegen = (VOCABULARIES[name] for name in ("totalsegmentator", "maisi132", "guidegen21"))
    assert sorted(total) == list(range(118))
    assert [total[v] for v in (1, 27, 31, 50, 51, 65, 79, 92, 117)] == [
        "spleen", "vertebrae_L5", "vertebrae_L1", "vertebrae_C1", "heart", "iliac_artery_left", "spinal_cord",
        "rib_left_1", "costal_cartilages",
    ]  # fmt: skip
    assert sorted(maisi) == [v for v in range(133) if v not in (2, 16, 18, 20, 21, 129, 130, 131)] + [200]
    assert [maisi[v] for v in (1, 14, 33, 56, 62, 75, 95, 115, 127, 132, 200)] == [
        "liver", "left kidney", "vertebrae L5", "vertebrae C1", "colon", "right rib 1", "left hip", "heart",
        "vertebrae S1", "airway", "body",
    ]  # fmt: skip
    assert sorted(guidegen) == list(range(21))
    assert (guidegen[6], guidegen[14], guidegen[20]) == ("lung", "adrenal glands", "tumor")


def test_the_total_segmentator_names_are_those_of_the_data(data: Path) -> None:
    rows = (data / "totalsegmentator_v2_labels.csv").read_text().split()[1:]
    assert {int(row.split(",")[0]): row.split(",")[1] for row in rows} | {0: "background"} == dict(
        VOCABULARIES["totalsegmentator"]
    )


def test_classes_and_labels_agree_on_the_side() -> None:
    for name in NAMED:
        for row in table.labels():
            for value in classes(row, name):
                words = re.split(r"[ _]", VOCABULARIES[name][value])
                side = next((word for word in words if word in ("left", "right")), None)
                assert row.side in (side, None)
                assert row.side is None or side == row.side


@pytest.mark.parametrize("name", NAMED)
def test_every_class_is_one_label(name: Vocabulary) -> None:
    found = keys_by_class(name)
    assert set(found.values()) <= set(VALUES)
    assert set(VOCABULARIES[name].values()) == set(found)


@pytest.mark.parametrize("name", NAMED)
@given(data=st.data())
def test_labels_that_have_a_class_come_back(name: Vocabulary, data: st.DataObject) -> None:
    own = [row.value for row in table.labels() if classes(row, name)]
    volume = data.draw(arrays(np.uint8, array_shapes(max_dims=3, max_side=5), elements=st.sampled_from(own)))
    written = to_vocabulary(volume, name)
    assert written.dtype == np.uint8
    assert np.array_equal(from_vocabulary(written, name), volume)


@pytest.mark.parametrize("name", NAMED)
@given(data=st.data())
def test_any_class_comes_back_as_the_first_of_its_label(name: Vocabulary, data: st.DataObject) -> None:
    # Brain and skull are body here, and TotalSegmentator has no class for that.
    known = [value for value, structure in VOCABULARIES[name].items() if structure not in ("brain", "skull")]
    volume = data.draw(arrays(np.int16, array_shapes(max_dims=3, max_side=5), elements=st.sampled_from(known)))
    labels = from_vocabulary(volume, name)
    again = to_vocabulary(labels, name)
    assert np.array_equal(from_vocabulary(again, name), labels)
    firsts = {classes(row, name)[0] for row in table.labels() if classes(row, name)} | {0}
    kept = np.isin(volume, sorted(firsts))
    assert np.array_equal(again[kept], volume[kept])


@pytest.mark.parametrize("name", list(VOCABULARIES))
@given(st.data())
def test_every_label_can_be_written(name: Vocabulary, data: st.DataObject) -> None:
    volume = data.draw(arrays(np.uint8, (2, 3, 2), elements=st.sampled_from(sorted(VALUES.values()))))
    before = volume.copy()
    assert set(np.unique(to_vocabulary(volume, name)).tolist()) <= set(VOCABULARIES[name])
    assert np.array_equal(volume, before)


def test_several_classes_are_one_label() -> None:
    total = from_vocabulary(np.array([3, 23, 92, 103, 26, 25, 61]), "totalsegmentator")
    assert keys(total) == [
        "kidney_left", "kidney_cyst", "ribs_left", "ribs_left", "sacrum", "sacrum", "heart",
    ]  # fmt: skip
    maisi = from_vocabulary(np.array([1, 25, 57, 132, 200, 22, 120, 0]), "maisi132")
    assert keys(maisi) == ["liver", "liver", "trachea", "trachea", "body", "body", "body", "background"]


def test_gas_is_written_as_its_bowel() -> None:
    gas = line("stomach_gas", "colon_gas")
    assert named(to_vocabulary(gas, "totalsegmentator"), "totalsegmentator") == ["stomach", "colon"]
    assert named(to_vocabulary(gas, "maisi132"), "maisi132") == ["stomach", "colon"]
    assert named(to_vocabulary(gas, "guidegen21"), "guidegen21") == ["stomach", "colon"]


def test_tissue_is_written_as_the_body_envelope_or_as_background() -> None:
    tissue = line("body", "subcutaneous_fat", "torso_fat", "muscle", "uterus")
    assert named(to_vocabulary(tissue, "maisi132"), "maisi132") == ["body"] * 5
    assert not to_vocabulary(tissue, "totalsegmentator").any()
    assert not to_vocabulary(tissue, "guidegen21").any()


def test_lung_vessels_are_written_as_the_nearest_lobe_or_as_lung() -> None:
    lungs = line("lung_upper_lobe_left", "lung_vessel", "lung_vessel", "body", "lung_vessel", "lung_lower_lobe_left")
    assert to_vocabulary(lungs, "totalsegmentator").tolist() == [10, 10, 10, 0, 11, 11]
    assert to_vocabulary(lungs, "maisi132").tolist() == [28, 28, 28, 200, 29, 29]
    assert to_vocabulary(lungs, "guidegen21").tolist() == [6, 6, 6, 0, 6, 6]


def test_tumors_are_written_as_tumor_or_as_their_organ() -> None:
    tumors = line(
        "kidney_right", "kidney_tumor", "body", "body", "kidney_tumor", "kidney_left", "liver_tumor", "pancreas_tumor"
    )
    assert named(to_vocabulary(tumors, "totalsegmentator"), "totalsegmentator") == [
        "kidney_right", "kidney_right", "background", "background", "kidney_left", "kidney_left", "liver", "pancreas",
    ]  # fmt: skip
    assert named(to_vocabulary(tumors, "maisi132"), "maisi132") == [
        "right kidney", "right kidney", "body", "body", "left kidney", "left kidney", "hepatic tumor",
        "pancreatic tumor",
    ]  # fmt: skip
    assert to_vocabulary(tumors, "guidegen21").tolist() == [2, 20, 0, 0, 20, 2, 20, 20]


def test_without_its_organs_a_tumor_is_written_as_the_first_of_them() -> None:
    assert named(to_vocabulary(line("lung_tumor", "body"), "totalsegmentator"), "totalsegmentator") == [
        "lung_upper_lobe_left", "background",
    ]  # fmt: skip


def test_findings_that_others_know_come_back_with_the_side_of_their_organ() -> None:
    cysts = line("kidney_right", "kidney_cyst", "body", "body", "kidney_cyst", "kidney_left", "bone_lesion")
    for name, classes_ in (
        ("totalsegmentator", ["kidney_cyst_right", "kidney_cyst_left", "background"]),
        ("maisi132", ["right kidney cyst", "left kidney cyst", "bone lesion"]),
    ):
        written = to_vocabulary(cysts, name)  # type: ignore[arg-type]
        assert named(written[[1, 4]], name) == classes_[:2]  # type: ignore[arg-type]
        back = keys(from_vocabulary(written, name))  # type: ignore[arg-type]
        assert back[1] == back[4] == "kidney_cyst"
    assert keys(from_vocabulary(np.array([95, 128, 116, 117]), "maisi132")) == [
        "hip_left", "bone_lesion", "kidney_cyst", "kidney_cyst",
    ]  # fmt: skip
    assert keys_by_class("totalsegmentator")["kidney_cyst_left"] == "kidney_cyst"


def test_other_findings_are_written_as_their_organ_or_as_body() -> None:
    findings = line("liver_cyst", "gallstone", "pleural_effusion", "ascites", "pancreas_cyst")
    assert named(to_vocabulary(findings, "maisi132"), "maisi132") == [
        "liver",
        "gallbladder",
        "body",
        "body",
        "pancreas",
    ]
    assert named(to_vocabulary(findings, "totalsegmentator"), "totalsegmentator") == [
        "liver", "gallbladder", "background", "background", "pancreas",
    ]  # fmt: skip
    assert named(to_vocabulary(findings, "guidegen21"), "guidegen21")[0] == "liver"


@pytest.mark.parametrize(
    ("name", "value"), [("totalsegmentator", 118), ("maisi132", 2), ("maisi132", 133), ("guidegen21", 21)]
)
def test_unknown_classes_are_named(name: Vocabulary, value: int) -> None:
    volume = np.zeros((2, 2, 2), np.int32)
    volume[0, 0, 0], volume[1, 1, 1] = value, -7
    with pytest.raises(VocabularyError, match=f"values -7, {value} are not in {name}"):
        from_vocabulary(volume, name)


def test_unknown_labels_are_named_and_long_lists_are_cut() -> None:
    with pytest.raises(VocabularyError, match=r"values 250, 251 are not in the anatomy table"):
        to_vocabulary(np.array([0, 251, 250]), "maisi132")
    with pytest.raises(VocabularyError, match=r"159, \.\.\. are not"):
        to_vocabulary(np.arange(150, 250), "maisi132")


@pytest.mark.parametrize("volume", [np.zeros(3, np.float32), np.zeros(3, bool), np.array(["liver"])])
def test_an_array_of_no_integers_is_refused(volume: np.ndarray) -> None:
    with pytest.raises(VocabularyError, match="cast it"):
        to_vocabulary(volume, "totalsegmentator")
    with pytest.raises(VocabularyError, match="cast it"):
        from_vocabulary(volume, "totalsegmentator")


def test_an_unknown_vocabulary_is_named() -> None:
    for function in (to_vocabulary, from_vocabulary):
        with pytest.raises(VocabularyError, match=r"'amos'.*totalsegmentator, guidegen21, maisi132"):
            function(np.zeros(1, np.uint8), "amos")  # type: ignore[arg-type]
    with pytest.raises(VocabularyError, match="'amos'"):
        keys_by_class("amos")  # type: ignore[arg-type]


def test_a_labelled_scan_comes_back(data: Path) -> None:
    volume = sitk.GetArrayFromImage(sitk.ReadImage(str(data / "labels" / "totalseg_example.nii.gz")))
    labels = from_vocabulary(volume, "totalsegmentator")
    assert np.array_equal(labels == 0, volume == 0)
    assert np.array_equal(from_vocabulary(to_vocabulary(labels, "totalsegmentator"), "totalsegmentator"), labels)
