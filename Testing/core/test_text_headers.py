"""The spacing in NRRD and MetaImage headers: told, or the file is refused."""

from pathlib import Path

import pytest

from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.volumes import read_volume

NRRD = "NRRD0004\ntype: short\ndimension: 3\nsizes: 6 5 4\nendian: little\nencoding: raw\n{}\n"
META = "ObjectType = Image\nNDims = 3\nBinaryData = True\n{}DimSize = 6 5 4\nElementType = MET_SHORT\n"
META += "ElementDataFile = LOCAL\n"
PLACED = "space: left-posterior-superior\nspace directions: {}\nspace origin: (0,0,0)\n"
VOXELS = bytes(2 * 6 * 5 * 4)
UNTOLD, WRONG = "does not tell the size of its voxels", "has a spacing of .* mm: correct its header"


def written(folder: Path, header: str, told: str) -> Path:
    path = folder / ("odd.nrrd" if header is NRRD else "odd.mha")
    path.write_bytes(header.format(told).encode() + VOXELS)
    return path


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (NRRD, "spacings: 1 2 3\n"),
        (NRRD, PLACED.format("(1,0,0) (0,-2,0) (0,0,3)")),
        (META, "ElementSpacing = 1 2 3\n"),
        (META, "ElementSize = 1 2 3\n"),
    ],
)
def test_a_spacing_that_is_told_is_read(tmp_path: Path, header: str, told: str) -> None:
    assert read_volume(written(tmp_path, header, told)).GetSpacing() == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("header", "told", "why"),
    [
        (NRRD, "", UNTOLD),
        (NRRD, "spacings: 1 2 nan\n", WRONG),
        (NRRD, "spacings: 1 2 0\n", WRONG),
        (NRRD, PLACED.format("none none none"), UNTOLD),
        (NRRD, PLACED.format("(1,0,0) (0,1,0) (0,0,0)"), WRONG),
        (NRRD, PLACED.format("(1,0,0) (0,1,0) (0,0,nan)"), WRONG),
        (NRRD, PLACED.format("(1,0,0) (0.1,1,0) (0,0,1)"), "not at right angles .off by 5.71 degrees"),
        (META, "", UNTOLD),
        (META, "ElementSpacing = 1 1 0\n", WRONG),
        (META, "ElementSpacing = 1 nan 1\n", WRONG),
    ],
)
def test_a_spacing_that_is_missing_or_none_is_refused(tmp_path: Path, header: str, told: str, why: str) -> None:
    with pytest.raises(VolumeError, match=why):
        read_volume(written(tmp_path, header, told))
