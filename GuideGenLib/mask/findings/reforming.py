"""Findings without a label of their own that change an organ before anything is drawn into it: the cirrhotic liver, and
the chest after a lobectomy. They are drawn first, so that tumours lie in the organ as it then is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import LOBES, lobes_of, select
from GuideGenLib.anatomy.table import labels as table
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.cirrhosis import cirrhotic
from GuideGenLib.mask.findings.lobectomy import LEFT_SHARE, without_lobe
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.sites import LesionError

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Result = tuple[str, bool, str]

SLACK = 4.0
"""Percent points that what is lost may be from what was asked."""
LEAST_ML = 20.0


@dataclass(frozen=True)
class Reformed:
    """finding: its place in the findings; changed: labels whose size is another now; gone: those that are no more;
    before_ml: volume of the changed ones and of what was gone."""

    finding: int
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    before_ml: float


def reform(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], rng: np.random.Generator, kept: Mask | None = None
) -> tuple[Labels, list[Reformed]]:
    """A copy of labels uint8 [z, y, x] (canonical frame, isotropic spacing in mm) with the organs that such findings
    change, and which they are; kept: voxels that nothing touches. The same state of the generator gives the same
    volume. Raises LesionError where the organ is not in the volume, or too little of it."""
    labels, done = labels.copy(), []
    for index, finding in enumerate(findings):
        recipe = finding.recipe
        if recipe is None or recipe.mechanism != "shape" or recipe.label is not None or not finding.there:
            continue
        before = labels
        labels, changed, gone = REFORMS[recipe.options["shape"]](labels, spacing, finding, recipe, rng, kept)
        labels = labels if kept is None else np.where(kept, before, labels)
        done.append(Reformed(index, changed, gone, _ml(before, (*changed, *gone), spacing)))
    return labels, done


def check_reformed(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], done: Sequence[Reformed]
) -> list[Result]:
    """Whether what was to be gone is gone, and whether as much is lost as was asked."""
    results: list[Result] = []
    for one in done:
        finding = findings[one.finding]
        recipe = finding.recipe
        assert recipe is not None
        left = sum(int((labels == values()[key]).sum()) for key in one.gone)
        now = _ml(labels, one.changed, spacing)
        there = left == 0 and now > 0
        results.append((f"finding:{one.finding}:present", there, f"{recipe.name}: {left} voxels of what is gone"))
        lost = 100 * (1 - now / max(one.before_ml, 1e-6))
        low, high = wanted_loss(finding, recipe)
        kept = low - SLACK <= lost <= high + SLACK
        told = f"{lost:.0f} % less of it, asked {low:.0f} to {high:.0f} %"
        results.append((f"finding:{one.finding}:size", kept, told))
    return results


def wanted_loss(finding: Finding, recipe: Recipe) -> tuple[float, float]:
    """Percent of the volume that go, lowest and highest."""
    if recipe.sizes is None:
        return 100 * (1 - LEFT_SHARE), 100 * (1 - LEFT_SHARE)
    return recipe.sizes.range_of(finding.size_word)


def _ml(labels: Labels, keys: Sequence[str], spacing: Spacing) -> float:
    """Of organs with the lesions in them."""
    within = [row.key for row in table() if row.group in ("lesions", "findings") and set(row.part_of) & set(keys)]
    return float(select(labels, (*keys, *within)).sum() * np.prod(spacing)) / 1000


def _cirrhosis(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, rng: np.random.Generator, kept: Mask | None
) -> tuple[Labels, tuple[str, ...], tuple[str, ...]]:
    if _ml(labels, ("liver",), spacing) < LEAST_ML:
        raise LesionError("the region does not show the liver", "choose one that does")
    lost = float(rng.uniform(*wanted_loss(finding, recipe)))
    return cirrhotic(labels, spacing, lost, rng, kept), ("liver",), ()


def _lobectomy(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, rng: np.random.Generator, kept: Mask | None
) -> tuple[Labels, tuple[str, ...], tuple[str, ...]]:
    places = [place for place in LOBES if finding.side in (None, place[0]) and finding.site in (None, place[1])]
    there = [place for place in places if _ml(labels, (LOBES[place],), spacing) >= LEAST_ML]
    if not there:
        raise LesionError("the region does not show the lobe that is to be gone", "choose one that does")
    side, _ = place = there[int(rng.integers(len(there)))]
    rest = tuple(key for key in lobes_of(side) if key != LOBES[place])
    return without_lobe(labels, spacing, LOBES[place], rest, kept), rest, (LOBES[place],)


REFORMS: dict[str, Callable[..., tuple[Labels, tuple[str, ...], tuple[str, ...]]]] = {
    "cirrhosis": _cirrhosis, "lobectomy": _lobectomy,
}  # fmt: skip
"""By the option `shape` of recipes without a label: the labels after, the keys that changed, and those that are
gone."""
