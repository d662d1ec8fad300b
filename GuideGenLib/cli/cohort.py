"""`guidegen cohort`: data sets of many cases."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError, add_ct_options, add_mask_options, add_spacing, settings_of
from GuideGenLib.cli.terminal import progress_bar, show_notes
from GuideGenLib.core.arguments import add_model_arguments, named_path, whole

if TYPE_CHECKING:
    from GuideGenLib.cohort.making import Order
    from GuideGenLib.cohort.rows import Row
    from GuideGenLib.cohort.workers import Workers

MOST_LISTED = 12


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    parser = commands.add_parser("cohort", help="a data set of many cases", description="A data set of many cases.")
    kinds = parser.add_subparsers(required=True, metavar="action")
    about = "What a cohort will hold, how long it takes and how large it gets: one case is made and thrown away."
    plan = kinds.add_parser("plan", help="what a cohort will hold, before it starts", description=about)
    _add_rows(plan)
    _add_work(plan)
    plan.set_defaults(call=plan_cohort)
    about = (
        "Make the cases of a table or of a draw, each into a folder of its own, by several workers. The same command "
        "goes on where the last run stopped."
    )
    make = kinds.add_parser("make", help="make the cases", description=about)
    _add_rows(make)
    about = "folder, or address such as s3://bucket/name, for cases, cases.csv and a card"
    make.add_argument("-o", "--output", required=True, metavar="DIR|URL", help=about)
    _add_work(make)
    make.add_argument("--address", default=None, help="of a running Ray cluster, as ray://host:10001 (this machine)")
    make.add_argument("--gpus", type=float, default=0.0, metavar="SHARE", help="of a GPU for each worker, as .25 (0)")
    make.add_argument("--watch", action="store_true", help="keep a page in DIR that shows how far it is")
    make.set_defaults(call=make_cases)
    about = "The cases of a cohort with their CTs in the layout of a training program; a tenth is for tests."
    export = kinds.add_parser("export", help="as nnU-Net, BIDS or MONAI read it, or DICOM", description=about)
    export.add_argument("cohort", metavar="DIR|URL", help="what `guidegen cohort make` wrote")
    export.add_argument("-o", "--output", type=named_path, required=True, metavar="DIR", help="a new folder")
    export.add_argument("--layout", choices=("nnunet", "bids", "monai", "dicom"), default="nnunet")
    about = "ours, those of another vocabulary, or organs with their tumours (guidegen); DICOM has ours"
    kinds_of_labels = ("guidegen", "totalsegmentator", "guidegen21", "pairs")
    export.add_argument("--labels", choices=kinds_of_labels, default="guidegen", help=about)
    export.set_defaults(call=export_cohort)


def _add_rows(parser: argparse.ArgumentParser) -> None:
    about = "CSV or JSONL: a column text, or columns as sex, age, organ, side, site, T, size_mm, phase; n repeats a row"
    parser.add_argument("table", nargs="?", type=named_path, help=about)
    parser.add_argument("--draw", type=whole(1), default=None, metavar="N", help="N cases drawn, in place of a table")
    about = "shares to draw by (a sample registry of tumours of five organs)"
    parser.add_argument("--like", type=named_path, default=None, metavar="JSON", help=about)
    parser.add_argument("--seed", type=whole(0), default=0, help="of the draw, and of cases that name none (0)")


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-ct", action="store_true", help="anatomies alone")
    parser.add_argument("--workers", type=whole(1), default=1, metavar="N", help="cases made at the same time (1)")
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--cores", type=whole(1), default=None, metavar="N", help=f"of each worker ({cores} shared out)"
    )
    add_mask_options(parser)
    add_spacing(parser)
    add_ct_options(parser)
    add_model_arguments(parser)


def plan_cohort(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Tables of what is asked for, and figures of one case that was made."""
    from GuideGenLib.cohort.pages import duration
    from GuideGenLib.cohort.plan import contents, measure

    rows = _rows(args)
    print(f"{len(rows)} cases")
    for name, count in contents(rows).items():
        shown = [f"{value.replace('_', ' ')} {number}" for value, number in count.most_common(MOST_LISTED)]
        rest = len(count) - len(shown)
        print(f"  {name}: {', '.join(shown)}" + (f", and {rest} more" if rest else ""))
    with progress_bar() as progress:
        progress("load", 0.0)
        measured = measure(rows, _order(args))
    seconds = measured.seconds * len(rows) / args.workers
    print(f"One case ({measured.name}): {measured.seconds:.0f} s, {measured.size / 1e6:.1f} MB")
    workers = "one worker" if args.workers == 1 else f"{args.workers} workers, if each is as fast as one alone"
    print(f"All: about {duration(seconds)} with {workers}, {measured.size * len(rows) / 1e9:.1f} GB")
    return 0


