"""A user's anatomy on the mask grid and back: what is kept comes back voxel by voxel, whatever its geometry."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.grids import on_grid_of
from GuideGenLib.mask import user_grid
from GuideGenLib.mask.keep_keys import KeepError, keys_to_keep
from GuideGenLib.mask.kept import FREE
from GuideGenLib.mask.user_grid import UserGrid
from Testing.phantom import Put

KEY = values()
SHAPE = (192, 112, 128)
FAT = KEY["torso_fat"]


@pytest.fixture(scope="module")
def torso(phantom: np.ndarray) -> np.ndarray:
    """The phantom at 3 mm with hips, on the shipped bundle's canvas."""
    labels = phantom.copy()
    labels[4:30, 30:44, 44:56] = KEY["hip_left"]
    labels[4:30, 30:44, 8:20] = KEY["hip_right"]
    return labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)


def image_of(
    labels: np.ndarray, spacing: tuple[float, float, float] = (3.0, 3.0, 3.0), *, axes: str = "LPS"
) -> sitk.Image:
    """Labels [z, y, x] that lie as LPS says, with a small rotation, stored along other axes."""
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing)
    turn = np.deg2rad(5)
    image.SetDirection([np.cos(turn), -np.sin(turn), 0, np.sin(turn), np.cos(turn), 0, 0, 0, 1])
    image.SetOrigin((31.0, -200.0, 1000.0))
    return sitk.DICOMOrient(image, axes)


