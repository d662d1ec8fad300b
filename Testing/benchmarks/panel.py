"""How the module's panel answers while the worker computes, in the stand-in of Slicer, with the shipped model.

    python Testing/benchmarks/panel.py

Prints for each run of the panel its seconds and the longest gap between two ticks of a 20 ms timer (20 is none at
all), while the worker computes and when its result is put into the scene; and how long Cancel takes at several points.
Nothing passes or fails: run it on an idle machine.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from Testing.desktop import host  # noqa: E402 - after the path and the platform are set
from Testing.desktop.driver import Driver  # noqa: E402

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
CANCEL_AFTER_S = (0.5, 3.0, 8.0, 20.0)
RUNS = (("generateButton", "anatomy, worker starts"), ("generateButton", "anatomy"), ("generateCTButton", "CT"))


def main() -> None:
    """Measure runs, then cancels, in one process."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    host.install()
    module, widget = host.load_module(ROOT / "GuideGenSlicer" / "GuideGen.py")
    driver = Driver(module, widget)
    driver.type(TEXT)
    with tempfile.TemporaryDirectory() as private:
        tempfile.tempdir = private
        print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores; gaps in ms")
        for button, name in RUNS:
            measure_run(driver, button, name)
        widget.logic.close()
        for seconds in CANCEL_AFTER_S:
            measure_cancel(driver, seconds)
        widget.cleanup()


def measure_run(driver: Driver, button: str, name: str) -> None:
    """One run to its end."""
    with driver.gaps() as gaps:
        driver.press(button)
        while_busy = 0.0

        def ended() -> bool:
            nonlocal while_busy
            if driver.logic.busy:
                while_busy = gaps.clock
            return not driver.logic.busy

        seconds = driver.wait(ended, name)
        ticks = gaps.ticks
        driver.wait(lambda: gaps.ticks > ticks, "one more tick")
    assert not host.DIALOGS.errors, host.DIALOGS.errors
    print(
        f"{name:<24} {seconds:6.1f} s  longest gap {1000 * while_busy:4.0f}, at the end {1000 * gaps.clock:4.0f} "
        f"(own work {1000 * gaps.work:.0f})"
    )


def measure_cancel(driver: Driver, seconds: float) -> None:
    """Cancel an anatomy that many seconds after its start; the first one also stops a worker that still loads."""
    with driver.gaps() as gaps:
        driver.press("generateButton")
        end = time.monotonic() + seconds
        driver.wait(lambda: time.monotonic() > end or not driver.logic.busy, "time passes")
        if not driver.logic.busy:
            print(f"cancel after {seconds:4.1f} s: the run had ended")
            return
        driver.press("generateButton")
        took = driver.wait(lambda: not driver.logic.busy, "the run is stopped")
    print(f"cancel after {seconds:4.1f} s      {took:6.2f} s  longest gap {1000 * gaps.clock:4.0f}")


if __name__ == "__main__":
    main()
