"""Shares and means with their uncertainty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

DRAWS = 2000


@dataclass(frozen=True)
class Share:
    """`hits` of `cases`, found in `volumes`; low and high: 95 % interval. All but the counts are None without cases."""

    hits: int
    cases: int
    volumes: int
    value: float | None
    low: float | None
    high: float | None


def interval(count: int, statistic: Callable[[np.ndarray], Any]) -> tuple[float, float]:
    """95 % interval of a statistic of `count` cases: percentiles of a bootstrap over the cases, always the same draws.

    statistic: from the indices of the drawn cases, int [..., count], to values [...]. One case alone has no spread.
    """
    if count < 2:
        return (value := float(statistic(np.arange(count)))), value
    found = stats.bootstrap(
        (np.arange(count),), lambda drawn, axis: statistic(drawn), n_resamples=DRAWS, method="percentile",
        vectorized=True, rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


def share(counts: Sequence[tuple[int, int]]) -> Share:
    """The share of all cases, from (hits, cases) of each volume; volumes without a case do not count.

    The interval is a bootstrap over whole volumes, as the organs of one volume are not independent of each other. Where
    every case is a hit, or none is, a bootstrap sees no spread at all: there it is the exact binomial one.
    """
    table = np.array([pair for pair in counts if pair[1]], dtype=np.int64).reshape(-1, 2)
    volumes = len(table)
    hits, cases = (int(n) for n in table.sum(axis=0))
    if cases == 0:
        return Share(0, 0, 0, None, None, None)
    if hits in (0, cases):
        exact = stats.binomtest(volumes if hits else 0, volumes).proportion_ci()
        return Share(hits, cases, volumes, hits / cases, float(exact.low), float(exact.high))
    low, high = interval(volumes, lambda drawn: table[drawn, 0].sum(axis=-1) / table[drawn, 1].sum(axis=-1))
    return Share(hits, cases, volumes, hits / cases, low, high)
