"""How often the vocabulary of a label map is found by what it shows alone, by `python -m` and label maps.

Each map (of ours or of a known vocabulary, told as PATH or VOCABULARY:PATH) is written in the values of every
vocabulary, whole and in random parts of 6 to 12 structures. A vocabulary is found, left open, or wrong where another
one is taken.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy.label_maps.candidates import CANDIDATES, candidates, meanings, sure
from GuideGenLib.anatomy.label_maps.fit import Seen, seen_in
from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.core.volumes import image_from_array, to_canonical

STEP_MM = 3.0
PARTS, FEWEST, MOST = 40, 6, 12


def seen_as(labels: np.ndarray, name: str) -> dict[int, Seen]:
    """What a map of our labels [z, y, x] of STEP_MM shows when it is written in the values of a vocabulary."""
    written = np.zeros(labels.shape, np.uint16)
    for value, keys in reversed([*meanings(name).items()]):
        written[np.isin(labels, [values()[key] for key in keys])] = value
    return seen_in(on_grid_of(image_from_array(labels, (STEP_MM,) * 3, labels=True), written))


def outcome(seen: Mapping[int, Seen], name: str) -> str:
    """Whether a vocabulary is found; one that reads all values alike is the same."""
    best = sure(candidates(seen))
    if best is None:
        return "left open"
    alike = all(meanings(best.name)[value] == meanings(name)[value] for value in seen)
    return "found" if alike else f"wrong ({best.name})"


def measure(maps: list[str]) -> None:
    """Print, of each vocabulary, how often it is found."""
    rng = np.random.default_rng(0)
    whole: dict[str, Counter[str]] = {name: Counter() for name in CANDIDATES}
    parts: dict[str, Counter[str]] = {name: Counter() for name in CANDIDATES}
    for told in maps:
        vocabulary, _, path = told.rpartition(":")
        image = read_label_map(Path(path), vocabulary or "guidegen").image
        labels, _ = to_canonical(image, STEP_MM, labels=True)
        for name in CANDIDATES:
            seen = seen_as(labels, name)
            whole[name][outcome(seen, name)] += 1
            for _ in range(PARTS):
                count = min(len(seen), int(rng.integers(FEWEST, MOST + 1)))
                chosen = rng.choice(sorted(seen), count, replace=False).tolist()
                parts[name][outcome({value: seen[value] for value in chosen}, name)] += 1
    for name in CANDIDATES:
        print(f"{name:20} whole {dict(whole[name])}   parts {dict(parts[name])}")


if __name__ == "__main__":
    measure(sys.argv[1:])
