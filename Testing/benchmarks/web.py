"""How the page answers while the worker computes, how soon views and strokes are seen, and what a session's memory is.

    python Testing/benchmarks/web.py

The real front, session and worker with the shipped model at their defaults, and Debian's Chromium. Prints seconds and
MB; nothing passes or fails: run it on an idle machine. The browser draws on the same cores.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
TEXTS = tuple(f"A {age} year old woman with a 30 mm tumor in the sigmoid colon." for age in range(40, 80))
PERIOD_MS = 700


def main() -> None:
    """Serve, look, measure."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0"]
    front = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert front.stdout is not None
    address = front.stdout.readline().split()[3]
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores")
    try:
        with sync_playwright() as playwright:
            path = "/usr/bin/chromium"
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(120_000)
            measure(page, address)
            browser.close()
    finally:
        front.send_signal(signal.SIGTERM)
        front.wait(30)


def measure(page: Any, address: str) -> None:
    """From the empty page to an edited anatomy with its CT."""
    from Testing.benchmarks.web_views import measure_views, tell_views

    start = time.monotonic()
    page.goto(address)
    page.wait_for_selector("#prompt-text", state="visible")
    print(f"page usable after            {time.monotonic() - start:6.2f} s")
    tell("answers without a run", answers(page, TEXTS[:10]))
    page.fill("#prompt-text", TEXT)
    page.wait_for_timeout(1000)
    tell("answers while an anatomy is drawn", answers_during(page, "run-generate"))
    page.click("#ct-generate")
    tell("answers while a CT is made", answers_during(page, None))
    page.wait_for_timeout(3000)
    tell_views(measure_views(page))
    for name, memory, peak in processes():
        print(f"{name:<28} {memory:6.0f} MB now, {peak:6.0f} MB at most")


def tell(what: str, seconds: list[float]) -> None:
    """Median and longest."""
    print(f"{what:<34} median {1000 * statistics.median(seconds):5.0f} ms, longest {1000 * max(seconds):5.0f} ms, "
          f"{len(seconds)} times")  # fmt: skip


def answers_during(page: Any, button: str | None) -> list[float]:
    """Type as long as a run goes on; `button` starts it."""
    if button is not None:
        page.click(f"#{button}")
    page.wait_for_selector("#run-progress")
    page.click("#shell-understood") if page.locator("#understood-age:visible").count() == 0 else None
    page.click("#shell-prompt") if page.locator("#prompt-text:visible").count() == 0 else None
    seconds: list[float] = []
    while page.locator("#run-progress").count():
        seconds += answers(page, TEXTS[len(seconds) % len(TEXTS) :][:1])
        page.wait_for_timeout(PERIOD_MS)
    return seconds


def answers(page: Any, texts: tuple[str, ...]) -> list[float]:
    """Seconds from a typed text until the page shows what the session understood of it."""
    seconds = []
    for text in texts:
        seconds.append(page.evaluate(ANSWER, [text, text.split()[1]]) / 1000)
    return seconds


ANSWER = """([text, age]) => new Promise((resolve) => {
  const field = document.getElementById('prompt-text');
  const start = performance.now();
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const look = () => {
    const shown = document.getElementById('understood-age');
    if (shown && shown.value === age) resolve(performance.now() - start);
    else setTimeout(look, 4);
  };
  look();
})"""


def processes() -> list[tuple[str, float, float]]:
    """Session and worker: what they are, memory now and at most, MB."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_text().replace("\0", " ")
            status = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
        except (OSError, ValueError):
            continue
        for name in ("web.server.session", "engine.worker"):
            if f"GuideGenLib.{name}" in command:
                now, most = (int(status[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
                found.append((name, now, most))
    return found


if __name__ == "__main__":
    main()
