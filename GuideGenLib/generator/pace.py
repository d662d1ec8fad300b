"""How long a stage took here the last time, so that `guidegen doctor` can tell what to expect."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from GuideGenLib.core.measured import keep, last

TORSO = {"mask": 96 * 72 * 64, "ct": 12_000_000}
"""Voxels of a torso: those of the 6 mm grid that it is drawn on, and those of its CT at 2 mm."""
LEAST = 0.4
"""Share of a torso below which a volume tells nothing of one: what is done once for each weighs too much."""


@contextmanager
def timed(stage: str, arithmetic: str, voxels: int) -> Iterator[None]:
    """Remember how long the block took, for `voxels` of a stage of TORSO; nothing of a block that fails."""
    start = time.perf_counter()
    yield
    if voxels >= LEAST * TORSO[stage]:
        keep(_name(stage, arithmetic), [(time.perf_counter() - start) * TORSO[stage] / voxels])


def expected_seconds(stage: str, arithmetic: str) -> float | None:
    """Seconds of a stage for a torso, as the last volume took them; None where none was made."""
    known = last(_name(stage, arithmetic))
    return known[0] if known else None


def _name(stage: str, arithmetic: str) -> str:
    return f"seconds of {stage} by {arithmetic}"
