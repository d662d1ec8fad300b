"""Flips: pairs that differ in one word, and whether the masks follow it and keep the rest."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.description import parse
from GuideGenLib.evaluation.alignment import flips
from GuideGenLib.evaluation.alignment.flips import FLIPS, Flip, followed, orders, outcomes, unchanged, untouched
from GuideGenLib.evaluation.cases import GeneratedCase
from Testing.evaluation.people.conftest import pelvis

Pelvis = Callable[..., np.ndarray]
Put = Callable[[np.ndarray, str, tuple[int, int, int], float], np.ndarray]
__all__ = ["pelvis"]
LEFT, RIGHT = (80, 24, 46), (80, 24, 18)


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phantom is at 6 mm."""
    monkeypatch.setattr(flips, "SPACING", 6.0)


def _flip(key: str) -> Flip:
    return next(one for one in FLIPS if one.key == key)


def _with(labels: np.ndarray, key: str, box: tuple[slice, slice, slice]) -> np.ndarray:
    result = labels.copy()
    result[box] = values()[key]
    return result


def test_a_pair_shares_its_seed_and_differs_in_one_word() -> None:
    made = orders()
    assert len(made) == 2 * len(FLIPS) == 54
    for first, second in zip(made[::2], made[1::2], strict=True):
        assert first.seed == second.seed and second.like == first.key and first.like is None
        one, two = first.text.split(), second.text.split()
        assert sum(a != b for a, b in zip(one, two, strict=True)) == 1
    assert len({order.key for order in made}) == 54
    assert orders(subset=True) == made[:2]


def test_texts_ask_for_what_is_judged() -> None:
    for flip, pair in zip(FLIPS, zip(orders()[::2], orders()[1::2], strict=True), strict=True):
        for lesion, order in zip(flip.lesions, pair, strict=True):
            drawn = [(one.organ, one.side, one.site) for one in parse(order.text).findings if one.drawn]
            assert drawn == ([(lesion.organ, lesion.side, lesion.site)] if lesion else [])
            shown = [one.recipe.label["key"] for one in parse(order.text).findings
                     if one.shown and one.recipe and one.recipe.label]  # fmt: skip
            assert shown == ([flip.finding] if flip.finding and flip.words[pair.index(order)] != "without" else [])


def test_the_side_is_followed_or_not(phantom: np.ndarray, put: Put) -> None:
    flip = _flip("lung_side")
    left, right = (put(phantom, "lung_tumor", spot, 42) for spot in (LEFT, RIGHT))
    assert followed(flip, left, right) is None
    assert "right: tumor in its place" in str(followed(flip, left, left))
    assert "left: tumor exactly as asked" in str(followed(flip, put(left, "lung_tumor", RIGHT, 42), right))


def test_the_higher_stage_must_be_much_larger(phantom: np.ndarray, put: Put) -> None:
    flip = _flip("lung_stage")
    small, medium, large = (put(phantom, "lung_tumor", RIGHT, mm) for mm in (30, 42, 90))
    assert followed(flip, small, large) is None
    assert "mm for 1" in str(followed(flip, small, medium))
    assert "mm for 4" in str(followed(flip, large, small))
    assert followed(flip, phantom, large) == "no tumor for 1"
    assert followed(flip, small, put(phantom, "liver_tumor", (46, 20, 16), 60)) == "no tumor for 4"


def test_without_means_no_tumour_at_all(phantom: np.ndarray, put: Put) -> None:
    flip = _flip("liver_presence")
    ill = put(phantom, "liver_tumor", (46, 20, 16), 36)
    assert followed(flip, phantom, ill) is None
    assert followed(flip, ill, ill) == "without: liver_tumor"
    assert followed(flip, phantom, phantom) == "with: no liver_tumor"
    assert followed(flip, phantom, put(phantom, "lung_tumor", LEFT, 36)) == "with: no liver_tumor"


def test_a_finding_is_there_or_not_and_there_is_more_of_it(phantom: np.ndarray) -> None:
    some, much = (_with(phantom, "pleural_effusion", (slice(60, 80), slice(y, 44), slice(40, 50))) for y in (41, 36))
    there, more = _flip("effusion_presence"), _flip("effusion_size")
    assert followed(there, phantom, some) is None and followed(more, some, much) is None
    assert followed(there, some, much) == "without: pleural_effusion"
    assert followed(there, phantom, phantom) == "with: no pleural_effusion"
    assert followed(more, much, some) == "346 ml for small, 130 ml for large"
    assert followed(more, phantom, some) == "0 ml for small, 130 ml for large"
    assert unchanged(there, phantom, much) == 1.0 and "lung_lower_lobe_left" not in untouched(there)


