"""What times of stages are compared with: the version before, the paper's schedule, the machine's peak, each other."""

import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from Testing.benchmarks.run_stages import PAPER, PAPER_STEPS, Result


@contextmanager
def earlier(root: Path, ref: str) -> Iterator[Path]:
    """The files of a commit or tag of the repository, in a folder for the time."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        git = ["git", "-C", str(root), "worktree"]
        subprocess.run([*git, "add", "--detach", str(tree), ref], check=True, capture_output=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True, capture_output=True)


def alternating(
    stages: Sequence[str], rounds: int, now: Callable[[str], Result], before: Callable[[str], Result]
) -> tuple[list[Result], list[Result]]:
    """Medians of both versions, measured in turns, so that a busy moment meets both; this one begins and ends a stage,
    so that later ones find what it made."""
    found: tuple[list[Result], list[Result]] = ([], [])
    for stage in stages:
        pairs = [(before(stage), now(stage)) for _ in range(rounds)]
        found[0].append(middle([one for _, one in pairs]))
        found[1].append(middle([other for other, _ in pairs]))
    return found


def middle(results: Sequence[Result]) -> Result:
    """The median of each figure of several processes; of seconds that of each call, the first with what it warms up."""
    seconds = [statistics.median(one.seconds[n] for one in results) for n in range(len(results[0].seconds))]
    cpu = [one.cpu for one in results if one.cpu is not None]
    return replace(
        results[0],
        seconds=seconds,
        peak_mb=statistics.median(one.peak_mb for one in results),
        cpu=statistics.median(cpu) if cpu else None,
    )


def comparison(results: Sequence[Result], full: bool) -> dict[str, Any]:
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


def shares(results: Sequence[Result], tflop: dict[str, float], peak: float) -> str:
    """TFLOP of each counted stage, GFLOP/s that it comes to, and the share of the peak in GFLOP/s."""
    rows = [f"peak of the machine in its better precision: {peak:.0f} GFLOP/s"]
    for one in results:
        if one.stage in tflop:
            reached = 1000 * tflop[one.stage] / one.median
            rows.append(
                f"{one.stage:<20} {tflop[one.stage]:8.2f} TFLOP  {reached:6.0f} GFLOP/s  {100 * reached / peak:3.0f} %"
            )
    return "\n".join(rows)


def curve(told: Sequence[Result]) -> str:
    """Time and memory against volume, and how far each CT is from a straight line through that of the torso."""
    rows = ["                       mask s    CT s      MB  Mvoxels made  Mvoxels out  CT s a Mvoxel, of the torso's"]
    torso = next(one for one in told if one.stage == "torso")
    rates = {one.stage: one.seconds[1] / (one.voxels or (1, 1))[0] for one in told}
    for one in told:
        made, out = (n / 1e6 for n in one.voxels or (0, 0))
        rows.append(
            f"{one.stage:<20} {one.seconds[0]:8.1f} {one.seconds[1]:7.1f} {one.peak_mb:7.0f} {made:13.1f} {out:12.1f} "
            f"{rates[one.stage] / rates[torso.stage]:8.2f}"
        )
    return "\n".join(rows)


def line(result: Result) -> str:
    """A stage as a row of the table."""
    if result.steps is not None:
        return f"{result.stage:<20} {result.median:8.3f} s a step, mean of {result.steps}"
    gpu = f"  {result.gpu_mb:6.0f} MB of the GPU" if result.gpu_mb is not None else ""
    cpu = f", process {result.cpu:.1f} s of cores" if result.cpu is not None else ""
    many = f"{len(result.seconds)} calls, first {result.seconds[0]:.2f}{cpu}"
    return f"{result.stage:<20} {result.median:8.2f} s  {result.peak_mb:6.0f} MB{gpu}  ({many})"
