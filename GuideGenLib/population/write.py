"""The population on disk: NIfTI with JSON beside it for people to look at, and a bank of 6 mm maps for training."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray

from GuideGenLib.core.files import atomic, write_text
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord, insert_lesions
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.findings import draw_findings
from GuideGenLib.population.prompts import write_prompt
from GuideGenLib.population.sampling import Base, KeptBase, Sample, Source, coarse_marked, draw_sample, generator_of
from GuideGenLib.population.template_labels import SPACING

CHUNK = 25
Diseased = tuple[NDArray[np.uint8], tuple[Finding, ...], list[LesionRecord]]


def write_population(
    torso: Source,
    n: int,
    out_dir: Path,
    seed: int = 0,
    progress: Progress = silent,
    with_lesions: bool = True,
) -> None:
    """Writes out_dir/case_0001/{anatomy.nii.gz, description.json} and so on for people 0..n-1 of `seed`.

    torso: base people, or labels uint8 [z, y, x] at 3 mm of one. A case that is there already is left as it is, so a
    broken run goes on where it stopped.
    The JSON holds prompt, attributes and the findings that the anatomy shows. Raises VolumeError where nothing can
    be written.
    """
    for index in range(n):
        progress("population", index / n)
        folder = out_dir / f"case_{index + 1:04d}"
        if (folder / "description.json").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        sample = draw_sample(torso, index, seed)
        made: Diseased = (sample.labels, (), [])
        labels, findings, lesions = _diseased(sample, generator_of(seed, index, 1)) if with_lesions else made
        prompt = write_prompt(sample.attributes, findings, generator_of(seed, index, 2))
        image = sitk.GetImageFromArray(labels)
        image.SetSpacing((SPACING,) * 3)
        write_volume(image, folder / "anatomy.nii.gz")
        record = {
            "prompt": prompt,
            "attributes": {**asdict(sample.attributes), "habitus": sample.attributes.habitus},
            "findings": [asdict(finding) for finding in findings],
            "lesions": [asdict(lesion) for lesion in lesions],
            "seed": seed,
            "index": index,
        }
        text = json.dumps(record, indent=1, default=lambda value: np.asarray(value).tolist())
        write_text(text, folder / "description.json")
    progress("population", 1.0)


def _diseased(sample: Sample, rng: np.random.Generator, attempts: int = 6) -> Diseased:
    """The sample with lesions; other findings are drawn where this body has no room for the first ones."""
    for _ in range(attempts):
        findings = draw_findings(rng, sample.attributes)
        try:
            labels, lesions = insert_lesions(sample.labels, (SPACING, SPACING, SPACING), findings, rng)
        except LesionError:
            continue
        return labels, findings, lesions
    return sample.labels, (), []


def _chunk_path(cache: Path, seed: int, start: int) -> Path:
    return cache / f"coarse_seed{seed}_{start:06d}.npz"


def _fingerprint(source: Source) -> str:
    digest = hashlib.sha256()
    for base in [Base("", "", source)] if isinstance(source, np.ndarray) else source:
        if isinstance(base, KeptBase):
            digest.update(base.made_of.encode())
            continue
        digest.update(base.labels.tobytes())
        if base.filled is not None:
            digest.update(np.packbits(base.filled).tobytes())
    return digest.hexdigest()[:16]


def _attributes(path: Path) -> list[Attributes]:
    """Whom the maps of a chunk show."""
    with np.load(path) as chunk:
        return [Attributes(**record) for record in json.loads(str(chunk["attributes"]))]


def _make_chunk(torso: Source, seed: int, start: int, count: int, path: Path) -> Path:
    torch.set_num_threads(1)
    samples = []
    for index in range(start, start + count):
        sample = draw_sample(torso, index, seed)
        samples.append((coarse_marked(sample), sample.attributes))
    with atomic(path) as private, private.open("wb") as file:
        np.savez_compressed(
            file,
            labels=np.stack([labels for labels, _ in samples]),
            attributes=json.dumps([asdict(who) for _, who in samples]),
            torso=_fingerprint(torso),
        )
    return path


def coarse_bank(
    torso: Source,
    n: int,
    seed: int,
    processes: int = 1,
    cache: Path = Path("runs/population"),
    progress: Progress = silent,
) -> tuple[NDArray[np.uint8], list[Attributes]]:
    """Maps at 6 mm of people 0..n-1 of `seed`, uint8 [n, z/2, y/2, x/2] in a memory map, and their attributes.

    What was filled in from another person bears the mark FILLED of `anatomy.unknown`.

    Chunks are kept in `cache`; those made from the same torso are read, the rest is made by `processes` workers.
    Training may begin on what `load_bank` finds while this runs.
    """
    cache.mkdir(parents=True, exist_ok=True)
    starts = range(0, n, CHUNK)
    mine = _fingerprint(torso)
    missing = [start for start in starts if not _is_made(_chunk_path(cache, seed, start), mine)]
    jobs = [(torso, seed, start, CHUNK, _chunk_path(cache, seed, start)) for start in missing]
    if processes < 2:
        for done, job in enumerate(jobs):
            progress("population", done / len(jobs))
            _make_chunk(*job)
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_make_chunk, *job) for job in jobs]
            for done, future in enumerate(futures):
                future.result()
                progress("population", (done + 1) / len(jobs))
    progress("population", 1.0)
    labels, people = _joined([_chunk_path(cache, seed, start) for start in starts], cache / f"seed{seed}.npy")
    return labels[:n], people[:n]


def _is_made(path: Path, fingerprint: str) -> bool:
    if not path.exists():
        return False
    with np.load(path) as chunk:
        return str(chunk["torso"]) == fingerprint


def load_bank(cache: Path, seed: int) -> tuple[NDArray[np.uint8], list[Attributes]]:
    """All that `coarse_bank` has finished so far. Raises FileNotFoundError where there is nothing yet."""
    paths = sorted(cache.glob(f"coarse_seed{seed}_*.npz"))
    if not paths:
        msg = f"No population of seed {seed} in {cache}: run `guidegen population` or coarse_bank first."
        raise FileNotFoundError(msg)
    return _joined(paths, cache / f"seed{seed}.npy")


def _joined(paths: Sequence[Path], target: Path) -> tuple[NDArray[np.uint8], list[Attributes]]:
    """The maps of all chunks as one file that is read by memory map, however many there are, and whom they show."""
    people = []
    with mapped(target, sum(len(_attributes(path)) for path in paths)) as write:
        for path in paths:
            with np.load(path) as chunk:
                write(chunk["labels"])
            people += _attributes(path)
    return np.load(target, mmap_mode="r"), people


@contextmanager
def mapped(target: Path, count: int) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Writes `count` maps into a .npy file, some at each call; the file is there when the block ends."""
    with atomic(target) as private:
        whole: np.memmap | None = None
        done = 0

        def write(maps: NDArray[np.uint8]) -> None:
            nonlocal whole, done
            if whole is None:
                whole = np.lib.format.open_memmap(private, "w+", np.uint8, (count, *maps.shape[1:]))
            whole[done : done + len(maps)] = maps
            done += len(maps)

        yield write
        assert whole is not None and done == count
        whole.flush()
