"""What was drawn, to be copied; what of the text will not be drawn; and the way to the finding after a run."""

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from GuideGenLib.workflow.job import ANATOMY, CHANGE, Job

from .Panel import Panel, enable
from .SegmentsPanel import jumpTo


class SummaryPanel(Panel):
    """The summary is of the chosen anatomy, whoever made it. description: of the text as it is typed, or None."""

    def __init__(self, ui: Any, logic: Any, session: Any, description: Callable[[], Any]) -> None:
        super().__init__(ui, logic, session)
        self._description = description
        self._segmentation: Any = None
        self._told: Any = None
        self.ui.summaryCopyButton.connect("clicked()", self.onCopy)

    def refresh(self) -> None:
        if self.parameterNode is None:
            return
        if self.parameterNode.segmentation != self._segmentation:
            self._showSummary(self.parameterNode.segmentation)
        description = self._description()
        if description != self._told:
            self._showMissing(description)

    def sceneChanged(self) -> None:
        if self.parameterNode is not None:
            self._showSummary(self.parameterNode.segmentation)

    def _showSummary(self, segmentation: Any) -> None:
        from GuideGenLib.scene.runs.provenance import provenance_of
        from GuideGenLib.workflow.summary import summary_of

        self._segmentation = segmentation
        summary = summary_of(provenance_of(segmentation)) if segmentation is not None else None
        self.ui.summaryLabel.text = "" if summary is None else summary.text
        nothing = "" if summary is not None else _("There is no anatomy that was drawn here.")
        enable(self.ui.summaryCopyButton, nothing, _("Copies the summary."))

    def _showMissing(self, description: Any) -> None:
        from GuideGenLib.workflow.summary import not_drawn

        self._told = description
        missing = not_drawn(description)
        self.ui.missingLabel.text = _("Not drawn: {what}").format(what="; ".join(missing)) if missing else ""
        self.ui.missingLabel.visible = bool(missing)

    def onCopy(self) -> None:
        qt.QApplication.clipboard().setText(self.ui.summaryLabel.text)

    def showEnded(self, job: Job) -> None:
        """Bring the slices to the first finding of a new anatomy."""
        from GuideGenLib.scene.segments.centre import place_within
        from GuideGenLib.scene.segments.findings import finding_segments

        segmentation = self.parameterNode.segmentation if job.kind in (ANATOMY, CHANGE) else None
        found = finding_segments(segmentation) if segmentation is not None else []
        place = place_within(segmentation, found[0]) if found else None
        if place is not None:
            jumpTo(place)

    def cleanup(self) -> None:
        self._segmentation = self._told = None
