"""The anatomies of the scene, to go back to an earlier one."""

from __future__ import annotations

from typing import Any

from trame.widgets import vuetify3 as v3

from GuideGenLib.scene.runs.hierarchy import hierarchy_of
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace


class RunsPanel(Panel):
    """Shown when there is a choice."""

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self.state.update({"runs_items": [], "runs_chosen": None})
        workspace.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """List the runs, the newest first."""
        hierarchy = hierarchy_of(self.workspace.scene)
        chosen = self.workspace.segmentation
        items = [
            {
                "value": run.segmentation.GetID(),
                "title": hierarchy.GetItemName(run.folder_item),
                "props": {"subtitle": run.segmentation.GetName()},
            }
            for run in reversed(self.workspace.runs)
        ]
        with self.state:
            self.state.runs_items = items
            self.state.runs_chosen = None if chosen is None else chosen.GetID()

    def choose(self, identifier: str) -> None:
        """Take up an earlier anatomy with its newest CT."""
        for run in self.workspace.runs:
            if run.segmentation.GetID() == identifier:
                self.workspace.choose(segmentation=run.segmentation, ct=run.ct, compared=run.older_ct)

    def build(self) -> None:
        """One list."""
        v3.VSelect(
            id="runs-chosen",
            v_if=("runs_items.length > 1",),
            model_value=("runs_chosen",),
            update_modelValue=(self.choose, "[$event]"),
            items=("runs_items",),
            item_props="props",
            label="Anatomy",
            classes="mb-2",
        )
