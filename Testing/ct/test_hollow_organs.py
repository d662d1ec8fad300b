"""Stomach, bowel and bladder that are ellipsoids and tubes in a box of fat: wall, content, levels, contrast."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.hollow.bladder import with_bladder
from GuideGenLib.ct.hollow.contents import ORAL
from GuideGenLib.ct.hollow.gas import MOST_MM, level_shares
from GuideGenLib.ct.hollow.organs import WALL, with_hollow_organs
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.vessels.places import Mask

VALUE = values()
SPACING = 2.0
SHAPE = (90, 60, 110)
TISSUES = ("stomach", "duodenum", "small_bowel", "colon")
HOLLOW = (*TISSUES, "stomach_gas", "colon_gas")


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """The gas of the stomach ends in a slope of two voxels over fluid."""
    found = np.full(SHAPE, VALUE["torso_fat"], np.uint8)
    z, y, x = np.indices(SHAPE)
    stomach = ((z - 70) / 15) ** 2 + ((y - 28) / 17) ** 2 + ((x - 75) / 18) ** 2 < 1
    found[stomach] = VALUE["stomach"]
    found[stomach & (y < 24 + (x > 70) + (x > 80))] = VALUE["stomach_gas"]
    found[60:64, 30:36, 30:52] = VALUE["duodenum"]
    found[((z - 30) / 22) ** 2 + ((y - 30) / 20) ** 2 + ((x - 60) / 24) ** 2 < 1] = VALUE["small_bowel"]
    for middle in (14, 97):
        tube = ((y - 30) ** 2 + (x - middle) ** 2 < 9**2) & (z > 5) & (z < 80)
        found[tube] = VALUE["colon"]
        found[tube & (y < 26) & (z > 40)] = VALUE["colon_gas"]
    return found


def drawn(labels: np.ndarray, phase: str = "portal_venous", seed: int = 1, oral: bool = False) -> np.ndarray:
    table = reference_table(phase)
    return with_hollow_organs(table[labels], Canvas(labels, table, phase, SPACING, seed, oral_contrast=oral))


def of(labels: np.ndarray, *keys: str) -> Mask:
    return np.isin(labels, [VALUE[key] for key in keys])


def deep(mask: Mask, mm: float) -> Mask:
    return np.asarray(ndimage.distance_transform_edt(mask) * SPACING > mm)


@pytest.mark.parametrize("phase", ("none", "arterial", "portal_venous", "delayed"))
def test_labels_keep_the_mean_of_the_table(labels: np.ndarray, phase: str) -> None:
    hu = drawn(labels, phase)
    for key in ("stomach", "small_bowel", "colon"):
        assert abs(hu[deep(of(labels, key), 5)].mean() - reference_table(phase)[VALUE[key]]) < 10, key
    rest = ~of(labels, *HOLLOW)
    assert np.array_equal(hu[rest], reference_table(phase)[labels][rest])


def test_walls_are_brighter_than_fluid_and_by_contrast(labels: np.ndarray) -> None:
    behind = np.arange(SHAPE[1])[None, :, None] > 30
    stomach = of(labels, "stomach") & behind
    inside = of(labels, "stomach", "stomach_gas")
    difference = {}
    for phase in ("none", "portal_venous"):
        hu = drawn(labels, phase)
        difference[phase] = hu[stomach & ~deep(inside, 3)].mean() - hu[stomach & deep(inside, 9)].mean()
    assert difference["portal_venous"] > 25 and 0 < difference["none"] < 0.6 * difference["portal_venous"]
    assert WALL["portal_venous"] > WALL["arterial"] > WALL["none"]


def test_gas_lies_over_fluid_under_one_plane(labels: np.ndarray) -> None:
    hu = drawn(labels)
    middle = deep(of(labels, "stomach", "stomach_gas"), 8)
    last = [np.flatnonzero(hu[z, :, x] < -450).max() for z in (66, 70, 74) for x in range(66, 86) if middle[z, 30, x]]
    assert len(last) > 40 and max(last) == min(last)
    before = [np.flatnonzero(labels[70, :, x] == VALUE["stomach_gas"]).max() for x in range(66, 86)]
    assert max(before) - min(before) == 2
    assert (hu[of(labels, "stomach_gas") & deep(of(labels, "stomach", "stomach_gas"), 6)] < -450).mean() > 0.9


def test_gas_keeps_its_volume_and_what_was_painted_far_from_the_level() -> None:
    tissue = np.zeros((20, 30, 40), bool)
    tissue[2:18, 2:28, 2:38] = True
    y, x = np.indices(tissue.shape)[1:]
    gas = tissue & (y < 6 + x // 3)
    share = level_shares(gas, tissue & ~gas, tissue, SPACING)
    assert abs(share.sum() - gas.sum()) < 0.02 * gas.sum()
    borders, new = gas[10].sum(0)[2:38], share[10].sum(0)[2:38]
    assert np.abs(new - borders).max() <= MOST_MM / SPACING + 0.51
    assert np.ptp(new[12:24]) < 0.01 < np.ptp(borders[12:24])
    solid = level_shares(gas, tissue & ~gas, np.zeros_like(tissue), SPACING)
    assert np.array_equal(solid, gas)


def test_small_bowel_has_loops_with_walls_between(labels: np.ndarray) -> None:
    hu = drawn(labels)
    inner = deep(of(labels, "small_bowel"), 8)
    assert np.percentile(hu[inner], 90) - np.percentile(hu[inner], 10) > 30
    fluid, pieces = ndimage.label(inner & (hu < 55))
    assert (np.bincount(fluid.ravel())[1:] > 50).sum() >= 3, pieces


def test_faeces_hold_more_gas_on_the_right_than_on_the_left() -> None:
    labels = np.full(SHAPE, VALUE["torso_fat"], np.uint8)
    y, x = np.indices(SHAPE)[1:]
    for middle in (14, 97):
        labels[((y - 30) ** 2 + (x - middle) ** 2 < 9**2)] = VALUE["colon"]
    inner = deep(of(labels, "colon"), 5)
    right = inner & (x < 55)
    low: dict[str, list[float]] = {"right": [], "left": []}
    for seed in range(6):
        hu = drawn(labels, seed=seed)
        low["right"].append(float(np.percentile(hu[right], 1)))
        low["left"].append(float(np.percentile(hu[inner & ~right], 1)))
    assert np.ptp([*low["right"], *low["left"]]) > 60, "faeces are of several kinds"
    assert np.mean(low["right"]) < np.mean(low["left"]) - 20


def test_a_scrap_of_colon_in_a_small_volume_is_drawn() -> None:
    scrap = np.full((12, 12, 12), values()["body"], np.uint8)
    scrap[4:8, 4:8, 4:8] = values()["colon"]
    assert np.isfinite(drawn(scrap)).all()


def test_oral_contrast_is_bright_in_stomach_and_bowel_alone(labels: np.ndarray) -> None:
    without, given = drawn(labels), drawn(labels, oral=True)
    middle = deep(of(labels, "stomach", "stomach_gas"), 9) & of(labels, "stomach")
    assert without[middle].max() < 110 and 0.5 * ORAL[0] < given[middle].mean() < 1.3 * ORAL[1]
    bowel = of(labels, "small_bowel")
    assert np.percentile(given[bowel], 80) > 150 > np.percentile(without[bowel], 99.9)
    back, front = (middle & (np.arange(SHAPE[1])[None, :, None] > y) for y in (34, -1))
    assert given[back].mean() > given[front & ~back].mean() + 10
    gas = of(labels, "stomach_gas") & deep(of(labels, "stomach", "stomach_gas"), 8)
    assert np.abs(given - without)[gas & (without < -940)].max() < 60
    rest = ~of(labels, *HOLLOW)
    assert np.array_equal(given[rest], without[rest])


def test_an_edit_changes_nothing_far_away_and_a_tumour_is_left(labels: np.ndarray) -> None:
    before = drawn(labels)
    assert np.array_equal(before, drawn(labels))
    assert np.abs(before - drawn(labels, seed=2))[of(labels, "small_bowel", "colon")].mean() > 5
    edited = labels.copy()
    edited[14:20, 26:34, 8:14] = VALUE["colon_tumor"]
    after = drawn(edited)
    tumour = edited == VALUE["colon_tumor"]
    assert (after[tumour] == reference_table("portal_venous")[VALUE["colon_tumor"]]).all()
    near = ndimage.distance_transform_edt(~tumour) * SPACING < 20
    assert np.abs(after - before)[~near].max() < 3
    assert np.array_equal(after[of(labels, "stomach", "small_bowel")], before[of(labels, "stomach", "small_bowel")])
    window = np.s_[10:80, 12:50, 5:100]
    table = reference_table("portal_venous")
    part = with_hollow_organs(table[labels][window], Canvas(labels, table, "portal_venous", SPACING, 1, window))
    inner = (slice(4, -4),) * 3
    assert np.allclose(part[inner], before[window][inner], atol=1e-3)


def test_a_voxel_of_the_colon_leaves_the_rest_of_it_bit_for_bit(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[30, 38, 14] = VALUE["torso_fat"]
    assert labels[30, 38, 14] == VALUE["colon"]
    before, after = drawn(labels), drawn(edited)
    far = ndimage.distance_transform_edt(labels == edited) * SPACING > 20
    assert (before != after).any() and np.array_equal(before[far], after[far])


def test_the_grain_of_the_networks_stays(labels: np.ndarray) -> None:
    table = reference_table("portal_venous")
    grain = np.random.default_rng(0).normal(0, 8, SHAPE).astype(np.float32)
    with_grain = with_hollow_organs(table[labels] + grain, Canvas(labels, table, "portal_venous", SPACING, 1))
    inner = deep(of(labels, "small_bowel"), 6)
    assert np.corrcoef((with_grain - drawn(labels))[inner], grain[inner])[0, 1] > 0.9


def test_contrast_sinks_to_the_back_of_the_bladder() -> None:
    labels = np.full((50, 50, 50), VALUE["torso_fat"], np.uint8)
    z, y, x = np.indices(labels.shape)
    labels[(z - 25) ** 2 + (y - 25) ** 2 + (x - 25) ** 2 < 20**2] = VALUE["urinary_bladder"]
    inside = labels == VALUE["urinary_bladder"]
    for phase in ("none", "portal_venous", "delayed"):
        table = reference_table(phase)
        hu = with_bladder(table[labels], Canvas(labels, table, phase, SPACING, 1))
        lumen = deep(inside, 5)
        assert abs(hu[lumen].mean() - table[VALUE["urinary_bladder"]]) < 4
        assert hu[inside & ~deep(inside, 3)].mean() > np.median(hu[lumen]) + 10
        assert np.array_equal(hu[~inside], table[labels][~inside])
        bright = np.argwhere(lumen & (hu > 200))
        assert len(bright) > 200 if phase == "delayed" else not len(bright)
        assert phase != "delayed" or np.quantile(bright[:, 1], 0.1) > 30  # jets apart


def test_ureters_spurt_contrast_into_the_bladder() -> None:
    """In some patients a jet of the delayed phase rises to the front above the sunken contrast; never without it."""
    z, y, x = np.indices((50, 50, 50))
    labels = np.full((50, 50, 50), VALUE["torso_fat"], np.uint8)
    labels[(z - 25) ** 2 + (y - 25) ** 2 + (x - 25) ** 2 < 20**2] = VALUE["urinary_bladder"]
    lumen = (z - 25) ** 2 + (y - 25) ** 2 + (x - 25) ** 2 < 16**2

    def dense_in_front(phase: str, seed: int) -> int:
        table = reference_table(phase)
        hu = with_bladder(table[labels], Canvas(labels, table, phase, SPACING, seed))
        return int((lumen & (y < 32) & (hu > 120)).sum())

    delayed = [dense_in_front("delayed", seed) for seed in range(8)]
    assert min(delayed) == 0
    assert max(delayed) > 20
    assert not any(dense_in_front("portal_venous", seed) for seed in range(8))
