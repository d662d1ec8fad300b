"""The measurements of a case: rulers, regions with their HU, angles. They are nodes of the scene, saved with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from GuideGenLib.scene.nodes import nodes_of, present
from GuideGenLib.scene.runs.hierarchy import file_into, folder_of
from GuideGenLib.web.views.measure.kinds import KINDS, MEASURE, REGION, Kind
from GuideGenLib.web.views.measure.placing import Placing
from GuideGenLib.web.views.measure.statistics import statistics_within
from GuideGenLib.web.workspace import Workspace

CASE = "GuideGen.MeasuredIn"
"""Reference to the segmentation of the case that is measured: that of another case is hidden."""

OTHER = "GuideGen.MeasuredInOther"
"""Attribute of a region that was drawn in the view of the CT that is compared with."""

MEAN, SD = "mean", "SD"


class Measurements:
    """views: the slice views, others: those of them that show the compared CT. changed: told of the kind that is being
    placed now ("": none)."""

    def __init__(
        self, workspace: Workspace, views: Sequence[Any], others: Sequence[Any], changed: Callable[[str], None]
    ) -> None:
        self._workspace, self._others, self._changed = workspace, tuple(others), changed
        self._watched: list[Any] = []
        self._placing = Placing(workspace.scene, views, self._add, self._on_placed)
        workspace.chosen.connect(self.refresh)

    @property
    def active(self) -> str:
        """The name of the kind that the next press places, "" where it is none."""
        return self._placing.kind.name if self._placing.kind is not None else ""

    @property
    def at_a_handle(self) -> bool:
        """Whether the mouse is at a handle or a line of one, which a press would move."""
        return any(node.GetDisplayNode().HasActiveComponent() for node in self.nodes if node.GetDisplayNode())

    @property
    def nodes(self) -> list[Any]:
        """All of the scene, the oldest first."""
        found = nodes_of(self._workspace.scene, "vtkMRMLMarkupsNode")
        return [node for node in found if node.GetAttribute(MEASURE) in KINDS]

    def begin(self, name: str) -> None:
        """Place one of KINDS with the next press; once more, or "": none."""
        if name not in KINDS or name == self.active:
            self._placing.cancel()
        else:
            self._placing.begin(KINDS[name])
        self._changed(self.active)

    def remove_last(self) -> None:
        """Remove the newest one that is seen."""
        shown = [node for node in self.nodes if node.GetDisplayNode() and node.GetDisplayNode().GetVisibility()]
        if shown:
            self._workspace.scene.RemoveNode(shown[-1])

    def refresh(self) -> None:
        """Show those of the chosen case, with the HU of the chosen CTs."""
        segmentation = self._workspace.segmentation
        for node in self.nodes:
            case = node.GetNodeReference(CASE)
            if node.GetDisplayNode() is not None:
                node.GetDisplayNode().SetVisibility(case is None or case is segmentation)
            self._watch(node)
            self._measure(node)

    def forget(self) -> None:
        """The scene was cleared or another one was loaded."""
        self._placing.forget()
        self._watched.clear()
        self._changed("")

    # ------------------------------------------------------------ one measurement

    def _add(self, kind: Kind, view: Any) -> Any:
        node, segmentation = kind.add(self._workspace.scene), self._workspace.segmentation
        if segmentation is not None:
            node.SetNodeReferenceID(CASE, segmentation.GetID())
            file_into(self._workspace.scene, folder_of(self._workspace.scene, segmentation), [node])
        if view in self._others:
            node.SetAttribute(OTHER, "1")
        self._watch(node)
        return node

    def _on_placed(self, _node: Any) -> None:
        self._changed("")

    def _watch(self, node: Any) -> None:
        if node.GetAttribute(MEASURE) == REGION.name and not any(known is node for known in self._watched):
            self._watched = [known for known in self._watched if present(known) is not None] + [node]
            node.AddObserver(node.PointModifiedEvent, lambda *_: self._measure(node))

    def _measure(self, node: Any) -> None:
        """Mean and SD of a region, as measurements of its node."""
        if node.GetAttribute(MEASURE) != REGION.name:
            return
        volume = self._workspace.compared if node.GetAttribute(OTHER) else self._workspace.ct
        points = node.GetCurvePointsWorld()
        outline = [points.GetPoint(index) for index in range(points.GetNumberOfPoints())] if points else []
        found = statistics_within(volume, outline) if volume is not None else None
        for name, value in ((MEAN, found.mean if found else None), (SD, found.sd if found else None)):
            _write(node, name, value)


def _write(node: Any, name: str, value: float | None) -> None:
    import slicer

    measurement = node.GetMeasurement(name)
    if measurement is None:
        measurement = slicer.vtkMRMLStaticMeasurement()
        measurement.SetName(name)
        measurement.SetUnits("HU")
        measurement.SetPrintFormat("%.0f %s")
        node.AddMeasurement(measurement)
    measurement.SetEnabled(value is not None)
    if value is not None:
        measurement.SetValue(value)
        measurement.Modified()
