"""Cases beside the people of a training."""

import json
from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.cohort.card import card
from GuideGenLib.cohort.signature import ORGANS, signature_of
from GuideGenLib.cohort.trained import nearness, write_people
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.volumes import image_from_array
from Testing.phantom import SPACING


def signed(labels: np.ndarray, name: str) -> dict[str, object]:
    anatomy = image_from_array(labels, SPACING, (0, 0, 0), labels=True)
    return {"id": name, "signature": signature_of(anatomy)}


@pytest.fixture
def people(phantom: np.ndarray, tmp_path: Path) -> Path:
    """The phantom as the one person of a training, as those are kept."""
    folder = tmp_path / "run" / "people"
    folder.mkdir(parents=True)
    fine = phantom.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    np.savez(folder / "somebody 0123456789abcdef.npz", labels=fine, filled=np.zeros(1))
    path = tmp_path / "people.json"
    assert write_people(tmp_path / "run", "small", path) == 1
    return path


def test_a_copy_is_found_also_where_less_of_it_is_shown(phantom: np.ndarray, people: Path) -> None:
    abdomen = phantom.copy()
    abdomen[54:] = 0
    other = phantom.copy()
    other[34:60] = np.roll(phantom[34:60], 4, axis=1)
    records = [signed(phantom, "same"), signed(abdomen, "part"), signed(other, "other")]
    found = nearness(records, "small", people)
    assert found is not None and found.people == 1
    distances = dict(found.nearest)
    assert distances["same"] < 0.1 and distances["part"] < 4 < distances["other"]
    assert {name for name, _ in found.below(4.0)} == {"same", "part"}


def test_who_shows_next_to_nothing_and_other_models_are_not_compared(phantom: np.ndarray, people: Path) -> None:
    leg = np.zeros_like(phantom)
    leg[:10] = phantom[:10]
    found = nearness([signed(leg, "leg")], "small", people)
    assert found is not None and not found.nearest
    assert nearness([signed(phantom, "same")], "another", people) is None


def test_the_shipped_people_are_there_and_told_of(phantom: np.ndarray) -> None:
    found = nearness([signed(phantom, "boxes")], "torso-small")
    assert found is not None and found.people > 10 and found.nearest[0][1] > 10
    record = {**signed(phantom, "boxes"), "description": {}, "lesions": [], "broken": [], "attempts": 1}
    told = card([record], {"rows": 1, "with_ct": True, "bundle": "x"}, "torso-small")
    assert f"Beside the {found.people} people" in told and "0 of 1 cases" in told
    assert "Nothing was compared" in card([record], {"rows": 1, "with_ct": True, "bundle": "x"})


def test_a_folder_without_people_is_named(tmp_path: Path) -> None:
    with pytest.raises(GuideGenError, match="people"):
        write_people(tmp_path, "small", tmp_path / "people.json")


def test_signatures_hold_all_organs() -> None:
    from GuideGenLib.cohort.trained import FILE
    from GuideGenLib.core.resources import resource

    told = json.loads(resource(FILE).read_text())
    assert {len(one) for one in told["people"]} == {4 * len(ORGANS)}
