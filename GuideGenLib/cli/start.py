"""Where `guidegen` starts: ready for Ctrl-C and for odd streams before the rest is loaded, which takes a while."""

import atexit
import math
import os
import signal
import sys
import time
from typing import NoReturn

CANCELLED = 130
IMPATIENT_S = 5.0
"""A further Ctrl-C so soon after one says no more than that, and would cut short what tidies up."""


def main() -> int:
    """Run the command line as a process of its own; as `cli.main.main`."""
    heard = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN  # a job in the background goes on
    if heard:
        signal.signal(signal.SIGINT, _leave)
    from GuideGenLib.core.host import collect_rarely

    collect_rarely()
    from GuideGenLib.cli.streams import prepare_streams

    prepare_streams()
    from GuideGenLib.cli.main import main as run

    if heard:
        signal.signal(signal.SIGINT, _Interrupt())
    try:
        status = run()
    finally:
        if heard:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and told
    if status == CANCELLED:  # Python kills itself at its end, as of SIGINT, when a Ctrl-C cut an exec() short
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(CANCELLED)
    return status


class _Interrupt:
    """What Ctrl-C does: once."""

    def __init__(self) -> None:
        self.last = -math.inf

    def __call__(self, number: int, frame: object) -> None:
        before, self.last = self.last, time.monotonic()
        if self.last - before > IMPATIENT_S:
            raise KeyboardInterrupt


def _leave(number: int, frame: object) -> NoReturn:
    """Nothing was begun, so nothing is to be tidied up."""
    os.write(2, b"guidegen: cancelled, nothing was written\n")
    os._exit(CANCELLED)


if __name__ == "__main__":
    sys.exit(main())
