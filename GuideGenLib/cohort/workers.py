"""Rows to workers of Ray, each with one loaded generator; whichever is free takes the next row.

Ray starts and watches the processes, starts a worker anew that died, and gives its row to it again. Nothing is started
when an address of a running cluster is given. Results are small records: volumes go straight to the cohort's folder.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from GuideGenLib.cohort.rows import CohortError, Row
from GuideGenLib.core.errors import GuideGenError

RETRIES = 3
"""A row whose worker died so often, of memory for instance, has failed: it would end every worker."""
STORE_BYTES = 100_000_000
"""Shared memory of a Ray that is started here, which holds nothing but records."""
Work = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True)
class Workers:
    """How many, on what. cores and gpus: of each worker, a GPU may be shared (.25); address: of a Ray cluster (None:
    this machine)."""

    count: int
    cores: int = 1
    gpus: float = 0.0
    address: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A row that is over: its record, or why there is none. fatal: no other row would fare better, a full disk."""

    row: Row
    record: dict[str, Any] | None
    error: str = ""
    fatal: bool = False


def run(rows: Iterable[Row], open_work: Callable[[], Work], workers: Workers) -> Iterator[Outcome]:
    """What becomes of each row, in the order in which they end; at most as many wait as there are workers.

    open_work: called once in each worker, by name, so that it must be importable there. When the iterator is closed
    the workers end. Raises CohortError where Ray is not installed or cannot be reached.
    """
    ray = _ray()
    started = _connect(ray, workers)
    try:
        actor = ray.remote(_Worker).options(
            num_cpus=workers.cores, num_gpus=workers.gpus, max_restarts=-1, max_task_retries=RETRIES
        )
        free = [actor.remote(open_work) for _ in range(workers.count)]
        running: dict[Any, tuple[Any, Row]] = {}
        for row in rows:
            if not free:
                yield _next(ray, running, free)
            worker = free.pop()
            running[worker.work.remote(row)] = worker, row
        while running:
            yield _next(ray, running, free)
    finally:
        if started:
            ray.shutdown()


def _next(ray: Any, running: dict[Any, tuple[Any, Row]], free: list[Any]) -> Outcome:
    """Wait for the row that ends first; its worker is free then."""
    (done,), _ = ray.wait(list(running), num_returns=1)
    worker, row = running.pop(done)
    free.append(worker)
    try:
        return ray.get(done)  # type: ignore[no-any-return]
    except ray.exceptions.RayTaskError:
        raise
    except ray.exceptions.RayError as error:
        why = f"its worker died {RETRIES + 1} times ({str(error).splitlines()[0]:.200})"
        return Outcome(row, None, why)


class _Worker:
    """What runs in a process of Ray."""

    def __init__(self, open_work: Callable[[], Work]) -> None:
        self._open = open_work
        self._work: Work | None = None

    def work(self, row: Row) -> Outcome:
        try:
            self._work = self._work or self._open()
        except GuideGenError as error:
            return Outcome(row, None, str(error), fatal=True)
        try:
            return Outcome(row, self._work(row))
        except CohortError as error:
            return Outcome(row, None, str(error), fatal=True)
        except Exception as error:  # one odd row must not cost the others; it is told and counted
            return Outcome(row, None, f"{type(error).__name__}: {error}")


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody unless the user asks for it
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")  # a busy machine takes its time
    try:
        import ray
    except ImportError as error:
        told = 'pip install "guidegen[cohort]"'
        raise CohortError("cohorts need Ray, which is not installed", told) from error
    return ray


def _connect(ray: Any, workers: Workers) -> bool:
    """Whether a Ray was started or joined by this call, and is to be left at the end."""
    if ray.is_initialized():
        return False
    here: dict[str, Any] = {}
    if workers.address is None:
        here = {"num_cpus": workers.count * workers.cores, "object_store_memory": STORE_BYTES}
        here["include_dashboard"] = find_spec("aiohttp_cors") is not None  # of ray[default]
    try:
        ray.init(address=workers.address or "local", log_to_driver=False, logging_level="ERROR", **here)
    except Exception as error:  # Ray raises what it likes when it cannot start
        where = workers.address or "this machine"
        raise CohortError(
            f"Ray cannot be had on {where} ({error})", "check the address, or leave --address out"
        ) from error
    return True
