"""Joining two labelled scans to a torso."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.store import CaseRecord, CTRecord, Store
from GuideGenLib.population import torso
from GuideGenLib.population.registration import Warp, exponential, jacobian, lattice, register, sample
from GuideGenLib.population.tidying import tidy


def still(shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Warp:
    """A warp that only shifts."""
    return Warp(torch.zeros(3, 4, 4, 4), (0.0, 0.0, 0.0), (12.0, 12.0, 12.0), torch.eye(3), torch.tensor(shift))


def test_sample_takes_points_in_millimetres() -> None:
    volume = torch.arange(60, dtype=torch.float32).reshape(1, 3, 4, 5)
    assert sample(volume, torch.tensor([[4.0, 3.0, 1.0]]), (2.0, 1.5, 0.5)).item() == pytest.approx(2 * 20 + 2 * 5 + 2)


def test_exponential_of_a_constant_velocity_is_that_shift() -> None:
    velocity = torch.tensor([3.0, -2.0, 1.0])[:, None, None, None].expand(3, 5, 6, 7)
    assert torch.allclose(exponential(velocity, (12.0, 12.0, 12.0)), velocity, atol=1e-4)


def test_exponential_does_not_fold() -> None:
    torch.manual_seed(0)
    velocity = torch.nn.functional.interpolate(torch.randn(1, 3, 4, 4, 4) * 12, size=(10, 10, 10), mode="trilinear")[0]
    step = (12.0, 12.0, 12.0)
    warp = Warp(exponential(velocity, step), (0.0, 0.0, 0.0), step, torch.eye(3), torch.zeros(3))
    assert jacobian(warp.bent, (10, 10, 10), (12.0, 12.0, 12.0)).min() > 0


def test_registration_finds_a_known_shift_and_scale() -> None:
    z, y, x = np.indices((30, 26, 26)) * 4.0

    def scene(scale: float, dz: float, dx: float) -> dict[str, np.ndarray]:
        centres = {"a": (30, 50, 50), "b": (60, 50, 52), "c": (90, 48, 50), "d": (60, 70, 30)}
        return {
            k: ((z - dz) / scale - a) ** 2 + (y / scale - b) ** 2 + ((x - dx) / scale - c) ** 2 < 12**2
            for k, (a, b, c) in centres.items()
        }

    fixed, moving = scene(1.0, 0.0, 0.0), scene(1.1, 4.0, -6.0)
    groups = {k: (fixed[k], moving[k], 1.0) for k in fixed}
    warp = register(groups, ("a", "b", "c"), (4.0,) * 3, (4.0,) * 3, still_below=0.0, affine_steps=40, steps=3)
    moved = warp(torch.tensor([[60.0, 70.0, 30.0]]))[0]
    assert torch.allclose(moved, torch.tensor([70.0, 77.0, 27.0]), atol=2.0)
    assert min(torso.overlap_dice(groups, warp, (4.0,) * 3, (4.0,) * 3).values()) > 0.85


def test_tidy_keeps_one_piece_and_bridges_a_narrow_cut() -> None:
    value = values()
    labels = np.full((40, 30, 30), value["torso_fat"], np.uint8)
    labels[5:35, 13:18, 13:18] = value["aorta"]
    labels[20:22, 13:18, 13:18] = value["torso_fat"]
    labels[2:4, 2:4, 2:4] = value["liver"]
    labels[20:30, 2:8, 20:28] = value["liver"]
    result = tidy(labels)
    for key in ("aorta", "liver"):
        assert ndimage.label(result == value[key])[1] == 1
    assert (result[20:22, 14:17, 14:17] == value["aorta"]).all()
    assert (result[2:4, 2:4, 2:4] == value["torso_fat"]).all()


def test_cached_torso_reads_what_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 70, (4, 5, 6)).astype(np.uint8)
    made = torso.Torso(labels, np.zeros((4, 5, 6), np.int16), (3.0, 3.0, 3.0), ("anna", "bert"))
    assert torso.write_torso(made, tmp_path).name == "torso.npz"

    def no_store() -> Store:
        raise AssertionError

    read = torso.cached_torso(no_store, tmp_path)
    assert np.array_equal(read.labels, made.labels)
    assert read.spacing == made.spacing and read.sources == ("anna", "bert")
    assert [p.name for p in tmp_path.iterdir()] == ["torso.npz"]


def record(name: str, regions: tuple[str, ...], structures: int, segmented: bool = False) -> CaseRecord:
    ct = CTRecord((4, 4, 4), 2.0, 0.3, [], 10, segmented, 0.0)
    keys = ("vertebrae_thoracic", "vertebrae_lumbar", *list(values())[:structures])
    return CaseRecord(name, "", regions=regions, structures=keys, ct=ct)


def test_the_torso_is_joined_of_the_scans_that_show_most() -> None:
    chest, pelvis = ("chest", "abdomen"), ("abdomen", "pelvis")
    records = [
        record("a", chest, 30), record("b", chest, 40), record("c", chest, 50, segmented=True),
        record("d", pelvis, 20), record("e", pelvis, 30),
    ]  # fmt: skip
    assert [one.name for one in torso.chosen_scans(records)] == ["b", "e"]
    with pytest.raises(DataError, match="no labelled scan shows pelvis and loins"):
        torso.chosen_scans(records[:3])


def test_the_vertebrae_about_the_end_of_the_chest_are_told_apart() -> None:
    labels = np.zeros((100, 8, 8), np.uint8)
    labels[:50] = values()["vertebrae_lumbar"]
    labels[50:] = values()["vertebrae_thoracic"]
    heights = [np.flatnonzero(mask.any((1, 2))) * 2.0 for mask in torso._landmarks(labels, (2.0, 2.0, 2.0)).values()]
    assert [(h[0], h[-1]) for h in heights] == [(100.0, 130.0), (68.0, 98.0), (36.0, 66.0)]


def test_lattice_counts_from_zero() -> None:
    points = lattice((2, 3, 4), (1.0, 2.0, 3.0))
    assert points[1, 2, 3].tolist() == [1.0, 4.0, 9.0]
    assert still((1.0, 0.0, -1.0))(points)[0, 0, 0].tolist() == [1.0, 0.0, -1.0]
