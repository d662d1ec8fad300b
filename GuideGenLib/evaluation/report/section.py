"""What each part of an evaluation hands to the report: figures with intervals, tables, pictures, plain remarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from GuideGenLib.judges.shares import interval, share


@dataclass(frozen=True)
class Figure:
    """One measured number. low, high: bootstrap 95 % interval; cases: how many it was taken on (0: not measured).

    wanted: the target, met from there on (`lower_is_better`: up to there), or from there to `until`; ceiling: what the
    same measure gives on real CT; paper: the published value; note: what a reader must know to read it rightly.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    cases: int
    wanted: float | None = None
    ceiling: float | None = None
    paper: float | None = None
    lower_is_better: bool = False
    note: str = ""
    until: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or a value."""
        if self.wanted is None or self.value is None:
            return None
        if self.until is not None:
            return self.wanted <= self.value <= self.until
        return self.value <= self.wanted if self.lower_is_better else self.value >= self.wanted


@dataclass(frozen=True)
class Table:
    """Rows of text below a header, as the report prints them."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Section:
    """One part of the report. key: its name in the JSON; pictures: (caption, PNG file in the output folder)."""

    key: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[tuple[str, Path]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def mean_figure(
    name: str,
    values: Sequence[float],
    *,
    wanted: float | None = None,
    ceiling: float | None = None,
    paper: float | None = None,
    lower_is_better: bool = False,
    note: str = "",
) -> Figure:
    """The mean of one value a case, with a bootstrap interval over the cases; NaNs do not count."""
    known = np.array([value for value in values if np.isfinite(value)], dtype=float)
    if not len(known):
        return Figure(name, None, None, None, 0, wanted, ceiling, paper, lower_is_better, note)
    low, high = interval(len(known), lambda drawn: known[drawn].mean(axis=-1))
    return Figure(name, float(known.mean()), low, high, len(known), wanted, ceiling, paper, lower_is_better, note)


def share_figure(
    name: str,
    counts: Sequence[tuple[int, int]],
    *,
    wanted: float | None = None,
    ceiling: float | None = None,
    paper: float | None = None,
    note: str = "",
) -> Figure:
    """The share of (hits, cases) pairs, one pair a volume; the interval is that of `shares.share`."""
    found = share(counts)
    return Figure(name, found.value, found.low, found.high, found.cases, wanted, ceiling, paper, False, note)
