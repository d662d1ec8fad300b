"""The client with a worker process whose generator is a toy: order, cancel, crashes, refusals, and what is left."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.engine import (
    Client,
    CTRequest,
    DescribeRequest,
    Done,
    Failed,
    MaskRequest,
    Progress,
    RegenerateRequest,
    Stopped,
)
from GuideGenLib.engine.process import WorkerProcess
from GuideGenLib.generator import RunSettings
from Testing.engine.conftest import done, events_of, outcome, runs, script, until, until_step

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
ROOT = Path(__file__).parents[2]
EMPTY = sitk.Image(5, 5, 5, sitk.sitkUInt8)


def mask(text: str = "plain", **options: object) -> MaskRequest:
    return MaskRequest({"text": text}, RunSettings(**options))  # type: ignore[arg-type]


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


# ---------------------------------------------------------------- crashes


@pytest.mark.parametrize(
    ("word", "kind", "told"),
    [
        ("abort", "crash", "SIGABRT"),
        ("exit", "crash", "status 7"),
        ("memory", "memory", "choose a smaller region"),
        ("torch memory", "memory", "choose a smaller region"),
        ("card", "device", "choose the device cpu"),
        ("bug", "internal", "IndexError"),
    ],
)
def test_a_crash_is_a_message_and_the_next_run_works(
    client: Client, temporary: Path, word: str, kind: str, told: str
) -> None:
    id = client.submit(mask(word))
    waiting = client.submit(mask())
    failed = outcome(client, id)
    assert isinstance(failed, Failed)
    assert failed.kind == kind and told in failed.message
    assert "Traceback" not in failed.message
    done(client, waiting)
    assert len(list(temporary.iterdir())) == 1, "the folder of the dead one is gone"


def test_the_last_words_of_a_worker_are_in_the_details(client: Client) -> None:
    crashed, broken = (outcome(client, client.submit(mask(word))) for word in ("exit", "bug"))
    assert isinstance(crashed, Failed) and crashed.details == "a last word"
    assert isinstance(broken, Failed) and "list index out of range" in broken.details


def test_a_worker_that_is_killed_is_a_message_and_the_next_run_works(client: Client, temporary: Path) -> None:
    pid = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    id = client.submit(mask("deaf"))
    until_step(client, id)
    os.kill(pid, signal.SIGKILL)
    failed = outcome(client, id)
    assert isinstance(failed, Failed) and failed.kind == "memory"
    assert "close other programs" in failed.message
    until(lambda: not any(temporary.iterdir()), "its files go", 10)
    again = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    os.kill(again, signal.SIGKILL)  # while it idles
    until(lambda: not runs(again), "it ends")
    done(client, client.submit(mask()))


def test_a_worker_that_dies_as_the_request_is_sent_is_replaced_without_a_word(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    really_alive: Any = WorkerProcess.alive
    monkeypatch.setattr(WorkerProcess, "alive", property(lambda self: self.pid == pid or really_alive.fget(self)))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid), "it ends")
    again = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    assert again != pid


def test_prints_are_no_events(client: Client) -> None:
    done(client, client.submit(mask("noise")))


def test_a_python_that_is_none_is_told(temporary: Path, tmp_path: Path) -> None:
    missing, failing = Client(python=str(tmp_path / "none")), Client(python=str(script(tmp_path / "bad", "exit 9")))
    for client, told in ((missing, "name a Python"), (failing, "status 9")):
        failed = outcome(client, client.submit(mask()))
        assert isinstance(failed, Failed) and failed.kind == "crash" and told in failed.message
        client.close()
    until(lambda: not any(temporary.iterdir()), "no folder stays", 10)


def test_a_full_disk_is_told_when_the_worker_writes(temporary: Path, tmp_path: Path, fake_python: Path) -> None:
    client = Client(python=str(script(tmp_path / "limited", f'ulimit -f 0; exec "{fake_python}"')))
    failed = outcome(client, client.submit(mask()))
    client.close()
    assert isinstance(failed, Failed) and failed.kind == "disk" and "free some space" in failed.message


def test_a_full_disk_is_told_when_the_client_writes(
    client: Client, small_anatomy: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=small_anatomy.GetNumberOfPixels()))
    failed = outcome(client, client.submit(CTRequest(small_anatomy, {"text": "plain"})))
    assert isinstance(failed, Failed) and failed.kind == "disk" and "free some space" in failed.message
    monkeypatch.undo()
    done(client, client.submit(CTRequest(small_anatomy, {"text": "plain"})))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (MaskRequest({}), "'text'"),
        (MaskRequest({"text": "x", "age": 400}), "age of 400"),
        (MaskRequest({"text": "x", "size": float("nan")}), "JSON"),
        (MaskRequest([]), "description"),  # type: ignore[arg-type]
        (DescribeRequest("  "), "empty"),
        (DescribeRequest(None), "text"),  # type: ignore[arg-type]
        (CTRequest("/none/anatomy.nii.gz", {"text": "x"}), "anatomy.nii.gz does not exist"),
        (CTRequest(EMPTY, {"text": "x"}), "is empty"),
        (CTRequest(sitk.Image(5, 5, sitk.sitkUInt8), {"text": "x"}), "2 dimensions"),
        (RegenerateRequest("a.nii", "b.nii", "c.nii", {"text": "x"}), "does not exist"),
    ],
)
def test_bad_input_is_a_message_and_the_worker_goes_on(client: Client, request_: MaskRequest, told: str) -> None:
    failed = outcome(client, client.submit(request_))
    assert isinstance(failed, Failed)
    assert failed.kind == "input" and told in failed.message, failed
    worker = client._worker
    done(client, client.submit(mask()))
    assert client._worker is worker


def test_what_fails_or_is_stopped_leaves_no_volume_behind(
    client: Client, temporary: Path, small_anatomy: sitk.Image
) -> None:
    text = {"text": "plain"}
    for request in (
        RegenerateRequest(small_anatomy, small_anatomy, small_anatomy, {"text": "memory"}),
        RegenerateRequest("/none/ct.nii", small_anatomy, small_anatomy, text),
        CTRequest(small_anatomy, {}),
    ):
        assert isinstance(outcome(client, client.submit(request)), Failed)
        (folder,) = temporary.iterdir()
        assert list(folder.iterdir()) == []
    id = client.submit(CTRequest(small_anatomy, {"text": "patient"}))
    until_step(client, id)
    client.cancel(id)
    assert isinstance(outcome(client, id), Stopped)
    until(lambda: not any(temporary.rglob("*.volume")), "its files go", 10)


def test_what_is_no_request_or_no_volume_is_refused_at_once(client: Client) -> None:
    with pytest.raises(TypeError, match="MaskRequest"):
        client.submit("draw me a sheep")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="anatomy"):
        client.submit(CTRequest(7, {"text": "x"}))
    assert not client.busy


# ---------------------------------------------------------------- the end


def test_close_in_mid_run_leaves_no_process_and_no_file(temporary: Path, fake_python: Path) -> None:
    client = Client(python=str(fake_python))
    pid = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    until_step(client, client.submit(mask("deaf")))
    client.close()
    until(lambda: not runs(pid) and not any(temporary.iterdir()), "nothing is left", 10)
    assert client.poll() == [] and not client.busy
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.submit(mask())


def test_a_client_that_is_forgotten_ends_its_worker(temporary: Path, fake_python: Path) -> None:
    client = Client(python=str(fake_python))
    pid = done(client, client.submit(mask())).result.provenance["pid"]  # type: ignore[union-attr]
    del client
    until(lambda: not runs(pid) and not any(temporary.iterdir()), "nothing is left", 10)


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "exit"])
def test_when_the_parent_dies_in_mid_run_no_process_and_no_folder_are_left(
    temporary: Path, fake_python: Path, end: str
) -> None:
    code = """
        import sys, time, SimpleITK
        from GuideGenLib.engine import Client, CTRequest, MaskRequest, Progress
        client = Client(python=sys.argv[1])
        client.submit(MaskRequest({"text": "deaf"}))
        while not any(isinstance(e, Progress) and e.stage == "mask" for e in client.poll()):
            time.sleep(0.02)
        print(client._worker.pid, flush=True)
        if sys.argv[2] == "exit":
            sys.exit()
        time.sleep(300)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(fake_python), end],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    if end != "exit":
        assert runs(pid) and len(list(temporary.iterdir())) == 1
        parent.send_signal(signal.Signals[end])
    parent.wait(60)
    until(lambda: not runs(pid), "the worker ends", 30)
    until(lambda: not any(temporary.iterdir()), "its folder goes", 30)
