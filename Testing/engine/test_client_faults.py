"""The client with a toy worker that crashes, is killed or cannot write, bad input, and what is left at the end."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.engine import (
    Client,
    CTRequest,
    DescribeRequest,
    Failed,
    MaskRequest,
    RegenerateRequest,
    Stopped,
)
from GuideGenLib.engine.process import WorkerProcess
from Testing.engine.conftest import done, mask, outcome, runs, script, until, until_step

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
ROOT = Path(__file__).parents[2]
EMPTY = sitk.Image(5, 5, 5, sitk.sitkUInt8)


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
        until(lambda: not any(temporary.rglob("*.volume")), "its files go", 10)
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
