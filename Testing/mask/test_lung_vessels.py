"""Branches traced in one pair of lungs and laid into others, on ellipsoids with a tree of rods."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import lobes_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.mask.lung_vessels import PLEURA_MM, SIDES, VesselMaps, fit_chart, lay_vessels, sided_lungs
from GuideGenLib.mask.vessel_tracing import measure_vessels

VALUE = values()
VESSEL = VALUE["lung_vessel"]
SPACING = 4.0
SHAPE = (68, 44, 76)
CENTRE = {"left": (34.0, 22.0, 54.0), "right": (34.0, 22.0, 22.0)}
RADII = (28.0, 18.0, 15.0)
TREE = (
    ((0.0, 0.0, -0.75), (0.0, 0.0, -0.1), (0.5, 0.1, 0.25)),
    ((0.0, 0.0, -0.1), (-0.6, 0.2, 0.2)),
    ((0.0, 0.0, -0.1), (0.1, -0.6, 0.1)),
    ((0.0, 0.0, -0.1), (0.0, 0.55, 0.3)),
)
"""Rods from the hilum, in half axes of the lung; x grows away from the mediastinum."""


def chest(scale: float = 1.0, tree: bool = True) -> np.ndarray:
    """Two lungs of an upper and a lower lobe beside a heart; vessels as a tree or as one lump at each hilum."""
    labels = np.full(SHAPE, VALUE["body"], np.uint8)
    z, y, x = np.indices(SHAPE)
    labels[(np.abs(z - 34) < 12) & (np.abs(y - 22) < 10) & (np.abs(x - 38) < 6)] = VALUE["heart"]
    for side, centre in CENTRE.items():
        radii = [r * scale for r in RADII]
        lung = sum(((g - c) / r) ** 2 for g, c, r in zip((z, y, x), centre, radii, strict=True)) < 1
        labels[lung & (z >= 34)] = VALUE[f"lung_upper_lobe_{side}"]
        labels[lung & (z < 34)] = VALUE[f"lung_lower_lobe_{side}"]
        out = 1 if side == "left" else -1
        if tree:
            labels[rods(side) & lung] = VESSEL
        else:
            lump = np.sqrt((z - 34) ** 2 + (y - 22) ** 2 + (x - centre[2] + out * 4) ** 2) < 4
            labels[lump & lung] = VESSEL
    return labels


def rods(side: str) -> np.ndarray:
    """Voxels of the tree of one side."""
    mask = np.zeros(SHAPE, bool)
    out = 1 if side == "left" else -1
    for branch in TREE:
        for start, end in pairwise(np.array(branch) * RADII * (1, 1, out) + CENTRE[side]):
            for share in np.linspace(0, 1, 60):
                mask[tuple(np.rint(start + share * (end - start)).astype(int))] = True
    return mask


def hu_of(labels: np.ndarray) -> np.ndarray:
    lungs = np.isin(labels, [VALUE[key] for side in SIDES for key in lobes_of(side)])
    return np.where(lungs, -850, 40).astype(np.int16)


@pytest.fixture(scope="module")
def maps() -> VesselMaps:
    labels = chest()
    return measure_vessels(labels, hu_of(labels), SPACING)


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


def test_lumps_become_the_tree_of_the_template(maps: VesselMaps) -> None:
    drawn = chest(tree=False)
    result = lay_vessels(drawn, SPACING, maps)
    check(drawn, result)
    tree = rods("left") | rods("right")
    laid = result == VESSEL
    assert (ndimage.distance_transform_edt(~tree)[laid] <= 2).all()
    assert (ndimage.distance_transform_edt(~laid)[tree] <= 2).mean() > 0.9
    assert ndimage.label(laid, TOUCHING)[1] == 2  # one tree in each lung
    assert ndimage.distance_transform_edt(laid).max() < 2  # no lump is left


def test_branches_follow_the_size_of_the_lung(maps: VesselMaps) -> None:
    drawn = chest(scale=0.75, tree=False)
    result = lay_vessels(drawn, SPACING, maps)
    check(drawn, result)
    assert ndimage.label(result == VESSEL, TOUCHING)[1] == 2
    small, large = (np.ptp(np.argwhere(v == VESSEL)[:, 0]) for v in (result, chest()))
    assert small / large == pytest.approx(0.75, abs=0.08)


def test_a_lung_that_the_volume_cuts_gets_the_part_of_its_branches(maps: VesselMaps) -> None:
    drawn = chest(tree=False)
    whole = lay_vessels(drawn, SPACING, maps)
    for part in (slice(0, 42), slice(24, None)):
        cut = lay_vessels(drawn[part], SPACING, maps)
        check(drawn[part], cut)
        laid, wanted = cut == VESSEL, whole[part] == VESSEL
        assert (ndimage.distance_transform_edt(~wanted)[laid] <= 3).all()
        assert (ndimage.distance_transform_edt(~laid)[wanted] <= 3).mean() > 0.85


def test_what_shows_too_little_of_a_lung_stays_as_it_is(maps: VesselMaps) -> None:
    drawn = chest(tree=False)
    for labels in (drawn[24:42], drawn[:8], chest(scale=0.3, tree=False), np.zeros((4, 5, 6), np.uint8)):
        assert np.array_equal(lay_vessels(labels, SPACING, maps), labels)


def test_one_lung_is_enough(maps: VesselMaps) -> None:
    drawn = chest(tree=False)
    right = np.arange(SHAPE[2]) < 38
    drawn[lungs_of(drawn) & right] = VALUE["body"]
    result = lay_vessels(drawn, SPACING, maps)
    check(drawn, result)
    assert np.array_equal(result[..., :38], drawn[..., :38])
    assert (result == VESSEL).sum() > 60


def test_the_input_stays_and_the_result_repeats(maps: VesselMaps) -> None:
    drawn = chest(tree=False)
    kept = drawn.copy()
    assert np.array_equal(lay_vessels(drawn, SPACING, maps), lay_vessels(drawn, SPACING, maps))
    assert np.array_equal(drawn, kept)


def test_maps_are_forests_within_the_lungs(maps: VesselMaps) -> None:
    numbers = np.arange(len(maps.radii))
    assert (maps.parents <= numbers).all() and (maps.sides[maps.parents] == maps.sides).all()
    assert (maps.parents == numbers).sum() == 2
    assert maps.points.min() > 0 and maps.points.max() < 1
    assert (maps.radii <= maps.radii[maps.parents]).all()
    assert maps.heights == pytest.approx(RADII[0] / RADII[1], rel=0.06)


def test_bright_branches_that_nobody_labelled_are_found_and_nodules_are_not() -> None:
    labels = chest()
    hu = hu_of(labels)
    rod = rods("left") & (np.indices(SHAPE)[0] > 40)
    z, y, x = np.indices(SHAPE)
    nodule = (z - 18) ** 2 + (y - 20) ** 2 + (x - 58) ** 2 < 4.5**2
    labels[rod] = VALUE["lung_upper_lobe_left"]
    labels[nodule] = VESSEL
    hu[nodule] = 40
    laid = lay_vessels(chest(tree=False), SPACING, measure_vessels(labels, hu, SPACING)) == VESSEL
    assert (ndimage.distance_transform_edt(~laid)[rod] <= 1.5).mean() > 0.9
    assert laid[nodule].mean() < 0.1


def test_a_template_without_vessels_changes_nothing() -> None:
    labels = chest()
    labels[labels == VESSEL] = VALUE["lung_upper_lobe_left"]
    empty = measure_vessels(labels, hu_of(labels), SPACING)
    drawn = chest(tree=False)
    assert empty.points.shape == (0, 3) and np.array_equal(lay_vessels(drawn, SPACING, empty), drawn)


def test_a_part_of_a_lobe_that_vessels_shut_off_becomes_vessel() -> None:
    drawn = chest(tree=False)
    lung, box = next((filled > 0, box) for side, filled, box in sided_lungs(drawn) if side == "left")
    chart = fit_chart(lung)
    assert chart is not None
    way = np.random.default_rng(0).normal(size=(3000, 3))
    places = np.array([46.0, 22.0, 54.0]) - [s.start for s in box] + 5 * way / np.linalg.norm(way, axis=1)[:, None]
    count = len(places)
    ball = VesselMaps(  # a hollow ball of vessel with a pocket of lung
        chart.to_shares(places), np.full(count, 4.0, np.float32), np.arange(count, dtype=np.int32),
        np.zeros(count, np.uint8), np.ones(2, np.float32),
    )  # fmt: skip
    result = lay_vessels(drawn, SPACING, ball)
    check(drawn, result)
    assert (result[42:51, 19:26, 51:58] == VESSEL).all()
