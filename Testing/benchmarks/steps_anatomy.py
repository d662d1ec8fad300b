"""The anatomy's part of `steps.py`: the same patients drawn with several numbers of steps and several times.

Each is drawn once, whatever rules it breaks. Told are the figures of `guidegen check`, rules broken, how alike organs
are to those of the finest drawing of the same seed (Dice where they lie), and in two people (Dice laid on each other).
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import select
from GuideGenLib.core.files import write_json
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.description import parse
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt
from GuideGenLib.evaluation.prompts.mask_judge import judge, summary
from GuideGenLib.generator import Generator
from GuideGenLib.mask import flow
from GuideGenLib.population.variety import ORGANS, dice_between, shapes

SEED = 100


@dataclass(frozen=True)
class Way:
    """Steps, and `mask.flow.SHIFT`: how much earlier they are than even ones."""

    steps: int
    shift: float = 5.0

    @property
    def name(self) -> str:
        return f"{self.steps} steps, shift {self.shift:g}"


FINEST = Way(24)
WAYS = (FINEST, Way(12), Way(8), Way(6), Way(4), Way(6, 3.0), Way(6, 8.0))


def table(generator: Generator, patients: Sequence[Prompt], folder: Path) -> str:
    """Draw what is missing, measure it, and tell: a row a way."""
    for patient in patients:
        for way in WAYS:
            draw(generator, patient, way, folder)
        print(f"drawn: {patient.text}", flush=True)
    bounds = generator.bundle.config.get("volumes_ml")
    finest = [labels_of(patient, FINEST, folder)[0] for patient in patients]
    rows: list[str] = []
    for way in WAYS:
        drawn = [labels_of(patient, way, folder) for patient in patients]
        kept = [json.loads(file_of(patient, way, folder).with_suffix(".json").read_text()) for patient in patients]
        shares = summary([judge(*one, patient, bounds) for one, patient in zip(drawn, patients, strict=True)])
        cells = {name: f"{share.hits} of {share.cases}" for name, share in shares.items()}
        cells["rules broken"] = f"{np.mean([one['broken'] for one in kept]):.1f}"
        cells["Dice to the finest"] = f"{np.mean([dice(a, b) for (a, _), b in zip(drawn, finest, strict=True)]):.3f}"
        between = dice_between([shapes(labels) for labels, _ in drawn])
        cells["Dice between people"] = f"{np.nanmean(list(between.values())):.3f}"
        cells["CPU s"] = f"{np.mean([one['cpu_s'] for one in kept]):.1f}"
        if not rows:
            rows = ["| | " + " | ".join(cells) + " |", "|--" * (len(cells) + 1) + "|"]
        rows.append(f"| {way.name} | " + " | ".join(cells.values()) + " |")
    return "\n".join(rows)


def draw(generator: Generator, patient: Prompt, way: Way, folder: Path) -> None:
    """One anatomy, kept with the number of rules that it breaks and the time that it took."""
    file = file_of(patient, way, folder)
    if file.with_suffix(".json").is_file():
        return
    start = time.process_time()
    with mock.patch.object(flow, "SHIFT", way.shift):
        made = generator.synthesize_mask(parse(patient.text), seed=SEED + patient.number, steps=way.steps, candidates=1)
    spent = time.process_time() - start
    write_volume(made.anatomy, file)
    told: dict[str, Any] = {"cpu_s": spent, "broken": sum(not check.passed for check in made.checks)}
    write_json({**told, "way": asdict(way)}, file.with_suffix(".json"))


def file_of(patient: Prompt, way: Way, folder: Path) -> Path:
    """Where an anatomy is kept."""
    return folder / f"{patient.number:03} {way.name}.nii"


def labels_of(patient: Prompt, way: Way, folder: Path) -> tuple[NDArray[np.uint8], tuple[float, float, float]]:
    """Labels [z, y, x] that were kept, and their spacing in mm."""
    image = sitk.ReadImage(str(file_of(patient, way, folder)))
    x, y, z = image.GetSpacing()
    return sitk.GetArrayFromImage(image), (z, y, x)


def dice(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Mean over ORGANS, where they lie; slices that one of them lacks at its end are left out."""
    height = min(len(first), len(second))
    found = []
    for keys in ORGANS.values():
        a, b = select(first[:height], keys), select(second[:height], keys)
        if a.any() or b.any():
            found.append(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))
    return float(np.mean(found))
