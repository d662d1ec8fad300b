"""Flesh over organs that were drawn up to the air."""

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.body_wall import LEAST_MM, with_wall

STEP = 3.0


def belly() -> np.ndarray:
    """A body of fat under muscle, with gas of the colon up to the air in front."""
    labels = np.zeros((40, 50, 60), np.uint8)
    labels[:, 10:44, 6:54] = values()["muscle"]
    labels[:, 14:40, 10:50] = values()["torso_fat"]
    labels[12:28, 7:18, 20:40] = values()["colon_gas"]
    return labels


def test_no_organ_is_nearer_to_the_air_than_a_wall() -> None:
    labels = belly()
    walled = with_wall(labels, STEP)
    depth = ndimage.distance_transform_edt(walled != 0) * STEP
    organ = labels == values()["colon_gas"]
    assert depth[organ].min() > LEAST_MM
    assert (walled[labels != 0] == labels[labels != 0]).all(), "nothing that was drawn changes"
    added = walled[(walled != 0) & (labels == 0)]
    assert set(added) == {values()["subcutaneous_fat"], values()["muscle"]}


def test_the_skin_has_no_step_at_its_edge() -> None:
    labels = belly()
    grown = (with_wall(labels, STEP) != 0).sum(axis=1).max(axis=1)
    assert np.abs(np.diff(grown[2:-2].astype(int))).max() <= 3


def test_a_body_that_has_its_wall_stays_as_it_is() -> None:
    labels = belly()
    labels[:, 7:18, 20:40] = values()["muscle"]
    assert with_wall(labels, STEP) is labels
