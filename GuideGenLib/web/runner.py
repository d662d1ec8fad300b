"""Runs of the session's worker: started, followed without blocking the page, and filed in the scene at their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from undo_stack import Signal

from GuideGenLib.engine import Client
from GuideGenLib.engine.protocol import CTRequest, MaskRequest, RegenerateRequest
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from GuideGenLib.scene.runs.run import shown_anatomy
from GuideGenLib.scene.segments.edits import find_edits
from GuideGenLib.scene.segments.segmentation import read_segmentation
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.choices import RunSettings, for_edit

POLL_S = 0.05
LONGEST_TITLE = 60
CORRECTIONS = "GuideGen.Corrections"
"""Attribute of a segmentation: what the user corrected of what was understood (JSON)."""


@dataclass
class Job:
    """id: the client's; file: puts the result into the scene and returns what the user should know of it."""

    id: str
    file: Callable[[Any], str] = field(repr=False)
    cancelled: bool = False


class Runner:
    """One run at a time. Signals: `progressed(engine.Progress)`; `ended(state, message, details)` with state "done",
    "failed" or "stopped". SceneError and DescriptionError tell why a run cannot start."""

    progressed = Signal(object)
    ended = Signal(str, str, str)

    def __init__(self, workspace: Workspace, bundle: Path | None = None, device: str = "auto") -> None:
        self.workspace, self.bundle, self.device = workspace, bundle, device
        self.client = Client(bundle=bundle, device=device)
        self.job: Job | None = None

    def use(self, bundle: Path | None) -> None:
        """Take another model for the next runs (None: the one that ships); not while a run goes on."""
        if bundle != self.bundle and self.job is None:
            self.client.close()
            self.bundle, self.client = bundle, Client(bundle=bundle, device=self.device)

    def start_anatomy(self, description: dict[str, Any], settings: RunSettings, corrections: str = "") -> None:
        """Draw an anatomy of a description (as description.report.to_json has it)."""

        def file(result: Any) -> str:
            run = file_anatomy(self.workspace.scene, result.anatomy, result.provenance, title_of(description))
            run.segmentation.SetAttribute(CORRECTIONS, corrections)
            self.workspace.choose(segmentation=run.segmentation, ct=None, compared=None)
            return "\n".join(lesion["note"] for lesion in result.lesions if lesion.get("note"))

        self._start(MaskRequest(description, settings), file)

    def start_ct(self, description: dict[str, Any], settings: RunSettings) -> None:
        """Make the CT of the chosen segmentation."""
        segmentation = self._segmentation()
        reading = read_segmentation(segmentation)
        notes = "\n".join(reading.notes)
        file = self._ct_filer(reading.anatomy, segmentation, None, title_of(description), notes)
        self._start(CTRequest(reading.anatomy, description, settings), file)

    def start_regenerate(self, description: dict[str, Any], settings: RunSettings) -> None:
        """Make the chosen CT again where the segmentation was edited, with what made it."""
        before, edited, changes = self.edits()
        if not changes:
            raise SceneError("the anatomy is the one that this CT was made of: edit the segmentation first")
        ct, segmentation = self.workspace.ct, self._segmentation()
        made = provenance_of(ct) or {}
        description = made.get("description") or description
        request = RegenerateRequest(read_ct(ct), before, edited, description, for_edit(made, settings))
        self._start(request, self._ct_filer(edited, segmentation, ct, title_of(description), ""))

    def edits(self) -> tuple[Any, Any, list[Any]]:
        """The anatomy that the chosen CT was made of, the segmentation as it is now, and the changes between them.

        Raises SceneError where there is no CT, or its anatomy is not in the scene, or the segmentation is unreadable.
        """
        ct = self.workspace.ct
        if ct is None:
            raise SceneError("there is no CT yet: generate one first")
        before = shown_anatomy(ct)
        if before is None:
            raise SceneError(f"the anatomy that {ct.GetName()} was made of is not in the scene: generate a CT first")
        edited = read_segmentation(self._segmentation(), before).anatomy
        return before, edited, find_edits(before, edited)

    def cancel(self) -> None:
        """Stop the run; `ended` comes within a second and the scene stays as it was."""
        if self.job is not None and not self.job.cancelled:
            self.job.cancelled = True
            self.client.cancel(self.job.id)

    def close(self) -> None:
        """End the worker and remove its files."""
        self.job = None
        self.client.close()

    async def follow(self) -> None:
        """Ask the worker's client until the run is over; to be run as a task of the event loop."""
        while self.job is not None:
            for event in self.client.poll():
                if self.job is not None and event.id == self.job.id:
                    self._take(event)
            await asyncio.sleep(POLL_S)

    def _start(self, request: Any, file: Callable[[Any], str]) -> None:
        if self.job is not None:
            raise SceneError("a run goes on: cancel it or wait for its end")
        self.job = Job(self.client.submit(request), file)
        self.workspace.set_busy(True)

    def _take(self, event: Any) -> None:
        kind, job = type(event).__name__, self.job
        assert job is not None
        if kind == "Progress":
            self.progressed.emit(event)
            return
        self.job = None
        state, message, details = "stopped", "", ""
        if kind == "Failed" and not job.cancelled:
            state, message, details = "failed", event.message, event.details
        elif kind == "Done" and not job.cancelled:
            try:
                state, message = "done", job.file(event.result)
            except (ValueError, OSError, RuntimeError) as error:
                state, message = "failed", f"The result could not be put into the scene: {error}"
        self.workspace.set_busy(False)
        self.ended.emit(state, message, details)

    def _ct_filer(self, anatomy: Any, segmentation: Any, old: Any, title: str, notes: str) -> Callable[[Any], str]:
        def file(result: Any) -> str:
            scene = self.workspace.scene
            ct = file_ct(scene, result.ct, anatomy, result.provenance, title, present(segmentation))
            self.workspace.choose(ct=ct, compared=present(old))
            return notes

        return file

    def _segmentation(self) -> Any:
        if self.workspace.segmentation is None:
            raise SceneError("there is no anatomy yet: generate one, or upload one")
        return self.workspace.segmentation


def title_of(description: dict[str, Any]) -> str:
    """The text of a description, short enough for the name of a folder."""
    line = " ".join(str(description.get("text", "")).split())
    if not line:
        return "Anatomy without a text"
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"
