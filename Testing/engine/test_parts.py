"""The worker's parts by themselves: progress, files of volumes, meaning of errors, memory, the interpreter."""

import errno
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from GuideGenLib.bundle import BundleError
from GuideGenLib.core.device import DeviceError
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.description import DescriptionError
from GuideGenLib.description.encoder import EncoderError
from GuideGenLib.engine import environment
from GuideGenLib.engine.environment import TORSO_MM3, estimate, require_memory, worker_environment, worker_python
from GuideGenLib.engine.exchange import read_exchange, remove_folder, write_exchange
from GuideGenLib.engine.failures import ending, failure
from GuideGenLib.engine.pace import Pace
from GuideGenLib.engine.protocol import Progress
from GuideGenLib.mask.findings.lesions import LesionError
from GuideGenLib.mask.regions import SLABS

# ---------------------------------------------------------------- progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["mask", "ct", "decode"]), st.floats(-0.1, 1.1), st.floats(0, 5)), max_size=60),
)
def test_whatever_the_generator_tells_the_bar_never_goes_back(
    loads: bool, calls: list[tuple[str, float, float]]
) -> None:
    told: list[Progress] = []
    clock = Clock()
    pace = Pace("x", told.append, clock)
    if loads:
        pace.loading()
    pace.working("mask")
    for stage, fraction, seconds in calls:
        clock.now += seconds
        pace.step(stage, fraction)
    fractions = [event.fraction for event in told]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] <= 1
    assert all(event.remaining_s is None or event.remaining_s >= 0 for event in told)


def test_a_thousand_callbacks_a_second_are_few_events() -> None:
    told: list[Progress] = []
    clock = Clock()
    pace = Pace("x", told.append, clock)
    pace.working("ct")
    for call in range(10_000):
        clock.now = call / 1000
        pace.step("ct", call / 1e6)
    assert len(told) < 120
    pace.step("ct", 0.5)
    assert told[-1].fraction == 0.5, "a step ahead is told at once"


def test_the_time_left_follows_an_even_pace_and_loading_is_not_counted() -> None:
    told: list[Progress] = []
    clock = Clock()
    pace = Pace("x", told.append, clock)
    pace.loading()
    clock.now = 100.0
    pace.working("ct")
    for step in range(1, 11):
        clock.now += 2.0
        pace.step("ct", step / 10)
        assert told[-1].remaining_s == pytest.approx(20.0 - 2.0 * step, abs=1e-6)
    assert (told[0].stage, told[0].fraction, told[-1].fraction) == ("load", 0.0, 1.0)


def test_the_first_anatomy_takes_most_of_the_bar() -> None:
    told: list[Progress] = []
    pace = Pace("x", told.append, Clock())
    pace.working("mask")
    for fraction in (0.25, 0.5, 0.75, 1.0):
        pace.step("mask", fraction)
    assert [round(event.fraction, 2) for event in told] == [0, 0.4, 0.8, 0.9, 1.0]


# ---------------------------------------------------------------- volumes


@given(
    st.sampled_from([np.uint8, np.int16, np.float32, np.float64]),
    st.tuples(*[st.integers(1, 6)] * 3),
    st.tuples(*[st.floats(0.1, 9)] * 3),
    st.tuples(*[st.floats(-1e4, 1e4)] * 3),
    st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_a_volume_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, kind: type, shape: tuple[int, ...], spacing: tuple[float, ...],
    origin: tuple[float, ...], angles: tuple[float, ...],
) -> None:  # fmt: skip
    image = sitk.GetImageFromArray(np.random.default_rng(0).normal(0, 90, shape).astype(kind))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    rotation = sitk.Euler3DTransform()
    rotation.SetRotation(*angles)
    image.SetDirection(rotation.GetMatrix())
    path = tmp_path_factory.getbasetemp() / "ü.volume"
    write_exchange(image, path)
    read = read_exchange(path)
    assert not path.exists()
    assert read.GetPixelID() == image.GetPixelID() and read.GetSize() == image.GetSize()
    assert (read.GetSpacing(), read.GetOrigin(), read.GetDirection()) == (
        image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    )  # fmt: skip
    assert np.array_equal(sitk.GetArrayViewFromImage(read), sitk.GetArrayViewFromImage(image))


def test_colour_volumes_and_images_without_a_voxel_pass_so_that_the_library_can_refuse_them(tmp_path: Path) -> None:
    for image in (
        sitk.Image([3, 4, 5], sitk.sitkVectorUInt8, 3),
        sitk.Image(),
        sitk.Image([2, 3, 4, 1], sitk.sitkInt8),
    ):
        write_exchange(image, tmp_path / "a.volume")
        read = read_exchange(tmp_path / "a.volume")
        assert (read.GetSize(), read.GetPixelID()) == (image.GetSize(), image.GetPixelID())


