"""What is known of scans and imagined patients, as the trainings take it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import network_labels, values
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import HELD_OUT, VALIDATION, Notes
from GuideGenLib.data.prepare import prepare
from GuideGenLib.data.store import Store, StoredArray
from GuideGenLib.description.conditioning import SEX, SEX_KNOWN
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.training.materials import (
    ct_materials,
    mask_data,
    volume_ranges,
    wordings,
)
from Testing.data import segmenters


class Counting:
    """In the place of the text encoder: it keeps the texts, and a text's state is their number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, text: str) -> Tensor:
        self.texts.append(text)
        return torch.full((3, 384), float(len(self.texts)))


def test_wordings_say_what_is_known_and_no_more() -> None:
    known = wordings(Notes("female", 61.0, "none", "Lady with a cough."))
    assert known[0] == "Lady with a cough."
    assert len(set(known)) == len(known) > 6
    assert all("61 years" in text for text in known[1:])
    assert any("woman" in text for text in known) and not any(" man" in text for text in known)
    assert all("contrast" in text or "nenhanced" in text for text in known[1:])
    unknown = " ".join(wordings(Notes()))
    assert not any(word in unknown for word in ("man", "contrast", "phase", "years", "None"))


@pytest.fixture
def store(flat: Path, tmp_path: Path) -> Store:
    """A labelled scan, and one that a segmenter labels."""
    list(prepare([flat], tmp_path / "store", 1, segmenters.liver))
    return Store(tmp_path / "store")


def test_labelled_and_segmented_scans_become_materials_whose_volumes_stay_on_disk(store: Store) -> None:
    encoder = Counting()
    anna, bert = ct_materials(store, encoder)  # type: ignore[arg-type]
    assert [anna.name, bert.name] == ["anna", "bert"]
    assert anna.typed[[SEX, SEX_KNOWN]].tolist() == [1.0, 1.0]
    assert anna.table[values()["liver"]] == pytest.approx(100, abs=5)
    assert anna.table[values()["aorta"]] == pytest.approx(160, abs=20)
    assert anna.table[values()["spleen"]] == pytest.approx(reference_table("portal_venous")[values()["spleen"]])
    assert 0 < anna.noise < 1
    assert len(anna.texts) + len(bert.texts) == len(encoder.texts)
    assert any("portal venous" in text for text in encoder.texts)
    assert isinstance(anna.hu, StoredArray) and anna.hu.shape == anna.labels.shape
    assert (bert.labels[...] == values()["liver"]).any()


def test_a_store_older_than_the_labels_of_some_findings_is_read(store: Store) -> None:
    before = [one.table for one in ct_materials(store, Counting())]  # type: ignore[arg-type]
    for path in store.folder.glob("cases/*/case.json"):
        told = json.loads(path.read_text("utf-8"))
        if told["ct"] is not None:
            told["ct"]["table"] = told["ct"]["table"][: len(network_labels())]
            path.write_text(json.dumps(told), "utf-8")
    older = [one.table for one in ct_materials(Store(store.folder), Counting())]  # type: ignore[arg-type]
    assert len(older) == 2 and all(np.array_equal(a, b) for a, b in zip(older, before, strict=True))


def test_scans_of_other_splits_are_left_aside(store: Store) -> None:
    (store.folder / "cases.csv").write_text("name,split\nanna,held_out\nbert,validation\n")
    with pytest.raises(DataError, match="no scan that the CT stage can learn from"):
        ct_materials(store, Counting())  # type: ignore[arg-type]
    (held,) = ct_materials(store, Counting(), HELD_OUT)  # type: ignore[arg-type]
    (validated,) = ct_materials(store, Counting(), VALIDATION)  # type: ignore[arg-type]
    assert (held.name, validated.name) == ("anna", "bert")


def test_people_become_mask_data() -> None:
    people = [draw_attributes(np.random.default_rng(seed)) for seed in range(3)]
    encoder = Counting()
    labels = np.zeros((3, 4, 4, 4), np.uint8)
    data = mask_data(labels, people, encoder, seed=1, prompts=2)  # type: ignore[arg-type]
    assert data.labels is labels
    assert data.typed.shape == (3, 16)
    assert [data.typed[i, SEX] for i in range(3)] == [1.0 if who.sex == "male" else -1.0 for who in people]
    assert [len(texts) for texts in data.texts] == [2, 2, 2]
    assert len(set(encoder.texts)) > 3
    again = Counting()
    mask_data(labels, people, again, seed=1, prompts=2)  # type: ignore[arg-type]
    assert again.texts == encoder.texts


def test_volume_ranges_are_percentiles_of_those_who_have_the_organ() -> None:
    anatomies = np.zeros((200, 4, 8, 8), np.uint8)
    for index, anatomy in enumerate(anatomies):
        anatomy.reshape(-1)[: index + 1] = values()["liver"]
        anatomy[3, 7, :4] = values()["prostate" if index % 2 else "uterus"]
        anatomy[3, 5, :3] = values()["lung_vessel"]
        anatomy[3, 6, :2] = values()["gallbladder"] if index % 10 else 0
    ranges = volume_ranges(anatomies)
    assert set(ranges) == {"liver", "prostate", "uterus"}
    assert ranges["liver"] == pytest.approx([0.216 * np.percentile(range(1, 201), p) for p in (1, 99)], abs=0.01)
    assert ranges["uterus"] == pytest.approx([4 * 0.216] * 2, abs=0.01)
