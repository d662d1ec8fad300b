"""How long a piece of work takes, and how much memory it takes beside what the process had before."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/statm")
EVERY_S = 0.05


@dataclass
class Costs:
    """seconds, and the most gigabytes beyond those of the start; None where the system does not tell them."""

    seconds: float = 0.0
    gigabytes: float | None = None


@contextmanager
def measured() -> Iterator[Costs]:
    """The costs of the block, filled in at its end. On a GPU the memory is the GPU's, else the process's."""
    import torch

    costs, ended, most = Costs(), threading.Event(), [0.0]
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() / 1e9 if cuda else _resident()

    def watch() -> None:
        while not ended.wait(EVERY_S):
            most[0] = max(most[0], _resident() or 0.0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = time.monotonic()
    try:
        yield costs
    finally:
        costs.seconds = time.monotonic() - start
        ended.set()
        watcher.join()
        if before is not None:
            peak = torch.cuda.max_memory_allocated() / 1e9 if cuda else max(most[0], _resident() or 0.0)
            costs.gigabytes = max(0.0, peak - before)


def _resident() -> float | None:
    """Gigabytes of the process in memory; None where there is no STATUS, as outside of Linux."""
    try:
        import resource

        return int(STATUS.read_text().split()[1]) * resource.getpagesize() / 1e9
    except (OSError, ImportError):
        return None
