"""How large a finding is: its longest diameter in mm, or the volume in ml of what fills a space."""

from dataclasses import replace

from GuideGenLib.description.model import LARGEST_MM, Finding
from GuideGenLib.description.stage import stage_size_mm

LEAST_MM = 2.0
"""Of a tumour."""


def unit_of(finding: Finding) -> str:
    """ "mm" or "ml"."""
    recipe = finding.recipe
    return "mm" if recipe is None or recipe.sizes is None else recipe.sizes.unit


def size_told(finding: Finding) -> float | None:
    """What the description has, in its unit."""
    return finding.volume_ml if unit_of(finding) == "ml" else finding.size_mm


def usual_size(finding: Finding) -> tuple[float, float] | None:
    """Lowest and highest of one of which no size is told, in its unit; None where it is not drawn."""
    if finding.drawn:
        return stage_size_mm(finding)
    recipe = finding.recipe
    return None if recipe is None or recipe.sizes is None else recipe.sizes.range_of(finding.size_word)


def limits_of(finding: Finding) -> tuple[float, float]:
    """What is possible at all, in its unit."""
    recipe = finding.recipe
    return (LEAST_MM, LARGEST_MM) if recipe is None or recipe.sizes is None else recipe.sizes.limits


def with_size(finding: Finding, size: float | None) -> Finding:
    """A finding of a size in its unit."""
    return replace(finding, volume_ml=size) if unit_of(finding) == "ml" else replace(finding, size_mm=size)
