"""Seconds and peak memory of every stage, each measured in a process of its own, and the ratio to the paper's schedule.

    python Testing/benchmarks/run.py            every stage in float32 and bfloat16, by torch and OpenVINO, three times
    python Testing/benchmarks/run.py --quick    once, in the arithmetic that a run would choose
    python Testing/benchmarks/run.py --full     the paper's 1000 + 1000 steps to the end instead of 20 of each, scaled

Nothing here passes or fails: times depend on the machine and on what else runs on it, so its load is written down, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from Testing.benchmarks.machine import gpu_mb, machine, peak_mb  # noqa: E402

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.generator import Generator

STAGES = ("describe", "load", "mask (flow)", "mask (categorical)", "CT", "regenerate", "decode")
PAPER = ("paper mask", "paper CT")
PAPER_STEPS = 1000
SAMPLED_STEPS = 20
EDIT_MM = 30.0
ANATOMY, CT = "anatomy.nii.gz", "ct.nii.gz"


@dataclass(frozen=True)
class Result:
    """One stage: seconds of each repeat, peak memory of its process (and of the GPU) in MB; steps that were timed."""

    stage: str
    seconds: list[float]
    peak_mb: float
    gpu_mb: float | None = None
    steps: int | None = None

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)


class EnoughError(Exception):
    """Thrown by the clock into a sampler when enough of its steps were timed."""


class StepClock:
    """A Progress callback that takes the time of each step and stops the run after some of them."""

    def __init__(self, stop_after: int | None) -> None:
        self.stop_after = stop_after
        self.times: list[float] = []

    def __call__(self, stage: str, fraction: float) -> None:
        self.times.append(time.perf_counter())
        if self.stop_after is not None and len(self.times) > self.stop_after:
            raise EnoughError

    def steps(self) -> int:
        """Steps between the callbacks; the first two are left out, as they also prepare and warm up."""
        return len(self.times) - 3

    def per_step(self) -> float:
        """Mean seconds of those steps."""
        return (self.times[-1] - self.times[2]) / self.steps()


def main() -> None:
    """Measure what was asked for."""
    args = parser().parse_args()
    if args.stage:
        print(json.dumps(asdict(measure(args))))
        return
    repeats, steps = (1, 5) if args.quick else (args.repeats, SAMPLED_STEPS)
    content: dict[str, Any] = {"machine": machine(), "text": args.text, "runs": []}
    print(json.dumps(content["machine"], indent=2))
    for device, arithmetic in settings(args.quick, args.bundle):
        with tempfile.TemporaryDirectory() as work:
            results = []
            for stage in (*STAGES, *PAPER):
                results.append(child(args, stage, device, arithmetic, Path(work), repeats, steps))
                print(line(results[-1]), file=sys.stderr, flush=True)
        print(f"\n{device}, {arithmetic}\n" + "\n".join(line(one) for one in results if one.stage in STAGES))
        compared = comparison(results, args.full)
        print(compared["text"])
        run = {
            "device": device,
            "arithmetic": arithmetic,
            "stages": [asdict(one) for one in results],
            "paper": compared,
        }
        content["runs"].append(run)
    args.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {args.output}")


def parser() -> argparse.ArgumentParser:
    """The command line; --stage and what follows it are for the script's own children."""
    from GuideGenLib.evaluation.prompts.fixed_prompts import prompts

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--quick", action="store_true", help="one repeat, one arithmetic, 5 steps of the paper's schedule"
    )
    options.add_argument("--full", action="store_true", help="all 1000 + 1000 steps of the paper's schedule")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--bundle", type=Path, default=None, metavar="DIR")
    options.add_argument("--text", default=prompts()[0].text, help="the prompt (the first of the evaluation)")
    options.add_argument("-o", "--output", type=Path, default=Path("benchmarks.json"), metavar="FILE")
    for name in ("stage", "device", "arithmetic", "work"):
        options.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    return options


