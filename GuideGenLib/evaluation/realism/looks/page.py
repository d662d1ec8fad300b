"""The page "real beside generated": five levels of the body in three windows, at the same grid and scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.files import atomic
from GuideGenLib.evaluation.realism.looks.volumes import AIR, Source, Volume
from GuideGenLib.evaluation.realism.texture import SPACING_MM

WINDOWS = {"lung": (-1350.0, 150.0), "soft tissue": (-160.0, 240.0), "bone": (-500.0, 1300.0)}
"""HU from black to white."""
SHAPE = (160, 216)
"""Voxels of a picture [y, x]: 320 x 432 mm."""
LEAST_PIPE = 6
"""Voxels of a cross-section of the trachea or of a main bronchus."""


@dataclass(frozen=True)
class Slice:
    """An axial slice of SHAPE in HU. source: of which CT; score: how well it shows the level, 0 to 1."""

    source: Source
    hu: NDArray[np.int16]
    score: float

    @property
    def area(self) -> int:
        """Voxels of the body."""
        return int((self.hu > -300).sum())


def level_slices(source: Source, volume: Volume) -> dict[str, Slice]:
    """The slices of a CT at those of LEVELS that it shows."""
    found = {}
    for level, find in LEVELS.items():
        place = find(volume.labels)
        if place is not None:
            z, score = place
            found[level] = Slice(source, _framed(volume, z), score)
    return found


def write_page(real: Sequence[dict[str, Slice]], generated: Sequence[dict[str, Slice]], path: Path) -> int:
    """Write the page as PNG; returns how many of the levels it shows.

    Of each level the real scan that shows it best, and beside it the generated CT of the nearest girth. Only scans
    that may be shown, with their source below.
    """
    rows = []
    for level in LEVELS:
        shown = [one[level] for one in real if level in one and one[level].source.shown]
        made = [one[level] for one in generated if level in one]
        if shown and made:
            best = max(shown, key=lambda one: one.score)
            rows.append((level, best, min(made, key=lambda one: abs(one.area - best.area))))
    if rows:
        _draw(rows, path)
    return len(rows)


# ---------------------------------------------------------------- levels


def _carina(labels: NDArray[np.uint8]) -> tuple[int, float] | None:
    """The highest slice in which the trachea has parted in two, or its lower end where bronchi are not labelled."""
    windpipe = labels == values()["trachea"]
    there = np.flatnonzero(windpipe.sum(axis=(1, 2)) >= LEAST_PIPE)
    if not len(there) or there[0] < 3:
        return None
    z = int(there[0])
    for height in there[::-1]:
        parts, _ = ndimage.label(windpipe[height])
        if (np.bincount(parts.ravel())[1:] >= LEAST_PIPE).sum() > 1:
            z = int(height)
            break
    return z, _share(labels[z], LUNGS)


def _heart(labels: NDArray[np.uint8]) -> tuple[int, float] | None:
    z = _middle(labels, ("heart",), 0.4)
    return None if z is None else (z, _share(labels[z], LUNGS))


def _upper_abdomen(labels: NDArray[np.uint8]) -> tuple[int, float] | None:
    areas = [
        select(labels, keys).sum(axis=(1, 2)) for keys in (("liver",), ("spleen",), ("kidney_left", "kidney_right"))
    ]
    common = np.min(areas, axis=0)
    z = int(common.argmax())
    return (z, float(common[z]) / 2000) if common[z] > 50 else None


def _bowel(labels: NDArray[np.uint8]) -> tuple[int, float] | None:
    """Between the kidneys' lower ends and the iliac crests, where most bowel is."""
    bowel = select(labels, ("small_bowel", "colon", "colon_gas")).sum(axis=(1, 2)).astype(float)
    bowel[select(labels, ("liver", "hip_left", "hip_right")).sum(axis=(1, 2)) > 300] = 0
    bowel[select(labels, ("vertebrae_lumbar",)).sum(axis=(1, 2)) == 0] = 0
    z = int(bowel.argmax())
    return (z, float(bowel[z]) / 6000) if bowel[z] > 300 else None


def _pelvis(labels: NDArray[np.uint8]) -> tuple[int, float] | None:
    """Through the hip joints: where the heads of the femora are widest and the hips are there."""
    heads = select(labels, ("femur_left", "femur_right")).sum(axis=(1, 2)) * (
        select(labels, ("hip_left", "hip_right")).sum(axis=(1, 2)) > 200
    )
    z = int(heads.argmax())
    return (z, float(heads[z]) / 1500) if heads[z] > 200 else None


LEVELS: dict[str, Callable[[NDArray[np.uint8]], tuple[int, float] | None]] = {
    "carina": _carina,
    "heart, lung bases": _heart,
    "liver, spleen, kidneys": _upper_abdomen,
    "bowel": _bowel,
    "pelvis": _pelvis,
}
"""From label values [z, y, x] to the slice that shows the level, and how well it does; None where it is not shown."""


def _middle(labels: NDArray[np.uint8], keys: Sequence[str], share: float) -> int | None:
    """The slice below which so much of an organ lies."""
    area = select(labels, keys).sum(axis=(1, 2))
    return int(np.searchsorted(np.cumsum(area), share * area.sum())) if area.sum() > 5000 else None


def _share(labels: NDArray[np.uint8], keys: Sequence[str]) -> float:
    """What part of the body in a slice the named labels are."""
    return float(select(labels, keys).sum() / max(1, (labels > 0).sum()))


def _framed(volume: Volume, z: int) -> NDArray[np.int16]:
    """A slice with the body in the middle of SHAPE."""
    there = np.argwhere(volume.labels[z] > 0)
    middle = (there.min(axis=0) + there.max(axis=0)) // 2
    framed = np.full(SHAPE, AIR, np.int16)
    here, of = [], []
    for centre, size, n in zip(middle, SHAPE, volume.hu.shape[1:], strict=True):
        start = int(centre) - size // 2
        here.append(slice(max(0, -start), min(size, n - start)))
        of.append(slice(max(0, start), min(n, start + size)))
    framed[tuple(here)] = volume.hu[z][tuple(of)]
    return framed


# ---------------------------------------------------------------- drawing


def _draw(rows: Sequence[tuple[str, Slice, Slice]], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = 1.5 * len(rows), 2.0 * 6
    figure = Figure(figsize=(width, height + 0.7), dpi=120, facecolor="black")
    FigureCanvasAgg(figure)
    whole = height + 0.7
    for row, (level, real, made) in enumerate(rows):
        for column, (window, (low, high)) in enumerate(WINDOWS.items()):
            for side, one in enumerate((real, made)):
                place = 2 * column + side
                axes = figure.add_axes((place / 6, (height - 1.5 * (row + 1) + 0.35) / whole, 0.995 / 6, 1.48 / whole))
                axes.set_axis_off()
                axes.imshow(one.hu, cmap="gray", vmin=low, vmax=high, interpolation="bicubic", aspect="auto")
                if row == 0:
                    kind = ("real", "generated")[side]
                    figure.text(
                        (place + 0.5) / 6, 1 - 0.2 / whole, f"{kind}, {window}", color="white", ha="center", size=9
                    )
        figure.text(0.004, (height - 1.5 * row + 0.22) / whole, level, color="yellow", size=8, va="top")
    credits = sorted(
        {f"{one.source.name} ({one.source.credit})" if one.source.credit else one.source.name for _, one, _ in rows}
    )
    told = f"axial, {SPACING_MM:g} mm; real: {'; '.join(credits)}"
    figure.text(0.004, 0.08 / whole, told, color="white", size=6)
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "partly SYNTHETIC"})
