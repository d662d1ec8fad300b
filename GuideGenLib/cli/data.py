"""`guidegen data`: what a data folder can train, labels for scans without any, a small file for a rented machine."""

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.cli.options import CommandError
from GuideGenLib.cli.tools import DATA_VARIABLE
from GuideGenLib.core.arguments import named_path, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from GuideGenLib.data.survey import SurveyedCase

MOST_MB = 30.0
"""Of a packed archive."""
TELL_SECONDS = 5.0
"""Between two lines of progress."""


def add_data_parser(parser: argparse.ArgumentParser) -> None:
    """Fill the parser of `guidegen data`."""
    parser.description = "Training data: see what is there, label what is not, take it along."
    actions = parser.add_subparsers(required=True, metavar="action")
    check = actions.add_parser("check", help="what can be trained on it", description="What data folders can train.")
    check.set_defaults(action=check_data)
    label = actions.add_parser(
        "label",
        help="labels for scans without any",
        description="Labels of the shipped segmenter.",
    )
    label.add_argument("-o", "--output", type=named_path, required=True, metavar="DIR", help="label maps and pictures")
    label.set_defaults(action=label_data)
    prepared = actions.add_parser(
        "prepare",
        help="a store that trainings read",
        description="All cases as trainings read them, in a store on disk. The same command goes on where it stopped.",
    )
    prepared.add_argument("-o", "--output", type=named_path, required=True, metavar="STORE", help="the folder to write")
    prepared.set_defaults(action=prepare_data)
    pack = actions.add_parser(
        "pack", help="an archive to take along", description="All that trainings need, as one small archive."
    )
    pack.add_argument("-o", "--output", type=named_path, required=True, metavar="FILE", help="the .zip to write")
    pack.add_argument("--mb", type=float, default=MOST_MB, metavar="N", help=f"its size at most ({MOST_MB:g})")
    pack.add_argument(
        "--run", type=named_path, default=Path("runs"), metavar="DIR", help="caches and population (runs)"
    )
    pack.add_argument("--seed", type=int, default=0, help="of the population (0)")
    pack.set_defaults(action=pack_data)
    told = os.environ.get(DATA_VARIABLE)
    check.add_argument("--csv", type=named_path, default=None, metavar="FILE", help="a line for each case, as a table")
    cores = os.cpu_count() or 1
    one, many = f"a data folder (${DATA_VARIABLE})", f"one or several data folders (${DATA_VARIABLE})"
    for action in (check, prepared):
        action.add_argument("--workers", type=whole(1), default=cores, metavar="N", help=f"processes ({cores})")
        folders = [Path(told)] if told else None
        action.add_argument("data", type=named_path, nargs="*", default=folders, metavar="DATA", help=many)
    for action in (label, pack):
        action.add_argument("data", type=named_path, nargs="?", default=told, metavar="DATA", help=one)


def run_data(args: argparse.Namespace) -> int:
    """Run the chosen action. Raises DataError, CommandError."""
    if not args.data:
        raise CommandError("no data", f"name a folder of scans, or set ${DATA_VARIABLE}")
    status: int = args.action(args)
    return status


def check_data(args: argparse.Namespace) -> int:
    """A line for each case, then what each stage could learn; 1 where a case or a stage has a problem."""
    from GuideGenLib.data.notes import CASES, VALIDATION
    from GuideGenLib.data.survey import names_without_case, survey, trainable, unlabelled_structures, write_survey

    cases = []
    for case in survey(args.data, args.workers):
        cases.append(case)
        print(_line(case), flush=True)
    print(_summary(cases))
    for path, names in names_without_case(args.data, cases).items():
        print(f"{path} names what is not there: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}")
    if unnamed := unlabelled_structures(cases):
        print(f"labelled in no case: {', '.join(unnamed)}")
    if not any(case.notes.split == VALIDATION for case in cases):
        print(f"no case has the split {VALIDATION}, on which trainings measure their loss: {CASES} can give it to some")
    stages = trainable(cases, segmenter=True)
    for stage, found in stages.items():
        parts = f"{len(found.learnt)} cases to learn from, {len(found.validated)} to validate on"
        verdict, why = ("FAIL", f": {found.problem}") if found.problem else ("ok", "")
        print(f"{verdict:<5} {stage:<6} {parts}{why}")
    if args.csv is not None:
        write_survey(cases, args.csv)
    return int(any(case.problem for case in cases) or any(found.problem for found in stages.values()))


def _line(case: "SurveyedCase") -> str:
    if case.problem:
        return f"FAIL  {case.name}: {case.problem}"
    size = " x ".join(f"{mm:.0f}" for mm in case.size_mm)
    shown = [f"{len(case.structures)} structures", ", ".join(case.regions) or "no whole region"]
    what = ["CT" if case.ct else "no CT", *(shown if case.labelled else ["no labels"])]
    phase = "no contrast" if case.notes.phase == "none" else case.notes.phase
    known = [word for word in (case.notes.sex, phase, case.notes.split) if word]
    if case.notes.age is not None:
        known.append(f"{case.notes.age:.0f} years")
    told = f" ({', '.join(known)})" if known else ""
    return f"ok    {case.name}: {size} mm, {', '.join(what)}{told}"


