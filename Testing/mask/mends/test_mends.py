"""What a drawing lacks is laid by rule, and nothing else is touched."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.mends.gallbladder import LEAST_ML, with_gallbladder
from GuideGenLib.mask.mends.neck import with_neck
from GuideGenLib.mask.mends.pelvis import with_pubic_bones

VALUE = values()
MM = 3.0


@pytest.fixture
def pelvis() -> np.ndarray:
    """Hip joints 168 mm apart in muscle [40, 80, 90]: thighs with round heads, and hip bones with no pubic bone."""
    labels = np.full((40, 80, 90), VALUE["muscle"], np.uint8)
    z, y, x = np.ogrid[:40, :80, :90]
    for side, at in (("right", 17), ("left", 73)):
        labels[15:38, 42:60, at - 4 : at + 5] = VALUE[f"hip_{side}"]
        inward = at + 12 if side == "right" else at - 12
        labels[13:27, 36:44, min(at, inward) : max(at, inward)] = VALUE[f"hip_{side}"]
        head = (z - 14) ** 2 + (y - 45) ** 2 + (x - at) ** 2 <= 64
        shaft = (z < 14) & (abs(y - 45) < 5) & (abs(x - at) < 5)
        labels[head | shaft] = VALUE[f"femur_{side}"]
    return labels


def hips(labels: np.ndarray) -> np.ndarray:
    return np.isin(labels, [VALUE["hip_left"], VALUE["hip_right"]])


def test_missing_pubic_bones_close_the_ring_in_front(pelvis: np.ndarray) -> None:
    mended = with_pubic_bones(pelvis, MM)
    changed = mended != pelvis
    assert hips(mended)[changed].all() and (pelvis[changed] == VALUE["muscle"]).all()
    ring, open_ring = (ndimage.binary_dilation(hips(one)[:, :42]) for one in (mended, pelvis))  # over the symphysis
    assert ndimage.label(ring)[1] == 1 and ndimage.label(open_ring)[1] == 2
    left, right = (np.argwhere(changed & (mended == VALUE[f"hip_{side}"])) for side in ("left", "right"))
    assert left[:, 2].min() > 44 and right[:, 2].max() < 46
    assert abs(len(left) - len(right)) < 0.2 * len(left)
    assert np.array_equal(with_pubic_bones(mended, MM), mended)


def test_half_a_ring_is_completed_as_high_as_the_half_that_was_drawn(pelvis: np.ndarray) -> None:
    pelvis[10:14, 28:38, 45:75] = VALUE["hip_left"]
    mended = with_pubic_bones(pelvis, MM)
    changed = mended != pelvis
    assert (mended[changed] == VALUE["hip_right"]).all()
    body = np.argwhere(changed & (np.arange(90) > 38))
    assert abs(body[:, 0].mean() - 11.5) < 3 and abs(body[:, 1].mean() - 32.5) < 3


def test_a_pubic_bone_that_was_drawn_apart_is_joined_to_its_hip_bone(pelvis: np.ndarray) -> None:
    pelvis[4:12, 30:36, 46:56], pelvis[4:12, 30:36, 34:44] = VALUE["hip_left"], VALUE["hip_right"]
    mended = with_pubic_bones(pelvis, MM)
    for side in ("left", "right"):
        bone, drawn = (one == VALUE[f"hip_{side}"] for one in (mended, pelvis))
        assert ndimage.label(drawn)[1] == 2 and ndimage.label(bone)[1] == 1
        assert 0 < (bone & ~drawn).sum() < 0.5 * (4 * MM) ** 3
        assert bone[drawn].all()


def test_pubic_bones_below_the_end_of_the_volume_are_not_laid(pelvis: np.ndarray) -> None:
    cut = pelvis[9:]
    assert np.array_equal(with_pubic_bones(cut, MM), cut)
    pelvis[pelvis == VALUE["femur_left"]] = VALUE["muscle"]
    assert np.array_equal(with_pubic_bones(pelvis, MM), pelvis)


@pytest.fixture
def belly() -> np.ndarray:
    """Fat [70, 70, 80] with a liver whose lower side slants, and colon below it."""
    labels = np.full((70, 70, 80), VALUE["torso_fat"], np.uint8)
    z, y, x = np.ogrid[:70, :70, :80]
    labels[(z > 20 + 0.4 * x) & (z < 64) & (y > 8) & (y < 56) & (x > 6) & (x < 70)] = VALUE["liver"]
    labels[18:24, 10:60, 4:60] = VALUE["colon"]
    return labels


def test_a_missing_gallbladder_lies_in_one_piece_under_the_liver(belly: np.ndarray) -> None:
    belly[60:62, 60:62, 60:62] = VALUE["gallbladder"]  # a crumb
    mended = with_gallbladder(belly, MM)
    found = mended == VALUE["gallbladder"]
    assert LEAST_ML < 15 < found.sum() * MM**3 / 1000 < 50
    assert ndimage.label(found)[1] == 1
    assert not found[60:62, 60:62, 60:62].any()
    assert (ndimage.binary_dilation(found) & (mended == VALUE["liver"])).any()
    assert np.argwhere(found)[:, 0].mean() < np.argwhere(belly == VALUE["liver"])[:, 0].mean()
    assert np.array_equal(mended == VALUE["colon"], belly == VALUE["colon"])


def test_a_drawn_gallbladder_stays_and_half_a_liver_gets_none(belly: np.ndarray) -> None:
    cut = belly[30:]
    assert np.array_equal(with_gallbladder(cut, MM), cut)
    belly[10:16, 10:16, 10:16] = VALUE["gallbladder"]
    assert np.array_equal(with_gallbladder(belly, MM), belly)


def test_the_spine_above_the_lungs_is_of_the_neck_where_none_was_drawn() -> None:
    labels = np.full((30, 20, 20), VALUE["muscle"], np.uint8)
    labels[:, 12:18, 7:13] = VALUE["vertebrae_thoracic"]
    labels[:20, 4:10, 4:10] = VALUE["lung_upper_lobe_left"]
    neck = with_neck(labels, MM) == VALUE["vertebrae_cervical"]
    assert np.flatnonzero(neck.any((1, 2))).tolist() == list(range(22, 30))
    assert np.array_equal(neck[22:], labels[22:] == VALUE["vertebrae_thoracic"])
    assert np.array_equal(with_neck(labels[:21], MM), labels[:21])
    labels[25:, 12:18, 7:13] = VALUE["vertebrae_cervical"]
    assert np.array_equal(with_neck(labels, MM), labels)
