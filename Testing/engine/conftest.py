"""Clients of a worker that needs no torch, and what tests of processes wait for."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from GuideGenLib.engine import Client, Done, Event, Failed, MaskRequest, Progress, Stopped
from GuideGenLib.generator import RunSettings

PATIENCE_S = 240.0
"""Until a test gives up; on a busy machine torch alone takes a minute to import."""


@pytest.fixture
def fake_python(tmp_path: Path) -> Path:
    """An executable that runs `fake_worker.py` whatever it is told to run."""
    return script(tmp_path / "python", f'exec "{sys.executable}" "{Path(__file__).with_name("fake_worker.py")}"')


@pytest.fixture
def client(temporary: Path, fake_python: Path) -> Iterator[Client]:
    """A client of the fake worker; after the test nothing of it is left."""
    made = Client(python=str(fake_python))
    yield made
    made.close()
    until(lambda: not any(temporary.iterdir()), "its folder goes")


def mask(text: str = "plain", **options: object) -> MaskRequest:
    """A request for an anatomy; the toy worker behaves as the text says."""
    return MaskRequest({"text": text}, RunSettings(**options))  # type: ignore[arg-type]


def script(path: Path, commands: str) -> Path:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{commands}\n", encoding="utf-8")
    path.chmod(0o700)
    return path


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def events_of(client: Client, id: str, seconds: float = PATIENCE_S) -> list[Event]:
    """Poll until that request is over; the events since now, all requests'."""
    seen: list[Event] = []

    def over() -> bool:
        seen.extend(client.poll())
        return any(event.id == id and not isinstance(event, Progress) for event in seen)

    until(over, f"{id} ends", seconds)
    return seen


def outcome(client: Client, id: str, seconds: float = PATIENCE_S) -> Done | Failed | Stopped:
    """The event that ends a request."""
    return next(e for e in events_of(client, id, seconds) if e.id == id and not isinstance(e, Progress))  # type: ignore[return-value]


def done(client: Client, id: str) -> Done:
    """The event that ends a request, which must be well."""
    event = outcome(client, id)
    assert isinstance(event, Done), event
    return event


def until_step(client: Client, id: str, stage: str = "mask") -> None:
    """Poll until a request has come to that stage."""
    until(lambda: any(isinstance(e, Progress) and (e.id, e.stage) == (id, stage) for e in client.poll()), stage)


def runs(pid: int) -> bool:
    """Whether a process is there; a dead one that nobody has asked after yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        pass
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
