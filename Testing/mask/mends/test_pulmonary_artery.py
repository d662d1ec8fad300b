"""The heart's label ends above in a trunk with two branches about the aorta, not in a block up to the breastbone."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.mends.pulmonary_artery import with_pulmonary_artery

VALUE = values()
SPACING = 3.0
TOP = 44
"""The heart's uppermost slice."""

pytestmark = pytest.mark.small


@pytest.fixture
def labels() -> np.ndarray:
    """[60, 70, 90] of lungs: fat in the middle, a heart with a block above it left of the ascending aorta, the
    descending aorta and the vena cava."""
    z, y, x = np.indices((60, 70, 90))
    found = np.where(x < 40, VALUE["lung_upper_lobe_right"], VALUE["lung_upper_lobe_left"]).astype(np.uint8)
    found[(np.abs(x - 42) < 14) & (np.abs(y - 36) < 16)] = VALUE["torso_fat"]
    found[((z - 14) / 16) ** 2 + ((y - 30) / 18) ** 2 + ((x - 46) / 20) ** 2 < 1] = VALUE["heart"]
    found[(z > 14) & (z <= TOP) & (np.abs(y - 26) < 20) & (np.abs(x - 52) < 8)] = VALUE["heart"]
    found[(np.hypot(y - 26, x - 40) < 5.5) & (z > 14)] = VALUE["aorta"]
    found[(np.hypot(y - 52, x - 47) < 4.5)] = VALUE["aorta"]
    found[(np.hypot(y - 29, x - 31) < 3.5) & (z > 24)] = VALUE["superior_vena_cava"]
    return found


def test_a_trunk_is_left_of_the_block_and_lung_and_fat_of_what_is_too_far(labels: np.ndarray) -> None:
    result = with_pulmonary_artery(labels, SPACING, 1)
    heart = result == VALUE["heart"]
    level = TOP - 8
    assert heart[level, 30, 48:54].all(), "trunk beside the aorta"
    width = heart[level, 30].sum() * SPACING
    assert 20 < width < 36 < (labels[level, 30] == VALUE["heart"]).sum() * SPACING
    assert not heart[level:, :14].any(), "block at the breastbone"
    assert result[level, 9, 52] == VALUE["lung_upper_lobe_left"]
    ring = ndimage.binary_dilation(heart[level], iterations=1) & ~heart[level]
    assert (result[level][ring & (labels[level] == VALUE["heart"])] == VALUE["torso_fat"]).all()


def test_the_right_branch_crosses_behind_aorta_and_vena_cava(labels: np.ndarray) -> None:
    result = with_pulmonary_artery(labels, SPACING, 1)
    level = TOP - 10
    for column in (31, 36, 40):
        behind = result[level - 2 : level + 3, :, column] == VALUE["heart"]
        assert not (labels[level, :, column] == VALUE["heart"]).any()
        assert 12 <= behind.any(axis=0).sum() * SPACING <= 27
        assert behind.any(axis=0).argmax() > 30


def test_it_is_one_piece_and_only_heart_lung_fat_and_unlabelled_tissue_change(labels: np.ndarray) -> None:
    result = with_pulmonary_artery(labels, SPACING, 1)
    assert ndimage.label(result == VALUE["heart"])[1] == 1
    changed = result != labels
    assert set(np.unique(labels[changed])) <= {VALUE["heart"], VALUE["torso_fat"], VALUE["body"]}
    lungs = (VALUE["lung_upper_lobe_left"], VALUE["lung_upper_lobe_right"])
    assert set(np.unique(result[changed])) <= {VALUE["heart"], VALUE["torso_fat"], *lungs}
    assert not changed[: TOP - 26].any()
    assert np.array_equal(result, with_pulmonary_artery(labels, SPACING, 1))
    assert not np.array_equal(result, with_pulmonary_artery(labels, SPACING, 2))


def test_a_heart_that_the_volume_cuts_or_without_an_aorta_stays(labels: np.ndarray) -> None:
    cut = labels[: TOP - 3]
    assert with_pulmonary_artery(cut, SPACING, 1) is cut
    bare = np.where(labels == VALUE["aorta"], VALUE["torso_fat"], labels).astype(np.uint8)
    assert with_pulmonary_artery(bare, SPACING, 1) is bare
    behind = labels.copy()
    behind[(labels == VALUE["aorta"]) & (np.arange(70)[:, None] < 40)] = VALUE["torso_fat"]
    assert with_pulmonary_artery(behind, SPACING, 1) is behind
