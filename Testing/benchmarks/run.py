"""Seconds and peak memory of every stage, each measured in a process of its own, and what they are to be compared with.

    python Testing/benchmarks/run.py            every stage in float32 and bfloat16, by torch and OpenVINO, three times
    python ... --quick       once, in the arithmetic that a run would choose
    python ... --before REF  in that arithmetic beside the version of a commit or tag, in turns, medians of five
    python ... --scaling     time and memory of a chest, a torso, a finer one and a whole frame
    python ... --exact       how far mask and CT are from those of torch in float32
    python ... --full        the paper's 1000 + 1000 steps to the end instead of 20 of each, scaled

All but --scaling and --exact also tell the ratio to the paper's schedule, and of each stage TFLOP and the share of the
machine's peak. Nothing here passes or fails: times depend on the machine and on what else runs on it, so its load is
written down, and the seconds of all cores that each process took.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from Testing.benchmarks import run_stages  # noqa: E402
from Testing.benchmarks.machine import machine  # noqa: E402
from Testing.benchmarks.run_compared import alternating, comparison, curve, earlier, line, shares  # noqa: E402
from Testing.benchmarks.run_stages import PAPER, SAMPLED_STEPS, SCALES, STAGES, Result  # noqa: E402

ROUNDS = 5
FIGURES = {"count": run_stages.counted, "exact": run_stages.outputs, "peak": run_stages.peak_gflops}


def main() -> None:
    """Measure what was asked for."""
    args = parser().parse_args()
    if args.stage:
        print(json.dumps(in_child(args)))
        return
    content: dict[str, Any] = {"machine": machine(), "text": args.text, "runs": []}
    print(json.dumps(content["machine"], indent=2))
    chosen = settings(not (args.scaling or args.exact or args.before or args.quick), args.bundle)
    for device, arithmetic in chosen:
        print(f"\n{device}, {arithmetic}", flush=True)
        with tempfile.TemporaryDirectory() as work:
            run = Run(args, device, arithmetic, Path(work))
            content["runs"].append({"device": device, "arithmetic": arithmetic, **run.asked()})
    args.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {args.output}")


def in_child(args: argparse.Namespace) -> Any:
    """What a child process measures."""
    if args.stage in FIGURES:
        return FIGURES[args.stage](args)
    return asdict(run_stages.scaled(args) if args.stage in SCALES else run_stages.measure(args))


def parser() -> argparse.ArgumentParser:
    """The command line; --stage and what follows it are for the script's own children."""
    from GuideGenLib.evaluation.prompts.fixed_prompts import prompts

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--quick", action="store_true", help="one repeat, one arithmetic, 5 steps of the paper's schedule"
    )
    options.add_argument("--before", metavar="REF", help="commit or tag of the version to compare with")
    options.add_argument("--scaling", action="store_true", help="the curve of time and memory against volume")
    options.add_argument("--exact", action="store_true", help="labels and HU beside those of torch in float32")
    options.add_argument("--full", action="store_true", help="all 1000 + 1000 steps of the paper's schedule")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--rounds", type=int, default=ROUNDS, help="processes of each version with --before")
    options.add_argument("--bundle", type=Path, default=None, metavar="DIR")
    options.add_argument("--text", default=prompts()[0].text, help="the prompt (the first of the evaluation)")
    options.add_argument("-o", "--output", type=Path, default=Path("benchmarks.json"), metavar="FILE")
    for name in ("stage", "device", "arithmetic", "work"):
        options.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    return options


def settings(every: bool, bundle: Path | None) -> list[tuple[str, str]]:
    """Devices and arithmetics to measure: what a run would choose; every: all of the CPU, and a GPU where there is
    one."""
    from GuideGenLib.core.device import ARITHMETICS, OPENVINO, PRECISIONS, choose_device, openvino_version

    best = choose_device("auto")
    if not every:
        from GuideGenLib.generator import Generator

        return [(best.type, Generator.from_bundle(bundle, device=best.type).arithmetic)]
    kinds = {"cpu": [kind for kind in ARITHMETICS[1:] if openvino_version() or not kind.endswith(OPENVINO)]}
    return [
        (device, kind) for device in dict.fromkeys(("cpu", best.type)) for kind in kinds.get(device, PRECISIONS[1:])
    ]


