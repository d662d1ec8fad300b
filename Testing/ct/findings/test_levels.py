"""The HU of findings, brought to those of the table; what is small stays on the grid of the CT."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.core.volumes import image_from_array, to_canonical
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.levels import with_levels
from GuideGenLib.ct.findings.open_lung import open_lung
from GuideGenLib.ct.findings.small import with_small
from GuideGenLib.ct.grid import labels_on_grid
from GuideGenLib.vessels.places import Box

TABLE = hu_mean("portal_venous")


def canvas(labels: np.ndarray, window: Box = (slice(None),) * 3) -> Canvas:
    return Canvas(labels, TABLE, "portal_venous", 2.0, 1, window)


def block(key: str, size: int) -> np.ndarray:
    """A cube of a finding in the middle of liver."""
    labels = np.full((40, 40, 40), values()["liver"], np.uint8)
    part = slice(20 - size // 2, 20 - size // 2 + size)
    labels[part, part, part] = values()[key]
    return labels


@pytest.mark.parametrize("key", ["ascites", "hydronephrosis", "ground_glass_opacity"])
def test_the_mean_of_a_finding_is_that_of_the_table_and_its_fine_texture_stays(key: str) -> None:
    labels = block(key, 16)
    there = labels == values()[key]
    hu = np.random.default_rng(1).normal(-40, 15, labels.shape).astype(np.float32)
    after = with_levels(hu.copy(), canvas(labels))
    inner = ndimage.binary_erosion(there)
    moved = abs(float(TABLE[values()[key]]) + 40)
    assert after[inner].mean() == pytest.approx(TABLE[values()[key]], abs=2 + 0.02 * moved)
    assert after[inner].std() == pytest.approx(15, rel=0.2)
    assert np.array_equal(after[~there], hu[~there])


def test_a_window_has_the_levels_that_the_whole_has() -> None:
    labels = block("ascites", 16)
    hu = np.random.default_rng(1).normal(-40, 15, labels.shape).astype(np.float32)
    window = (slice(2, 38), slice(0, 36), slice(4, 40))
    whole = with_levels(hu.copy(), canvas(labels))
    assert np.allclose(with_levels(hu[window].copy(), canvas(labels, window)), whole[window], atol=0.01)


def test_a_finding_that_a_window_cuts_is_levelled_as_the_whole_of_it() -> None:
    labels = np.full((24, 24, 60), values()["liver"], np.uint8)
    labels[4:20, 4:20, 40:56] = labels[11:14, 11:14, :40] = values()["ascites"]
    hu = np.random.default_rng(1).normal(-40, 15, labels.shape).astype(np.float32)
    window = (slice(0, 24), slice(0, 24), slice(0, 36))  # of its thin tail alone
    off_the_cut = (slice(None), slice(None), slice(0, 20))
    whole = with_levels(hu.copy(), canvas(labels))
    assert np.allclose(
        with_levels(hu[window].copy(), canvas(labels, window))[off_the_cut], whole[off_the_cut], atol=0.01
    )


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_middle_of_a_stone_is_as_dense_as_told_however_small_it_is(size: int) -> None:
    labels = block("bladder_stone", size)
    stone = values()["bladder_stone"]
    hu = with_small(np.full(labels.shape, 10, np.float32), canvas(labels))
    assert hu[labels == stone].max() > 0.75 * TABLE[stone]


def test_a_stone_of_one_voxel_is_not_voted_away_on_the_grid_of_the_ct() -> None:
    labels = block("kidney_stone", 1)
    image = image_from_array(labels, (3.0, 3.0, 3.0), labels=True)
    smooth, _ = to_canonical(image, 2.0, labels=True, smooth=True)
    kept, _ = labels_on_grid(image, 2.0)
    stone = kept == values()["kidney_stone"]
    assert stone.any() and np.array_equal(kept[~stone], smooth[~stone])


def test_bronchi_and_vessels_go_on_in_consolidated_lung() -> None:
    labels = np.full((20, 20, 20), values()["lung_lower_lobe_left"], np.uint8)
    labels[:, :, :6] = values()["muscle"]
    dense = labels.copy()
    dense[5:15, 5:15, 8:16] = values()["consolidation"]
    assert np.array_equal(open_lung(dense), labels)
    assert open_lung(labels) is labels
