"""Which case each view shows while two CTs stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from GuideGenLib.scene.nodes import nodes_of
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.edits import OUTLINE

SIDE = ("side", "side-coronal")
"""Layouts in which the right view shows the CT that is compared with."""


def other_ct(workspace: Workspace) -> Any:
    """A CT to compare the chosen one with: the newest other one of its run, else of the newest other run; or None."""
    own = [run for run in workspace.runs if workspace.ct in run.cts]
    rest = [run for run in reversed(workspace.runs) if run not in own]
    found = (ct for run in (*own, *rest) for ct in reversed(run.cts) if ct is not workspace.ct)
    return next(found, None)


def compared_anatomy(workspace: Workspace) -> Any:
    """The segmentation of the run that the compared CT is of; the chosen one where it is of none."""
    other = workspace.compared
    runs = workspace.runs if other is not None else []
    return next((run.segmentation for run in runs if other in run.cts), workspace.segmentation)


def show_cases(workspace: Workspace, views: Mapping[str, Any], side: bool) -> None:
    """Put the compared CT into the right views and its anatomy over it; the chosen anatomy is in all other views, the
    anatomies of other cases in none."""
    chosen, compared = workspace.segmentation, workspace.compared
    right = [view for name, view in views.items() if name.endswith("-other")]
    for view in right:
        view.set_background_volume_id(
            compared.GetID() if compared is not None else views["axial"].get_background_volume_id()
        )
        view.set_foreground_volume_id(None)
    other = compared_anatomy(workspace) if side else chosen
    for node in nodes_of(workspace.scene, "vtkMRMLSegmentationNode"):
        display = node.GetDisplayNode()
        if display is None or node.GetAttribute(OUTLINE):
            continue
        shown = [view for view in views.values() if node is (other if view in right else chosen)]
        everywhere = node is chosen and node is other
        modifying = display.StartModify()
        display.SetVisibility(bool(shown))
        display.SetViewNodeIDs([] if everywhere or not shown else [view.get_view_node_id() for view in shown])
        display.EndModify(modifying)
