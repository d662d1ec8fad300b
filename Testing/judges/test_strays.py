"""Strays become what is next to them; what belongs stays."""

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.judges.strays import without_strays

VALUE = values()


def test_strays_go_and_pieces_that_may_be_many_stay() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:35, 5:35, 5:35] = VALUE["muscle"]
    hu = np.where(labels > 0, 40, -1000).astype(np.float32)
    wanted = labels.copy()
    for box, key in (
        ((slice(8, 20), slice(8, 20), slice(8, 20)), "liver"),
        ((slice(24, 30), slice(8, 14), slice(8, 14)), "colon"),  # 5.8 ml each
        ((slice(24, 30), slice(8, 14), slice(20, 26)), "colon"),
        ((slice(24, 28), slice(24, 28), slice(24, 28)), "liver_tumor"),
        ((slice(31, 32), slice(31, 32), slice(31, 32)), "liver_tumor"),
    ):
        wanted[box] = VALUE[key]
    seen = wanted.copy()
    seen[30:34, 30:34, 8:12] = VALUE["liver"]  # 1.7 ml, but a liver is one
    seen[14, 30, 30] = VALUE["colon"]
    seen[:2, :2, :2] = VALUE["spleen"]  # in the air
    before = seen.copy()
    inner = (slice(6, 34),) * 3
    found = without_strays(seen, hu, 3.0)
    assert np.array_equal(found[inner], wanted[inner]) and not found[:4].any()
    assert np.array_equal(seen, before)
    assert np.array_equal(without_strays(wanted, hu, 3.0)[inner], wanted[inner])
