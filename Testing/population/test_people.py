"""Label maps of real people: read, placed, completed, exchanged and measured."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.unknown import FILLED, value_of
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.tissues import dilate, select
from GuideGenLib.population import bases
from GuideGenLib.population.bases import base_people, deepened, widened
from GuideGenLib.population.completing import ABDOMEN, complete, finished, fit, moderated, paste_abdomen
from GuideGenLib.population.people import Person, read_people
from GuideGenLib.population.registration import Warp
from GuideGenLib.population.sampling import Base, base_of, coarse, coarse_marked, draw_sample
from GuideGenLib.population.template import template

KEY = values()
TISSUES = ("subcutaneous_fat", "torso_fat", "muscle", "body")
NOWHERE = Warp(torch.zeros(3, 2, 2, 2), (0.0, 0.0, 0.0), (1000.0, 1000.0, 1000.0), torch.eye(3), torch.zeros(3))


def organs_of(torso: np.ndarray) -> np.ndarray:
    return np.where(select(torso, TISSUES), 0, torso).astype(np.uint8)


def person(labels: np.ndarray, seen: np.ndarray | None = None) -> Person:
    known = frozenset(int(v) for v in np.unique(labels) if v)
    return Person("anna", "male", labels, np.ones(labels.shape, bool) if seen is None else seen, known, 1.0)


def write(folder: Path, name: str, labels: np.ndarray, spacing: float, names: dict[str, str] | None = None) -> None:
    """A label map as others keep them: its own values, and what they are beside it."""
    keys = {value: key for key, value in KEY.items()}
    found = [int(v) for v in np.unique(labels) if v]
    folder.mkdir(exist_ok=True)
    write_volume(image_from_array(labels, (spacing,) * 3, labels=True), folder / f"{name}.nii.gz")
    meaning = {str(v): keys[v] for v in found} if names is None else names
    (folder / f"{name}.json").write_text(json.dumps(meaning))


def test_a_map_is_placed_by_its_spine_and_pelvis(torso: np.ndarray, tmp_path: Path) -> None:
    larger = organs_of(torso)[:70, 4:, 6:]  # neither lung apices nor the right flank are shown
    write(tmp_path, "anna", larger, 3.3)
    (found,) = read_people(tmp_path, torso)
    assert found.sex == "male"  # a prostate is labelled
    assert found.scale == pytest.approx(3 / 3.3, abs=0.03)
    assert not found.seen[76:].any() and found.seen[5:60].any()
    for key in ("vertebrae_lumbar", "liver", "kidney_left"):
        ours, theirs = (np.argwhere(x == KEY[key]).mean(0) for x in (found.labels, torso))
        assert np.abs(ours - theirs).max() < 2.0
    assert KEY["liver"] in found.known and KEY["muscle"] not in found.known


def test_a_woman_is_known_by_a_whole_pelvis_without_a_prostate_and_a_table_may_tell(
    torso: np.ndarray, tmp_path: Path
) -> None:
    shown = organs_of(torso)
    shown[shown == KEY["prostate"]] = 0
    write(tmp_path, "anna", np.pad(shown, ((4, 4), (0, 0), (0, 0))), 3.0)
    assert read_people(tmp_path, torso)[0].sex == "female"
    (tmp_path / "cases.csv").write_text("name,sex,age,phase,text\nanna,male,50,,\n")
    assert [(one.sex, one.age) for one in read_people(tmp_path, torso)] == [("male", 50)]
    (tmp_path / "cases.csv").write_text("name,sex,age,phase,text\nanna,f,,,\n")
    with pytest.raises(DataError, match="sex is 'f'"):
        read_people(tmp_path, torso)


def test_a_map_without_lumbar_spine_is_left_aside_and_values_without_name_are_told(
    torso: np.ndarray, tmp_path: Path
) -> None:
    shown = organs_of(torso)
    write(tmp_path, "anna", np.where(shown == KEY["vertebrae_lumbar"], 0, shown).astype(np.uint8), 3.0)
    assert read_people(tmp_path, torso) == []
    write(tmp_path, "anna", shown, 3.0, {"26": "liver"})
    with pytest.raises(DataError, match="does not name"):
        read_people(tmp_path, torso)
    (tmp_path / "anna.json").write_text("[]")
    with pytest.raises(DataError, match=r"anna\.json must name"):
        read_people(tmp_path, torso)


def test_structures_that_our_table_lacks_are_unlabelled(torso: np.ndarray, tmp_path: Path) -> None:
    shown = organs_of(torso)
    names = {str(v): key for key, v in KEY.items() if (shown == v).any()} | {str(KEY["aorta"]): "thymus"}
    write(tmp_path, "anna", shown, 3.0, names)
    (found,) = read_people(tmp_path, torso)
    assert KEY["aorta"] not in found.known and KEY["liver"] in found.known


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
    monkeypatch.setattr(bases, "WIDTH", 88)
    whole = organs_of(torso)
    whole[80:84, 20, 20:30] = KEY["clavicle_left"]
    write(tmp_path / "maps", "whole", whole, 3.0)
    write(tmp_path / "maps", "part", organs_of(torso)[:60], 3.0)
    made = base_people(torso, tmp_path / "maps", tmp_path / "run")
    assert [base.name for base in made[:4]] == ["torso", "whole in torso", "part in whole in torso", "part in torso"]
    assert len({base.name for base in made}) == len(made) == 10  # and two abdomens for each of three
    assert {base.sex for base in made} == {"male"}
    assert all(base.labels.shape == (96, 128, 144) for base in made)
    assert made[0].filled is None
    completed = made[1]
    assert completed.filled is not None
    assert completed.filled[select(completed.labels, ("subcutaneous_fat", "muscle"))].all()
    assert not completed.filled[select(completed.labels, ("vertebrae_lumbar", "kidney_left", "heart"))].any()
    assert len(calls) == 9
    again = base_people(torso, tmp_path / "maps", tmp_path / "run")
    assert len(calls) == 9
    assert all((a.labels == b.labels).all() for a, b in zip(made, again, strict=True))
    base_people(np.ascontiguousarray(torso[:, :, ::-1]), tmp_path / "none", tmp_path / "run")


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
