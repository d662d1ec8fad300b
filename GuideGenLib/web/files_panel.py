"""To be written."""

from __future__ import annotations

from typing import Any

from GuideGenLib.web.panel import Panel
from GuideGenLib.web.workspace import Workspace


class FilesPanel(Panel):
    """To be written."""

    def __init__(self, server: Any, workspace: Workspace, max_upload_mb: int) -> None:
        super().__init__(server, workspace)

    def build(self) -> None:
        """Write the widgets."""

    def add_routes(self, application: Any) -> None:
        """HTTP routes of uploads and downloads (aiohttp.web.Application)."""
