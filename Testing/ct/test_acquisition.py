"""What kernel, dose, slices, breathing, metal and couch do to a scan, on the torso of boxes."""

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array, on_grid
from GuideGenLib.ct.acquisition import MEASURED_MM, kept, noise_of, parts_of, with_acquisition
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.scanner_noise import scanner_noise
from GuideGenLib.ct.scanners import scanner_of
from GuideGenLib.description.acquisition import Acquisition
from GuideGenLib.generator.slices import Grid, scan_grid, sliced
from Testing.phantom import phantom

__all__ = ["phantom"]
MM = 2.0
TABLE = reference_table(None)


@pytest.fixture(scope="module")
def labels(phantom: np.ndarray) -> np.ndarray:
    """At 3 mm, taken for 2 mm: a slim patient, with hip bones and air around."""
    fine = np.repeat(np.repeat(np.repeat(phantom, 2, 0), 2, 1), 2, 2)
    fine[4:24, 44:64, 84:94] = values()["hip_left"]
    return np.pad(fine, ((0, 0), (4, 30), (20, 20)))


def scanned(labels: np.ndarray, window=(slice(None),) * 3, **said) -> np.ndarray:
    """The table's own HU, as a scan of a kind shows them."""
    return with_acquisition(TABLE[labels][window], labels, TABLE, Acquisition(**said), MM, 3, window)


def test_a_scan_of_which_nothing_is_said_has_the_kernel_and_the_noise_of_the_scanner_that_is_drawn(labels):
    drawn = scanner_of(3)
    noise = scanner_noise(labels.shape, MM, 3, f0=drawn.f0, more=drawn.noise)
    assert np.array_equal(scanned(labels), np.maximum(drawn.filtered(TABLE[labels]) + noise, -1024))


def test_a_standard_scan_has_the_noise_that_was_measured_whatever_the_scanner(labels):
    noise = scanner_noise(labels.shape, MM, 3)
    assert np.array_equal(scanned(labels, kernel="standard", dose="standard"), np.maximum(TABLE[labels] + noise, -1024))


def test_noise_grows_with_the_kernel_and_with_one_over_the_dose(labels):
    inside = np.isin(labels, [values()[key] for key in ("liver", "spleen", "kidney_left", "kidney_right")])

    def power(**said) -> float:
        said = {"kernel": "standard", "dose": "standard"} | said
        return float(noise_of(labels, TABLE, Acquisition(**said), MM, 3)[inside].var())

    assert power(dose="high") == pytest.approx(power() / 2, rel=1e-3)
    assert power(dose="low") == pytest.approx(4 * power(), rel=0.15)
    assert 2 * power(kernel="soft") < power() < power(kernel="sharp") / 3


def test_noise_of_low_dose_is_streaks_where_the_rays_from_side_to_side_are_long(labels):
    labels = labels.copy()
    labels[176:, 20:60] = values()["body"]  # shoulders and arms, from side to side of the volume
    noise = noise_of(labels, TABLE, Acquisition(dose="low"), MM, 3)
    lungs, shoulders = noise[130:160, 30:60, 30:130], noise[178:, 30:50, 30:130]
    assert shoulders.std() > 1.5 * lungs.std()
    along, across = (float((shoulders * np.roll(shoulders, 2, axis)).mean() / shoulders.var()) for axis in (2, 1))
    assert along > across + 0.1


@pytest.mark.parametrize("thick", [1.25, 3.0, 5.0])
def test_slices_are_means_over_their_thickness_and_their_noise_is_that_of_it(thick):
    shape = (120, 40, 40)
    step = np.zeros(shape, np.float32)
    step[60:] = 1000  # from 119 mm on, as voxels reach 1 mm to both sides of their middles
    shown = image_from_array(step, (MM,) * 3, labels=False)
    grid = scan_grid(shown, MM, Acquisition(slice_mm=thick))
    assert grid.steps == pytest.approx((2, 2, thick))
    found = np.array([float(v) for v in _column(sliced(shown, grid, thick))])
    z = grid.origin[2] + thick * np.arange(len(found))
    wanted = 1000 * np.clip((z - 119) / thick + 0.5, 0, 1)
    assert np.abs(found - wanted).max() < 1000 * (MM / 4) / max(thick, MM) + 1
    white = scanner_noise(shape, MM, 1, more=MEASURED_MM / (thick * kept(thick, MM)), along=(1.0,))
    noise = sitk.GetArrayFromImage(sliced(image_from_array(white, (MM,) * 3, labels=False), grid, thick))
    assert noise.var() == pytest.approx(scanner_noise(shape, MM, 1).var() * MEASURED_MM / thick, rel=0.15)