def test_what_an_operation_took_is_gone(phantom: np.ndarray) -> None:
    without = np.where(phantom == values()["spleen"], values()["torso_fat"], phantom)
    assert followed(_flip("splenectomy"), phantom, without) is None
    assert "ml of spleen" in str(followed(_flip("splenectomy"), phantom, phantom))
    assert followed(_flip("splenectomy"), without, without) == "no: no spleen"
    assert "spleen" not in untouched(_flip("splenectomy"))


def test_sex_is_told_by_prostate_and_uterus(phantom: np.ndarray) -> None:
    box = (slice(2, 5), slice(26, 30), slice(28, 34))
    man, woman = (_with(phantom, key, box) for key in ("prostate", "uterus"))
    assert followed(_flip("sex"), man, woman) is None
    assert "0.0 ml of uterus" in str(followed(_flip("sex"), man, man))
    both = _with(man, "uterus", (slice(6, 7), slice(40, 42), slice(28, 34)))
    assert "of uterus" in str(followed(_flip("sex"), both, woman))


def test_the_obese_body_must_be_larger(phantom: np.ndarray) -> None:
    thin = phantom.copy()
    thin[:, :16] = thin[:, 46:] = 0
    assert followed(_flip("build"), thin, phantom) is None
    assert "l for obese" in str(followed(_flip("build"), phantom, phantom))
    assert "l for obese" in str(followed(_flip("build"), phantom, thin))


def test_sex_shows_in_the_bones_and_not_in_the_organs(pelvis: Pelvis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flips, "SPACING", 3.0)
    flip = _flip("sex_bones")
    man, woman = pelvis(34), pelvis(38)
    assert followed(flip, man, woman) is None
    assert str(followed(flip, woman, man)).startswith("inlet 0.4")
    womb = _with(man, "uterus", (slice(30, 36), slice(24, 30), slice(46, 54)))
    assert "for the woman" in str(followed(flip, man, womb))
    assert followed(flip, man[20:], woman[20:]) == "man: the pelvis is not whole"
    assert not {"prostate", "uterus"} & set(untouched(flip))


def test_rules_and_the_network_decide_different_flips() -> None:
    learned = {flip.rule for flip in FLIPS if flip.by_network}
    assert learned == {"bones", "build"} and {flip.rule for flip in FLIPS} - learned == {
        "place", "size", "presence", "sex", "finding", "amount", "removal"
    }  # fmt: skip
    assert sum(flip.by_network for flip in FLIPS) == 5


def test_the_organ_spoken_of_may_change_and_the_others_may_not(phantom: np.ndarray, put: Put) -> None:
    flip = _flip("lung_side")
    ill = put(phantom, "lung_tumor", LEFT, 60)
    assert unchanged(flip, phantom, ill) == 1.0
    moved = ill.copy()
    spleen = values()["spleen"]
    moved[ill == spleen] = values()["body"]
    lost = unchanged(flip, phantom, moved)
    count = sum(1 for key in untouched(flip) if (phantom == values()[key]).sum() * 0.216 >= 1)
    assert lost == pytest.approx((count - 1) / count)
    assert "lung_upper_lobe_left" not in untouched(flip) and "prostate" in untouched(flip)
    assert "prostate" not in untouched(_flip("sex")) and "liver" in untouched(_flip("sex"))
    assert np.isnan(unchanged(flip, np.zeros_like(phantom), np.zeros_like(phantom)))
    with pytest.raises(EvaluationError, match="different regions"):
        unchanged(flip, phantom, phantom[:40])


def test_pairs_are_found_among_the_cases(tmp_path: Path, phantom: np.ndarray, put: Put) -> None:
    made = []
    for order, spot in zip(orders(subset=True), (LEFT, RIGHT), strict=True):
        (tmp_path / order.key).mkdir()
        image = image_from_array(put(phantom, "lung_tumor", spot, 42), (6.0,) * 3, labels=True)
        write_volume(image, tmp_path / order.key / "anatomy.nii.gz")
        made.append(GeneratedCase(order.key, order.text, order.seed, tmp_path / order.key))
    (outcome,) = outcomes(made)
    assert outcome.flip.key == "lung_side" and outcome.fault is None and outcome.same == 1.0
    assert outcomes(made[:1]) == []
