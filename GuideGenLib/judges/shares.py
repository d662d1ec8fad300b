"""Shares with their uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def share(counts: Sequence[tuple[int, int]]) -> Share:
    """The share of all cases, from (hits, cases) of each volume; volumes without a case do not count.

    The interval is a bootstrap over whole volumes, as the organs of one volume are not independent of each other. Where
    every case is a hit, or none is, a bootstrap sees no spread at all: there the rule of three bounds the other end.
    """
    table = np.array([pair for pair in counts if pair[1]], dtype=np.int64).reshape(-1, 2)
    volumes = len(table)
    hits, cases = (int(n) for n in table.sum(axis=0))
    if cases == 0:
        return Share(0, 0, 0, None, None, None)
    if hits in (0, cases):
        margin = min(1.0, 3 / volumes)
        low, high = (1 - margin, 1.0) if hits else (0.0, margin)
        return Share(hits, cases, volumes, hits / cases, low, high)
    drawn = table[np.random.default_rng(0).integers(volumes, size=(DRAWS, volumes))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return Share(hits, cases, volumes, hits / cases, float(low), float(high))
