"""Work that is in no file yet: the browser asks before it leaves (`server.entry`), and the scene is saved by itself.

The browser gets no file of it: it lies on the server, for this user alone, until it is older than `--keep`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3
from trame_server.utils.asynchronous import create_task

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.web.files.downloads import write_scene
from GuideGenLib.web.files.opening import Opener, Upload, has_work
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.job import Outcome
from GuideGenLib.workflow.words import say, sentence

NOW, LAST, WRITING = "now.mrb", "last.mrb", "writing"
"""What this session saves, what the one before has left, and the folder where it is written."""

REST_S = 15.0
"""The scene is written on the event loop, and so when nobody paints: so long after the last change, or at once when no
page is open."""

LOOK_S = 1.0


class KeepPanel(Panel):
    """kept: the folder of the browser's autosaved work, None where none is kept; watched: whether a page is open."""

    def __init__(self, server: Any, workspace: Workspace, runner: Runner, opener: Opener, kept: Path | None) -> None:
        super().__init__(server, workspace)
        self.watched: Callable[[], bool] = lambda: True
        self._opener, self._kept = opener, kept
        self._changed: float | None = None
        self.state.update({"keep_unsaved": False, "keep_offer": "", "keep_busy": False})
        if kept is not None:
            self.state.keep_offer = _take_over(kept)
        workspace.edited.connect(self.note)
        workspace.saved.connect(self._on_saved)
        runner.ended.connect(self._on_end)
        workspace.chosen.connect(self._on_chosen)
        opener.opened.connect(self.note)
        opener.scene_loaded.connect(self._on_loaded)

    def note(self) -> None:
        """The scene has changed: it is not in a file as it is now."""
        self._changed = time.monotonic()
        self._say_unsaved(has_work(self.workspace.scene))

    def _on_end(self, outcome: Outcome) -> None:
        if outcome.state == "done":
            self.note()

    def _on_chosen(self) -> None:
        """The scene may have been cleared, by the user's own wish."""
        if self.state.keep_unsaved and not has_work(self.workspace.scene):
            self.note()

    def _on_loaded(self, *_: Any) -> None:
        """It is in a file, but of another browser's disk."""
        self._changed = time.monotonic()
        self._say_unsaved(False)

    def _on_saved(self) -> None:
        self._say_unsaved(False)

    def _say_unsaved(self, unsaved: bool) -> None:
        if unsaved != self.state.keep_unsaved:
            with self.state:
                self.state.keep_unsaved = unsaved

    # ------------------------------------------------------------ saved by itself

    async def watch(self) -> None:
        """Save whenever the scene has changed and rests, until it is cancelled."""
        while self._kept is not None:
            await asyncio.sleep(LOOK_S)
            rests = self._changed is not None and time.monotonic() > self._changed + REST_S
            if self._changed is not None and (rests or not self.watched()) and not self.workspace.busy:
                await self.save()

    async def save(self) -> None:
        """Write the scene for the next session of this browser; an empty one takes the older file away."""
        assert self._kept is not None
        self._changed = None
        target = self._kept / NOW
        self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not has_work(self.workspace.scene):
            target.unlink(missing_ok=True)
            return
        private = self._kept / WRITING
        try:
            shutil.rmtree(private, ignore_errors=True)
            private.mkdir(mode=0o700)
            os.replace(await write_scene(self.workspace.scene, private), target)
        except (GuideGenError, OSError) as error:
            self.workspace.tell(
                sentence(say("Your work could not be saved by itself: {error}", error=error)), "warning"
            )
        finally:
            shutil.rmtree(private, ignore_errors=True)

    # ------------------------------------------------------------ offered

    def restore(self) -> None:
        """Open what was kept, in place of the scene."""
        create_task(self._restore())

    async def _restore(self) -> None:
        assert self._kept is not None
        with self.state:
            self.state.keep_busy = True
        try:
            await self._opener.open(
                Upload(self._kept / LAST, say("your last work"), "auto", replace=True), lambda: False
            )
        except GuideGenError as error:
            self.workspace.tell(sentence(say("What was kept cannot be opened: {error}", error=error)), "error")
        else:
            self.discard()
            self.note()
        finally:
            with self.state:
                self.state.keep_busy = False

    def discard(self) -> None:
        """Delete what was kept."""
        assert self._kept is not None
        (self._kept / LAST).unlink(missing_ok=True)
        with self.state:
            self.state.keep_offer = ""

    def build(self) -> None:
        """The offer, where there is one."""
        with v3.VAlert(
            id="keep-offer",
            v_if=("keep_offer",),
            type="info",
            variant="tonal",
            density="compact",
            classes="ma-3 text-body-2",
        ):
            html.Div("Work that you had not saved to a file was kept: {{ keep_offer }}.")
            with html.Div(classes="d-flex ga-2 mt-2"):
                v3.VBtn(
                    "Go on with it",
                    id="keep-restore",
                    click=(self.restore, "[]"),
                    loading=("keep_busy",),
                    disabled=("keep_busy || run_busy",),
                    title="Opens it in place of the scene that is here",
                    size="small",
                    color="primary",
                )
                v3.VBtn(
                    "Delete it",
                    id="keep-discard",
                    click=(self.discard, "[]"),
                    disabled=("keep_busy",),
                    size="small",
                    variant="text",
                )


def _take_over(kept: Path) -> str:
    """What the session before has left becomes what is offered; when it was saved, "" where there is nothing."""
    shutil.rmtree(kept / WRITING, ignore_errors=True)  # of one that was killed
    if (kept / NOW).is_file():
        os.replace(kept / NOW, kept / LAST)
    if not (kept / LAST).is_file():
        return ""
    return f"{datetime.fromtimestamp((kept / LAST).stat().st_mtime):%Y-%m-%d, %H:%M}"
