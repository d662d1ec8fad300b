"""Cases are brought onto the torso frame by their bones, or set aside."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.torso_frame import (
    CANVAS,
    FRAME_MM,
    Frame,
    PlacingError,
    frame_of,
    moved_by_middles,
    torso_frame,
)
from GuideGenLib.anatomy.unknown import OUTSIDE, UNLABELLED
from GuideGenLib.data.placing import measured_sex, place

KEY = values()


@pytest.fixture(scope="module")
def torso(phantom: np.ndarray) -> np.ndarray:
    """The phantom of boxes with hips and a prostate on the canvas, at 3 mm."""
    labels = phantom.copy()
    labels[4:30, 30:44, 44:56] = KEY["hip_left"]
    labels[4:30, 30:44, 8:20] = KEY["hip_right"]
    labels[1:4, 20:26, 28:36] = KEY["prostate"]
    fine = labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    side = [(n - m) // 2 for n, m in zip(CANVAS, fine.shape, strict=True)]
    return np.pad(fine, [(a, n - m - a) for a, n, m in zip(side, CANVAS, fine.shape, strict=True)])


@pytest.fixture(scope="module")
def frame(torso: np.ndarray) -> Frame:
    return frame_of(torso)


def unnamed(labels: np.ndarray) -> np.ndarray:
    return np.where((labels == 0) | (labels == KEY["body"]), UNLABELLED, labels).astype(np.uint8)


KNOWN = frozenset(v for v in KEY.values() if v > 1)


def test_a_whole_torso_stays_where_it_is(torso: np.ndarray, frame: Frame) -> None:
    placed = place(unnamed(torso), (FRAME_MM,) * 3, KNOWN, frame)
    assert np.array_equal(placed.labels, unnamed(torso))
    assert placed.scale == pytest.approx(1) and placed.off_mm == pytest.approx(0, abs=0.01)


def test_a_larger_person_cut_off_above_and_at_the_side_is_placed_by_the_spine(torso: np.ndarray, frame: Frame) -> None:
    shown = unnamed(torso)[:150, 4:, 20:]
    placed = place(shown, (3.3, 3.3, 3.3), KNOWN, frame)
    assert placed.scale == pytest.approx(3 / 3.3, abs=0.02) and placed.off_mm < 6
    for key in ("vertebrae_lumbar", "kidney_left", "urinary_bladder"):
        ours, theirs = (np.argwhere(x == KEY[key]).mean(0) for x in (placed.labels, torso))
        assert np.abs(ours - theirs).max() < 3.0
    assert (placed.labels[155:] == OUTSIDE).all() and (placed.labels[:, :, :18] == OUTSIDE).all()


def test_other_grids_and_a_pelvis_alone_are_placed_too(torso: np.ndarray, frame: Frame) -> None:
    shown = unnamed(torso)[:70, ::2, ::2]
    placed = place(shown, (3.0, 6.0, 6.0), KNOWN, frame)
    assert placed.scale == 1.0 or abs(placed.scale - 1) < 0.05
    ours, theirs = (np.argwhere(x == KEY["sacrum"]).mean(0) for x in (placed.labels, torso))
    assert np.abs(ours - theirs).max() < 3.0
    assert (placed.labels[80:] == OUTSIDE).all()


def test_what_cannot_be_placed_is_told(torso: np.ndarray, frame: Frame) -> None:
    liver = np.where(torso == KEY["liver"], torso, UNLABELLED).astype(np.uint8)[80:100]
    with pytest.raises(PlacingError, match="too few of them are labelled"):
        place(liver, (3.0, 3.0, 3.0), KNOWN, frame)
    wrong = np.where(torso == KEY["sacrum"], KEY["kidney_left"], unnamed(torso)).astype(np.uint8)[::-1].copy()
    with pytest.raises(PlacingError, match="miss their places"):
        place(wrong, (3.0, 3.0, 3.0), KNOWN, frame)


def test_an_organ_that_the_source_labels_and_that_is_not_there_is_known_to_be_absent(
    torso: np.ndarray, frame: Frame
) -> None:
    without = np.where(torso == KEY["gallbladder"], 0, torso).astype(np.uint8)
    placed = place(unnamed(without), (3.0, 3.0, 3.0), KNOWN, frame)
    assert KEY["gallbladder"] in placed.known
    assert KEY["gallbladder"] not in place(unnamed(without), (3.0,) * 3, KNOWN - {KEY["gallbladder"]}, frame).known


def test_sex_is_that_of_the_organs_or_of_a_whole_pelvis_without_prostate(torso: np.ndarray, frame: Frame) -> None:
    def sex(labels: np.ndarray) -> str | None:
        return measured_sex(place(unnamed(labels), (3.0, 3.0, 3.0), KNOWN, frame))

    assert sex(torso) == "male"
    assert sex(np.where(torso == KEY["prostate"], KEY["uterus"], torso)) == "female"
    assert sex(np.where(torso == KEY["prostate"], 0, torso)) == "female"
    assert sex(torso[100:]) is None


def test_the_shipped_frame_is_that_of_a_torso() -> None:
    frame = torso_frame()
    assert frame.ends["sacrum"][1] > frame.ends["vertebrae_lumbar"][0]
    assert frame.ends["vertebrae_lumbar"][1] > frame.ends["vertebrae_thoracic"][0]
    assert frame.ends["hip_left"][0] is None  # the canvas ends there
    assert frame.middles["liver"][2] < frame.middles["spleen"][2]  # the right side has low x


def test_organs_alone_are_brought_to_the_heights_of_their_middles(torso: np.ndarray, frame: Frame) -> None:
    liver = np.where(torso == KEY["liver"], torso, UNLABELLED).astype(np.uint8)[60:150]
    assert moved_by_middles(liver, FRAME_MM, frame) == pytest.approx(180)
    both = np.where(np.isin(torso, [KEY["liver"], KEY["lung_lower_lobe_left"]]), torso, 0).astype(np.uint8)[60:112]
    assert moved_by_middles(both, FRAME_MM, frame) == pytest.approx(180)  # the lung that is cut does not count
    with pytest.raises(PlacingError):
        moved_by_middles(np.zeros_like(liver), FRAME_MM, frame)
