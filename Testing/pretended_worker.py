"""A worker that computes nothing: what panel, page and workflow ask of it, and what they do with its answers."""

from typing import Any

from GuideGenLib.engine.protocol import Stopped


class PretendedWorker:
    """Takes requests and tells what a test puts into `events`; with `stops` it stops as soon as it is asked to."""

    def __init__(self, stops: bool = False) -> None:
        self.stops = stops
        self.requests: list[Any] = []
        self.events: list[Any] = []
        self.cancelled: list[str] = []
        self.warmed = 0
        self.closed = False

    def submit(self, request: Any) -> str:
        self.requests.append(request)
        return str(len(self.requests))

    def warm(self) -> None:
        self.warmed += 1

    def poll(self) -> list[Any]:
        events, self.events = self.events, []
        return events

    def cancel(self, id: str) -> None:
        self.cancelled.append(id)
        if self.stops:
            self.events.append(Stopped(id))

    def close(self) -> None:
        self.closed = True
