"""What label maps that leave structures out do to the HU of those they name, taken back by rule.

The networks learned on whole torsos, in which lungs have ribs about them; and where the gas of a stomach is not told
apart its wall counts for more (`ct.hollow`). Both come out brighter than the table then. BRIGHTER is by how much, the
mean of six anatomies of the shipped bundle that were written as TotalSegmentator's organs and made a CT of
(`Testing/benchmarks/converted_maps.py`); all other organs of them were within 20 HU. A map that holds ribs and gas is
left as it is.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values

RIBS, GAS = ("ribs_left", "ribs_right"), ("stomach_gas", "colon_gas")
BRIGHTER = {
    "lungs without ribs": {"lung_middle_lobe_right": 20.0, "lung_upper_lobe_right": 11.0},
    "stomach without gas": {"stomach": 15.0},
}
"""HU by label, for what is missing."""


def for_partial_map(table: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The HU [labels] that networks and rules are to come to: the table, lower where `labels` lack what they know."""
    there = np.bincount(labels.ravel(), minlength=len(table)) > 0

    def lacks(keys: tuple[str, ...]) -> bool:
        return not any(there[values()[key]] for key in keys)

    missing = {"lungs without ribs": lacks(RIBS), "stomach without gas": lacks(GAS)}
    lower = table.copy()
    for what, brighter in BRIGHTER.items():
        if missing[what]:
            for key, hu in brighter.items():
                lower[values()[key]] -= hu
    return lower
