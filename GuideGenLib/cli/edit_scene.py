"""`guidegen edit` of a scene: the changed case is a run beside the one before, and undoing takes it out again."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.makers import maker
from GuideGenLib.cli.options import CommandError
from GuideGenLib.cli.output import output_folder
from GuideGenLib.cli.terminal import progress_bar
from GuideGenLib.core.progress import within

if TYPE_CHECKING:
    from GuideGenLib.description.changes.model import Difference
    from GuideGenLib.generator import Case, RunSettings
    from GuideGenLib.scene.runs.run import Run


class CaseScene:
    """A .mrb that `guidegen scene`, the page or 3D Slicer wrote; its case is the newest run in it. The folder of a
    changed case remembers which one it was made of. Raises CommandError where there is no run, SceneError for a file
    that is no scene."""

    def __init__(self, path: Path) -> None:
        from GuideGenLib.scene.files import load_mrb
        from GuideGenLib.scene.headless import new_scene

        self.path = path
        self._headless = new_scene()
        load_mrb(self.scene, path)
        self._shown: Any = None

    @property
    def scene(self) -> Any:
        return self._headless.scene

    @property
    def run(self) -> "Run":
        """The newest run."""
        from GuideGenLib.scene.runs.run import runs

        found = runs(self.scene)
        if not found:
            raise CommandError(f"{self.path} holds no case", "name a scene that `guidegen scene` wrote")
        return found[-1]

    @property
    def steps(self) -> int:
        """How many changes can be undone."""
        from GuideGenLib.scene.runs.results import changed_from

        count, source = 0, changed_from(self.run.segmentation)
        while source is not None:
            count, source = count + 1, changed_from(source[0])
        return count

    def case(self) -> "Case":
        """The case as it is now, with what was edited in it since its CT was made."""
        from GuideGenLib.description.report import from_json
        from GuideGenLib.generator import Case
        from GuideGenLib.generator.change import recorded_lesions
        from GuideGenLib.scene.ct import read_ct
        from GuideGenLib.workflow.changes import case_now

        segmentation, ct = self.run.segmentation, self.run.ct
        now = case_now(segmentation, ct)
        self._shown, anatomy = now.anatomies(segmentation, ct)
        hu = None if ct is None else read_ct(ct)
        return Case(from_json(now.description), anatomy, hu, recorded_lesions(now.record), (), now.record)

    def apply(
        self, open_generator: OpenGenerator, args: argparse.Namespace, case: "Case", difference: "Difference",
        settings: "RunSettings",
    ) -> "Case":  # fmt: skip
        """Change the case and write the scene with it as a further run; the older file stays until that is whole."""
        from GuideGenLib.scene.files import save_mrb
        from GuideGenLib.scene.runs.comparison import blend
        from GuideGenLib.scene.runs.results import file_changed
        from GuideGenLib.workflow.changes import corrections_after
        from GuideGenLib.workflow.runs import CORRECTIONS
        from GuideGenLib.workflow.words import title_of

        before = self.run
        names = (self.path.name,)
        with (
            output_folder(self.path.parent, names, overwrite=True, alone=False) as private,
            progress_bar() as progress,
        ):
            progress("load", 0.0)
            part = within(progress, 0.0, 0.95)
            after = maker(args, open_generator).change(case, difference, settings, self._shown, part)
            progress("write", 0.95)
            title = title_of(difference.sentence)
            source = before.segmentation, before.ct
            run = file_changed(self.scene, after.anatomy, after.ct, after.provenance, title, *source)
            run.segmentation.SetAttribute(CORRECTIONS, corrections_after(after.provenance))
            if run.ct is not None:
                blend(self.scene, run.ct)
            save_mrb(self.scene, private / self.path.name)
            progress("write", 1.0)
        return after

    def undo(self) -> str:
        """Take the newest run out again, which a change made. Returns its sentence. Raises CommandError where it was
        made by none."""
        from GuideGenLib.scene.files import save_mrb
        from GuideGenLib.scene.runs.comparison import blend
        from GuideGenLib.scene.runs.results import changed_from, remove_run

        run = self.run
        source = changed_from(run.segmentation)
        if source is None:
            raise CommandError(f"{self.path} has no change to undo", "its newest case is as it was generated")
        changes = run.provenance.get("changes")
        remove_run(self.scene, run)
        if source[1] is not None:
            blend(self.scene, source[1])
        with output_folder(self.path.parent, (self.path.name,), overwrite=True, alone=False) as private:
            save_mrb(self.scene, private / self.path.name)
        return str(changes[-1].get("sentence", "")) if isinstance(changes, list) and changes else ""
