"""Each seed its own body: nothing folds, nothing is lost, and what is asked for or kept stays as it was."""

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.deformation import exponential, jacobian
from GuideGenLib.mask.individual import COARSE, individual, velocity
from GuideGenLib.population.variety import Shape, laid_on

DEPTH = 55
WHOLE = (0, DEPTH)
"""The trunk's slices on the coarse grid."""


@pytest.fixture(scope="module")
def body(trunk: np.ndarray) -> np.ndarray:
    """The trunk with a bladder, its voxels taken as 3 mm wide."""
    labels = trunk.copy()
    z, y, x = np.ogrid[tuple(slice(0, n) for n in labels.shape)]
    labels[((z - 18) / 9) ** 2 + ((y - 26) / 8) ** 2 + ((x - 46) / 9) ** 2 <= 1] = values()["urinary_bladder"]
    return labels


@pytest.fixture(scope="module")
def patients(body: np.ndarray) -> list[np.ndarray]:
    return [individual(body, seed, WHOLE, DEPTH) for seed in (1, 2)]


def organ(labels: np.ndarray, key: str) -> Shape:
    found = Shape.of(labels == values()[key])
    assert found is not None
    return found


def test_the_seed_alone_decides(body: np.ndarray, patients: list[np.ndarray]) -> None:
    before = body.copy()
    assert np.array_equal(individual(body, 1, WHOLE, DEPTH), patients[0])
    assert np.array_equal(body, before)
    assert (patients[0] != patients[1]).any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_folds(body: np.ndarray, seed: int) -> None:
    back = exponential(-velocity(body, seed, WHOLE, DEPTH), COARSE)
    assert jacobian(back, COARSE)[body[::2, ::2, ::2] > 0].min() > 0.05


def test_organs_stay_whole_on_their_side_and_without_holes(body: np.ndarray, patients: list[np.ndarray]) -> None:
    for labels in patients:
        for key in ("liver", "spleen", "stomach", "kidney_left", "kidney_right", "heart", "aorta"):
            assert 0.5 < organ(labels, key).count / organ(body, key).count < 2
        assert organ(labels, "kidney_left").centre[2] > organ(labels, "spinal_cord").centre[2] + 5
        assert organ(labels, "kidney_right").centre[2] < organ(labels, "spinal_cord").centre[2] - 5
        for inside in labels[::20] > 0:
            assert inside.any() and np.array_equal(ndimage.binary_fill_holes(inside), inside)


def test_organs_differ_and_the_spleen_more_than_the_liver(patients: list[np.ndarray]) -> None:
    alike = {key: laid_on(*(organ(labels, key) for labels in patients)) for key in ("liver", "spleen", "aorta")}
    assert alike["spleen"] < alike["liver"] < 0.97


def test_the_bladder_fills_unless_its_size_is_asked(body: np.ndarray) -> None:
    def shares(*sized: int) -> list[float]:
        before = organ(body, "urinary_bladder").count
        return [organ(individual(body, n, WHOLE, DEPTH, sized), "urinary_bladder").count / before for n in range(3)]

    free, asked = shares(), shares(values()["urinary_bladder"])
    assert np.std(np.log(free)) > 1.5 * np.std(np.log(asked))
    assert max(abs(np.log(asked))) < 0.35


@pytest.mark.parametrize("seed", [1, 2])
def test_the_pelvis_keeps_its_proportions(seed: int) -> None:
    labels = np.full((112, 64, 96), values()["muscle"], np.uint8)
    posts = {"hip_left": (20, 30, 74), "hip_right": (20, 30, 22), "sacrum": (32, 50, 48), "femur_left": (6, 28, 80)}
    for key, (z, y, x) in posts.items():
        labels[z - 5 : z + 5, y - 5 : y + 5, x - 5 : x + 5] = values()[key]
    labels[14:30, 24:40, 38:58] = values()["urinary_bladder"]
    moved = individual(labels, seed, (0, 56), 56)

    def apart(which: np.ndarray) -> np.ndarray:
        centres = np.array([organ(which, key).centre for key in posts])
        far = np.linalg.norm(centres[:, None] - centres, axis=-1)[np.triu_indices(len(posts), 1)]
        return np.asarray(far / far.sum())

    np.testing.assert_allclose(apart(moved), apart(labels), rtol=0.06)


def test_nothing_moves_about_what_is_kept(body: np.ndarray) -> None:
    kept = body == values()["liver"]
    labels = individual(body, 1, WHOLE, DEPTH, kept=kept)
    assert np.array_equal(labels[kept], body[kept])
    assert np.array_equal(labels == values()["liver"], kept)
    assert (labels != body).any()


def test_a_region_moves_as_it_does_in_the_torso() -> None:
    flesh = np.full((112, 32, 32), values()["muscle"], np.uint8)
    torso, part = velocity(flesh, 3, (0, 56), 56), velocity(flesh[32:], 3, (16, 56), 56)
    np.testing.assert_allclose(torso[:, 30:50], part[:, 14:34], atol=1e-4)


def test_the_skin_stays_on_the_canvas() -> None:
    wide: Any = np.full((80, 40, 40), values()["muscle"], np.uint8)
    wide[:, :2] = wide[:, -2:] = wide[:, :, :2] = wide[:, :, -2:] = 0
    for seed in range(4):
        labels = individual(wide, seed, (0, 40), 40)
        assert not labels[:, [0, -1]].any() and not labels[:, :, [0, -1]].any()
