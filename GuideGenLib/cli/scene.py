"""`guidegen scene`: text to a scene that 3D Slicer opens, made without Slicer."""

import argparse

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.makers import maker
from GuideGenLib.cli.options import (
    CommandError,
    add_ct_options,
    add_generator_options,
    add_mask_options,
    add_spacing,
    asked,
)
from GuideGenLib.cli.output import output_folder
from GuideGenLib.cli.terminal import progress_bar, show_checks, show_lesions
from GuideGenLib.core.host import readable
from GuideGenLib.core.progress import within
from GuideGenLib.workflow.words import title_of


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    about = "Text to a scene for 3D Slicer: segmentation, CT, prompt and provenance in one .mrb file."
    parser = commands.add_parser("scene", help="text to a scene for 3D Slicer", description=about)
    parser.add_argument("text", type=readable, help="a description of the patient, in English")
    add_generator_options(parser, output="the scene, a .mrb", metavar="FILE", overwrite="replace FILE if it is there")
    add_mask_options(parser)
    add_spacing(parser)
    add_ct_options(parser)
    parser.set_defaults(call=scene)


def scene(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Text to anatomy, CT and scene."""
    if args.output.suffix.lower() != ".mrb":
        raise CommandError(f"{args.output} does not end in .mrb", "name the scene's file, for example -o case.mrb")
    if args.output.is_dir():
        raise CommandError(f"{args.output} is a folder", "name a file with -o")
    description, settings = asked(args)

    from GuideGenLib.cli.described import show_description
    from GuideGenLib.scene.files import save_mrb
    from GuideGenLib.scene.headless import new_scene
    from GuideGenLib.scene.runs.comparison import blend
    from GuideGenLib.scene.runs.run import add_run

    headless = new_scene()  # before the work, so that missing libraries are told at once
    show_description(description)
    name = args.output.name
    with (
        output_folder(args.output.parent, (name,), overwrite=args.overwrite, alone=False) as folder,
        progress_bar() as progress,
    ):
        progress("load", 0.0)
        case = maker(args, open_generator).draw_with_ct(description, settings, within(progress, 0.0, 0.95))
        progress("write", 0.95)
        run = add_run(headless.scene, case.anatomy, case.ct, case.provenance, title_of(args.text))
        blend(headless.scene, run.ct)
        save_mrb(headless.scene, folder / name)
        progress("write", 1.0)
    show_lesions(case.lesions)
    show_checks(case.checks)
    print(f"Written to {args.output}: open it with 3D Slicer (drop it on the window). The volumes are synthetic.")
    return 0
