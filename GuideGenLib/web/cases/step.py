"""Cases and lessons as steps of the page, where `guidegen web --cases DIR` named a folder; nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from undo_stack import Signal

from GuideGenLib.web.cases.lesson_panel import LessonPanel
from GuideGenLib.web.cases.panel import CasesPanel
from GuideGenLib.web.files.opening import Opener
from GuideGenLib.web.workspace import Workspace


class CasesStep:
    """`opened(record, corrections)` as CasesPanel.opened. folder: None where the page has no cases."""

    opened = Signal(dict, str)

    def __init__(self, server: Any, workspace: Workspace, folder: Path | None, opener: Opener) -> None:
        self.cases: CasesPanel | None = None
        self.lessons: LessonPanel | None = None
        if folder is not None:
            self.cases = CasesPanel(server, workspace, folder, opener)
            self.cases.opened.connect(self.opened.emit)
            self.lessons = LessonPanel(server, workspace, self.cases.catalogue)

    def add_routes(self, application: Any) -> None:
        """Thumbnails and results (aiohttp.web.Application)."""
        if self.cases is not None and self.lessons is not None:
            self.cases.add_routes(application)
            self.lessons.add_routes(application)

    def build(self, step: Callable[[str, str, str], Any]) -> None:
        """Write the steps; step: writes the frame of one (name, title, icon), as the shell does."""
        if self.cases is not None and self.lessons is not None:
            with step("cases", "Cases", "mdi-view-list-outline"):
                self.cases.build()
            with step("lessons", "Lessons", "mdi-school-outline"):
                self.lessons.build()
