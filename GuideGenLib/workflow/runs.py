"""The runs of one user: asked of the worker, followed, and put into the scene at their end. Panel and page drive it."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine import Client
from GuideGenLib.engine.protocol import (
    ChangeRequest,
    CompleteRequest,
    CTRequest,
    MaskRequest,
    Progress,
    RegenerateRequest,
    Stopped,
)
from GuideGenLib.generator.settings import RunSettings
from GuideGenLib.scene.ct import read_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.nodes import present
from GuideGenLib.scene.runs.provenance import provenance_of
from GuideGenLib.scene.runs.results import file_anatomy, file_changed, file_ct
from GuideGenLib.scene.runs.run import runs
from GuideGenLib.scene.segments.segmentation import read_segmentation
from GuideGenLib.scene.segments.shown import shown_keys
from GuideGenLib.workflow.changes import CaseNow, corrections_after
from GuideGenLib.workflow.checks import broken_rules
from GuideGenLib.workflow.choices import for_edit
from GuideGenLib.workflow.edits import Edits
from GuideGenLib.workflow.job import ANATOMY, CHANGE, CT, REGENERATE, Job, Outcome, Worker
from GuideGenLib.workflow.words import BUSY, NO_ANATOMY, NOTHING_SHOWN, say, sentence, title_of, told, told_of

CORRECTIONS = "GuideGen.Corrections"
"""Attribute of a segmentation: what the user corrected of what was understood (JSON)."""


class Choice(Protocol):
    """What a user works on: a scene, and of its nodes the chosen segmentation and CT (None: nothing)."""

    @property
    def scene(self) -> Any: ...
    @property
    def segmentation(self) -> Any: ...
    @property
    def ct(self) -> Any: ...
    def choose(self, *, segmentation: Any = ..., ct: Any = ..., compared: Any = ...) -> None:
        """Choose nodes; what is not named stays."""


class Runs:
    """One run at a time. The starts raise SceneError where a run cannot begin.

    make_client(bundle, device): the worker's client; another one in tests.
    """

    def __init__(self, choice: Choice, make_client: Callable[[Path | None, str], Worker] | None = None) -> None:
        self.choice = choice
        self.make_client: Callable[[Path | None, str], Worker] = make_client or _client
        self.job: Job | None = None
        self._client: Worker | None = None
        self._used: tuple[Path | None, str] = (None, "auto")

    def use(self, bundle: Path | None, device: str) -> None:
        """Take a model (None: the one that ships) and a device for the runs to come; not while a run goes on."""
        if self.job is None and (bundle, device) != self._used:
            self.close()
            self._used = bundle, device

    def warm(self) -> None:
        """Let the worker load its models while the user still types. What goes wrong is told by the run."""
        with suppress(GuideGenError):
            self._ready().warm()

    def start_anatomy(self, description: dict[str, Any], settings: RunSettings, corrections: str = "") -> Job:
        """Draw an anatomy of a description (as description.report.to_json has it)."""
        return self._start(ANATOMY, MaskRequest(description, settings), corrections=corrections)

    def start_completion(self, description: dict[str, Any], settings: RunSettings, corrections: str = "") -> Job:
        """Keep the shown segments of the chosen segmentation as they are and draw the rest anew. Body, fat and muscle
        between them are always drawn. Raises SceneError where no segment to keep is shown, and as `start_ct` does."""
        segmentation = self._segmentation()
        reading = read_segmentation(segmentation)
        keys = shown_keys(segmentation, reading.anatomy)
        if not keys:
            raise SceneError(say(NOTHING_SHOWN))
        request = CompleteRequest(reading.anatomy, keys, description, settings)
        return self._start(ANATOMY, request, corrections=corrections)

    def start_ct(self, description: dict[str, Any], settings: RunSettings) -> Job:
        """Make the CT of the chosen segmentation. Raises SceneError for one that cannot be read as an anatomy."""
        segmentation = self._segmentation()
        reading = read_segmentation(segmentation)
        request = CTRequest(reading.anatomy, description, settings)
        notes = "\n".join(reading.notes)
        return self._start(CT, request, segmentation=segmentation, anatomy=reading.anatomy, notes=notes)

    def start_regenerate(self, description: dict[str, Any], settings: RunSettings, edits: Edits) -> Job:
        """Make the chosen CT again where the segmentation was edited, with the description and the settings that made
        it; those given are for a CT that knows none. Raises SceneError where nothing was edited."""
        if not edits.changes:
            raise SceneError(say("The anatomy is the one that this CT was made of: edit the segmentation first."))
        ct = self.choice.ct
        made = provenance_of(ct) or {}
        description = made.get("description") or description
        request = RegenerateRequest(read_ct(ct), edits.before, edits.after, description, for_edit(made, settings))
        nodes = {"segmentation": self._segmentation(), "ct": ct}
        return self._start(REGENERATE, request, anatomy=edits.after, changes=edits.changes, **nodes)

    def start_change(self, sentence: str, case: CaseNow, settings: RunSettings) -> Job:
        """Change the chosen case (as `workflow.changes.case_now` has it) by a sentence, into a new run beside it; the
        CT with the settings that made it. Raises SceneError as `start_ct` does, and where the CT's anatomy is not
        known."""
        segmentation, ct = self._segmentation(), self.choice.ct
        before, after = case.anatomies(segmentation, ct)
        old_ct = None if ct is None else read_ct(ct)
        made = for_edit(case.record, settings)
        request = ChangeRequest(sentence, before, after, old_ct, case.description, case.record, made)
        return self._start(CHANGE, request, segmentation=segmentation, ct=ct, sentence=sentence)

    def poll(self) -> list[Progress | Outcome]:
        """What the worker told of the run since the last call; its result is in the scene when its Outcome comes."""
        told: list[Progress | Outcome] = []
        for event in self._client.poll() if self._client is not None else ():
            if self.job is not None and event.id == self.job.id:
                told.append(event if isinstance(event, Progress) else self._outcome(event))
        return told

    def cancel(self) -> None:
        """Stop the run; its Outcome comes within a second and nothing of it stays."""
        if self.job is not None and self._client is not None and not self.job.cancelled:
            self.job.cancelled = True
            self._client.cancel(self.job.id)

    def close(self) -> None:
        """End the worker, with what it is doing, and remove its files; the next run starts a new one."""
        self.job = None
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # ------------------------------------------------------------ inside

    def _start(self, kind: str, request: Any, **job: Any) -> Job:
        if self.job is not None:
            raise SceneError(say(BUSY))
        title = title_of(str(request.description.get("text", "")))
        self.job = Job(kind, self._ready().submit(request), title, **job)
        return self.job

    def _ready(self) -> Worker:
        """The client, which stays the same until `close`."""
        if self._client is None:
            self._client = self.make_client(*self._used)
        return self._client

    def _segmentation(self) -> Any:
        if self.choice.segmentation is None:
            raise SceneError(say(NO_ANATOMY))
        return self.choice.segmentation

    def _outcome(self, event: Any) -> Outcome:
        job, self.job = self.job, None
        assert job is not None
        if isinstance(event, Stopped) or job.cancelled:
            return Outcome(job, "stopped")
        if not hasattr(event, "result"):
            return Outcome(job, "failed", sentence(event.message), event.details)
        try:
            return Outcome(job, "done", self._file(job, event.result))
        except (ValueError, OSError, RuntimeError) as error:
            return Outcome(job, "failed", say("The result could not be put into the scene: {error}", error=error))

    def _file(self, job: Job, result: Any) -> str:
        """Put a result into the scene as new nodes and choose it; returns what the user should know of it."""
        scene = self.choice.scene
        if job.kind == ANATOMY:
            run = file_anatomy(scene, result.anatomy, result.provenance, job.title)
            run.segmentation.SetAttribute(CORRECTIONS, job.corrections)
            self.choice.choose(segmentation=run.segmentation, ct=None, compared=None)
            return told_of((one.get("note") for one in result.lesions), broken_rules(result.checks))
        if job.kind == CHANGE:
            nodes = present(job.segmentation), present(job.ct)
            run = file_changed(scene, result.anatomy, result.new_ct, result.provenance, title_of(job.sentence), *nodes)
            run.segmentation.SetAttribute(CORRECTIONS, corrections_after(result.provenance))
            self.choice.choose(segmentation=run.segmentation, ct=run.ct, compared=nodes[1])
            return told("\n".join(result.provenance["changes"][-1]["notes"]))
        ct = file_ct(scene, result.ct, job.anatomy, result.provenance, job.title, present(job.segmentation))
        owner = next(run.segmentation for run in runs(scene) if ct in run.cts)
        self.choice.choose(segmentation=owner, ct=ct, compared=present(job.ct))  # another one may be chosen by now
        return told(job.notes)


def _client(bundle: Path | None, device: str) -> Worker:
    return Client(bundle=bundle, device=device)
