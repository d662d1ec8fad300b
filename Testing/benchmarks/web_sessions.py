"""The memory of many sessions at once: each with an anatomy and its CT made by a worker of its own.

    python Testing/benchmarks/web_sessions.py --sessions 10

Prints the proportional set size (PSS) of the front, the sessions and the workers: what they share counts once. The
browsers do not count. On a small machine the sessions are filled one after the other.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
RUN_MS = 900_000
WANTED_GB = 24.0


def main() -> None:
    """Serve, fill, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10)
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0"]
    command += ["--max-sessions", str(args.sessions)]
    front = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert front.stdout is not None
    address = front.stdout.readline().split()[3]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for number in range(1, args.sessions + 1):
                fill(browser.new_context().new_page(), address)
                tell(number, family(front.pid))
            browser.close()
    finally:
        front.send_signal(signal.SIGTERM)
        front.wait(60)


def fill(page: Any, address: str) -> None:
    """One session with all that a user makes first."""
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector("#prompt-text", state="visible")
    page.fill("#prompt-text", TEXT)
    for button, there in (("run-generate", "ct_anatomy"), ("ct-generate", "ct_there")):
        page.click(f"#{button}")
        page.wait_for_function(
            "key => window.trame.state.get(key) && !window.trame.state.get('run_busy')", arg=there, timeout=RUN_MS
        )


def tell(sessions: int, found: dict[str, list[float]]) -> None:
    """One line: how much each kind takes, and all together."""
    parts = ", ".join(f"{kind} {sum(each):.0f} MB ({max(each):.0f} at most)" for kind, each in found.items())
    total = sum(map(sum, found.values())) / 1024
    print(f"{sessions:2} sessions: {total:5.2f} GB PSS of {WANTED_GB:.0f} GB; {parts}", flush=True)


def family(parent: int) -> dict[str, list[float]]:
    """PSS (MB) of a process and all below it, by what they are."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found: dict[str, list[float]] = {}
    for pid in [parent, *(one for one in parents if is_below(one, parent, parents))]:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        kinds = {"web.server.session": "sessions", "engine.worker": "workers"}
        kind = next((title for name, title in kinds.items() if name in command), "front")
        found.setdefault(kind, []).append(int(rollup.split("\nPss:")[1].split()[0]) / 1024)
    return found


def is_below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    """Whether one process descends from another."""
    while pid in parents and pid not in (0, os.getpid()):
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False


if __name__ == "__main__":
    main()
