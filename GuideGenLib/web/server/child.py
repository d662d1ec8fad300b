"""The process of one session as the front sees it: its start, its log, its end, its private folder."""

import asyncio
import collections
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from GuideGenLib.core.languages import ENGLISH
from GuideGenLib.engine.environment import ROOT, worker_environment
from GuideGenLib.web.server.times import Times

LOG_LINES, LINE_LENGTH = 40, 500
COLOURS = re.compile("\x1b\\[[0-9;]*m")
NO_OPENGL = (
    "this machine has no OpenGL to draw with: install the system packages libegl1 and libgl1-mesa-dri "
    "(apt-get install --no-install-recommends libegl1 libgl1-mesa-dri)"
)
SECRET_VARIABLE = "GUIDEGEN_WEB_SECRET"


class Pipes(asyncio.SubprocessProtocol):
    """What a process says: the first line on stdout, and the last lines of all that follows and of stderr.

    `exited` is set when the process is gone, even while children of its hold its pipes open (`Process.wait` would wait
    for them); `closed` when they are gone as well.
    """

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.exited, self.closed = asyncio.Event(), asyncio.Event()
        self.log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self._rest = {1: b"", 2: b""}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep whole lines, however long they are."""
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        self._rest[fd] = rest[-LINE_LENGTH:]
        if fd == 1 and lines and not self.first.done():
            self.first.set_result(lines.pop(0))
        self._keep(*lines)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """The last line may lack its end."""
        self._keep(self._rest.pop(fd, b""))
        if fd == 1 and not self.first.done():
            self.first.set_result(b"")

    def process_exited(self) -> None:
        """It was waited for."""
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """All pipes are closed, too."""
        self.closed.set()

    def _keep(self, *lines: bytes) -> None:
        texts = (COLOURS.sub("", line.decode("utf-8", "replace")).rstrip() for line in lines)
        self.log.extend(text[:LINE_LENGTH] for text in texts if text)


class Child:
    """One process and its folder, which go together. It is made in a running event loop and starts at once.

    command: what to start, to which `--folder` and `--language` are added; kept: where it autosaves its work, None
    nowhere. `settled` is set when the process answers or has failed, `gone` when process and folder are no more; then
    `failure` tells why,
    unless `end` was called. Raises OSError when the folder cannot be made.
    """

    def __init__(self, command: Sequence[str], times: Times, kept: Path | None = None, language: str = ENGLISH) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guidegen-web-")).resolve()  # for this user alone
        self.secret = secrets.token_urlsafe()
        self.port: int | None = None
        self.failure = ""
        self.settled, self.gone = asyncio.Event(), asyncio.Event()
        self._command = (*command, "--folder", str(self.folder), "--language", language)
        self._command += () if kept is None else ("--kept", str(kept))
        self._times = times
        self._ending = asyncio.Event()
        self._pipes = Pipes()
        self._life = asyncio.create_task(self._live())

    @property
    def answered(self) -> bool:
        """Whether it has ever told its port."""
        return self.port is not None

    @property
    def ready(self) -> bool:
        """Whether it answers on `port`."""
        return self.answered and not self.gone.is_set()

    @property
    def log(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self._pipes.log)

    async def end(self) -> None:
        """Close its stdin, kill its group if it takes longer than `end_s`; returns when process and folder are gone."""
        self._ending.set()
        await self.gone.wait()

    async def _live(self) -> None:
        try:
            await self._run()
        except OSError as error:
            self.failure = f"its process could not be started: {error}"
        finally:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
            self.gone.set()
            self.settled.set()

    async def _run(self) -> None:
        """Start it, take its port, wait for its end, kill what is left."""
        pipes = self._pipes
        transport = await self._start()
        started = await _first_of(self._times.start_s, pipes.first, pipes.exited.wait(), self._ending.wait())
        if not started:
            self.failure = f"its process did not tell its port within {self._times.start_s:g} s"
        elif pipes.first.done() and self._take_port(pipes.first.result()):
            self.settled.set()
            await _first_of(None, pipes.exited.wait(), self._ending.wait())
        if (stdin := transport.get_pipe_transport(0)) is not None:
            stdin.close()
        await _first_of(self._times.end_s, pipes.exited.wait())
        _kill_group(transport.get_pid())
        await pipes.exited.wait()
        await _first_of(self._times.end_s, pipes.closed.wait())  # its last words
        transport.close()
        if not self._ending.is_set() and not self.failure:
            self.failure = reason(transport.get_returncode() or 0, pipes.log)

    async def _start(self) -> asyncio.SubprocessTransport:
        temporary = self.folder / "tmp"  # what it and its worker leave behind goes with the folder
        temporary.mkdir()
        private = {SECRET_VARIABLE: self.secret, "TMPDIR": str(temporary)}
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self._pipes,
            *self._command,
            cwd=ROOT,
            env={**worker_environment(), **private},
            start_new_session=True,  # it ends as a whole, and a Ctrl-C in the terminal is not for it
        )
        return transport

    def _take_port(self, line: bytes) -> bool:
        """Whether the first line told one; an empty line is that of a process which ends, for its own reason."""
        try:
            self.port = int(json.loads(line)["port"])
        except (ValueError, TypeError, KeyError):
            if line:
                self.failure = f"its process told no port but {line[:LINE_LENGTH].decode('utf-8', 'replace')!r}"
        return self.answered


async def _first_of(seconds: float | None, *what: Awaitable[Any]) -> bool:
    """Wait for any of these; whether one came in time."""
    tasks = {asyncio.ensure_future(one) for one in what}
    done, late = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        if isinstance(task, asyncio.Task):  # a future is somebody else's
            task.cancel()
    return bool(done)


def _kill_group(pid: int) -> None:
    """Also when its first process has ended by itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)


def reason(status: int, log: Sequence[str]) -> str:
    """Why a process ended, for its user, from its exit status and what it printed last."""
    if status == -9:
        return "the system ended its process, most often for lack of memory"
    if status < 0 and any("OSMesa not found" in line for line in log):
        return NO_OPENGL  # it is what VTK tries last; without it, VTK crashes
    if status < 0:
        return f"its process crashed (signal {-status})"
    return f"its process ended with status {status}" + (f": {log[-1]}" if log else "")
