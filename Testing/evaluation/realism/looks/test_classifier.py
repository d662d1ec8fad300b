"""Whether crops are told apart: copies of one kind are not, those of another texture are."""

import numpy as np
import pytest
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.evaluation.realism.looks.classifier import EACH, SIZE, SLICES, area, tell_apart
from GuideGenLib.evaluation.realism.looks.crops import Crops, crops_of
from GuideGenLib.evaluation.realism.looks.volumes import AIR, Volume

STEPS = 80


def patients(kind: str, count: int, smooth: float) -> list[Crops]:
    """CTs of one place in noise of unit size, whose seeds are those of its kind."""
    found = []
    for number in range(count):
        rng = np.random.default_rng([len(kind), number])
        noise = ndimage.gaussian_filter(rng.standard_normal((EACH, SLICES, SIZE, SIZE)), (0, 0, smooth, smooth))
        hu = 60 + 40 * noise / noise.std()
        found.append(Crops(f"{kind}{number}", {"liver": np.rint(hu).astype(np.int16)}))
    return found


def test_crops_of_one_kind_are_not_told_apart():
    told = tell_apart(patients("real", 4, 1.0), patients("generated", 4, 1.0), STEPS)
    assert told.auc == pytest.approx(0.5, abs=0.12) and told.crops == 2 * 4 * EACH


def test_another_texture_is_told_on_patients_that_were_not_learned_from():
    told = tell_apart(patients("real", 4, 0.3), patients("generated", 4, 1.5), STEPS)
    assert told.auc > 0.95 and told.accuracy > 0.8 and told.by_place.keys() == {"liver"}


def test_the_same_crops_give_the_same_figures():
    crops = patients("real", 4, 0.7), patients("generated", 4, 0.8)
    assert tell_apart(*crops, steps=5) == tell_apart(*crops, steps=5)


def test_places_that_only_one_kind_shows_do_not_count():
    real, generated = patients("real", 4, 0.3), patients("generated", 4, 1.5)
    elsewhere = [Crops(one.name, {"hips": one.by_place["liver"]}) for one in generated]
    assert tell_apart(real, elsewhere, STEPS) is None
    assert tell_apart(real[:3], generated, STEPS) is None


def test_the_area_is_the_share_of_pairs_in_order():
    scores, generated = np.array([0.0, 2.0, 1.0, 3.0]), np.array([False, False, True, True])
    assert area(scores, generated) == 0.75
    assert area(np.zeros(4), generated) == 0.5


def test_crops_lie_about_voxels_of_their_place():
    labels = np.zeros((20, 60, 60), np.uint8)
    labels[2:18, 4:20, 4:20] = values()["liver"]
    labels[2:18, 40:56, 40:56] = values()["spleen"]
    hu = np.where(labels == values()["liver"], 60, np.where(labels > 0, 120, -100)).astype(np.int16)
    found = crops_of("one", Volume(hu, labels), 16, 3, 5, seed=0).by_place
    assert found.keys() == {"liver", "spleen"} and found["liver"].shape == (5, 3, 16, 16)
    assert (found["liver"][:, 1, 8, 8] == 60).all() and (found["spleen"][:, 1, 8, 8] == 120).all()
    assert (crops_of("one", Volume(hu, labels), 64, 3, 5, seed=0).by_place["liver"] == AIR).any()  # beyond the volume
