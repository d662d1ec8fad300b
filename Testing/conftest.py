"""Fixtures that several tests share."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import settings

from GuideGenLib.anatomy import table
from GuideGenLib.core.arithmetic import gain_of
from GuideGenLib.core.compiled import HINTS
from GuideGenLib.core.files import CACHE_VARIABLE
from GuideGenLib.core.measured import keep
from GuideGenLib.core.volumes import image_from_array

# The same examples in each run: a test that fails does so for everybody.
settings.register_profile("guidegen", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("guidegen")

TESTING = Path(__file__).resolve().parent

# Tests keep nothing in the user's cache, and none of their runs takes OpenVINO because it was faster at that moment.
CACHE = tempfile.TemporaryDirectory(prefix="guidegen-tests-")
os.environ[CACHE_VARIABLE] = CACHE.name
for precision in HINTS:
    keep(gain_of(precision), [0.0])

SIZES = ("small", "medium", "large")
SMALL_FOLDERS = ("anatomy", "bundle", "codec", "core", "ct", "data", "description", "mask")
"""Their tests are small where no mark says otherwise; those of other folders run networks, processes or scenes."""


def size_of(item: pytest.Item) -> str:
    """By its mark, by the browser that it needs, or by its folder."""
    marked = [size for size in SIZES if item.get_closest_marker(size)]
    if marked:
        return marked[-1]
    if "browser" in getattr(item, "fixturenames", ()):
        return "large"
    folder = item.path.relative_to(TESTING).parts[0]
    return "small" if folder in SMALL_FOLDERS or item.path.parent == TESTING else "medium"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its size, for -m; keep together what shares a browser or the fixtures of a file, for -n."""
    for item in items:
        item.add_marker(size_of(item))
        shares_browser = "browser" in getattr(item, "fixturenames", ())
        group = "browser" if shares_browser else item.path.relative_to(TESTING).as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def data() -> Path:
    """The folder of real scans (ct/, labels/) that GUIDEGEN_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("GUIDEGEN_DATA")
    if not folder or not (Path(folder) / "ct").is_dir():
        pytest.skip("GUIDEGEN_DATA is not set")
    return Path(folder)


@pytest.fixture
def small_labels() -> np.ndarray:
    """A toy torso [48, 28, 32] at 12 mm: body, lungs, heart, liver, spleen, kidneys, bladder, a lung tumour."""
    value = table.values()
    labels = np.full((48, 28, 32), value["background"], np.uint8)
    labels[:, 4:24, 3:29] = value["body"]
    labels[30:44, 8:20, 5:14] = value["lung_upper_lobe_right"]
    labels[30:44, 8:20, 18:27] = value["lung_upper_lobe_left"]
    labels[30:38, 7:14, 13:20] = value["heart"]
    labels[20:28, 7:18, 5:18] = value["liver"]
    labels[20:26, 14:20, 22:27] = value["spleen"]
    labels[15:21, 16:20, 7:11] = value["kidney_right"]
    labels[15:21, 16:20, 21:25] = value["kidney_left"]
    labels[2:7, 8:14, 12:20] = value["urinary_bladder"]
    labels[36:40, 12:16, 20:24] = value["lung_tumor"]
    return labels


@pytest.fixture
def small_anatomy(small_labels: np.ndarray) -> sitk.Image:
    """`small_labels` as an image of 12 mm voxels."""
    return image_from_array(small_labels, (12.0, 12.0, 12.0), labels=True)


@pytest.fixture
def small_ct(small_labels: np.ndarray) -> sitk.Image:
    """HU that go with `small_anatomy`: air, lung, soft tissue."""
    value = table.values()
    hu = np.full(small_labels.shape, 40.0)
    hu[small_labels == value["background"]] = -1000
    hu[np.isin(small_labels, (value["lung_upper_lobe_right"], value["lung_upper_lobe_left"]))] = -850
    hu += np.random.default_rng(0).normal(0, 5, hu.shape)
    return image_from_array(hu, (12.0, 12.0, 12.0), labels=False)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of an uncomfortable name, empty."""
    folder = tmp_path / "ü 名 folder"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
