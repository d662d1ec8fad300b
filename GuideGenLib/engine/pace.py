"""How far a request is: the generator's many callbacks become few progress events with the time that is left."""

import time
from collections.abc import Callable

from GuideGenLib.engine.protocol import Progress

INTERVAL_S = 0.1
"""Events of less than a hundredth of the work are not sent more often than this."""
SMOOTHING = 0.4
"""Weight of the newest estimate of the total time."""
LOAD_SHARE = 0.1
"""Part of the bar that loading the model takes."""
FIRST_SHARE = 0.8
"""Part of the mask's bar for its first candidate: most anatomies need no second one."""
STAGES = {"decode": "ct", "lesion": "mask"}
"""Steps of the library that are parts of a stage of the protocol."""


class Pace:
    """The progress of one request; the fraction never goes back. `send` gets the events."""

    def __init__(self, id: str, send: Callable[[Progress], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._id = id
        self._send = send
        self._clock = clock
        self._base = 0.0  # where the work began, after loading
        self._begin = clock()
        self._total: float | None = None
        self._fraction = 0.0
        self._sent: tuple[str, float, float] | None = None  # stage, fraction, time

    def loading(self) -> None:
        """The model is not there yet."""
        self._base = LOAD_SHARE
        self._tell("load", 0.0, None)

    def working(self, stage: str) -> None:
        """The work of that stage begins: time is measured from here, as loading says nothing of it."""
        self._begin = self._clock()
        self._fraction = self._base
        self._tell(stage, self._fraction, None)

    def step(self, stage: str, fraction: float) -> None:
        """fraction 0 to 1 of the work, as the generator calls back."""
        if stage == "mask":
            fraction = _first_candidate_larger(fraction)
        fraction = min(1.0, max(0.0, fraction))
        self._fraction = max(self._fraction, self._base + (1 - self._base) * fraction)
        self._tell(STAGES.get(stage, stage), self._fraction, self._remaining(fraction))

    def _remaining(self, fraction: float) -> float | None:
        elapsed = self._clock() - self._begin
        if fraction > 0:
            total = elapsed / fraction
            self._total = total if self._total is None else self._total + SMOOTHING * (total - self._total)
        return None if self._total is None else max(0.0, self._total - elapsed) if fraction < 1 else 0.0

    def _tell(self, stage: str, fraction: float, remaining: float | None) -> None:
        now = self._clock()
        if self._sent is not None:
            last_stage, last_fraction, last_time = self._sent
            same = stage == last_stage and fraction < last_fraction + 0.01
            if same and now - last_time < INTERVAL_S:
                return
        self._sent = (stage, fraction, now)
        self._send(Progress(self._id, stage, fraction, remaining))


def _first_candidate_larger(fraction: float) -> float:
    """The generator halves the bar between the two anatomies that it may draw."""
    if fraction <= 0.5:
        return fraction / 0.5 * FIRST_SHARE
    return FIRST_SHARE + (fraction - 0.5) / 0.5 * (1 - FIRST_SHARE)
