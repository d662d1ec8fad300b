"""What the panels of the page have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import GuideGenLib.web.aria  # noqa: F401  # before any widget is written

if TYPE_CHECKING:
    from GuideGenLib.web.workspace import Workspace


class Panel:
    """One part of the page: `__init__` declares its state and listens to the workspace, `build` writes its widgets into
    the layout that is open then.

    State that Python changes outside a handler of the page is changed inside `with self.state:`, or it is not sent.
    """

    def __init__(self, server: Any, workspace: Workspace) -> None:
        self.server, self.workspace = server, workspace
        self.state = server.state

    def build(self) -> None:
        """Write the widgets."""
        raise NotImplementedError
