"""Three lines a rival: what is better, equal and worse by the interval of the difference, and on what terms."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.evaluation.alignment.asked import SEEDS, alignment_prompts, repeated_orders
from GuideGenLib.evaluation.systems.making import OUR_CORE_MINUTES, System
from GuideGenLib.evaluation.systems.verdicts import BETTER, EQUAL, WORSE, Measure, by_text, footing, lines, verdict

NAN = float("nan")


def _system(share: float, minutes: float | None) -> System:
    return System("x", "MedDDPM", ("mask",), "", lambda case: None, "", share, minutes, "voxels of 6 mm")  # type: ignore[arg-type, return-value]


def test_a_difference_counts_only_where_its_interval_leaves_out_none():
    high, low = Measure(np.array([0.8, 0.7, 0.9, NAN])), Measure(np.array([0.5, 0.6, 0.6, NAN]))
    assert verdict(high, low) == BETTER and verdict(low, high) == WORSE and verdict(high, high) == EQUAL
    mixed = Measure(np.array([0.9, 0.6, 0.95, NAN]))
    assert verdict(high, mixed) == EQUAL
    fast, slow = (Measure(np.array(each), lower_is_better=True) for each in ([3.0, 4.0], [9.0, 8.0]))
    assert verdict(fast, slow) == BETTER and verdict(slow, fast) == WORSE
    near, far = (Measure(np.linspace(at, at + 5, 20), lower_is_better=True, drawn=True) for at in (20, 100))
    assert verdict(near, far) == BETTER


@pytest.mark.parametrize("one", [Measure(np.array([0.8])), Measure(np.array([0.8, 0.9]), judge=0.6)])
def test_nothing_is_told_of_one_text_or_by_a_judge_that_does_not_see(one: Measure):
    assert verdict(one, one) is None


def test_the_three_lines_name_the_figures_and_why():
    ours = {"mean DSC": Measure(np.array([0.8, 0.9])), "seconds a volume": Measure(np.array([50.0, 60.0]), True)}
    theirs = {"mean DSC": Measure(np.array([0.5, 0.4])), "seconds a volume": Measure(np.array([9.0, 9.0]), True)}
    ours["sex"] = theirs["sex"] = Measure(np.array([1.0, 0.0]), judge=0.5)
    told = lines(ours, _system(0.6, 10.0), theirs)
    assert told[0] == "Ours and MedDDPM, better: mean DSC (0.85 against 0.45)."
    assert told[1].startswith("Ours and MedDDPM, equal within the interval: nothing. Not told,")
    assert told[1].endswith("does not see it: sex.")
    assert told[2].startswith(
        "Ours and MedDDPM, worse: seconds a volume (55 against 9.00). Why: it makes voxels of 6 mm."
    )
    assert "Terms: it saw 60 %" in told[2]
    equal = lines(theirs, _system(0.6, 10.0), theirs)[2]
    assert equal.startswith("Ours and MedDDPM, worse: nothing. Terms: it saw")


def test_no_rank_without_samples_or_time():
    assert "the methods are compared" in footing(_system(0.5, None))
    assert footing(_system(0.01, OUR_CORE_MINUTES)).endswith(
        "equal time on a CPU is all that is compared, no rank beyond it"
    )
    assert footing(_system(0.01, 12.0)).endswith("how far its training has come, and no rank")
    assert "time" not in footing(replace(_system(0.01, None)))


def test_seeds_of_a_text_are_one_case():
    assert by_text(["a", "b", "a"], [1.0, NAN, 0.0])[0] == 0.5
    assert np.isnan(by_text(["a", "b", "a"], [1.0, NAN, 0.0])[1])
    orders = repeated_orders(2 * SEEDS)
    assert [one.text for one in orders] == [alignment_prompts()[n].text for n in (0, 0, 0, 1, 1, 1)]
    assert len({one.seed for one in orders}) == len({one.key for one in orders}) == 2 * SEEDS
    assert orders[0].key == "prompt_01" and Path(orders[3].key).name == "prompt_02"
