"""The commands that make volumes: generate, mask, ct, regenerate."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.cli.makers import Maker, maker
from GuideGenLib.cli.options import (
    CommandError,
    add_ct_model,
    add_ct_options,
    add_generator_options,
    add_labels,
    add_margin,
    add_mask_options,
    add_spacing,
    asked,
)
from GuideGenLib.cli.output import output_folder
from GuideGenLib.cli.terminal import progress_bar, show_checks, show_lesions, show_notes
from GuideGenLib.core.arguments import named_path
from GuideGenLib.core.host import readable
from GuideGenLib.core.progress import within
from GuideGenLib.generator.case_files import ANATOMY, CT, FILES, LABELS, PREVIEW, PROVENANCE, write_case

if TYPE_CHECKING:
    from GuideGenLib.generator import Case, Generator

OpenGenerator = Callable[[argparse.Namespace], "Generator"]


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parsers of the four commands; `call` gets the arguments and a function that opens the model."""
    parser = commands.add_parser("generate", help="text to anatomy and CT", description="Text to anatomy and CT.")
    parser.add_argument("text", type=readable, help="a description of the patient, in English")
    add_generator_options(parser, output=f"folder for {ANATOMY}, {LABELS}, {CT}, {PROVENANCE} and {PREVIEW}")
    add_mask_options(parser)
    add_spacing(parser)
    add_ct_options(parser)
    add_ct_model(parser)
    parser.set_defaults(call=generate)

    parser = commands.add_parser("mask", help="text to anatomy", description="Text to anatomy, without a CT.")
    parser.add_argument("text", type=readable, help="a description of the patient, in English")
    add_generator_options(parser, output=f"folder for {ANATOMY}, {LABELS}, {PROVENANCE} and {PREVIEW}")
    add_mask_options(parser)
    about = "keep segments of this label volume as they are and draw the rest around them"
    parser.add_argument("--keep", type=named_path, metavar="FILE", help=about)
    add_labels(parser)
    about = "what is kept of it, as liver,liver_tumor (everything but unnamed body)"
    parser.add_argument("--segments", type=_listed, metavar="KEYS", help=about)
    parser.set_defaults(call=mask)

    parser = commands.add_parser("ct", help="anatomy to CT", description="A CT of an anatomy, generated or drawn.")
    about = "label volume, of ours or of another vocabulary, also DICOM (segmentation or contours)"
    parser.add_argument("--anatomy", type=named_path, required=True, metavar="FILE", help=about)
    add_labels(parser)
    parser.add_argument(
        "--text", type=readable, help=f"a description of the patient (that of the {PROVENANCE} beside the anatomy)"
    )
    add_generator_options(parser, output=f"folder for {CT}, {PROVENANCE} and {PREVIEW}")
    add_spacing(parser)
    add_ct_options(parser)
    add_ct_model(parser)
    parser.set_defaults(call=ct)

    about = "The CT after an edit of the anatomy; away from the edit every voxel stays as it is."
    parser = commands.add_parser("regenerate", help="CT again where the anatomy was edited", description=about)
    parser.add_argument(
        "--ct", type=named_path, required=True, metavar="FILE", help="the CT before the edit, also of DICOM"
    )
    about = "the DICOM series that is meant, where there are several CTs in the folder or zip"
    parser.add_argument("--series", metavar="UID", help=about)
    parser.add_argument("--anatomy", type=named_path, required=True, metavar="FILE", help="the anatomy before the edit")
    parser.add_argument("--edited", type=named_path, required=True, metavar="FILE", help="the anatomy after the edit")
    add_labels(parser)
    about = "the edited file holds this segment alone, in its new shape, for example liver"
    parser.add_argument("--segment", metavar="KEY", help=about)
    add_margin(parser)
    parser.add_argument(
        "--text", type=readable, help=f"a description of the patient (that of the {PROVENANCE} beside the CT)"
    )
    add_generator_options(parser, output=f"folder for {CT}, {PROVENANCE} and {PREVIEW}")
    add_ct_options(parser)
    parser.set_defaults(call=regenerate)


def generate(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Text to anatomy and CT."""
    return _produce(args, open_generator, FILES, lambda made: made.draw_with_ct)


def mask(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Text to anatomy, or around what is kept of one."""
    names = (ANATOMY, LABELS, PROVENANCE, PREVIEW)
    if args.keep is None:
        if args.segments is not None:
            raise CommandError("--segments names segments of no file", "give the file with --keep")
        return _produce(args, open_generator, names, lambda made: made.draw)
    from GuideGenLib.anatomy.label_maps.reading import read_label_map
    from GuideGenLib.mask.keep_keys import keys_to_keep

    read = read_label_map(args.keep, args.labels)  # what it leaves out is drawn, and not filled in to be kept
    show_notes(read.notes)
    keys = keys_to_keep(read.image, args.segments)
    return _produce(args, open_generator, names, lambda made: made.complete, read.image, keys)


def ct(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """Anatomy to CT."""
    from GuideGenLib.anatomy.label_maps.opening import open_anatomy
    from GuideGenLib.anatomy.label_volumes import require_anatomy

    opened = open_anatomy(args.anatomy, args.labels)
    show_notes(opened.notes)
    anatomy = require_anatomy(opened.anatomy, str(args.anatomy))
    names = (CT, PROVENANCE, PREVIEW)
    return _produce(args, open_generator, names, lambda made: made.make_ct, anatomy, beside=args.anatomy)


def regenerate(args: argparse.Namespace, open_generator: OpenGenerator) -> int:
    """CT again where the anatomy was edited."""
    from GuideGenLib.anatomy.label_maps.opening import open_anatomy, open_edited
    from GuideGenLib.anatomy.label_volumes import require_anatomy
    from GuideGenLib.core.volumes import read_ct

    old = read_ct(args.ct, args.series)
    opened = open_anatomy(args.anatomy, args.labels, old)
    edited = open_edited(args.edited, opened, args.labels, args.segment)
    show_notes((*opened.notes, *edited.notes))
    before, after = (
        require_anatomy(opened.anatomy, str(args.anatomy)),
        require_anatomy(edited.anatomy, str(args.edited)),
    )
    names, volumes = (CT, PROVENANCE, PREVIEW), (old, before, after)
    return _produce(args, open_generator, names, lambda made: made.make_ct_again, *volumes, beside=args.ct)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _produce(
    args: argparse.Namespace,
    open_generator: OpenGenerator,
    names: Sequence[str],
    way: "Callable[[Maker], Callable[..., Case]]",
    *volumes: Any,
    beside: Path | None = None,
) -> int:
    """Make a case of volumes and of what is asked (also by the record beside a file), and write it: all of `names` or
    nothing."""
    from GuideGenLib.cli.described import show_description

    description, settings = asked(args, beside)
    show_description(description)
    with output_folder(args.output, names, overwrite=args.overwrite) as folder, progress_bar() as progress:
        progress("load", 0.0)
        make = way(maker(args, open_generator))
        case = make(*volumes, description, settings, within(progress, 0.0, 0.95))
        progress("write", 0.95)
        write_case(case, folder, names, caption=case.provenance.get("text", ""))
        progress("write", 1.0)
    show_lesions(case.lesions)
    show_checks(case.checks)
    print(f"Written to {args.output}: {', '.join(names)}. The volumes are synthetic.")
    return 0
