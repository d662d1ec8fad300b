"""A signal of Python: parts of the panel tell what happened and do not know who listens."""

from collections.abc import Callable
from typing import Any


class Signal:
    """`emit` calls what was connected, in that order, with its arguments."""

    def __init__(self) -> None:
        self._slots: list[Callable[..., Any]] = []

    def connect(self, slot: Callable[..., Any]) -> None:
        """Call `slot` at each emit."""
        self._slots.append(slot)

    def emit(self, *arguments: Any) -> None:
        """Tell those who listen."""
        for slot in self._slots:
            slot(*arguments)
