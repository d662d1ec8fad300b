"""What follows a drawing: lesions, rules, and the best of some candidates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from GuideGenLib.core.progress import Progress, within
from GuideGenLib.description import Description
from GuideGenLib.description.organ_sizes import wanted_organs
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.mask.findings.lesions import LesionRecord, insert_lesions
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.others_check import check_others
from GuideGenLib.mask.findings.reforming import check_reformed, reform
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.organ_sizes import fit_organs
from GuideGenLib.mask.regions import ORGANS
from GuideGenLib.mask.rules import Check, check, score
from GuideGenLib.mask.sex_organs import OWN

CANDIDATES = 2
"""Anatomies drawn at most when one breaks a rule; the best is kept."""
SEED_STEP = 1_000_003
"""Between the seeds of candidates."""


@dataclass(frozen=True)
class Finished:
    """A drawn anatomy, labels uint8 [z, y, x], with its lesions and the rules that were checked."""

    labels: np.ndarray
    lesions: tuple[LesionRecord, ...]
    checks: tuple[Check, ...]


def finish(
    labels: np.ndarray,
    spacing: Spacing,
    description: Description,
    region: str,
    volumes: Mapping[str, tuple[float, float]] | None,
    rng: np.random.Generator,
    kept: np.ndarray | None = None,
) -> Finished:
    """The labels with organs of the asked sizes, without those that are absent, with the lesions that are asked for,
    and the rules checked; spacing (z, y, x) in mm, the same thrice.

    volumes: the range of each organ in ml; they are looked at in a whole torso. kept: voxels that nothing touches.
    """
    if wanted := wanted_organs(description):
        labels = fit_organs(labels, spacing[0], wanted, kept)
    labels, reformed = reform(labels, spacing, description.findings, rng.spawn(1)[0], kept)
    labels, lesions = insert_lesions(labels, spacing, description.findings, rng, kept)
    labels, others = draw_others(labels, spacing, description.findings, rng, kept)
    present = set(ORGANS[region])
    if description.sex in OWN and "urinary_bladder" in present:
        present.add(OWN[description.sex])
    present -= {key for one in reformed for key in one.gone}
    known = {key for one in reformed for key in one.changed}
    usual = {key: ml for key, ml in volumes.items() if key not in known} if volumes and region == "torso" else None
    checks = check(labels, spacing, description, lesions, present, usual)
    checks += [Check(*one) for one in check_reformed(labels, spacing, description.findings, reformed)]
    checks += [Check(*one) for one in check_others(labels, spacing, description.findings, others)]
    return Finished(labels, (*lesions, *others), tuple(checks))


def best_of(
    candidates: int,
    draw_one: Callable[[int, Progress], MaskResult],
    progress: Progress,
    excused: frozenset[str] = frozenset(),
) -> MaskResult:
    """The best by the rules of at most so many drawings; draw_one gets the number of the attempt.

    Each after the first is made only when the one before broke a rule. No reason are an organ of unusual size alone, as
    one in fifty is by definition, and what is said of the `excused` structures, which are not drawn.
    """
    best: tuple[float, MaskResult] | None = None
    for attempt in range(candidates):
        result = draw_one(attempt, within(progress, attempt / candidates, (attempt + 1) / candidates))
        rating = score(list(result.checks))
        if best is None or rating > best[0]:
            best = rating, result
        if all(c.passed or c.rule == "volume" or c.name.split(":")[-1] in excused for c in result.checks):
            break
    assert best is not None
    progress("mask", 1.0)
    return best[1]
