"""The blind sheet: real and generated crops in random order, numbered, and which is which in another file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.core.files import atomic, write_json
from GuideGenLib.evaluation.realism.looks.crops import PLACES, Crops

SIZE, EACH = 80, 2
"""Voxels of a crop, 160 mm, and crops of each place in a CT."""
COUNT = 20
"""Crops of each kind."""
COLUMNS = 8
LUNG, SOFT = (-1350.0, 150.0), (-160.0, 240.0)
"""HU from black to white, in the lobes and elsewhere."""


def write_blind_sheet(real: Sequence[Crops], generated: Sequence[Crops], sheet: Path, key: Path, seed: int) -> int:
    """Write the sheet as PNG and its key as JSON; returns how many crops it shows.

    As many real crops as generated ones at each place, each from another CT as far as there are; at most COUNT of a
    kind. seed: of the order.
    """
    rng = np.random.default_rng(seed)
    chosen = chosen_pairs(real, generated, rng)
    tiles = [(place, kind, name, crop) for place, pair in chosen for kind, (name, crop) in enumerate(pair)]
    tiles = [tiles[index] for index in rng.permutation(len(tiles))]
    if tiles:
        _draw([shade(place, crop) for place, _, _, crop in tiles], sheet)
    told = [
        {"number": number, "kind": ("real", "generated")[kind], "case": name, "place": place}
        for number, (place, kind, name, _) in enumerate(tiles, start=1)
    ]
    write_json({"crops": told}, key)
    return len(tiles)


Tile = tuple[str, NDArray[np.int16]]


def chosen_pairs(
    real: Sequence[Crops], generated: Sequence[Crops], rng: np.random.Generator
) -> list[tuple[str, tuple[Tile, Tile]]]:
    """Pairs of a real and a generated crop of one place, place by place in turn until there are COUNT."""
    queues = {}
    for place in PLACES:
        kinds = [_in_turn([one for one in crops if place in one.by_place], place, rng) for crops in (real, generated)]
        pairs = list(zip(*kinds, strict=False))
        if pairs:
            queues[place] = pairs
    found: list[tuple[str, tuple[Tile, Tile]]] = []
    while queues and len(found) < COUNT:
        for place in list(queues):
            if len(found) < COUNT:
                mine, its = queues[place].pop(0)
                found.append((place, (mine, its)))
            if not queues[place]:
                del queues[place]
    return found


def _in_turn(crops: Sequence[Crops], place: str, rng: np.random.Generator) -> list[Tile]:
    """The first crop of each CT in random order, then the second of each."""
    order = [crops[index] for index in rng.permutation(len(crops))]
    most = max((len(one.by_place[place]) for one in order), default=0)
    return [(one.name, one.by_place[place][n][0]) for n in range(most) for one in order if n < len(one.by_place[place])]


def shade(place: str, hu: NDArray[np.int16]) -> NDArray[np.float32]:
    """HU [y, x] as 0 to 1 in the window of the place."""
    low, high = LUNG if "lobes" in place else SOFT
    return np.clip((hu.astype(np.float32) - low) / (high - low), 0, 1)


def _draw(tiles: Sequence[NDArray[np.float32]], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(tiles) // COLUMNS)
    figure = Figure(figsize=(2 * COLUMNS, 2 * rows), dpi=110, facecolor="black")
    FigureCanvasAgg(figure)
    for number, tile in enumerate(tiles, start=1):
        axes = figure.add_axes(
            (
                ((number - 1) % COLUMNS + 0.01) / COLUMNS,
                1 - ((number - 1) // COLUMNS + 0.99) / rows,
                0.98 / COLUMNS,
                0.98 / rows,
            )
        )
        axes.set_axis_off()
        axes.imshow(tile, cmap="gray", vmin=0, vmax=1, interpolation="bicubic")
        axes.text(2, 2, str(number), color="yellow", size=10, va="top")
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "partly SYNTHETIC"})
