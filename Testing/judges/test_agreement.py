"""Dice and surface distances on boxes of which both are known."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.judges.agreement import ORGANS, compare_labels, compare_organs, dice, surface_distances, with_hosts
from GuideGenLib.judges.segmenter import TUMOUR, to_classes

VALUE = values()


def _box(shift: int = 0) -> np.ndarray:
    mask = np.zeros((30, 30, 40), bool)
    mask[5:25, 5:25, 5 + shift : 25 + shift] = True
    return mask


def test_a_shifted_box() -> None:
    assert dice(_box(), _box(5)) == pytest.approx(0.75)
    mean, far = surface_distances(_box(), _box(5), 2.0)
    assert far == pytest.approx(10.0) and 2 < mean < 10
    assert surface_distances(_box(), _box(), 2.0) == (0, 0)


def test_nothing_to_compare() -> None:
    nothing = np.zeros_like(_box())
    assert np.isnan(dice(nothing, nothing)) and dice(nothing, _box()) == 0
    assert np.isnan(surface_distances(nothing, _box(), 1.0)).all()


def test_lesions_count_as_the_organ_that_bears_them() -> None:
    mask = np.zeros((30, 30, 60), np.uint8)
    mask[5:25, 5:25, 5:25] = VALUE["liver"]
    mask[5:25, 5:25, 35:55] = VALUE["lung_lower_lobe_left"]
    mask[10:15, 10:15, 20:25] = VALUE["liver_tumor"]
    mask[10:15, 10:15, 35:40] = VALUE["lung_tumor"]
    found = to_classes(mask)
    assert (found == TUMOUR).sum() == 250
    healed = with_hosts(mask, one_class=False)
    assert np.array_equal(healed, with_hosts(found, one_class=True))
    assert (healed == VALUE["liver"]).sum() == 8000 == (healed == VALUE["lung_lower_lobe_left"]).sum()
    organs = compare_organs(found, mask, 3.0)
    assert organs["liver"] == organs["lung"] == (1, 0, 0)
    assert all(np.isnan(organs[organ]).all() for organ in ORGANS if organ not in ("liver", "lung"))
    assert (mask == VALUE["lung_tumor"]).sum() == 125  # a copy was changed


def test_a_lesion_without_any_organ_stays() -> None:
    lonely = np.zeros((10, 10, 10), np.uint8)
    lonely[4:6, 4:6, 4:6] = VALUE["kidney_tumor"]
    assert np.array_equal(with_hosts(lonely, one_class=False), lonely)


def test_crumbs_do_not_count_and_missed_organs_do() -> None:
    mask = np.zeros((30, 30, 30), np.uint8)
    mask[5:20, 5:20, 5:20] = VALUE["liver"]
    found = mask.copy()
    found[0, 0, :3] = VALUE["spleen"]
    assert np.isnan(compare_organs(found, mask, 3.0)["spleen"][0])
    assert np.isnan(compare_labels(found, mask, 3.0)["spleen"])
    found[25:, :, :] = VALUE["spleen"]
    organs, labels = compare_organs(found, mask, 3.0), compare_labels(found, mask, 3.0)
    assert organs["spleen"][0] == 0 == labels["spleen"] and np.isnan(organs["spleen"][1])
    assert organs["liver"][0] == 1 == labels["liver"]
    assert "background" not in labels and "liver_tumor" not in labels
