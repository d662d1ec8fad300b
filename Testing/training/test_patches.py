"""Patches of scans: what is varied, what stays true, and what a packed file keeps of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import labels as anatomy_rows
from GuideGenLib.anatomy.table import values
from GuideGenLib.data.scan_measures import coarse_labels
from GuideGenLib.training import patches
from GuideGenLib.training.pack import pack_materials, unpack_materials
from GuideGenLib.training.patches import UNSURE, VESSEL, Material, PatchSource, prepare

SIZE = 24
LIVER = values()["liver"]


@pytest.fixture
def material(organs: np.ndarray, hu: np.ndarray) -> Material:
    unsure = np.zeros(organs.shape, bool)
    unsure[40:] = True
    table = np.zeros(len(anatomy_rows()), np.float32)
    return prepare(
        "anna", hu, organs, 6.0, fallback=table, typed=np.zeros(16, np.float32), texts=[torch.ones(3, 384)],
        unsure=unsure,
    )  # fmt: skip


def source(material: Material, seed: int = 0) -> PatchSource:
    return PatchSource([material], torch.device("cpu"), [seed], SIZE)


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the contrast is varied."""
    for share in ("WARPED", "COARSE", "NOISIER", "WITH_TUMOR", "WITH_UTERUS"):
        monkeypatch.setattr(patches, share, 0.0)


def test_a_patch_shows_its_scan_at_another_contrast(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    drawn = source(material).draw(6)
    assert drawn.hu.shape == drawn.reference.shape == (6, 1, SIZE, SIZE, SIZE)
    assert drawn.labels.dtype == torch.uint8
    for hu, labels, reference in zip(drawn.hu, drawn.labels, drawn.reference, strict=True):
        liver = labels == LIVER
        if liver.sum() > 500:
            assert float((hu[0][liver] - reference[0][liver]).mean()) == pytest.approx(0, abs=12)


def test_the_same_seed_draws_the_same_patches_and_another_seed_others(material: Material) -> None:
    one, two, other = (source(material, seed).draw(2).hu for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_nothing_is_learnt_where_labels_are_not_sure(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    nowhere = replace(material, marks=np.full(material.labels.shape, UNSURE, np.uint8))
    inside = source(nowhere).draw(8).clean
    assert float(inside.mean()) < 0.5  # patches may reach beyond the scan, where air is sure
    sure = replace(material, marks=np.zeros(material.labels.shape, np.uint8))
    assert float(source(sure).draw(8).clean.min()) == 1


def test_lung_vessels_are_shown_in_part_of_the_patches(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    marked = replace(material, marks=np.full(material.labels.shape, VESSEL, np.uint8))
    shown = (source(marked).draw(40).labels == values()["lung_vessel"]).flatten(1).any(dim=1).float().mean()
    assert 0.3 < float(shown) < 0.9


def test_noise_is_added_and_told(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    quiet = source(material).draw(20).noise
    monkeypatch.setattr(patches, "NOISIER", 1.0)
    loud = source(material).draw(20).noise
    assert torch.allclose(quiet, torch.full((20,), material.noise))
    assert (loud >= quiet).all() and float(loud.max()) > material.noise + 0.1


def test_coarse_labels_keep_organs_and_lose_what_is_thin() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:35, 5:35, 5:35] = 1
    labels[20, :, 20] = 2
    coarse = coarse_labels(labels, 2.0)
    assert (coarse == 2).sum() == 0
    assert ((coarse == 1) == (labels > 0)).mean() > 0.95


def test_a_packed_file_gives_the_materials_back(material: Material, tmp_path: Path) -> None:
    path = tmp_path / "ct.pack"
    pack_materials([material, replace(material, name="bert")], path, 6.0)
    anna, bert = unpack_materials(path)
    assert [anna.name, bert.name] == ["anna", "bert"]
    assert anna.noise == material.noise
    assert np.array_equal(anna.table, material.table)
    assert torch.equal(anna.texts[0].float(), material.texts[0])
    assert (anna.labels > 0).sum() == (material.labels > 0).sum()
    inside = anna.labels > 0
    assert abs(float(anna.hu[inside].mean()) - float(material.hu[material.labels > 0].mean())) < 1
    assert path.stat().st_size < material.hu.nbytes
