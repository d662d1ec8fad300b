"""Random use of the page's session for a while: errors, and memory before and after.

    python Testing/benchmarks/monkey.py --minutes 20 --seed 1

Ends with 1 where an action did what its log does not say, or the memory grew by more than LEAK_MB.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LEAK_MB = 50.0
WARM = 0.2
"""Of the time, in which tools, views and the steps of undo are used for the first time."""

RENEWALS = 10
"""So many times in all a new scene is begun, and the memory looked at: what the user made does not count. Each costs
some 2 MB: trame_slicer keeps the pipelines of its editor, though no node and no voxel, of the scene before."""

MOST_TOLD = 20


def main() -> int:
    """Act, look, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    from Testing.web.monkey import Monkey, resident_mb
    from Testing.web.views_stage import own_loop

    with tempfile.TemporaryDirectory() as folder, own_loop():
        monkey = Monkey(Path(folder), args.seed)
        start = time.monotonic()
        memory: list[tuple[float, float]] = []
        end = start + 60 * args.minutes
        while time.monotonic() < end:
            monkey.act()
            if time.monotonic() - start >= 60 * args.minutes / RENEWALS * (len(memory) + 1):
                monkey.renew()
                memory.append((time.monotonic() - start, resident_mb()))
        monkey.close()
    warm = [mb for at, mb in memory if at >= 60 * args.minutes * WARM]
    part = max(1, len(warm) // 5)
    grown = statistics.median(warm[-part:]) - statistics.median(warm[:part]) if warm else 0.0
    for problem in monkey.problems[:MOST_TOLD]:
        print(problem)
    print(f"{len(monkey.log)} actions in {args.minutes:g} min (seed {args.seed}), {len(monkey.problems)} problems; "
          f"memory {memory[0][1] if memory else 0:.0f} MB at first, {grown:+.0f} MB after the first {WARM:.0%} "
          f"(at most {LEAK_MB:.0f})")  # fmt: skip
    return int(bool(monkey.problems) or grown > LEAK_MB)


if __name__ == "__main__":
    sys.exit(main())
