"""What part of a training step is reading from the store, and how much memory a training takes.

    python Testing/benchmarks/training.py STORE               the stages that read scans, of the preset `small`
    python Testing/benchmarks/training.py STORE --steps 20    more steps of each

Processor seconds of one thread, so that other work on the machine does not count. Nothing passes or fails here.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.anatomy.table import labels  # noqa: E402
from GuideGenLib.codec.network import CodecNetwork  # noqa: E402
from GuideGenLib.ct.network import CTConfig, CTNetwork  # noqa: E402
from GuideGenLib.data.store import Store  # noqa: E402
from GuideGenLib.description.encoder import TextEncoder  # noqa: E402
from GuideGenLib.training.codec import train_codec  # noqa: E402
from GuideGenLib.training.ct import train_ct_flow, train_ct_mean  # noqa: E402
from GuideGenLib.training.cutting import Cuts, Material  # noqa: E402
from GuideGenLib.training.draws import TRAINING  # noqa: E402
from GuideGenLib.training.loop import Trainer  # noqa: E402
from GuideGenLib.training.materials import ct_materials  # noqa: E402
from GuideGenLib.training.presets import Sizes, presets  # noqa: E402

LABELS = len(labels())


class Clock:
    """Processor seconds of the calls of a function, of those of the training's own steps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., Any], counts: Callable[..., bool]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            start = time.process_time()
            result = function(*given)
            if counts(*given):
                self.seconds += time.process_time() - start
            return result

        return call


def trainings(materials: list[Material], folder: Path, steps: int) -> dict[str, Callable[[], object]]:
    """A training of each stage that reads scans, with networks that have not learned anything."""
    sizes: dict[str, Sizes] = {stage: replace(one, steps=steps) for stage, one in presets()["small"].items()}
    codec = CodecNetwork(LABELS, **sizes["codec"].network)
    latent = codec.latent
    mean = CTNetwork(CTConfig(LABELS, latent, latent, **sizes["ct-mean"].network))
    how: dict[str, Any] = {"labels": LABELS, "log": lambda _: None}
    return {
        "codec": lambda: train_codec(materials, folder / "codec", sizes["codec"], **how),
        "ct-mean": lambda: train_ct_mean(codec, materials, folder / "mean", sizes["ct-mean"], **how),
        "ct-flow": lambda: train_ct_flow(codec, mean, materials, folder / "flow", sizes["ct-flow"], **how),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="what `guidegen data prepare` wrote")
    parser.add_argument("--steps", type=int, default=8, help="of each training (8)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    materials = ct_materials(Store(args.store), TextEncoder.load())
    read, step = Cuts.__getitem__, Trainer._step
    print(f"{len(materials)} scans; processor seconds of one thread")
    with tempfile.TemporaryDirectory() as folder:
        for stage, train in trainings(materials, Path(folder), args.steps).items():
            reading, stepping = Clock(), Clock()
            cutting = reading.timed(read, lambda cuts, _: cuts.seeds.use == TRAINING)
            Cuts.__getitem__, Trainer._step = cutting, stepping.timed(step, lambda *_: True)  # type: ignore[method-assign]
            train()
            share = reading.seconds / stepping.seconds
            took = f"{stepping.seconds / args.steps:.2f} s a step, {reading.seconds / args.steps:.3f} s of it reading"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{stage}: {took} ({100 * share:.1f} %); at most {peak:.0f} MB so far", flush=True)


if __name__ == "__main__":
    main()
