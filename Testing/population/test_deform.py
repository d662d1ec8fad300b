"""People made from one torso: each attribute shows, nothing is lost, nothing folds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.deformation import jacobian
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.deform import displacement, sample_anatomy
from GuideGenLib.population.template import template

MAN = Attributes("male", 50, 23.0, 1.0, 0.0, 150.0, 1.0, "none")


def person(torso: np.ndarray, seed: int = 3, **changes: Any) -> np.ndarray:
    return sample_anatomy(torso, replace(MAN, **changes), np.random.default_rng(seed))


def count(labels: np.ndarray, *keys: str) -> int:
    return int(np.isin(labels, [values()[key] for key in keys]).sum())


def test_same_seed_gives_the_same_person_and_another_seed_another(torso: np.ndarray) -> None:
    assert (person(torso) == person(torso)).all()
    assert (person(torso) != person(torso, seed=4)).any()


def test_the_torso_is_left_as_it_was(torso: np.ndarray) -> None:
    before = torso.copy()
    person(torso)
    assert (torso == before).all()


def test_every_structure_of_the_template_survives_in_a_man(torso: np.ndarray) -> None:
    assert set(np.unique(person(torso))) == set(np.unique(torso))


def test_a_woman_has_a_uterus_and_no_prostate(torso: np.ndarray) -> None:
    woman = person(torso, sex="female")
    assert count(woman, "prostate") == 0
    assert count(woman, "uterus") * 0.027 > 10
    assert count(person(torso), "uterus") == 0


def test_a_woman_has_breasts_in_front_of_the_ribs(torso: np.ndarray) -> None:
    woman, man = person(torso, sex="female"), person(torso)
    assert count(woman, "body") > count(man, "body") + 200


def test_body_volume_grows_with_body_mass(torso: np.ndarray) -> None:
    volumes = [int((person(torso, bmi=bmi) > 0).sum()) for bmi in (16.5, 22.0, 28.0, 36.0)]
    assert volumes == sorted(volumes)
    assert volumes[-1] > 1.2 * volumes[0]


def test_fat_takes_over_muscle_with_age(torso: np.ndarray) -> None:
    assert count(person(torso, age=85), "muscle") < 0.95 * count(person(torso, age=25), "muscle")


@pytest.mark.parametrize("millilitres", [40.0, 80.0, 120.0])
def test_the_bladder_holds_about_what_was_asked(torso: np.ndarray, millilitres: float) -> None:
    held = count(person(torso, bladder_ml=millilitres), "urinary_bladder") * 0.027
    assert held == pytest.approx(millilitres, rel=0.4)


def test_inspiration_pushes_the_liver_down(torso: np.ndarray) -> None:
    def top(breathing: float) -> int:
        return int(np.nonzero((person(torso, breathing_mm=breathing) == values()["liver"]).any((1, 2)))[0].max())

    assert top(14.0) <= top(-14.0) - 4


def test_the_prostate_grows_with_age(torso: np.ndarray) -> None:
    assert count(person(torso, age=85), "prostate") > 1.3 * count(person(torso, age=30), "prostate")


@pytest.mark.parametrize("sex", ["male", "female"])
def test_the_map_does_not_fold(torso: np.ndarray, sex: str) -> None:
    prepared = template(torso, sex)
    back = displacement(prepared, replace(MAN, sex=sex, bmi=38.0), np.random.default_rng(1))
    determinant = jacobian(back, 6.0)[prepared.skin < 0]
    assert determinant.min() > 0.15


def test_air_and_body_stay_apart(torso: np.ndarray) -> None:
    """From the front of the skin to its back, no row of a slice is all air."""
    labels = person(torso)
    body = labels > 0
    for z in range(10, 86, 15):
        rows = np.nonzero(body[z].any(1))[0]
        assert body[z, rows[0] : rows[-1] + 1].any(1).all()


def test_a_torso_of_another_kind_is_refused(torso: np.ndarray) -> None:
    wrong: Any
    for wrong in (torso[:-1], torso.astype(np.int16), torso[0]):
        with pytest.raises(ValueError, match="uint8"):
            sample_anatomy(wrong, MAN, np.random.default_rng(0))
