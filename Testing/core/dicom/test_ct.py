"""A CT series of a scanner as a volume: where its planes say they lie, chosen among others, or refused in one line."""

import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import HEVCMP51, JPEGLosslessSV1, RLELossless, SecondaryCaptureImageStorage

from GuideGenLib.core.errors import FileWarning, VolumeError
from GuideGenLib.core.volumes import read_ct
from Testing.dicom_series import ORIGIN, SHAPE, SPACING, Change, hu, rewrite, write_series


def same(image: sitk.Image, array: np.ndarray | None = None) -> bool:
    """Has an image the HU and the place of the series as it is written without changes?"""
    assert image.GetOrigin() == pytest.approx(ORIGIN) and image.GetSpacing() == pytest.approx(SPACING[::-1])
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())
    return np.array_equal(sitk.GetArrayFromImage(image), hu() if array is None else array)


def pack(folder: Path, archive: Path, compress: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(archive, "w", compress) as bundle:
        for path in sorted(folder.rglob("*")):
            bundle.write(path, f"some where/{path.relative_to(folder)}")
    return archive


def test_planes_lie_where_they_say_whatever_their_files_are_called(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    assert same(read_ct(folder)), "2.5 mm apart by their positions, though SliceThickness says 5"


def test_a_zip_one_plane_and_a_dicomdir_stand_for_their_series(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    assert same(read_ct(pack(folder, tmp_path / "ct.zip")))
    assert same(read_ct(next(folder.iterdir())))
    shutil.copy(next(folder.iterdir()), folder / "DICOMDIR")
    assert same(read_ct(folder / "DICOMDIR"))
    assert {path.name for path in tmp_path.iterdir()} == {"ct", "ct.zip"}, "nothing is unpacked"


@pytest.mark.parametrize("reverse", [False, True])
def test_oblique_planes_from_either_end(tmp_path: Path, reverse: bool) -> None:
    right, down = np.array([0.8, 0.6, 0.0]), np.array([0.0, 0.0, -1.0])
    normal = np.cross(right, down)

    def turn(plane: Dataset, index: int) -> None:
        plane.ImageOrientationPatient = [*right, *down]
        plane.ImagePositionPatient = list(np.array(ORIGIN) + normal * 2.5 * (-index if reverse else index))

    image = read_ct(write_series(tmp_path / "ct", turn))
    wanted = hu()[::-1] if reverse else hu()
    assert np.array_equal(sitk.GetArrayFromImage(image), wanted)
    assert np.array(image.GetDirection()).reshape(3, 3) == pytest.approx(np.column_stack([right, down, normal]))
    assert image.GetOrigin() == pytest.approx(np.array(ORIGIN) - normal * 12.5 * reverse)


def test_slope_and_intercept_are_those_of_each_plane(tmp_path: Path) -> None:
    def scale(plane: Dataset, index: int) -> None:
        stored = (hu()[index].astype(int) + 1000 + index) * 2
        plane.RescaleSlope, plane.RescaleIntercept = 0.5, -1000 - index
        plane.BitsStored, plane.HighBit = 16, 15
        plane.PixelData = stored.astype("<u2").tobytes()

    assert same(read_ct(write_series(tmp_path / "ct", scale)))


def test_high_bits_that_are_not_stored_are_no_hu(tmp_path: Path) -> None:
    def draw(plane: Dataset, index: int) -> None:
        stored = np.frombuffer(plane.PixelData, "<u2").copy()
        stored[::3] |= 0x8000  # an overlay, as older scanners hide it
        plane.PixelData = stored.tobytes()

    assert same(read_ct(write_series(tmp_path / "ct", draw)))


def test_a_file_that_is_there_twice_is_one_plane(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    (folder / "again").mkdir()
    shutil.copy(next(folder.glob("*.dcm")), folder / "again" / "copy.dcm")
    assert same(read_ct(folder))


def test_localizers_and_pictures_are_no_ct(tmp_path: Path) -> None:
    def scout(plane: Dataset, index: int) -> Any:
        plane.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        return index < 2

    def picture(plane: Dataset, index: int) -> None:
        plane.SOPClassUID = SecondaryCaptureImageStorage

    folder = write_series(write_series(write_series(tmp_path / "a"), scout, uid="1.9"), picture, uid="1.8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(read_ct(folder))
    write_series(folder, lambda plane, index: index in (0, 3, 4), uid="1.7")
    with pytest.warns(FileWarning, match=r"'Thorax 2.5' \(CT, 6 planes of 2.5 mm, 1.2.3\) was taken; .*no volume, 1.7"):
        assert same(read_ct(folder)), "a series with a gap is no volume"


def test_of_several_cts_one_is_named(tmp_path: Path) -> None:
    folder = write_series(write_series(tmp_path / "ct"), uid="1.7", array=hu() + 1)
    with pytest.raises(
        VolumeError, match=r"2 series that may be meant: .*1.2.3\); .*1.7\): give .* alone, or choose one by --series"
    ):
        read_ct(folder)
    assert same(read_ct(folder, "1.7"), hu() + 1)
    with pytest.raises(VolumeError, match=r"no CT volume of the series 5: it has 'Thorax 2.5' \(CT"):
        read_ct(folder, "5")


def test_compressed_planes_are_unpacked(tmp_path: Path) -> None:
    assert same(read_ct(write_series(tmp_path / "rle", lambda plane, _: plane.compress(RLELossless))))
    jpeg = write_series(tmp_path / "jpeg", lambda plane, index: as_jpeg(plane, index, tmp_path))
    assert pydicom.dcmread(next(jpeg.iterdir())).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert same(read_ct(jpeg)), "by SimpleITK, for pydicom brings no codec of it"


def as_jpeg(plane: Dataset, index: int, folder: Path) -> None:
    """A plane compressed by SimpleITK, which leaves little of its header."""
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(folder / "jpeg.dcm"))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG")
    writer.Execute(sitk.GetImageFromArray((hu()[index : index + 1] + 1000).astype(np.uint16)))
    packed = pydicom.dcmread(folder / "jpeg.dcm")
    for keyword in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        setattr(plane, keyword, packed[keyword].value)
    plane.RescaleIntercept = -1000
    plane["PixelData"].VR = "OB"
    plane.file_meta.TransferSyntaxUID = packed.file_meta.TransferSyntaxUID


BROKEN: dict[str, tuple[Change, str]] = {
    "a gap": (lambda plane, i: i != 3, "lacks 1 planes: between -395.0 and -390.0 mm there is none"),
    "uneven": (
        lambda plane, i: setattr(plane, "ImagePositionPatient", [0, 0, i * i + i]),
        r"planes 2 to 10 mm apart: give a series of even distances",
    ),
    "two phases": (
        lambda plane, i: (
            setattr(plane, "ImagePositionPatient", [0, 0, i % 3]), setattr(plane, "AcquisitionNumber", i // 3)
        ),
        r"2 scans of the same planes \(Acquisition Number 0, 1\)",
    ),
    "one place": (lambda plane, i: setattr(plane, "ImagePositionPatient", [0, 0, i % 3]), "4 planes in one place"),
    "one plane": (lambda plane, i: i == 0, "one plane only"),
    "no position": (lambda plane, i: delattr(plane, "ImagePositionPatient"), "no valid Image Position"),
    "no spacing": (lambda plane, i: setattr(plane, "PixelSpacing", None), "no valid Pixel Spacing"),
    "zero spacing": (lambda plane, i: setattr(plane, "PixelSpacing", [0, 0]), "pixel spacing of 0 mm"),
    "parallel": (
        lambda plane, i: setattr(plane, "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]), "not at right angles",
    ),
    "sizes": (lambda plane, i: setattr(plane, "Rows", 8 - i % 2), "planes of different sizes"),
    "no rows": (lambda plane, i: setattr(plane, "Rows", 0), "0 rows"),
    "8 bits": (lambda plane, i: setattr(plane, "BitsStored", 8), "8 bits a voxel: that is a picture, not HU"),
    "slope 0": (lambda plane, i: setattr(plane, "RescaleSlope", 0), "rescale slope of 0"),
    "not HU": (lambda plane, i: setattr(plane, "RescaleType", "Z_EFF"), "values of the kind Z_EFF"),
    "few pixels": (lambda plane, i: setattr(plane, "PixelData", plane.PixelData[:-40]), "too few pixels"),
    "no pixels": (lambda plane, i: delattr(plane, "PixelData"), "too few pixels or none"),
    "colours": (lambda plane, i: setattr(plane, "SamplesPerPixel", 3), "has colours"),
    "no intercept": (lambda plane, i: delattr(plane, "RescaleIntercept"), "no value under 0"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_a_volume_is_one_line(tmp_path: Path, what: str) -> None:
    change, said = BROKEN[what]
    folder = write_series(tmp_path / "ct", change)
    with pytest.raises(VolumeError, match=said) as told:
        read_ct(folder)
    assert "\n" not in str(told.value)


def test_a_codec_that_nobody_has_is_named(tmp_path: Path) -> None:
    def claim(plane: Dataset, _: int) -> None:
        plane.file_meta.TransferSyntaxUID = HEVCMP51
        plane.PixelData = encapsulate([plane.PixelData])

    with pytest.raises(VolumeError, match=r"is compressed \(HEVC.*cannot be unpacked here: store it uncompressed"):
        read_ct(write_series(tmp_path / "ct", claim))


def test_a_folder_of_other_things_and_a_damaged_or_encrypted_zip(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no DICOM")
    with pytest.raises(VolumeError, match="holds no DICOM file"):
        read_ct(tmp_path)
    archive = pack(write_series(tmp_path / "ct"), tmp_path / "ct.zip", zipfile.ZIP_STORED)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VolumeError, match="damaged zip"):
        read_ct(archive)
    flipped = bytearray(whole)
    flipped[700] ^= 1  # within a file, whose checksum tells
    archive.write_bytes(flipped)
    with pytest.raises(VolumeError, match="cannot be unpacked"):
        read_ct(archive)


def test_a_zip_that_unpacks_to_more_than_can_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(write_series(tmp_path / "ct"), tmp_path / "ct.zip")
    monkeypatch.setattr("GuideGenLib.core.dicom.objects.LARGEST_OBJECT", 500)
    with pytest.raises(VolumeError, match="unpacked: up to"):
        read_ct(archive)
    monkeypatch.setattr("GuideGenLib.core.dicom.objects.MOST_FILES", 3)
    with pytest.raises(VolumeError, match="more than 3 files"):
        read_ct(archive)


def test_names_in_a_zip_lead_nowhere(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    archive = tmp_path / "inner" / "ct.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as bundle:
        for number, path in enumerate(folder.iterdir()):
            bundle.writestr(f"../../out{number}.dcm", path.read_bytes())
    assert same(read_ct(archive))
    assert sorted(path.name for path in tmp_path.rglob("out*")) == []


def test_one_damaged_plane_is_named(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    path = sorted(folder.iterdir())[2]
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(VolumeError, match=f"{path.name}|lacks 1 planes"):
        read_ct(folder)


def test_words_of_a_file_do_not_move_the_cursor(tmp_path: Path) -> None:
    def name(plane: Dataset, _: int) -> None:
        plane.SeriesDescription = "a\x1b[2J\nb"

    folder = write_series(write_series(tmp_path / "ct", name), uid="1.7")
    with pytest.raises(VolumeError, match=r"'a \[2J b' \(CT") as told:
        read_ct(folder)
    assert str(told.value).isprintable()


def test_numbers_that_are_none(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct")
    path = sorted(folder.iterdir())[0]
    path.write_bytes(path.read_bytes().replace(b"0.75\\0.5", b"zero\\0.5"))
    with pytest.raises(VolumeError, match="no valid Pixel Spacing"):
        read_ct(folder)
    rewrite(path, PixelSpacing=None)
    with pytest.raises(VolumeError, match="no valid Pixel Spacing"):
        read_ct(folder)


def test_the_shape_of_the_toy_series() -> None:
    assert hu().shape == SHAPE and hu().min() < -900