class Run:
    """What is measured on one device in one arithmetic; `work` holds what stages leave for the later ones."""

    def __init__(self, args: argparse.Namespace, device: str, arithmetic: str, work: Path) -> None:
        self.args, self.device, self.arithmetic, self.work = args, device, arithmetic, work

    def asked(self) -> dict[str, Any]:
        """All that the command line asks for."""
        if self.args.scaling:
            told = [self.child(kind, 1) for kind in SCALES]
            print(curve(told))
            return {"scaling": [asdict(one) for one in told]}
        if self.args.exact:
            self.child(STAGES[2], 1)
            off = self.figure("exact")
            print("beside torch in float32: " + ", ".join(f"{key} {value:.5g}" for key, value in off.items()))
            return {"beside float32": off}
        if self.args.before:
            return self.beside(self.args.before)
        repeats = 1 if self.args.quick else self.args.repeats
        results = [self.told(stage, repeats) for stage in (*STAGES, *PAPER)]
        return {"stages": [asdict(one) for one in results], **self.judged(results)}

    def beside(self, ref: str) -> dict[str, Any]:
        """This version and an earlier one, in turns. Both make the CT of the anatomy that this one drew."""
        with earlier(ROOT, ref) as tree:
            now, before = alternating(
                [stage for stage in STAGES if stage != "mask (categorical)"],
                self.args.rounds,
                lambda stage: self.child(stage, 2),
                lambda stage: self.child(stage, 2, tree),
            )
        for one, other in zip(now, before, strict=True):
            first, again = (other.seconds[n] / one.seconds[n] for n in (0, 1))
            print(f"{line(one)}\n    before: {line(other)}\n    {first:.2f} times faster, {again:.2f} when done again")
        paper = [self.told(stage, 1) for stage in PAPER]
        judged = self.judged([*now, *paper])
        return {
            "before": ref,
            "stages": [asdict(one) for one in now],
            "stages before": list(map(asdict, before)),
            **judged,
        }

    def judged(self, results: list[Result]) -> dict[str, Any]:
        """Ratio to the paper's schedule and share of the machine's peak."""
        compared = comparison(results, self.args.full)
        counts, peak = self.figure("count"), self.figure("peak")
        print(compared["text"] + "\n" + shares(results, counts, peak))
        return {"paper": compared, "tflop": counts, "peak_gflops": peak}

    def told(self, stage: str, repeats: int) -> Result:
        """Measure a stage and print it."""
        result = self.child(stage, repeats)
        print(line(result), flush=True)
        return result

    def child(self, stage: str, repeats: int, tree: Path = ROOT) -> Result:
        """Measure one stage in a fresh process, so that its peak memory is its own; tree: the version's folder."""
        steps = [] if self.args.full else ["--steps", str(5 if self.args.quick else SAMPLED_STEPS)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        content = self.ran([*self.named(stage), "--repeats", str(repeats), *steps], tree)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return replace(Result(**content), cpu=spent)

    def figure(self, name: str) -> Any:
        """One of FIGURES; the peak is measured now, not taken from the cache."""
        if name != "peak":
            return self.ran(self.named(name))
        with tempfile.TemporaryDirectory() as cache:
            return self.ran(self.named(name), cache=cache)

    def named(self, stage: str) -> list[str]:
        """The arguments of a child."""
        found = ["--stage", stage, "--device", self.device, "--arithmetic", self.arithmetic]
        found += ["--work", str(self.work), "--text", self.args.text]
        return found + (["--bundle", str(self.args.bundle)] if self.args.bundle else [])

    def ran(self, arguments: list[str], tree: Path = ROOT, cache: str | None = None) -> Any:
        """What a child prints last, read."""
        from GuideGenLib.core.files import CACHE_VARIABLE

        known = {**os.environ, "PYTHONPATH": str(tree)}
        known |= {CACHE_VARIABLE: cache} if cache else {}
        command = [sys.executable, str(tree / "Testing/benchmarks/run.py"), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=known, cwd=tree)
        return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
