"""Runs of the session's worker, followed without blocking the page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from undo_stack import Signal

from GuideGenLib.remote.client import Address, RemoteClient
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.edits import edits_later
from GuideGenLib.workflow.job import Job, Outcome
from GuideGenLib.workflow.runs import Runs

POLL_S = 0.05


class Runner(Runs):
    """Signals: `progressed(engine.Progress)`; `ended(workflow.runs.Outcome)`. server: what makes the volumes in place
    of a worker here."""

    progressed = Signal(object)
    ended = Signal(object)

    def __init__(
        self, workspace: Workspace, bundle: Path | None = None, device: str = "auto", server: Address | None = None
    ) -> None:
        super().__init__(workspace, None if server is None else lambda model, _: RemoteClient(server, bundle=model))
        self.workspace, self.device = workspace, device
        self.use(bundle, device)

    def edit(self, description: dict[str, Any], settings: Any) -> Job:
        """Make the chosen CT again where the segmentation was edited; see `start_regenerate`."""
        return self.start_regenerate(
            description, settings, edits_later(self.workspace.segmentation, self.workspace.ct)()
        )

    async def follow(self) -> None:
        """Ask the worker's client until the run is over; to be run as a task of the event loop."""
        while self.job is not None:
            for event in self.poll():
                if isinstance(event, Outcome):
                    self.workspace.set_busy(False)
                    self.ended.emit(event)
                else:
                    self.progressed.emit(event)
            await asyncio.sleep(POLL_S)

    def _start(self, kind: str, request: Any, **job: Any) -> Job:
        started = super()._start(kind, request, **job)
        self.workspace.set_busy(True)
        return started