def test_a_cut_file_is_an_error_and_goes_too(tmp_path: Path, small_ct: sitk.Image) -> None:
    path = tmp_path / "a.volume"
    write_exchange(small_ct, path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="cut short"):
        read_exchange(path)
    assert not path.exists()


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "file").write_text("x")
    remove_folder(folder)
    remove_folder(folder)
    assert not folder.exists()


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (DescriptionError("write this"), "input", "write this"),
        (LesionError("ask less"), "input", "ask less"),
        (VolumeError("resample it"), "input", "resample it"),
        (BundleError("copy it again"), "bundle", "copy it again"),
        (EncoderError("install it"), "bundle", "install it"),
        (DeviceError("use cpu"), "device", "use cpu"),
        (MemoryError("3 GB are missing"), "memory", "3 GB are missing"),
        (MemoryError(), "memory", "close other programs"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory", "close other programs"),
        (RuntimeError("CUDA error: device-side assert"), "device", "choose the device cpu"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk", "free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "disk", "/x/y"),
        (ModuleNotFoundError("No module named 'monai'"), "internal", "install the dependencies"),
        (ValueError("operands\ncould not"), "internal", "ValueError: operands)"),
        (KeyError(), "internal", "no reason given"),
    ],
)
def test_errors_have_a_kind_and_say_what_to_do(error: Exception, kind: str, told: str) -> None:
    failed = failure("x", error)
    assert (failed.id, failed.kind) == ("x", kind)
    assert told in failed.message and "\n" not in failed.message
    assert bool(failed.details) == (type(error).__module__ == "builtins")


@pytest.mark.parametrize(
    ("status", "log", "kind", "told"),
    [
        (-signal.SIGSEGV, "Fatal Python error", "crash", "SIGSEGV"),
        (-signal.SIGKILL, "", "memory", "the system ended the worker"),
        (137, "", "memory", "close other programs"),
        (1, "error: [./python-real] exit abnormally - Report the problem.", "memory", "close other programs"),
        (1, "Fatal Python error: Aborted\nerror: [./python-real] exit abnormally", "crash", "status 1"),
        (0xC0000017, "", "memory", "close other programs"),
        (1, "numpy.core._exceptions._ArrayMemoryError: Unable to allocate\nMemoryError", "memory", "memory ran out"),
        (1, "ModuleNotFoundError: No module named 'numpy'", "crash", "install the dependencies"),
        (-250, "", "crash", "status -250"),
        (None, "", "crash", "try again"),
    ],
)
def test_the_end_of_the_process_has_a_meaning(status: int | None, log: str, kind: str, told: str) -> None:
    failed = ending("x", status, log)
    assert failed.kind == kind and told in failed.message and failed.details == log


# ---------------------------------------------------------------- where it runs


def test_memory_grows_with_the_space_and_too_little_is_told_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = {"speed": {"peak_bytes": 3e9}}
    assert estimate(metrics, TORSO_MM3) == 3e9
    assert estimate(metrics, TORSO_MM3 / 2) == 2e9
    assert estimate({}, TORSO_MM3) is None
    monkeypatch.setattr(environment, "_resident", lambda: 500_000_000)
    monkeypatch.setattr("GuideGenLib.core.device.free_memory", lambda: 1_600_000_000)
    require_memory(metrics, TORSO_MM3 / 2)
    require_memory({}, 100 * TORSO_MM3)
    with pytest.raises(MemoryError, match=r"about 3\.0 GB of memory, 0\.9 GB more than there is"):
        require_memory(metrics, TORSO_MM3)
    monkeypatch.setattr("GuideGenLib.core.device.free_memory", lambda: None)
    require_memory(metrics, 100 * TORSO_MM3)


def test_the_torso_of_the_estimate_is_that_of_the_networks() -> None:
    bottom, top = SLABS["torso"]
    assert 6.0 * (top - bottom) * 6.0 * 56 * 6.0 * 64 == TORSO_MM3


def test_what_this_process_holds_is_known_here() -> None:
    if sys.platform == "linux":
        assert 10e6 < environment._resident() < 100e9


def test_the_interpreter_is_slicers_within_slicer_and_this_one_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "PythonSlicer"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "slicer", SimpleNamespace())  # slicer-core has no application
    assert worker_python() == sys.executable
    monkeypatch.setitem(sys.modules, "slicer", SimpleNamespace(app=object()))
    assert worker_python() == str(python)
    python.unlink()
    assert worker_python() == sys.executable


def test_the_worker_finds_the_library_and_keeps_to_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "mine")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    root, mine = worker_environment()["PYTHONPATH"].split(os.pathsep)
    assert (Path(root) / "GuideGenLib" / "engine").is_dir() and mine == "mine"
    assert "OMP_NUM_THREADS" not in worker_environment() and worker_environment(3)["OMP_NUM_THREADS"] == "3"
