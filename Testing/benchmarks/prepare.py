"""Prepares a large data set with interruptions, and measures speed and memory.

    python Testing/benchmarks/many_cases.py FOLDER --cases 1200 --bad 10
    python Testing/benchmarks/prepare.py FOLDER CACHE --workers 2 --kill-after 60 60

Runs `guidegen data prepare FOLDER -o CACHE --workers 2`, kills it with all its processes (SIGKILL) after so many
seconds, starts it again, kills it again, and lets it come to its end; then runs it once more, with nothing left to do.
Prints cases an hour, by the clock and by the processors' time, and the memory of the whole process tree (shared pages
counted once), looked at every second; and checks that those and only those cases are left out that were planted as bad
ones, that cases which are links to the same files were prepared alike, whether a kill came between or not, and that
memory stays below --most-mb and does not grow from the first to the last quarter of the longest run. What the command
says goes into CACHE.log.
"""

import argparse
import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from Testing.benchmarks.many_cases import BAD, CT  # noqa: E402 - after the path is set

PERIOD_S, PATIENCE_S = 1.0, 10.0
TICKS = os.sysconf("SC_CLK_TCK")
PROBLEMS, CASES = "problems.csv", "cases"
GROWTH = 1.15
"""The last quarter of a run may take so much more memory than the first: large and small cases lie evenly."""


@dataclass
class Run:
    """One run of the command: how long it took, s; its exit status (negative: the signal that ended it); memory of all
    its processes together, and of the largest, MB, one number a sample; processor time of each process, s."""

    seconds: float = 0.0
    status: int = 0
    memory: list[float] = field(default_factory=list)
    largest: list[float] = field(default_factory=list)
    worked: dict[int, float] = field(default_factory=dict)

    def quarters(self) -> tuple[float, float]:
        """Peak of the first and of the last quarter of the samples, MB."""
        count = max(1, len(self.memory) // 4)
        return max(self.memory[:count]), max(self.memory[-count:])


def main() -> None:
    """Kill, go on, measure, check."""
    args = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started is stopped, too
    if args.cache.exists():
        sys.exit(f"{args.cache} is there already: name a new folder")
    command = [sys.executable, "-m", "GuideGenLib.cli.start", "data", "prepare", str(args.folder)]
    command += ["-o", str(args.cache), "--workers", str(args.workers)]
    with args.cache.with_name(f"{args.cache.name}.log").open("w", encoding="utf-8") as log:
        runs = []
        for after in (*args.kill_after, None):
            runs.append(run(command, log, after))
            tell(runs[-1], len(runs))
        if not (args.cache / PROBLEMS).is_file():
            sys.exit(f"nothing was prepared, {log.name} says why")
        again = run(command, log, None)
    print(f"with nothing left to do: {again.seconds:.1f} s, exit {again.status}")
    names = {path.name for path in args.folder.iterdir() if path.is_dir()}
    bad = {name for name in names if BAD in name}
    seconds, worked = sum(one.seconds for one in runs), sum(sum(one.worked.values()) for one in runs)
    print(f"{len(names)} cases, those included that were begun twice: {3600 * len(names) / seconds:.0f} an hour by the "
          f"clock ({seconds:.0f} s), {3600 * len(names) / worked:.0f} an hour of a core ({worked:.0f} s)")  # fmt: skip
    problems = read_problems(args.cache / PROBLEMS)
    for name, problem in sorted(problems.items()):
        print(f"  {name}: {problem}")
    wrong = faults(runs, bad, problems, args.most_mb) + twins(args.folder, args.cache, names - bad)
    left = list(args.cache.rglob(".*"))
    print(f"{megabytes(args.cache):.0f} MB in the store; {len(left)} files or folders that the kills left half-written")
    print("\n".join(wrong) or "All as it should be.")
    sys.exit(bool(wrong))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="what many_cases.py made")
    options.add_argument("cache", type=Path, help="is made")
    options.add_argument("--workers", type=int, default=2, help="(2)")
    options.add_argument("--kill-after", type=float, nargs="*", default=(60.0, 60.0), metavar="S", help="(60 60)")
    options.add_argument("--most-mb", type=float, default=3000.0, help="of all processes together (3000)")
    return options


