"""`guidegen edit`: one sentence more about a case."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.cli.edit_scene import CaseScene
from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError, add_margin, add_server
from GuideGenLib.cli.terminal import show_lesions
from GuideGenLib.core.arguments import add_model_arguments, named_path
from GuideGenLib.core.files import alone_in
from GuideGenLib.core.host import readable

if TYPE_CHECKING:
    from GuideGenLib.description.changes.model import Difference
    from GuideGenLib.generator import Case, RunSettings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    about = (
        'The same patient after one sentence more, for example "make the tumour 2 cm larger and add a small pleural '
        'effusion on the right". Only what it speaks of changes; the files before are kept and can be had back.'
    )
    parser = commands.add_parser("edit", help="change a case by one sentence more", description=about)
    parser.add_argument(
        "case", type=named_path, help="a folder of `guidegen generate` or `guidegen mask`, or a scene (.mrb)"
    )
    parser.add_argument("sentence", nargs="?", type=readable, help="what to change, in English")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--undo", action="store_true", help="take the last change back")
    add_margin(parser)
    add_model_arguments(parser)
    add_server(parser)
    parser.set_defaults(call=edit)


def edit(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Show the difference and apply it, or take the last one back."""
    if args.undo == (args.sentence is not None):
        example = 'for example: guidegen edit case "make the tumour larger"'
        raise CommandError("edit takes one sentence, or --undo", example)
    if not args.case.exists():
        raise CommandError(f"{args.case} does not exist", "name a folder that `guidegen generate` wrote, or a scene")
    with alone_in(args.case):
        return _edit(args, open_generator)


def _edit(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    kept = CaseScene(args.case) if args.case.suffix.lower() == ".mrb" else CaseFolder(args.case)
    if args.undo:
        sentence = kept.undo()
        print(f"Undone: '{sentence}'. {kept.steps} more can be undone.")
        return 0
    from GuideGenLib.description.changes.read import measured_sizes, read_change

    case = kept.case()
    difference = read_change(args.sentence, case.description, measured_sizes(case.provenance.get("lesions") or ()))
    show_difference(difference, case.ct is not None)
    if args.dry_run:
        print("Nothing was changed (--dry-run).")
        return 0
    after = kept.apply(open_generator, args, case, difference, _settings(args, case))
    show_lesions(after.lesions)
    for note in after.provenance["changes"][-1]["notes"][len(difference.notes) :]:
        print(f"Note: {note}")
    print(f"Written to {args.case}; `guidegen edit {args.case} --undo` takes it back. The volumes are synthetic.")
    return 0


def _settings(args: argparse.Namespace, case: "Case") -> "RunSettings":
    """Those that made the case, with what is given on the command."""
    from GuideGenLib.generator import RunSettings

    settings = RunSettings.of_record(case.provenance)
    if args.arithmetic != "auto":
        settings = replace(settings, arithmetic=args.arithmetic)
    return replace(settings, margin_mm=args.margin_mm) if hasattr(args, "margin_mm") else settings


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
