"""Each finding at three sizes in two planes with its CT, on one sheet; and what is measured of it.

    python Testing/benchmarks/findings.py --out sheet.png                      all of them, labels alone
    python Testing/benchmarks/findings.py --only ascites emphysema --ct --out sheet.png
    python Testing/benchmarks/findings.py --anatomy case/anatomy.nii.gz ...    into this anatomy instead of a drawn one

Measured: whether the rules of the anatomy hold (there, on its side, of its size), the least Dice of an organ that the
finding may not touch, seconds, and with --ct the HU within it beside those of its file.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from GuideGenLib.description.model import Finding
    from GuideGenLib.findings.recipe import Recipe
    from GuideGenLib.generator import Generator

Labels = NDArray[np.uint8]
SIZES = ("small", "moderate", "large")
STEP = (3.0, 3.0, 3.0)
ABOUT_MM = 60.0
"""So far above and below a finding its CT is made."""
LUNG_WINDOW, SOFT_WINDOW, BONE_WINDOW = (-1350.0, 150.0), (-160.0, 240.0), (-250.0, 800.0)
WIDE = 320
"""Pixels of a tile."""
FEW_ML = 5.0
"""Smaller organs are not judged by Dice."""


@dataclass(frozen=True)
class Drawn:
    """One finding in one size: labels [z, y, x], where its middle is, failed rules, least Dice with its organ."""

    labels: Labels
    middle: tuple[int, int, int]
    failed: list[str]
    dice: float
    organ: str
    seconds: float


def finding_of(recipe: "Recipe", word: str) -> "Finding":
    """As a text would name it, on the left where it has sides."""
    from GuideGenLib.description.model import Finding

    side = "left" if recipe.sided else None
    return Finding(recipe.kinds[0], recipe.organs[0] or None, size_word=word, side=side)


def draw(anatomy: Labels, recipe: "Recipe", word: str, seed: int) -> Drawn:
    """Raises LesionError where there is no place for it."""
    from GuideGenLib.mask.findings.others import draw_others
    from GuideGenLib.mask.findings.others_check import check_others

    finding = finding_of(recipe, word)
    begin = time.process_time()
    labels, records = draw_others(anatomy, STEP, [finding], np.random.default_rng(seed))
    seconds = time.process_time() - begin
    failed = [f"{name}: {found}" for name, kept, found in check_others(labels, STEP, [finding], records) if not kept]
    dice, organ = least_dice(anatomy, labels, recipe)
    z, y, x = (round(value) for value in records[0].center_voxel) if records else middle_of(anatomy, recipe)
    return Drawn(labels, (z, y, x), failed, dice, organ, seconds)


def middle_of(anatomy: Labels, recipe: "Recipe") -> tuple[int, int, int]:
    """The middle of the organ in which something of the tissue changes."""
    from GuideGenLib.anatomy.structures import select
    from GuideGenLib.anatomy.table import values

    names = [key for home in recipe.options["home"] for key in values() if key in (home, f"{home}_left")]
    z, y, x = np.median(np.argwhere(select(anatomy, names)), axis=0)
    return int(z), int(y), int(x)


def least_dice(before: Labels, after: Labels, recipe: "Recipe") -> tuple[float, str]:
    """Of the organs that the finding neither lies in nor pushes: the least Dice, and whose it is."""
    from GuideGenLib.anatomy.table import labels as rows

    how = recipe.options
    own = [*how.get("home", ()), *how.get("into", ()), *how.get("pushes", ()), how.get("vessel", "")]
    found = [(1.0, "")]
    for row in rows():
        if row.drawn_as or row.value == 0 or row.group in ("tissue", "muscles", "vessels", "lungs"):
            continue
        there = before == row.value
        if there.sum() * 0.027 >= FEW_ML and not any(row.key.startswith(name) for name in own if name):
            now = after == row.value
            found.append((2 * (there & now).sum() / (there.sum() + now.sum()), row.key))
    return min(found)


def pictures(drawn: Drawn, hu: NDArray[np.float32] | None, low: int, window: tuple[float, float]) -> list[Labels]:
    """Tiles [rows, WIDE, 3]: axial and coronal labels, and beneath them the CT, whose first slice is `low`."""
    from GuideGenLib.anatomy.table import colors

    z, y, _ = drawn.middle
    table = colors()
    planes = [table[drawn.labels[z]], table[drawn.labels[::-1, y]]]
    if hu is not None:
        grey = (np.clip((hu - window[0]) / (window[1] - window[0]), 0, 1) * 255).astype(np.uint8)
        planes += [np.repeat(plane[..., None], 3, axis=-1) for plane in (grey[z - low], grey[::-1, y])]
    return [fitted(plane) for plane in planes]


def fitted(plane: Labels) -> Labels:
    """A plane as wide as a tile, by its nearest pixels."""
    step = plane.shape[1] / WIDE
    rows = (np.arange(int(plane.shape[0] / step)) * step).astype(int)
    return plane[rows][:, (np.arange(WIDE) * step).astype(int)]


def ct_about(generator: "Generator", drawn: Drawn, finding: "Finding", seed: int) -> tuple[NDArray[np.float32], int]:
    """HU of the slices about a finding, and the first of them."""
    import SimpleITK as sitk

    from GuideGenLib.core.volumes import image_from_array
    from GuideGenLib.description import Description

    more = int(ABOUT_MM / STEP[0])
    low = max(drawn.middle[0] - more, 0)
    part = image_from_array(drawn.labels[low : drawn.middle[0] + more], STEP, (0.0, 0.0, 0.0), labels=True)
    description = Description(text="", phase="portal_venous", findings=(finding,))
    ct = generator.synthesize_ct(part, description, seed=seed, spacing=None)
    return sitk.GetArrayFromImage(ct).astype(np.float32), low


def window_of(recipe: "Recipe") -> tuple[float, float]:
    """In which such a finding is looked at."""
    if {"lung", "pleura"} & set(recipe.organs):
        return LUNG_WINDOW
    dense = {"stone", "sclerotic_lesion", "calcification", "osteoporosis"}
    return BONE_WINDOW if dense & set(recipe.kinds) else SOFT_WINDOW


def measured_hu(recipe: "Recipe", drawn: Drawn, hu: NDArray[np.float32], low: int) -> str:
    """HU within a finding less its outermost voxels, beside those of its file."""
    from scipy import ndimage

    from GuideGenLib.anatomy.table import label, values

    if recipe.label is None:
        return ""
    there = (drawn.labels == values()[recipe.label["key"]])[low : low + len(hu)]
    inner = ndimage.binary_erosion(there)
    got = hu[inner if inner.any() else there]
    asked = label(recipe.label["key"]).hu["portal_venous"]
    return f"{got.mean():.0f} HU (asked {asked.mean:.0f}, sd {asked.sd:.0f})"


def rows(arguments: argparse.Namespace) -> Iterator[list[Labels]]:
    """The tiles of each finding, its figures printed on the way."""
    from GuideGenLib.core.errors import GuideGenError
    from GuideGenLib.description import parse
    from GuideGenLib.findings.reading import recipes
    from GuideGenLib.generator import Generator

    generator = Generator.from_bundle() if arguments.ct or not arguments.anatomy else None
    anatomies: dict[str, Labels] = {}
    for recipe in recipes():
        if arguments.only and recipe.key not in arguments.only:
            continue
        sex = "woman" if {"uterus", "ovary", "breast"} & set(recipe.organs) else "man"
        if sex not in anatomies:
            anatomies[sex] = loaded(arguments.anatomy, generator, parse(f"A {sex} of 60 years."), arguments.seed)
        tiles: list[Labels] = []
        for word in SIZES:
            try:
                drawn = draw(anatomies[sex], recipe, word, arguments.seed)
            except GuideGenError as error:
                print(f"{recipe.key} {word}: {error}")
                continue
            told, hu, low = "", None, 0
            if arguments.ct and generator is not None:
                hu, low = ct_about(generator, drawn, finding_of(recipe, word), arguments.seed)
                told = measured_hu(recipe, drawn, hu, low)
            tiles += pictures(drawn, hu, low, window_of(recipe))
            least = f"least Dice {drawn.dice:.3f} {drawn.organ}"
            print(
                f"{recipe.key} {word}: {drawn.failed or 'as asked'}, {least}, {drawn.seconds:.1f} s {told}", flush=True
            )
        if tiles:
            yield tiles


def loaded(path: Path | None, generator: "Generator | None", description: object, seed: int) -> Labels:
    """The labels of a file at 3 mm, or of a drawn anatomy."""
    import SimpleITK as sitk

    from GuideGenLib.core.volumes import to_canonical
    from GuideGenLib.description import Description

    assert isinstance(description, Description)
    if path is not None:
        return to_canonical(sitk.ReadImage(str(path)), STEP[0], labels=True)[0]
    assert generator is not None
    return sitk.GetArrayFromImage(generator.synthesize_mask(description, seed=seed).anatomy)


def sheet(found: list[list[Labels]]) -> Labels:
    """All tiles, a row for each finding."""
    wide = max(len(tiles) for tiles in found) * WIDE
    strips = []
    for tiles in found:
        strip = np.zeros((max(len(tile) for tile in tiles), wide, 3), np.uint8)
        for index, tile in enumerate(tiles):
            strip[: len(tile), index * WIDE : (index + 1) * WIDE] = tile
        strips.append(strip)
    return np.concatenate(strips)


def main() -> None:
    """Print what is measured, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the sheet, a PNG")
    parser.add_argument("--only", nargs="*", default=[], help="names of files in Resources/findings, without .toml")
    parser.add_argument("--anatomy", type=Path, help="a label volume to draw into")
    parser.add_argument("--ct", action="store_true", help="make the CT about each finding, too")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    import SimpleITK as sitk

    found = list(rows(arguments))
    if found:
        sitk.WriteImage(sitk.GetImageFromArray(sheet(found), isVector=True), str(arguments.out))


if __name__ == "__main__":
    main()
