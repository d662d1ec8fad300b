"""Patches of scans: what is varied, what stays true, and what a packed file keeps of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as nnf
from torch.utils.data import default_collate

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import FACTOR
from GuideGenLib.ct.reference import skin_depth
from GuideGenLib.data.scan_measures import POSITIONS, UNSURE, VESSEL, body_positions, coarse_labels, skin_depth_map
from GuideGenLib.data.store import VOLUMES
from GuideGenLib.training.loop.draws import VALIDATION, Batch, Seeds
from GuideGenLib.training.networks import cutting, patches
from GuideGenLib.training.networks.cutting import Cuts, Material
from GuideGenLib.training.networks.patches import Patches, Variation
from GuideGenLib.training.pack import pack_materials, unpack_materials
from Testing.tiny_trainings import scan

SIZE = 24
LIVER = values()["liver"]


@pytest.fixture
def material(organs: np.ndarray, hu: np.ndarray) -> Material:
    unsure = np.zeros(organs.shape, bool)
    unsure[40:] = True
    return scan(hu, organs, 6.0, unsure=unsure)


def draw(material: Material, samples: Sequence[int], seed: int = 0, step: int = 0) -> Patches:
    cuts = Cuts([material], SIZE, Seeds(seed))
    batch = Batch(Seeds(seed), step, tuple(samples), default_collate([cuts[number] for number in samples]))
    return Variation([material], torch.device("cpu"))(batch)


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the contrast is varied."""
    monkeypatch.setattr(cutting, "WARPED", 0.0)
    for share in ("COARSE", "NOISIER", "WITH_TUMOR", "WITH_UTERUS"):
        monkeypatch.setattr(patches, share, 0.0)


