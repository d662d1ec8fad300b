"""Which vocabulary a label map speaks: told, found by what it shows, or refused with the right candidates."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.candidates import candidates, meanings, sure
from GuideGenLib.anatomy.label_maps.fit import seen_in
from GuideGenLib.anatomy.label_maps.opening import open_anatomy
from GuideGenLib.anatomy.label_volumes import write_anatomy
from GuideGenLib.anatomy.maps import VocabularyError, to_vocabulary
from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import label, values, write_labels_csv
from GuideGenLib.anatomy.torso_frame import torso_frame
from GuideGenLib.anatomy.vocabularies import Vocabulary
from GuideGenLib.core.volumes import image_from_array, write_volume

STEP = 6.0


@pytest.fixture(scope="module")
def torso() -> np.ndarray:
    """Our labels [z, y, x] at 6 mm: every structure a ball of its usual volume at its usual place."""
    frame = torso_frame()
    labels = np.zeros((110, 64, 72), np.uint8)
    grid = np.stack(np.meshgrid(*(np.arange(n) * STEP for n in labels.shape), indexing="ij"), axis=-1)
    for key, middle in sorted(frame.middles.items(), key=lambda item: -max(frame.volumes_ml.get(item[0], (1, 1)))):
        low, high = frame.volumes_ml.get(key, (20.0, 20.0))
        radius = (3 * np.sqrt(low * high) * 1000 / (4 * np.pi)) ** (1 / 3)
        labels[np.linalg.norm(grid - (np.array(middle) + 18.0), axis=-1) <= radius] = values()[key]
    return labels


def written(torso: np.ndarray, name: str) -> np.ndarray:
    """Our labels in the values of a vocabulary; 0 where it has none."""
    result = np.zeros(torso.shape, np.uint16)
    for value, keys in reversed([*meanings(name).items()]):
        result[np.isin(torso, [values()[key] for key in keys])] = value
    return result


def organs(torso: np.ndarray) -> np.ndarray:
    """A subset of our labels, as others have them."""
    keys = ("liver", "spleen", "kidney_left", "kidney_right", "pancreas", "aorta", "urinary_bladder", "heart", *LUNGS)
    return np.where(np.isin(torso, [values()[key] for key in keys]), torso, 0).astype(np.uint8)


def save(array: np.ndarray, path: Path) -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((STEP,) * 3)
    write_volume(image, path)
    return path


def image(array: np.ndarray) -> sitk.Image:
    result = sitk.GetImageFromArray(array.astype(np.uint16))
    result.SetSpacing((STEP,) * 3)
    return result


@pytest.mark.parametrize("name", ["guidegen", "totalsegmentator", "maisi132", "btcv", "amos", "flare", "guidegen21"])
def test_what_a_map_shows_tells_its_vocabulary_from_all_others(torso: np.ndarray, name: str) -> None:
    found = candidates(seen_in(image(written(torso, name))))
    assert found[0].name == name and found[0].fit.share > 0.7
    assert all(other.fit.share < found[0].fit.share - 0.1 for other in found[1:])
    best = sure(found)
    assert best is not None and best.name == name


def test_what_btcv_and_amos_name_alike_tells_neither(torso: np.ndarray) -> None:
    theirs = written(torso, "btcv")
    seen = seen_in(image(theirs))
    assert sure(candidates(seen)).name == "btcv"
    assert sure(candidates({value: one for value, one in seen.items() if value < 12})) is None
    alike = candidates({value: one for value, one in seen.items() if value < 10})
    assert {"btcv", "amos"} & {one.name for one in alike} and alike[0].fit.structures == 9


@pytest.mark.parametrize("name", ["totalsegmentator", "maisi132"])
def test_a_subset_of_another_vocabulary_is_read_as_it_shows(
    torso: np.ndarray, name: Vocabulary, tmp_path: Path
) -> None:
    ours = organs(torso)
    opened = open_anatomy(save(to_vocabulary(ours, name), tmp_path / "theirs.nii.gz"))
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    assert np.array_equal(found[ours > 0], ours[ours > 0])
    assert f"was read as {name}" in opened.notes[0] and "body was grown" in opened.notes[1]
    tissues = {label(int(value)).key for value in np.unique(found[ours == 0])}
    assert tissues >= {"background", "subcutaneous_fat", "torso_fat"}


def test_a_lone_heart_is_refused_with_the_vocabularies_that_it_may_be(torso: np.ndarray, tmp_path: Path) -> None:
    heart = np.where(torso == values()["heart"], 51, 0).astype(np.uint8)
    with pytest.raises(VocabularyError) as refused:
        open_anatomy(save(heart, tmp_path / "heart.nii.gz"))
    assert "totalsegmentator (heart: 1 of 1 structures lie" in str(refused.value)
    assert "name the right one by --labels" in str(refused.value)
    opened = open_anatomy(tmp_path / "heart.nii.gz", "totalsegmentator")
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    assert np.array_equal(found == values()["heart"], heart == 51)


def test_ours_are_known_by_their_header_by_labels_csv_and_by_what_they_show(torso: np.ndarray, tmp_path: Path) -> None:
    odd = np.zeros((8, 8, 8), np.uint8)
    odd[2:6, 2:6, 2:6] = values()["liver"]
    write_anatomy(image_from_array(odd, (3.0,) * 3, labels=True), tmp_path / "marked.nii.gz")
    write_anatomy(image_from_array(odd, (3.0,) * 3, labels=True), tmp_path / "marked.nrrd")
    (tmp_path / "case").mkdir()
    write_labels_csv(tmp_path / "case" / "labels.csv")
    told = save(odd, tmp_path / "case" / "anatomy.nii.gz")
    for path in (tmp_path / "marked.nii.gz", tmp_path / "marked.nrrd", told):
        opened = open_anatomy(path)
        assert np.array_equal(sitk.GetArrayViewFromImage(opened.read.image), odd)
        assert ("body was grown" in "".join(opened.notes)) is (path == told), "what we wrote is whole"
    alone = save(odd, tmp_path / "alone.nii.gz")
    with pytest.raises(VocabularyError, match="nothing tells what its values mean"):
        open_anatomy(alone)
    whole = open_anatomy(save(torso, tmp_path / "whole.nii.gz"))
    found = sitk.GetArrayViewFromImage(whole.anatomy)
    assert np.array_equal(found[torso > 0], torso[torso > 0]) and (found[torso == 0] > 0).any()
    assert len(whole.notes) == 1 and "body was grown" in whole.notes[0]
    skin = np.where(torso == 0, values()["body"], torso)
    with_body = open_anatomy(save(skin, tmp_path / "with_body.nii.gz"))
    assert np.array_equal(sitk.GetArrayViewFromImage(with_body.anatomy), skin) and with_body.notes == ()


def test_names_beside_a_file_are_not_believed_where_they_cannot_be_its(torso: np.ndarray, tmp_path: Path) -> None:
    write_labels_csv(tmp_path / "labels.csv")
    theirs = save(to_vocabulary(organs(torso), "totalsegmentator"), tmp_path / "totalseg.nii.gz")
    with pytest.raises(VocabularyError, match=r"tells names that do not fit what it shows; it may be totalsegm"):
        open_anatomy(theirs)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_names_may_be_given_in_a_file(kind: str, tmp_path: Path) -> None:
    array = np.zeros((8, 8, 8), np.float32)
    array[2:4], array[4:6] = 7.0001, 9.0
    names = tmp_path / f"names.{kind}"
    told = {"7": "liver", "9": "Left Kidney"}
    table = "value,name\n" + "".join(f"{value},{name}\n" for value, name in told.items())
    names.write_text(json.dumps(told) if kind == "json" else table)
    opened = open_anatomy(save(array, tmp_path / "mine.nii.gz"), str(names))
    found = sitk.GetArrayViewFromImage(opened.anatomy)
    assert set(np.unique(found[2:4])) == {values()["liver"]} and set(np.unique(found[4:6])) == {values()["kidney_left"]}
    names.write_text("value,name\n7,liver\n" if kind == "csv" else '{"7": "liver"}')
    with pytest.raises(VocabularyError, match=r"values without a name in .*: 9"):
        open_anatomy(tmp_path / "mine.nii.gz", str(names))
    with pytest.raises(VocabularyError, match="'nobodys' is neither a vocabulary nor a file: use totalsegmentator"):
        open_anatomy(tmp_path / "mine.nii.gz", "nobodys")
