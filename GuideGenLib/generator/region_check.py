"""Before any work: what a description asks for must lie in the region that is to be drawn."""

from collections.abc import Iterable

from GuideGenLib.anatomy.structures import LUNGS, lobes_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.description import Description
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.spaces import PERITONEAL
from GuideGenLib.mask.findings.tissue import FILLERS
from GuideGenLib.mask.regions import ORGANS

TUMOUR_HOMES = {
    "lung": "lung_upper_lobe_left", "liver": "liver", "kidney": "kidney_left", "pancreas": "pancreas", "colon": "colon",
}  # fmt: skip
SPACES = {"pleura": LUNGS, "peritoneum": PERITONEAL, "pericardium": ("heart",)}
"""What bounds a space that fluid fills: one of these must be seen."""
_BASES = (*LUNGS, "heart", "vertebrae_thoracic", "ribs_left", "ribs_right")
AT_THE_EDGE: dict[str, tuple[str, ...]] = {
    "chest": ("liver", "spleen", "stomach", "adrenal_left", "adrenal_right"),
    "abdomen": _BASES,
    "abdomen_pelvis": _BASES,
    "pelvis": ("colon", "small_bowel", "vertebrae_lumbar"),
}
"""What a scan of a region shows a part of, as it ends 20 or 30 mm beyond its landmarks (`mask.regions.crop_range`)."""
REMEDY = "choose one that does, for example torso"


def refuse_absent_organs(description: Description, region: str) -> None:
    """Raises LesionError for a lesion without its organ in the region, or a finding without its place."""
    shown = ORGANS.get(region, frozenset())
    partly = shown | set(AT_THE_EDGE.get(region, ()))
    for finding in description.findings:
        in_pelvis = finding.organ == "colon" and region == "pelvis"
        if finding.drawn and TUMOUR_HOMES[finding.organ or ""] not in shown and not in_pelvis:
            raise LesionError(f"the region {region} does not show the {finding.organ}", REMEDY)
        recipe = finding.recipe
        if recipe is not None and finding.shown and not all(partly & keys for keys in _needed(finding)):
            raise LesionError(f"the region {region} does not show where a {recipe.name} lies", REMEDY)


def _needed(finding: Finding) -> list[set[str]]:
    """Sets of labels, of each of which one must be seen; none where a recipe tells no place."""
    assert finding.recipe is not None
    how = finding.recipe.options
    needed = [_keys([key], finding.side) for key in how.get("beside", {})]
    if "home" in how:
        needed.append(_keys(how["home"], finding.side))
    if how.get("space") in SPACES:
        needed.append(set(SPACES[how["space"]]))
    return [keys for keys in needed if keys]


def places_of(finding: Finding) -> set[str]:
    """The labels that what a recipe draws takes its room from; none where it tells no organ."""
    assert finding.recipe is not None
    how = finding.recipe.options
    if how.get("space") == "pleura":
        return set(lobes_of(finding.side)) if finding.side else set(LUNGS)
    return _keys(how.get("home", ()), finding.side) - set(FILLERS)


def _keys(names: Iterable[str], side: str | None) -> set[str]:
    """The labels that names mean: "kidney" is that of a side, or of both."""
    sides = [side] if side else ["left", "right"]
    return {key for name in names for key in (name, *(f"{name}_{one}" for one in sides)) if key in values()}
