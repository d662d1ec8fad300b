"""What the panel can do: the runs of GuideGenLib.workflow, with the state in the scene."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from GuideGenLib.workflow import words
from GuideGenLib.workflow.job import Job, Worker

from . import Server
from .Background import TURN_S, Background
from .ParameterNode import GuideGenParameterNode

LONGEST_HISTORY = 30
CHOICES = {"segmentation": "segmentation", "ct": "ct", "compared": "comparedCT"}
"""What workflow.runs calls the nodes that are chosen, and what the state does."""


def startClient(bundle: Path | None, device: str) -> Worker:
    """The client of the server that is set, else of a worker process, which starts with the first run."""
    from GuideGenLib.engine import Client
    from GuideGenLib.remote.client import RemoteClient

    address = Server.address()
    return Client(bundle=bundle, device=device) if address is None else RemoteClient(address, bundle=bundle)


class GuideGenLogic(ScriptedLoadableModuleLogic):
    """One run at a time. It raises where something is wrong; the widget shows.

    `makeClient(bundle, device)` gives the worker's client: tests put their own in its place.
    """

    def __init__(self, makeClient: Callable[[Path | None, str], Worker] = startClient) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        words.translate = _
        self.makeClient = makeClient
        self.background = Background()
        self._runs: Any = None

    @property
    def runs(self) -> Any:
        """A workflow.runs.Runs; the worker starts with the first run."""
        from GuideGenLib.workflow.runs import Runs

        if self._runs is None:
            self._runs = Runs(self, lambda *asked: self.makeClient(*asked))
        return self._runs

    @property
    def job(self) -> Job | None:
        """The run that goes on."""
        return self._runs.job if self._runs is not None else None

    def getParameterNode(self) -> GuideGenParameterNode:
        """The state in the scene; made where there is none."""
        return GuideGenParameterNode(super().getParameterNode())

    # ------------------------------------------------------------ what is chosen, as workflow.runs asks for it

    @property
    def scene(self) -> Any:
        return slicer.mrmlScene

    @property
    def segmentation(self) -> Any:
        return self.getParameterNode().segmentation

    @property
    def ct(self) -> Any:
        return self.getParameterNode().ct

    def choose(self, **nodes: Any) -> None:
        """Choose nodes by the keys of CHOICES; what is not named stays."""
        parameterNode = self.getParameterNode()
        with slicer.util.NodeModify(parameterNode):
            for name, node in nodes.items():
                setattr(parameterNode, CHOICES[name], node)

    # ------------------------------------------------------------ what is asked

    def understanding(self, parameterNode: GuideGenParameterNode) -> Any:
        """What the text is taken to mean, with the corrections: a description.understanding.Understanding."""
        from GuideGenLib.description.understanding import understand

        return understand(parameterNode.prompt, parameterNode.corrections)

    def warm(self, parameterNode: GuideGenParameterNode) -> None:
        """Let the worker load its models: a text is being typed."""
        if self.job is None:
            self._ready(parameterNode).warm()

    def startAnatomy(self, parameterNode: GuideGenParameterNode) -> Job:
        """Draw an anatomy of the text. Raises ValueError for a text that cannot be used."""
        description = self._description(parameterNode)
        runs = self._readyToDraw(parameterNode)
        self.remember(parameterNode, parameterNode.prompt)
        return runs.start_anatomy(description, settings(parameterNode), parameterNode.corrections)

    def startCompletion(self, parameterNode: GuideGenParameterNode) -> Job:
        """Keep the shown segments of the chosen segmentation and draw the rest anew, of the text if there is one.
        Raises ValueError where nothing can be kept."""
        description = self._description(parameterNode, mayBeEmpty=True)
        runs = self._readyToDraw(parameterNode)
        return runs.start_completion(description, settings(parameterNode), parameterNode.corrections)

    def startCT(self, parameterNode: GuideGenParameterNode) -> Job:
        """Make the CT of the chosen segmentation. Raises ValueError for one that cannot be read as an anatomy."""
        description = self._description(parameterNode, mayBeEmpty=True)
        return self._ready(parameterNode).start_ct(description, settings(parameterNode))

    def startRegenerate(self, parameterNode: GuideGenParameterNode, edits: Any) -> Job:
        """Make the chosen CT again where the segmentation was edited (a workflow.edits.Edits), with what made it.
        Raises ValueError where nothing was edited."""
        description = self._description(parameterNode, mayBeEmpty=True)
        return self._ready(parameterNode).start_regenerate(description, settings(parameterNode), edits)

    def startChange(self, parameterNode: GuideGenParameterNode, sentence: str, case: Any) -> Job:
        """Change the chosen case (a workflow.changes.CaseNow) by a sentence. Raises ValueError where it cannot be
        read."""
        return self._ready(parameterNode).start_change(sentence, case, settings(parameterNode))

    def editsLater(self, parameterNode: GuideGenParameterNode) -> Callable[[], Any]:
        """What was edited since the chosen CT was made: workflow.edits.edits_later."""
        from GuideGenLib.workflow.edits import edits_later

        return edits_later(parameterNode.segmentation, parameterNode.ct)

    def outlineChanges(self, parameterNode: GuideGenParameterNode, edits: Any, visible: bool) -> None:
        """Outline the voxels where the anatomies of edits differ, in place of an earlier outline."""
        from GuideGenLib.workflow.edits import outline

        outline(slicer.mrmlScene, parameterNode.ct, edits.before, edits.after)
        self.showOutline(visible)

    def showOutline(self, visible: bool) -> None:
        """Show or hide the outline of the changes."""
        from GuideGenLib.workflow.edits import outlines

        for node in outlines(slicer.mrmlScene):
            node.GetDisplayNode().SetVisibility(visible)

    # ------------------------------------------------------------ what comes back

    @property
    def busy(self) -> bool:
        """Whether a run goes on."""
        return self.job is not None or self.background.busy

    def poll(self) -> list[Any]:
        """What the worker told of the run since the last call; blocks for TURN_S only."""
        if self.job is None:
            return []
        time.sleep(TURN_S)
        return self.runs.poll()

    def cancel(self) -> None:
        """Stop the run; its Outcome comes within a second and nothing of it stays."""
        self.background.abandon()
        if self.job is not None:
            self.runs.cancel()

    def abandon(self) -> None:
        """End the run together with its worker, at once: its scene is being closed."""
        if self.busy:
            self.close()

    def close(self) -> None:
        """End the worker and remove its files; the next run starts a new one."""
        self.background.abandon()
        if self._runs is not None:
            self._runs.close()

    # ------------------------------------------------------------ inside

    def remember(self, parameterNode: GuideGenParameterNode, prompt: str) -> None:
        """Put a text at the top of the history."""
        others = [text for text in parameterNode.history if text != prompt]
        parameterNode.history = [prompt, *others][:LONGEST_HISTORY]

    def _description(self, parameterNode: GuideGenParameterNode, mayBeEmpty: bool = False) -> dict:
        from GuideGenLib.workflow.understood import description_of

        return description_of(parameterNode.prompt, parameterNode.corrections, may_be_empty=mayBeEmpty)

    def _readyToDraw(self, parameterNode: GuideGenParameterNode) -> Any:
        """The runs, and a new seed where one is wanted."""
        from GuideGenLib.core.seeds import new_seed

        if parameterNode.newSeed:
            parameterNode.seed = new_seed()
        return self._ready(parameterNode)

    def _ready(self, parameterNode: GuideGenParameterNode) -> Any:
        """The runs, with the model and the device that are chosen."""
        self.runs.use(bundlePath(parameterNode), parameterNode.device.value)
        return self.runs


def settings(parameterNode: GuideGenParameterNode) -> Any:
    """What is chosen for the next run: a generator.settings.RunSettings."""
    from GuideGenLib.workflow.choices import chosen

    return chosen(
        region=parameterNode.region.value,
        seed=parameterNode.seed,
        quality=parameterNode.quality.value,
        spacing=parameterNode.spacing,
        margin=parameterNode.margin,
        possible=parameterNode.possible,
    )


def bundlePath(parameterNode: GuideGenParameterNode) -> Path | None:
    """The chosen bundle's folder, None for the one that ships."""
    return Path(parameterNode.bundlePath) if parameterNode.bundlePath.strip() else None
