"""`guidegen train`: the stages of a bundle, one by one or all, those of its judges, and the rivals of an evaluation.

With several GPUs: `torchrun --nproc-per-node 4 -m GuideGenLib.cli.start train ...`.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch

from GuideGenLib.bundle.reading import load_bundle
from GuideGenLib.core.arguments import data_folder, named_path, whole
from GuideGenLib.core.files import remedy
from GuideGenLib.judges.segmenter_people import ANATOMIES
from GuideGenLib.judges.shipped import shipped_segmenter
from GuideGenLib.judges.stages import JUDGE_STAGES, SEGMENTER
from GuideGenLib.rivals.systems import RIVALS
from GuideGenLib.rivals.training import train_rival
from GuideGenLib.training.inputs import is_packed
from GuideGenLib.training.job import Job, Stage
from GuideGenLib.training.loop.checkpoint import RunError
from GuideGenLib.training.presets import DEFAULT, presets
from GuideGenLib.training.stages import PEOPLE, STAGES
from GuideGenLib.training.start import start_from

STOPPED = 130
RIVAL = "rival"


def add_train_parsers(parser: argparse.ArgumentParser) -> None:
    """Fill the parser of `guidegen train` with a command for each stage, and `all`."""
    parser.description = "Train the networks of a bundle. A second run of a command goes on where the first stopped."
    commands = parser.add_subparsers(dest="stage", required=True, metavar="stage")
    for name, stage in {**STAGES, **JUDGE_STAGES}.items():
        _add_options(commands.add_parser(name, help=stage.help, description=f"Train {stage.help}."), name)
    about = "a counterpart of one of the paper's other systems, for `guidegen evaluate --systems`"
    rival = commands.add_parser(RIVAL, help=about, description=f"Train {about}.")
    rival.add_argument("name", choices=RIVALS, help="; ".join(f"{one.name}: {one.shown}" for one in RIVALS.values()))
    _add_options(rival, RIVAL)
    _add_options(commands.add_parser("all", help="all of these in turn", description="All stages in turn."), "all")


def _add_options(parser: argparse.ArgumentParser, stage: str) -> None:
    parser.add_argument(
        "--data",
        type=named_path,
        default=data_folder(),
        metavar="DIR",
        help="scans and labels in TotalSegmentator, nnU-Net or flat layout (GUIDEGEN_DATA)",
    )
    parser.add_argument(
        "--run", type=named_path, default=Path("runs"), metavar="DIR", help="checkpoints and caches (runs)"
    )
    begun = "judges whose segmenter is trained on" if stage == SEGMENTER else "a bundle whose networks are trained on"
    if stage == RIVAL:  # it has no part of a bundle
        parser.set_defaults(init=None)
    else:
        parser.add_argument("--init", type=named_path, default=None, metavar="DIR", help=begun)
    parser.add_argument("--seed", type=whole(0), default=0, help="of weights, samples and people (0)")
    parser.add_argument("--threads", type=whole(1), default=None, metavar="N", help="CPU threads (all cores)")
    own = 0 if stage in ("all", RIVAL) else {**STAGES, **JUDGE_STAGES}[stage].steps
    if stage in ("all", RIVAL) or own:
        told = {"all": "each stage's own", RIVAL: "as many as see the samples that the bundle's stages saw"}
        steps = told.get(stage, own)
        parser.add_argument("--steps", type=whole(1), default=None, metavar="N", help=f"optimiser steps ({steps})")
        whose = "of all stages together" if stage == "all" else "of the training"
        time = f"time {whose} in place of steps" + (", of one core where there is no GPU" if stage == RIVAL else "")
        parser.add_argument("--minutes", type=_minutes, default=None, metavar="M", help=time)
    if stage == "all" or stage in presets()[DEFAULT]:
        parser.add_argument(
            "--preset", choices=presets(), default=DEFAULT, help=f"sizes of networks and batches ({DEFAULT})"
        )
    if stage in ("bundle", "all"):
        most = "most MB of a file of the bundle, larger ones are written in parts (any size)"
        parser.add_argument("--part-mb", type=whole(1), default=None, metavar="MB", help=most)
    if stage in ("mask", "all"):
        parser.add_argument(
            "--partial",
            type=whole(0),
            default=0,
            metavar="N",
            help="deformations of the label maps in DATA/anatomies as they are, beside the people (0)",
        )
    if stage in ("population", "mask", "bundle", "all"):
        parser.add_argument("--people", type=whole(1), default=PEOPLE, metavar="N", help=f"anatomies ({PEOPLE})")
    if stage == SEGMENTER:
        parser.add_argument("--anatomies", type=whole(1), default=ANATOMIES, metavar="N", help=f"people ({ANATOMIES})")
        parser.add_argument(
            "--hold-out", default=None, metavar="NAME", help="labelled scan to be scored on (held_out in cases.csv)"
        )
    if stage in ("bundle", "judges", "all"):
        made = "judges" if stage == "judges" else "bundle"
        parser.add_argument("--target", type=named_path, default=None, metavar="DIR", help=f"the folder (RUN/{made})")


def run_train(args: argparse.Namespace) -> int:
    """Run the stage of the parsed arguments; returns the exit status.

    Raises DataError, RunError, BundleError and EncoderError with messages for the user.
    """
    if is_packed(args.run):
        args.data = args.run
    if args.data is None:
        raise RunError("no data", "name a folder of scans with --data, or in the environment variable GUIDEGEN_DATA")
    threads = args.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    names = list(STAGES) if args.stage == "all" else [args.stage]
    stages = {**STAGES, **JUDGE_STAGES, RIVAL: Stage(lambda job: train_rival(args.name, job), 0, RIVAL)}
    try:
        if args.init is not None and args.stage != SEGMENTER:
            start_from(load_bundle(args.init), args.run, names[0])
        for name in names:
            stages[name].run(_job(args, name, stages[name], threads))
    except KeyboardInterrupt:
        print("guidegen: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return STOPPED
    except OSError as error:
        raise RunError(f"cannot use {error.filename or args.run}", remedy(error)) from error
    return 0


def _job(args: argparse.Namespace, name: str, stage: Stage, threads: int) -> Job:
    """What a stage is run with; of the minutes that all stages have together it gets its share."""

    def told(option: str, otherwise: Any) -> Any:
        value = getattr(args, option, None)
        return otherwise if value is None else value

    preset = told("preset", DEFAULT)
    sizes = presets()[preset].get(name)
    share = 1.0 if args.stage != "all" else sizes.share if sizes is not None else 0.0
    minutes = told("minutes", None)
    return Job(
        data=args.data,
        run=args.run,
        steps=told("steps", stage.steps if sizes is None else sizes.steps),
        people=told("people", PEOPLE),
        seed=args.seed,
        threads=threads,
        target=told("target", args.run / ("judges" if args.stage == "judges" else "bundle")),
        anatomies=told("anatomies", ANATOMIES),
        hold_out=told("hold_out", ""),
        minutes=None if minutes is None else minutes * share,
        preset=preset,
        part_mb=told("part_mb", None),
        partial=told("partial", 0),
        segmenter=shipped_segmenter,
        initial=args.init if name == SEGMENTER else None,
    )


def _minutes(text: str) -> float:
    """An argument type: a time above 0."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{value} is no time to train in")
    return value