def settings(quick: bool, bundle: Path | None) -> list[tuple[str, str]]:
    """Devices and arithmetics to measure: the CPU and a GPU where there is one; quick: what a run would choose."""
    from GuideGenLib.core.device import ARITHMETICS, OPENVINO, PRECISIONS, choose_device, openvino_version

    best = choose_device("auto")
    if quick:
        from GuideGenLib.generator import Generator

        return [(best.type, Generator.from_bundle(bundle, device=best.type).arithmetic)]
    kinds = {"cpu": [kind for kind in ARITHMETICS[1:] if openvino_version() or not kind.endswith(OPENVINO)]}
    return [
        (device, kind) for device in dict.fromkeys(("cpu", best.type)) for kind in kinds.get(device, PRECISIONS[1:])
    ]


def child(
    args: argparse.Namespace, stage: str, device: str, arithmetic: str, work: Path, repeats: int, steps: int
) -> Result:
    """Measure one stage in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--stage", stage, "--device", device, "--arithmetic", arithmetic]
    command += ["--work", str(work), "--repeats", str(repeats), "--text", args.text]
    command += [] if args.full else ["--steps", str(steps)]
    command += ["--bundle", str(args.bundle)] if args.bundle else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def comparison(results: list[Result], full: bool) -> dict[str, Any]:
    """Our fast path against the paper's schedule on the same networks, grid, device and arithmetic."""
    by = {one.stage: one for one in results}
    ours = by["mask (flow)"].median + by["CT"].median
    mask, ct = (PAPER_STEPS * by[stage].median for stage in PAPER)
    how = "measured to the end" if full else f"scaled from {by[PAPER[0]].steps} and {by[PAPER[1]].steps} steps"
    text = (
        f"paper's schedule ({how}), without guidance and decoding: {mask:.0f} s for {PAPER_STEPS} categorical steps "
        f"+ {ct:.0f} s for {PAPER_STEPS} CT steps\n"
        f"fast path: {ours:.1f} s with both; {(mask + ct) / ours:.0f} times faster"
    )
    return {"mask_s": mask, "ct_s": ct, "fast_s": ours, "ratio": (mask + ct) / ours, "how": how, "text": text}


def line(result: Result) -> str:
    """A stage as a row of the table."""
    if result.steps is not None:
        return f"{result.stage:<20} {result.median:8.3f} s a step, mean of {result.steps}"
    gpu = f"  {result.gpu_mb:6.0f} MB of the GPU" if result.gpu_mb is not None else ""
    many = f"median of {len(result.seconds)}, first {result.seconds[0]:.2f}"
    return f"{result.stage:<20} {result.median:8.2f} s  {result.peak_mb:6.0f} MB{gpu}  ({many})"


# ---------------------------------------------------------------- in the child


def measure(args: argparse.Namespace) -> Result:
    """Run one stage in this process."""
    if args.stage in PAPER:
        clock = paper_clock(args)
        return Result(args.stage, [clock.per_step()], peak_mb(), gpu_mb(args.device), clock.steps())
    call = action(args)
    seconds = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return Result(args.stage, seconds, peak_mb(), gpu_mb(args.device))


def action(args: argparse.Namespace) -> Callable[[], None]:
    """What is timed of a stage; everything that it needs is made before."""
    from GuideGenLib.description import parse

    if args.stage == "describe":
        return lambda: void(parse(args.text))
    if args.stage == "load":
        return lambda: void(opened(args))
    generator, description, work = opened(args), parse(args.text), Path(args.work)
    if args.stage.startswith("mask"):
        sampler = "flow" if "flow" in args.stage else "categorical"

        def mask() -> None:
            anatomy = generator.synthesize_mask(description, sampler=sampler).anatomy
            if sampler == "flow":
                write(anatomy, work / ANATOMY)

        return mask
    anatomy = read(work / ANATOMY)
    if args.stage == "CT":
        return lambda: write(generator.synthesize_ct(anatomy, description), work / CT)
    ct = read(work / CT)
    if args.stage == "regenerate":
        edited = with_tumour(anatomy)
        return lambda: void(generator.regenerate_ct(ct, anatomy, edited, description))
    return decoding(generator, anatomy, ct)


