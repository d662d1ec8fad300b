"""Figures as text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt
from GuideGenLib.evaluation.prompts.mask_judge import GOALS, UNITS, Verdict
from GuideGenLib.judges.shares import Share

FAULTS_SHOWN = 40
WIDEST = 1000
"""Characters of a line: tables are never wrapped."""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns; the first column to the left, the others to the right."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for index in range(len(rows[0])):
        grid.add_column(justify="right" if index else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    console = Console(file=StringIO(), width=WIDEST, color_system=None, highlight=False, markup=False, emoji=False)
    with console.capture() as lines:
        console.print(grid)
    return "\n".join(line.rstrip() for line in lines.get().splitlines())


def figures_table(shares: Mapping[str, Share]) -> str:
    """One line a figure: share, its 95 % interval, the cases, what is wanted, and whether it is met."""
    rows = [("figure", "share", "95 % interval", "cases", "wanted", "")]
    for figure, found in shares.items():
        wanted = GOALS[figure]
        goal = "" if wanted is None else f"{100 * wanted:.0f} %"
        if found.value is None or found.low is None or found.high is None:
            rows.append((figure, "-", "-", "none", goal, ""))
            continue
        met = "" if wanted is None else "met" if found.value >= wanted else "MISSED"
        cases = f"{found.hits} of {found.cases} {UNITS.get(figure, 'volumes')}"
        interval = f"{100 * found.low:.1f} to {100 * found.high:.1f} %"
        rows.append((figure, f"{100 * found.value:.1f} %", interval, cases, goal, met))
    return table(rows)


def kinds_table(kinds: Mapping[str, Mapping[str, Share]]) -> str:
    """The shares once more, one line for each kind of prompt."""
    rows = [("kind of prompt", *GOALS)]
    for kind, shares in kinds.items():
        rows.append((kind, *("-" if one.value is None else f"{100 * one.value:.0f} %" for one in shares.values())))
    return table(rows)


def missing_list(verdicts: Sequence[Verdict]) -> str:
    """The organs that some volumes lack, the one that is missing most often first."""
    counts = Counter(key for verdict in verdicts for key in verdict.missing)
    return ", ".join(f"{key} {count}" for key, count in counts.most_common()) or "none"


def faults_list(prompts: Sequence[Prompt], verdicts: Sequence[Verdict]) -> str:
    """What was wrong with which prompt, the first of it."""
    lines = [f"  {p.number:3d}  {fault}" for p, v in zip(prompts, verdicts, strict=True) for fault in v.faults]
    more = [f"  ... and {len(lines) - FAULTS_SHOWN} more in checks.json"] if len(lines) > FAULTS_SHOWN else []
    return "\n".join(lines[:FAULTS_SHOWN] + more)
