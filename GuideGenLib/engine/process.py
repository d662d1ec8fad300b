"""The client's end of one worker process: its pipes, its private folder, and its end."""

import collections
import contextlib
import dataclasses
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from GuideGenLib.engine.environment import ROOT, worker_environment
from GuideGenLib.engine.exchange import discard, exchange_path, read_exchange, remove_folder, write_exchange
from GuideGenLib.engine.failures import failure
from GuideGenLib.engine.protocol import (
    EVENTS,
    VOLUMES,
    Cancel,
    Done,
    Event,
    ProtocolError,
    Request,
    Start,
    Warm,
    decode,
    encode,
)

LOG_LINES = 40
LINE_LENGTH = 500
END_S = 2.0
"""A worker that closed its pipes has this long to end by itself."""
WINDOWS = sys.platform == "win32"


@dataclasses.dataclass(frozen=True)
class Ended:
    """The process is gone, and its folder with it. status: as `subprocess` has it."""

    status: int | None


class WorkerProcess:
    """A worker and its private folder, which live and die together. `events` is a queue of events and, last, `Ended`.

    Three threads do all the reading and writing, volumes included, so that no call here blocks. Raises OSError when the
    process cannot be started.
    """

    def __init__(self, python: str, bundle: Path | None, device: str, threads: int | None) -> None:
        self.events: queue.Queue[Event | Ended] = queue.Queue()
        self._outbox: queue.Queue[Request | Start | Cancel | Warm | None] = queue.Queue()
        self._log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self.folder = Path(tempfile.mkdtemp(prefix="guidegen-")).resolve()  # mkdtemp makes it for this user alone
        try:
            self._process = _start(python, worker_environment(threads))
        except OSError:
            remove_folder(self.folder)
            raise
        self._outbox.put(Start(str(self.folder), None if bundle is None else str(bundle), device, threads))
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._logger = self._thread(self._read_log, process.stderr)
        self._sender = self._thread(self._send, process.stdin)
        self._receiver = self._thread(self._receive, process.stdout)

    @property
    def pid(self) -> int:
        """Of the process, and on POSIX of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def running(self) -> bool:
        """Whether its end, and that of its folder, is still to come."""
        return self._receiver.is_alive()

    def submit(self, request: Request) -> None:
        """Send a request with its id; images in it are written first. What goes wrong comes as an event."""
        self._log.clear()
        self._outbox.put(request)

    def warm(self) -> None:
        """Let it load its models."""
        self._outbox.put(Warm())

    def cancel(self, id: str) -> None:
        """Ask for a stop."""
        self._outbox.put(Cancel(id))

    def log(self) -> str:
        """The last lines that the worker printed since the latest request."""
        return "\n".join(list(self._log))

    def kill(self) -> None:
        """End the process and its children now; the folder goes as soon as they are gone."""
        self._outbox.put(None)
        if not self.alive:
            return
        if WINDOWS:
            command = ["taskkill", "/F", "/T", "/PID", str(self._process.pid)]
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                subprocess.run(command, capture_output=True, timeout=END_S, creationflags=0x08000000)  # no window
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def join(self, timeout: float = END_S) -> None:
        """Wait until the process and its folder are gone."""
        self._receiver.join(timeout)

    # ------------------------------------------------------------ the threads

    def _thread(self, work: Any, pipe: IO[bytes]) -> threading.Thread:
        thread = threading.Thread(target=work, args=(pipe,), name=f"guidegen{work.__name__}", daemon=True)
        thread.start()
        return thread

    def _send(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:  # a broken pipe: the receiver tells of the end
            while (message := self._outbox.get()) is not None:
                try:
                    line = encode(self._with_files(message))
                except Exception as error:
                    id = getattr(message, "id", "")
                    discard(self.folder, id)
                    self.events.put(failure(id, error))
                    continue
                pipe.write(line)
                pipe.flush()

    def _with_files(self, message: Request | Start | Cancel | Warm) -> Request | Start | Cancel | Warm:
        """Its images become files in the private folder."""
        files = {}
        for name in VOLUMES:
            volume = getattr(message, name, None)
            if volume is not None and not isinstance(volume, str):
                path = exchange_path(self.folder, message.id, name)  # type: ignore[union-attr]
                write_exchange(volume, path)
                files[name] = str(path)
        return dataclasses.replace(message, **files) if files else message  # type: ignore[arg-type]

    def _receive(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                try:
                    event = decode(line, EVENTS)
                except ProtocolError as error:
                    self._log.append(f"no event: {error}")
                    continue
                self.events.put(_with_images(event))
        try:
            status: int | None = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        self._outbox.put(None)
        self._logger.join(END_S)  # its last words
        remove_folder(self.folder)
        self.events.put(Ended(status))

    def _read_log(self, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(1 << 16):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._log.append(text[:LINE_LENGTH])


def _with_images(event: Event) -> Event:
    """The files of a result become images."""
    if not isinstance(event, Done):
        return event
    paths = {name: getattr(event.result, name, None) for name in VOLUMES}
    files = {name: Path(path) for name, path in paths.items() if path is not None}
    if not files:
        return event
    try:
        images = {name: read_exchange(path) for name, path in files.items()}
    except Exception as error:
        return failure(event.id, error)
    return Done(event.id, dataclasses.replace(event.result, **images))  # type: ignore[arg-type]


def _start(python: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start the worker in a group of its own: it ends as a whole, and a Ctrl-C in the terminal is not for it.

    On Windows without a console, at a priority below that of the window that its user looks at (the worker lowers its
    own elsewhere).
    """
    options: dict[str, Any] = {"creationflags": 0x08004200} if WINDOWS else {"start_new_session": True}
    return subprocess.Popen(
        [python, "-m", "GuideGenLib.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        **options,
    )
