"""`guidegen data`: what a data folder can train, labels for scans without any, a small file for a rented machine."""

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.cli.options import CommandError
from GuideGenLib.cli.tools import DATA_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from GuideGenLib.data.survey import SurveyedCase


def add_data_parser(parser: argparse.ArgumentParser) -> None:
    """Fill the parser of `guidegen data`."""
    parser.description = "Training data: see what is there, label what is not, take it along."
    actions = parser.add_subparsers(required=True, metavar="action")
    check = actions.add_parser("check", help="what can be trained on it", description="What a data folder can train.")
    check.set_defaults(action=check_data)
    label = actions.add_parser(
        "label",
        help="labels for scans without any",
        description="Labels of the shipped segmenter.",
    )
    label.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="label maps and pictures")
    label.set_defaults(action=label_data)
    pack = actions.add_parser(
        "pack", help="a run folder to take along", description="All that trainings need, as a small run folder."
    )
    pack.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to write")
    pack.add_argument("--run", type=Path, default=Path("runs"), metavar="DIR", help="caches and population (runs)")
    pack.add_argument("--seed", type=int, default=0, help="of the population (0)")
    pack.set_defaults(action=pack_data)
    for action in (check, label, pack):
        told = os.environ.get(DATA_VARIABLE)
        action.add_argument("data", type=Path, nargs="?", default=told, metavar="DATA", help=f"(${DATA_VARIABLE})")


def run_data(args: argparse.Namespace) -> int:
    """Run the chosen action. Raises DataError, CommandError."""
    if args.data is None:
        raise CommandError("no data", f"name a folder of scans, or set ${DATA_VARIABLE}")
    status: int = args.action(args)
    return status


def check_data(args: argparse.Namespace) -> int:
    """A line for each case, then what each stage could learn; 1 where a case or a stage has a problem."""
    from GuideGenLib.data.survey import survey, trainable, unlabelled_structures

    cases = []
    for case in survey(args.data):
        cases.append(case)
        print(_line(case), flush=True)
    stages = trainable(cases, segmenter=True)
    unnamed = unlabelled_structures(cases)
    print(_summary(cases))
    if unnamed:
        print(f"labelled in no case: {', '.join(unnamed)}")
    for stage, missing in stages.items():
        print(f"{'FAIL' if missing else 'ok':<5} {stage:<6} {missing or 'can be trained'}")
    return int(any(case.problem for case in cases) or any(stages.values()))


def _line(case: "SurveyedCase") -> str:
    if case.problem:
        return f"FAIL  {case.name}: {case.problem}"
    size = " x ".join(f"{mm:.0f}" for mm in case.size_mm)
    if not case.labelled:
        return f"ok    {case.name}: {size} mm, no labels"
    known = [word for word in (case.notes.sex, case.notes.phase) if word]
    if case.notes.age is not None:
        known.append(f"{case.notes.age:.0f} years")
    told = f" ({', '.join(known)})" if known else ""
    regions = ", ".join(case.regions) or "no whole region"
    return f"ok    {case.name}: {size} mm, {len(case.structures)} structures, {regions}{told}"


def _summary(cases: "Sequence[SurveyedCase]") -> str:
    usable = [case for case in cases if not case.problem]
    sexes, phases = (Counter(getattr(case.notes, of) or "unknown" for case in usable) for of in ("sex", "phase"))
    counted = [", ".join(f"{name} {count}" for name, count in sorted(c.items())) for c in (sexes, phases)]
    labelled = sum(case.labelled for case in usable)
    return f"{len(usable)} of {len(cases)} cases usable, {labelled} labelled; sex: {counted[0]}; phase: {counted[1]}"


def label_data(args: argparse.Namespace) -> int:
    """NAME.nii.gz with our labels on the CT's own grid, NAME_unsure.nii.gz and NAME.png for each unlabelled scan.

    Scans that have theirs in the folder already are left as they are.
    """
    import numpy as np

    from GuideGenLib.anatomy.table import write_labels_csv
    from GuideGenLib.core.volumes import from_canonical, to_canonical, write_volume
    from GuideGenLib.ct.synthesizer import SPACING
    from GuideGenLib.data.labelling import label_by
    from GuideGenLib.data.layouts import find_cases, read_ct_image
    from GuideGenLib.data.pictures import write_picture
    from GuideGenLib.judges.folder import load_judges

    segment = load_judges().segmenter.segment_coarse
    args.output.mkdir(parents=True, exist_ok=True)
    write_labels_csv(args.output / "labels.csv")
    for case in find_cases(args.data):
        target = args.output / f"{case.name}.nii.gz"
        if case.ct is None or case.labels is not None or target.is_file():
            continue
        ct = read_ct_image(case)
        hu, frame = to_canonical(ct, SPACING, labels=False)
        labels, unsure = label_by(segment, hu.astype(np.int16), SPACING)
        write_picture(hu, labels, unsure, args.output / f"{case.name}.png")
        doubtful = from_canonical(unsure.astype(np.uint8), frame, ct, labels=True)
        write_volume(doubtful, args.output / f"{case.name}_unsure.nii.gz")
        write_volume(from_canonical(labels, frame, ct, labels=True), target)
        print(f"{case.name}: {unsure[labels > 0].mean():.0%} of the body not sure", flush=True)
    print(f"Look at the pictures in {args.output}, delete what is wrong, and copy the rest into labels/ of the data.")
    return 0


def pack_data(args: argparse.Namespace) -> int:
    """A run folder of all scans and, where a population has been drawn, its people, in a few small files."""
    from GuideGenLib.ct.synthesizer import SPACING
    from GuideGenLib.judges.folder import load_judges
    from GuideGenLib.training.inputs import pack_run
    from GuideGenLib.training.job import Job

    segment = load_judges().segmenter.segment_coarse
    job = Job(
        data=args.data, run=args.run, steps=0, people=0, seed=args.seed, threads=1, target=args.output, anatomies=0,
        hold_out="", segmenter=lambda: segment,
    )  # fmt: skip
    for file in pack_run(job, args.output, SPACING):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    print(f"Take the folder along: `guidegen train all --run {args.output.name} --minutes 10` needs nothing else.")
    return 0
