"""A cohort from its rows: what is there stays, the rest is made, and the end is told."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from GuideGenLib.cohort.folder import CohortFolder
from GuideGenLib.cohort.making import Maker, Order
from GuideGenLib.cohort.rows import CohortError, Row
from GuideGenLib.cohort.workers import Outcome, Work, Workers, run
from GuideGenLib.core.progress import Progress, silent

IN_A_ROW = 10
"""After so many failures without a case between them nothing is to be hoped for."""


@dataclass
class Summary:
    """How a run went. there: cases of runs before; failed: rows without a case, and why."""

    there: int = 0
    made: int = 0
    redrawn: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def make_cohort(
    rows: Sequence[Row],
    order: Order,
    folder: CohortFolder,
    workers: Workers,
    bundle: str,
    progress: Progress = silent,
    told: Callable[[Outcome, Summary], None] = lambda outcome, summary: None,
) -> Summary:
    """Make the cases that are not there yet. bundle: identity of the model; told: hears of each row that is over.

    Raises CohortError for another cohort in the folder, a folder that cannot be written, a model that cannot be
    loaded, and after IN_A_ROW failures; what was made until then stays, and the same call goes on.
    """
    folder.begin(rows, {"bundle": bundle, "with_ct": order.with_ct, **asdict(order.settings)})
    return serve(rows, functools.partial(Maker, order, folder.url), folder, workers, progress, told)


def serve(
    rows: Sequence[Row], open_work: Callable[[], Work], folder: CohortFolder, workers: Workers,
    progress: Progress = silent, told: Callable[[Outcome, Summary], None] = lambda outcome, summary: None,
) -> Summary:  # fmt: skip
    """`make_cohort` for any work that writes a case."""
    folder.clear_torn()
    there = folder.made()
    left = [row for row in rows if row.id not in there]
    summary, in_a_row = Summary(there=len(rows) - len(left)), 0
    progress("cases", summary.there / len(rows))
    for outcome in run(left, open_work, workers) if left else ():
        if outcome.record is not None:
            summary.made += 1
            summary.redrawn += outcome.record.get("attempts", 1) > 1
            in_a_row = 0
        else:
            summary.failed[outcome.row.id] = outcome.error
            in_a_row += 1
        told(outcome, summary)
        if outcome.fatal or in_a_row >= IN_A_ROW:
            done = summary.there + summary.made
            remedy = f"{done} of {len(rows)} cases are there; mend it, and the same command goes on"
            raise CohortError(outcome.error.rstrip("."), remedy)
        progress("cases", (summary.there + summary.made + len(summary.failed)) / len(rows))
    return summary
