"""The anatomies of the scene, to go back to an earlier one, or to one that a CT of its own has taken from the views."""

from __future__ import annotations

from typing import Any

from trame.widgets import vuetify3 as v3

from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.scene.runs.hierarchy import hierarchy_of
from GuideGenLib.scene.runs.run import Run
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import told


class RunsPanel(Panel):
    """Shown when there is a choice."""

    def __init__(self, server: Any, workspace: Workspace) -> None:
        super().__init__(server, workspace)
        self.state.update({"runs_items": [], "runs_chosen": None})
        workspace.chosen.connect(self.refresh)

    def refresh(self) -> None:
        """List the runs, the newest first, then what the user brought."""
        chosen, runs = self.workspace.segmentation, self.workspace.runs
        items = [self._item(run) for run in reversed(runs)]
        items += [{"value": node.GetID(), "title": node.GetName(), "props": {}} for node in self._others(runs)]
        with self.state:
            self.state.runs_items = items
            self.state.runs_chosen = None if chosen is None else chosen.GetID()

    def _item(self, run: Run) -> dict[str, Any]:
        title = hierarchy_of(self.workspace.scene).GetItemName(run.folder_item)
        return {
            "value": run.segmentation.GetID(),
            "title": told(title),
            "props": {"subtitle": run.segmentation.GetName()},
        }

    def _others(self, runs: list[Run]) -> list[Any]:
        """Segmentations of the user's own that have no CT."""
        known = [run.segmentation for run in runs]
        nodes = nodes_of(self.workspace.scene, "vtkMRMLSegmentationNode")
        return [node for node in nodes if node not in known and node.GetSaveWithScene()]

    def choose(self, identifier: str) -> None:
        """Take up an earlier anatomy with its newest CT."""
        runs = self.workspace.runs
        for run in runs:
            if run.segmentation.GetID() == identifier:
                self.workspace.choose(segmentation=run.segmentation, ct=run.ct, compared=run.older_ct)
        for node in self._others(runs):
            if node.GetID() == identifier:
                self.workspace.choose(segmentation=node, ct=None, compared=None)

    def build(self) -> None:
        """One list."""
        v3.VSelect(
            id="runs-chosen",
            v_if=("runs_items.length > 1 || (runs_items.length === 1 && runs_chosen === null)",),
            model_value=("runs_chosen",),
            update_modelValue=(self.choose, "[$event]"),
            items=("runs_items",),
            item_props="props",
            label="Anatomy",
            classes="mb-2",
        )
