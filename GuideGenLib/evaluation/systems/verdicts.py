"""Ours against each rival in three lines: what is better, what is equal within the interval, what is worse and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from GuideGenLib.evaluation.report.section import sees
from GuideGenLib.evaluation.systems.making import System
from GuideGenLib.judges.shares import interval

TRAINED = 0.5
"""Share of our samples, and of our CT network's time, below which a rival is no comparison."""
BETTER, EQUAL, WORSE = "better", "equal", "worse"


@dataclass(frozen=True)
class Measure:
    """One measure of one system.

    values: of each text (the mean over its seeds, NaN where it has none), or of each draw of a distance; drawn: whether
    they are draws; judge: see Figure.
    """

    values: np.ndarray
    lower_is_better: bool = False
    drawn: bool = False
    judge: float | None = None

    @property
    def mean(self) -> float:
        return float(np.nanmean(self.values)) if np.isfinite(self.values).any() else float("nan")


def verdict(ours: Measure, theirs: Measure) -> str | None:
    """BETTER, EQUAL or WORSE: whether the 95 % interval of the difference leaves out 0. None where nothing is told.

    The difference is taken text by text, or draw by draw: both were measured on the same.
    """
    if not sees(ours.judge) or ours.values.shape != theirs.values.shape:
        return None
    gain = (theirs.values - ours.values) if ours.lower_is_better else (ours.values - theirs.values)
    gain = gain[np.isfinite(gain)]
    if len(gain) < 2:
        return None
    if ours.drawn:
        low, high = np.percentile(gain, (2.5, 97.5))
    else:
        low, high = interval(len(gain), lambda rows: gain[rows].mean(axis=-1))
    return BETTER if low > 0 else WORSE if high < 0 else EQUAL


def lines(ours: Mapping[str, Measure], system: System, theirs: Mapping[str, Measure]) -> list[str]:
    """The three lines of a rival; a measure that one of the two lacks is in none."""
    found: dict[str, list[str]] = {BETTER: [], EQUAL: [], WORSE: []}
    untold = []
    for name in ours.keys() & theirs.keys():
        said = verdict(ours[name], theirs[name])
        if said is None:
            untold.append(name)
        else:
            found[said].append(f"{name} ({_number(ours[name].mean)} against {_number(theirs[name].mean)})")
    parts = {key: ", ".join(sorted(names)) or "nothing" for key, names in found.items()}
    left = (
        f" Not told, by too few texts or a judge that does not see it: {', '.join(sorted(untold))}." if untold else ""
    )
    why = f" Why: it makes {system.voxels}." if found[WORSE] and system.voxels else ""
    head = f"Ours and {system.shown}"
    return [
        f"{head}, better: {parts[BETTER]}.",
        f"{head}, equal within the interval: {parts[EQUAL]}.{left}",
        f"{head}, worse: {parts[WORSE]}.{why} Terms: {footing(system)}.",
    ]


def footing(system: System) -> str:
    """On what terms a rival stands beside ours, and whether its place tells anything."""
    by_time = system.time_share is not None and system.time_share >= TRAINED
    if system.share >= TRAINED:
        return f"it saw {100 * system.share:.0f} % of our samples, so the methods are compared"
    told = f"it saw {100 * system.share:.1f} % of our samples"
    if system.time_share is not None:
        told += f" in {100 * system.time_share:.0f} % of our CT network's time"
    if by_time:
        return f"{told}: equal time on a CPU is all that is compared, no rank beyond it"
    return f"{told}: this tells how far its training has come, and no rank"


def by_text(texts: Sequence[str], values: Sequence[float]) -> np.ndarray:
    """The mean of each text's values, in the order of the texts; NaNs do not count."""
    groups: dict[str, list[float]] = {}
    for text, value in zip(texts, values, strict=True):
        groups.setdefault(text, []).append(value)
    return np.array(
        [np.mean(known) if (known := [v for v in each if np.isfinite(v)]) else np.nan for each in groups.values()]
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
