"""What a voxel of a partly labelled map may be."""

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED, OUTSIDE, UNLABELLED, possible, value_of

KEY = values()
CLASSES = 68


def names(row: np.ndarray) -> set[str]:
    return {key for key, value in KEY.items() if value < CLASSES and row[value]}


def test_an_unlabelled_voxel_is_anything_but_what_is_labelled() -> None:
    table = possible([KEY["liver"], KEY["spleen"]], CLASSES)
    assert names(table[CLASSES]) == {key for key, v in KEY.items() if v < CLASSES} - {"liver", "spleen"}
    assert names(table[KEY["liver"]]) == {"liver"}


def test_parts_go_with_the_whole_that_is_labelled() -> None:
    table = possible([KEY["colon"]], CLASSES)
    assert names(table[KEY["colon"]]) == {"colon", "colon_gas"}
    assert "colon_gas" not in names(table[CLASSES]) and "stomach_gas" in names(table[CLASSES])
    body = possible([KEY["body"]], CLASSES)
    assert {"body", "subcutaneous_fat", "torso_fat"} <= names(body[KEY["body"]])


def test_vessels_may_be_in_the_one_lobe_that_is_labelled_or_in_the_others() -> None:
    table = possible([KEY["lung_lower_lobe_left"]], CLASSES)
    assert "lung_vessel" in names(table[KEY["lung_lower_lobe_left"]])
    assert "lung_vessel" in names(table[CLASSES])


def test_where_all_is_labelled_nothing_is_air() -> None:
    assert names(possible(range(CLASSES), CLASSES)[CLASSES]) == {"background"}


def test_values_come_out_of_their_marks() -> None:
    marked = np.array([0, 26, 26 + FILLED, UNLABELLED, OUTSIDE], np.uint8)
    assert value_of(marked).tolist() == [0, 26, 26, 0, 0]
