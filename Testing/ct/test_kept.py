"""What rules drew before an edit is taken again after it, and nothing differs from all of it drawn anew."""

from threading import Event, Timer

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.ct import details, fat_strands, fine_vessels, muscle_fat
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.details import AT_ONCE, STEPS, drawn_ahead, with_details
from GuideGenLib.ct.kept import Kept
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.vessels.places import Box
from Testing.phantom import phantom

__all__ = ["phantom"]

VALUE = values()
TABLE = reference_table("portal_venous")
WINDOW = (slice(8, 56), slice(0, 48), slice(8, 64))


@pytest.fixture(scope="module")
def labels(phantom: np.ndarray) -> np.ndarray:
    """The phantom with fat and muscle."""
    found = phantom.copy()
    for depth, key in ((6, "subcutaneous_fat"), (8, "muscle"), (10, "torso_fat")):
        rim = np.ones(found.shape, bool)
        rim[:, depth:-depth, depth:-depth] = False
        found[rim & (found == VALUE["body"])] = VALUE[key]
    return found


@pytest.fixture(scope="module")
def hu(labels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 8, labels.shape)
    return (TABLE[labels] + noise).astype(np.float32)


def canvas(labels: np.ndarray, kept: Kept | None = None, seed: int = 1, window: Box = (slice(None),) * 3) -> Canvas:
    return Canvas(labels, TABLE, "portal_venous", 3.0, seed, window, kept=kept or Kept())


def edited(labels: np.ndarray) -> np.ndarray:
    """With a tumour in the middle of the liver."""
    after = labels.copy()
    z, y, x = (int(places.mean()) for places in np.nonzero(labels == VALUE["liver"]))
    after[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = VALUE["liver_tumor"]
    return after


def test_at_once_is_as_one_after_the_other(labels: np.ndarray, hu: np.ndarray) -> None:
    wanted = hu.copy()
    for step in STEPS:
        wanted = step(wanted, canvas(labels))
    assert any(len(stage) > 1 for stage in AT_ONCE) and not np.array_equal(wanted, hu)
    assert np.array_equal(with_details(hu.copy(), canvas(labels)), wanted)


def test_chains_that_run_at_once_draw_into_the_hu_and_write_to_other_voxels(labels: np.ndarray, hu: np.ndarray) -> None:
    for stage in (stage for stage in AT_ONCE if len(stage) > 1):
        written = np.zeros((len(stage), *hu.shape), bool)
        for chain, mine in zip(stage, written, strict=True):
            made = hu.copy()
            for step in chain:
                assert step(made, canvas(labels)) is made
            mine |= made != hu
        assert written.any(axis=(1, 2, 3)).all() and written.sum(0).max() == 1


def test_what_is_drawn_ahead_is_what_the_steps_draw(
    labels: np.ndarray, hu: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = with_details(hu.copy(), canvas(labels))
    ahead = canvas(labels)
    with drawn_ahead(ahead):
        pass
    for module, name in ((fat_strands, "_in_one"), (muscle_fat, "_in_all"), (fine_vessels, "_joined")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("is drawn again"))
    assert np.array_equal(with_details(hu.copy(), ahead), wanted)


def test_nothing_is_begun_ahead_once_the_networks_are_stopped(
    labels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = Event(), Event()
    late: list[Canvas] = []
    monkeypatch.setattr(details, "AHEAD", (lambda _: (begun.set(), stopped.wait(20)), late.append))
    with pytest.raises(KeyboardInterrupt), drawn_ahead(canvas(labels)):
        assert begun.wait(20)
        Timer(0.2, stopped.set).start()
        raise KeyboardInterrupt
    assert not late


def test_after_an_edit_all_is_as_if_drawn_anew(labels: np.ndarray, hu: np.ndarray) -> None:
    kept, after = Kept(), edited(labels)
    with_details(hu.copy(), canvas(labels, kept))
    part, again = hu[WINDOW].copy(), hu[WINDOW].copy()
    assert np.array_equal(
        with_details(part, canvas(after, kept, window=WINDOW)), with_details(again, canvas(after, window=WINDOW))
    )
    for other in (canvas(after, kept, seed=2), canvas(labels, kept, seed=2)):
        fresh = canvas(other.labels, seed=2)
        assert np.array_equal(with_details(hu.copy(), other), with_details(hu.copy(), fresh))


def test_only_what_hangs_on_changed_labels_is_made_again(labels: np.ndarray) -> None:
    kept, made = Kept(), []

    def draw(name: str, *keys: str) -> None:
        kept.get(name, keys, lambda: made.append(name))

    for one in (labels, labels.copy(), edited(labels)):
        kept.turn_to(one, "patient")
        draw("liver", "liver", "portal_splenic_vein")
        draw("lung", "lung_upper_lobe_left")
    assert made == ["liver", "lung", "liver"]
    kept.turn_to(labels, "another")
    draw("lung", "lung_upper_lobe_left")
    assert made[3:] == ["lung"]
