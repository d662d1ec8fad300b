"""Whom the segmenter learns from: imagined people of other seeds than the generator's, made of many real label maps.

Most have tumours; some have none, and most have what a segmenter may take for one: cysts, nodes, stones, effusions,
atelectasis (`LIKE_LESIONS`). Nobody is made of the scan on which the segmenter is scored.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.reading import recipes
from GuideGenLib.judges.segmenter import SPACING
from GuideGenLib.mask.findings.lesions import LesionError, insert_lesions
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.population.findings import draw_findings
from GuideGenLib.population.sampling import KeptBase, Sample, Source, draw_sample, generator_of

OTHER_PEOPLE = 1_000_003
"""Added to the seed of a run: the generator's people have small seeds, none of them may train its judge."""
ANATOMIES = 200
WITHOUT_TUMOURS = 0.3
"""Share of the people who have none, whatever the population's law draws."""
LIKE_LESIONS = (
    "liver_cyst", "kidney_cyst", "pancreas_cyst", "spleen_cyst", "gallstone", "kidney_stone", "pleural_effusion",
    "ascites", "atelectasis", "pericardial_effusion", "mediastinal_nodes", "retroperitoneal_nodes", "mesenteric_nodes",
    "hiatal_hernia", "adrenal_nodule", "aortic_calcification", "hydronephrosis",
)  # fmt: skip
"""Recipes of what is no tumour and may be taken for one."""
MOST_LIKE = 3
TORSO = "torso"


def unrelated(people: Sequence[KeptBase], sources: Sequence[str], held_out: str) -> list[KeptBase]:
    """The base people whose bones and abdomen are not those of the held-out scan; all where none would be left.

    sources: the cases that the joined torso is made of. What skin, fat and muscle a label map lacks is the torso's.
    """
    names = {held_out, *([TORSO] if held_out in sources else [])}
    kept = [one for one in people if not names & {part.split(" in ")[0] for part in one.name.split(" with ")}]
    return kept or list(people)


def write_anatomies(
    source: Source, n: int, folder: Path, seed: int, processes: int = 1, progress: Progress = silent
) -> list[Path]:
    """People 0..n-1, each with findings: `folder`/anatomy_seed0_0000.npz with labels uint8 at 3 mm.

    Those that are there already are left as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"anatomy_seed{seed}_{index:04d}.npz" for index in range(n)]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    if processes < 2 or len(missing) < 4:
        for done, index in enumerate(missing):
            progress("anatomies", done / len(missing))
            _write_anatomy(source, index, seed, paths[index])
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_write_anatomy, source, index, seed, paths[index]) for index in missing]
            for done, future in enumerate(futures):
                future.result()
                progress("anatomies", (done + 1) / len(missing))
    progress("anatomies", 1.0)
    return paths


def _write_anatomy(source: Source, index: int, seed: int, path: Path) -> None:
    torch.set_num_threads(1)
    sample = draw_sample(source, index, OTHER_PEOPLE + seed)
    labels = with_findings(sample, generator_of(OTHER_PEOPLE + seed, index, 1))
    with atomic(path) as private, private.open("wb") as file:
        np.savez_compressed(file, labels=labels)


def with_findings(sample: Sample, rng: np.random.Generator, attempts: int = 6) -> np.ndarray:
    """The person's labels with tumours, and with what may be taken for them, as far as this body has room."""
    labels = sample.labels
    if rng.random() >= WITHOUT_TUMOURS:
        for _ in range(attempts):
            try:
                findings = draw_findings(rng, sample.attributes)
                labels = insert_lesions(labels, (SPACING,) * 3, findings, rng)[0]
                break
            except LesionError:
                continue
    for finding in _like_lesions(rng):
        try:
            labels = draw_others(labels, (SPACING,) * 3, [finding], rng)[0]
        except LesionError:
            continue
    return labels


def _like_lesions(rng: np.random.Generator) -> list[Finding]:
    """Up to MOST_LIKE findings of LIKE_LESIONS, each of the usual size or the next ones."""
    known = [one for one in recipes() if one.key in LIKE_LESIONS and one.label is not None]
    chosen = rng.choice(len(known), int(rng.integers(0, MOST_LIKE + 1)), replace=False)
    found = []
    for recipe in (known[index] for index in chosen):
        word = None if recipe.sizes is None else str(rng.choice(list(recipe.sizes.words)))
        count = int(rng.integers(1, recipe.most + 1)) if recipe.most < 4 else int(rng.integers(1, 4))
        found.append(Finding(recipe.kinds[0], recipe.organs[0] or None, size_word=word, count=count))
    return found
