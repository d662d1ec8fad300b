"""`guidegen edit`: one sentence more about a case."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.cli.generate import ANATOMY, CT, LABELS, PREVIEW, PROVENANCE, OpenGenerator
from GuideGenLib.cli.options import CommandError, add_margin
from GuideGenLib.cli.terminal import progress_bar, show_lesions
from GuideGenLib.core.arguments import add_model_arguments
from GuideGenLib.core.progress import within

if TYPE_CHECKING:
    from GuideGenLib.description.changes.model import Difference
    from GuideGenLib.generator import Case


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    about = (
        'The same patient after one sentence more, for example "make the tumour 2 cm larger and add a small pleural '
        'effusion on the right". Only what it speaks of changes; the files before are kept and can be had back.'
    )
    parser = commands.add_parser("edit", help="change a case by one sentence more", description=about)
    parser.add_argument("case", type=Path, help="a folder that `guidegen generate` or `guidegen mask` wrote")
    parser.add_argument("sentence", nargs="?", help="what to change, in English")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--undo", action="store_true", help="take the last change back")
    add_margin(parser)
    add_model_arguments(parser)
    parser.set_defaults(call=edit)


def edit(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Show the difference and apply it, or take the last one back."""
    if args.undo == (args.sentence is not None):
        raise CommandError(
            "edit takes one sentence, or --undo", 'for example: guidegen edit case "make the tumour larger"'
        )
    folder = CaseFolder(args.case)
    if args.undo:
        sentence = folder.undo()
        print(f"Undone: '{sentence}'. {folder.steps} more can be undone.")
        return 0
    from GuideGenLib.description.changes.read import measured_sizes, read_change

    case = folder.case()
    difference = read_change(args.sentence, case.description, measured_sizes(case.provenance.get("lesions") or ()))
    show_difference(difference, case.ct is not None)
    if args.dry_run:
        print("Nothing was changed (--dry-run).")
        return 0
    after = _apply(args, open_generator, folder, case, difference)
    show_lesions(after.lesions)
    for note in after.provenance["changes"][-1]["notes"][len(difference.notes) :]:
        print(f"Note: {note}")
    print(f"Written to {args.case}; `guidegen edit {args.case} --undo` takes it back. The volumes are synthetic.")
    return 0


def show_difference(difference: "Difference", with_ct: bool) -> None:
    """What a sentence was understood to change, and what has no effect."""
    for step in difference.steps:
        print(f"{step.kind:<8} {step.told}   ('{step.words.text}')")
    for note in difference.notes:
        print(f"Note: {note}")
    if difference.not_understood:
        print("Not understood: " + ", ".join(repr(span.text) for span in difference.not_understood))
    if with_ct and difference.everywhere:
        print(f"Note: {difference.everywhere}")


def _apply(
    args: argparse.Namespace, open_generator: OpenGenerator, folder: CaseFolder, case: "Case", difference: "Difference"
) -> "Case":
    """Change the case and write it; the files before are kept."""
    from GuideGenLib.anatomy.table import write_labels_csv
    from GuideGenLib.core.files import write_json
    from GuideGenLib.core.volumes import write_volume
    from GuideGenLib.generator import RunSettings
    from GuideGenLib.generator.change import change
    from GuideGenLib.generator.preview import write_preview

    settings = RunSettings.of_record(case.provenance)
    if args.precision != "auto":
        settings = replace(settings, precision=args.precision)
    if hasattr(args, "margin_mm"):
        settings = replace(settings, margin_mm=args.margin_mm)
    with folder.step() as private, progress_bar() as progress:
        progress("load", 0.0)
        after = change(open_generator(args), case, difference, settings, progress=within(progress, 0.0, 0.95))
        progress("write", 0.95)
        write_volume(after.anatomy, private / ANATOMY)
        write_labels_csv(private / LABELS)
        if after.ct is not None:
            write_volume(after.ct, private / CT)
        write_json(after.provenance, private / PROVENANCE)
        sentences = [link["sentence"] for link in after.provenance["changes"]]
        caption = " ".join([after.description.text, *(f"Then: {one}." for one in sentences)])
        write_preview(after.anatomy, after.ct, private / PREVIEW, after.lesions, caption)
        progress("write", 1.0)
    return after
