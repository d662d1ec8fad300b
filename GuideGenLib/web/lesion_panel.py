"""To be written."""

from __future__ import annotations

from typing import Any

from GuideGenLib.web.panel import Panel
from GuideGenLib.web.workspace import Workspace


class LesionPanel(Panel):
    """To be written."""

    def __init__(self, server: Any, workspace: Workspace, segments: Any, views: Any) -> None:
        super().__init__(server, workspace)

    def build(self) -> None:
        """Write the widgets."""