def drawn(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """A drawing of nothing but fat."""
    return np.full(shape, FAT, np.uint8)


def same_places(source: sitk.Image, result: sitk.Image, key: str) -> bool:
    """Whether all voxels of a label lie where they did, and no others."""
    again = sitk.Resample(result, source, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    mine, theirs = (sitk.GetArrayViewFromImage(one) == KEY[key] for one in (source, again))
    everywhere = int((sitk.GetArrayViewFromImage(result) == KEY[key]).sum())
    return bool(np.array_equal(mine, theirs)) and everywhere == mine.sum()


@pytest.mark.parametrize(
    ("spacing", "axes", "cut"),
    [
        ((3.0, 3.0, 3.0), "LPS", slice(60, 130)),
        ((1.6, 1.6, 4.0), "RAS", slice(60, 130, 2)),
        ((1.0, 1.0, 1.0), "PIR", slice(60, 130)),
    ],
)
def test_kept_voxels_come_back_on_the_users_own_grid(
    torso: np.ndarray, spacing: tuple[float, float, float], axes: str, cut: slice
) -> None:
    source = image_of(torso[cut], spacing, axes=axes)
    grid = UserGrid.of(source, ("liver",), SHAPE)
    result = grid.back(drawn(), 0)
    assert result.GetSpacing() == source.GetSpacing()
    assert np.allclose(result.GetDirection(), source.GetDirection())
    first = np.array(result.TransformPhysicalPointToContinuousIndex(source.GetOrigin()))
    assert np.allclose(first, np.rint(first), atol=1e-6)  # whole voxels were added
    assert same_places(source, result, "liver")
    sides = np.array(result.GetSize()) * result.GetSpacing()
    height = float(np.abs(np.array(result.GetDirection()[6:]) @ np.diag(sides)).max())
    assert height == pytest.approx(SHAPE[0] * grid.step, abs=1.01 * max(spacing))


def test_the_spine_tells_where_it_lies_and_how_large_the_person_is(torso: np.ndarray) -> None:
    source = image_of(torso, (3.3, 3.3, 3.3))
    kept = UserGrid.of(source, ("liver",), SHAPE)
    assert kept.step == pytest.approx(3 / user_grid.fitted(user_grid.marks_of(torso, 3.3), user_grid.torso_frame())[0])
    there = np.argwhere(kept.kept.labels == KEY["liver"]) * kept.step
    assert np.ptp(there, axis=0) == pytest.approx(3.3 * np.ptp(np.argwhere(torso == KEY["liver"]), axis=0), abs=8)


def test_a_liver_alone_is_put_to_the_place_of_livers(torso: np.ndarray) -> None:
    alone = np.where(torso == KEY["liver"], torso, 0).astype(np.uint8)[70:120, 10:90, 10:100]
    kept = UserGrid.of(image_of(alone), ("liver",), SHAPE).kept.labels
    middle = np.argwhere(kept == KEY["liver"]).mean(0) * 3 + [0, 24, 24]
    assert np.abs(middle - user_grid.torso_frame().middles["liver"]).max() < 2.5


def test_an_anatomy_of_our_own_stays_where_it_is(torso: np.ndarray) -> None:
    ours = sitk.GetImageFromArray(torso)
    ours.SetSpacing((3.0,) * 3)
    ours.SetOrigin((-190.5, -166.5, 0.0))
    grid = UserGrid.of(ours, ("liver",), SHAPE)
    assert grid.step == 3 and np.allclose(grid.edge, 0)
    assert np.array_equal(grid.kept.labels != FREE, torso == KEY["liver"])
    result = grid.back(drawn(), 0)
    assert result.GetOrigin() == ours.GetOrigin() and result.GetSize() == ours.GetSize()
    high = grid.back(drawn()[100:], 100)  # of a region above: with what is kept below it
    slices = np.flatnonzero((torso == KEY["liver"]).any((1, 2)))
    assert high.GetSize()[2] == 192 - slices[0] and same_places(ours, high, "liver")


def test_a_tumour_is_its_organ_to_the_network_and_is_that_where_it_is_not_kept(torso: np.ndarray, put: Put) -> None:
    source = image_of(put(torso, "liver_tumor", (90, 40, 40), 60.0))
    both = UserGrid.of(source, ("liver", "liver_tumor"), SHAPE).kept
    tumour = both.labels == KEY["liver_tumor"]
    assert tumour.any() and (both.classes[tumour] == KEY["liver"]).all()
    healed = UserGrid.of(source, ("liver",), SHAPE)
    assert not (healed.kept.labels == KEY["liver_tumor"]).any()
    assert (healed.kept.labels == KEY["liver"]).sum() == (both.labels != FREE).sum()
    without = np.where(np.isin(torso, [KEY["kidney_left"], KEY["kidney_right"]]), FAT, torso).astype(np.uint8)
    alone = UserGrid.of(image_of(put(without, "kidney_tumor", (70, 80, 30), 60.0)), ("kidney_tumor",), SHAPE).kept
    assert set(np.unique(alone.classes)) == {FREE, KEY["kidney_right"]}  # where it lies in the torso


def test_what_the_volume_cuts_goes_on_beyond_that_end_alone(torso: np.ndarray) -> None:
    cut = torso[80:120]  # through the liver (76-108) below, through the thoracic spine above, through a kidney
    grid = UserGrid.of(image_of(cut), ("liver", "vertebrae_thoracic", "spleen"), SHAPE)
    assert set(grid.kept.beyond) == {KEY["liver"], KEY["vertebrae_thoracic"]}
    liver, spine = (np.flatnonzero((grid.kept.labels == KEY[k]).any((1, 2))) for k in ("liver", "vertebrae_thoracic"))
    below, above = (grid.kept.beyond[KEY[key]][0] for key in ("liver", "vertebrae_thoracic"))
    assert np.array_equal(np.flatnonzero(below), np.arange(liver[0]))
    assert np.array_equal(np.flatnonzero(above), np.arange(spine[-1] + 1, 192))
    picture = drawn()
    picture[: liver[0] + 2, 20:40, 20:40] = KEY["liver"]  # two slices more than it may
    result = grid.back(picture, 0)
    again = sitk.Resample(result, image_of(cut), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    mine, theirs, whole = (sitk.GetArrayViewFromImage(one) == KEY["liver"] for one in (image_of(cut), again, result))
    assert np.array_equal(mine, theirs) and whole.sum() > mine.sum() + 400 * (liver[0] - 2)


def test_labels_that_stop_shortly_before_the_end_and_single_ribs_go_on_too(torso: np.ndarray) -> None:
    cut = torso[80:120].copy()
    cut[-1:] = 0
    cut[:, 80:90, 20:100] = KEY["ribs_left"]
    cut[2:, 82:90, 20:100] = 0
    grid = UserGrid.of(image_of(cut), ("vertebrae_thoracic", "ribs_left"), SHAPE)
    spine = np.flatnonzero((grid.kept.labels == KEY["vertebrae_thoracic"]).any((1, 2)))[-1]
    assert grid.kept.beyond[KEY["vertebrae_thoracic"]][0][spine + 1 :].all()
    assert grid.kept.beyond[KEY["ribs_left"]][0][0]


def test_more_of_the_kept_within_the_users_volume_takes_the_label_beside_it(torso: np.ndarray) -> None:
    source = image_of(torso[60:130])
    grid = UserGrid.of(source, ("liver",), SHAPE)
    picture = drawn()
    rim = np.argwhere(grid.kept.labels == KEY["liver"]).max(0) + 1
    picture[rim[0], rim[1] - 9 : rim[1], rim[2] - 9 : rim[2]] = KEY["liver"]
    assert same_places(source, grid.back(picture, 0), "liver")


def test_a_kept_part_beyond_the_mask_grid_lies_in_flesh(torso: np.ndarray) -> None:
    longer = np.concatenate([np.repeat(torso[:1], 30, axis=0), torso])
    grid = UserGrid.of(image_of(longer), ("femur_left", "vertebrae_lumbar"), SHAPE)
    array = sitk.GetArrayViewFromImage(grid.back(drawn(), 0))
    assert len(array) > 192 * grid.step / 3
    assert (array[0] == KEY["femur_left"]).any() and (array[0] == FAT).any()


def test_the_grid_is_not_made_finer_than_memory_bears(torso: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = UserGrid.of(image_of(torso), ("liver",), SHAPE)
    monkeypatch.setattr(user_grid, "MOST_VOXELS", 1_000_000)
    with pytest.raises(KeepError, match="resample it to"):
        grid.back(drawn(), 0)


def test_what_is_asked_to_be_kept_must_be_there(torso: np.ndarray) -> None:
    source = image_of(torso)
    assert keys_to_keep(source, ["spleen", "liver"]) == ("liver", "spleen")
    everything = keys_to_keep(source, None)
    assert "sacrum" in everything and "body" not in everything
    with pytest.raises(KeepError, match="choose at least one"):
        keys_to_keep(source, [])
    with pytest.raises(KeepError, match="no segment is called 'leber'"):
        keys_to_keep(source, ["leber"])
    with pytest.raises(KeepError, match="kidney_left"):
        keys_to_keep(source, ["kidney left"])
    with pytest.raises(KeepError, match="the anatomy holds no uterus: keep what it holds: body, lung_upper"):
        keys_to_keep(source, ["uterus"])
    body = on_grid_of(source, np.minimum(sitk.GetArrayFromImage(source), 1))
    with pytest.raises(KeepError, match="no segment that could be kept"):
        keys_to_keep(body, None)


def test_what_lies_nowhere_in_a_torso_is_told(torso: np.ndarray) -> None:
    upside_down = image_of(torso[::-1].copy())
    with pytest.raises(KeepError, match="miss their places"):
        UserGrid.of(upside_down, ("liver",), SHAPE)
    fat = image_of(np.full((20, 20, 20), FAT, np.uint8))
    with pytest.raises(KeepError, match="bones tell best"):
        UserGrid.of(fat, ("torso_fat",), SHAPE)
