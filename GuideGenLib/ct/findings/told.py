"""Findings that change the tissue of an organ, as the CT is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from GuideGenLib.description.model import Finding
from GuideGenLib.findings.recipe import Recipe


@dataclass(frozen=True)
class TissueChange:
    """A look of `ct.findings.changes`, how much of it in the unit of its recipe, and the side that has it, None for
    both."""

    look: str
    amount: float
    side: str | None = None


def tissue_changes(findings: Sequence[Finding], seed: int) -> tuple[TissueChange, ...]:
    """Those of the findings that the patient has; how much there is follows the seed within what the word means."""
    changes = []
    for finding in findings:
        recipe = finding.recipe
        if recipe is not None and "look" in recipe.options and finding.there:
            side = finding.side if recipe.sided else None
            changes.append(TissueChange(recipe.options["look"], amount_of(finding, recipe, seed), side))
    return tuple(changes)


def amount_of(finding: Finding, recipe: Recipe, seed: int) -> float:
    """In the unit of the recipe, drawn from the range of the word."""
    assert recipe.sizes is not None
    low, high = recipe.sizes.range_of(finding.size_word)
    return float(np.random.default_rng((seed, crc32(recipe.key.encode()))).uniform(low, high))
