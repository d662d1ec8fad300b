"""What findings change in the HU of a torso of simple shapes."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.findings.changes import LOOKS, changed
from GuideGenLib.ct.findings.rims import with_rims
from GuideGenLib.ct.findings.small import with_small
from GuideGenLib.ct.findings.told import TissueChange, tissue_changes
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.reading import recipes


def canvas(labels: np.ndarray, seed: int, phase: Literal["none", "portal_venous"] = "portal_venous") -> Canvas:
    return Canvas(labels, hu_mean(phase), phase, 2.0, seed)


@pytest.fixture(scope="module")
def torso() -> np.ndarray:
    labels = np.zeros((70, 60, 80), np.uint8)
    for key, z, y, x in (
        ("body", (0, 70), (2, 58), (2, 78)),
        ("lung_upper_lobe_right", (50, 68), (8, 52), (6, 34)),
        ("lung_lower_lobe_right", (26, 50), (8, 52), (6, 34)),
        ("lung_upper_lobe_left", (50, 68), (8, 52), (46, 74)),
        ("lung_lower_lobe_left", (26, 50), (8, 52), (46, 74)),
        ("heart", (30, 48), (12, 32), (35, 60)),
        ("aorta", (46, 60), (20, 27), (40, 46)),
        ("aorta", (0, 40), (38, 45), (36, 43)),
        ("vertebrae_lumbar", (0, 26), (46, 56), (34, 46)),
        ("liver", (4, 24), (10, 44), (6, 32)),
    ):
        labels[slice(*z), slice(*y), slice(*x)] = values()[key]
    return labels


def before_and_after(
    torso: np.ndarray, look: str, amount: float, side: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """HU before and after."""
    hu = hu_mean("portal_venous")[torso]
    return hu, changed(hu, canvas(torso, 5), [TissueChange(look, amount, side)])


def test_fat_darkens_the_liver_alone_by_pickhardts_line(torso: np.ndarray) -> None:
    before, after = before_and_after(torso, "fat", 20)
    liver = torso == values()["liver"]
    assert (after - before)[liver].mean() == pytest.approx(-16 / 0.58, rel=0.05)
    assert np.array_equal(before[~liver], after[~liver])


@pytest.mark.parametrize("amount", [8, 30])
def test_so_many_percent_of_the_lungs_are_emphysema_more_of_them_above(torso: np.ndarray, amount: float) -> None:
    _, after = before_and_after(torso, "emphysema", amount)
    upper, lower = (
        (after < -950)[np.isin(torso, [values()[f"lung_{lobe}_lobe_{side}"] for side in ("left", "right")])].mean()
        for lobe in ("upper", "lower")
    )
    lungs = np.isin(torso, [value for key, value in values().items() if key.startswith("lung_") and "_lobe_" in key])
    assert (after < -950)[lungs].mean() * 100 == pytest.approx(amount, abs=3)
    assert upper > lower


def test_fibrosis_is_at_the_base_beneath_the_pleura_of_its_side(torso: np.ndarray) -> None:
    before, after = before_and_after(torso, "fibrosis", 20, "left")
    touched = np.argwhere(np.abs(after - before) > 1)
    assert touched[:, 2].min() >= 46, "the other lung stays"
    assert touched[:, 0].mean() < 45
    assert after.max() == before.max(), "lines are no denser than tissue"


def test_plaques_are_in_the_wall_and_more_where_more_is_told(torso: np.ndarray) -> None:
    aorta = torso == values()["aorta"]
    counts = []
    for amount in (3, 12):
        before, after = before_and_after(torso, "calcium_of_aorta", amount)
        plaques = after > before + 100
        assert plaques.any() and not plaques[~aorta].any()
        assert after[plaques].max() <= 900
        counts.append(plaques.sum())
    assert counts[1] > 2 * counts[0]


def test_coronary_calcium_has_the_volume_that_is_told_and_lies_on_the_heart(torso: np.ndarray) -> None:
    before, after = before_and_after(torso, "calcium_of_coronaries", 400)
    calcium = after > before + 130
    assert calcium.sum() * 8 == pytest.approx(400, rel=0.3)
    near = np.argwhere(torso == values()["heart"])
    places = np.argwhere(calcium)
    assert (places >= near.min(axis=0) - 3).all() and (places <= near.max(axis=0) + 3).all()


def test_a_cirrhotic_liver_is_coarse(torso: np.ndarray) -> None:
    before, after = before_and_after(torso, "nodules", 30)
    liver = torso == values()["liver"]
    assert (after - before)[liver].std() > 5 and -12 < (after - before)[liver].mean() < -4
    assert np.array_equal(before[~liver], after[~liver])


def test_lost_bone_darkens_the_spine(torso: np.ndarray) -> None:
    before, after = before_and_after(torso, "bone_loss", 25)
    spine = torso == values()["vertebrae_lumbar"]
    assert (after - before)[spine].mean() == pytest.approx(-0.25 * 312, rel=0.1)
    assert np.array_equal(before[~spine], after[~spine])


@pytest.mark.parametrize("look", LOOKS)
def test_a_window_has_what_the_whole_has(torso: np.ndarray, look: str) -> None:
    hu = hu_mean("portal_venous")[torso]
    window = (slice(8, 56), slice(4, 52), slice(0, 70))
    changes = [TissueChange(look, 20.0)]
    whole = changed(hu, canvas(torso, 5), changes)
    assert np.allclose(changed(hu[window], replace(canvas(torso, 5), window=window), changes), whole[window])


def test_each_look_has_a_recipe_and_a_description_brings_it() -> None:
    found = [one for one in recipes() if "look" in one.options]
    assert {one.key for one in recipes() if one.mechanism == "tissue"} <= {one.key for one in found}
    assert {one.options["look"] for one in found} == set(LOOKS)
    for one in found:
        mild, severe = (
            tissue_changes([Finding(one.kinds[0], one.organs[0], size_word=word)], 3)[0].amount
            for word in ("small", "large")
        )
        assert mild < severe, one.key
        assert tissue_changes([Finding(one.kinds[0], one.organs[0], presence="negated")], 3) == ()


def test_the_wall_of_an_abscess_is_brighter_than_its_inside() -> None:
    labels = np.full((40, 40, 40), values()["liver"], np.uint8)
    places = np.indices((40, 40, 40)) - 20
    away = np.sqrt((places**2).sum(axis=0))
    labels[away < 14] = values()["liver_abscess"]
    table = hu_mean("portal_venous")
    hu = with_rims(table[labels], canvas(labels, 1))
    assert hu[(away < 13.5) & (away > 13)].mean() > 90 > 30 > hu[away < 9].mean()
    assert np.array_equal(hu[away >= 14], table[labels][away >= 14])


def test_a_stone_has_its_hu_though_the_networks_did_not_draw_it() -> None:
    labels = np.full((30, 30, 30), values()["gallbladder"], np.uint8)
    labels[14:17, 14:17, 14:17] = values()["kidney_stone"]
    hu = with_small(np.full(labels.shape, 12, np.float32), canvas(labels, 1, "none"))
    assert hu[15, 15, 15] > 450 and hu[15, 15, 20] == 12
