"""The laws of sex and age: whom they are learned from, whom they are scored on, and the command."""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from GuideGenLib.cli import train as cli
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.notes import Notes
from GuideGenLib.data.scans import Scan
from GuideGenLib.data.store import CaseRecord, CTRecord
from GuideGenLib.judges import stages as judge_stages
from GuideGenLib.judges.classifiers import Classifiers, SeenPerson
from GuideGenLib.judges.classifiers_training import Told, learned, measured, read_config, shares, told_scans
from GuideGenLib.population.people import Person

NAN = float("nan")


def _told(name: str, sex: str | None, age: float | None, size: float, held_out: bool = False) -> Told:
    """A person of whom one thing is measured for sex and one for age."""
    by_age = None if age is None else [200 - 2 * age, NAN]
    return Told(name, sex, age, [size], by_age, held_out)


PEOPLE = [
    *(_told(f"f{i}", "female", 30.0 + 10 * i, 10.0 + i) for i in range(4)),
    *(_told(f"m{i}", "male", 35.0 + 10 * i, 20.0 + i) for i in range(4)),
]


def test_each_is_scored_by_what_was_learned_from_the_others() -> None:
    segmenter: Any = object()
    found = learned(PEOPLE, segmenter)
    assert found.real["sex"]["hits"] == found.real["sex"]["cases"] == 8
    assert found.real["decade within one"]["value"] == 1 and found.age.error < 10
    # one who is like the other sex is told wrongly, though the law has seen the like
    odd = [*PEOPLE, _told("odd", "female", 50.0, 22.0)]
    assert learned(odd, segmenter).real["sex"]["hits"] == 8 and learned(odd, segmenter).real["sex"]["cases"] == 9


def test_who_is_held_out_is_scored_and_not_learned_from() -> None:
    segmenter: Any = object()
    held = [*PEOPLE, _told("held", "female", 50.0, 1000.0, held_out=True)]
    with_, without = learned(held, segmenter), learned(PEOPLE, segmenter)
    assert with_.sex == without.sex and with_.real["sex"]["cases"] == 9


def test_too_few_are_refused() -> None:
    segmenter: Any = object()
    for few in (PEOPLE[:3], PEOPLE[:4]):
        with pytest.raises(DataError, match=r"sex is told of \d people"):
            learned(few, segmenter)


def test_what_is_unknown_does_not_count() -> None:
    seen = SeenPerson(0.9, (0, 0, 0, 1, 0, 0, 0))
    found = shares([seen, seen, seen], ["female", None, "male"], [61.0, 52.0, None])
    assert (found["sex"]["hits"], found["sex"]["cases"]) == (1, 2)
    assert (found["decade"]["hits"], found["decade within one"]["hits"], found["decade"]["cases"]) == (1, 2, 2)
    assert shares([seen], [None], [None]) == {}


class _Store:
    """Two scans, of whom one is told of."""

    folder = Path()

    def __init__(self, hu: np.ndarray) -> None:
        self.hu = hu

    def usable(self) -> list[CaseRecord]:
        ct = CTRecord(self.hu.shape, 3.0, None, (), 1, True, 0.0)  # type: ignore[arg-type]
        return [CaseRecord(name, "", ct=ct) for name in ("anna", "bert")] + [CaseRecord("map", "")]

    def volume(self, record: CaseRecord, key: str) -> np.ndarray:
        assert key == "hu"
        return self.hu


def test_scans_are_told_and_measured_by_the_segmenter(hu: np.ndarray, organs: np.ndarray) -> None:
    store: Any = _Store(hu)
    told = list(told_scans(store, {"anna": Notes(sex="female", age=49.0, split="held_out"), "map": Notes(sex="male")}))
    assert [(scan.name, notes.sex) for scan, notes in told] == [("anna", "female")]
    segmenter: Any = SimpleNamespace(segment=lambda hu, spacing: organs)
    maps = [Person(name, sex, organs, frozenset(), frozenset()) for name, sex in (("anna", "female"), ("b", "male"))]
    found = measured(told, [*maps, Person("c", None, organs, frozenset(), frozenset())], segmenter)
    assert [(one.name, one.sex, one.held_out, one.by_age is None) for one in found] == [
        ("anna", "female", True, False),
        ("b", "male", False, True),
    ]
    assert isinstance(told[0][0], Scan)


def test_the_command_writes_what_the_judges_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    segmenter = object()
    monkeypatch.setattr(judge_stages, "store_of", lambda job: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(judge_stages, "load_judges", lambda: SimpleNamespace(segmenter=segmenter))
    for name in ("read_people", "told_scans"):
        monkeypatch.setattr(judge_stages, name, lambda *_: [])
    monkeypatch.setattr(judge_stages, "measured", lambda told, people, judge: PEOPLE if judge is segmenter else [])
    parser = argparse.ArgumentParser()
    cli.add_train_parsers(parser)
    words = ["classifiers", "--data", str(tmp_path), "--run", str(tmp_path / "run"), "--threads", "1"]
    assert cli.run_train(parser.parse_args(words)) == 0
    assert "real: sex 1.00" in capsys.readouterr().out
    config = read_config(tmp_path / "run" / "classifiers")
    assert config["training"] == {"people": [one.name for one in PEOPLE]} and json.loads(json.dumps(config)) == config
    assert Classifiers.load(config, segmenter).real["sex"]["cases"] == 8  # type: ignore[arg-type]