def make_cases(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Make what is not there yet; 1 when a row has no case."""
    from GuideGenLib.bundle import load_bundle
    from GuideGenLib.cohort.card import CARD, TABLE, finish
    from GuideGenLib.cohort.folder import CohortFolder
    from GuideGenLib.cohort.pages import PAGE, LivePage
    from GuideGenLib.cohort.run import make_cohort

    rows, order = _rows(args), _order(args)
    folder, bundle = CohortFolder(args.output), load_bundle(args.bundle)
    page = LivePage(folder, len(rows)) if args.watch else None
    if page:
        show_notes([f"{args.output}/{PAGE} shows how far it is"])
    with progress_bar() as progress:
        told = {"told": page.hear} if page else {}
        summary = make_cohort(rows, order, folder, _workers(args), bundle.identity, progress, **told)
    if page:
        page.write(summary, over=True)
    finish(folder, bundle.config["name"])
    for name, why in summary.failed.items():
        print(f"no case  {name}: {why}")
    redrawn = f", {summary.redrawn} of them with another seed" if summary.redrawn else ""
    print(f"{summary.there} cases were there, {summary.made} were made{redrawn}, {len(summary.failed)} failed.")
    print(f"Written to {args.output}: cases, {TABLE}, {CARD}. All cases are synthetic.")
    return 1 if summary.failed else 0


def _rows(args: argparse.Namespace) -> "list[Row]":
    from GuideGenLib.cohort.drawing import draw_records, read_registry
    from GuideGenLib.cohort.rows import read_table, rows_of

    if (args.table is None) == (args.draw is None):
        raise CommandError("a cohort is of a table or of a draw", "name a CSV or JSONL file, or give --draw 100")
    if args.table is not None:
        if args.like is not None:
            raise CommandError("--like tells how to draw, and a table is given", "give --draw in place of the table")
        return read_table(args.table, args.seed)
    return rows_of(draw_records(read_registry(args.like), args.draw, args.seed), args.seed)


def _order(args: argparse.Namespace) -> "Order":
    from GuideGenLib.cohort.making import Order

    bundle = None if args.bundle is None else str(Path(args.bundle).absolute())
    return Order(bundle, args.device, settings_of(args), not args.no_ct, _cores(args))


def _workers(args: argparse.Namespace) -> "Workers":
    from GuideGenLib.cohort.workers import Workers

    return Workers(args.workers, _cores(args), args.gpus, args.address)


def _cores(args: argparse.Namespace) -> int:
    return int(args.cores or max(1, (os.cpu_count() or 1) // args.workers))


def export_cohort(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Write the cases that are there in the layout of another program."""
    from tempfile import TemporaryDirectory

    from GuideGenLib.cohort.folder import CohortFolder
    from GuideGenLib.cohort.layouts import dataset_cases
    from GuideGenLib.export.datasets.labels import labels_as
    from GuideGenLib.export.datasets.write import write_dataset

    folder, labels = CohortFolder(args.cohort), labels_as(args.labels)
    with TemporaryDirectory(prefix="guidegen-") as private, progress_bar() as progress:
        count, cases = dataset_cases(folder, Path(private))
        write_dataset(args.layout, cases, count, args.output, labels, progress)
    print(f"{count} cases written to {args.output}. All are synthetic.")
    return 0
