"""People of a training: read from a run folder, deformed anew, and kept."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.cases import DataError
from GuideGenLib.evaluation.people import trained
from GuideGenLib.evaluation.people.trained import some_of, trained_people
from GuideGenLib.judges.pelvis import BONES
from GuideGenLib.population.bases import bones_of, kept_people


def keep(labels: np.ndarray, name: str, folder: Path, filled: bool = False) -> None:
    np.savez(folder / f"{name}.npz", labels=labels, filled=np.full(labels.shape, filled))


def test_people_are_found_with_their_sex_as_they_were_made_last(torso: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no people"):
        kept_people(tmp_path)
    woman = np.where(torso == values()["prostate"], values()["torso_fat"], torso).astype(np.uint8)
    keep(woman, "a b in torso 0123", tmp_path)
    keep(torso, "torso 4567", tmp_path)
    keep(woman, "torso 89ab", tmp_path)
    os.utime(tmp_path / "torso 89ab.npz", (1000, 1000))
    first, second = kept_people(tmp_path)
    assert (first.name, first.sex, first.made_of) == ("a b in torso", "female", "0123")
    assert (second.name, second.sex, second.made_of) == ("torso", "male", "4567")
    assert np.array_equal(second.load().labels, torso)


def test_bones_are_those_of_the_completed_case() -> None:
    assert bones_of("a in b in torso") == bones_of("a in torso with c in torso") == bones_of("a") == "a"


def test_deformations_are_alike_and_kept(torso: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(torso, "torso 0123", tmp_path)
    (one,) = trained_people(kept_people(tmp_path), tmp_path / "kept", 3)
    assert len(one.drawn) == 3 and {drawn.sex for drawn in one.drawn} == {"male"}
    assert all(0.3 < drawn.alike < 1 for drawn in one.drawn)
    assert len({drawn.alike for drawn in one.drawn}) == 3
    assert one.one_drawn["liver"] is not None

    def again(*_: object) -> None:
        raise AssertionError("drawn twice")

    monkeypatch.setattr(trained, "sample_with", again)
    (same,) = trained_people(kept_people(tmp_path), tmp_path / "kept", 3)
    assert same.drawn == one.drawn
    assert some_of([same]) == [same]


def test_no_two_people_are_drawn_alike(torso: np.ndarray, tmp_path: Path) -> None:
    for name in ("one 0123", "other 4567"):
        keep(torso, name, tmp_path)
    one, other = (person.drawn[0] for person in trained_people(kept_people(tmp_path), tmp_path / "kept", 1))
    assert one.alike != other.alike


def test_bones_that_another_one_lent_are_not_own(torso: np.ndarray, tmp_path: Path) -> None:
    keep(torso, "own 0123", tmp_path)
    keep(torso, "lent 4567", tmp_path, filled=True)
    lent, own = trained_people(kept_people(tmp_path), tmp_path / "kept", 1)
    assert own.bones_are_own and not lent.bones_are_own
    assert np.isin(torso, [values()[bone] for bone in BONES]).any()


def test_of_many_people_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    class Person:
        drawn: tuple[()] = ()

    people: list[Any] = [Person() for _ in range(100)]
    chosen = some_of(people)
    assert len(chosen) == 40 and chosen[0] is people[0] and chosen[-1] is people[-1]
