"""Label maps of real people: read, placed, completed, exchanged and measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import dilate, select
from GuideGenLib.anatomy.torso_frame import CANVAS
from GuideGenLib.anatomy.unknown import FILLED, OUTSIDE, UNLABELLED, value_of
from GuideGenLib.data.notes import Notes
from GuideGenLib.data.store import CaseRecord, PlacedRecord, Store, write_array, write_record
from GuideGenLib.population import bases
from GuideGenLib.population.bases import base_people, deepened, widened
from GuideGenLib.population.completing import ABDOMEN, complete, finished, fit, moderated, paste_abdomen
from GuideGenLib.population.people import Person, measured_habitus, read_people
from GuideGenLib.population.registration import Warp
from GuideGenLib.population.sampling import Base, base_of, coarse, coarse_marked, draw_sample
from GuideGenLib.population.template import template
from GuideGenLib.population.torso import Torso

KEY = values()
TISSUES = ("subcutaneous_fat", "torso_fat", "muscle", "body")
NOWHERE = Warp(torch.zeros(3, 2, 2, 2), (0.0, 0.0, 0.0), (1000.0, 1000.0, 1000.0), torch.eye(3), torch.zeros(3))


def organs_of(torso: np.ndarray) -> np.ndarray:
    return np.where(select(torso, TISSUES), 0, torso).astype(np.uint8)


def person(labels: np.ndarray, seen: np.ndarray | None = None, name: str = "anna") -> Person:
    known = frozenset(int(v) for v in np.unique(labels) if v)
    structures = frozenset(key for key, value in KEY.items() if value in known)
    marked = np.where(labels == 0, UNLABELLED, labels).astype(np.uint8)
    return Person(name, "male", marked if seen is None else np.where(seen, marked, OUTSIDE), known, structures)


def record(name: str, placed: bool = True) -> CaseRecord:
    found = PlacedRecord([KEY["liver"]], 1.0, 8, 3.0) if placed else None
    return CaseRecord(name, "made of this", structures=["liver"], sex="female", placed=found)


def test_people_are_the_placed_cases_of_a_store_and_notes_say_more_of_them(tmp_path: Path) -> None:
    store = Store.begin(tmp_path / "store")
    labels = np.full(CANVAS, OUTSIDE, np.uint8)
    labels[50:90, 30:60, 30:70] = KEY["liver"]
    for one in (record("anna"), record("bert"), record("carl", placed=False), record("dora")):
        store.case_folder(one.name).mkdir()
        write_array(labels, store.case_folder(one.name) / "placed.b2nd")
        write_record(one, store.case_folder(one.name))
    notes = {"bert": Notes(sex="male", age=50.0), "dora": Notes(split="held_out")}
    anna, bert = read_people(store, notes)
    assert [(one.name, one.sex, one.age) for one in (anna, bert)] == [("anna", "female", None), ("bert", "male", 50.0)]
    assert np.array_equal(anna.marked, labels) and anna.known == {KEY["liver"]} and anna.structures == {"liver"}
    assert np.array_equal(anna.seen, labels != OUTSIDE) and (anna.labels[anna.seen] == KEY["liver"]).all()
    assert [one.name for one in read_people(store, notes, "held_out")] == ["dora"]


def test_habitus_is_measured_at_a_waist_that_is_shown_whole(torso: np.ndarray) -> None:
    whole = deepened(widened(torso))
    told = replace(person(whole), volume=whole, known=frozenset([0, *person(whole).known]), sex="male", scale=1.0)
    habitus = measured_habitus(told)
    assert habitus == -1.2  # the made-up torso has 54 cm about the waist
    wider = np.kron(whole, np.ones((1, 2, 2), np.uint8))[:, 64:192, 72:216]
    wide = measured_habitus(replace(told, volume=wider))
    assert wide is not None and wide > habitus
    assert measured_habitus(person(whole)) is None  # nobody says where the air begins
    cut = whole.copy()
    cut[:, :, :50] = OUTSIDE
    assert measured_habitus(replace(told, volume=cut)) is None


def test_what_a_person_lacks_comes_from_the_other_and_nothing_twice(torso: np.ndarray) -> None:
    own = organs_of(torso)
    own[own == KEY["liver"]] = 0
    own[:, :, 3:][np.roll(organs_of(torso), 0)[:, :, :-3] == KEY["liver"]] = KEY["liver"]  # 9 mm to the left
    made = complete(person(own), torso, NOWHERE)
    liver = own == KEY["liver"]
    assert (made[liver] == KEY["liver"]).all()
    assert not ((made == KEY["liver"]) & ~dilate(liver, 21.0, (3.0, 3.0, 3.0))).any()
    assert (made == KEY["liver"]).sum() < 1.3 * liver.sum()  # up to the lungs, where fat would part them
    outer = torso == KEY["subcutaneous_fat"]
    assert (made[outer] == KEY["subcutaneous_fat"]).mean() > 0.99
    assert ((made > 0) == (torso > 0)).mean() > 0.995
    for key in ("vertebrae_lumbar", "kidney_left", "heart", "urinary_bladder"):
        assert ((made == KEY[key]) == (torso == KEY[key])).mean() > 0.999


def test_a_woman_is_not_given_a_prostate(torso: np.ndarray) -> None:
    own = organs_of(torso)
    own[own == KEY["prostate"]] = 0
    made = complete(replace(person(own), sex="female"), torso, NOWHERE)
    assert not (made == KEY["prostate"]).any()
    assert (complete(person(own), torso, NOWHERE) == KEY["prostate"]).any()
    assert template(made, "female").native


def test_beyond_the_field_of_view_the_other_goes_on_without_a_gap(torso: np.ndarray) -> None:
    own = organs_of(torso)
    seen = np.ones(own.shape, bool)
    seen[56:] = False
    own[~seen] = 0
    made = complete(person(own, seen), torso, NOWHERE)
    assert (made[70:] == torso[70:]).mean() > 0.99
    body = np.argwhere(torso > 0)
    assert (made[tuple(body.T)] > 0).mean() > 0.999
    spine = [(made[z] == KEY["vertebrae_thoracic"]).any() for z in range(50, 88)]
    assert all(spine)


def test_an_abdomen_is_exchanged_as_a_block(torso: np.ndarray) -> None:
    donor = torso.copy()
    donor[select(torso, ABDOMEN)] = KEY["torso_fat"]
    donor[torso == KEY["liver"]] = KEY["liver"]
    low = donor[30:40, 18:26, 44:56]
    low[low == KEY["torso_fat"]] = KEY["colon"]
    made = paste_abdomen(torso, donor)
    assert not (made == KEY["spleen"]).any()
    assert (made == KEY["colon"]).sum() + (made == KEY["colon_gas"]).sum() > 300
    for key in ("vertebrae_lumbar", "heart", "aorta", "hip_left", "urinary_bladder"):
        assert ((made == KEY[key]) == (torso == KEY[key])).mean() > 0.9995
    assert ((made > 0) == (torso > 0)).all()


def test_a_hollow_organ_gets_gas_in_front_and_holes_are_filled(torso: np.ndarray) -> None:
    labels = torso.copy()
    box = labels[26:42, 16:28, 30:50]
    box[:] = KEY["colon"]
    labels[60, 28, 40] = 0
    made = finished(labels)
    gas = np.argwhere(made == KEY["colon_gas"])
    assert 0.1 < len(gas) / box.size < 0.5
    assert gas[:, 1].mean() < 21
    assert made[60, 28, 40] != 0
    rest = made == KEY["colon"]
    assert rest[26, 16:28, 30:50].all() and rest[26:42, 16, 30:50].all()  # its wall


def test_a_huge_organ_is_brought_back_in_its_place(torso: np.ndarray) -> None:
    small = moderated(torso, {"liver": 20.0}, most=2.0)
    before, after = torso == KEY["liver"], small == KEY["liver"]
    assert after.sum() * 0.027 == pytest.approx(40, rel=0.1)
    assert not (after & ~before).any()
    assert (small[before & ~after] == KEY["torso_fat"]).all()
    assert (small[~before] == torso[~before]).all()
    assert (moderated(torso, {"liver": 500.0}) == torso).all()


def test_two_bodies_are_fitted_by_bones(torso: np.ndarray) -> None:
    moved = np.zeros_like(torso)
    moved[:, 2:, 4:] = torso[:, :-2, :-4]
    warp = fit(torso, np.ones(torso.shape, bool), moved, steps=5)
    inside = np.argwhere(select(torso, ("vertebrae_lumbar", "hip_left", "hip_right")))[::50]
    found = warp(torch.from_numpy(inside * 3.0).float()).numpy() - inside * 3.0
    assert np.abs(found.mean(0) - (0, 6, 12)).max() < 1.5


def test_base_people_are_made_once_and_have_room(
    torso: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def fitted(*args: object) -> Warp:
        calls.append(1)
        return NOWHERE

    monkeypatch.setattr(bases, "fit", fitted)
    joined = Torso(torso, np.zeros(torso.shape, np.int16), (3.0, 3.0, 3.0), ("one of two",))
    whole = deepened(widened(organs_of(torso)))
    whole[80:84, 60, 60:70] = KEY["clavicle_left"]
    low = np.zeros(whole.shape, bool)
    low[:60] = True
    narrow = np.zeros(whole.shape, bool)
    narrow[:, :, 40:100] = True
    people = [
        person(whole, name="whole"),
        person(whole, name="one of two"),
        person(whole, narrow, "narrow"),
        person(np.where(select(whole, ("liver", "kidney_left")), 0, whole), name="without a liver"),
        person(np.where(low, deepened(widened(organs_of(torso))), 0), low, "part"),
    ]
    made = base_people(joined, people, tmp_path / "run")
    assert [base.name for base in made[:4]] == ["torso", "whole in torso", "part in whole in torso", "part in torso"]
    assert len({base.name for base in made}) == len(made) == 10  # and two abdomens for each of three
    assert {base.sex for base in made} == {"male"}
    loaded = [base.load() for base in made]
    assert all(base.labels.shape == (96, 128, 144) for base in loaded)
    assert loaded[0].filled is not None and not loaded[0].filled.any()
    completed = loaded[1]
    assert completed.filled is not None
    assert completed.filled[select(completed.labels, ("subcutaneous_fat", "muscle"))].all()
    assert not completed.filled[select(completed.labels, ("vertebrae_lumbar", "kidney_left", "heart"))].any()
    assert len(calls) == 9
    again = base_people(joined, people, tmp_path / "run")
    assert len(calls) == 9 and again == made
    monkeypatch.setattr(bases, "MANY", 1)
    assert [base.name for base in base_people(joined, people, tmp_path / "run")] == [base.name for base in made[:3]]
    assert base_of(made[:1], "male", 0, 0).name == "torso"  # read when somebody is made of it


def test_a_wider_canvas_has_air_at_the_flanks_and_arms_that_go_on(torso: np.ndarray) -> None:
    labels = torso.copy()
    labels[80:, 20:30, :] = np.where(labels[80:, 20:30, :] == 0, KEY["muscle"], labels[80:, 20:30, :])
    wide = deepened(widened(labels, 96), 64)
    assert wide.shape == (96, 64, 96)
    assert (wide[:, 4:-4, 8:-8] == labels).all()
    assert not wide[:50, :, :8].any() and not wide[:, :4].any()
    assert (wide[85, 26:32, :8] == KEY["muscle"]).all()


def test_people_are_made_of_their_own_sex(torso: np.ndarray) -> None:
    woman = torso.copy()
    woman[woman == KEY["prostate"]] = KEY["torso_fat"]
    both = [Base("adam", "male", torso), Base("eve", "female", woman), Base("ada", "female", woman.copy())]
    assert all(base_of(both, "male", 0, i) is both[0] for i in range(5))
    assert {base_of(both, "female", 0, i).name for i in range(20)} == {"eve", "ada"}
    assert base_of(both[:1], "female", 0, 0) is both[0]
    first, again = draw_sample(both, 3, 1), draw_sample(both, 3, 1)
    assert (first.labels == again.labels).all()


def test_what_was_filled_in_is_marked_in_the_drawn_person(torso: np.ndarray) -> None:
    filled = np.zeros(torso.shape, bool)
    filled[:, :, :40] = True
    sample = draw_sample([Base("adam", "male", torso, filled)], 1, 1)
    assert sample.filled is not None and sample.filled.shape == torso.shape
    marked = coarse_marked(sample)
    assert (value_of(marked) == coarse(sample.labels)).all()
    x = np.argwhere(marked >= FILLED)[:, 2]
    assert 0.2 < (marked >= FILLED).sum() / (marked > 0).sum() < 0.8
    assert x.mean() < 20 < np.argwhere((marked > 0) & (marked < FILLED))[:, 2].mean()
    plain = draw_sample(torso, 1, 1)
    assert plain.filled is None and coarse_marked(plain).max() < FILLED


def test_a_womans_pelvis_is_not_widened_once_more(torso: np.ndarray) -> None:
    woman = torso.copy()
    woman[woman == KEY["prostate"]] = KEY["torso_fat"]
    assert template(woman, "female").native and template(torso, "male").native
    assert not template(torso, "female").native


def test_coarse_maps_of_wide_people_are_divisible_by_eight(torso: np.ndarray) -> None:
    shape = coarse(deepened(widened(torso))).shape
    assert shape == (48, 64, 72) and all(n % 8 == 0 for n in shape)
