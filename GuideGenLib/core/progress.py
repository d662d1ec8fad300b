"""Progress and cooperative cancel, shared by every long step."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as progress(stage, fraction): stage in {"describe", "mask", "ct", "decode", ...}, fraction in 0..1.

A callback that wants the run to stop raises `Cancelled`; every denoising step and every tile calls it.
"""


class Cancelled(Exception):  # noqa: N818 - what happened, no fault
    """The caller asked a running generation to stop."""


def silent(stage: str, fraction: float) -> None:
    """The callback that does nothing."""


def within(progress: Progress, start: float, stop: float) -> Progress:
    """A callback that maps 0..1 of one part into start..stop of the whole."""
    return lambda stage, fraction: progress(stage, start + (stop - start) * fraction)
