"""Between the line and the engine: each lane has a client of a worker process, and gives it one run at a time."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from GuideGenLib.core.device import cores
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.engine import Client
from GuideGenLib.engine.failures import failure
from GuideGenLib.engine.protocol import REQUESTS, Done, Failed, Progress, Stopped
from GuideGenLib.remote.api import FAILED, READY, RUNNING, STOPPED
from GuideGenLib.remote.server.runs import Run, Runs
from GuideGenLib.remote.wire import pack, unpack

POLL_S = 0.02
SLACK = 32 << 20
"""What a request may have beside its volumes: the record of a case."""


class Lane:
    """One worker. It does not end with a run that fails, nor with a worker that crashes."""

    def __init__(self, client: Client, log: Callable[[str], None]) -> None:
        self._client, self._log = client, log

    async def serve(self, runs: Runs) -> None:
        """Take runs in their turn until this is cancelled."""
        while True:
            run = await runs.next()
            start = time.monotonic()
            kind, outcome = "any", FAILED
            try:
                kind, outcome = await self._one(run)
            except Exception as error:  # the next run is somebody else's
                run.tell(FAILED, failure(run.name, error))
            seconds = time.monotonic() - start
            runs.metrics.add("guidegen_runs_total", kind=kind, outcome=outcome)
            runs.metrics.add("guidegen_run_seconds_total", seconds, kind=kind)
            self._log(f"{kind} of {run.user or 'this machine'}: {outcome} after {seconds:.1f} s")

    def close(self) -> None:
        """End the worker."""
        self._client.close()

    async def _one(self, run: Run) -> tuple[str, str]:
        """Serve one; the kind of its request, and how it ended."""
        body, run.body = run.body, bytearray()
        try:
            request = await asyncio.to_thread(unpack, body, REQUESTS, run.size + SLACK)
        except GuideGenError as error:
            run.tell(FAILED, failure(run.name, error))
            return "any", FAILED
        del body
        if run.left.is_set():
            return "any", STOPPED
        kind = type(request).__name__.removesuffix("Request").lower()
        id = self._client.submit(request)
        del request
        try:
            return kind, await self._followed(run, id)
        except asyncio.CancelledError:
            self._client.cancel(id)
            raise

    async def _followed(self, run: Run, id: str) -> str:
        asked = False
        while True:
            for event in self._client.poll():
                if event.id != id:
                    continue
                if isinstance(event, Progress):
                    run.tell(RUNNING, replace(event, id=run.name))
                elif isinstance(event, Failed):
                    run.tell(FAILED, replace(event, id=run.name))
                    return FAILED
                elif isinstance(event, Stopped):
                    run.tell(STOPPED, Stopped(run.name))
                    return STOPPED
                else:
                    run.result = await asyncio.to_thread(_packed, replace(event, id=run.name))
                    run.tell(READY)
                    return READY
            if run.left.is_set() and not asked:
                asked = True
                self._client.cancel(id)
            with contextlib.suppress(TimeoutError):
                if asked:
                    await asyncio.sleep(POLL_S)
                else:
                    await asyncio.wait_for(run.left.wait(), POLL_S)


def devices_for(
    device: str, workers: int | None, count: Callable[[], int] | None = None
) -> list[tuple[str, int | None]]:
    """The device of each worker and how many cores it may use (None: all). workers None: one a GPU, one where there is
    none. count: how many GPUs there are."""
    gpus = (count or gpus_here)() if device in ("auto", "cuda") else 0
    number = workers or max(1, gpus)
    threads = None if number == 1 else max(1, cores() // number)
    return [(f"cuda:{index % gpus}" if gpus > 1 else device, threads) for index in range(number)]


def gpus_here(command: Sequence[str] = (sys.executable, "-c", "import torch; print(torch.cuda.device_count())")) -> int:
    """How many GPUs torch sees; asked of another process, as this one stays small. 0 where nobody can tell."""
    try:
        return int(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


def _packed(done: Done) -> bytes:
    return b"".join(pack(done))
