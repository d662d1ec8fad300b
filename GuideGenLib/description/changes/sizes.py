"""How large a finding is: its longest diameter in mm, or the volume in ml of what fills a space."""

from dataclasses import replace

from GuideGenLib.description.model import LARGEST_MM, Finding
from GuideGenLib.description.stage import stage_size_mm

LEAST_MM = 2.0
"""Of a tumour."""


BY_DEGREE = ("%", "mm3")
"""Units in which no text tells a size: a word of degree does."""


def unit_of(finding: Finding) -> str:
    """ "mm", "ml" or what its recipe has."""
    recipe = finding.recipe
    return "mm" if recipe is None or recipe.sizes is None else recipe.sizes.unit


def size_told(finding: Finding) -> float | None:
    """What the description has, in its unit; of what is told by its degree alone the middle of that."""
    recipe = finding.recipe
    if unit_of(finding) in BY_DEGREE and recipe is not None and recipe.sizes is not None:
        return None if finding.size_word is None else sum(recipe.sizes.range_of(finding.size_word)) / 2
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
    """A finding of a size in its unit, or of the degree that is nearest to it."""
    recipe = finding.recipe
    if unit_of(finding) in BY_DEGREE and recipe is not None and recipe.sizes is not None and size is not None:
        words = recipe.sizes.words
        return replace(finding, size_word=min(words, key=lambda word: abs(sum(words[word]) / 2 - size)))
    return replace(finding, volume_ml=size) if unit_of(finding) == "ml" else replace(finding, size_mm=size)
