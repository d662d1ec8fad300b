"""Maps without ribs or gas are given a lower reference, whole ones the table itself."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.partial_maps import BRIGHTER, for_partial_map
from GuideGenLib.ct.reference import reference_table


def labels_of(*keys: str) -> np.ndarray:
    return np.array([values()[key] for key in keys], np.uint8).reshape(1, 1, -1)


WHOLE = ("lung_middle_lobe_right", "lung_upper_lobe_left", "stomach", "liver", "ribs_left", "colon_gas")


def test_a_whole_map_is_given_the_table() -> None:
    table = reference_table(None)
    assert np.array_equal(for_partial_map(table, labels_of(*WHOLE)), table)


@pytest.mark.parametrize(
    ("missing", "lower"),
    [("ribs_left", BRIGHTER["lungs without ribs"]), ("colon_gas", BRIGHTER["stomach without gas"])],
)
def test_what_a_part_lacks_lowers_its_neighbours_alone(missing: str, lower: dict[str, float]) -> None:
    table = reference_table(None)
    before = table.copy()
    part = for_partial_map(table, labels_of(*(key for key in WHOLE if key != missing)))
    assert np.array_equal(table, before), "the table itself stays, for the rules of details"
    changed = {key: before[value] - part[value] for key, value in values().items() if part[value] != before[value]}
    assert changed == pytest.approx(lower)
