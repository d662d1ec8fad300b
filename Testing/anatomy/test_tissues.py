"""Tissues by HU and place, on a synthetic trunk."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy import tissues
from GuideGenLib.anatomy.table import values

SPACING = (3.0, 3.0, 3.0)
Trunk = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def ellipse(shape: tuple[int, int, int], radius_y: float, radius_x: float) -> np.ndarray:
    """A cylinder along z around the middle of the volume, radii in voxels."""
    _, y, x = np.indices(shape)
    return ((y - shape[1] / 2) / radius_y) ** 2 + ((x - shape[2] / 2) / radius_x) ** 2 <= 1


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    """Fat under the skin, a wall of muscle, fat inside with a colon, a stomach and a lung; a table below."""
    shape = (24, 64, 72)
    rng = np.random.default_rng(0)
    skin, wall, cavity = ellipse(shape, 24, 30), ellipse(shape, 18, 24), ellipse(shape, 14, 20)
    ct = np.full(shape, -1000.0)
    ct[skin], ct[wall], ct[cavity] = -100, 55, -100
    ct[:, 60:62] = 200
    labels = np.zeros(shape, np.uint8)
    z, y, x = np.indices(shape)
    places = {}
    for key, (cy, cx) in {"colon": (26, 24), "stomach": (26, 46), "lung_lower_lobe_left": (40, 36)}.items():
        ball = (z - 12) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= 36
        labels[ball] = values()[key]
        ct[ball] = -850 if key.startswith("lung") else 30
        places[key] = ball
    for key in ("colon", "stomach"):
        places[f"{key}_gas"] = places[key] & (y < 25)
        ct[places[f"{key}_gas"]] = -950
    vessel = (abs(y - 40) <= 1) & (abs(x - 36) <= 1) & places["lung_lower_lobe_left"]
    ct[vessel] = 40
    places |= {"skin": skin, "wall": wall, "cavity": cavity, "vessel": vessel}
    return labels, (ct + rng.normal(0, 8, shape)).astype(np.int16), places


def share(found: np.ndarray, wanted: np.ndarray) -> float:
    """Dice."""
    return float(2 * (found & wanted).sum() / (found.sum() + wanted.sum()))


def test_body_mask_leaves_the_table_and_keeps_enclosed_air(trunk: Trunk) -> None:
    _, ct, places = trunk
    body = tissues.body_mask(ct, SPACING)
    assert not body[:, 60:62].any()
    assert body[places["colon_gas"]].all()
    assert share(body, places["skin"]) > 0.98


def test_body_mask_drops_a_finger_on_the_flank(trunk: Trunk) -> None:
    _, ct, places = trunk
    _, y, x = np.indices(ct.shape)
    finger = ((y - 32) ** 2 + (x - 68) ** 2 <= 9) & ~places["skin"]
    body = tissues.body_mask(np.where(finger, np.int16(40), ct), SPACING)
    assert body[finger].mean() < 0.2


def test_every_tissue_lies_in_its_place(trunk: Trunk) -> None:
    labels, ct, places = trunk
    result = tissues.split_tissues(labels, ct, SPACING)
    value = values()
    subcutaneous = places["skin"] & ~places["wall"]
    muscle = places["wall"] & ~places["cavity"]
    inner = places["cavity"] & (labels == 0)
    assert share(result == value["subcutaneous_fat"], subcutaneous) > 0.95
    assert share(result == value["muscle"], muscle) > 0.9
    assert share(result == value["torso_fat"], inner) > 0.9
    assert share(result == value["stomach_gas"], places["stomach_gas"]) > 0.9
    assert share(result == value["colon_gas"], places["colon_gas"]) > 0.9
    assert ((result > 0) == tissues.body_mask(ct, SPACING)).mean() > 0.99


def test_lung_vessel_is_solid_and_away_from_the_pleura(trunk: Trunk) -> None:
    labels, ct, places = trunk
    vessel = tissues.lung_vessel(labels, ct, SPACING)
    assert vessel.any()
    assert not (vessel & ~places["vessel"]).any()
    depth = ndimage.distance_transform_edt(places["lung_lower_lobe_left"], sampling=SPACING)
    assert depth[vessel].min() > 4.0


def test_a_disc_between_vertebrae_is_not_muscle() -> None:
    labels = np.zeros((20, 30, 30), np.uint8)
    labels[:8, 10:20, 10:20] = labels[10:, 10:20, 10:20] = values()["vertebrae_lumbar"]
    ct = np.full(labels.shape, 60, np.int16)
    found = tissues.muscle(labels, ct, labels == 0, SPACING)
    assert not found[8:10, 12:18, 12:18].any()
    assert found[8:10, 2:6, 2:6].all()


def test_unlabelled_lung_goes_to_its_lobe(trunk: Trunk) -> None:
    labels, ct, places = trunk
    lobe = places["lung_lower_lobe_left"]
    rim = lobe & ~ndimage.binary_erosion(lobe)
    result = tissues.split_tissues(np.where(rim, np.uint8(0), labels), ct, SPACING)
    assert (result[rim] == values()["lung_lower_lobe_left"]).mean() > 0.9


def test_smoothing_removes_speckle_and_leaves_organs() -> None:
    value = values()
    labels = np.full((12, 12, 12), value["torso_fat"], np.uint8)
    labels[6, 6, 6], labels[2:4, 2:4, 2:4] = value["muscle"], value["aorta"]
    result = tissues.smoothed(labels, ("torso_fat", "muscle"), SPACING)
    assert result[6, 6, 6] == value["torso_fat"]
    assert (result[2:4, 2:4, 2:4] == value["aorta"]).all()


def test_without_small_counts_cubic_millimetres() -> None:
    mask = np.zeros((8, 8, 8), bool)
    mask[0, 0, :2] = mask[4:6, 4:6, 4:6] = True
    kept = tissues.without_small(mask, 100.0, SPACING)
    assert kept.sum() == 8
    assert kept[4, 4, 4]
