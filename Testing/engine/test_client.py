"""The client with a worker process whose generator is a toy: order, progress, volumes, cancel."""

import os
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.engine import (
    Client,
    CTRequest,
    DescribeRequest,
    Done,
    Progress,
    Stopped,
)
from GuideGenLib.generator import RunSettings
from Testing.engine.conftest import done, events_of, mask, outcome, runs, until, until_step

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
ROOT = Path(__file__).parents[2]


def test_importing_the_client_imports_nothing_heavy() -> None:
    code = """
        import sys
        from GuideGenLib.engine import Client, MaskRequest
        Client().close()
        heavy = {"torch", "monai", "numpy", "SimpleITK", "scipy", "vtk", "asyncio"} & set(sys.modules)
        sys.exit(f"imported: {heavy}" if heavy else 0)
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env=environment)


def test_a_text_is_described_and_no_process_starts_before(client: Client, temporary: Path) -> None:
    assert not any(temporary.iterdir()) and not client.busy
    id = client.submit(DescribeRequest("A 61 year old man with a 30 mm tumor in the left upper lobe of the lung."))
    assert client.busy
    description = done(client, id).result.description  # type: ignore[union-attr]
    assert (description["age"], description["findings"][0]["organ"]) == (61, "lung")
    assert not client.busy


def test_a_warmed_worker_loads_its_models_once_before_a_request_comes(client: Client, temporary: Path) -> None:
    client.warm()
    (folder,) = temporary.iterdir()
    client.warm()
    assert not client.busy and client.poll() == []
    record = done(client, client.submit(mask())).result.provenance  # type: ignore[union-attr]
    assert record["warmed"] == 1 and list(temporary.iterdir()) == [folder]
    client.warm()
    assert done(client, client.submit(mask())).result.provenance["warmed"] == 1  # type: ignore[union-attr]


def test_the_folder_is_private_and_volumes_are_deleted_as_soon_as_read(
    client: Client, temporary: Path, small_anatomy: sitk.Image
) -> None:
    id = client.submit(CTRequest(small_anatomy, {"text": "plain"}))
    (folder,) = temporary.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    done(client, id)
    assert list(folder.iterdir()) == []


def test_volumes_keep_voxels_and_geometry_to_the_last_bit(client: Client, small_anatomy: sitk.Image) -> None:
    rotation = sitk.Euler3DTransform()
    rotation.SetRotation(0.2, -0.1, 0.3)
    small_anatomy.SetDirection(rotation.GetMatrix())
    small_anatomy.SetOrigin((-80.1, 33.3, 1200.7))
    small_anatomy.SetSpacing((0.7, 0.7, 5.1))
    request = CTRequest(small_anatomy, {"text": "plain"}, RunSettings(spacing_mm=None))
    kept = sitk.GetArrayFromImage(small_anatomy)
    id = client.submit(request)
    small_anatomy[0, 0, 0] = 7  # too late for the request
    ct = done(client, id).result.ct  # type: ignore[union-attr]
    assert np.array_equal(sitk.GetArrayFromImage(ct), kept)
    assert ct.GetPixelID() == sitk.sitkInt16
    for name in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(ct, name)() == getattr(small_anatomy, name)()


def test_a_file_of_the_user_is_read_and_stays(client: Client, tmp_path: Path, small_anatomy: sitk.Image) -> None:
    path = tmp_path / "anatomy ü.nii.gz"
    sitk.WriteImage(small_anatomy, str(path))
    ct = done(client, client.submit(CTRequest(path, {"text": "plain"}))).result.ct  # type: ignore[union-attr]
    assert np.array_equal(sitk.GetArrayViewFromImage(ct), sitk.GetArrayViewFromImage(small_anatomy))
    assert path.is_file()


def test_progress_has_stages_in_order_never_goes_back_and_tells_the_time_left(
    client: Client, small_anatomy: sitk.Image
) -> None:
    for request, stage in ((mask(), "mask"), (CTRequest(small_anatomy, {"text": "plain"}), "ct")):
        id = client.submit(request)
        told = [event for event in events_of(client, id) if isinstance(event, Progress)]
        stages = [event.stage for event in told]
        assert stages == sorted(stages, key=["load", stage].index) and {*stages} == {"load", stage}
        fractions = [event.fraction for event in told]
        assert fractions == sorted(fractions) and fractions[-1] > 0.5
        assert told[-1].remaining_s is not None and told[0].remaining_s is None


def test_a_long_step_without_a_word_is_told_at_least_once_a_second(client: Client) -> None:
    id = client.submit(mask("one step"))
    until_step(client, id)
    start = time.monotonic()
    heard: list[tuple[float, Progress]] = []
    while time.monotonic() < start + 2.2:
        heard += [(time.monotonic(), event) for event in client.poll() if isinstance(event, Progress)]
        time.sleep(0.02)
    assert len(heard) >= 3, "the step takes 2.5 s"
    gaps = np.diff([start, *(at for at, _ in heard)])
    assert gaps.max() < 1.0
    client.cancel()


def test_requests_run_one_after_another_in_one_process(client: Client) -> None:
    first, second, third = (client.submit(mask(seed=seed)) for seed in (1, 2, 3))
    assert len({first, second, third}) == 3
    seen = events_of(client, third)
    ends = [event for event in seen if isinstance(event, Done)]
    assert [event.id for event in ends] == [first, second, third]
    assert [sitk.GetArrayFromImage(event.result.anatomy).flat[0] for event in ends] == [1, 2, 3]  # type: ignore[union-attr]
    assert len({event.result.provenance["pid"] for event in ends}) == 1  # type: ignore[union-attr]
    order = [event.id for event in seen]
    assert order == sorted(order), "no event of a later request comes before an earlier one is over"


def test_neither_polling_nor_submitting_blocks_while_large_volumes_come_and_go(client: Client) -> None:
    large = sitk.Image([256, 256, 256], sitk.sitkUInt8) + 5
    times = []
    for text in ("plain", "plain", "patient"):
        start = time.monotonic()
        id = client.submit(CTRequest(large, {"text": text}))
        times.append(time.monotonic() - start)
        while client.busy and time.monotonic() < start + 4:
            before = time.monotonic()
            client.poll()
            times.append(time.monotonic() - before)
            time.sleep(0.005)
    assert np.percentile(times, 95) < 0.05 and max(times) < 1.0, "a busy machine may take its time now and then"
    client.cancel(id)
    outcome(client, id)


# ---------------------------------------------------------------- cancel


def test_a_run_that_asks_is_stopped_and_keeps_its_worker(client: Client, temporary: Path) -> None:
    before = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    id = client.submit(mask("patient"))
    until_step(client, id)
    client.cancel(id)
    client.cancel(id)  # twice does no harm
    assert isinstance(outcome(client, id, 10), Stopped)
    after = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    assert after == before, "the models stay loaded"
    (folder,) = temporary.iterdir()
    assert list(folder.iterdir()) == []


def test_a_run_that_does_not_listen_is_killed_within_a_second_and_leaves_nothing(
    client: Client, temporary: Path
) -> None:
    pid = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    id = client.submit(mask("deaf"))
    until_step(client, id)
    start = time.monotonic()
    client.cancel()
    assert isinstance(outcome(client, id), Stopped)
    assert time.monotonic() - start < 3, "0.75 s, more where the machine is busy"
    until(lambda: not runs(pid), "the process ends", 10)
    until(lambda: not any(temporary.iterdir()), "its files go", 10)
    assert not client.busy
    done(client, client.submit(mask()))


def test_one_of_the_waiting_is_cancelled_and_the_others_run(client: Client) -> None:
    first, second, third = (client.submit(mask()) for _ in range(3))
    client.cancel(second)
    client.cancel("run-99")
    ends = [event for event in events_of(client, third) if not isinstance(event, Progress)]
    assert {(type(event), event.id) for event in ends} == {(Done, first), (Stopped, second), (Done, third)}


def test_cancel_without_an_id_stops_all_and_a_late_one_nothing(client: Client) -> None:
    ids = [client.submit(mask("patient")) for _ in range(3)]
    until_step(client, ids[0])
    client.cancel()
    ends = {event.id: event for event in events_of(client, ids[0])}
    assert all(isinstance(ends[id], Stopped) for id in ids)
    last = client.submit(mask())
    done(client, last)
    client.cancel(last)
    assert client.poll() == [] and not client.busy


def test_a_request_that_ends_while_it_is_cancelled_is_stopped(client: Client) -> None:
    id = client.submit(mask())
    until(lambda: client._worker is not None and _has_done(client._worker.events.queue), "it is done, not polled")
    client.cancel(id)
    assert isinstance(outcome(client, id), Stopped)


def _has_done(events: object) -> bool:
    return any(isinstance(event, Done) for event in list(events))  # type: ignore[call-overload]
