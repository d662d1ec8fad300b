"""What every stage of the training is run with, and how it speaks to the log."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.labelling import Segment
from GuideGenLib.population.bases import ANATOMIES, PEOPLE, base_people
from GuideGenLib.population.sampling import Base
from GuideGenLib.population.torso import Torso, cached_torso
from GuideGenLib.training.loop import RunError, process_rank, steps_done


@dataclass(frozen=True)
class Stage:
    """One part of the training: what its command does, the steps it takes by default (0: it has none)."""

    run: "Callable[[Job], None]"
    steps: int
    help: str
    share: float = 0.0
    """Of the time that all stages have together."""


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
    partial: int = 0
    """Deformations of real label maps as they are, beside the population."""
    segmenter: Callable[[], Segment] | None = None
    """Loads what labels the scans that have no label map; None leaves these out."""

    @property
    def cache(self) -> Path:
        return self.run / "cache"

    def seed_torch(self, stage: str) -> None:
        """Noise and first weights: other ones for each process, and after each resume."""
        state = np.random.SeedSequence([self.seed, process_rank()[0], steps_done(self.run / stage)]).generate_state(1)
        torch.manual_seed(int(state[0]))


def say(message: str) -> None:
    """One line of the log, from the first process alone."""
    if process_rank()[0] == 0:
        print(message, flush=True)


def torso_of(job: Job, progress: Progress = silent) -> Torso:
    """What people are deformed from, built once and kept in the run folder."""
    try:
        return cached_torso(job.data, job.run, progress)
    except FileNotFoundError as error:
        raise RunError(
            f"{error}: the population is made from the two labelled scans of the project's own data; "
            f"name their folder with --data, or put a torso.npz of your own into {job.run}"
        ) from error


def bases_of(job: Job, progress: Progress = silent) -> list[Base]:
    """The people that a population is made of: the joined torso and the label maps of the data folder's `anatomies`."""
    torso = torso_of(job, progress)
    return base_people(torso.labels, job.data / ANATOMIES, job.run / PEOPLE, progress)


def tenths() -> Progress:
    """Progress as one line of the log for each tenth of a stage."""
    shown: set[tuple[str, int]] = set()

    def progress(stage: str, fraction: float) -> None:
        tenth = (stage, int(fraction * 10 + 1e-6))
        if tenth not in shown:
            shown.add(tenth)
            say(f"{stage} {10 * tenth[1]} %")

    return progress
