"""`guidegen web` as a process of its own."""

import argparse
import importlib.util
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from GuideGenLib.cli.main import build_parser, main
from GuideGenLib.cli.web import NEEDED, session_command
from GuideGenLib.web.server.front import Front, FrontError
from Testing.web.fronts import PATIENCE_S, in_own_loop, running


@pytest.fixture
def server() -> Iterator[Any]:
    command = (sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_prints_its_address_alone_and_ends_well_on_a_signal(server: Any, number: signal.Signals) -> None:
    line = server.stdout.readline()
    assert re.fullmatch(r"GuideGen is at http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", line)
    server.send_signal(number)
    out, error = server.communicate(timeout=PATIENCE_S)
    assert (server.returncode, out, error) == (0, "", "")


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("127.0.0.1", 70000, "there is no port 70000"),
        ("192.0.2.1", 0, "cannot listen at 192.0.2.1"),
        ("no.such.host.invalid", 0, "cannot listen at no.such.host.invalid"),
    ],
)
@in_own_loop
async def test_an_address_that_cannot_be_is_told(host: str, port: int, told: str) -> None:
    with pytest.raises(FrontError, match=told):
        await Front(("true",), host=host, port=port).start()


@in_own_loop
async def test_a_port_in_use_is_told_with_another_one() -> None:
    async with running() as front:
        with pytest.raises(FrontError, match=f"port {front.port} of 127.0.0.1 is in use.* --port {front.port + 1}"):
            await Front(("true",), port=front.port).start()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--device", "toaster"), "there is no device 'toaster'"),
        (("--bundle", "no-such-folder"), "no-such-folder has no bundle.json"),
    ],
)
def test_a_model_or_device_that_cannot_be_is_told(
    arguments: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("GuideGenLib.cli.main.signal.signal", lambda *_: None)
    assert main(["web", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_missing_package_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("GuideGenLib.cli.main.signal.signal", lambda *_: None)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trame_slicer" else found(name))
    assert main(["web"]) == 2
    error = capsys.readouterr().err
    assert 'pip install "guidegen[web]"' in error and "(trame_slicer not found)" in error
    assert "trame_slicer" in NEEDED


def test_options_reach_the_sessions_process(tmp_path: Path) -> None:
    arguments = ["web", "--bundle", str(tmp_path), "--device", "cpu", "--max-upload-mb", "7", "--cases", "x"]
    args: argparse.Namespace = build_parser().parse_args(arguments)
    assert (args.grace, args.keep) == (10.0, 24.0)
    command = session_command(args)
    assert command[:3] == (sys.executable, "-m", "GuideGenLib.web.server.session")
    assert command[3:] == (
        "--device",
        "cpu",
        "--max-upload-mb",
        "7",
        "--bundle",
        str(tmp_path.resolve()),
        "--cases",
        str(Path("x").resolve()),
    )
