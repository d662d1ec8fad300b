"""What is known of scans and imagined patients, as the trainings take it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.layouts import DataError
from GuideGenLib.data.notes import Notes
from GuideGenLib.description.conditioning import SEX, SEX_KNOWN
from GuideGenLib.population.attributes import draw_attributes
from GuideGenLib.training.materials import (
    ct_materials,
    mask_data,
    volume_ranges,
    wordings,
)


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


def test_a_labelled_scan_becomes_material(flat: Path, tmp_path: Path) -> None:
    encoder = Counting()
    (material,) = ct_materials(flat, tmp_path / "cache", encoder)  # type: ignore[arg-type]
    assert material.name == "anna"
    assert material.typed[[SEX, SEX_KNOWN]].tolist() == [1.0, 1.0]
    assert material.table[values()["liver"]] == pytest.approx(100, abs=5)
    assert material.table[values()["aorta"]] == pytest.approx(160, abs=20)
    assert 0 < material.noise < 1
    assert len(material.texts) == len(encoder.texts)
    assert any("portal venous" in text for text in encoder.texts)


def test_a_scan_without_labels_gets_those_of_the_segmenter_once(flat: Path, tmp_path: Path) -> None:
    calls = []

    def segment(hu: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        calls.append(spacing)
        size = [round(n * spacing / 3) for n in hu.shape]
        grown = np.kron(hu[::3, ::3, ::3] > 90, np.ones((2, 2, 2)))[: size[0], : size[1], : size[2]]
        labels = np.zeros(size, np.uint8)
        labels[tuple(slice(0, n) for n in grown.shape)] = grown * values()["liver"]
        return labels, np.full(size, 0.9, np.float32)

    encoder, cache = Counting(), tmp_path / "cache"
    anna, bert = ct_materials(flat, cache, encoder, segment)  # type: ignore[arg-type]
    assert [anna.name, bert.name] == ["anna", "bert"]
    assert (np.asarray(bert.labels) == values()["liver"]).any()
    assert len(ct_materials(flat, cache, encoder, segment)) == 2 and calls == [2.0]  # type: ignore[arg-type]


def test_held_out_scans_are_left_aside(flat: Path, tmp_path: Path) -> None:
    (flat / "cases.csv").write_text("name,split\nanna,held_out\n")
    with pytest.raises(DataError, match="no scan that the CT stage can learn from"):
        ct_materials(flat, tmp_path / "cache", Counting())  # type: ignore[arg-type]
    (held,) = ct_materials(flat, tmp_path / "cache", Counting(), held_out=True)  # type: ignore[arg-type]
    assert held.name == "anna"


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
