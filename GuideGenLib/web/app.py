"""The page of one session: scene, worker, views and panels put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trame_slicer.module as trame_slicer_module
from trame_slicer.core import SlicerApp

from GuideGenLib.bundle import DEFAULT
from GuideGenLib.remote.client import Address
from GuideGenLib.web.cases.step import CasesStep
from GuideGenLib.web.editor.panel import EditorPanel
from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.web.panels.change import ChangePanel
from GuideGenLib.web.panels.compare import ComparePanel
from GuideGenLib.web.panels.ct import CTPanel
from GuideGenLib.web.panels.dated import DatedPanel
from GuideGenLib.web.panels.keep import KeepPanel
from GuideGenLib.web.panels.lesion import LesionPanel
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.panels.runs import RunsPanel
from GuideGenLib.web.panels.segments import SegmentsPanel
from GuideGenLib.web.panels.settings import SettingsPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.server.entry import add_entry
from GuideGenLib.web.shell import Shell
from GuideGenLib.web.views.after import AfterRun
from GuideGenLib.web.views.keys.tour import Tour
from GuideGenLib.web.views.views import Views
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.choices import RunSettings

SERVERS_OWN = "the server's own"


class WebApp:
    """folder: private, of this session; bundle: a model, None for ours; device: as the engine takes it; cases: the
    folder of cases, None for a page without; kept: a folder for autosaved work, None keeps none; remote: the server
    that makes the volumes, None for a worker here."""

    def __init__(
        self,
        server: Any,
        folder: Path,
        bundle: Path | None,
        device: str,
        max_upload_mb: int,
        cases: Path | None = None,
        kept: Path | None = None,
        remote: Address | None = None,
    ) -> None:
        server.enable_module(trame_slicer_module)
        self.server = server
        self.workspace = Workspace(SlicerApp(), folder)
        self.runner = Runner(self.workspace, bundle, device, remote)
        self.views = Views(server, self.workspace)  # before the editor's logic, or painting fails
        self.prompt = PromptPanel(server, self.workspace)
        self.understood = UnderstoodPanel(server, self.workspace, self.prompt)
        self.settings = SettingsPanel(
            server, self.workspace, [] if bundle is None else [bundle], DEFAULT[-1] if remote is None else SERVERS_OWN
        )
        self.run = RunPanel(server, self.workspace, self.runner, self.understood, self.settings)
        self.runs = RunsPanel(server, self.workspace)
        self.segments = SegmentsPanel(server, self.workspace, self.views)
        self.editor = EditorPanel(server, self.workspace, self.segments)
        self.lesion = LesionPanel(server, self.workspace, self.segments, self.views)
        self.views.pointed.connect(self.lesion.follow)
        self.after = AfterRun(server, self.workspace, self.views, self.runner, self.understood)
        self.tour = Tour(server)
        self.ct = CTPanel(server, self.workspace, self.run, self.views)
        self.dated = DatedPanel(server, self.workspace)
        self.compare = ComparePanel(server, self.workspace, self.views)
        self.change = ChangePanel(server, self.workspace, self.run)
        self.change.described.connect(self._restore)
        self.files = FilesPanel(server, self.workspace, max_upload_mb, self.views)
        self.files.scene_loaded.connect(self._restore)
        self.cases = CasesStep(server, self.workspace, cases, self.files.opener)
        self.cases.opened.connect(self._restore)
        self.keep = KeepPanel(server, self.workspace, self.runner, self.files.opener, kept)
        self.shell = Shell(server, self.workspace, self)

    def add_routes(self, application: Any) -> None:
        """HTTP routes of this session (aiohttp.web.Application): the document, uploads and downloads."""
        add_entry(application)
        self.files.add_routes(application)
        self.cases.add_routes(application)

    def _restore(self, provenance: dict[str, Any], corrections: str) -> None:
        """Go on where a loaded scene, or another case in it, was left: its text, corrections and seed."""
        with self.server.state:
            self.prompt.set_text(str(provenance.get("text", "")))
            self.settings.set_seed(RunSettings.of_record(provenance).seed)
            self.understood.set_corrections(corrections)

    def close(self) -> None:
        """End the worker."""
        self.runner.close()
