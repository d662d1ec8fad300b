"""Shares and their intervals."""

import numpy as np
import pytest

from GuideGenLib.judges.shares import interval, share


def test_a_share_counts_cases_and_leaves_out_volumes_without_one():
    found = share([(9, 10), (0, 0), (5, 10)])
    assert (found.hits, found.cases, found.volumes, found.value) == (14, 20, 2, 0.7)


def test_the_interval_is_that_of_a_binomial_where_volumes_have_one_case():
    found = share([(1, 1)] * 90 + [(0, 1)] * 10)
    assert found.low is not None and found.high is not None
    half = 1.96 * np.sqrt(0.9 * 0.1 / 100)
    assert abs(found.low - (0.9 - half)) < 0.015 and abs(found.high - (0.9 + half)) < 0.015


def test_cases_of_one_volume_do_not_count_as_independent():
    single = share([(1, 1)] * 90 + [(0, 1)] * 10)
    grouped = share([(50, 50)] * 9 + [(0, 50)])
    assert single.low is not None and grouped.low is not None and grouped.low < single.low - 0.1


def test_no_fault_in_few_volumes_proves_little():
    """Clopper and Pearson: as many hits as volumes have a lower end of 0.025 to the power of 1/n."""
    perfect, hopeless = share([(60, 60)] * 10), share([(0, 60)] * 10)
    assert perfect.high == 1.0 and perfect.low == pytest.approx(0.025**0.1)
    assert hopeless.low == 0.0 and hopeless.high == pytest.approx(1 - 0.025**0.1)


def test_one_volume_has_no_spread():
    found = share([(3, 4)])
    assert (found.low, found.value, found.high) == (0.75, 0.75, 0.75)


def test_the_same_cases_have_the_same_interval():
    values = np.random.default_rng(5).normal(10, 2, 40)
    low, high = interval(40, lambda drawn: values[drawn].mean(axis=-1))
    assert (low, high) == interval(40, lambda drawn: values[drawn].mean(axis=-1))
    half = 1.96 * values.std() / np.sqrt(40)
    assert low == pytest.approx(values.mean() - half, abs=0.1) and high == pytest.approx(values.mean() + half, abs=0.1)


def test_without_cases_there_is_no_share():
    assert share([(0, 0)]).value is None
