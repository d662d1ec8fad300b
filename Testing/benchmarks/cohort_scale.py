"""Cases an hour of 1, 8 and 64 GPUs, on paper: of parts that `cohort.py --measured` wrote and of told assumptions.

    python Testing/benchmarks/cohort_scale.py cohort.json

A case takes its networks on the GPU, and rules and files on cores beside it; while one worker's rules run another one's
networks do, so the slower of both sets the pace of a GPU with its cores. GPUs add up until the one driver, which hands
out rows, or the store that all write to is full. Nothing of it was measured with a GPU.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GPUS = (1, 8, 64)


@dataclass(frozen=True)
class Assumed:
    """gpu_s: seconds of the networks of a case on a GPU; cores: beside each GPU; store_mb_s: of the shared store."""

    gpu_s: float
    cores: int
    store_mb_s: float


@dataclass(frozen=True)
class Pace:
    """Cases an hour and what holds them back."""

    gpus: int
    an_hour: float
    held_by: str


def paces(measured: dict[str, Any], assumed: Assumed, gpus: tuple[int, ...] = GPUS) -> list[Pace]:
    """For each number of GPUs. measured: `parts` (seconds of cores, MB) and `empty` (ms a row of the driver)."""
    parts = measured["parts"]
    of_one = {
        "networks on the GPU": 3600 / assumed.gpu_s,
        "rules and files on the cores": 3600 * assumed.cores / parts["rules and files"],
    }
    of_all = {
        "the driver": 3_600_000 / measured["empty"]["ms"],
        "the store": 3600 * assumed.store_mb_s / parts["MB"],
    }
    found = []
    for count in gpus:
        limits = {name: count * rate for name, rate in of_one.items()} | of_all
        held_by = min(limits, key=lambda name: limits[name])
        found.append(Pace(count, limits[held_by], held_by))
    return found


def bend(measured: dict[str, Any], assumed: Assumed) -> tuple[float, str]:
    """At how many GPUs more of them no longer help, and why."""
    one = paces(measured, assumed, (1,))[0].an_hour
    limit = paces(measured, assumed, (10**9,))[0]
    return limit.an_hour / one, limit.held_by


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path)
    parser.add_argument("--gpu-s", type=float, default=2.0, help="seconds of networks a case on a GPU, assumed (2)")
    parser.add_argument("--cores", type=int, default=16, help="beside each GPU (16)")
    parser.add_argument("--store", type=float, default=1000.0, help="MB/s that all workers can write together (1000)")
    args = parser.parse_args()
    measured = json.loads(args.measured.read_text(encoding="utf-8"))
    assumed = Assumed(args.gpu_s, args.cores, args.store)
    print(f"Measured: {measured['parts']}, driver {measured['empty']['ms']:.2f} ms a case")
    beside = f"{assumed.cores} cores beside it, a store of {assumed.store_mb_s:g} MB/s"
    print(f"Assumed: {assumed.gpu_s:g} s on a GPU, {beside}")
    print("GPUs   cases an hour   held by")
    for one in paces(measured, assumed):
        print(f"{one.gpus:4d} {one.an_hour:15,.0f}   {one.held_by}")
    count, why = bend(measured, assumed)
    print(f"Linear up to {count:.0f} GPUs; then {why} is full.")


if __name__ == "__main__":
    main()
