"""The population on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.description.model import Finding
from GuideGenLib.population import write
from GuideGenLib.population.sampling import coarse, draw_sample
from GuideGenLib.population.write import coarse_bank, load_bank, write_population


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "CHUNK", 2)


def test_cases_hold_the_anatomy_and_its_description(torso: np.ndarray, tmp_path: Path) -> None:
    write_population(torso, 2, tmp_path, seed=3, with_lesions=False)
    image = sitk.ReadImage(str(tmp_path / "case_0002" / "anatomy.nii.gz"))
    expected = draw_sample(torso, 1, 3)
    assert image.GetSpacing() == (3.0, 3.0, 3.0)
    assert (sitk.GetArrayFromImage(image) == expected.labels).all()
    record = json.loads((tmp_path / "case_0002" / "description.json").read_text())
    assert record["attributes"]["age"] == expected.attributes.age
    assert record["attributes"]["habitus"] == expected.attributes.habitus
    assert record["prompt"]
    assert not list(tmp_path.rglob("*partial*"))


def test_a_case_that_is_there_is_not_made_again(torso: np.ndarray, tmp_path: Path) -> None:
    write_population(torso, 1, tmp_path, with_lesions=False)
    marked = tmp_path / "case_0001" / "description.json"
    marked.write_text("mine")
    write_population(torso, 1, tmp_path, with_lesions=False)
    assert marked.read_text() == "mine"


def test_lesions_are_where_the_findings_say(torso: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = (Finding("tumor", "liver", size_mm=25.0), Finding("tumor", "lung", presence="negated"))
    monkeypatch.setattr(write, "draw_findings", lambda rng, who: wanted)
    write_population(torso, 1, tmp_path)
    record = json.loads((tmp_path / "case_0001" / "description.json").read_text())
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "case_0001" / "anatomy.nii.gz")))
    assert [lesion["label"] for lesion in record["lesions"]] == ["liver_tumor"]
    assert (labels == values()["liver_tumor"]).sum() > 50
    assert not (labels == values()["lung_tumor"]).any()


def test_a_body_without_room_gets_other_findings_or_none(
    torso: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "draw_findings", lambda rng, who: (Finding("tumor", "pancreas", size_mm=20.0),))
    write_population(torso, 1, tmp_path)  # this torso has no pancreas
    record = json.loads((tmp_path / "case_0001" / "description.json").read_text())
    assert record["findings"] == record["lesions"] == []


def test_the_bank_holds_the_coarse_people_in_order(torso: np.ndarray, tmp_path: Path) -> None:
    labels, people = coarse_bank(torso, 3, 7, cache=tmp_path)
    assert labels.shape == (3, 48, 28, 40)
    sample = draw_sample(torso, 2, 7)
    assert people[2] == sample.attributes
    assert (labels[2] == coarse(sample.labels)).all()


def test_a_broken_run_goes_on_and_what_is_done_can_be_read(torso: np.ndarray, tmp_path: Path) -> None:
    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        coarse_bank(torso, 4, 7, cache=tmp_path, progress=stop)
    done, _ = load_bank(tmp_path, 7)
    assert len(done) == 2
    first = next(tmp_path.glob("*.npz")).stat().st_mtime_ns
    labels, _ = coarse_bank(torso, 4, 7, cache=tmp_path)
    assert len(labels) == 4
    assert min(path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")) == first


def test_another_torso_is_not_served_from_the_old_chunks(torso: np.ndarray, tmp_path: Path) -> None:
    old, _ = coarse_bank(torso, 1, 7, cache=tmp_path)
    new, _ = coarse_bank(np.ascontiguousarray(torso[:, :, ::-1]), 1, 7, cache=tmp_path)
    assert (old != new).any()


def test_an_empty_cache_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="guidegen population"):
        load_bank(tmp_path, 1)