def _summary(cases: "Sequence[SurveyedCase]") -> str:
    """How many there are of what, two lines."""
    usable = [case for case in cases if not case.problem]
    labelled = [case for case in usable if case.labelled]
    alone = sum(not case.ct for case in labelled)
    counts = {
        "region": Counter(region for case in labelled for region in case.regions),
        "sex": Counter(case.notes.sex or "unknown" for case in usable),
        "phase": Counter(case.notes.phase or "unknown" for case in usable if case.ct),
        "split": Counter(case.notes.split or "train" for case in usable),
    }
    told = [f"{of}: {', '.join(f'{name} {n}' for name, n in sorted(count.items()))}" for of, count in counts.items()]
    scans = f"{len(usable) - alone} CTs, {len(labelled)} with labels of which {alone} have no CT"
    return f"{len(usable)} of {len(cases)} cases usable: {scans}\n{'; '.join(told)}"


def prepare_data(args: argparse.Namespace) -> int:
    """The store, a line for each case that is left out, and the pace; 1 where some are left out."""
    from GuideGenLib.data.prepare import prepare
    from GuideGenLib.data.store import CASES, FITS, PROBLEMS, Store
    from GuideGenLib.judges.shipped import shipped_segmenter

    workers, told = args.workers, 0.0
    for case in prepare(args.data, args.output, workers, shipped_segmenter):
        if case.record.problem:
            print(f"left out: {case.record.name}: {case.record.problem}", flush=True)
        if time.monotonic() - told > TELL_SECONDS or case.done == case.cases:
            told, pace = time.monotonic(), case.count / case.hours / workers
            print(f"{case.done} of {case.cases} cases, {pace:.0f} an hour with each process", flush=True)
    records = Store(args.output).records()
    bad = sum(record.problem is not None for record in records)
    placed, with_ct = sum(r.placed is not None for r in records), sum(r.ct is not None for r in records)
    print(
        f"{args.output}: {len(records) - bad} cases, {with_ct} with a CT, {placed} placed in the torso; {bad} left out"
    )
    if bad:
        print(f"{args.output / PROBLEMS} says why. Mend them and give the command again, or go on without them.")
    print(
        f"{args.output / FITS} says how well each was placed. Look at the picture.png of each in {args.output / CASES}."
    )
    return int(bad > 0)


def label_data(args: argparse.Namespace) -> int:
    """NAME.nii.gz with our labels on the CT's own grid, NAME_unsure.nii.gz and NAME.png for each unlabelled scan.

    NAME.json beside them says that the values are ours. Scans that have theirs in the folder already are left as they
    are; 1 where a scan cannot be read.
    """
    import numpy as np

    from GuideGenLib.anatomy.table import write_labels_csv
    from GuideGenLib.core.files import write_json
    from GuideGenLib.core.volumes import from_canonical, to_canonical, write_volume
    from GuideGenLib.ct.synthesizer import SPACING
    from GuideGenLib.data.labelling import UNSURE, label_by
    from GuideGenLib.data.layouts import DataError, find_cases, read_ct_image
    from GuideGenLib.data.pictures import scan_panels, write_picture
    from GuideGenLib.judges.shipped import shipped_segmenter

    segment = shipped_segmenter()
    args.output.mkdir(parents=True, exist_ok=True)
    write_labels_csv(args.output / "labels.csv")
    status = 0
    for case in find_cases(args.data):
        target = args.output / f"{case.name}.nii.gz"
        if case.ct is None or case.labels is not None or target.is_file():
            continue
        try:
            ct = read_ct_image(case)
        except DataError as error:
            print(f"FAIL  {case.name}: {error}", flush=True)
            status = 1
            continue
        hu, frame = to_canonical(ct, SPACING, labels=False)
        labels, unsure = label_by(segment, hu.astype(np.int16), SPACING)
        write_picture(scan_panels(hu, labels, unsure), args.output / f"{case.name}.png")
        doubtful = from_canonical(unsure.astype(np.uint8), frame, ct, labels=True)
        write_volume(doubtful, args.output / f"{case.name}{UNSURE}.nii.gz")
        write_json({"vocabulary": "guidegen"}, args.output / f"{case.name}.json")
        write_volume(from_canonical(labels, frame, ct, labels=True), target)
        print(f"{case.name}: {unsure[labels > 0].mean():.0%} of the body not sure", flush=True)
    print(f"Look at the pictures in {args.output}, delete what is wrong, and copy the rest into labels/ of the data.")
    return status


def pack_data(args: argparse.Namespace) -> int:
    """An archive of the scans and, where a population has been drawn, its people, that is unpacked to a run folder."""
    from GuideGenLib.ct.synthesizer import SPACING
    from GuideGenLib.judges.shipped import shipped_segmenter
    from GuideGenLib.training.inputs import pack_run
    from GuideGenLib.training.job import Job

    job = Job(
        data=args.data, run=args.run, steps=0, people=0, seed=args.seed, threads=1, target=args.output, anatomies=0,
        hold_out="", segmenter=shipped_segmenter,
    )  # fmt: skip
    for line in pack_run(job, args.output, SPACING, args.mb):
        print(line)
    print(f"{args.output}: {args.output.stat().st_size / 1e6:.1f} MB. Where it is taken to, nothing else is needed:")
    print(f"  python -m zipfile -e {args.output.name} runs && guidegen train all --run runs --minutes 10")
    return 0
