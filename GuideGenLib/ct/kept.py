"""What rules drew on the last label map of a patient, kept for the next: after an edit only that is drawn anew which
hangs on labels that changed. It is the same array, so nothing else of the CT can differ."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import table_of

Drawn = TypeVar("Drawn")


class Kept:
    """Of one label map at a time. Not thread-safe for the same name; rules that run at once have names of their own."""

    def __init__(self) -> None:
        self._labels: NDArray[np.uint8] | None = None
        self._patient: Hashable = None
        self._drawn: dict[Hashable, tuple[NDArray[np.bool_], object]] = {}

    def turn_to(self, labels: NDArray[np.uint8], patient: Hashable) -> None:
        """Forget what does not hold for these labels [z, y, x], which nobody may write to from now on; patient: all
        else on which rules hang. What was drawn stays where no voxel of a label that it hangs on came or went."""
        before, self._labels = self._labels, labels
        same = before is not None and before.shape == labels.shape and patient == self._patient
        self._patient = patient
        if not same or before is None:
            self._drawn.clear()
            return
        changed = before != labels
        touched = np.zeros(256, bool)
        touched[labels[changed]] = touched[before[changed]] = True
        self._drawn = {name: entry for name, entry in self._drawn.items() if not (entry[0] & touched).any()}

    def get(self, name: Hashable, keys: Iterable[str], make: Callable[[], Drawn]) -> Drawn:
        """What was drawn under a name, or made now; keys: all the labels that it hangs on."""
        if name not in self._drawn:
            self._drawn[name] = (table_of(keys), make())
        return self._drawn[name][1]  # type: ignore[return-value]
