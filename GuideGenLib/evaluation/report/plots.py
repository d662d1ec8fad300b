"""The report's plots: figures as bars beside their ceilings and the paper's values, and curves over steps."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.files import atomic
from GuideGenLib.evaluation.report.section import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TICKS = 12
Point = tuple[float, float, float | None, float | None]
"""x, y, and the ends of y's interval."""


def bars(figures: Sequence[Figure], label: str, path: Path) -> Path:
    """Measured figures with intervals, a dash at the ceiling, a diamond at the paper's value. Returns `path`.

    What no judge sees has no bar.
    """
    shown = [figure for figure in figures if figure.value is not None and figure.measurable]
    positions = np.arange(len(shown))
    with _axes(path, width=max(5.0, 1.5 + 0.55 * len(shown))) as axes:
        values = np.array([figure.value for figure in shown], dtype=float)
        axes.bar(positions, values, width=0.6, color="#4c78a8", label="generated")
        axes.errorbar(positions, values, _lengths(shown, values), fmt="none", ecolor="#1b1f24", capsize=2, lw=1)
        for name, marker, color, size in (("ceiling", "_", "#d1495b", 22), ("paper", "D", "#e0a030", 5)):
            marked = [(x, getattr(one, name)) for x, one in zip(positions, shown, strict=True)]
            points = [(x, y) for x, y in marked if y is not None]
            if points:
                title = {"ceiling": "real CT", "paper": "paper"}[name]
                axes.plot(*zip(*points, strict=True), marker, color=color, ms=size, mew=2, ls="none", label=title)
        axes.set_xticks(positions, [figure.name for figure in shown], rotation=40, ha="right", parse_math=False)
        axes.set_ylabel(label, parse_math=False)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), markerscale=0.6)
    return path


def curves(lines: Mapping[str, Sequence[Point]], x_label: str, y_label: str, path: Path) -> Path:
    """One line for each name through its points, with intervals. Returns `path`."""
    with _axes(path, width=6.0) as axes:
        for (name, points), marker in zip(lines.items(), "osD^v<>", strict=False):
            x, y = (np.array([point[i] for point in points], dtype=float) for i in (0, 1))
            low, high = (np.array([point[1] if point[i] is None else point[i] for point in points]) for i in (2, 3))
            spread = np.maximum(0, [y - low, high - y])
            axes.errorbar(x, y, spread, marker=marker, ms=5, capsize=3, lw=1.5, label=name)
        places = sorted({point[0] for points in lines.values() for point in points})
        if len(places) <= MOST_TICKS:  # of more the plot chooses some
            axes.set_xticks(places)
        axes.set_xlabel(x_label, parse_math=False)
        axes.set_ylabel(y_label, parse_math=False)
        axes.legend(frameon=False)
    return path


def _lengths(figures: Sequence[Figure], values: np.ndarray) -> np.ndarray:
    """[2, n] lengths below and above the bars; 0 without an interval."""
    low = [value if one.low is None else one.low for one, value in zip(figures, values, strict=True)]
    high = [value if one.high is None else one.high for one, value in zip(figures, values, strict=True)]
    return np.maximum(0, np.array([values - low, high - values]))


@contextmanager
def _axes(path: Path, width: float, height: float = 3.6) -> "Iterator[Axes]":
    """Axes to draw on; the PNG is written, atomically, when the block ends without a fault."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#d0d7de", lw=0.6)
    axes.set_axisbelow(True)
    yield axes
    with atomic(path) as private:
        canvas.savefig(private, format="png", metadata={"Title": "SYNTHETIC"})