def paper_clock(args: argparse.Namespace) -> StepClock:
    """Times of steps of the paper's schedule: one pass of the network a step, as it has no guidance."""
    from GuideGenLib.description import parse

    generator, description = opened(args), parse(args.text)
    clock = StepClock(None if args.steps is None else args.steps + 2)
    try:
        if args.stage == PAPER[0]:
            generator.synthesize_mask(
                description, steps=PAPER_STEPS, sampler="categorical", guidance=1.0, candidates=1, progress=clock
            )
        else:
            anatomy = read(Path(args.work) / ANATOMY)
            generator.synthesize_ct(anatomy, description, steps=PAPER_STEPS, progress=clock)
    except EnoughError:
        return clock
    clock.times = clock.times[:PAPER_STEPS]  # what follows the last step is no step
    return clock


def opened(args: argparse.Namespace) -> "Generator":
    """The generator of the arguments."""
    from GuideGenLib.generator import Generator

    return Generator.from_bundle(args.bundle, device=args.device, arithmetic=args.arithmetic)


def decoding(generator: "Generator", anatomy: "sitk.Image", ct: "sitk.Image") -> Callable[[], None]:
    """Decode the latents of a CT with its labels."""
    import numpy as np
    import SimpleITK as sitk
    import torch

    from GuideGenLib.core.volumes import to_canonical
    from GuideGenLib.ct.synthesizer import MULTIPLE, SPACING

    labels, _ = to_canonical(anatomy, SPACING, labels=True, smooth=True)
    hu = sitk.GetArrayFromImage(ct).astype(np.float32)
    margin = [(0, -size % MULTIPLE) for size in labels.shape]
    device, stage = generator.models.device, generator.models.ct
    padded = torch.from_numpy(np.pad(labels, margin))[None].to(device)
    volume = torch.from_numpy(np.pad(hu, margin, mode="edge"))[None, None].to(device)

    @torch.inference_mode()
    def decode() -> None:
        with generator.models.autocast():
            stage.decode(latents, padded).cpu()

    with torch.inference_mode():
        latents = stage.codec.encode_linear(volume)
    return decode


def with_tumour(anatomy: "sitk.Image") -> "sitk.Image":
    """The anatomy with a ball of 3 cm painted where the liver is deepest (in the middle of a volume without one)."""
    import numpy as np
    import SimpleITK as sitk
    from scipy import ndimage

    from GuideGenLib.anatomy.table import values

    labels: np.ndarray = sitk.GetArrayFromImage(anatomy)
    depth = ndimage.distance_transform_edt(labels == values()["liver"])
    centre = (
        np.array(np.unravel_index(int(depth.argmax()), labels.shape)) if depth.any() else np.array(labels.shape) // 2
    )
    spacing = np.array(anatomy.GetSpacing())[::-1]
    axes = [(np.arange(n) - at) * step for n, at, step in zip(labels.shape, centre, spacing, strict=True)]
    z, y, x = np.ix_(*axes)
    ball = z**2 + y**2 + x**2 <= (EDIT_MM / 2) ** 2
    labels[ball] = values()["liver_tumor"]
    edited = sitk.GetImageFromArray(labels)
    edited.CopyInformation(anatomy)
    return edited


def read(path: Path) -> "sitk.Image":
    """A volume that an earlier stage left."""
    import SimpleITK as sitk

    return sitk.ReadImage(str(path))


def write(image: "sitk.Image", path: Path) -> None:
    """Leave a volume for the later stages; without compression, as it is timed along."""
    import SimpleITK as sitk

    sitk.WriteImage(image, str(path), useCompression=False)


def void(_: object) -> None:
    """Drop a result."""


if __name__ == "__main__":
    main()
