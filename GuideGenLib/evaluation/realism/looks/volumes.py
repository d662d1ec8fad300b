"""Real scans and generated CTs at 2 mm with their labels, read one at a time: thirty torsos do not fit into memory.

Real scans are those of a store of prepared cases (data.store): sampled and never averaged, as trainings see them, and
where a scan has no label map, with the labels of the shipped segmenter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.device import cores
from GuideGenLib.data.notes import HELD_OUT, Notes, read_notes
from GuideGenLib.data.prepare import opened
from GuideGenLib.data.scans import far_outside
from GuideGenLib.data.store import CaseRecord, Store
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.texture import SPACING_MM
from GuideGenLib.judges.shipped import shipped_segmenter

STORE = "store"
"""Folder, in that of realism's caches, of the prepared scans."""
SHOWABLE = ("CC BY", "CC")
"""CC BY and CC0, whatever their version: anybody may see pictures of the scan who is told its origin."""
AIR = -1000


@dataclass(frozen=True)
class Volume:
    """hu int16 and labels uint8 [z, y, x] at SPACING_MM in the canonical frame, AIR 6 mm off the labelled body."""

    hu: NDArray[np.int16]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """A CT that can be read. held_out: no training saw it; shown: pictures of it may go on; credit: its origin."""

    name: str
    real: bool
    read: Callable[[], Volume]
    held_out: bool = False
    shown: bool = True
    credit: str = ""


def without_surroundings(hu: NDArray[np.int16] | NDArray[np.float32], labels: NDArray[np.uint8]) -> Volume:
    """A volume of which couch, clothes and the noise in the air tell nothing; what lies next to the skin is kept."""
    return Volume(np.where(far_outside(labels, SPACING_MM), AIR, np.rint(hu)).astype(np.int16), labels)


def generated_sources(cases: Sequence[GeneratedCase]) -> list[Source]:
    """Cases that have a CT."""

    def reader(case: GeneratedCase) -> Callable[[], Volume]:
        return lambda: without_surroundings(case.hu(SPACING_MM)[0], case.labels(SPACING_MM)[0])

    return [Source(case.key, False, reader(case)) for case in cases if (case.folder / "ct.nii.gz").is_file()]


def real_sources(data: Path, cache: Path, log: Callable[[str], None]) -> list[Source]:
    """The scans of a data folder, or of a store; a folder is prepared into `cache`/store at first. Raises DataError."""
    store = opened(data, cache / STORE, cores(), shipped_segmenter, log)
    notes = read_notes(data)
    return [_real(store, one, notes.get(one.name, Notes())) for one in store.usable() if one.ct is not None]


def _real(store: Store, record: CaseRecord, notes: Notes) -> Source:
    def read() -> Volume:
        hu, labels = (np.asarray(store.volume(record, key)) for key in ("hu", "labels"))
        return without_surroundings(hu, labels)

    shown = notes.licence is None or notes.licence.rstrip("0123456789. ") in SHOWABLE
    credit = ", ".join(filter(None, (notes.source, notes.licence)))
    return Source(record.name, True, read, notes.split == HELD_OUT, shown, credit)
