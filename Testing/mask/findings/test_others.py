"""Findings by their recipes, drawn into a torso of simple shapes."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.others_check import check_others
from GuideGenLib.mask.findings.sites import LesionError

STEP = (3.0, 3.0, 3.0)
SHAPE = (90, 70, 110)


def block(labels: np.ndarray, key: str, z: slice, y: slice, x: slice) -> None:
    labels[z, y, x] = values()[key]


@pytest.fixture(scope="module")
def torso() -> np.ndarray:
    """A box of a body: lungs above, belly below, the spine behind."""
    labels = np.zeros(SHAPE, np.uint8)
    block(labels, "muscle", slice(0, 90), slice(4, 66), slice(6, 104))
    block(labels, "torso_fat", slice(2, 88), slice(8, 60), slice(10, 100))
    block(labels, "lung_lower_lobe_right", slice(46, 86), slice(10, 58), slice(12, 46))
    block(labels, "lung_lower_lobe_left", slice(46, 86), slice(10, 58), slice(64, 98))
    block(labels, "heart", slice(50, 72), slice(16, 38), slice(47, 63))
    block(labels, "trachea", slice(74, 88), slice(34, 39), slice(53, 57))
    block(labels, "vertebrae_thoracic", slice(46, 90), slice(48, 62), slice(50, 60))
    block(labels, "vertebrae_lumbar", slice(0, 46), slice(48, 62), slice(50, 60))
    block(labels, "liver", slice(26, 44), slice(14, 46), slice(12, 50))
    block(labels, "spleen", slice(28, 42), slice(34, 50), slice(84, 98))
    block(labels, "small_bowel", slice(6, 22), slice(18, 34), slice(34, 76))
    block(labels, "kidney_left", slice(14, 36), slice(44, 58), slice(70, 84))
    block(labels, "kidney_right", slice(14, 36), slice(44, 58), slice(24, 38))
    block(labels, "gallbladder", slice(22, 28), slice(16, 26), slice(30, 38))
    block(labels, "aorta", slice(0, 72), slice(42, 47), slice(52, 57))
    block(labels, "adrenal_left", slice(37, 41), slice(46, 52), slice(66, 72))
    return labels


def drawn(torso: np.ndarray, finding: Finding, seed: int = 1) -> tuple[np.ndarray, list]:
    return draw_others(torso, STEP, [finding], np.random.default_rng(seed))


CASES = [
    Finding("effusion", "pleura", side="left", size_word="small"),
    Finding("effusion", "pleura", side="right", volume_ml=500),
    Finding("pneumothorax", "pleura", side="right", size_word="small"),
    Finding("atelectasis", "lung", side="left"),
    Finding("ascites", "peritoneum", size_word="small"),
    Finding("free_air", "peritoneum", size_word="tiny"),
    Finding("effusion", "pericardium", size_word="small"),
    Finding("cyst", "liver", size_mm=30, count=2),
    Finding("cyst", "kidney", side="left", size_mm=35),
    Finding("stone", "gallbladder", size_mm=9),
    Finding("nodule", "adrenal", side="left", size_mm=22),
    Finding("metastasis", "bone", size_mm=18, count=2),
    Finding("consolidation", "lung", side="right", site="lower_lobe", size_word="moderate"),
    Finding("opacity", "lung", side="left", volume_ml=80),
    Finding("hydronephrosis", "kidney", side="left", volume_ml=12),
    Finding("aneurysm", "aorta", size_mm=50),
    Finding("lymphadenopathy", "mediastinal_lymph_node", size_mm=22),
]


@pytest.mark.parametrize("finding", CASES, ids=lambda one: f"{one.kind}-{one.organ}-{one.side}")
def test_a_finding_is_there_as_asked_and_the_rest_stays(torso: np.ndarray, finding: Finding) -> None:
    labels, records = drawn(torso, finding)
    checks = check_others(labels, STEP, [finding], records)
    assert all(kept for _, kept, _ in checks), checks
    assert len(records) == finding.count
    key = values()[records[0].label]
    volume = (labels == key).sum() * 0.027
    assert volume == pytest.approx(sum(one.volume_ml for one in records), rel=0.02)
    again, _ = drawn(torso, finding)
    assert np.array_equal(labels, again)


def test_an_aneurysm_is_below_the_kidneys_and_its_vessel_goes_on(torso: np.ndarray) -> None:
    labels, _ = drawn(torso, Finding("aneurysm", "aorta", size_mm=45))
    wide = np.flatnonzero((labels == values()["abdominal_aortic_aneurysm"]).any(axis=(1, 2)))
    assert wide.max() <= 25, "the kidneys' middle"
    above = labels[wide.max() + 1] == values()["aorta"]
    assert above.any()
    assert np.array_equal(labels == values()["vertebrae_lumbar"], torso == values()["vertebrae_lumbar"])


def test_several_are_drawn_where_the_word_means_several(torso: np.ndarray) -> None:
    _, records = drawn(torso, Finding("carcinomatosis", "peritoneum", size_word="tiny"))
    assert len(records) == 7


def test_fluid_lies_behind_and_air_in_front(torso: np.ndarray) -> None:
    means = {}
    for kind in ("effusion", "pneumothorax"):
        labels, records = drawn(torso, Finding(kind, "pleura", side="left", volume_ml=300))
        means[kind] = np.argwhere(labels == values()[records[0].label])[:, 1].mean()
    lung = np.argwhere(torso == values()["lung_lower_lobe_left"])[:, 1].mean()
    assert means["pneumothorax"] < lung - 3 < lung + 3 < means["effusion"]


def test_atelectasis_is_in_the_lobe_that_is_told(torso: np.ndarray) -> None:
    labels = torso.copy()
    block(labels, "lung_upper_lobe_left", slice(68, 86), slice(10, 58), slice(64, 98))
    result, _ = drawn(labels, Finding("atelectasis", "lung", side="left", site="upper_lobe"))
    there = result == values()["atelectasis"]
    assert there.any() and (labels[there] == values()["lung_upper_lobe_left"]).all()


def test_more_fluid_holds_the_less(torso: np.ndarray) -> None:
    """A finding grows under the same seed without moving."""
    small, large = (
        drawn(torso, Finding("ascites", "peritoneum", volume_ml=volume))[0] == values()["ascites"]
        for volume in (100, 300)
    )
    assert large[small].mean() > 0.98


def test_a_large_effusion_takes_the_air_of_the_lung_beside_it(torso: np.ndarray) -> None:
    labels, _ = drawn(torso, Finding("effusion", "pleura", side="right", volume_ml=900))
    squeezed = np.argwhere(labels == values()["atelectasis"])
    assert len(squeezed) * 0.027 == pytest.approx(0.35 * (900 - 250), rel=0.1)
    assert squeezed[:, 2].max() < 50, "the other lung keeps its air"


def test_a_tumour_that_stands_there_is_not_touched(torso: np.ndarray) -> None:
    labels = torso.copy()
    block(labels, "liver_tumor", slice(30, 36), slice(20, 28), slice(20, 28))
    result, _ = drawn(labels, Finding("cyst", "liver", size_mm=40, count=3))
    assert np.array_equal(result == values()["liver_tumor"], labels == values()["liver_tumor"])


def test_a_stone_lies_at_the_back_of_the_gallbladder(torso: np.ndarray) -> None:
    labels, _ = drawn(torso, Finding("stone", "gallbladder", size_mm=7))
    assert np.argwhere(labels == values()["gallstone"])[:, 1].mean() > 22


def test_what_the_region_does_not_show_is_refused(torso: np.ndarray) -> None:
    with pytest.raises(LesionError, match="region does not show"):
        drawn(torso[:40], Finding("effusion", "pleura", side="left"))
    with pytest.raises(LesionError, match="region does not show"):
        drawn(torso[60:], Finding("cyst", "kidney", side="left"))


def test_another_finding_than_asked_is_told(torso: np.ndarray) -> None:
    labels, records = drawn(torso, Finding("cyst", "liver", size_mm=30))
    checks = {name: kept for name, kept, _ in check_others(labels, STEP, [], records)}
    assert checks == {"no_other_finding": False}
