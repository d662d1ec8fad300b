"""Findings that change the shape of organs, in a torso of simple shapes: spines, bowel, liver and lungs."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.bowel import calibre
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.others_check import check_others
from GuideGenLib.mask.findings.reforming import check_reformed, reform
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spine import spine_of
from GuideGenLib.mask.findings.vertebrae import height_lost

STEP = (3.0, 3.0, 3.0)
SHAPE = (150, 76, 110)
LUMBAR = 30
"""The first slice of the lumbar spine; its five bodies are 8 slices high, with a disc of 3 above each."""


@pytest.fixture(scope="module")
def torso() -> np.ndarray:
    """Five lumbar and five thoracic bodies in front of a cord, bowel in fat, a colon round it, liver, lungs."""
    labels = np.zeros(SHAPE, np.uint8)

    def block(key: str, z: tuple[int, int], y: tuple[int, int], x: tuple[int, int]) -> None:
        labels[slice(*z), slice(*y), slice(*x)] = values()[key]

    block("muscle", (0, 150), (3, 73), (5, 105))
    block("torso_fat", (2, 148), (6, 64), (8, 102))
    block("sacrum", (18, 30), (48, 62), (45, 65))
    for number in range(10):
        bottom = LUMBAR + 11 * number
        key = "vertebrae_lumbar" if number < 5 else "vertebrae_thoracic"
        block("body", (bottom, bottom + 11), (46, 58), (48, 62))
        block(key, (bottom, bottom + 8), (46, 58), (48, 62))
    block("spinal_cord", (18, 148), (58, 63), (52, 58))
    block("small_bowel", (14, 60), (16, 40), (34, 76))
    block("colon", (12, 72), (20, 38), (14, 26))
    block("colon", (62, 72), (12, 24), (14, 98))
    block("colon", (12, 72), (24, 42), (86, 98))
    block("liver", (74, 98), (12, 46), (12, 70))
    block("inferior_vena_cava", (60, 98), (44, 47), (40, 44))
    block("gallbladder", (72, 78), (16, 24), (34, 40))
    block("heart", (100, 122), (14, 36), (46, 70))
    for side, x in (("right", (12, 44)), ("left", (72, 100))):
        block(f"lung_lower_lobe_{side}", (98, 118), (12, 58), x)
        block(f"lung_upper_lobe_{side}", (118, 142), (12, 58), x)
    return labels


def drawn(torso: np.ndarray, finding: Finding, seed: int = 1) -> tuple[np.ndarray, list]:
    return draw_others(torso, STEP, [finding], np.random.default_rng(seed))


def of(labels: np.ndarray, key: str) -> np.ndarray:
    return select(labels, (key,))


def test_the_levels_are_told_from_the_discs(torso: np.ndarray) -> None:
    spine = spine_of(torso, STEP)
    assert spine is not None
    named = {level.name: level for level in spine.levels}
    assert {"L1", "L2", "L3", "L4", "L5", "T12"} <= set(named)
    for number, name in enumerate(("L5", "L4", "L3", "L2", "L1")):
        bottom = 3.0 * (LUMBAR + 11 * number)
        assert named[name].bottom == pytest.approx(bottom, abs=3) and named[name].top == pytest.approx(
            bottom + 24, abs=3
        )
        assert named[name].key == "vertebrae_lumbar"


@pytest.mark.parametrize("word", ["small", "moderate", "large"])
def test_a_fracture_takes_height_in_front_of_its_level_alone(torso: np.ndarray, word: str) -> None:
    finding = Finding("fracture", "spine", segment="L2", size_word=word)
    labels, records = drawn(torso, finding)
    assert all(kept for _, kept, _ in check_others(labels, STEP, [finding], records))
    body = of(labels, "vertebral_fracture")
    rows = np.flatnonzero(body.any(axis=(1, 2)))
    assert rows[0] >= LUMBAR + 33 and rows[-1] <= LUMBAR + 41, "L2 is the fourth from below"
    low, high = {"small": (17, 29), "moderate": (20, 46), "large": (35, 60)}[word]
    assert low <= height_lost(labels, body, STEP) <= high
    changed = np.argwhere(labels != torso)
    assert changed[:, 0].min() >= LUMBAR + 32 and changed[:, 0].max() <= LUMBAR + 44
    front, back = body[:, 46:49].sum(), body[:, 55:58].sum()
    assert front < back
    assert np.array_equal(labels, drawn(torso, finding)[0])


def test_fractures_of_several_levels_are_one_record_each(torso: np.ndarray) -> None:
    findings = [Finding("fracture", "spine", segment=name) for name in ("L1", "L3")]
    labels, records = draw_others(torso, STEP, findings, np.random.default_rng(1))
    assert [one.finding for one in records] == [0, 1]
    assert all(kept for _, kept, _ in check_others(labels, STEP, findings, records))
    with pytest.raises(LesionError, match="does not show vertebra T5"):
        drawn(torso, Finding("fracture", "spine", segment="T5"))


def test_spurs_grow_from_the_rims_and_discs_become_narrow(torso: np.ndarray) -> None:
    found = []
    for word in ("small", "large"):
        finding = Finding("degeneration", "spine", size_word=word)
        labels, records = drawn(torso, finding)
        assert all(kept for _, kept, _ in check_others(labels, STEP, [finding], records))
        found.append(of(labels, "osteophyte"))
        bone = select(labels, ("vertebrae_lumbar", "vertebrae_thoracic"))
        assert bone.sum() > select(torso, ("vertebrae_lumbar", "vertebrae_thoracic")).sum(), "discs are narrower"
        assert np.array_equal(of(labels, "spinal_cord"), of(torso, "spinal_cord"))
    assert found[1].sum() > 2 * found[0].sum() and found[1][found[0]].mean() > 0.95


def test_wide_loops_are_as_wide_as_told_and_lie_where_bowel_and_fat_were(torso: np.ndarray) -> None:
    for size in (33.0, 45.0):
        finding = Finding("obstruction", "small_bowel", size_mm=size)
        labels, records = drawn(torso, finding)
        assert all(kept for _, kept, _ in check_others(labels, STEP, [finding], records))
        loops = of(labels, "dilated_small_bowel")
        assert calibre(labels, loops, STEP) == pytest.approx(size, rel=0.15)
        assert loops.sum() * 0.027 > 100
        assert set(np.unique(torso[loops])) <= {values()[key] for key in ("small_bowel", "torso_fat", "body")}
        assert np.array_equal(labels[~loops], torso[~loops])


def test_the_colon_is_wide_up_to_where_it_is_closed(torso: np.ndarray) -> None:
    finding = Finding("obstruction", "colon", size_mm=60)
    labels, records = drawn(torso, finding)
    assert all(kept for _, kept, _ in check_others(labels, STEP, [finding], records)), records
    near, far = (
        drawn(torso, Finding("obstruction", "colon", site=site, size_mm=60))[0] for site in ("transverse", "sigmoid")
    )
    assert of(near, "dilated_colon").sum() < of(far, "dilated_colon").sum()
    assert of(near, "colon")[:, :, 80:].sum() == of(torso, "colon")[:, :, 80:].sum(), "beyond it the colon stays"


def test_n_stages_are_drawn_as_nodes_of_their_stations(torso: np.ndarray) -> None:
    tumour = Finding("tumor", "pancreas", t="3", n="1")
    labels, records = drawn(torso, tumour)
    assert not of(labels, "retroperitoneal_lymph_node").any(), "without an aorta there is no such station"
    with_aorta = torso.copy()
    with_aorta[:120, 38:44, 54:59] = values()["aorta"]
    labels, records = drawn(with_aorta, tumour)
    _, count = ndimage.label(of(labels, "retroperitoneal_lymph_node"), np.ones((3, 3, 3)))
    assert count == 2 == len(records) and {one.finding for one in records} == {0}
    assert all(kept for _, kept, _ in check_others(labels, STEP, [tumour], records))
    for stage in ("0", "X", None):
        labels, records = drawn(with_aorta, Finding("tumor", "pancreas", t="3", n=stage))
        assert not records and np.array_equal(labels, with_aorta)


def test_a_cirrhotic_liver_is_smaller_and_uneven_and_its_left_lobe_is_not(torso: np.ndarray) -> None:
    shares, uneven = [], []
    for word in ("small", "large"):
        finding = Finding("cirrhosis", "liver", size_word=word)
        labels, done = reform(torso, STEP, [finding], np.random.default_rng(2))
        assert all(kept for _, kept, _ in check_reformed(labels, STEP, [finding], done))
        liver, before = of(labels, "liver"), of(torso, "liver")
        left = np.arange(SHAPE[2])[None, None, :] > 44
        shares.append((liver & left).sum() / liver.sum())
        uneven.append((liver & ~ndimage.binary_erosion(liver)).sum() / liver.sum() ** (2 / 3))
    before = of(torso, "liver")
    smooth = (before & ~ndimage.binary_erosion(before)).sum() / before.sum() ** (2 / 3)
    assert uneven[1] > uneven[0] > smooth
    assert shares[1] > shares[0] > (before & left).sum() / before.sum() - 0.02


def test_after_a_lobectomy_the_other_lobe_fills_a_smaller_half_of_the_chest(torso: np.ndarray) -> None:
    finding = Finding("lobectomy", "lung", side="right", site="upper_lobe")
    labels, done = reform(torso, STEP, [finding], np.random.default_rng(2))
    assert all(kept for _, kept, _ in check_reformed(labels, STEP, [finding], done))
    assert not of(labels, "lung_upper_lobe_right").any()
    assert of(labels, "lung_lower_lobe_right").sum() > 1.5 * of(torso, "lung_lower_lobe_right").sum()
    for key in ("lung_upper_lobe_left", "lung_lower_lobe_left"):
        assert of(labels, key).sum() == pytest.approx(of(torso, key).sum(), rel=0.1)
    with pytest.raises(LesionError, match="does not show the lobe"):
        reform(torso[:90], STEP, [finding], np.random.default_rng(2))


def test_what_is_kept_stays(torso: np.ndarray) -> None:
    kept = np.zeros(SHAPE, bool)
    kept[:, :, 60:] = True
    labels, _ = reform(torso, STEP, [Finding("cirrhosis", "liver")], np.random.default_rng(2), kept)
    assert np.array_equal(labels[kept], torso[kept]) and not np.array_equal(labels, torso)
