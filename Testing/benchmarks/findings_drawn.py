"""Findings drawn into anatomies that are drawn once: what the sheet, the table of HU and the checks share.

An anatomy is uint8 [z, y, x] at 3 mm in the canonical frame; z grows to the head, y to the back, x to the left.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from GuideGenLib.anatomy.structures import LUNGS, select  # noqa: E402 - after the path is set
from GuideGenLib.anatomy.table import labels as rows  # noqa: E402
from GuideGenLib.anatomy.table import values  # noqa: E402
from GuideGenLib.description.model import Finding  # noqa: E402
from GuideGenLib.findings.recipe import Recipe  # noqa: E402
from GuideGenLib.mask.findings.lesions import LesionRecord  # noqa: E402
from GuideGenLib.mask.findings.others import draw_others  # noqa: E402
from GuideGenLib.mask.findings.others_check import check_others  # noqa: E402
from GuideGenLib.mask.findings.reforming import check_reformed, reform  # noqa: E402
from GuideGenLib.mask.findings.tissue import FILLERS  # noqa: E402

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

Labels = NDArray[np.uint8]
STEP = (3.0, 3.0, 3.0)
SIZES = ("small", "moderate", "large")
PEOPLE = {
    "man": "A man of 60 years.",
    "woman": "A woman of 60 years.",
    "another man": "A tall man of 45 years.",
    "another woman": "An obese woman of 70 years.",
}
"""Whose anatomies are drawn, by name."""
OF_WOMEN, OF_MEN = {"uterus", "ovary", "breast", "cervix"}, {"prostate"}
FEW_ML = 5.0
"""Smaller organs are not judged by Dice."""
AIRY = ("pleura", "pericardium", "lung_patches")
"""Spaces whose contents take the place of lung."""
FAR_MM = 100.0
NEAR_MM = 6.0
"""A finding in an organ lies so near to it at most."""


@dataclass(frozen=True)
class Drawn:
    """One finding in one size: labels, what was drawn, where its middle is, failed rules, the least Dice of what it may
    not touch with its name, and seconds."""

    labels: Labels
    records: list[LesionRecord]
    middle: tuple[int, int, int]
    failed: list[str]
    dice: float
    organ: str
    seconds: float


def people(generator: "Generator | None", folder: Path | None, seed: int = 1) -> dict[str, Labels]:
    """The anatomies of PEOPLE, read from a folder where they were kept, else drawn and kept there."""
    import SimpleITK as sitk

    from GuideGenLib.description import parse
    from GuideGenLib.generator import Generator

    found: dict[str, Labels] = {}
    for name, text in PEOPLE.items():
        path = folder / f"{name.replace(' ', '_')}.nii.gz" if folder else None
        if path is not None and path.exists():
            found[name] = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
            continue
        generator = generator or Generator.from_bundle()
        anatomy = generator.synthesize_mask(parse(text), seed=seed).anatomy
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            sitk.WriteImage(anatomy, str(path))
        found[name] = sitk.GetArrayFromImage(anatomy)
    return found


def fitting(recipe: Recipe, anatomies: Mapping[str, Labels]) -> list[str]:
    """The names of those who may have a finding: a woman for what only women have."""
    wanted = "woman" if OF_WOMEN & set(recipe.organs) else "man" if OF_MEN & set(recipe.organs) else ""
    return [name for name in anatomies if not wanted or name.split()[-1] == wanted]


def finding_of(recipe: Recipe, word: str, side: str = "left", count: int = 1) -> Finding:
    """As a text would name it."""
    own = side if recipe.sided and recipe.label is not None else None
    return Finding(recipe.kinds[0], recipe.organs[0] or None, size_word=word, side=own, count=count)


def draw(anatomy: Labels, recipe: Recipe, finding: Finding, seed: int) -> Drawn:
    """Raises LesionError where there is no place for it."""
    begin = time.process_time()
    labels, done = reform(anatomy, STEP, [finding], np.random.default_rng(seed))
    labels, records = draw_others(labels, STEP, [finding], np.random.default_rng(seed))
    seconds = time.process_time() - begin
    checks = [*check_others(labels, STEP, [finding], records), *check_reformed(labels, STEP, [finding], done)]
    failed = [f"{name}: {found}" for name, kept, found in checks if not kept]
    dice, organ = least_dice(anatomy, labels, recipe)
    z, y, x = (round(value) for value in records[0].center_voxel) if records else middle_of(anatomy, recipe)
    return Drawn(labels, records, (z, y, x), failed, dice, organ, seconds)


def middle_of(anatomy: Labels, recipe: Recipe) -> tuple[int, int, int]:
    """The middle of the organ in which something of the tissue changes."""
    z, y, x = np.median(np.argwhere(select(anatomy, keys_of(recipe.options["home"]))), axis=0)
    return int(z), int(y), int(x)


def keys_of(names: tuple[str, ...] | list[str]) -> list[str]:
    """Keys of the anatomy table, both sides of what has sides."""
    return [key for key in values() for name in names if key in (name, f"{name}_left", f"{name}_right")]


def may_touch(recipe: Recipe) -> set[str]:
    """Keys of what a finding lies in or pushes aside, by its recipe."""
    how = recipe.options
    names = [*how.get("home", ()), *how.get("into", ()), *how.get("pushes", ()), how.get("vessel", "")]
    own = {*FILLERS, *keys_of(names)}
    if how.get("space") in AIRY:
        own |= {*LUNGS, "lung_vessel"}
    return own


def least_dice(before: Labels, after: Labels, recipe: Recipe) -> tuple[float, str]:
    """Of all that the finding neither lies in nor pushes: the least Dice, and whose it is."""
    found, own = [(1.0, "")], may_touch(recipe)
    then, now = (np.bincount(labels.ravel(), minlength=256) for labels in (before, after))
    both = np.bincount(before[before == after], minlength=256)
    for row in rows():
        judged = not row.drawn_as and row.value > 0 and row.key not in own
        if judged and then[row.value] * np.prod(STEP) / 1000 >= FEW_ML:
            found.append((float(2 * both[row.value] / (then[row.value] + now[row.value])), row.key))
    return min(found)


def misplaced(before: Labels, drawn: Drawn, recipe: Recipe, finding: Finding) -> str:
    """What is wrong with where a finding lies, measured on the voxels and not by the code that drew it; "" if nothing.

    It has to touch the organ that its recipe names, be as near to what it lies beside as that says, be on the side of
    the body that is asked, and in the lobe that is asked.
    """
    assert recipe.label is not None
    there = drawn.labels == values()[recipe.label["key"]]
    if not there.any():
        return "is not there"
    how, side = recipe.options, finding.side
    home = select(before, [key for key in keys_of(how.get("home", ())) if not side or not _other(key, side)])
    if home.any() and _away(home, there) > NEAR_MM:
        return f"{_away(home, there):.0f} mm from its organ"
    for name, (_, farthest) in how.get("beside", {}).items():
        anchor = select(before, [key for key in keys_of([name]) if not side or not _other(key, side)])
        if _away(anchor, there) > farthest + NEAR_MM:
            return f"{_away(anchor, there):.0f} mm from {name}, at most {farthest}"
    spine = np.flatnonzero(select(before, keys_of(["vertebrae_thoracic", "vertebrae_lumbar", "sacrum"])).any((0, 1)))
    across = np.argwhere(there)[:, 2].mean() - spine.mean()
    if side and (across > 0) != (side == "left"):
        return "on the other side"
    if finding.site and finding.organ == "lung":
        share = np.mean([finding.site in rows()[value].key for value in before[there]])
        if share < 0.5:
            return f"{share:.0%} in the {finding.site}"
    return ""


def _other(key: str, side: str) -> bool:
    return key.endswith("_left" if side == "right" else "_right")


def _away(organ: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """mm between two sets of voxels, at their nearest; infinite beyond FAR_MM."""
    (box,) = ndimage.find_objects(there.view(np.uint8))
    wide = tuple(
        slice(max(s.start - int(FAR_MM / d), 0), s.stop + int(FAR_MM / d)) for s, d in zip(box, STEP, strict=True)
    )
    if not organ[wide].any():
        return np.inf
    return float(ndimage.distance_transform_edt(~organ[wide], sampling=STEP)[there[wide]].min())
