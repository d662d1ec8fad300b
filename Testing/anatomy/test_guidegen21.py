"""GuideGen's classes have no sides, lobes and levels: they are found by place."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.maps import VocabularyError, from_vocabulary, to_vocabulary

VALUES = table.values()


@pytest.fixture
def classes() -> np.ndarray:
    """A toy torso [40, 20, 30]: spine through all of it, lungs at z 20..34, kidneys, adrenals, ribs, liver."""
    volume = np.zeros((40, 20, 30), np.uint8)
    volume[:, 15:18, 14:16] = 12
    volume[20:35, 3:15, 3:13] = volume[20:35, 3:15, 17:27] = 6
    volume[10:14, 12:15, 5:9] = volume[10:14, 12:15, 21:25] = 2
    volume[14:16, 13:15, 8:10] = volume[14:16, 13:15, 20:22] = 14
    volume[22:24, 2:18, 1] = volume[22:24, 2:18, 28] = 13
    volume[14:20, 3:12, 4:14] = 3
    return volume


def read(classes: np.ndarray) -> np.ndarray:
    return from_vocabulary(classes, "guidegen21")


def present(volume: np.ndarray) -> set[str]:
    return {table.label(value).key for value in np.unique(volume).tolist()}


def test_paired_structures_are_told_apart_by_the_side_of_the_spine(classes: np.ndarray) -> None:
    labels = read(classes)
    x = np.arange(30)
    for value, paired in ((2, "kidney"), (14, "adrenal"), (13, "ribs")):
        middle = x[None, None] > 14.5
        assert np.array_equal(labels == VALUES[f"{paired}_left"], (classes == value) & middle)
        assert np.array_equal(labels == VALUES[f"{paired}_right"], (classes == value) & ~middle)


def test_a_bent_spine_is_followed(classes: np.ndarray) -> None:
    bent = np.zeros_like(classes)
    for z in range(40):
        bent[z] = np.roll(classes[z], 4 if z < 20 else 0, axis=1)
    labels = read(bent)
    assert np.count_nonzero(labels == VALUES["kidney_left"]) == np.count_nonzero(labels == VALUES["kidney_right"]) == 48


def test_an_organ_that_reaches_over_the_middle_stays_whole(classes: np.ndarray) -> None:
    classes[20:24, 4, 12:16] = 6  # the right lung in front of the spine
    labels = read(classes)
    assert not np.isin(labels[20:24, 4, 12:16], [VALUES["lung_upper_lobe_left"], VALUES["lung_lower_lobe_left"]]).any()


def test_each_lung_gets_its_lobes_in_their_order(classes: np.ndarray) -> None:
    labels = read(classes)
    assert labels[33, 4, 5] == VALUES["lung_upper_lobe_right"]
    assert labels[24, 4, 5] == VALUES["lung_middle_lobe_right"]
    assert labels[21, 13, 5] == VALUES["lung_lower_lobe_right"]
    assert labels[24, 4, 20] == VALUES["lung_upper_lobe_left"]
    assert labels[21, 13, 20] == VALUES["lung_lower_lobe_left"]


def test_vertebrae_are_named_by_their_height_beside_the_lungs(classes: np.ndarray) -> None:
    spine = read(classes)[:, 16, 14]
    assert set(spine[:20].tolist()) == {VALUES["vertebrae_lumbar"]}
    assert set(spine[20:35].tolist()) == {VALUES["vertebrae_thoracic"]}
    assert set(spine[35:].tolist()) == {VALUES["vertebrae_cervical"]}
    classes[classes == 6] = 0
    assert set(read(classes)[:, 16, 14].tolist()) == {VALUES["vertebrae_lumbar"]}


def test_each_tumor_goes_to_its_organ(classes: np.ndarray) -> None:
    classes[16:18, 5:8, 6:9] = 20
    classes[28:31, 8:11, 20:23] = 20
    labels = read(classes)
    assert np.array_equal(labels == VALUES["liver_tumor"], (classes == 20) & (np.arange(40)[:, None, None] < 20))
    assert np.array_equal(labels == VALUES["lung_tumor"], (classes == 20) & (np.arange(40)[:, None, None] > 20))


def test_a_tumor_without_any_organ_is_body() -> None:
    classes = np.zeros((4, 4, 4), np.uint8)
    classes[1, 1, 1] = 20
    assert present(read(classes)) == {"background", "body"}


def test_an_empty_volume_and_a_single_structure_are_read() -> None:
    assert not read(np.zeros((3, 4, 5), np.uint8)).any()
    assert present(read(np.full((3, 4, 5), 3, np.uint8))) == {"liver"}
    assert present(read(np.full((3, 4, 5), 2, np.uint8))) == {"kidney_left", "kidney_right"}


def test_reading_needs_three_axes() -> None:
    with pytest.raises(VocabularyError, match="2 axes"):
        read(np.zeros((3, 4), np.uint8))


def test_the_toy_torso_comes_back(classes: np.ndarray) -> None:
    assert np.array_equal(to_vocabulary(read(classes), "guidegen21"), classes)


def test_a_real_scan_finds_its_sides_and_most_of_its_lobes(data: Path) -> None:
    image = sitk.DICOMOrient(sitk.ReadImage(str(data / "labels" / "lidc_0001.nii.gz")), "LPS")
    truth = from_vocabulary(sitk.GetArrayFromImage(image), "totalsegmentator")
    labels = read(to_vocabulary(truth, "guidegen21"))
    for key in ("kidney_left", "kidney_right", "adrenal_left", "adrenal_right", "ribs_left", "ribs_right"):
        assert np.mean(labels[truth == VALUES[key]] == VALUES[key]) > 0.99
    lobes = np.isin(truth, [VALUES[key] for key in VALUES if key.startswith("lung_")])
    assert np.mean(labels[lobes] == truth[lobes]) > 0.9
