"""Where a CT may change after an edit."""

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import fill_erased
from GuideGenLib.anatomy.table import values
from GuideGenLib.generator.edit import find_change


def test_equal_volumes_have_no_change() -> None:
    labels = np.ones((20, 20, 20), np.uint8)
    assert find_change(labels, labels.copy(), 2.0, 20.0, 8) is None


def test_the_weight_is_one_at_the_edit_and_zero_beyond_the_margin() -> None:
    before = np.ones((60, 60, 60), np.uint8)
    after = before.copy()
    after[30, 30, 30] = 2
    change = find_change(before, after, 2.0, 20.0, 8)
    assert change is not None
    z, y, x = np.indices(before.shape)
    distance = 2.0 * np.sqrt((z - 30) ** 2 + (y - 30) ** 2 + (x - 30) ** 2)
    assert change.weight[30, 30, 30] == 1
    assert (change.weight[distance <= 6] == 1).all()
    assert (change.weight[distance > 18.01] == 0).all()
    assert 0 < change.weight[30, 30, 36] < 1


def test_the_window_starts_on_latent_cells_and_holds_the_weight() -> None:
    before = np.zeros((150, 90, 90), np.uint8)
    after = before.copy()
    after[140, 80, 3] = 5
    change = find_change(before, after, 2.0, 20.0, 8)
    assert change is not None
    assert all(s.start % 8 == 0 and s.stop <= n for s, n in zip(change.window, before.shape, strict=True))
    outside = change.weight.copy()
    outside[change.window] = 0
    assert not outside.any()


def test_erased_voxels_of_the_body_become_body_and_air_stays_air() -> None:
    old = np.zeros((4, 4, 4), np.uint8)
    old[1:3] = values()["liver"]
    new = old.copy()
    new[1] = 0
    result = sitk.GetArrayFromImage(fill_erased(sitk.GetImageFromArray(old), sitk.GetImageFromArray(new)))
    assert (result[1] == values()["body"]).all()
    assert (result[2] == values()["liver"]).all()
    assert not result[0].any() and not result[3].any()
