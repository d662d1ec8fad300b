"""The live page of a run: how far it is, what failed, and the latest previews; a file that any browser shows."""

import tempfile
import time
from collections import deque
from pathlib import Path

from GuideGenLib.cohort.folder import CohortFolder
from GuideGenLib.cohort.run import Summary
from GuideGenLib.cohort.templates import template
from GuideGenLib.cohort.workers import Outcome

PAGE = "progress.html"
EVERY_S = 5.0
LATEST = 12


class LivePage:
    """Hears of each row that is over (`run.make_cohort`) and writes the page anew every few seconds."""

    def __init__(self, folder: CohortFolder, total: int) -> None:
        self._folder, self._total = folder, total
        self._began = self._written = time.monotonic()
        self._latest: deque[tuple[str, str]] = deque(maxlen=LATEST)

    def hear(self, outcome: Outcome, summary: Summary) -> None:
        """One more row is over."""
        if outcome.record is not None:
            self._latest.appendleft((outcome.row.id, outcome.row.text))
        if time.monotonic() - self._written >= EVERY_S:
            self.write(summary)

    def write(self, summary: Summary, over: bool = False) -> None:
        """The page as it is now."""
        self._written = time.monotonic()
        done = summary.there + summary.made
        rest = self._total - done - len(summary.failed)
        each = (self._written - self._began) / max(1, summary.made)
        left = duration(rest * each) if summary.made else "an unknown time"
        page = template("watch.html.jinja").render(
            done=done, total=self._total, summary=summary, left=left, over=over, latest=list(self._latest)
        )
        with tempfile.TemporaryDirectory(prefix="guidegen-") as private:
            file = Path(private) / PAGE
            file.write_text(page, encoding="utf-8")
            self._folder.put(file)


def duration(seconds: float) -> str:
    """For people: "40 s", "12 min", "3.5 h", "2.1 days"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
