"""One run, and what became of it. It imports nothing heavy: the module's panel has it when Slicer starts."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from GuideGenLib.workflow.words import say

ANATOMY, CT, REGENERATE, CHANGE = "anatomy", "ct", "regenerate", "change"


class Worker(Protocol):
    """What the runs need of the engine's Client: a test may put its own in the place."""

    def submit(self, request: Any) -> str:
        """Take a request and return its id."""

    def warm(self) -> None:
        """Make ready for a request that may come."""

    def poll(self) -> list[Any]:
        """The events since the last call."""

    def cancel(self, id: str) -> None:
        """Stop that request."""

    def close(self) -> None:
        """End all."""


@dataclass
class Job:
    """One run: its kind, the id that the client gave it, and what is needed to file its result.

    segmentation, ct: nodes that it belongs to, which may be gone when it comes; anatomy: the label volume that the CT
    is made of; changes: what a regeneration follows; notes: what was added or left out when the anatomy was read;
    sentence: what a change follows.
    """

    kind: str
    id: str
    title: str
    corrections: str = ""
    segmentation: Any = field(default=None, repr=False)
    ct: Any = field(default=None, repr=False)
    anatomy: Any = field(default=None, repr=False)
    changes: list[Any] = field(default_factory=list, repr=False)
    notes: str = ""
    sentence: str = ""
    cancelled: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job: "done", "failed" or "stopped"; message for the user (empty: nothing to tell), details."""

    job: Job
    state: str
    message: str = ""
    details: str = ""

    @property
    def text(self) -> str:
        """The line that ends a run."""
        ends = {"done": say("Done."), "stopped": say("Cancelled; the scene is as it was."), "failed": ""}
        return self.message or ends[self.state]
