"""Organs of an asked size, measured on the voxels."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.description import parse
from GuideGenLib.description.organ_sizes import wanted_organs
from GuideGenLib.evaluation.people.sizes import SIZES, AskedSize, add_sizes, found_sizes, size_orders
from GuideGenLib.evaluation.report.section import Section


def box(key: str, *sides: int) -> np.ndarray:
    """Labels uint8 [60, 60, 60] with a box of that label."""
    labels = np.zeros((60, 60, 60), np.uint8)
    labels[: sides[0], : sides[1], : sides[2]] = values()[key]
    return labels


def asked(text: str) -> AskedSize:
    return next(one for one in SIZES if text in one.text)


@pytest.mark.parametrize("one", SIZES, ids=lambda one: one.text)
def test_texts_are_read_as_they_are_meant(one: AskedSize) -> None:
    read = parse(one.text)
    wanted = wanted_organs(read)
    assert read.not_understood == () and read.sex == one.sex
    if one.word == "absent":
        assert wanted.absent == set(one.keys) and not wanted.sizes
        return
    assert set(wanted.sizes) == set(one.keys)
    for size in wanted.sizes.values():
        if one.ml is not None:
            assert size.volume_ml == (one.ml, one.ml)
        if one.word is None and one.ml is None:
            assert size.length_mm == (one.upright or one.longest) and size.craniocaudal == (one.upright is not None)


def test_a_volume_may_be_a_tenth_off() -> None:
    spleen = asked("600 ml")  # 22222 voxels of 27 microlitres
    assert found_sizes(spleen, box("spleen", 25, 25, 36), 3.0) == {"spleen": None}
    assert found_sizes(spleen, box("spleen", 25, 25, 39), 3.0) == {"spleen": None}
    assert found_sizes(spleen, box("spleen", 25, 25, 40), 3.0) == {"spleen": "675 ml"}
    assert found_sizes(spleen, box("liver", 25, 25, 36), 3.0) == {"spleen": "0 ml"}


def test_lengths_are_the_longest_or_from_top_to_bottom() -> None:
    spleen, liver = asked("15 cm"), asked("span")
    assert found_sizes(spleen, box("spleen", 5, 5, 50), 3.0) == {"spleen": None}
    assert found_sizes(spleen, box("spleen", 5, 5, 30), 3.0)["spleen"].endswith("mm")
    assert found_sizes(liver, box("liver", 60, 10, 10), 3.0) == {"liver": None}
    assert found_sizes(liver, box("liver", 20, 10, 60), 3.0) == {"liver": "60 mm"}


def test_words_lie_beyond_what_is_usual_and_what_was_taken_out_is_gone() -> None:
    large, small, gone = asked("hepatomegaly"), asked("small left kidney"), asked("nephrectomy")
    assert found_sizes(large, box("liver", 50, 50, 40), 3.0) == {"liver": None}
    assert found_sizes(large, box("liver", 40, 40, 30), 3.0) == {"liver": "1296 ml"}
    assert found_sizes(small, box("kidney_left", 15, 15, 15), 3.0) == {"kidney_left": None}
    assert found_sizes(small, box("kidney_left", 20, 20, 15), 3.0) == {"kidney_left": "162 ml"}
    assert found_sizes(small, box("liver", 20, 20, 15), 3.0) == {"kidney_left": "0 ml"}
    assert found_sizes(gone, box("kidney_right", 20, 20, 15), 3.0) == {"kidney_left": None}
    assert found_sizes(gone, box("kidney_left", 20, 20, 15), 3.0) == {"kidney_left": "162 ml"}


def test_every_organ_that_is_asked_for_counts() -> None:
    section = Section("people", "People")
    both = asked("small kidneys")
    labels = box("kidney_left", 12, 12, 12) + box("kidney_right", 30, 30, 30)[::-1]
    add_sizes(section, [(both, found_sizes(both, labels, 3.0))])
    assert section.figures[0].value == 0.5 and section.figures[0].met is False
    assert section.tables[0].rows == [
        ["kidney left", "small", "yes", ""], ["kidney right", "small", "NO", "729 ml"]
    ]  # fmt: skip


def test_there_are_twenty_cases_of_their_own_seeds() -> None:
    orders = size_orders(20)
    assert len({order.seed for order in orders}) == len({order.text for order in orders}) == 20
    assert size_orders(6) == orders[:6]
