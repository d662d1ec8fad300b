"""What the stages of a run learn from: made of a data folder, or taken from the files of a packed run folder.

A packed run folder has all that the trainings need in two small files and the template, so that it can be taken to a
machine without the data: `guidegen data pack` makes an archive of it, `guidegen train ... --run FOLDER` reads it.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from GuideGenLib.core.files import atomic
from GuideGenLib.data.notes import CASES
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.population.write import coarse_bank, load_bank
from GuideGenLib.training.assemble import POPULATION
from GuideGenLib.training.job import Job, bases_of, people_of, say, store_of, tenths
from GuideGenLib.training.loop.checkpoint import RunError
from GuideGenLib.training.loop.processes import first_process_first
from GuideGenLib.training.mask_bank import MaskData, joined, load_mask_data, save_mask_data
from GuideGenLib.training.materials import ct_materials, mask_data, partial_data
from GuideGenLib.training.networks.cutting import Material
from GuideGenLib.training.pack import pack_materials, unpack_materials

if TYPE_CHECKING:
    from GuideGenLib.population.attributes import Attributes

SCANS, PEOPLE, TEMPLATE = "scans.pack", "people.safetensors", "torso.npz"
"""Files of a packed run folder."""
SCANS_SHARE = 0.6
"""Of a packed archive's size, the rest has the people."""
OVERHEAD = 10_000
"""Bytes of the archive besides its files."""
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


def pack_run(job: Job, target: Path, spacing: float, most_mb: float) -> list[str]:
    """Write all that trainings need into one archive of at most `most_mb` MB, which is unpacked to a run folder.

    The people are in it when the run's population has been drawn. spacing: of the scans, in mm. Returns what it holds,
    in words, and what was left out for its size. Raises RunError where nothing fits.
    """
    with TemporaryDirectory() as private:
        folder, most = Path(private), 1e6 * most_mb
        drawn = (job.run / POPULATION).is_dir()
        if drawn:
            shutil.copy2(job.run / TEMPLATE, folder / TEMPLATE)
            most -= (folder / TEMPLATE).stat().st_size
        store = store_of(job)
        shutil.copy2(store.folder / CASES, folder / CASES)
        told = _pack_scans(job, folder / SCANS, spacing, most * (SCANS_SHARE if drawn else 1.0))
        if drawn:
            told += _pack_people(job, folder / PEOPLE, most - (folder / SCANS).stat().st_size - OVERHEAD)
        with atomic(target) as archive, ZipFile(archive, "w") as file:
            for path in sorted(folder.iterdir()):
                file.write(path, path.name)
    return told


def _pack_scans(job: Job, path: Path, spacing: float, most: float) -> list[str]:
    materials = materials_of(job)
    try:
        left_out = pack_materials(materials, path, spacing, most)
    except ValueError as error:
        raise RunError(f"not even one scan fits: {error}", "allow more with --mb") from error
    told = [f"{len(materials) - len(left_out)} scans, {path.stat().st_size / 1e6:.1f} MB"]
    return told + ([f"left out, as they are the largest: {', '.join(left_out)}"] if left_out else [])


def _pack_people(job: Job, path: Path, most: float) -> list[str]:
    labels, people = load_bank(job.run / POPULATION, job.seed)
    encoder, share = TextEncoder.load(), 1.0
    while True:
        count = int(share * len(people))
        if count == 0:
            raise RunError("no people fit beside the scans", "allow more with --mb")
        prompts = max(1, int(share * PROMPTS))
        data = mask_data(labels[:count], people[:count], encoder, job.seed, distinct=prompts)
        size = save_mask_data(data, path)
        if size <= most:
            return [f"{count} of {len(people)} people, {size / 1e6:.1f} MB"]
        share *= 0.95 * most / size
