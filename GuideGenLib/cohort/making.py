"""One case of a cohort: drawn, drawn again where it breaks a rule, and written with its record."""

import hashlib
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.cohort.folder import CohortFolder, write_record
from GuideGenLib.cohort.rows import Row
from GuideGenLib.cohort.signature import signature_of
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.generator.case import Case, draw, with_ct
from GuideGenLib.generator.case_files import CT, FILES, write_case
from GuideGenLib.generator.settings import RunSettings

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

ATTEMPTS = 3
NEXT_SEED = 1_000_003
"""Added to the seed of an anatomy that breaks a rule."""
REDRAWN_FOR = ("lesion", "no_other_lesion", "finding", "no_other_finding", "present", "organ", "side")
"""Rules that a case must keep to be what its row asks for. The others, a volume beyond p1 to p99 of published ranges or
an organ in two pieces, are counted: real patients break them, too."""


@dataclass(frozen=True)
class Order:
    """What all cases of a cohort share. threads: cores of each worker (None: all)."""

    bundle: str | None
    device: str
    settings: RunSettings
    with_ct: bool
    threads: int | None = None


class Maker:
    """One loaded generator that makes cases; lives in a worker. Raises as `Generator.from_bundle` does."""

    def __init__(self, order: Order, url: str) -> None:
        import torch

        from GuideGenLib.generator import Generator

        if order.threads is not None:
            torch.set_num_threads(order.threads)
        bundle = None if order.bundle is None else Path(order.bundle)
        self._order, self._folder = order, CohortFolder(url)
        self._generator = Generator.from_bundle(bundle, order.device, order.settings.arithmetic)

    def __call__(self, row: Row) -> dict[str, Any]:
        """Make the case of a row, write it, and return its record. Raises GuideGenError for one that cannot be drawn,
        CohortError for a folder that cannot be written."""
        return write_made(row, make(self._generator, row, self._order), self._folder)


@dataclass(frozen=True)
class Made:
    """A case and how it came about. seed: with which it was drawn in the end."""

    case: Case
    seed: int
    attempts: int
    seconds: float


def make(generator: "Generator", row: Row, order: Order) -> Made:
    """The case of a row: the first of its seeds that keeps the rules of REDRAWN_FOR, else the one that keeps most.

    Raises LesionError where no seed has room for what is asked.
    """
    from GuideGenLib.description import parse
    from GuideGenLib.mask.findings.sites import LesionError

    start = time.monotonic()
    description, best, refused = parse(row.text), None, None
    attempt = 0
    for attempt in range(ATTEMPTS):
        settings = replace(order.settings, seed=(row.seed + attempt * NEXT_SEED) % (LARGEST_SEED + 1))
        try:
            drawn = draw(generator, description, settings)
        except LesionError as error:
            refused = error
            continue
        if best is None or _broken(drawn) < _broken(best[0]):
            best = drawn, settings
        if not _broken(drawn):
            break
    if best is None:
        assert refused is not None
        raise refused
    drawn, settings = best
    if order.with_ct:
        drawn = with_ct(generator, drawn, settings)
    return Made(drawn, settings.seed, attempt + 1, time.monotonic() - start)


def write_made(row: Row, made: Made, folder: CohortFolder) -> dict[str, Any]:
    """Write a case with its record, which is returned."""
    case = made.case
    names = FILES if case.ct is not None else tuple(name for name in FILES if name != CT)
    with folder.new_case(row.id) as private:
        write_case(case, private, names, row.text)
        record = {
            **row.to_json(),
            "drawn_with_seed": made.seed,
            "attempts": made.attempts,
            "seconds": round(made.seconds, 2),
            "description": case.provenance["description"],
            "lesions": [asdict(lesion) for lesion in case.lesions],
            "checks": len(case.checks),
            "broken": [check.name for check in case.checks if not check.passed],
            "signature": signature_of(case.anatomy),
            "files": {name: _sha256(private / name) for name in names},
        }
        write_record(record, private)
    return record


def _broken(case: Case) -> int:
    return sum(not check.passed and check.rule in REDRAWN_FOR for check in case.checks)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
