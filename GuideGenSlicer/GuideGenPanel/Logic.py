"""What the panel can do: start runs in the worker, cancel them, and file their results in the scene."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from .Background import TURN_S, Background
from .Jobs import ANATOMY, CT, REGENERATE, Job, Outcome, Worker
from .ParameterNode import GuideGenParameterNode

LONGEST_HISTORY = 30
LONGEST_TITLE = 60
MOST_RULES = 3
OUTLINE = "GuideGen.Changes"
"""Attribute of the node that outlines changes, with the ID of the CT that was compared."""


def startClient(bundle: Path | None, device: str) -> Worker:
    """The client of a worker process; the process starts with the first run."""
    from GuideGenLib.engine import Client

    return Client(bundle=bundle, device=device)


class GuideGenLogic(ScriptedLoadableModuleLogic):
    """One run at a time. It raises where something is wrong; the widget shows.

    `makeClient(bundle, device)` gives the worker's client: tests put their own in its place.
    """

    def __init__(self, makeClient: Callable[[Path | None, str], Worker] = startClient) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self.makeClient = makeClient
        self.job: Job | None = None
        self.background = Background()
        self._client: Worker | None = None
        self._clientSettings: tuple[Path | None, str] | None = None

    def getParameterNode(self) -> GuideGenParameterNode:
        """The state in the scene; made where there is none."""
        return GuideGenParameterNode(super().getParameterNode())

    # ------------------------------------------------------------ what is asked

    def understanding(self, parameterNode: GuideGenParameterNode) -> Any:
        """What the text is taken to mean, with the corrections: a description.understanding.Understanding."""
        from GuideGenLib.description.understanding import understand

        return understand(parameterNode.prompt, parameterNode.corrections)

    def startAnatomy(self, parameterNode: GuideGenParameterNode) -> Job:
        """Draw an anatomy of the text. Raises ValueError for a text that cannot be used."""
        from GuideGenLib.core.seeds import new_seed
        from GuideGenLib.engine.protocol import MaskRequest

        description = self._description(parameterNode)
        if parameterNode.newSeed:
            parameterNode.seed = new_seed()
        request = MaskRequest(description, settings(parameterNode))
        self.remember(parameterNode, parameterNode.prompt)
        return self._submit(parameterNode, request, kind=ANATOMY, corrections=parameterNode.corrections)

    def startCT(self, parameterNode: GuideGenParameterNode) -> Job:
        """Make the CT of the chosen segmentation. Raises ValueError for one that cannot be read as an anatomy."""
        from GuideGenLib.engine.protocol import CTRequest
        from GuideGenLib.scene.segments.segmentation import read_segmentation

        reading = read_segmentation(_chosen(parameterNode.segmentation))
        description = self._description(parameterNode, maybeEmpty=True)
        request = CTRequest(reading.anatomy, description, settings(parameterNode))
        return self._submit(
            parameterNode,
            request,
            kind=CT,
            anatomy=reading.anatomy,
            segmentationID=parameterNode.segmentation.GetID(),
            notes="\n".join(reading.notes),
        )

    def startRegenerate(self, parameterNode: GuideGenParameterNode, before: Any, edited: Any, changes: list) -> Job:
        """Make the chosen CT again where the segmentation was edited, with what made it.

        before, edited, changes: what `edits` gives. Raises ValueError where nothing was edited.
        """
        from GuideGenLib.engine.protocol import RegenerateRequest
        from GuideGenLib.scene.ct import read_ct
        from GuideGenLib.scene.runs.provenance import provenance_of
        from GuideGenLib.workflow.choices import for_edit

        if not changes:
            raise ValueError(_("The anatomy is the one that this CT was made of: edit the segmentation first."))
        made = provenance_of(parameterNode.ct) or {}
        description = made.get("description") or self._description(parameterNode, maybeEmpty=True)
        again = for_edit(made, settings(parameterNode))
        request = RegenerateRequest(read_ct(parameterNode.ct), before, edited, description, again)
        return self._submit(
            parameterNode,
            request,
            kind=REGENERATE,
            anatomy=edited,
            changes=changes,
            segmentationID=parameterNode.segmentation.GetID(),
            ctID=parameterNode.ct.GetID(),
        )

    def edits(self, parameterNode: GuideGenParameterNode) -> tuple[Any, Any, list]:
        """The anatomy that the chosen CT was made of, the segmentation as it is now, and the changes between them.

        Raises ValueError where the CT has no anatomy in the scene, or the segmentation cannot be read.
        """
        return self.editsLater(parameterNode)()

    def editsLater(self, parameterNode: GuideGenParameterNode) -> Callable[[], tuple[Any, Any, list]]:
        """`edits` in two parts: what is needed is taken out of the scene now, the call may be made in any thread."""
        from GuideGenLib.scene.runs.run import shown_anatomy
        from GuideGenLib.scene.segments.edits import find_edits
        from GuideGenLib.scene.segments.reading import take_segments

        if parameterNode.ct is None:
            raise ValueError(_("No CT is chosen: generate one first."))
        before = shown_anatomy(parameterNode.ct)
        if before is None:
            raise ValueError(
                _("The anatomy that {ct} was made of is not in the scene: generate a CT first.").format(
                    ct=parameterNode.ct.GetName()
                )
            )
        taken = take_segments(_chosen(parameterNode.segmentation), before)

        def compare() -> tuple[Any, Any, list]:
            edited = taken.reading().anatomy
            return before, edited, find_edits(before, edited)

        return compare

    def outlineChanges(self, parameterNode: GuideGenParameterNode, before: Any, edited: Any, visible: bool) -> None:
        """Outline the voxels where two anatomies differ, in place of an earlier outline; it is not saved."""
        from GuideGenLib.scene.runs.comparison import show_changes
        from GuideGenLib.scene.runs.hierarchy import remove_item

        scene = slicer.mrmlScene
        for old in self._outlines():
            scene.RemoveNode(old)
        outline = show_changes(scene, before, edited, _("Changed region"))
        if outline is not None:
            outline.SetAttribute(OUTLINE, parameterNode.ct.GetID())
            outline.SetSaveWithScene(False)
            outline.SetHideFromEditors(True)
            remove_item(scene, outline)
            outline.GetDisplayNode().SetVisibility(visible)

    def showOutline(self, visible: bool) -> None:
        """Show or hide the outline of the changes."""
        for outline in self._outlines():
            outline.GetDisplayNode().SetVisibility(visible)

    def _outlines(self) -> list[Any]:
        scene, kind = slicer.mrmlScene, "vtkMRMLSegmentationNode"
        nodes = [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]
        return [node for node in nodes if node.GetAttribute(OUTLINE)]

    # ------------------------------------------------------------ what comes back

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""
        return self.job is not None or self.background.busy

    def poll(self) -> list[Any]:
        """What the worker told of the run since the last call: Progress events, and an Outcome at its end.

        Results are filed in the scene here. Blocks for TURN_S only.
        """
        if self.job is None:
            return []
        time.sleep(TURN_S)
        told = []
        for event in self._client.poll():
            if self.job is None or event.id != self.job.id:
                continue
            kind = type(event).__name__
            told.append(event if kind == "Progress" else self._ended(kind, event))
        return told

    def cancel(self) -> None:
        """Stop the run; its Outcome comes within a second and nothing of it stays."""
        self.background.abandon()
        if self.job is not None and not self.job.cancelled:
            self.job.cancelled = True
            self._client.cancel(self.job.id)

    def abandon(self) -> None:
        """End the run together with its worker, at once: its scene is being closed."""
        if self.busy:
            self.close()

    def close(self) -> None:
        """End the worker and remove its files; the next run starts a new one."""
        self.background.abandon()
        self.job = None
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ended(self, kind: str, event: Any) -> Outcome:
        job, self.job = self.job, None
        if kind == "Stopped" or job.cancelled:
            return Outcome(job, "stopped")
        if kind == "Failed":
            return Outcome(job, "failed", event.message, event.details)
        try:
            return Outcome(job, "done", self._file(job, event.result))
        except (ValueError, OSError, RuntimeError) as error:
            return Outcome(job, "failed", _("The result could not be put into the scene: {error}").format(error=error))

    def _file(self, job: Job, result: Any) -> str:
        """Put a result into the scene as new nodes and choose it; returns what the user should know of it."""
        from GuideGenLib.scene.runs.results import file_anatomy, file_ct

        scene = slicer.mrmlScene
        parameterNode = self.getParameterNode()
        segmentation = scene.GetNodeByID(job.segmentationID) if job.segmentationID else None
        if job.kind == ANATOMY:
            run = file_anatomy(scene, result.anatomy, result.provenance, job.title)
            run.segmentation.SetAttribute("GuideGen.Corrections", job.corrections)
            with slicer.util.NodeModify(parameterNode):
                parameterNode.ct = parameterNode.comparedCT = None
                parameterNode.segmentation = run.segmentation
            return _told(result)
        old = scene.GetNodeByID(job.ctID) if job.ctID else None
        ct = file_ct(scene, result.ct, job.anatomy, result.provenance, job.title, segmentation)
        with slicer.util.NodeModify(parameterNode):
            parameterNode.comparedCT = old
            parameterNode.ct = ct
        return job.notes

    # ------------------------------------------------------------ inside

    def remember(self, parameterNode: GuideGenParameterNode, prompt: str) -> None:
        """Put a text at the top of the history."""
        others = [text for text in parameterNode.history if text != prompt]
        parameterNode.history = [prompt, *others][:LONGEST_HISTORY]

    def _description(self, parameterNode: GuideGenParameterNode, maybeEmpty: bool = False) -> dict:
        from GuideGenLib.description import Description
        from GuideGenLib.description.report import to_json

        if maybeEmpty and not parameterNode.prompt.strip():
            return to_json(Description(""))
        understood = self.understanding(parameterNode)
        if understood.description is None:
            raise ValueError(understood.error)
        return to_json(understood.description)

    def _submit(self, parameterNode: GuideGenParameterNode, request: Any, **job: Any) -> Job:
        if self.busy:
            raise ValueError(_("A run goes on: cancel it or wait for its end."))
        wanted = (bundlePath(parameterNode), parameterNode.device.value)
        if self._client is None or wanted != self._clientSettings:
            self.close()
            self._client, self._clientSettings = self.makeClient(*wanted), wanted
        self.job = Job(id=self._client.submit(request), title=titleOf(parameterNode.prompt), **job)
        return self.job


def settings(parameterNode: GuideGenParameterNode) -> Any:
    """What is chosen for the next run: a generator.settings.RunSettings."""
    from GuideGenLib.workflow.choices import chosen

    return chosen(
        region=parameterNode.region.value,
        seed=parameterNode.seed,
        quality=parameterNode.quality.value,
        spacing=parameterNode.spacing,
        margin=parameterNode.margin,
    )


def bundlePath(parameterNode: GuideGenParameterNode) -> Path | None:
    """The chosen bundle's folder, None for the one that ships."""
    return Path(parameterNode.bundlePath) if parameterNode.bundlePath.strip() else None


def titleOf(prompt: str) -> str:
    """A text short enough for the name of a folder."""
    line = " ".join(prompt.split())
    if not line:
        return _("Anatomy without a text")
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def _chosen(segmentation: Any) -> Any:
    """The segmentation itself. Raises ValueError where there is none."""
    if segmentation is None:
        raise ValueError(_("No anatomy is chosen: generate one, or choose a segmentation of your own."))
    return segmentation


def _told(result: Any) -> str:
    """What a drawn anatomy could not have as asked, and the rules that it breaks, one a line."""
    notes = [lesion["note"] for lesion in result.lesions if lesion.get("note")]
    broken = [
        f"{check['name'].replace(':', ' ')} ({check['detail']})" for check in result.checks if not check["passed"]
    ]
    if broken:
        shown = "; ".join(broken[:MOST_RULES])
        if len(broken) > MOST_RULES:
            shown += _("; and {count} more").format(count=len(broken) - MOST_RULES)
        notes.append(_("Out of the ordinary: {rules}. Another seed draws another anatomy.").format(rules=shown))
    return "\n".join(notes)
