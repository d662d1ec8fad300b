"""What may be drawn where the user points: tumours, and the findings that have a label."""

from dataclasses import dataclass
from functools import cache

from GuideGenLib.anatomy.table import by_group
from GuideGenLib.findings.reading import recipe_of_label, recipes
from GuideGenLib.scene.errors import SceneError

TUMOUR_MM = (3.0, 200.0)
USUAL_TUMOUR_MM = 25.0
DRAWN = ("solid", "fluid", "tube", "shape")
"""Mechanisms that draw voxels of a label of their own."""


@dataclass(frozen=True)
class PointedKind:
    """key and name of the label; unit: "mm" or "ml"; limits: the least and the most; usual: a common size."""

    key: str
    name: str
    unit: str
    limits: tuple[float, float]
    usual: float


@cache
def pointed_kinds() -> tuple[PointedKind, ...]:
    """Tumours in the order of the anatomy table, then findings by their name."""
    tumours = [PointedKind(row.key, row.name, "mm", TUMOUR_MM, USUAL_TUMOUR_MM) for row in by_group()["lesions"]]
    others = []
    for row in by_group()["findings"]:
        recipe = recipe_of_label(row.key)
        if recipe is not None and recipe.mechanism in DRAWN and recipe.sizes is not None:
            usual = round(sum(recipe.sizes.range_of(None)) / 2)
            others.append(PointedKind(row.key, row.name, recipe.sizes.unit, recipe.sizes.limits, float(usual)))
    return (*tumours, *sorted(others, key=lambda one: one.name))


def pointed_kind(key: str) -> PointedKind:
    """That of a label. Raises SceneError for one that is not drawn so."""
    found = next((one for one in pointed_kinds() if one.key == key), None)
    everywhere = next((one for one in recipes() if one.key == key and one.label is None), None)
    if everywhere is not None:
        raise SceneError(f"{everywhere.name} changes a whole organ, not a place of it", "name it in the text")
    if found is None:
        known = ", ".join(one.key for one in pointed_kinds())
        raise SceneError(f'"{key}" is no finding that can be drawn', f"choose one of {known}")
    return found
