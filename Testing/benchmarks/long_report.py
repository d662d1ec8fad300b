"""How long a report of up to 20,000 characters takes to be parsed, painted, and shown in the module's panel.

    python Testing/benchmarks/long_report.py

Prints milliseconds of processor time, the median of five, for reports of growing length, in the stand-in of Slicer.
Every other sentence tells of another lesion, which no real report does for as long. Nothing passes or fails: run it on
an idle machine.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from GuideGenLib.description.parse import LONGEST_TEXT, parse  # noqa: E402 - after the path and the platform are set
from GuideGenLib.workflow.painted import paint, word_sum  # noqa: E402
from Testing.desktop import host  # noqa: E402
from Testing.desktop.driver import Driver  # noqa: E402

LENGTHS = (500, 2_000, 5_000, LONGEST_TEXT)
ROUNDS = 5
SENTENCES = (
    "The lungs are hyperinflated with mild dependent atelectasis at both bases.",
    "There is a {} mm nodule in the right upper lobe, unchanged since the prior examination.",
    "No pleural effusion and no pneumothorax is seen on either side.",
    "The liver shows a {} mm lesion in segment VI with washout in the portal venous phase.",
    "The spleen measures 11 cm and is unremarkable; the adrenal glands are normal in appearance.",
    "Simple cyst of the left kidney, {} mm, without suspicious features.",
    "Degenerative changes of the lumbar spine without a suspicious osseous lesion.",
    "A {} mm mass of the pancreatic tail cannot be excluded.",
)


def main() -> None:
    """Measure each length."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    host.install()
    module, widget = host.load_module(ROOT / "GuideGenSlicer" / "GuideGen.py")
    driver, panel = Driver(module, widget), widget.understoodPanel
    print("characters  findings  lines   parse   paint    sum   table    text   (ms)")
    for length in LENGTHS:
        text = report(length)
        driver.type(text)
        description = parse(text)
        pieces = paint(description)
        took = (
            milliseconds(parse, text), milliseconds(paint, description), milliseconds(word_sum, pieces),
            milliseconds(panel.fillTable), milliseconds(panel.paintText),
        )  # fmt: skip
        counts = f"{len(text):10}  {len(description.findings):8}  {driver.ui.understoodTable.rowCount:5}"
        print(counts, *(f"{ms:7.1f}" for ms in took))
    widget.cleanup()


def report(length: int) -> str:
    """A text of at most so many characters."""
    sentences = [words.format(5 + number) for number, words in enumerate(islice(cycle(SENTENCES), length // 40))]
    text = "\n".join(["A 61 year old man.", *sentences])
    return text[:length].rsplit("\n", 1)[0]


def milliseconds(work: Callable[..., object], *given: object) -> float:
    """Of processor time, the median of some rounds."""
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work(*given)
        took.append(1000 * (time.process_time() - start))
    return median(took)


if __name__ == "__main__":
    main()
