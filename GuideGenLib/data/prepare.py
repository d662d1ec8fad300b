"""Preparation of any number of cases by several processes: goes on where it stopped, and no bad case ends it."""

import os
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path

import SimpleITK as sitk

from GuideGenLib.core.errors import GuideGenError, VolumeError
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.labelling import Segment
from GuideGenLib.data.layouts import find_cases
from GuideGenLib.data.notes import CASES as NOTES
from GuideGenLib.data.notes import read_notes, write_notes
from GuideGenLib.data.preparation import fingerprint, prepare_case
from GuideGenLib.data.store import STORE, CaseRecord, Store, write_record

PREPARED = "prepared"
"""Folder of a run with the store that was made of its data folder."""
CASES_A_PROCESS = 100
"""After so many a process is replaced, so that what libraries keep of their memory does not add up."""
Loader = Callable[[], Segment]
"""Loads the segmenter; a function of a module, so that it can be sent to a process."""


AHEAD = 2
"""Cases for each process that are handed out at once."""


@dataclass(frozen=True)
class Prepared:
    """A case that was just finished; done: how many are, those of earlier runs too, of all `cases`; count: in this run,
    which has taken `hours`."""

    record: CaseRecord
    done: int
    cases: int
    count: int
    hours: float


def prepare(
    data: Sequence[Path], folder: Path, workers: int = 1, segmenter: Loader | None = None
) -> Iterator[Prepared]:
    """Prepare all cases of data folders into a store, and tell of each as it is finished.

    Cases whose files did not change since they were prepared are left as they are. A case that cannot be used, or that
    ends the process that prepares it, is named in problems.csv with the reason. Raises DataError for folders without
    cases, a store of another version, or one that holds cases of other folders; VolumeError when nothing can be
    written, with which all ends, as on a full disk nothing else would succeed.
    """
    cases = find_cases(data)
    made_of = {case.name: fingerprint(case, segmenter is not None) for case in cases}
    store = Store.begin(folder)
    finished = {record.name: record for record in store.records()}
    strange = sorted(finished.keys() - made_of.keys())
    if strange:
        told = f"{len(strange)} cases that are not in {', '.join(map(str, data))}: {', '.join(strange[:3])}"
        raise DataError(
            f"{folder} holds {told}",
            "name their folder as well, or choose another one for the store",
        )
    notes = read_notes(data)
    write_notes({name: notes[name] for name in made_of if name in notes}, folder / NOTES)
    fresh = [record for record in finished.values() if record.made_of == made_of[record.name]]
    problems = {record.name: record.problem for record in fresh if record.problem}
    store.write_problems(problems)
    waiting = [case for case in cases if case.name not in {record.name for record in fresh}]
    began = time.monotonic()
    for count, record in enumerate(_records(waiting, store, workers, segmenter), start=1):
        if record.problem:
            problems[record.name] = record.problem
            store.write_problems(problems)
        yield Prepared(record, len(fresh) + count, len(cases), count, (time.monotonic() - began) / 3600)
    store.write_fits()


def opened(data: Path, folder: Path, workers: int, segmenter: Loader | None, log: Callable[[str], None]) -> Store:
    """The store that a data folder is, or else the one in `folder` that is made of it. Raises DataError, VolumeError.

    log: is told of each case that is left out.
    """
    if (data / STORE).is_file():
        return Store(data)
    for case in prepare([data], folder, workers, segmenter):
        if case.record.problem:
            log(f"left out: {case.record.problem}")
    return Store(folder)


def _records(cases: Sequence[CaseFiles], store: Store, workers: int, segmenter: Loader | None) -> Iterator[CaseRecord]:
    """The record of each case as it is finished, whatever becomes of the processes."""
    waiting = deque(cases)
    while waiting:
        running: dict[Future[CaseRecord], CaseFiles] = {}
        suspects: list[CaseFiles] = []
        with _pool(workers) as pool:
            try:
                while (waiting or running) and not suspects:
                    while waiting and len(running) < AHEAD * workers:
                        case = waiting[0]
                        running[pool.submit(_prepared, case, store.case_folder(case.name), segmenter)] = case
                        waiting.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        case = running.pop(future)
                        try:
                            yield future.result()
                        except BrokenProcessPool:
                            suspects.append(case)
            except BrokenProcessPool:
                pass  # a process ended while cases were handed out
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        # where one of the cases in work ended its process, each of them is tried alone
        for case in [*suspects, *running.values()]:
            yield _alone(case, store, segmenter)


def _alone(case: CaseFiles, store: Store, segmenter: Loader | None) -> CaseRecord:
    folder = store.case_folder(case.name)
    try:
        with _pool(1) as pool:
            return pool.submit(_prepared, case, folder, segmenter).result()
    except BrokenProcessPool:
        return _left_out(
            case, folder, segmenter, "its preparation ended the process, most likely for want of memory: crop it"
        )


def _prepared(case: CaseFiles, folder: Path, segmenter: Loader | None) -> CaseRecord:
    """In a process of its own: the record of a case, with its problem where it cannot be used. Raises VolumeError."""
    try:
        needed = segmenter if case.labels is None else None  # it is loaded where there is something for it to label
        return prepare_case(case, folder, None if needed is None else _segmenter(needed))
    except VolumeError:
        raise  # nothing can be written
    except GuideGenError as error:
        return _left_out(case, folder, segmenter, str(error))
    except Exception as error:  # a fault of a library with this case must not end the others
        return _left_out(case, folder, segmenter, f"{type(error).__name__}: {error}")


def _left_out(case: CaseFiles, folder: Path, segmenter: Loader | None, problem: str) -> CaseRecord:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    record = CaseRecord(case.name, fingerprint(case, segmenter is not None), problem=problem)
    write_record(record, folder)
    return record


@cache
def _segmenter(load: Loader) -> Segment:
    import torch

    torch.set_num_threads(1)
    return load()


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, max_tasks_per_child=CASES_A_PROCESS
    )


def _begin() -> None:
    """In each process: one thread, no traceback at Ctrl+C, and an end when the parent process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
