"""HU, jitter and seams of volumes whose faults are known."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import hu_mean, values
from GuideGenLib.ct import synthesizer
from GuideGenLib.description import Description
from GuideGenLib.evaluation.prompts import hu_check
from GuideGenLib.evaluation.prompts.hu_check import jitter, organs_hu, organs_table, small_tiles, tile_seams
from Testing.trunk import flat, hu, organs, write

__all__ = ["flat", "hu", "organs", "write"]


@pytest.fixture
def labels() -> np.ndarray:
    found = np.zeros((24, 24, 24), np.uint8)
    found[2:22, 2:22, 2:22] = values()["liver"]
    found[9:13, 9:13, 9:13] = values()["gallbladder"]
    found[2, 2, 2:9] = values()["spleen"]  # too few voxels for a figure
    return found


def test_the_rim_of_an_organ_does_not_count_to_its_interior(labels: np.ndarray):
    hu = np.where(labels == values()["liver"], 100.0, -1000.0)
    hu[2] = hu[21] = hu[:, 2] = hu[:, 21] = hu[:, :, 2] = hu[:, :, 21] = -400.0
    liver = next(organ for organ in organs_hu(hu, labels) if organ.key == "liver")
    assert liver.inner == liver.judged == 100.0 and liver.sd == 0.0
    assert liver.whole < 0
    assert liver.voxels == 20**3 - 4**3 - 7


def test_tissues_are_weighted_by_their_voxels(labels: np.ndarray):
    big, small = values()["kidney_left"], values()["kidney_right"]
    labels[labels == values()["liver"]] = big
    labels[labels == values()["gallbladder"]] = small
    hu = hu_mean("none").astype(float)[labels]
    hu[labels == big] += 3.0
    hu[labels == small] -= 100.0
    found = hu_check.tissue_differences([organs_hu(hu, labels)], "none")
    counts = [(labels == value).sum() for value in (big, small)]
    assert found == {"kidney": pytest.approx((3 * counts[0] - 100 * counts[1]) / sum(counts))}


def test_an_organ_of_few_voxels_counts_whole(labels: np.ndarray):
    small = next(organ for organ in organs_hu(np.full(labels.shape, 12.0), labels) if organ.key == "gallbladder")
    assert small.inner is None and small.judged == 12.0


@pytest.mark.parametrize(("off", "missed"), [(9.0, 0), (-9.0, 0), (11.0, 1), (-11.0, 1)])
def test_the_table_tells_what_is_farther_off_than_10_hu(labels: np.ndarray, off: float, missed: int):
    hu = hu_mean("none").astype(float)[labels]
    hu[labels == values()["liver"]] += off
    table = organs_table([organs_hu(hu, labels)], "none", {"liver": 14.0})
    liver = next(line for line in table.splitlines() if line.startswith("liver"))
    assert ("MISSED" in liver) == bool(missed) and f"{off:+.0f}" in liver
    assert table.endswith(f"{2 - missed} of 2 labels within 10 HU")


def test_even_texture_has_no_jitter_and_jumping_slices_have(labels: np.ndarray):
    rng = np.random.default_rng(0)
    even = rng.normal(0, 10, labels.shape)
    assert jitter(even, labels) == pytest.approx(1, abs=0.05)
    assert jitter(even + rng.normal(0, 20, (24, 1, 1)), labels) > 1.5
    with pytest.raises(ValueError, match="neither liver nor muscle"):
        jitter(even, np.zeros_like(labels))


def test_tiles_are_small_only_inside_the_block():
    before = synthesizer.TILE, synthesizer.DECODE_CELLS
    with pytest.raises(RuntimeError), small_tiles():
        assert synthesizer.TILE == hu_check.SMALL_TILE and synthesizer.DECODE_CELLS == hu_check.SMALL_SLAB
        raise RuntimeError
    assert before == (synthesizer.TILE, synthesizer.DECODE_CELLS)


ALL = np.ones((240, 20, 20), np.uint8)


class SeamedGenerator:
    """Its slices alternate by 10 HU; tiled, one voxel differs by 40 HU, and each tile is 30 HU above the one below."""

    def __init__(self, seam: int) -> None:
        self.seam = seam

    def synthesize_ct(self, anatomy: sitk.Image, description: Description) -> sitk.Image:
        hu = np.zeros((240, 20, 20), np.int16)
        hu[::2] = 10
        if hu_check.SMALL_TILE == synthesizer.TILE:
            for edge in hu_check.tile_edges(60, hu_check.SMALL_TILE[0]):
                hu[4 * edge :] += self.seam
            hu[5, 5, 5] += 40
        return sitk.GetImageFromArray(hu)


def test_a_difference_is_measured():
    found = tile_seams(SeamedGenerator(0), sitk.Image(), ALL, Description(""))  # type: ignore[arg-type]
    assert found["max"] == 40.0 and found["mean"] == pytest.approx(40 / 96000)
    assert found["edge"] == pytest.approx(1.0)


def test_a_seam_is_measured():
    assert tile_seams(SeamedGenerator(30), sitk.Image(), ALL, Description(""))["edge"] > 1.5  # type: ignore[arg-type]


def test_the_edges_of_tiles_are_those_of_the_sliding_window(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(synthesizer, "TILE", (8, 8, 8))
    seen = []

    def network(x: torch.Tensor) -> torch.Tensor:
        seen.append(int(x[0, 0, 0, 0, 0]))
        return x.clone()  # MONAI weighs the answer in place

    ramp = torch.arange(21.0)[:, None, None].expand(1, 1, 21, 8, 8)
    synthesizer._tiled(network, ramp.contiguous())
    assert hu_check.tile_edges(21, 8) == sorted({*seen, *(start + 8 for start in seen)})


def test_real_scans_are_all_that_have_labels(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (flat / "cases.csv").write_text("name,split\nanna,held_out\n")
    monkeypatch.setenv("GUIDEGEN_DATA", str(flat))
    ((hu, labels),) = hu_check._real_scans(tmp_path)
    assert hu.shape == labels.shape and (labels == values()["liver"]).any()
    monkeypatch.delenv("GUIDEGEN_DATA")
    assert hu_check._real_scans(tmp_path) == []