@pytest.mark.parametrize("thick", [None, 2.5, 14.0])
def test_slices_have_the_bits_of_whole_images_laid_and_averaged(thick):
    """As it was done before with an image of the grid, for oblique ones too."""
    hu = np.random.default_rng(2).normal(0, 300, (30, 24, 26)).astype(np.float32)
    shown = image_from_array(hu, (MM,) * 3, (3.0, -7.0, 11.0), labels=False)
    cos, sin = np.cos(0.1), np.sin(0.1)
    for direction in (shown.GetDirection(), (cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0)):
        image = sitk.Image([40, 38, 44], sitk.sitkUInt8)
        image.SetSpacing((0.7, 0.7, 0.7))
        image.SetOrigin((10.1, -1.3, 20.7))
        image.SetDirection(direction)
        wanted = []
        for part in parts_of(thick) if thick else (0.0,):
            moved = sitk.Image(image)
            moved.SetOrigin((10.1, -1.3, 20.7 + part))
            wanted.append(sitk.GetArrayFromImage(on_grid(shown, moved, labels=False)))
        found = sliced(shown, Grid.of(image), thick)
        mean = np.sum(wanted, axis=0, dtype=np.float32) / len(wanted)
        assert np.array_equal(sitk.GetArrayViewFromImage(found), np.rint(mean))
        assert (found.GetOrigin(), found.GetSpacing()) == (image.GetOrigin(), image.GetSpacing())


def _column(image) -> list[int]:
    return [image.GetPixel(20, 20, z) for z in range(image.GetSize()[2])]


def test_the_field_of_view_is_cut_about_the_middle():
    anatomy = image_from_array(np.zeros((20, 100, 150)), (MM,) * 3, (-149.0, -99.0, 0.0), labels=True)
    grid = scan_grid(anatomy, MM, Acquisition(field_of_view_mm=240))
    assert grid.size == (120, 100, 20) and grid.origin == (-119.0, -99.0, 0.0)
    assert scan_grid(anatomy, None, Acquisition(field_of_view_mm=150, slice_mm=5)).size == (75, 75, 20)


def test_a_sharp_kernel_raises_edges_and_a_soft_one_blurs_them(labels):
    def steepest(kernel: str) -> float:
        said = Acquisition(kernel=kernel)
        change = with_acquisition(TABLE[labels], labels, TABLE, said, MM, 3)
        change = change - noise_of(labels, TABLE, said, MM, 3)
        return float(np.abs(np.diff(change[140], axis=0)).max())

    assert steepest("soft") < 0.9 * steepest("standard") < 0.9 * steepest("sharp")


def test_metal_is_put_into_the_bone_with_streaks_in_its_slices_alone(labels):
    change = scanned(labels, metal="hip_left") - scanned(labels)
    shown = scanned(labels, metal="hip_left") > 2900
    bone = np.isin(labels, [values()[key] for key in ("femur_left", "hip_left")])
    assert shown[bone].sum() > 100
    touched = np.flatnonzero(np.abs(change).max((1, 2)) > 0)
    assert touched.max() < 50 and change[touched[-1] + 1 :].max() == 0
    beside = np.abs(change[5:12, 40:70, 24:70])
    assert 3 < beside.mean() < 200, "the other hip is streaked"
    assert np.array_equal(scanned(labels, metal="none"), scanned(labels))


def test_a_prosthesis_of_the_labels_is_metal_where_it_is_drawn(labels):
    drawn = labels.copy()
    drawn[8:20, 50:58, 70:78] = values()["hip_prosthesis"]
    hu = scanned(drawn)
    assert hu[10:18, 52:56, 72:76].min() > 2900 and (hu > 2900)[labels.shape[0] // 2 :].sum() == 0
    streaks = np.abs(hu - scanned(labels))[8:20, 40:70, 24:60]
    assert 3 < streaks.mean() < 200


def test_the_couch_is_below_the_patient_and_leaves_him_as_he_is(labels):
    change = scanned(labels, table=True) - scanned(labels)
    assert not change[labels != 0].any()
    back = np.flatnonzero((labels != 0).any((0, 2))).max()
    assert not change[:, : back - 22].any() and change[:, back:].max() > 500


def test_breathing_smears_the_diaphragm_but_not_the_spine_and_not_the_pelvis(labels):
    change = np.abs(scanned(labels, motion=True) - scanned(labels))
    base = change[100:124, 20:60, 100:120]
    assert base.max() > 300
    spine = np.isin(labels, [values()["vertebrae_lumbar"], values()["vertebrae_thoracic"]])
    assert change[spine].max() < 0.5 * base.max()
    assert change[:8].mean() < 0.02 * base.mean()


@pytest.mark.parametrize("said", [{"kernel": "sharp", "dose": "low"}, {"motion": True}, {"metal": "hip_left"}])
def test_a_window_is_as_the_whole(labels, said):
    window = (slice(0, 150), slice(8, 100), slice(16, 130))
    whole, part = scanned(labels, **said)[window], scanned(labels, window, **said)
    inner = (slice(0, 130), slice(8, -8), slice(8, -8))
    assert np.allclose(whole[inner], part[inner], atol=0.01)
