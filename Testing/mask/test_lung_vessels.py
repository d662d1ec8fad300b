"""Branches grown in two ellipsoids beside a heart."""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import lobes_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.lung_vessels import PLEURA_MM, lay_vessels
from GuideGenLib.vessels.places import SIDES

VALUE = values()
VESSEL = VALUE["lung_vessel"]
SPACING = 3.0
SHAPE = (68, 44, 76)
CENTRE = {"left": (34.0, 22.0, 54.0), "right": (34.0, 22.0, 22.0)}
RADII = (28.0, 18.0, 15.0)


def chest(scale: float = 1.0) -> np.ndarray:
    """Two lungs of an upper and a lower lobe beside a heart, with one lump of vessel at each hilum."""
    labels = np.full(SHAPE, VALUE["body"], np.uint8)
    z, y, x = np.indices(SHAPE)
    labels[(np.abs(z - 34) < 12) & (np.abs(y - 22) < 10) & (np.abs(x - 38) < 6)] = VALUE["heart"]
    for side, centre in CENTRE.items():
        radii = [r * scale for r in RADII]
        lung = sum(((g - c) / r) ** 2 for g, c, r in zip((z, y, x), centre, radii, strict=True)) < 1
        labels[lung & (z >= 34)] = VALUE[f"lung_upper_lobe_{side}"]
        labels[lung & (z < 34)] = VALUE[f"lung_lower_lobe_{side}"]
        out = 1 if side == "left" else -1
        lump = np.sqrt((z - 34) ** 2 + (y - 22) ** 2 + (x - centre[2] + out * 4) ** 2) < 4
        labels[lump & lung] = VESSEL
    return labels


def lungs_of(labels: np.ndarray) -> np.ndarray:
    return np.isin(labels, [VESSEL, *(VALUE[key] for side in SIDES for key in lobes_of(side))])


def check(before: np.ndarray, after: np.ndarray) -> None:
    """What holds for every volume: only lungs change, the layer below the pleura is free, lobes are in one piece."""
    assert np.array_equal(before[~lungs_of(before)], after[~lungs_of(before)])
    assert lungs_of(after)[lungs_of(before)].all()
    whole = np.pad(lungs_of(before), ((1, 1), (0, 0), (0, 0)), mode="edge")
    depth = ndimage.distance_transform_edt(whole)[1:-1] * SPACING
    assert (depth[after == VESSEL] > PLEURA_MM).all()
    for side in SIDES:
        for key in lobes_of(side):
            parts = ndimage.label(after == VALUE[key], TOUCHING)[1]
            assert parts == ndimage.label(before == VALUE[key], TOUCHING)[1]


def test_lumps_become_trees_all_over_the_lungs() -> None:
    drawn = chest()
    result = lay_vessels(drawn, SPACING, seed=1)
    check(drawn, result)
    laid = result == VESSEL
    assert ndimage.distance_transform_edt(laid).max() < 3, "no lump is left"
    whole = ndimage.distance_transform_edt(lungs_of(drawn)) * SPACING
    far = ndimage.distance_transform_edt(~laid) * SPACING
    assert np.median(far[whole > 12]) < 30
    share = laid.sum() / lungs_of(drawn).sum()
    assert 0.002 < share < 0.05
    parts = ndimage.label(laid, np.ones((3, 3, 3)))[0]
    sizes = np.bincount(parts.ravel())[1:]
    assert np.sort(sizes)[-2:].sum() > 0.9 * sizes.sum(), "one tree in each lung"


def test_branches_start_at_the_heart() -> None:
    drawn = chest()
    laid = lay_vessels(drawn, SPACING, seed=1) == VESSEL
    heart = ndimage.distance_transform_edt(drawn != VALUE["heart"])
    about = ndimage.uniform_filter(laid.astype(float), 3)
    assert np.corrcoef(heart[laid], about[laid])[0, 1] < -0.3, "they are thicker near to it"


def test_each_patient_has_other_vessels_and_the_same_ones_again() -> None:
    drawn = chest()
    kept = drawn.copy()
    first, again, other = (lay_vessels(drawn, SPACING, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and np.array_equal(drawn, kept)
    both = ((first == VESSEL) & (other == VESSEL)).sum() / (first == VESSEL).sum()
    assert both < 0.6


def test_a_lung_that_the_volume_cuts_has_vessels_to_the_cut() -> None:
    drawn = chest()
    for part, last in ((slice(0, 42), slice(-8, None)), (slice(26, None), slice(0, 8))):
        cut = lay_vessels(drawn[part], SPACING, seed=1)
        check(drawn[part], cut)
        assert (cut[last] == VESSEL).any()


def test_what_shows_too_little_of_a_lung_stays_as_it_is() -> None:
    drawn = chest()
    heartless = np.where(drawn == VALUE["heart"], VALUE["body"], drawn).astype(np.uint8)
    without = lay_vessels(heartless, SPACING, seed=1)
    assert not (without == VESSEL).any(), "nothing is shown that vessels could come from"
    for labels in (drawn[:8], chest(scale=0.3), np.zeros((4, 5, 6), np.uint8)):
        assert np.array_equal(lay_vessels(labels, SPACING, seed=1), labels)


def test_one_lung_is_enough() -> None:
    drawn = chest()
    right = np.arange(SHAPE[2]) < 38
    drawn[lungs_of(drawn) & right] = VALUE["body"]
    result = lay_vessels(drawn, SPACING, seed=1)
    check(drawn, result)
    assert np.array_equal(result[..., :38], drawn[..., :38])
    assert (result == VESSEL).sum() > 60
