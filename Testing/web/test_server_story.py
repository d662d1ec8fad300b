"""The page with a server in the place of a worker: from a text to a regenerated CT, with no torch to be found in its
processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from Testing.remote.served import ROOT, TOKEN, served
from Testing.tiny_bundle import write_tiny_bundle
from Testing.web.test_story import Person, arrive, find, paint, small, workers

__all__ = ["arrive"]
TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."
START = """
from Testing.remote.thin import HEAVY, take_away

take_away([name for name in HEAVY if name != "aiohttp"])
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `guidegen web --server` serves, in front of a `guidegen serve` with a tiny bundle."""
    pytest.importorskip("trame_slicer", reason="needs the extra web")
    folder = tmp_path_factory.mktemp("page")
    (folder / "sitecustomize.py").write_text(START, encoding="utf-8")
    token = folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    with served(write_tiny_bundle(folder / "tiny"), folder / "server") as url:
        command = [sys.executable, "-m", "GuideGenLib.cli.start", "web", "--port", "0", "--server", url]
        command += ["--token-file", str(token)]
        front = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
        assert front.stdout is not None
        yield front.stdout.readline().split()[3]
        front.send_signal(signal.SIGTERM)
        assert front.wait(30) is not None


def test_the_story_of_the_page_runs_without_torch(arrive: Callable[[], Person], tmp_path: Path):
    person = arrive()
    person.see("prompt-text").fill(TEXT)
    small(person)
    assert "the server's own" in person.page.content()
    person.run("run-generate")
    person.until(lambda: person.page.locator("#shell-empty").count() == 0, "the anatomy is there")
    person.run("ct-generate")
    before = person.anatomy(tmp_path / "before")
    person.open("anatomy")
    find(person, "body")
    paint(person, (0.5, 0.45))
    person.until(lambda: (person.anatomy(tmp_path / "painted") != before).any(), "the stroke arrives")
    person.run("ct-regenerate")
    person.picture(person.page, "page with a server")
    sessions = [pid for pid in Path("/proc").glob("[0-9]*") if "GuideGenLib.web.server" in command_of(pid)]
    assert sessions and not any("libtorch" in (pid / "maps").read_text() for pid in sessions)
    of_the_server = [pid for pid in workers() if "libtorch" in Path(f"/proc/{pid}/maps").read_text()]
    assert len(of_the_server) == 1, "where the work is done"


def command_of(pid: Path) -> str:
    try:
        return (pid / "cmdline").read_text()
    except OSError:
        return ""
