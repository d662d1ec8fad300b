"""Edits are found by segment, with their volume and place."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.anatomy.table import values
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import ras_of
from GuideGenLib.scene.segments.edits import find_edits

V = values()
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def painted(image: sitk.Image, key: str, *slices: slice) -> sitk.Image:
    array = sitk.GetArrayFromImage(image)
    array[slices] = V[key]
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(image)
    return result


def test_nothing_changed_is_no_edit(small_anatomy: sitk.Image) -> None:
    assert find_edits(small_anatomy, small_anatomy) == []


def test_a_painted_organ_gains_and_the_one_below_loses(small_anatomy: sitk.Image) -> None:
    after = painted(small_anatomy, "spleen", slice(21, 23), slice(8, 11), slice(6, 10))  # all of it was liver
    spleen, liver = sorted(find_edits(small_anatomy, after), key=lambda change: change.key, reverse=True)
    ml = 2 * 3 * 4 * 12**3 / 1000
    assert (spleen.key, spleen.name, spleen.added_ml, spleen.removed_ml) == ("spleen", "spleen", pytest.approx(ml), 0)
    assert (liver.key, liver.added_ml, liver.removed_ml) == ("liver", 0, pytest.approx(ml))


def test_the_place_is_that_of_the_change_in_an_oblique_frame(small_anatomy: sitk.Image) -> None:
    turn = sitk.Euler3DTransform()
    turn.SetRotation(0.3, -0.2, 0.5)
    small_anatomy.SetDirection(turn.GetMatrix())
    small_anatomy.SetOrigin((100, -20, 3000))
    after = painted(small_anatomy, "heart", slice(22, 23), slice(10, 11), slice(9, 10))
    wanted = ras_of(small_anatomy.TransformIndexToPhysicalPoint((9, 10, 22)))
    for change in find_edits(small_anatomy, after):
        assert np.allclose(change.centre_ras, wanted)


def test_the_place_is_a_changed_voxel_though_the_middle_of_two_edits_is_none(small_anatomy: sitk.Image) -> None:
    after = painted(small_anatomy, "colon", slice(10, 11), slice(6, 8), slice(5, 7))
    after = painted(after, "colon", slice(10, 11), slice(18, 20), slice(25, 27))
    (change,) = find_edits(small_anatomy, after)
    x, y, z = small_anatomy.TransformPhysicalPointToIndex(ras_of(change.centre_ras))
    assert after[x, y, z] == V["colon"]


def test_body_counts_only_against_air(small_anatomy: sitk.Image) -> None:
    organ = painted(small_anatomy, "colon", slice(9, 12), slice(10, 14), slice(10, 14))
    assert [change.key for change in find_edits(small_anatomy, organ)] == ["colon"]
    erased = painted(small_anatomy, "background", slice(0, 3), slice(4, 8), slice(3, 6))
    (change,) = find_edits(small_anatomy, erased)
    assert (change.key, change.added_ml) == ("body", 0) and change.removed_ml > 0


@shared
@given(data=st.data())
def test_volumes_add_up(small_anatomy: sitk.Image, data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    before = sitk.GetArrayFromImage(small_anatomy)
    array = before.copy()
    mask = rng.random(array.shape) < data.draw(st.sampled_from([0.0, 1e-4, 0.01]))
    array[mask] = rng.choice([V[key] for key in ("liver", "spleen", "lung_tumor", "muscle")], mask.sum())
    after = sitk.GetImageFromArray(array)
    after.CopyInformation(small_anatomy)
    changes = find_edits(small_anatomy, after)
    assert {change.key for change in changes} == {
        key for key, value in V.items()
        if value > 1 and ((before == value) != (array == value)).any()
    }  # fmt: skip
    assert sum(change.added_ml for change in changes) == pytest.approx((before != array).sum() * 1.728)
    sizes = [change.added_ml + change.removed_ml for change in changes]
    assert sizes == sorted(sizes, reverse=True)


def test_another_grid_is_refused(small_anatomy: sitk.Image) -> None:
    moved = sitk.Image(small_anatomy)
    moved.SetOrigin((6.0, 0.0, 0.0))
    with pytest.raises(SceneError, match="different grids"):
        find_edits(small_anatomy, moved)
