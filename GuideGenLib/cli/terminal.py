"""What a command shows: a bar with the time left while it works, and what was drawn and checked."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from GuideGenLib.core.progress import Progress

if TYPE_CHECKING:
    from GuideGenLib.mask.findings.lesions import LesionRecord
    from GuideGenLib.mask.rules import Check

NAMES = {
    "wait": "asking the server",
    "load": "loading the model",
    "describe": "reading the text",
    "mask": "drawing the anatomy",
    "lesion": "adding lesions",
    "ct": "making the CT",
    "decode": "decoding the CT",
    "write": "writing files",
    "dicom": "writing DICOM",
    "population": "drawing people",
}


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A Progress callback that shows on stderr: a bar on a terminal, a line for each tenth elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task(NAMES["load"], total=1.0)

        def show(stage: str, fraction: float) -> None:
            bar.update(task, description=NAMES.get(stage, stage), completed=fraction)

        yield show


def _lines() -> Progress:
    shown: list[tuple[str, int]] = []

    def show(stage: str, fraction: float) -> None:
        tenth = int(fraction * 10 + 1e-6)
        if not shown or shown[-1] != (stage, tenth):
            shown.append((stage, tenth))
            print(f"{NAMES.get(stage, stage)}: {tenth * 10} %", file=sys.stderr, flush=True)

    return show


def show_checks(checks: Sequence["Check"]) -> None:
    """How many rules the anatomy keeps, and those that it breaks."""
    if not checks:
        return
    broken = [check for check in checks if not check.passed]
    print(f"Checks: {len(checks) - len(broken)} of {len(checks)} kept")
    for check in broken:
        print(f"  broken  {check.name}: {check.detail}")


def show_lesions(lesions: "Sequence[LesionRecord]") -> None:
    """What was drawn of the findings, with what could not be had as asked."""
    for lesion in lesions:
        where = " ".join(word for word in (lesion.side, lesion.organ, lesion.site) if word)
        note = f" ({lesion.note})" if lesion.note else ""
        print(f"Lesion: {where}, {lesion.measured_mm:.0f} mm, {lesion.volume_ml:.0f} ml{note}")


def show_notes(notes: Iterable[str]) -> None:
    """What was decided of a file that the user should know."""
    for note in notes:
        print(f"guidegen: note: {note}", file=sys.stderr)
