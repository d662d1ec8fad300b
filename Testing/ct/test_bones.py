"""Cortex and inside of a vertebra, a hip and a thigh bone in muscle."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.bones import OWN_VOXELS, with_bones
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.reference import aged, reference_table

VALUE = values()
SPACING = 2.0
TABLE = reference_table("portal_venous")
BONES = ("vertebrae_lumbar", "hip_left", "femur_left")


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    found = np.full((90, 50, 110), VALUE["muscle"], np.uint8)
    z, y, x = np.indices(found.shape)
    found[20:45, 10:34, 8:34] = VALUE["vertebrae_lumbar"]
    found[((z - 40) / 30) ** 2 + ((y - 25) / 7) ** 2 + ((x - 55) / 12) ** 2 < 1] = VALUE["hip_left"]
    found[(z > 35) & ((y - 25) ** 2 + (x - 92) ** 2 < 9**2)] = VALUE["femur_left"]
    return found


def drawn(labels: np.ndarray, seed: int = 1, age: float | None = None) -> np.ndarray:
    table = aged(TABLE, age)
    return with_bones(table[labels], Canvas(labels, table, "portal_venous", SPACING, seed))


def layers(labels: np.ndarray, key: str) -> np.ndarray:
    """Voxels below the surface, from 1 on."""
    return np.asarray(np.ceil(ndimage.distance_transform_edt(labels == VALUE[key])), int)


@pytest.mark.parametrize("age", [30, 85])
@pytest.mark.parametrize("key", BONES)
def test_a_bone_keeps_the_mean_of_the_table_one_voxel_inside(labels: np.ndarray, key: str, age: float) -> None:
    inside = ndimage.binary_erosion(labels == VALUE[key], border_value=1)
    assert abs(drawn(labels, age=age)[inside].mean() - aged(TABLE, age)[VALUE[key]]) < 3
    others = ~np.isin(labels, [VALUE[one] for one in BONES])
    assert np.array_equal(drawn(labels, age=age)[others], aged(TABLE, age)[labels][others])


@pytest.mark.parametrize("key", BONES)
def test_the_cortex_is_a_thin_bright_shell(labels: np.ndarray, key: str) -> None:
    hu, layer = drawn(labels), layers(labels, key)
    if key == "femur_left":  # below its head the shaft is thick
        hu, layer = hu[65:], layer[65:]
    shell, core = hu[(layer > 0) & (layer <= 2)], hu[layer > 5]
    assert shell.max() > 1.5 * np.median(core)
    assert shell.mean() > 1.15 * core.mean()


def test_the_arch_of_a_vertebra_is_denser_than_its_body(labels: np.ndarray) -> None:
    found = labels.copy()
    found[20:45, 34:40, 8:34] = VALUE["vertebrae_lumbar"]
    found[20:45, 24:28, 18:22] = VALUE["spinal_cord"]
    hu, layer = drawn(found), layers(found, "vertebrae_lumbar")
    inside = ndimage.binary_erosion(found == VALUE["vertebrae_lumbar"], border_value=1)
    body, arch = np.zeros_like(inside), np.zeros_like(inside)
    body[:, :20], arch[:, 30:] = inside[:, :20], inside[:, 30:]
    assert abs(hu[body].mean() - TABLE[VALUE["vertebrae_lumbar"]]) < 25
    assert 1.3 < np.median(hu[arch & (layer > 3)]) / np.median(hu[body & (layer > 3)]) < 2.5
    rows = [np.median(hu[24:41, y, 12:16]) for y in range(12, 37)]
    assert np.abs(np.diff(rows)).max() < 60  # no step from one to the other


def test_the_shaft_of_the_femur_is_thicker_than_its_head(labels: np.ndarray) -> None:
    hu, layer = drawn(labels), layers(labels, "femur_left")
    shaft, head = (hu[part][np.isin(layer[part], (2, 3))].mean() for part in (np.s_[36:42], np.s_[70:85]))
    assert shaft > head + 150


def test_the_place_of_the_cortex_is_told_between_the_voxels() -> None:
    """A slope of one voxel in twelve is no stair: the brightest place moves with it."""
    _, y, x = np.indices((16, 60, 60))
    labels = np.where(y > 15 + x / 12, VALUE["hip_left"], VALUE["muscle"]).astype(np.uint8)
    profile = drawn(labels)[8, 12:28, 6:54] - TABLE[VALUE["hip_left"]]
    weight = np.maximum(profile, 0) ** 2
    places = (weight * np.arange(16)[:, None]).sum(0) / weight.sum(0)
    slope = np.polyfit(np.arange(48), places, 1)[0]
    assert abs(slope - 1 / 12) < 0.03


def test_bones_have_no_cortex_towards_what_lies_in_them(labels: np.ndarray) -> None:
    edited = labels.copy()
    edited[28:38, 16:28, 14:28] = VALUE["bone_lesion"]
    before, after = drawn(labels), drawn(edited)
    lesion = edited == VALUE["bone_lesion"]
    assert (after[lesion] == TABLE[VALUE["bone_lesion"]]).all()
    near = ndimage.binary_dilation(lesion, iterations=2) & ~lesion
    assert np.abs(after - before)[near].max() < 40
    assert np.array_equal(after[:, :, 40:], before[:, :, 40:])


def test_what_the_networks_tell_of_one_bone_is_kept_about_the_mean_of_the_rule(labels: np.ndarray) -> None:
    hu = TABLE[labels].astype(np.float32)
    uneven = hu * np.random.default_rng(0).uniform(0.7, 1.3, (*labels.shape[:2], 1)).astype(np.float32)
    even, own = (with_bones(one.copy(), Canvas(labels, TABLE, "portal_venous", SPACING, 1)) for one in (hu, uneven))
    bones = np.isin(labels, [VALUE[key] for key in BONES])
    told = np.corrcoef((own / even)[bones], (uneven / hu)[bones])[0, 1]
    assert told > 0.9 and own[bones].mean() == pytest.approx(even[bones].mean(), rel=0.03)


def test_patients_differ_and_a_window_has_what_the_whole_has(labels: np.ndarray) -> None:
    whole = drawn(labels)
    assert np.array_equal(whole, drawn(labels)) and np.abs(whole - drawn(labels, seed=2)).max() > 20
    window = np.s_[15:70, 5:45, 12:100]
    part = with_bones(TABLE[labels][window], Canvas(labels, TABLE, "portal_venous", SPACING, 1, window))
    inner = (slice(OWN_VOXELS // 2, -OWN_VOXELS // 2),) * 3
    assert np.allclose(part[inner], whole[window][inner], atol=0.01)
    bare = np.full_like(labels, VALUE["muscle"])
    assert np.array_equal(drawn(bare), TABLE[bare])
