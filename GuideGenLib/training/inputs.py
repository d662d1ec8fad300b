"""What the stages of a run learn from: made of a data folder, or taken from the files of a packed run folder.

A packed run folder has all that the trainings need in two small files and the template, so that it can be taken to a
machine without the data: `guidegen data pack`, then `guidegen train ... --run FOLDER` there.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.data.notes import CASES
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.population.write import coarse_bank, load_bank
from GuideGenLib.training.assemble import POPULATION
from GuideGenLib.training.checkpoint import RunError
from GuideGenLib.training.cutting import Material
from GuideGenLib.training.job import Job, bases_of, people_of, say, store_of, tenths
from GuideGenLib.training.mask_bank import MaskData, joined, load_mask_data, save_mask_data
from GuideGenLib.training.materials import ct_materials, mask_data, partial_data
from GuideGenLib.training.pack import pack_materials, unpack_materials
from GuideGenLib.training.processes import first_process_first

if TYPE_CHECKING:
    from GuideGenLib.population.attributes import Attributes

SCANS, PEOPLE, TEMPLATE = "scans.pack", "people.safetensors", "torso.npz"
"""Files of a packed run folder."""
PROMPTS = 800
"""Wordings that are packed: people of the same sex and build and nearly the same age share them."""


def is_packed(run: Path) -> bool:
    """Whether a run folder holds what its trainings need, without a data folder."""
    return (run / SCANS).is_file()


def materials_of(job: Job, split: str | None = None) -> list[Material]:
    """The scans of codec and CT stage in a split (None: those to learn from). Raises DataError."""
    if is_packed(job.run):
        return unpack_materials(job.run / SCANS) if split is None else []
    return ct_materials(store_of(job), TextEncoder.load(), split)


def population_of(job: Job) -> "tuple[np.ndarray, list[Attributes]]":
    """Maps of the imagined people, uint8 [n, z, y, x] at 6 mm, and their attributes; kept in the run folder."""
    progress = tenths()
    with first_process_first():
        bases = bases_of(job, progress)
        return coarse_bank(bases, job.people, job.seed, job.threads, job.run / POPULATION, progress)


def mask_data_of(job: Job) -> MaskData:
    """What the mask stage learns from: the people with prompts, and real maps as they are where these are asked for."""
    if (job.run / PEOPLE).is_file():
        return load_mask_data(job.run / PEOPLE)
    labels, people = population_of(job)
    say("mask: reading the prompts")
    encoder = TextEncoder.load()
    data = mask_data(labels, people, encoder, job.seed)
    if not job.partial:
        return data
    real = people_of(job)
    if not real:
        raise RunError(f"{job.data} holds no case that could be placed", "add label maps, or leave out --partial")
    folder = job.run / POPULATION
    with first_process_first():
        partial = partial_data(real, job.partial, encoder, job.seed, folder / "partial.npy")
        return joined(data, partial, folder / "joined.npy")


def anatomies_of(job: Job) -> np.ndarray:
    """The maps that the mask learned from. Raises RunError where there are none."""
    if (job.run / PEOPLE).is_file():
        return load_mask_data(job.run / PEOPLE).labels
    try:
        return load_bank(job.run / POPULATION, job.seed)[0][: job.people]
    except FileNotFoundError as error:
        raise RunError(
            f"{job.run} holds no population of seed {job.seed}: run `guidegen train population` first, "
            "or give --seed as it was then"
        ) from error


def pack_run(job: Job, target: Path, spacing: float) -> list[Path]:
    """Write a packed run folder; the people are in it when the run's population has been drawn. spacing: of the scans,
    in mm. Returns the files."""
    target.mkdir(parents=True, exist_ok=True)
    pack_materials(materials_of(job), target / SCANS, spacing)
    files = [target / SCANS]
    if (job.run / POPULATION).is_dir():
        labels, people = load_bank(job.run / POPULATION, job.seed)
        data = mask_data(labels, people, TextEncoder.load(), job.seed, distinct=PROMPTS)
        save_mask_data(data, target / PEOPLE)
        shutil.copy2(job.run / TEMPLATE, target / TEMPLATE)
        files += [target / PEOPLE, target / TEMPLATE]
    if (job.data / CASES).is_file():
        shutil.copy2(job.data / CASES, target / CASES)
    return files
