"""Training of the classifiers: the rendered HU tell the age, the network learns, scores and configuration are kept."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.cli import train as cli
from GuideGenLib.data.layouts import DataError
from GuideGenLib.judges import classifiers as reading
from GuideGenLib.judges import classifiers_training as classifiers
from GuideGenLib.judges import stages as judge_stages
from GuideGenLib.judges.classifiers import DECADES, Classifiers, PersonNetwork, SeenPerson
from GuideGenLib.judges.classifiers_training import (
    PersonLoss,
    age_targets,
    look_loss,
    means_of,
    render,
    shares,
    told_scans,
    train_classifiers,
)
from GuideGenLib.population.attributes import Attributes, draw_attributes
from GuideGenLib.training.loop.checkpoint import averaged_state

SIZE = (48, 32, 48)


def person(sex: str, age: int) -> Attributes:
    return replace(draw_attributes(np.random.default_rng(0)), sex=sex, age=age)


def body(wide: bool) -> np.ndarray:
    """Labels uint8 at 6 mm: a column of muscle, wide or narrow, around a spine."""
    labels = np.zeros(SIZE, np.uint8)
    labels[:, 6:26, (2 if wide else 16) : (46 if wide else 32)] = values()["muscle"]
    labels[:, 18:24, 20:28] = values()["vertebrae_lumbar"]
    return labels


class Small(PersonNetwork):
    """A network that learns within seconds."""

    def __init__(self) -> None:
        super().__init__((4, 8))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "PersonNetwork", Small)
    monkeypatch.setattr(classifiers, "BATCH", 2)
    monkeypatch.setattr(reading, "GRID", SIZE)


def test_bones_of_the_old_are_darker_and_soft_organs_are_not() -> None:
    rng = np.random.default_rng(0)
    young, old = (np.mean([means_of(person("male", age), rng) for _ in range(200)], axis=0) for age in (30, 80))
    lumbar, liver = values()["vertebrae_lumbar"], values()["liver"]
    assert young[lumbar] - old[lumbar] == pytest.approx(125, abs=15)  # 2.5 HU a year
    assert young[liver] == pytest.approx(old[liver], abs=12)
    assert young[0] == old[0] == -1000


def test_people_of_one_age_differ_by_thirty_hu_in_the_spine() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([means_of(person("female", 50), rng)[values()["vertebrae_lumbar"]] for _ in range(400)])
    assert drawn.std() == pytest.approx(30, abs=5)


def test_a_render_shows_the_means_within_blurred_borders() -> None:
    labels = body(wide=True)
    hu = render(labels, person("male", 50), np.random.default_rng(2))
    assert hu.dtype == np.float32 and hu.shape == labels.shape
    assert 120 < hu[5:-5, 20:22, 23:25].mean() < 300
    assert 20 < hu[5:-5, 10:12, 20:28].mean() < 90
    assert hu[:, 0, 0].max() < -900
    assert np.array_equal(hu, render(labels, person("male", 50), np.random.default_rng(2)))


def test_the_target_of_an_age_is_blurred_over_the_next_decade() -> None:
    targets = age_targets([49, 55, 18, 95])
    assert torch.allclose(targets.sum(dim=1), torch.ones(4))
    assert float(targets[0, DECADES.index(40)]) == pytest.approx(0.55, abs=0.02)
    assert float(targets[0, DECADES.index(50)]) > 0.4
    assert [DECADES[i] for i in targets.argmax(dim=1)[1:]] == [50, 20, 80]


@pytest.mark.usefixtures("small")
def test_it_learns_who_is_wide_and_resumes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    labels = np.stack([body(wide=False), body(wide=True)] * 2)
    people = [person("female", 35), person("male", 75)] * 2
    said: list[str] = []
    train_classifiers(labels, people, tmp_path, steps=50, seed=1, rate=2e-2, log=said.append)
    first, last = (float(line.split()[3]) for line in (said[0], said[-1]))
    assert last < 0.7 * first
    network = Small()
    network.load_state_dict(averaged_state(tmp_path))
    found = classifiers.score_people(Classifiers(network), labels, people, seed=1)
    assert found["sex"]["value"] == 1.0 and found["decade"]["value"] == 1.0
    assert train_classifiers(labels, people, tmp_path, steps=50, log=said.append).step == 50
    assert len(said) == 2


def test_a_sample_is_a_whole_person_or_a_slab_in_the_middle_of_the_grid() -> None:
    loss = PersonLoss(body(wide=True)[None], [person("male", 40)], torch.device("cpu"))
    rng = np.random.default_rng(0)
    heights = set()
    for _ in range(12):
        hu, kinds, _ = loss.sample(rng)
        assert set(np.unique(kinds[hu > 20])) <= {-1000, 0, 1, 3}  # the spine, muscle
        shown = np.flatnonzero((hu > -500).any(axis=(1, 2)))
        assert abs(shown.mean() - 47.5) <= 1
        heights.add(len(shown))
    assert max(heights) == SIZE[0] and min(heights) < SIZE[0] - 1


def test_rare_decades_are_seen_as_often_as_the_others() -> None:
    ages = [62] * 9 + [25]
    loss = PersonLoss(np.stack([body(wide=False)] * 10), [person("male", age) for age in ages], torch.device("cpu"))
    rng = np.random.default_rng(0)
    assert 12 <= sum(loss.sample(rng)[2].age == 25 for _ in range(40)) <= 28


def test_looking_evenly_at_what_is_taught_costs_nothing_and_elsewhere_much() -> None:
    kinds = torch.zeros(2, 8, 8, 8)
    kinds[0, :4, :4, :4] = 1
    kinds[1, 4:] = 3
    right = torch.full((2, 4, 4, 4, 4), 1e-9)
    right[0, 0, :2, :2, :2] = right[1, 2, 2:] = 1.0
    looks = (right / right.sum(dim=(2, 3, 4), keepdim=True)).flatten(2).log()
    assert float(look_loss(looks, kinds)) == pytest.approx(0, abs=1e-4)
    assert float(look_loss(looks.flip(2), kinds)) > 5
    assert float(look_loss(looks, torch.zeros_like(kinds))) == 0


def test_no_ratio_of_bones_gives_the_age_away() -> None:
    rng = np.random.default_rng(3)
    spine, ribs = values()["vertebrae_lumbar"], values()["ribs_left"]
    drawn = np.array([means_of(person("male", 60), rng)[[spine, ribs]] for _ in range(400)])
    ratio = drawn[:, 0] / drawn[:, 1]
    assert 0.08 < ratio.std() / ratio.mean() < 0.25
    assert 0.2 < np.corrcoef(drawn.T)[0, 1] < 0.8


def test_what_is_not_known_of_a_scan_does_not_count() -> None:
    decades = tuple(float(decade == 60) for decade in DECADES)
    readings = [SeenPerson(0.9, decades)] * 3
    found = shares(readings, ["female", None, "male"], [61.0, 75.0, None])
    assert (found["sex"]["hits"], found["sex"]["cases"]) == (1, 2)
    assert (found["decade"]["hits"], found["decade"]["cases"]) == (1, 2)
    assert found["decade within one"]["hits"] == 2
    assert shares([], [], []) == {}


def test_scans_are_told_by_the_cases_file(flat: Path, tmp_path: Path) -> None:
    assert told_scans(flat, tmp_path / "cache") == []
    (flat / "cases.csv").write_text("name,sex,age,phase,text\nanna,female,49,,\nbert,,,arterial,\n", encoding="utf-8")
    told = told_scans(flat, tmp_path / "cache")
    assert [(scan.name, notes.sex, notes.age) for scan, notes in told] == [("anna", "female", 49.0)]
    (flat / "cases.csv").write_text("name,sex,age,phase,text\nanna,frau,,,\n", encoding="utf-8")
    with pytest.raises(DataError, match="sex is 'frau'"):
        told_scans(flat, tmp_path / "cache")


@pytest.mark.usefixtures("small")
def test_the_command_trains_on_other_people_and_writes_what_the_judges_load(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[int, int]] = []

    def bank(torso: np.ndarray, n: int, seed: int, *_: object) -> tuple[np.ndarray, list[Attributes]]:
        asked.append((n, seed))
        return np.stack([body(wide=i % 2 == 0) for i in range(n)]), [person("male", 20 + i) for i in range(n)]

    monkeypatch.setattr(judge_stages, "coarse_bank", bank)
    monkeypatch.setattr(judge_stages, "torso_of", lambda job: argparse.Namespace(labels=None))
    monkeypatch.setattr(judge_stages, "HELD_PEOPLE", 3)
    (flat / "cases.csv").write_text("name,sex,age,phase,text\nbert,male,70,,\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    cli.add_train_parsers(parser)
    words = ["classifiers", "--data", flat, "--run", tmp_path, "--seed", 7, "--people", 4, "--steps", 2, "--threads", 1]
    threads = torch.get_num_threads()
    try:
        assert cli.run_train(parser.parse_args([str(word) for word in words])) == 0
    finally:
        torch.set_num_threads(threads)
    assert asked == [(7, 1007)]
    said = capsys.readouterr().out
    assert "rendered: sex" in said and "of 3" in said and "real: decade" in said
    config = classifiers.read_config(tmp_path / "classifiers")
    assert config["training"] == {"people": 4, "steps": 2, "seed": 7}
    assert config["scores"]["sex"] == config["rendered"]["sex"]["value"]
    assert json.loads(json.dumps(config)) == config
    loaded = Classifiers.load(averaged_state(tmp_path / "classifiers"), config)
    assert loaded.network.widths == (4, 8) and loaded.scores == config["scores"]
