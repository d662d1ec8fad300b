"""Connections that are lost, and ends that are killed: what goes on, what is told, and that nothing is left behind."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.engine import CTRequest, Done, Failed, Stopped
from GuideGenLib.generator import RunSettings
from GuideGenLib.remote.client import Address, RemoteClient
from Testing.engine.conftest import done, mask, outcome, until, until_step
from Testing.remote.conftest import Running, short

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
ROOT = Path(__file__).parents[2]


class Cable:
    """A way to a server that breaks: each connection after so many bytes of answers, all of them while it is `cut`, and
    one after so many bytes of questions."""

    def __init__(self, port: int, most: int, questions: int | None) -> None:
        self._port, self._most, self._questions, self.cut, self.broken = port, most, questions, False, 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address.of(f"http://127.0.0.1:{self._listener.getsockname()[1]}")
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Break all connections, and those to come until `cut` is false again."""
        self.cut = True
        for end in self._open:
            close(end)

    def stop(self) -> None:
        """No further connections."""
        close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far, self._questions), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self._most), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        passed = 0
        try:
            while data := source.recv(4096):
                passed += len(data)
                if most is not None and passed > most:
                    self.broken += 1
                    self._questions = None
                    break
                target.sendall(data)
        except OSError:
            pass
        close(source)
        close(target)


def close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@pytest.fixture
def lay() -> Iterator[Callable[[Running, int], Cable]]:
    """`lay(running, most, questions=None)`, a cable to a server."""
    made: list[Cable] = []

    def start(running: Running, most: int, questions: int | None = None) -> Cable:
        made.append(Cable(running.server.port, most, questions))
        return made[-1]

    yield start
    for cable in made:
        cable.stop()


@pytest.fixture
def toy(fake_python: Path, temporary: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Address]]]:
    """`toy(port=0, lease=2)`, a server as a process, and its address."""
    made: list[subprocess.Popen[str]] = []

    def start(port: int = 0, lease: float = 2.0) -> tuple[subprocess.Popen[str], Address]:
        command = [sys.executable, "-m", "Testing.remote.toy_server", str(fake_python), str(port), str(lease)]
        made.append(started(command, temporary))
        assert made[-1].stdout is not None
        return made[-1], Address.of(made[-1].stdout.readline())

    yield start
    for process in made:
        process.terminate()
        process.wait(10)
    until(lambda: not any(temporary.iterdir()), "the workers' folders go", 10)


def started(command: list[str], temporary: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


def test_a_result_comes_over_a_cable_that_breaks_again_and_again(
    serve: Callable[..., Running], lay: Callable[..., Cable]
) -> None:
    running = serve()
    cable = lay(running, 40_000)
    client = RemoteClient(cable.address)
    noise = np.random.default_rng(0).integers(1, 130, (40, 50, 60), np.uint8)  # which no packing makes smaller
    request = CTRequest(sitk.GetImageFromArray(noise), {"text": "plain"}, RunSettings(spacing_mm=None))
    ct = done(client, client.submit(request)).result.ct  # type: ignore[union-attr]
    assert np.array_equal(sitk.GetArrayFromImage(ct), noise) and cable.broken >= 3
    client.close()


def test_a_request_that_was_cut_off_is_sent_again(serve: Callable[..., Running], lay: Callable[..., Cable]) -> None:
    running = serve()
    cable = lay(running, 1 << 30, questions=30_000)
    client = RemoteClient(cable.address)
    noise = np.random.default_rng(0).integers(1, 130, (40, 50, 60), np.uint8)
    id = client.submit(CTRequest(sitk.GetImageFromArray(noise), {"text": "plain"}, RunSettings(spacing_mm=None)))
    ct = done(client, id).result.ct  # type: ignore[union-attr]
    assert np.array_equal(sitk.GetArrayFromImage(ct), noise) and cable.broken == 1
    assert len(running.log) == 1
    client.close()


def test_a_run_goes_on_while_its_client_is_away_for_less_than_a_lease(
    serve: Callable[..., Running], lay: Callable[..., Cable]
) -> None:
    running = serve(limits=short(lease_s=5.0))
    cable = lay(running, 1 << 30)
    client = RemoteClient(cable.address)
    id = client.submit(mask("patient"))
    until_step(client, id)
    (run,) = running.runs
    cable.pull()
    time.sleep(0.7)
    assert client.busy and not any(isinstance(event, Failed) for event in client.poll())
    cable.cut = False
    before = run.heard
    until(lambda: run.heard > before, "it asks again", 5)
    assert list(running.runs) == [run]
    client.cancel(id)
    assert isinstance(outcome(client, id), Stopped)
    client.close()


def test_a_server_that_is_killed_is_told_of_and_leaves_nothing(
    toy: Callable[..., tuple[subprocess.Popen[str], Address]], temporary: Path
) -> None:
    process, address = toy(lease=2.0)
    client = RemoteClient(address)
    id = client.submit(mask("patient"))
    until_step(client, id)
    assert any(temporary.iterdir())
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(temporary.iterdir()), "its worker and the worker's folder go", 5)
    failed = outcome(client, id, 10)
    assert isinstance(failed, Failed) and failed.kind == "server"
    assert f"connection to {address.url} was lost" in failed.message and "run it again" in failed.message
    failed = outcome(client, client.submit(mask()), 10)
    assert isinstance(failed, Failed) and "no server answers" in failed.message and "`guidegen serve`" in failed.message

    process, address = toy(port=address.port, lease=20.0)
    id = client.submit(mask("patient"))
    until_step(client, id)
    process.send_signal(signal.SIGKILL)
    process.wait()
    toy(port=address.port, lease=20.0)
    failed = outcome(client, id, 20)
    assert isinstance(failed, Failed) and "does not know this run any more" in failed.message
    assert isinstance(outcome(client, client.submit(mask())), Done)
    client.close()


def test_a_client_that_is_killed_frees_the_worker(
    toy: Callable[..., tuple[subprocess.Popen[str], Address]], temporary: Path
) -> None:
    _, address = toy(lease=2.0)
    client = started([sys.executable, "-m", "Testing.remote.toy_client", address.url], temporary)
    assert client.stdout is not None and client.stdout.readline() == "running\n"
    client.kill()
    client.wait()
    assert 'state="running"} 1' in metrics(address)
    until(lambda: 'state="running"} 0' in metrics(address), "the run is dropped", 10)
    assert 'outcome="lost"} 1' in metrics(address)


def metrics(address: Address) -> str:
    made = http.client.HTTPConnection(address.host, address.port, timeout=5)
    made.request("GET", "/metrics")
    text = made.getresponse().read().decode()
    made.close()
    return text
