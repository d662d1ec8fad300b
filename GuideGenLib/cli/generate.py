"""The commands that make volumes: generate, mask, ct, regenerate."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.cli.options import (
    add_ct_options,
    add_generator_options,
    add_mask_options,
    add_spacing,
    describe,
    file_hash,
    given,
    inherit,
)
from GuideGenLib.cli.output import output_folder
from GuideGenLib.cli.terminal import progress_bar, show_checks, show_description, show_lesions
from GuideGenLib.core.progress import Progress, within

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.generator import Generator
    from GuideGenLib.mask.findings.lesions import LesionRecord
    from GuideGenLib.mask.rules import Check

OpenGenerator = Callable[[argparse.Namespace], "Generator"]

ANATOMY, LABELS, CT = "anatomy.nii.gz", "labels.csv", "ct.nii.gz"
PROVENANCE, PREVIEW = "provenance.json", "preview.png"


@dataclass(frozen=True)
class Result:
    """What a command made. `shown`: the anatomy of the preview, written only if `anatomy_is_new`."""

    provenance: dict[str, Any]
    shown: "sitk.Image"
    anatomy_is_new: bool = False
    ct: "sitk.Image | None" = None
    lesions: "Sequence[LesionRecord]" = ()
    checks: "Sequence[Check]" = ()


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parsers of the four commands; `call` gets the arguments and a function that opens the model."""
    parser = commands.add_parser("generate", help="text to anatomy and CT", description="Text to anatomy and CT.")
    parser.add_argument("text", help="a description of the patient, in English")
    add_generator_options(parser, output=f"folder for {ANATOMY}, {LABELS}, {CT}, {PROVENANCE} and {PREVIEW}")
    add_mask_options(parser)
    add_spacing(parser)
    add_ct_options(parser)
    parser.set_defaults(call=generate)

    parser = commands.add_parser("mask", help="text to anatomy", description="Text to anatomy, without a CT.")
    parser.add_argument("text", help="a description of the patient, in English")
    add_generator_options(parser, output=f"folder for {ANATOMY}, {LABELS}, {PROVENANCE} and {PREVIEW}")
    add_mask_options(parser)
    parser.set_defaults(call=mask)

    parser = commands.add_parser("ct", help="anatomy to CT", description="A CT of an anatomy, generated or drawn.")
    parser.add_argument(
        "--anatomy", type=Path, required=True, metavar="FILE", help="label volume, values of labels.csv"
    )
    parser.add_argument("--text", help=f"a description of the patient (that of the {PROVENANCE} beside the anatomy)")
    add_generator_options(parser, output=f"folder for {CT}, {PROVENANCE} and {PREVIEW}")
    add_spacing(parser)
    add_ct_options(parser)
    parser.set_defaults(call=ct)

    about = "The CT after an edit of the anatomy; away from the edit every voxel stays as it is."
    parser = commands.add_parser("regenerate", help="CT again where the anatomy was edited", description=about)
    parser.add_argument("--ct", type=Path, required=True, metavar="FILE", help="the CT before the edit")
    parser.add_argument("--anatomy", type=Path, required=True, metavar="FILE", help="the anatomy before the edit")
    parser.add_argument("--edited", type=Path, required=True, metavar="FILE", help="the anatomy after the edit")
    parser.add_argument("--margin", type=float, metavar="MM", help="how far from the edit the CT may change (20)")
    parser.add_argument("--text", help=f"a description of the patient (that of the {PROVENANCE} beside the CT)")
    add_generator_options(parser, output=f"folder for {CT}, {PROVENANCE} and {PREVIEW}")
    add_ct_options(parser)
    parser.set_defaults(call=regenerate)