def run(command: list[str], log: object, kill_after: float | None) -> Run:
    """One run, sampled; killed as a whole after so many seconds."""
    found = Run()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)  # type: ignore[call-overload]
    start = time.monotonic()
    try:
        while process.poll() is None:
            if kill_after is not None and time.monotonic() > start + kill_after:
                break
            now = session(process.pid)
            found.worked |= now
            sizes = [memory_mb(pid) for pid in now]
            if any(sizes):
                found.memory.append(sum(sizes))
                found.largest.append(max(sizes))
            time.sleep(PERIOD_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        found.status = process.wait()
        found.seconds = time.monotonic() - start
    end = time.monotonic() + PATIENCE_S
    while left := session(process.pid):  # one that was killed takes its time to go
        if time.monotonic() > end:
            sys.exit(f"processes outlived the run: {list(left)}")
        time.sleep(0.1)
    return found


def session(leader: int) -> dict[int, float]:
    """The processes of a session, which is the command with all that it started, and their processor time, s; without
    those that have ended and were not waited for."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(stat[3]) == leader and stat[0] != "Z":
            found[int(entry.name)] = (int(stat[11]) + int(stat[12])) / TICKS
    return found


def memory_mb(pid: int) -> float:
    """Memory of a process, pages that it shares divided among those who do; 0 for one that has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def tell(one: Run, number: int) -> None:
    """A line of a run."""
    if not one.memory:
        print(f"run {number}: {one.seconds:.1f} s, exit {one.status}")
        return
    first, last = one.quarters()
    print(f"run {number}: {one.seconds:.0f} s, exit {one.status}; peak {max(one.memory):.0f} MB, largest process "
          f"{max(one.largest):.0f} MB; first quarter {first:.0f} MB, last {last:.0f} MB", flush=True)  # fmt: skip


def read_problems(path: Path) -> dict[str, str]:
    """What the command wrote of the cases that it left out."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["name"]: row["problem"] for row in csv.DictReader(file)}


def twins(folder: Path, cache: Path, names: set[str]) -> list[str]:
    """Cases that are links to the same scan and that were not prepared to the same bytes, a line each."""
    first: dict[int, str] = {}
    prepared: dict[str, dict[str, str]] = {}
    wrong = []
    for name in sorted(names):
        same = first.setdefault((folder / name / CT).stat().st_ino, name)
        found = digests(cache / CASES / name, name)
        if same == name:
            prepared[name] = found
        elif found != prepared[same]:
            wrong.append(f"{name} was prepared otherwise than {same}, which has the same files")
    return wrong


def digests(case: Path, name: str) -> dict[str, str]:
    """A hash of each file of a prepared case, its own name left out."""
    return {
        path.name: hashlib.sha256(path.read_bytes().replace(f'"{name}"'.encode(), b"")).hexdigest()
        for path in sorted(case.iterdir())
        if path.is_file()
    }


def megabytes(folder: Path) -> float:
    """What the files of a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def faults(runs: list[Run], bad: set[str], problems: dict[str, str], most_mb: float) -> list[str]:
    """What is not as it should be, a line each."""
    wrong = [f"{name} is left out, though nothing is wrong with it" for name in sorted(problems.keys() - bad)]
    wrong += [f"{name} is not told of" for name in sorted(bad - problems.keys())]
    if runs[-1].status != (1 if bad else 0):
        wrong.append(f"the last run ended with {runs[-1].status}, not with {1 if bad else 0}")
    peak = max(value for one in runs for value in one.memory)
    if peak > most_mb:
        wrong.append(f"the processes took {peak:.0f} MB together")
    first, last = max(runs, key=lambda one: one.seconds).quarters()
    if last > GROWTH * first:
        wrong.append(f"memory grew from {first:.0f} to {last:.0f} MB")
    return wrong


if __name__ == "__main__":
    main()
