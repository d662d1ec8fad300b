"""A picture of each finding: at three sizes, axial and coronal (of the spine sagittal), the labels above and the CT
below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from GuideGenLib.anatomy.table import colors
from GuideGenLib.ct.synthesizer import SPACING
from GuideGenLib.findings.reading import recipes
from GuideGenLib.findings.recipe import Recipe
from Testing.benchmarks.findings_ct import Scan, of_finding

Pixels = NDArray[np.uint8]
WINDOWS = {"lung": (-1350.0, 150.0), "soft": (-160.0, 240.0), "bone": (-250.0, 1000.0)}
DENSE = {
    "stone",
    "sclerotic_lesion",
    "calcification",
    "osteoporosis",
    "granuloma",
    "fracture",
    "degeneration",
    "prosthesis",
}
TILE, HEAD = 150, 18
"""Pixels of a picture's sides, and of the line above each finding."""
QUALITY = 60
SEEN = 20.0
"""HU of a change that is seen."""


@dataclass(frozen=True)
class Row:
    """A finding, the boxes of three patients who have it in three sizes, and the sizes in words; of what changes a
    tissue also the patient without it."""

    recipe: Recipe
    scans: Sequence[Scan]
    sizes: Sequence[str]
    without: Scan | None = None


def write_picture(row: Row, folder: Path) -> None:
    """`KEY.jpg` of a finding."""
    Image.fromarray(strip(row)).save(folder / f"{row.recipe.key}.jpg", quality=QUALITY, optimize=True)


def write_page(folder: Path) -> None:
    """`sheet.md`, which shows the pictures that lie in a folder."""
    shown = [one for one in recipes() if (folder / f"{one.key}.jpg").exists()]
    text = "\n\n".join(f"![{one.name} at three sizes]({one.key}.jpg)" for one in shown)
    missing = ", ".join(one.name for one in recipes() if one not in shown)
    text = f"Not shown yet: {missing}.\n\n{text}" if missing else text
    (folder / "sheet.md").write_text(text + "\n", "utf-8")


def strip(row: Row) -> Pixels:
    """The pictures of a finding beneath its name and sizes."""
    window = WINDOWS[window_of(row.recipe)]
    tiles = []
    for scan in row.scans:
        z, y, x = middle(scan, row)
        grey = (np.clip((scan.hu - window[0]) / (window[1] - window[0]), 0, 1) * 255).astype(np.uint8)
        grey = np.repeat(grey[..., None], 3, axis=-1)
        drawn = colors()[scan.labels]
        upright = (
            (slice(None, None, -1), slice(None), x) if "spine" in row.recipe.organs else (slice(None, None, -1), y)
        )
        lines = [np.concatenate([fitted(one[z]), fitted(one[upright])], axis=1) for one in (drawn, grey)]
        tiles.append(np.concatenate(lines))
    pictures = np.concatenate(tiles, axis=1)
    head = Image.new("RGB", (pictures.shape[1], HEAD), (20, 20, 20))
    write = ImageDraw.Draw(head)
    wide = max(scan.hu.shape[2] for scan in row.scans) * SPACING / 10
    write.text((4, 3), f"{row.recipe.name}: {row.sizes[0]}", (255, 255, 255), ImageFont.load_default(11))
    for number, size in enumerate(row.sizes[1:], start=1):
        write.text((4 + number * 2 * TILE, 3), size, (255, 255, 255), ImageFont.load_default(11))
    write.text((6 * TILE - 70, 3), f"{wide:.0f} cm wide", (150, 150, 150), ImageFont.load_default(11))
    return np.concatenate([np.asarray(head), pictures])


def middle(scan: Scan, row: Row) -> tuple[int, int, int]:
    """Where most of a finding is seen: the axial and the coronal slice that show the largest area of it, or the most
    change of a tissue that the largest one makes; and the sagittal slice through its middle."""
    weight = of_finding(scan.labels, row.recipe).astype(np.float32)
    if row.without is not None:
        weight *= np.abs(row.scans[-1].hu - row.without.hu) > SEEN
    across = weight.sum(axis=(0, 1))
    x = round(float(np.average(np.arange(len(across)), weights=across)))
    return int(weight.sum(axis=(1, 2)).argmax()), int(weight.sum(axis=(0, 2)).argmax()), x


def window_of(recipe: Recipe) -> str:
    """In which such a finding is looked at."""
    if DENSE & set(recipe.kinds) or "bone" in recipe.organs:
        return "bone"
    airy = {"lung", "pleura"} & set(recipe.organs) and recipe.key != "pleural_effusion"
    return "lung" if airy or recipe.key == "free_air" else "soft"


def fitted(plane: Pixels) -> Pixels:
    """A plane on a square of TILE pixels, its sides to scale, on black."""
    high, wide = (max(1, round(n * TILE / max(plane.shape[:2]))) for n in plane.shape[:2])
    square = Image.new("RGB", (TILE, TILE))
    scaled = Image.fromarray(plane).resize((wide, high), Image.Resampling.BILINEAR)
    square.paste(scaled, ((TILE - wide) // 2, (TILE - high) // 2))
    return np.asarray(square)
