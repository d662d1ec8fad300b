"""Labels at half the spacing: smooth borders, nothing moved, thin structures kept."""

import numpy as np

from GuideGenLib.mask.finer import finer


def ball(size: int, radius: float) -> np.ndarray:
    """A ball of label 3 in the middle of label 1."""
    grid = np.indices((size,) * 3) - (size - 1) / 2
    return np.where((grid**2).sum(0) < radius**2, 3, 1).astype(np.uint8)


def test_a_ball_is_nearer_to_the_true_one_than_its_voxels_are() -> None:
    true = ball(48, 16.0)
    coarse = ball(24, 8.0)
    smooth, steps = finer(coarse), coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert smooth.shape == true.shape and smooth.dtype == np.uint8
    assert (smooth != true).sum() < 0.6 * (steps != true).sum()
    middle = [axis.mean() for axis in np.nonzero(smooth == 3)]
    assert np.allclose(middle, 23.5, atol=0.05)


def test_what_is_a_voxel_thin_stays_whole_and_keeps_its_volume() -> None:
    labels = np.ones((20, 20, 20), np.uint8)
    labels[:, 10, 10] = 2  # a vessel
    labels[5, :, :8] = 4  # a sheet
    fine = finer(labels)
    for value in (2, 4):
        assert 0.6 < (fine == value).sum() / 8 / (labels == value).sum() < 1.5
    assert (fine == 2).any((1, 2)).all(), "the vessel is not broken"


def test_borders_of_many_labels_and_of_the_volume_hold_no_other_label() -> None:
    labels = np.random.default_rng(0).integers(0, 9, (6, 8, 10)).astype(np.uint8) * 20
    fine = finer(labels)
    assert set(np.unique(fine)) <= set(np.unique(labels))
    plain = np.full((4, 4, 4), 7, np.uint8)
    assert (finer(plain) == 7).all()
