"""A cohort under fire, and what Ray costs: `torn` makes real cases while workers and drivers are killed, `disk` while a
small disk fills up, `empty` times rows that cost nothing, `speed` compares two workers with one process on the same
cores, `cold` tells the parts of a first case, and `parts` where the seconds of a default case go.

    python Testing/benchmarks/cohort.py torn --cases 200 --out DIR
    python Testing/benchmarks/cohort.py disk --cases 12 --disk-mb 2 --out DIR
    python Testing/benchmarks/cohort.py speed --cases 8 --out DIR --measured cohort.json
    python Testing/benchmarks/cohort.py empty --cases 10000 --measured cohort.json
    python Testing/benchmarks/cohort.py cold --measured cohort.json
    python Testing/benchmarks/cohort.py parts --measured cohort.json

--measured keeps the figures in a file, from which `cohort_scale.py` calculates what many GPUs come to.

`torn` ends with a failure unless each case is there once and equals the same row made alone (`--alone` of them).
"""

import argparse
import functools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.folder import CohortFolder
from GuideGenLib.cohort.making import Maker, Order
from GuideGenLib.cohort.rows import Row, rows_of
from GuideGenLib.cohort.run import serve
from GuideGenLib.cohort.workers import Workers
from GuideGenLib.generator.settings import RunSettings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from Testing.benchmarks import cohort_parts  # noqa: E402

SMALL = RunSettings(region="pelvis", mask_steps=2, ct_steps=1, spacing_mm=4.0, anatomy_mm=3.0, arithmetic="bfloat16")
"""Small region and few steps, so that many cases fit into minutes; what they look like is not looked at."""
WORKERS_KILLED, DRIVERS_KILLED = 10, 2


class Nothing:
    """Work that writes nothing."""

    def __call__(self, row: Row) -> dict[str, str]:
        return {"id": row.id}


def order(threads: int) -> Order:
    """Of the shipped bundle."""
    return Order(None, "cpu", SMALL, True, threads)


