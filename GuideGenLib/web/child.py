"""The process of one session as the front sees it: its start, its log, its end, its private folder."""

import asyncio
import collections
import contextlib
import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from GuideGenLib.engine.environment import ROOT, worker_environment
from GuideGenLib.web.times import Times

LOG_LINES, LINE_LENGTH = 40, 500
SECRET_VARIABLE = "GUIDEGEN_WEB_SECRET"


class Child:
    """One process and its folder, which go together. It is made in a running event loop and starts at once.

    command: what to start, to which `--folder` is added. `settled` is set when the process answers or has failed,
    `gone` when process and folder are no more; then `failure` tells why, unless `end` was called.
    """

    def __init__(self, command: Sequence[str], times: Times) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guidegen-web-")).resolve()  # for this user alone
        self.secret = secrets.token_urlsafe()
        self.port: int | None = None
        self.answered = False
        self.failure = ""
        self.settled, self.gone = asyncio.Event(), asyncio.Event()
        self._command = (*command, "--folder", str(self.folder))
        self._times = times
        self._process: asyncio.subprocess.Process | None = None
        self._ending = asyncio.Event()
        self._log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self._life = asyncio.create_task(self._live())

    @property
    def ready(self) -> bool:
        """Whether it answers on `port`."""
        return self.answered and not self.gone.is_set()

    @property
    def pid(self) -> int | None:
        """Of the process, and of its group."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self._log)

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
        """Start, announce the port, wait for the end, kill what is left."""
        temporary = self.folder / "tmp"  # what it and its worker leave behind goes with the folder
        temporary.mkdir()
        private = {SECRET_VARIABLE: self.secret, "TMPDIR": str(temporary)}
        pipe = asyncio.subprocess.PIPE
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=ROOT,
            env={**worker_environment(), **private},
            start_new_session=True,  # it ends as a whole, and a Ctrl-C in the terminal is not for it
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        logs = {asyncio.create_task(self._read_log(process.stderr))}
        over = asyncio.create_task(process.wait())
        ending = asyncio.create_task(self._ending.wait())
        first = asyncio.create_task(process.stdout.readline())
        started, _ = await asyncio.wait(
            {over, ending, first}, timeout=self._times.start_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not started:
            self.failure = f"its process did not tell its port within {self._times.start_s:g} s"
        elif first.done() and self._announced(first):
            logs.add(asyncio.create_task(self._read_log(process.stdout)))
            self.settled.set()
            await asyncio.wait({over, ending}, return_when=asyncio.FIRST_COMPLETED)
        process.stdin.close()
        await asyncio.wait({over}, timeout=self._times.end_s)
        self._kill(process)
        status = await over
        await asyncio.wait(logs, timeout=self._times.end_s)  # its last words
        for task in (*logs, ending, first):
            task.cancel()
        if not self._ending.is_set() and not self.failure:
            self.failure = reason(status, self._log)

    def _announced(self, line: "asyncio.Task[bytes]") -> bool:
        """Take the port from the first line."""
        try:
            self.port = int(json.loads(line.result())["port"])
        except (ValueError, TypeError, KeyError):
            return False
        self.answered = True
        return True

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        """Keep the last lines, however long they are."""
        rest = b""
        while chunk := await stream.read(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            self._log.extend(self._text(line) for line in lines if line.strip())
            rest = rest[-LINE_LENGTH:]
        if rest.strip():
            self._log.append(self._text(rest))

    @staticmethod
    def _text(line: bytes) -> str:
        return line.decode("utf-8", "replace").rstrip()[:LINE_LENGTH]

    @staticmethod
    def _kill(process: asyncio.subprocess.Process) -> None:
        """The whole group, also when its first process has ended by itself."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


def reason(status: int, log: Sequence[str]) -> str:
    """Why a process ended, for its user, from its exit status and what it printed last."""
    if status == -9:
        return "the system ended its process, most often for lack of memory"
    if status < 0:
        return f"its process crashed (signal {-status})"
    return f"its process ended with status {status}" + (f": {log[-1]}" if log else "")
