"""The reference HU and what age does to them."""

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.reference import AGES, TABLE_AGE, aged, reference_table


@pytest.fixture
def table() -> np.ndarray:
    return reference_table("none")


def test_the_spine_loses_as_much_as_was_measured_in_20374_adults(table: np.ndarray) -> None:
    lumbar = values()["vertebrae_lumbar"]
    yearly = (aged(table, 30)[lumbar] - aged(table, 80)[lumbar]) / 50
    assert yearly == pytest.approx(2.5, abs=0.15)


def test_hip_cortex_and_muscle_lose_what_their_sources_say(table: np.ndarray) -> None:
    young, old = aged(table, 20), aged(table, 90)
    lost = {
        key: 1 - old[values()[key]] / young[values()[key]] for key in ("femur_left", "ribs_right", "iliopsoas_left")
    }
    assert 0.34 <= lost["femur_left"] <= 0.46
    assert 0.18 <= lost["ribs_right"] <= 0.25
    assert 0.20 <= lost["iliopsoas_left"] <= 0.30


def test_only_bones_and_muscles_age(table: np.ndarray) -> None:
    changed = {key for key, value in values().items() if aged(table, 80)[value] != table[value]}
    assert {"vertebrae_thoracic", "hip_left", "sternum", "muscle", "autochthon_right"} <= changed
    assert not changed & {"liver", "aorta", "background", "costal_cartilages", "subcutaneous_fat", "lung_tumor"}


def test_an_unknown_age_and_the_age_of_the_table_leave_it(table: np.ndarray) -> None:
    assert np.array_equal(aged(table, None), table)
    assert np.array_equal(aged(table, TABLE_AGE), table)


def test_ages_beyond_the_sources_are_held_and_the_table_given_is_not_written(table: np.ndarray) -> None:
    before = table.copy()
    assert np.array_equal(aged(table, 104), aged(table, AGES[1]))
    assert np.array_equal(aged(table, 3), aged(table, AGES[0]))
    assert aged(table, 70).dtype == np.float32
    assert np.array_equal(table, before)
    assert (aged(table, 104)[[values()["sacrum"], values()["vertebrae_lumbar"]]] > 60).all()
