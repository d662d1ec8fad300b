"""`guidegen check`: the figures of a bundle over the fixed prompts, its codec on real scans, and the HU of its CTs."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from GuideGenLib import __version__
from GuideGenLib.bundle import Bundle, load_bundle
from GuideGenLib.core.arguments import add_model_arguments, named_path, opening, whole
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt, prompts
from GuideGenLib.evaluation.prompts.mask_judge import Verdict, as_json, failed, judge, summary
from GuideGenLib.evaluation.prompts.runs import PromptRun, finished, read_labels, run_prompts
from GuideGenLib.evaluation.prompts.text_report import faults_list, figures_table, kinds_table, missing_list
from GuideGenLib.evaluation.report.montage import tile, write_montage

CTS_A_PHASE = 2


def add_check_parser(parser: argparse.ArgumentParser) -> None:
    """Fill in the arguments of `guidegen check`."""
    parser.description = (
        "Generate the fixed prompts, measure what was drawn, and print the figures. A run that was cut goes on."
    )
    parser.add_argument(
        "-o", "--output", type=named_path, required=True, metavar="DIR", help="folder for figures, volumes"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--codec", action="store_true", help="instead: error of the codec on real CT ($GUIDEGEN_DATA)")
    what.add_argument("--hu", action="store_true", help="instead: HU of organs in generated CTs, seams, slice jitter")
    parser.add_argument("--n", type=whole(1), default=None, metavar="N", help="prompts (all), or CTs a phase (2)")
    parser.add_argument("--first", type=whole(1), default=1, metavar="K", help="number of the first prompt (1)")
    parser.add_argument("--ct", type=whole(1), default=0, metavar="N", help="also make the CT of the first N masks")
    parser.add_argument("--sampler", choices=("flow", "categorical"), default="flow")
    parser.add_argument("--steps", type=whole(1), default=None, metavar="N", help="denoising steps of the anatomy")
    parser.add_argument("--guidance", type=float, default=None, metavar="W")
    parser.add_argument("--processes", type=whole(1), default=1, metavar="N", help="masks made at the same time (1)")
    add_model_arguments(parser)


def run_check(args: argparse.Namespace) -> int:
    """Run it; 0 when the figures were taken, whatever they are.

    Raises EvaluationError where prompts or data are missing, BundleError for the bundle, VolumeError for the folder.
    """
    if args.codec:
        from GuideGenLib.evaluation.prompts.codec_error import check_codec

        return check_codec(args)
    if args.hu:
        from GuideGenLib.evaluation.prompts.hu_check import check_hu

        return check_hu(args, args.n or CTS_A_PHASE)
    return check_prompts(args)


def check_prompts(args: argparse.Namespace) -> int:
    """Masks of the prompts, judged."""
    chosen = prompts()[args.first - 1 :][: args.n]
    if not chosen:
        raise EvaluationError(f"--first is {args.first}", f"there are {len(prompts())} prompts")
    args.output.mkdir(parents=True, exist_ok=True)
    bundle = load_bundle(args.bundle)
    settings = _settings(args, bundle)
    runs = finished(args.output, chosen, settings)
    missing = [prompt for prompt in chosen if prompt.number not in runs]
    if runs:
        print(f"{len(runs)} prompts were run before, {len(missing)} to go", file=sys.stderr, flush=True)
    for run in run_prompts(missing, args.output, settings, opening(args), args.processes):
        runs[run.number] = run
        told = f": {run.error}" if run.error else ""
        print(f"prompt {run.number}: {run.seconds:.1f} s{told}", file=sys.stderr, flush=True)
    ordered = [runs[prompt.number] for prompt in chosen]
    verdicts = verdicts_of(chosen, ordered, args.output, bundle.config.get("volumes_ml"))
    write_sheet(ordered, args.output)
    cts = _cts(args, [(p, r) for p, r in zip(chosen, ordered, strict=True) if not r.error][: args.ct])
    report(chosen, ordered, verdicts, args.output, settings, cts)
    return 0


def verdicts_of(chosen: Sequence[Prompt], runs: Sequence[PromptRun], folder: Path, bounds: Any) -> list[Verdict]:
    """Judge the kept volumes; made anew at each call, as it takes a second a volume."""
    verdicts = []
    for prompt, run in zip(chosen, runs, strict=True):
        if run.error:
            verdicts.append(failed(prompt, run.error))
        else:
            verdicts.append(judge(*read_labels(folder, prompt.number), prompt, bounds))
    return verdicts


def write_sheet(runs: Sequence[PromptRun], folder: Path) -> None:
    """montage.png of every anatomy there is."""
    there = [run.number for run in runs if not run.error]
    if there:
        tiles = [tile(read_labels(folder, number)[0]) for number in there]
        write_montage(tiles, [str(number) for number in there], folder / "montage.png")


def report(
    chosen: Sequence[Prompt], runs: Sequence[PromptRun], verdicts: Sequence[Verdict], folder: Path,
    settings: dict[str, Any], cts: dict[str, Any],
) -> None:  # fmt: skip
    """Print the figures and write them to checks.json."""
    shares = summary(verdicts)
    kinds = list(dict.fromkeys(prompt.kind for prompt in chosen))
    by_kind = {k: summary([v for p, v in zip(chosen, verdicts, strict=True) if p.kind == k]) for k in kinds}
    seconds = [run.seconds for run in runs if not run.error]
    time_of_mask = {"mean": float(np.mean(seconds)), "p95": float(np.percentile(seconds, 95))} if seconds else {}
    print(f"\n{len(chosen)} prompts, {len(seconds)} volumes, sampler {settings['mask']['sampler']}\n")
    print(figures_table(shares))
    print("\n" + kinds_table(by_kind))
    print(f"\nOrgans that are missing, in how many volumes: {missing_list(verdicts)}")
    if not settings["volumes_known"]:
        print("\nOrgan volumes are not judged: the bundle has no volumes_ml.")
    if seconds:
        print(f"\nseconds per mask: {time_of_mask['mean']:.1f} mean, {time_of_mask['p95']:.1f} 95th percentile")
    if cts:
        print(f"seconds per CT: {cts['seconds_mean']:.1f} mean of {cts['cts']}")
    if any(verdict.faults for verdict in verdicts):
        print("\nFaults by prompt:\n" + faults_list(chosen, verdicts))
    cases = [
        {"number": p.number, "kind": p.kind, "text": p.text, "seconds": r.seconds, **asdict(v)}
        for p, r, v in zip(chosen, runs, verdicts, strict=True)
    ]
    content = {
        "settings": settings, "figures": as_json(shares), "by_kind": {k: as_json(s) for k, s in by_kind.items()},
        "seconds_per_mask": time_of_mask, "ct": cts, "cases": cases,
    }  # fmt: skip
    write_json(content, folder / "checks.json")
    print(f"\nIn {folder}: checks.json, montage.png, anatomies/")


def _settings(args: argparse.Namespace, bundle: Bundle) -> dict[str, Any]:
    """What the masks depend on, and what their seconds do."""
    mask: dict[str, Any] = {"sampler": args.sampler}
    mask |= {name: value for name in ("steps", "guidance") if (value := getattr(args, name)) is not None}
    # masks stay valid when only other networks change
    weights = "+".join(bundle.config["files"][file]["sha256"] for file in bundle.files("mask"))
    settings = {
        "mask": mask, "bundle": bundle.name, "sha256": weights, "guidegen": __version__, "device": args.device,
        "arithmetic": args.arithmetic, "processes": args.processes, "volumes_known": "volumes_ml" in bundle.config,
    }  # fmt: skip
    return dict(json.loads(json.dumps(settings)))


def _cts(args: argparse.Namespace, pairs: Sequence[tuple[Prompt, PromptRun]]) -> dict[str, Any]:
    """Make and keep the CTs of some masks."""
    if not pairs:
        return {}
    import SimpleITK as sitk

    from GuideGenLib.core.volumes import write_volume
    from GuideGenLib.description import parse
    from GuideGenLib.evaluation.prompts.runs import anatomy_path
    from GuideGenLib.generator import Generator

    generator = Generator.from_bundle(**opening(args))
    (args.output / "cts").mkdir(exist_ok=True)
    seconds = []
    for prompt, _ in pairs:
        anatomy = sitk.ReadImage(str(anatomy_path(args.output, prompt.number)))
        start = time.perf_counter()
        ct = generator.synthesize_ct(anatomy, parse(prompt.text), seed=prompt.number)
        seconds.append(time.perf_counter() - start)
        write_volume(ct, args.output / "cts" / f"{prompt.number:03d}.nii.gz")
        print(f"CT of prompt {prompt.number}: {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
    return {"cts": len(seconds), "seconds_mean": float(np.mean(seconds)), "seconds": seconds}
