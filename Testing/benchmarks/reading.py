"""How long texts in the manner of reports take to be read, and what becomes of their words.

    python Testing/benchmarks/reading.py [--texts 10000]

Texts are those of Testing/description/combined.py. Prints how many were read, refused, ended in another error or lost a
word, and the median and longest time of one in ms; exit status 1 for any lost word or other error.
"""

import argparse
import sys
import time
from pathlib import Path
from statistics import median

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.description import DescriptionError, parse  # noqa: E402
from Testing.description.combined import Combined, combined_texts  # noqa: E402
from Testing.description.test_combined_texts import lost_words  # noqa: E402


def main() -> int:
    """Read them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000, help="how many to read")
    count = parser.parse_args().texts
    times: list[float] = []
    refused: list[str] = []
    wrong: list[str] = []

    @seed(0)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(combined_texts())
    def read(combined: Combined) -> None:
        begin = time.process_time()
        try:
            description = parse(combined.text)
        except DescriptionError as error:
            refused.append(f"{error}: {combined.text!r}")
            return
        except Exception as error:
            wrong.append(f"{error!r}: {combined.text!r}")
            return
        finally:
            times.append(time.process_time() - begin)
        if lost := lost_words(combined, description):
            wrong.append(f"lost {lost}: {combined.text!r}")

    read()
    for one in wrong[:20]:
        print(one)
    print(f"{len(times)} texts: {len(refused)} refused, {len(wrong)} wrong")
    print(f"median {1e3 * median(times):.2f} ms, longest {1e3 * max(times):.1f} ms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
