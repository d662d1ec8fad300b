"""What each part of an evaluation hands to the report: figures with intervals, tables, pictures, plain remarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from GuideGenLib.judges.shares import interval, share

SEES = 0.7
"""A judge that scores less on real data says nothing of a generated CT."""
NOT_MEASURABLE = "not measurable"
"""In place of the number of such a judge."""


def sees(judge: float | None) -> bool:
    """Whether a judge of this score on real data can be believed; None: there is no judge, or none that can err."""
    return judge is None or judge >= SEES


@dataclass(frozen=True)
class Figure:
    """One measured number. low, high: bootstrap 95 % interval; cases: how many it was taken on (0: not measured).

    wanted: the target, met from there on (`lower_is_better`: up to there), or from there to `until`; ceiling: what the
    same measure gives on real CT; paper: the published value; note: what a reader must know to read it rightly; judge:
    what the judge that took it scores on real data, None where no judge took it.
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
    judge: float | None = None

    @property
    def measurable(self) -> bool:
        """Whether its judge sees what it judges."""
        return sees(self.judge)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or a value, or where its judge does not see it."""
        if self.wanted is None or self.value is None or not self.measurable:
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
    judge: float | None = None,
) -> Figure:
    """The mean of one value a case, with a bootstrap interval over the cases; NaNs do not count."""
    known = np.array([value for value in values if np.isfinite(value)], dtype=float)
    if not len(known):
        return Figure(name, None, None, None, 0, wanted, ceiling, paper, lower_is_better, note, judge=judge)
    low, high = interval(len(known), lambda drawn: known[drawn].mean(axis=-1))
    told = (wanted, ceiling, paper, lower_is_better, note)
    return Figure(name, float(known.mean()), low, high, len(known), *told, judge=judge)


def share_figure(
    name: str,
    counts: Sequence[tuple[int, int]],
    *,
    wanted: float | None = None,
    ceiling: float | None = None,
    paper: float | None = None,
    note: str = "",
    judge: float | None = None,
) -> Figure:
    """The share of (hits, cases) pairs, one pair a volume; the interval is that of `shares.share`."""
    found = share(counts)
    told = (wanted, ceiling, paper, False, note)
    return Figure(name, found.value, found.low, found.high, found.cases, *told, judge=judge)
