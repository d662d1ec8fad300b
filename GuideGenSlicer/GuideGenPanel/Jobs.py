"""What is asked of the worker, with what is needed to file its result when it comes."""

from dataclasses import dataclass, field
from typing import Any, Protocol

ANATOMY, CT, REGENERATE = "anatomy", "ct", "regenerate"


class Worker(Protocol):
    """What the logic needs of the engine's Client: a test may put its own in the place."""

    def submit(self, request: Any) -> str:
        """Take a request and return its id."""

    def poll(self) -> list[Any]:
        """The events since the last call."""

    def cancel(self, id: str) -> None:
        """Stop that request."""

    def close(self) -> None:
        """End all."""


@dataclass
class Job:
    """One run: its kind, the id that the client gave it, and the state of the panel when it was started.

    segmentationID, ctID: nodes that the result belongs to; they may be gone when it comes. anatomy: the label volume
    that the CT is made of; changes: what a regeneration follows; notes: what was added or left out when it was read.
    """

    kind: str
    id: str
    title: str
    corrections: str = ""
    segmentationID: str | None = None
    ctID: str | None = None
    anatomy: Any = field(default=None, repr=False)
    changes: list = field(default_factory=list, repr=False)
    notes: str = ""
    cancelled: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job: "done", "failed" or "stopped"; message for the user (empty: nothing to tell), details."""

    job: Job
    state: str
    message: str = ""
    details: str = ""
