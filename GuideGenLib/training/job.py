"""What every stage of the training is run with, and how it speaks to the log."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.notes import read_notes
from GuideGenLib.data.prepare import PREPARED, Loader, opened
from GuideGenLib.data.store import Store
from GuideGenLib.population.bases import PEOPLE, base_people
from GuideGenLib.population.people import Person, read_people
from GuideGenLib.population.sampling import KeptBase
from GuideGenLib.population.torso import Torso, cached_torso
from GuideGenLib.training.loop.processes import first_process_first, process_rank
from GuideGenLib.training.presets import DEFAULT, Sizes, presets


@dataclass(frozen=True)
class Stage:
    """One part of the training: what its command does, the steps it takes by default (0: it has none)."""

    run: "Callable[[Job], None]"
    steps: int
    help: str


@dataclass(frozen=True)
class Job:
    """What a stage is run with."""

    data: Path
    run: Path
    steps: int
    people: int
    seed: int
    threads: int
    target: Path
    anatomies: int
    hold_out: str
    minutes: float | None = None
    """Time for the stage in place of its steps."""
    preset: str = DEFAULT
    part_mb: int | None = None
    """Most MB of a file of the bundle."""
    partial: int = 0
    """Deformations of real label maps as they are, beside the population."""
    segmenter: Loader | None = None
    """Loads what labels the scans that have no label map; None leaves these out."""
    initial: Path | None = None
    """Judges whose segmenter is trained on."""

    @property
    def cache(self) -> Path:
        return self.run / "cache"

    def seed_torch(self) -> None:
        """The first weights of a network: the same in all processes, and after each resume."""
        torch.manual_seed(self.seed)

    def sizes(self, stage: str) -> Sizes:
        """Those of the preset, with as many steps as are asked for."""
        return replace(presets()[self.preset][stage], steps=self.steps)


def say(message: str) -> None:
    """One line of the log, from the first process alone."""
    if process_rank()[0] == 0:
        print(message, flush=True)


def store_of(job: Job) -> Store:
    """The prepared data of a run: its data folder when it is a store, else one in the run folder. Raises DataError."""
    with first_process_first():
        return opened(job.data, job.run / PREPARED, job.threads, job.segmenter, say)


def torso_of(job: Job, progress: Progress = silent) -> Torso:
    """What people are deformed from, built once and kept in the run folder. Raises DataError."""
    return cached_torso(lambda: store_of(job), job.run, progress)


def people_of(job: Job) -> list[Person]:
    """The placed people that trainings may see. Raises DataError."""
    store = store_of(job)
    return read_people(store, read_notes(store.folder))


def bases_of(job: Job, progress: Progress = silent) -> list[KeptBase]:
    """The people that a population is made of: the joined torso and the placed people, completed."""
    return base_people(torso_of(job, progress), people_of(job), job.run / PEOPLE, job.threads, progress)


def tenths() -> Progress:
    """Progress as one line of the log for each tenth of a stage."""
    shown: set[tuple[str, int]] = set()

    def progress(stage: str, fraction: float) -> None:
        tenth = (stage, int(fraction * 10 + 1e-6))
        if tenth not in shown:
            shown.add(tenth)
            say(f"{stage} {10 * tenth[1]} %")

    return progress
