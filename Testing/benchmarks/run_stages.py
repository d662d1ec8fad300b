"""What `run.py` measures in a process of its own for each stage: what is timed, and what it needs made before."""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from Testing.benchmarks.machine import gpu_mb, peak_mb  # noqa: E402

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.generator import Generator

STAGES = ("describe", "load", "mask (flow)", "mask (categorical)", "CT", "regenerate", "decode")
PAPER = ("paper mask", "paper CT")
PAPER_STEPS = 1000
SAMPLED_STEPS = 20
EDIT_MM = 30.0
ANATOMY, CT = "anatomy.nii.gz", "ct.nii.gz"
COUNTED = ("mask (flow)", "CT", "regenerate")
"""Stages whose operations are counted."""
SCALES = ("chest", "torso", "torso at 1.5 mm", "whole frame")
FRAME, FRAME_MM = (512, 512, 800), 0.7
"""Voxels x, y, z and their size of the whole frame."""


@dataclass(frozen=True)
class Result:
    """One stage: seconds of each repeat, peak memory of its process (and of the GPU) in MB; steps that were timed;
    cpu: seconds of all cores that its process took, loading too; voxels: of the networks' grid and of the result."""

    stage: str
    seconds: list[float]
    peak_mb: float
    gpu_mb: float | None = None
    steps: int | None = None
    cpu: float | None = None
    voxels: tuple[int, int] | None = None

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


def counted(args: argparse.Namespace) -> dict[str, float]:
    """TFLOP of convolutions and matrices by stage, counted while torch runs them; another runtime does the same."""
    from torch.utils.flop_counter import FlopCounterMode

    args.arithmetic = args.arithmetic.split("+")[0]
    found = {}
    for stage in COUNTED:
        args.stage = stage
        call = action(args)
        with FlopCounterMode(display=False) as counter:
            call()
        found[stage] = counter.get_total_flops() / 1e12
    return found


def outputs(args: argparse.Namespace) -> dict[str, float]:
    """How mask and CT differ from those of torch in float32: share of equal labels, and HU on the same anatomy."""
    import numpy as np
    import SimpleITK as sitk

    from GuideGenLib.description import parse

    description, anatomy = parse(args.text), read(Path(args.work) / ANATOMY)
    made = []
    for arithmetic in ("float32", args.arithmetic):
        args.arithmetic = arithmetic
        generator = opened(args)
        images = generator.synthesize_mask(description).anatomy, generator.synthesize_ct(anatomy, description)
        made.append([sitk.GetArrayFromImage(image) for image in images])
    (labels, hu), (other_labels, other_hu) = made
    off = np.abs(hu.astype(int) - other_hu)
    return {
        "equal labels": float((labels == other_labels).mean()),
        "mean HU off": float(off.mean()),
        "99.9th percentile HU off": float(np.percentile(off, 99.9)),
    }


def scaled(args: argparse.Namespace) -> Result:
    """Mask and CT of one of SCALES, once, with memory; the frame is put about the anatomy that was drawn."""
    import numpy as np
    import SimpleITK as sitk

    from GuideGenLib.ct.synthesizer import SPACING
    from GuideGenLib.description import parse

    generator, description, kind = opened(args), parse(args.text), args.stage
    fine = 1.5 if kind == "torso at 1.5 mm" else None
    start = time.perf_counter()
    if kind == "whole frame":
        anatomy = framed(read(Path(args.work) / ANATOMY))
        start = time.perf_counter()
    elif fine:
        anatomy = generator.synthesize_mask(description, spacing=fine).anatomy
    else:
        anatomy = generator.synthesize_mask(description, region=kind).anatomy
    between = time.perf_counter()
    ct = generator.synthesize_ct(anatomy, description, spacing=None if kind == "whole frame" else fine or SPACING)
    end = time.perf_counter()
    cells = np.prod([n * step / SPACING for n, step in zip(anatomy.GetSize(), anatomy.GetSpacing(), strict=True)])
    if kind == "torso":
        sitk.WriteImage(anatomy, str(Path(args.work) / ANATOMY))
    voxels = (round(float(cells)), ct.GetNumberOfPixels())
    return Result(kind, [between - start, end - between], peak_mb(), gpu_mb(args.device), voxels=voxels)


def framed(anatomy: "sitk.Image") -> "sitk.Image":
    """An anatomy in the middle of the whole frame, in a process of its own memory: nearest labels."""
    import numpy as np
    import SimpleITK as sitk

    grid = sitk.ResampleImageFilter()
    grid.SetSize(FRAME)
    grid.SetOutputSpacing((FRAME_MM,) * 3)
    grid.SetOutputDirection(anatomy.GetDirection())
    middle = [(n - 1) / 2 for n in anatomy.GetSize()]
    half = np.array(anatomy.GetDirection()).reshape(3, 3) @ ((np.array(FRAME) - 1) / 2 * FRAME_MM)
    grid.SetOutputOrigin((np.array(anatomy.TransformContinuousIndexToPhysicalPoint(middle)) - half).tolist())
    grid.SetInterpolator(sitk.sitkNearestNeighbor)
    return grid.Execute(anatomy)


def peak_gflops(args: argparse.Namespace) -> float:
    """GFLOP/s of a convolution on the device, measured now: the machine's peak."""
    from GuideGenLib.core.device import measure as measured

    return measured(args.device).best


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
