"""`guidegen evaluate`: what a bundle makes, measured part by part, as one report.

Generated cases and finished parts are kept in the output folder: a run that was cut goes on, and a part that is asked
for later joins the others in the report.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from GuideGenLib import __version__
from GuideGenLib.bundle import load_bundle
from GuideGenLib.core.arguments import DATA_VARIABLE, add_model_arguments, data_folder, named_path, whole
from GuideGenLib.core.device import cores
from GuideGenLib.core.errors import EvaluationError, GuideGenError
from GuideGenLib.core.files import remedy, write_json, write_text
from GuideGenLib.evaluation.parts import PARTS, Work, judges_identity, say
from GuideGenLib.evaluation.plan import FULL_CASES, SUBSET_CASES, SYSTEMS, Plan, expected_seconds, parts_of
from GuideGenLib.evaluation.report.cells import card_table, terminal
from GuideGenLib.evaluation.report.html_report import page
from GuideGenLib.evaluation.report.record import FILE, Evaluation, keep, kept, read_evaluation
from GuideGenLib.evaluation.report.section import Section
from GuideGenLib.population.bases import PEOPLE, kept_people

PAGE_FILE = "evaluation.html"
STOPPED = 130


def add_evaluate_parser(parser: argparse.ArgumentParser) -> None:
    """Fill in the arguments of `guidegen evaluate`."""
    parser.description = (
        "Measure a trained model and write a report: DIR/evaluation.html and evaluation.json. A run that was cut goes "
        "on; a finished part is measured again only when the model, the judges or the settings changed, or when its "
        "file in DIR/sections is deleted."
    )
    parser.add_argument(
        "-o", "--output", type=named_path, default=None, metavar="DIR", help="folder for report and volumes"
    )
    parser.add_argument("--subset", action="store_true", help="few cases and no slow part: three minutes on two cores")
    parser.add_argument(
        "--cases", type=whole(1), default=None, metavar="N",
        help=f"generated patients ({FULL_CASES}: a good hour on two cores; subset: {SUBSET_CASES})",
    )  # fmt: skip
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=None, metavar="PART", help=f"of {', '.join(PARTS)}: these alone"
    )
    parser.add_argument(
        "--systems", nargs="+", default=None, metavar="NAME",
        help="instead: the paper's two tables with other systems in them, all of them (all) or maisi, zhuang ...",
    )  # fmt: skip
    parser.add_argument(
        "--rival-steps", type=whole(1), default=None, metavar="N", help="of the rivals' samplers (each its own)"
    )
    parser.add_argument(
        "--rivals", type=named_path, default=Path("runs/rivals"), metavar="DIR",
        help="where `guidegen train rival` wrote them (runs/rivals)",
    )  # fmt: skip
    add_model_arguments(parser)
    parser.add_argument(
        "--judges", type=named_path, default=None, metavar="DIR", help="another segmenter and classifiers"
    )
    parser.add_argument(
        "--data", type=named_path, default=data_folder(), metavar="DIR",
        help=f"real scans to compare with ({DATA_VARIABLE}); without them what needs them is left out",
    )  # fmt: skip
    parser.add_argument(
        "--run", type=named_path, default=None, metavar="DIR",
        help="run folder of the training, with whose people generated patients are compared",
    )  # fmt: skip
    parser.add_argument(
        "--markdown", type=named_path, default=None, metavar="FILE",
        help="instead: print the figures of an evaluation.json as Markdown, for a model card",
    )  # fmt: skip


def run_evaluate(args: argparse.Namespace) -> int:
    """Run it; 0 when every part was measured, whatever its figures are, 1 when one could not be.

    Raises EvaluationError for the folders, BundleError for the model and the judges.
    """
    if args.markdown is not None:
        print(card_table(read_evaluation(args.markdown)), end="")
        return 0
    if args.output is None:
        raise EvaluationError("no folder for the report", "name one with -o")
    plan = Plan.of(args.subset, args.cases)
    chosen = args.only or ([SYSTEMS] if args.systems else parts_of(plan, tuple(PARTS)))
    _check(args, chosen)
    work = Work(args, plan)
    _ = work.systems  # an unknown one is told before anything is made
    try:
        if work.judges_hash is not None and any(PARTS[name].judges for name in chosen):
            _ = work.judges  # a damaged file is told now and not when the cases are made
        flips = len(work.flip_orders) if "prompts" in chosen else 0
        minutes = expected_seconds(plan, chosen, flips, len(work.trained)) / 60
        say(f"{', '.join(chosen)}: {minutes:.0f} min on two idle cores, less what {work.output} holds already")
        evaluation, missed = _measure(work, chosen)
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it was")
        return STOPPED
    write_json(evaluation.to_json(work.output), work.output / FILE)
    write_text(page(evaluation, work.output), work.output / PAGE_FILE)
    print(terminal(evaluation.sections))
    print(f"\nIn {work.output}: {PAGE_FILE} and {FILE}. Everything that they show is synthetic.")
    for name, reason in missed.items():
        say(f"not measured: {name}: {reason}")
    return 1 if missed else 0


def _check(args: argparse.Namespace, chosen: Sequence[str]) -> None:
    """What can be wrong is told before anything is generated; makes the folder and its path absolute."""
    load_bundle(args.bundle)
    if args.data is not None and not args.data.is_dir():
        raise EvaluationError(f"{args.data} is no folder", "name that of the real scans with --data")
    if args.run is not None:
        kept_people(args.run / PEOPLE)
    if any(PARTS[name].judges for name in chosen) and (args.only or args.judges):
        judges_identity(args.judges)  # a run of all parts goes without judges: it leaves out what needs them
    args.output = args.output.absolute()
    try:
        args.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=args.output):
            pass
    except OSError as error:
        raise EvaluationError(f"cannot write into {args.output}", remedy(error)) from error


def _measure(work: Work, chosen: Sequence[str]) -> tuple[Evaluation, dict[str, str]]:
    """The chosen parts measured, the others as far as they are kept; and why a part could not be measured."""
    sections, seconds, missed = [], {}, {}
    for name, part in PARTS.items():
        if name not in chosen and part.judges and work.judges_hash is None:
            continue  # whether a kept one is of the same judges cannot be told
        identity = _identity(work, name)
        found = kept(name, identity, work.output)
        if found is None and name in chosen:
            say(f"{name} ...")
            start = time.monotonic()
            try:
                if part.judges:
                    judges_identity(work.args.judges)  # missing ones are told before anything is generated for them
                section = part.measure(work)
            except GuideGenError as error:
                missed[name] = str(error)
                section = Section(name, name.capitalize(), remarks=[f"Not measured: {error}"])
                sections.append(section)
                continue
            found = section, time.monotonic() - start
            keep(name, section, identity, found[1], work.output)
            say(f"{name}: {found[1]:.0f} s")
        if found:
            sections.append(found[0])
            seconds[name] = found[1]
    return Evaluation(_about(work, chosen), sections, seconds), missed


def _identity(work: Work, name: str) -> dict[str, Any]:
    """All that the section of a part depends on."""
    part, models = PARTS[name], work.generator.models
    return {
        "guidegen": __version__, "bundle": work.generator.bundle.identity, "device": str(models.device),
        "arithmetic": models.arithmetic, "plan": asdict(work.plan),
        "judges": work.judges_hash if part.judges else None,
        "data": str(work.data.resolve()) if part.data and work.data else None,
        "people": [one.base.made_of for one in work.trained] if part.run else None,
        "systems": work.systems_identity if part.systems else None,
    }  # fmt: skip


def _about(work: Work, chosen: Sequence[str]) -> dict[str, Any]:
    """The head of the report."""
    import torch

    bundle, models = work.generator.bundle, work.generator.models
    about: dict[str, Any] = {
        "guidegen": __version__,
        "bundle": {"name": bundle.name, "sha256": bundle.identity},
        "settings": {
            "subset": work.plan.subset, "cases": work.plan.cases, "ablation_cases": work.plan.ablation_cases,
            "sampler_steps": list(work.plan.sampler_steps), "sampler_prompts": work.plan.sampler_prompts,
        },
        "machine": {
            "device": str(models.device), "arithmetic": models.arithmetic,
            "cores": cores(), "torch": torch.__version__,
        },
    }  # fmt: skip
    if work.judges_hash is not None and any(PARTS[name].judges for name in chosen):
        about["judges"] = {"sha256": work.judges_hash}
    return about
