"""What makes the volumes of a command: the generator in this process, or the one of a server."""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from GuideGenLib.cli.options import server_of
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.progress import Cancelled, Progress, within
from GuideGenLib.description.report import to_json
from GuideGenLib.engine import (
    ChangeDone,
    ChangeRequest,
    Client,
    CompleteRequest,
    CTDone,
    CTRequest,
    Failed,
    MaskDone,
    MaskRequest,
    RegenerateRequest,
    Request,
    Stopped,
)
from GuideGenLib.engine import Progress as Told
from GuideGenLib.generator import Case, RunSettings
from GuideGenLib.generator.case import complete, draw, draw_with_ct, make_ct, make_ct_again
from GuideGenLib.workflow.words import IN_LINE, say

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.description import Description
    from GuideGenLib.description.changes.model import Difference

POLL_S = 0.05


class RunError(GuideGenError):
    """A server could not make what it was asked for; the message says why and what to do."""


class Maker(Protocol):
    """The functions of `generator.case` and `generator.change`, wherever they run."""

    def draw(self, description: "Description", settings: RunSettings, progress: Progress) -> Case: ...
    def draw_with_ct(self, description: "Description", settings: RunSettings, progress: Progress) -> Case: ...
    def complete(
        self, anatomy: "sitk.Image", keep: Sequence[str] | None, description: "Description", settings: RunSettings,
        progress: Progress,
    ) -> Case: ...  # fmt: skip
    def make_ct(
        self, anatomy: "sitk.Image", description: "Description", settings: RunSettings, progress: Progress
    ) -> Case: ...
    def make_ct_again(
        self, ct: "sitk.Image", anatomy: "sitk.Image", edited: "sitk.Image", description: "Description",
        settings: RunSettings, progress: Progress,
    ) -> Case: ...  # fmt: skip
    def change(
        self, case: Case, difference: "Difference", settings: RunSettings, shown: "sitk.Image | None",
        progress: Progress,
    ) -> Case: ...  # fmt: skip


def maker(args: argparse.Namespace, open_generator: Callable[[argparse.Namespace], Any]) -> Maker:
    """That of --server where it is given, else the generator of --bundle, --device and --arithmetic."""
    server = server_of(args)
    if server is None:
        return Here(open_generator(args))
    from GuideGenLib.remote.client import RemoteClient

    return There(RemoteClient(server, bundle=args.bundle))


class Here:
    """In this process."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def draw(self, *asked: Any) -> Case:
        return draw(self._generator, *asked)

    def draw_with_ct(self, *asked: Any) -> Case:
        return draw_with_ct(self._generator, *asked)

    def complete(self, *asked: Any) -> Case:
        return complete(self._generator, *asked)

    def make_ct(self, *asked: Any) -> Case:
        return make_ct(self._generator, *asked)

    def make_ct_again(self, *asked: Any) -> Case:
        return make_ct_again(self._generator, *asked)

    def change(self, *asked: Any) -> Case:
        from GuideGenLib.generator.change import change

        return change(self._generator, *asked)


class There:
    """At what a client asks. Raises RunError, and Cancelled where the server ended a run by itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def draw(self, description: "Description", settings: RunSettings, progress: Progress) -> Case:
        return self._drawn(description, MaskRequest(to_json(description), settings), progress)

    def draw_with_ct(self, description: "Description", settings: RunSettings, progress: Progress) -> Case:
        drawn = self.draw(description, settings, within(progress, 0.0, 0.45))
        settings = replace(settings, arithmetic=drawn.provenance["arithmetic"])  # also where another worker goes on
        made = self.make_ct(drawn.anatomy, description, settings, within(progress, 0.45, 1.0))
        told = {name: made.provenance["settings"][name] for name in ("spacing_mm", "ct_steps")}
        record = {**drawn.provenance, "settings": {**drawn.provenance["settings"], **told}}
        return replace(drawn, ct=made.ct, provenance=record)

    def complete(
        self, anatomy: "sitk.Image", keep: Sequence[str] | None, description: "Description", settings: RunSettings,
        progress: Progress,
    ) -> Case:  # fmt: skip
        kept = None if keep is None else list(keep)
        return self._drawn(description, CompleteRequest(anatomy, kept, to_json(description), settings), progress)

    def make_ct(
        self, anatomy: "sitk.Image", description: "Description", settings: RunSettings, progress: Progress
    ) -> Case:
        from GuideGenLib.anatomy.label_volumes import fill_holes

        anatomy = fill_holes(anatomy)
        made: CTDone = self._run(CTRequest(anatomy, to_json(description), settings), progress)
        return Case(description, anatomy, made.ct, (), (), made.provenance)

    def make_ct_again(
        self, ct: "sitk.Image", anatomy: "sitk.Image", edited: "sitk.Image", description: "Description",
        settings: RunSettings, progress: Progress,
    ) -> Case:  # fmt: skip
        request = RegenerateRequest(ct, anatomy, edited, to_json(description), settings)
        made: CTDone = self._run(request, progress)
        return Case(description, edited, made.ct, (), (), made.provenance)

    def change(
        self, case: Case, difference: "Difference", settings: RunSettings, shown: "sitk.Image | None",
        progress: Progress,
    ) -> Case:  # fmt: skip
        from GuideGenLib.generator.change import recorded_lesions

        before = case.anatomy if shown is None else shown
        made: ChangeDone = self._run(
            ChangeRequest(
                difference.sentence, before, case.anatomy, case.ct, to_json(case.description), case.provenance, settings
            ),
            progress,
        )
        lesions = recorded_lesions(made.provenance)
        return Case(difference.after, made.anatomy, made.new_ct, lesions, (), made.provenance)

    # ------------------------------------------------------------ inside

    def _drawn(self, description: "Description", request: Request, progress: Progress) -> Case:
        from GuideGenLib.generator.change import recorded_lesions
        from GuideGenLib.mask.rules import Check

        made: MaskDone = self._run(request, progress)
        checks = [Check(**check) for check in made.checks]
        return Case(description, made.anatomy, None, recorded_lesions(made.provenance), checks, made.provenance)

    def _run(self, request: Request, progress: Progress) -> Any:
        """The result of a request; when anything cuts this short, the server is told."""
        id = self._client.submit(request)
        try:
            while True:
                for event in self._client.poll():
                    if isinstance(event, Told):
                        stage = event.stage if event.place is None else say(IN_LINE, count=event.place)
                        progress(stage, event.fraction)
                    elif isinstance(event, Failed):
                        raise RunError(event.message)
                    elif isinstance(event, Stopped):
                        raise Cancelled
                    else:
                        return event.result
                time.sleep(POLL_S)
        except BaseException:
            self._client.cancel(id)
            self._client.close()
            raise