def generate(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Text to anatomy and CT."""
    show_description(describe(args.text))

    def work(progress: Progress) -> Result:
        case = open_generator(args).generate(
            args.text,
            seed=args.seed or 0,
            region=args.region,
            spacing=args.spacing,
            sampler=args.sampler,
            progress=progress,
            **given(mask_steps=args.steps, ct_steps=args.ct_steps, guidance=args.guidance),
        )
        return Result(case.provenance, case.anatomy, True, case.ct, case.lesions, case.checks)

    return _produce(args, (ANATOMY, LABELS, CT, PROVENANCE, PREVIEW), work)


def mask(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Text to anatomy."""
    description = describe(args.text)
    show_description(description)

    def work(progress: Progress) -> Result:
        generator = open_generator(args)
        result = generator.synthesize_mask(
            description,
            seed=args.seed or 0,
            region=args.region,
            sampler=args.sampler,
            progress=progress,
            **given(steps=args.steps, guidance=args.guidance),
        )
        settings = {
            "seed": args.seed or 0,
            "region": args.region or description.region or "torso",
            "sampler": args.sampler,
            "mask_steps": args.steps,
            "guidance": args.guidance,
        }
        provenance = generator.provenance(description, settings, result)
        return Result(provenance, result.anatomy, True, None, result.lesions, result.checks)

    return _produce(args, (ANATOMY, LABELS, PROVENANCE, PREVIEW), work)


def ct(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Anatomy to CT."""
    from GuideGenLib.anatomy.label_volumes import read_anatomy, require_anatomy

    anatomy = require_anatomy(read_anatomy(args.anatomy), str(args.anatomy))
    inherit(args, args.anatomy)
    description = describe(args.text)
    show_description(description)

    def work(progress: Progress) -> Result:
        generator = open_generator(args)
        steps = given(steps=args.ct_steps)
        volume = generator.synthesize_ct(
            anatomy, description, seed=args.seed, spacing=args.spacing, progress=progress, **steps
        )
        settings = {
            "seed": args.seed,
            "spacing_mm": args.spacing,
            "ct_steps": args.ct_steps,
            "anatomy_sha256": file_hash(args.anatomy),
        }
        return Result(generator.provenance(description, settings), anatomy, ct=volume)

    return _produce(args, (CT, PROVENANCE, PREVIEW), work)


def regenerate(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """CT again where the anatomy was edited."""
    from GuideGenLib.anatomy.label_volumes import read_anatomy, require_anatomy
    from GuideGenLib.core.volumes import read_ct

    old = read_ct(args.ct)
    before = require_anatomy(read_anatomy(args.anatomy), str(args.anatomy))
    after = require_anatomy(read_anatomy(args.edited), str(args.edited))
    inherit(args, args.ct)
    description = describe(args.text)
    show_description(description)

    def work(progress: Progress) -> Result:
        generator = open_generator(args)
        options = given(steps=args.ct_steps, margin_mm=args.margin)
        volume = generator.regenerate_ct(old, before, after, description, seed=args.seed, progress=progress, **options)
        settings = {
            "seed": args.seed,
            "ct_steps": args.ct_steps,
            "margin_mm": args.margin,
            "ct_sha256": file_hash(args.ct),
            "anatomy_sha256": file_hash(args.anatomy),
            "edited_sha256": file_hash(args.edited),
        }
        return Result(generator.provenance(description, settings), after, ct=volume)

    return _produce(args, (CT, PROVENANCE, PREVIEW), work)


def _produce(args: argparse.Namespace, names: Sequence[str], work: Callable[[Progress], Result]) -> int:
    """Run `work` and write what it made, all of `names` or nothing."""
    from GuideGenLib.anatomy.table import write_labels_csv
    from GuideGenLib.core.files import write_json
    from GuideGenLib.core.volumes import write_volume
    from GuideGenLib.generator.preview import write_preview

    with output_folder(args.output, names, overwrite=args.overwrite) as folder, progress_bar() as progress:
        progress("load", 0.0)
        result = work(within(progress, 0.0, 0.95))
        progress("write", 0.95)
        if result.anatomy_is_new:
            write_volume(result.shown, folder / ANATOMY)
            write_labels_csv(folder / LABELS)
        if result.ct is not None:
            write_volume(result.ct, folder / CT)
        write_json(result.provenance, folder / PROVENANCE)
        write_preview(result.shown, result.ct, folder / PREVIEW, result.lesions, result.provenance.get("text", ""))
        progress("write", 1.0)
    show_lesions(result.lesions)
    show_checks(result.checks)
    print(f"Written to {args.output}: {', '.join(names)}. The volumes are synthetic.")
    return 0
