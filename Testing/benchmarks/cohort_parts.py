"""Parts of what a cohort costs, for `cohort.py` and the calculation of `cohort_scale.py`: a cold first case alone and
by Ray, a disk that fills up, and where the seconds of a case go."""

import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from GuideGenLib.cohort.folder import CASES, CohortFolder
from GuideGenLib.cohort.making import Maker, Order
from GuideGenLib.cohort.rows import CohortError, Row
from GuideGenLib.cohort.run import serve
from GuideGenLib.cohort.workers import Workers, run
from GuideGenLib.generator.settings import RunSettings
from Testing.benchmarks.machine import peak_mb

ROOMY = "4g"
"""Of the disk when there is room again."""


class Clocked:
    """A maker that tells what its start and its case took, in seconds, and the memory of its process in MB."""

    def __init__(self, order: Order, url: str) -> None:
        start = time.monotonic()
        import GuideGenLib.generator
        import GuideGenLib.generator.generator  # noqa: F401

        imported = time.monotonic()
        self._maker = Maker(order, url)
        self._told = {"imports": imported - start, "load": time.monotonic() - imported}

    def __call__(self, row: Row) -> dict[str, Any]:
        start = time.monotonic()
        self._maker(row)
        return {**self._told, "first case": time.monotonic() - start, "MB": peak_mb()}


def alone(order: Order, row: Row) -> dict[str, Any]:
    """`Clocked` in this process."""
    with tempfile.TemporaryDirectory() as out:
        return Clocked(order, out)(row)


def cold(order: Order, row: Row, script: str) -> dict[str, Any]:
    """A first case by part: of the generator alone, in a process that `script` starts, and by one worker of Ray."""
    start = time.monotonic()
    told = subprocess.run([sys.executable, script, "alone"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = {"alone": {**json.loads(told.splitlines()[-1]), "all": time.monotonic() - start}}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        (outcome,) = run([row], functools.partial(Clocked, order, out), Workers(1, order.threads or 1))
        if outcome.record is None:
            sys.exit(outcome.error)
        whole = time.monotonic() - start
    parts = outcome.record
    known = parts["imports"] + parts["load"] + parts["first case"]
    found["by Ray"] = {"Ray and its processes": whole - known, **parts, "all": whole}
    for name, one in found.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.1f}" for key, value in one.items()))
    print(f"by Ray over alone: {found['by Ray']['all'] / found['alone']['all']:.2f}")
    return found


def filled(order: Order, asked: list[Row], out: Path, megabytes: int) -> dict[str, Any]:
    """Fill a real disk, of memory and in a name space of its own (`unshare -Urm`), by a cohort, and go on when there is
    room again. Fails unless the run ended with a message, no case was torn, and all are there in the end."""
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(out)], check=True)
    folder, work = CohortFolder(str(out)), functools.partial(Maker, order, str(out))
    folder.begin(asked, {"benchmark": "disk"})
    try:
        serve(asked, work, folder, Workers(1, order.threads or 1))
    except CohortError as error:
        said = f"{error.message}; {error.remedy}"
    else:
        sys.exit(f"{len(asked)} cases do not fill {megabytes} MB")
    there = folder.made()
    print(f"the disk of {megabytes} MB was full after {len(there)} cases: {said}", flush=True)
    assert 0 < len(there) < len(asked), "all or none were made"
    whole(folder, there)
    subprocess.run(["mount", "-o", f"remount,size={ROOMY}", str(out)], check=True)
    summary = serve(asked, work, folder, Workers(1, order.threads or 1))
    assert folder.made() == {row.id for row in asked} and not summary.failed, "a case is missing"
    assert summary.there == len(there), "cases were made twice"
    whole(folder, folder.made())
    folder.clear_torn()
    assert len(os.listdir(out / CASES)) == len(asked), "something torn is left"
    print(f"with room again: {summary.made} more, {len(asked)} are there, none torn", flush=True)
    return {"disk_mb": megabytes, "full after": len(there), "cases": len(asked)}


def whole(folder: CohortFolder, names: set[str]) -> None:
    """Fails unless the files of cases are those that their records name."""
    assert folder.disk is not None
    for name in names:
        for file, digest in folder.record(name)["files"].items():
            content = (folder.disk / CASES / name / file).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, f"{file} of {name} is torn"


def parts(order: Order, row: Row) -> dict[str, float]:
    """Seconds of cores of one default case, the second of its process, by part; and its size in MB."""
    from GuideGenLib.ct.synthesizer import CTSynthesizer
    from GuideGenLib.mask.network import MaskNetwork

    spent = {"networks": 0.0}

    def clocked(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*args: Any, **more: Any) -> Any:
            start = time.process_time()
            made = call(*args, **more)
            spent["networks"] += time.process_time() - start
            return made

        return timed

    setattr(CTSynthesizer, "synthesize", clocked(CTSynthesizer.synthesize))  # noqa: B010
    setattr(MaskNetwork, "forward", clocked(MaskNetwork.forward))  # noqa: B010
    with tempfile.TemporaryDirectory() as out:
        maker = Maker(replace(order, settings=RunSettings(arithmetic=order.settings.arithmetic)), out)
        maker(replace(row, id="warm"))
        spent["networks"], start = 0.0, time.process_time()
        maker(row)
        total = time.process_time() - start
        size = sum(file.stat().st_size for file in (Path(out) / CASES / row.id).iterdir()) / 1e6
    found = {"networks": spent["networks"], "rules and files": total - spent["networks"], "MB": size}
    print(", ".join(f"{key} {value:.1f}" for key, value in found.items()))
    return found
