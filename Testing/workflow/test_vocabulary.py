"""The question what a label map's values mean: candidates with names and pictures, and the answer that opens it."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.reading import InDoubtError, read_label_map
from GuideGenLib.anatomy.maps import VocabularyError, to_vocabulary
from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.workflow.vocabulary import Question, asked
from Testing.phantom import SPACING

SOME = ("liver", "spleen", "kidney_left", "kidney_right")


def written(array: np.ndarray, path: Path) -> Path:
    sitk.WriteImage(image_from_array(array, SPACING, labels=True), str(path))
    return path


def question_about(path: Path) -> Question:
    with pytest.raises(InDoubtError) as doubt:
        read_label_map(path)
    return asked(doubt.value)


@pytest.fixture
def subset(phantom: np.ndarray, tmp_path: Path) -> Path:
    """Four organs in TotalSegmentator's numbers, of which other programs have other organs."""
    ours = np.where(select(phantom, SOME), phantom, 0)
    return written(to_vocabulary(ours, "totalsegmentator"), tmp_path / "segmentation.nii.gz")


def test_each_candidate_has_names_and_how_well_it_fits_and_the_best_is_first(subset: Path, phantom: np.ndarray) -> None:
    question = question_about(subset)
    best, *others = question.choices
    assert best.labels == "totalsegmentator" and not question.alone
    assert {one.name for one in best.names} == {label(key).name for key in SOME}
    assert best.fit == "4 of 4 structures lie and measure as in people" and not any(one.odd for one in best.names)
    ours = next(one for one in others if one.labels == "guidegen")
    assert any(one.odd for one in ours.names) and {one.name for one in ours.names}.isdisjoint(map(str, SOME))
    for choice in question.choices:
        read = sitk.GetArrayFromImage(read_label_map(subset, choice.labels).image)
        same = np.array_equal(read, np.where(select(phantom, SOME), phantom, 0))
        assert same == (choice.labels == "totalsegmentator")


def test_the_picture_is_seen_from_the_front_in_the_colours_of_the_candidate(subset: Path) -> None:
    best, other = question_about(subset).choices[:2]
    assert best.picture.shape == other.picture.shape and not np.array_equal(best.picture, other.picture)

    def middle_of(key: str) -> np.ndarray:
        colour = np.array(label(key).color, float)
        hues = best.picture / np.maximum(np.linalg.norm(best.picture, axis=-1, keepdims=True), 1)
        return np.argwhere(np.linalg.norm(hues - colour / np.linalg.norm(colour), axis=-1) < 0.02).mean(axis=0)

    liver, spleen, kidney = map(middle_of, ("liver", "spleen", "kidney_left"))
    assert liver[1] < spleen[1], "the patient's right is on the left"
    assert spleen[0] < kidney[0], "the head is up"


def test_a_mask_may_be_named_as_one_structure_whatever_its_value(phantom: np.ndarray, tmp_path: Path) -> None:
    path = written((phantom == values()["spleen"]) * np.uint8(255), tmp_path / "mask.nii.gz")
    with pytest.raises(VocabularyError, match="no known vocabulary has all of its values"):
        read_label_map(path)
    path = written((phantom == values()["pancreas"]).astype(np.uint8), tmp_path / "mask.nii.gz")
    question = question_about(path)
    assert question.alone and len(question.choices) > 1
    for value in (1, 255):
        array = (phantom == values()["pancreas"]) * np.uint8(value)
        image = read_label_map(written(array, tmp_path / "mask.nii.gz"), "pancreas").image
        assert np.array_equal(sitk.GetArrayFromImage(image), np.where(array, values()["pancreas"], 0))


def test_a_map_of_several_labels_is_no_mask_of_one_structure(subset: Path) -> None:
    with pytest.raises(VocabularyError, match="has 4 labels and is no mask of liver: name what all of its labels are"):
        read_label_map(subset, "liver")
