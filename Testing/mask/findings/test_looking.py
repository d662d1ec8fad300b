"""Lesions have the margin that is asked for and the asked size; those that invade consume their neighbours."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.lesions import insert_lesions, tolerance_mm
from GuideGenLib.mask.findings.shapes import longest_extent, offsets_mm
from GuideGenLib.mask.findings.solid import body_of

SPARED = ("heart", "aorta", "inferior_vena_cava", "vertebrae_thoracic", "vertebrae_lumbar", "spinal_cord")


@pytest.mark.parametrize("look", ["smooth", "lobulated", "spiculated", "infiltrating"])
def test_a_lesion_of_any_margin_is_as_long_as_asked(trunk, spacing, look) -> None:
    finding = Finding("mass", "lung", "upper_lobe", side="left", size_mm=44.0, looks=(look,))
    drawn, (record,) = insert_lesions(trunk, spacing, [finding], np.random.default_rng(3))
    length = longest_extent(drawn == values()["lung_tumor"], spacing)
    assert length == pytest.approx(record.measured_mm, abs=0.01)
    assert abs(length - 44) <= tolerance_mm(44, spacing) + 0.01


def roughness(look: str, seed: int) -> float:
    """Surface of a body of 30 mm over that of a ball of the same volume."""
    body = body_of("lung", 30.0, np.random.default_rng(seed), (look,))
    offsets = offsets_mm((slice(0, 60),) * 3, np.full(3, 29.5), (1.0, 1.0, 1.0))
    solid = body.gauge(offsets) < 15
    padded = ndimage.gaussian_filter(solid.astype(float), 1.0)
    surface = np.sqrt(sum(np.gradient(padded)[axis] ** 2 for axis in range(3))).sum()
    return float(surface / (np.pi ** (1 / 3) * (6 * solid.sum()) ** (2 / 3)))


def test_margins_differ_in_how_rough_they_are() -> None:
    smooth, lobulated, spiculated = (
        np.mean([roughness(look, seed) for seed in range(4)]) for look in ("smooth", "lobulated", "spiculated")
    )
    assert smooth < 1.05 < lobulated
    assert smooth + 0.02 < spiculated


@pytest.mark.parametrize(("organ", "site", "size"), [("pancreas", "head", 50.0), ("liver", "left_lobe", 60.0)])
def test_a_t4_tumour_grows_into_its_neighbours_and_moves_nothing(trunk, spacing, organ, site, size) -> None:
    finding = Finding("tumor", organ, site, t="4", size_mm=size)
    drawn, _ = insert_lesions(trunk, spacing, [finding], np.random.default_rng(2))
    tumour = drawn == values()[f"{organ}_tumor"]
    assert np.array_equal(drawn[~tumour], trunk[~tumour])
    taken = trunk[tumour]
    others = ~np.isin(taken, [values()[key] for key in (organ, "body", "torso_fat")])
    assert 0.02 < others.mean() < 0.7
    for key in SPARED:
        assert np.array_equal(drawn == values()[key], trunk == values()[key]), key


def test_an_infiltrating_lung_tumour_leaves_the_lung_and_others_do_not(trunk, spacing) -> None:
    outside = {}
    for looks in ((), ("infiltrating",)):
        finding = Finding("mass", "lung", "upper_lobe", side="right", size_mm=50.0, looks=looks)
        drawn, _ = insert_lesions(trunk, spacing, [finding], np.random.default_rng(4))
        taken = trunk[drawn == values()["lung_tumor"]]
        lung = [values()[key] for key in values() if key.startswith("lung")]
        outside[looks] = float(1 - np.isin(taken, lung).mean())
    assert outside[()] < 0.05 < outside["infiltrating",] < 0.4