def test_a_patch_shows_its_scan_at_another_contrast(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    drawn = draw(material, range(6))
    assert drawn.hu.shape == drawn.reference.shape == (6, 1, SIZE, SIZE, SIZE)
    assert drawn.labels.dtype == torch.uint8
    for hu, labels, reference in zip(drawn.hu, drawn.labels, drawn.reference, strict=True):
        liver = labels == LIVER
        if liver.sum() > 500:
            assert float((hu[0][liver] - reference[0][liver]).mean()) == pytest.approx(0, abs=12)


def test_a_patch_depends_on_its_number_alone(material: Material) -> None:
    together, alone = draw(material, range(4, 8)), draw(material, [6])
    for field in ("hu", "labels", "reference", "depth", "clean", "noise"):
        torch.testing.assert_close(getattr(together, field)[2:3], getattr(alone, field), rtol=0, atol=2e-3)
    assert torch.equal(draw(material, [6]).hu, alone.hu)
    other = draw(material, [6], seed=1).hu
    assert not torch.equal(other, alone.hu) and not torch.equal(draw(material, [7]).hu, alone.hu)


def test_validation_shows_other_patches(material: Material) -> None:
    cuts = Cuts([material], SIZE, Seeds(0))
    held = cuts.of(VALIDATION)
    assert not any(torch.equal(cuts[number]["hu"], held[number]["hu"]) for number in range(8))


def test_scans_to_validate_on_are_seen_in_validation_alone(material: Material) -> None:
    cuts = Cuts([material, material], SIZE, Seeds(0), [replace(material, name="held")])
    named = [[cuts.scans[each[n]["scan"]].name for n in range(20)] for each in (cuts, cuts.of(VALIDATION))]
    assert set(named[0]) == {"anna"} and set(named[1]) == {"held"}
    batch = Batch(cuts.of(VALIDATION).seeds, 0, (0,), default_collate([cuts.of(VALIDATION)[0]]))
    assert Variation(cuts.scans, torch.device("cpu"))(batch).materials[0].name == "held"


class OnDisk:
    """A volume that knows its shape and gives numpy when it is sliced, nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._array, self.most = array, 0

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        assert all(isinstance(one, slice) and one.step is None for one in key)
        part = self._array[key].copy()
        self.most = max(self.most, part.size)
        return part


def test_patches_are_cut_of_volumes_on_disk_without_reading_them_whole(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes: dict[str, Any] = {name: OnDisk(getattr(material, name)) for name in cutting.VOLUMES}
    stored = replace(material, **volumes)
    for warped in (0.0, 1.0):
        monkeypatch.setattr(cutting, "WARPED", warped)
        for number in range(5):
            one, other = (Cuts([each], 8, Seeds(0))[number] for each in (material, stored))
            assert one.keys() == other.keys()
            assert all(torch.equal(torch.as_tensor(one[key]), torch.as_tensor(other[key])) for key in one)
    assert 8**3 <= volumes["hu"].most <= 12**3


def test_positions_are_of_the_body_and_always_the_same(material: Material, organs: np.ndarray) -> None:
    assert material.voxels == np.count_nonzero(organs) > POSITIONS
    assert material.positions.shape == (POSITIONS, 3) and material.positions.dtype == np.int32
    assert (organs[tuple(material.positions.T)] > 0).all()
    assert len(np.unique(material.positions, axis=0)) == POSITIONS
    assert np.array_equal(body_positions(organs)[0], material.positions)


def test_larger_scans_are_cut_more_often_but_not_as_much_as_they_are_larger(material: Material) -> None:
    cuts = Cuts([material, replace(material, voxels=material.voxels * 9)], 8, Seeds(0))
    chosen = [cuts[number]["scan"] for number in range(200)]
    assert cuts.share.tolist() == pytest.approx([0.25, 0.75]) and 0.65 < np.mean(chosen) < 0.85


def test_the_depth_of_a_patch_is_that_of_the_run_time(organs: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch on the grid of cells has the depth that the CT stage measures of the same labels."""
    labels = torch.from_numpy(organs)
    inside = nnf.max_pool3d((labels != 0).float()[None, None], FACTOR)[0, 0] > 0
    wanted = skin_depth(inside, 2.0 * FACTOR)[0, 0].numpy()
    whole = skin_depth_map(organs > 0, 2.0)
    assert np.abs(whole[::FACTOR, ::FACTOR, ::FACTOR] / 255 - wanted).max() < 0.5 / 255 + 1e-6
    assert 0.2 < wanted.max() < 1
    moved = np.pad(organs, [(1, 0), (2, 0), (3, 0)])  # wherever the patch begins
    again = skin_depth_map(moved > 0, 2.0)[1::FACTOR, 2::FACTOR, 3::FACTOR]
    assert np.array_equal(again[:11, :9, :15], whole[::FACTOR, ::FACTOR, ::FACTOR][:11, :9, :15])


def test_nothing_is_learnt_where_labels_are_not_sure(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    nowhere = replace(material, marks=np.full(material.labels.shape, UNSURE, np.uint8))
    inside = draw(nowhere, range(8)).clean
    assert float(inside.mean()) < 0.5  # patches may reach beyond the scan, where air is sure
    sure = replace(material, marks=np.zeros(material.labels.shape, np.uint8))
    assert float(draw(sure, range(8)).clean.min()) == 1


def test_lung_vessels_are_shown_in_part_of_the_patches(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    marked = replace(material, marks=np.full(material.labels.shape, VESSEL, np.uint8))
    shown = (draw(marked, range(40)).labels == values()["lung_vessel"]).flatten(1).any(dim=1).float().mean()
    assert 0.3 < float(shown) < 0.9


def test_noise_is_added_and_told(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch)
    quiet = draw(material, range(20)).noise
    monkeypatch.setattr(patches, "NOISIER", 1.0)
    loud = draw(material, range(20)).noise
    assert torch.allclose(quiet, torch.full((20,), material.noise))
    assert (loud >= quiet).all() and float(loud.max()) > material.noise + 0.1


def test_coarse_labels_keep_organs_and_lose_what_is_thin() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:35, 5:35, 5:35] = 1
    labels[20, :, 20] = 2
    coarse = coarse_labels(labels, 2.0)
    assert (coarse == 2).sum() == 0
    assert ((coarse == 1) == (labels > 0)).mean() > 0.95


def test_a_packed_file_is_as_small_as_is_asked(material: Material, tmp_path: Path) -> None:
    path = tmp_path / "ct.pack"
    volumes = {key: getattr(material, key)[:, :, :40] for key in VOLUMES}
    small = replace(material, name="bert", **volumes)
    assert pack_materials([material, small], path, 6.0) == []
    fine = path.stat().st_size
    assert pack_materials([material, small], path, 6.0, 0.9 * fine) == []  # coarser HU are enough
    assert path.stat().st_size <= 0.9 * fine
    whole = np.asarray(unpack_materials(path)[0].hu, int)
    assert not (whole % 8).any() and whole.std() > 100
    assert pack_materials([material, small], path, 6.0, 0.45 * fine) == ["anna"]
    assert [one.name for one in unpack_materials(path)] == ["bert"]
    with pytest.raises(ValueError, match="one scan alone"):
        pack_materials([material, small], path, 6.0, 1000)


def test_a_packed_file_gives_the_materials_back(material: Material, tmp_path: Path) -> None:
    path = tmp_path / "ct.pack"
    pack_materials([material, replace(material, name="bert")], path, 6.0)
    anna, bert = unpack_materials(path)
    assert [anna.name, bert.name] == ["anna", "bert"]
    assert anna.noise == material.noise
    assert np.array_equal(anna.table, material.table)
    assert torch.equal(anna.texts[0].float(), material.texts[0])
    labels, true = np.asarray(anna.labels), np.asarray(material.labels)
    assert (labels > 0).sum() == (true > 0).sum() == anna.voxels
    assert (labels[tuple(anna.positions.T)] > 0).all()
    mean = np.asarray(anna.hu)[labels > 0].mean()
    assert abs(float(mean) - float(np.asarray(material.hu)[true > 0].mean())) < 1
    assert path.stat().st_size < np.asarray(material.hu).nbytes
