"""How many steps the samplers of CT and anatomy need: what is lost with fewer, with other times and other solvers.

    python Testing/benchmarks/steps.py ct -o DIR --data STORE    CTs of the same anatomies, every way of steps_ct.WAYS
    python Testing/benchmarks/steps.py anatomy -o DIR            anatomies of the same seeds by number of steps

Prints tables. STORE: prepared scans (`guidegen data prepare`), with which the grain and the borders of CTs are
compared; without it they stand alone. DIR keeps what was made, so that a run that was cut goes on, and pictures.
Nothing here passes or fails.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.core.device import ARITHMETICS  # noqa: E402 - after the path is set
from GuideGenLib.evaluation.prompts.fixed_prompts import prompts  # noqa: E402
from GuideGenLib.generator import Generator  # noqa: E402
from Testing.benchmarks import steps_anatomy, steps_ct  # noqa: E402

TORSOS = (1, 6, 11, 7)
"""Numbers of prompts: advanced lung cancer, an obese woman, a young one in the arterial phase, a slim elderly one."""
PATIENTS = (1, 2, 6, 7, 11)
"""The same with a huge tumour of the colon."""


def main() -> None:
    """Measure one of the two."""
    args = parser().parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    generator = Generator.from_bundle(args.bundle, arithmetic=args.arithmetic)
    print(f"{generator.bundle.name}, {generator.arithmetic}", flush=True)
    known = {prompt.number: prompt for prompt in prompts()}
    if args.what == "ct":
        texts = {number: known[number].text for number in TORSOS[: args.cases]}
        print(steps_ct.table(generator, texts, args.output, args.data, args.features))
    else:
        patients = [known[number] for number in PATIENTS[: args.cases]]
        print(steps_anatomy.table(generator, patients, args.output))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("ct", "anatomy"))
    options.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    options.add_argument("--data", type=Path, metavar="STORE", help="real scans")
    options.add_argument("--features", action="store_true", help="also distances in feature space: a minute a CT")
    options.add_argument("--cases", type=int, help="so many patients (all)")
    options.add_argument("--bundle", type=Path, metavar="DIR")
    options.add_argument("--arithmetic", choices=ARITHMETICS, default="auto")
    return options


if __name__ == "__main__":
    main()
