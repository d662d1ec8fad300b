"""How much of a training step is spent on reading from a store of prepared cases, and what memory a case takes.

    python Testing/benchmarks/step.py STORE --steps 12

Trains codec and mean CT network of the preset on the patches of a store (`guidegen data prepare`) for a few steps on
the processors, where a step reads its batch itself; on a GPU other processes read ahead. Each step mostly meets scans
that were not opened before. Prints seconds a step, the share of them that went into reading, and the memory of the
process before and after the cases were listed. Nothing passes or fails: run it on an idle machine.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from torch import nn  # noqa: E402 - after the path is set

from GuideGenLib.anatomy.table import labels as anatomy_rows  # noqa: E402
from GuideGenLib.codec.network import CodecNetwork  # noqa: E402
from GuideGenLib.ct.network import CTConfig, CTNetwork  # noqa: E402
from GuideGenLib.data.store import Store  # noqa: E402
from GuideGenLib.description.encoder import TextEncoder  # noqa: E402
from GuideGenLib.training.loop.draws import Seeds  # noqa: E402
from GuideGenLib.training.loop.trainer import Trainer  # noqa: E402
from GuideGenLib.training.materials import ct_materials  # noqa: E402
from GuideGenLib.training.networks.codec import CodecLoss, hdr_loss  # noqa: E402
from GuideGenLib.training.networks.ct import CTLoss  # noqa: E402
from GuideGenLib.training.networks.cutting import Cuts, Material  # noqa: E402
from GuideGenLib.training.networks.patches import Variation  # noqa: E402
from GuideGenLib.training.presets import DEFAULT, Sizes, presets  # noqa: E402

WARM_UP = 2
"""First steps that are not counted."""


class TimedCuts(Cuts):
    """Cuts that keep when each was begun and ended, s."""

    def __init__(self, materials: list[Material], size: int) -> None:
        super().__init__(materials, size, Seeds(0))
        self.times: list[tuple[float, float]] = []

    def __getitem__(self, number: int) -> dict[str, Any]:
        began = time.perf_counter()
        found = super().__getitem__(number)
        self.times.append((began, time.perf_counter()))
        return found


def main() -> None:
    """List the cases, then train two networks."""
    args = parser().parse_args()
    store, encoder = Store(args.store), TextEncoder.load()
    encoder.encode("CT.")
    before = memory_mb()
    materials = ct_materials(store, encoder)
    after = memory_mb()
    print(f"{len(materials)} scans: {after - before:.1f} MB, {(after - before) / len(materials):.2f} MB each")
    sizes, rows = presets()[args.preset], len(anatomy_rows())
    codec = CodecNetwork(**{**sizes["codec"].network, "labels": rows})

    def codec_loss(variation: Variation) -> Any:
        return CodecLoss(variation, hdr_loss, None)

    def ct_loss(variation: Variation) -> Any:
        return CTLoss(codec, variation).regression

    config = CTConfig(rows, inputs=codec.latent, latent=codec.latent, **sizes["ct-mean"].network)
    measure("codec", codec, codec_loss, materials, sizes["codec"], args.steps)
    measure("ct-mean", CTNetwork(config), ct_loss, materials, sizes["ct-mean"], args.steps)
    print(f"memory of the process: {memory_mb():.0f} MB now, {memory_mb('VmHWM'):.0f} MB at most")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("store", type=Path, help="what `guidegen data prepare` wrote")
    options.add_argument("--steps", type=int, default=12, help="of each network (12)")
    options.add_argument("--preset", choices=sorted(presets()), default=DEFAULT, help=f"({DEFAULT})")
    return options


def measure(
    name: str,
    network: nn.Module,
    loss_of: Callable[[Variation], Any],
    materials: list[Material],
    sizes: Sizes,
    steps: int,
) -> None:
    """Some steps of one training."""
    cuts = TimedCuts(materials, sizes.patch)
    with tempfile.TemporaryDirectory() as run:
        trainer = Trainer(network, Path(run), **{**sizes.training, "steps": steps})
        trainer.run(loss_of(Variation(materials, trainer.device)), lambda _line: None, data=cuts)
    each = sizes.batch * sizes.accumulate
    whole, reading = step_times(cuts.times, each)
    shares = [read / step for read, step in zip(reading, whole, strict=True)]
    print(
        f"{name:<8} {statistics.median(whole):6.2f} s a step of {each} patches of {sizes.patch}^3, reading "
        f"{1000 * statistics.median(reading):6.1f} ms of it: {statistics.median(shares):.1%}, at most {max(shares):.1%}"
    )


def step_times(cuts: list[tuple[float, float]], each: int) -> tuple[list[float], list[float]]:
    """Seconds of each step and of reading in it, but of the last, whose end nobody notes; `each` cuts make a step."""
    begins = [cuts[first][0] for first in range(0, len(cuts), each)]
    whole = [after - before for before, after in pairwise(begins)]
    reading = [sum(end - begin for begin, end in cuts[i * each : (i + 1) * each]) for i in range(len(whole))]
    return whole[WARM_UP:], reading[WARM_UP:]


def memory_mb(key: str = "VmRSS") -> float:
    """Memory of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


if __name__ == "__main__":
    main()
