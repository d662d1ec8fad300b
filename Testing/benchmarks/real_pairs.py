"""How unlike the organs of real people are: the table REAL_PAIRS of population.variety, measured on a prepared store.

python Testing/benchmarks/real_pairs.py STORE
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.tissues import select
from GuideGenLib.data.notes import HELD_OUT, VALIDATION, read_notes
from GuideGenLib.data.store import Store
from GuideGenLib.population.people import Person, read_people
from GuideGenLib.population.variety import ORGANS, Shape, Shapes, laid_on

MOST_CUT = 0.004
"""Share of an organ that may lie at the edge of the field of view: of more than that a part is missing."""
LEAST_VOXELS = 40


def whole_organs(person: Person) -> Shapes:
    """The organs that are shown whole, on the torso frame at 3 mm; None for the others."""
    labels = person.labels
    inside = ndimage.binary_erosion(np.pad(person.seen, 1), iterations=2)[1:-1, 1:-1, 1:-1]
    found: dict[str, Shape | None] = {}
    for name, keys in ORGANS.items():
        organ = select(labels, keys)
        count = np.count_nonzero(organ)
        whole = count >= LEAST_VOXELS and np.count_nonzero(organ & ~inside) <= MOST_CUT * count
        found[name] = Shape.of(organ) if whole else None
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="made by `guidegen data prepare`")
    store = Store(parser.parse_args().store)
    notes = read_notes(store.folder)
    people = [one for split in (None, VALIDATION, HELD_OUT) for one in read_people(store, notes, split)]
    everybody = [whole_organs(person) for person in people]
    print(f"{len(people)} people\n| organ | pairs | Dice | SD |\n|--|--|--|--|")
    for name in ORGANS:
        dice = np.array([laid_on(a[name], b[name]) for a, b in combinations(everybody, 2)])
        dice = dice[np.isfinite(dice)]
        print(
            f"| {name} | {len(dice)} | {dice.mean():.2f} | {dice.std():.2f} |"
            if len(dice)
            else f"| {name} | 0 | - | - |"
        )


if __name__ == "__main__":
    main()
