"""Figures for Prometheus, in its text format: https://prometheus.io/docs/instrumenting/exposition_formats/.

They name kinds and outcomes, no user and no patient.
"""

from collections import Counter

CONTENT_TYPE = "text/plain; version=0.0.4"
HELP = {
    "guidegen_runs_total": ("counter", "Runs that ended, by kind of request and outcome."),
    "guidegen_run_seconds_total": ("counter", "Seconds that workers spent on runs that ended, by kind."),
    "guidegen_wait_seconds_total": ("counter", "Seconds that runs which began had waited in the line."),
    "guidegen_refused_total": ("counter", "Questions that were refused, by reason."),
    "guidegen_received_bytes_total": ("counter", "Bytes of requests, compressed."),
    "guidegen_sent_bytes_total": ("counter", "Bytes of results, compressed."),
    "guidegen_runs": ("gauge", "Runs that the server knows now, by state."),
    "guidegen_workers": ("gauge", "Worker processes that runs can have at a time."),
    "guidegen_held_bytes": ("gauge", "Bytes of requests and results in memory now."),
}


Gauges = dict[str, dict[tuple[tuple[str, str], ...], float]]
"""By name, the values by their labels."""


class Metrics:
    """Counters; `text` adds the gauges of the moment."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count."""
        self._counts[name, tuple(sorted(labels.items()))] += amount  # type: ignore[assignment]

    def text(self, gauges: Gauges) -> str:
        """All of it."""
        lines = []
        for name, (kind, about) in HELP.items():
            values = gauges.get(name) or {labels: n for (one, labels), n in self._counts.items() if one == name}
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{_labels(labels)} {value:g}" for labels, value in sorted(values.items())]
        return "\n".join(lines) + "\n"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" if labels else ""