def rows(count: int) -> list[Row]:
    """People of both sexes and builds, without findings, for which a pelvis alone may have no room."""
    builds = ("thin", "normal", "overweight", "obese")
    people = [
        {"sex": ("male", "female")[n % 2], "habitus": builds[n // 2 % 4], "age": 30 + n % 50} for n in range(count)
    ]
    return rows_of([(f"row {n}", one) for n, one in enumerate(people)])


def drive(out: str, count: int) -> None:
    """One driver: make what is missing."""
    asked = rows(count)
    folder = CohortFolder(out)
    folder.begin(asked, {"benchmark": "torn"})
    summary = serve(asked, functools.partial(Maker, order(1), out), folder, Workers(2))
    sys.exit(f"no case of {summary.failed}" if summary.failed else 0)


def torn(args: argparse.Namespace) -> None:
    """Drivers one after another until all cases are there, with kills at random in between."""
    chance, folder = random.Random(0), CohortFolder(str(args.out))
    killed = {"worker": 0, "driver": 0}
    command = [sys.executable, __file__, "drive", "--cases", str(args.cases), "--out", str(args.out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    start, made = time.monotonic(), 0
    while True:
        driver = subprocess.Popen(command, env=environment)
        while driver.poll() is None:
            made, before = len(folder.made()), made
            due = made * (WORKERS_KILLED + 1) // args.cases
            if made > before and killed["worker"] < min(due, WORKERS_KILLED):
                found = _workers()
                if found:
                    os.kill(chance.choice(found), signal.SIGKILL)
                    killed["worker"] += 1
            elif killed["driver"] < DRIVERS_KILLED and made >= (killed["driver"] + 1) * args.cases // 3:
                driver.kill()
                killed["driver"] += 1
            time.sleep(0.2)
        print(f"{time.monotonic() - start:.0f} s: {len(folder.made())} cases, killed {killed}", flush=True)
        if driver.returncode == 0:
            break
        if driver.returncode > 0:
            sys.exit("a driver failed")
    asked = rows(args.cases)
    assert folder.made() == {row.id for row in asked}, "a case is missing"
    folder.clear_torn()
    assert len(os.listdir(args.out / "cases")) == len(asked), "something torn is left"
    with tempfile.TemporaryDirectory() as private:
        maker = Maker(order(1), private)
        for row in chance.sample(asked, args.alone):
            assert maker(row)["files"] == folder.record(row.id)["files"], f"{row.id} differs from the same row alone"
    print(f"{len(asked)} cases, none torn; {args.alone} made again alone are the same, byte for byte")


def speed(args: argparse.Namespace) -> dict[str, Any]:
    """Cases a minute of one process with all cores, of one worker and of two, on the same cores."""
    asked, cores = rows(args.cases), os.cpu_count() or 1
    maker = Maker(order(cores), str(args.out / "plain"))
    maker(asked[0])
    start = time.monotonic()
    for row in asked:
        maker(row)
    plain = time.monotonic() - start
    found = {"one process": 60 * len(asked) / plain}
    print(f"one process with {cores} threads: {60 * len(asked) / plain:.1f} cases a minute", flush=True)
    for count in (1, 2):
        out = str(args.out / f"workers{count}")
        work = functools.partial(Maker, order(max(1, cores // count)), out)
        ends: list[float] = []
        told = lambda outcome, summary, ends=ends: ends.append(time.monotonic())  # noqa: E731
        serve(rows(args.cases + count), work, CohortFolder(out), Workers(count, max(1, cores // count)), told=told)
        took = ends[-1] - ends[count - 1]  # the first of each worker loads the model
        print(f"{count} workers: {60 * args.cases / took:.1f} a minute, {plain / took:.2f} times", flush=True)
        found[f"{count} workers"] = 60 * args.cases / took
    return found


def empty(args: argparse.Namespace) -> dict[str, Any]:
    """What one row costs beside its work, and what the driver's memory does."""
    asked = [Row(f"case_{number:06d}", "A man.", number) for number in range(args.cases)]
    marks: list[tuple[float, float]] = []
    told = lambda outcome, summary: marks.append((time.monotonic(), _megabytes()))  # noqa: E731
    with tempfile.TemporaryDirectory() as out:
        serve(asked, Nothing, CohortFolder(out), Workers(2), told=told)
    took = (marks[-1][0] - marks[0][0]) / len(marks)
    curve = [marks[min(len(marks) - 1, len(marks) * tenth // 10)][1] for tenth in range(11)]
    print(f"{len(marks)} empty cases: {1000 * took:.2f} ms each")
    print("MB of the driver at each tenth: " + " ".join(f"{one:.0f}" for one in curve))
    return {"cases": len(marks), "ms": 1000 * took, "driver_mb": curve}


def disk(args: argparse.Namespace) -> dict[str, Any]:
    """`cohort_parts.filled` in a name space of its own, where a small disk may be mounted without rights."""
    inside = [sys.executable, __file__, "filled", "--cases", str(args.cases), "--out", str(args.out)]
    inside += ["--disk-mb", str(args.disk_mb)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    subprocess.run(["unshare", "-Urm", *inside], check=True, env=environment)
    return {"disk_mb": args.disk_mb, "cases": args.cases}


def _workers() -> list[int]:
    """Processes of this user's Ray actors."""
    found = subprocess.run(["pgrep", "-f", "ray::_Worker"], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=(*MEASURED, "torn", "drive", "filled", "alone"))
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--alone", type=int, default=5, help="cases made again alone")
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--disk-mb", type=int, default=2, help="of the disk that fills up")
    parser.add_argument("--measured", type=Path, default=None, metavar="FILE", help="keep the figures in a JSON file")
    args = parser.parse_args()
    if args.what == "drive":
        drive(str(args.out), args.cases)
    elif args.what == "torn":
        torn(args)
    elif args.what == "filled":
        cohort_parts.filled(order(1), rows(args.cases), args.out, args.disk_mb)
    elif args.what == "alone":
        print(json.dumps(cohort_parts.alone(order(os.cpu_count() or 1), rows(1)[0])))
    else:
        keep(args.measured, args.what, MEASURED[args.what](args))


def keep(path: Path | None, what: str, figures: dict[str, Any]) -> None:
    """Add figures to a file of them, with the load of the machine."""
    if path is not None:
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        known[what] = {**figures, "load": os.getloadavg()[0], "cores": os.cpu_count()}
        path.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def cold(_: argparse.Namespace) -> dict[str, Any]:
    """The parts of a first case."""
    return cohort_parts.cold(order(os.cpu_count() or 1), rows(1)[0], __file__)


def parts(_: argparse.Namespace) -> dict[str, Any]:
    """Where the seconds of a default case go."""
    return cohort_parts.parts(order(os.cpu_count() or 1), rows(1)[0])


MEASURED = {"speed": speed, "empty": empty, "disk": disk, "cold": cold, "parts": parts}


if __name__ == "__main__":
    main()
