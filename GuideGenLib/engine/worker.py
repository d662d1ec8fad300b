"""The worker process: `python -m GuideGenLib.engine.worker`. It is started by `GuideGenLib.engine.Client` alone.

Requests come as lines on stdin, events go as lines to stdout, everything that is printed goes to stderr. The models
stay loaded between requests. When stdin ends, the client is gone: the private folder is removed and the process ends at
once, whatever it is doing.
"""

import faulthandler
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NoReturn

from GuideGenLib.core.host import collect_rarely
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.engine.exchange import discard, remove_folder
from GuideGenLib.engine.failures import failure
from GuideGenLib.engine.pace import Pace
from GuideGenLib.engine.protocol import (
    REQUESTS,
    Cancel,
    Done,
    Event,
    Failed,
    Progress,
    ProtocolError,
    Request,
    Start,
    Stopped,
    Warm,
    decode,
    encode,
)
from GuideGenLib.engine.service import Service

NO_START = 3
"""Exit status when the first line is not what it should be."""
NICENESS = 5
"""The window of the user who waits goes before."""


@dataclass
class Worker:
    """Takes lines in a thread of its own, so that a cancel is heard while the main thread works."""

    commands: BinaryIO
    events: BinaryIO
    folder: Path
    requests: "queue.Queue[Request | Warm]" = field(default_factory=queue.Queue)
    cancelled: set[str] = field(default_factory=set)

    def run(self, service: Service) -> NoReturn:
        """Serve until stdin ends."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        while True:
            request = self.requests.get()
            if isinstance(request, Warm):
                self._warm(service)
            else:
                self._serve(request, service)

    def _listen(self) -> None:
        try:
            for line in self.commands:
                try:
                    message = decode(line, (*REQUESTS, Cancel, Warm))
                except ProtocolError as error:
                    print(f"a line was not understood: {error}", file=sys.stderr, flush=True)
                    continue
                if isinstance(message, Cancel):
                    self.cancelled.add(message.id)
                else:
                    self.requests.put(message)
        except OSError:
            pass  # a broken pipe is an end as well
        finally:
            self._leave()

    def _leave(self) -> NoReturn:
        """Without waiting for the main thread, which may be in the middle of a long step."""
        remove_folder(self.folder)
        os._exit(0)

    def _warm(self, service: Service) -> None:
        try:
            service.warm()
        except Exception:  # the request that needs it tells
            traceback.print_exc()

    def _serve(self, request: Request, service: Service) -> None:
        def check() -> None:
            if request.id in self.cancelled:
                raise Cancelled

        try:
            check()
            result = service.serve(request, Pace(request.id, self._send), check)
            check()
            outcome: Event = Done(request.id, result)
        except Cancelled:
            outcome = Stopped(request.id)
        except Exception as error:
            traceback.print_exc()
            outcome = failure(request.id, error)
        self.cancelled.discard(request.id)
        if not isinstance(outcome, Done):
            discard(self.folder, request.id)
        try:
            self._send(outcome)
        except ProtocolError as error:  # a result that is no JSON is our fault
            self._send(failure(request.id, AssertionError(str(error))))

    def _send(self, event: Progress | Done | Failed | Stopped) -> None:
        try:
            self.events.write(encode(event))
            self.events.flush()
        except OSError:
            self._leave()  # nobody reads any more


def take_streams() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout for lines alone: prints, of C libraries too, go to stderr, and nobody else reads stdin."""
    commands = os.fdopen(os.dup(0), "rb")
    events = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return commands, events


def main(make_service: Callable[[Start], Service] = Service) -> int:
    """Read the first line, then serve. `make_service` is another one in tests."""
    faulthandler.enable()
    collect_rarely()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    commands, events = take_streams()
    try:
        start = decode(commands.readline(), (Start,))
    except ProtocolError as error:
        print(f"this is the worker of GuideGen's engine, which starts it by itself ({error})", file=sys.stderr)
        return NO_START
    Worker(commands, events, Path(start.folder)).run(make_service(start))


if __name__ == "__main__":
    sys.exit(main())
