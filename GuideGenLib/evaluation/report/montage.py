"""All anatomies of an evaluation on one sheet: each a coronal and an axial slice through its tumour or its liver."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.structures import select
from GuideGenLib.core.components import largest_component
from GuideGenLib.core.files import atomic

GAP = 4


def tile(labels: np.ndarray, stacked: bool = False) -> np.ndarray:
    """Label values uint8 [h, w]: a coronal (head up) and an axial slice (front up) of [z, y, x], patient-left right.

    They lie beside each other, `stacked`: the axial one below.
    """
    z, y, _ = centre_of(labels)
    coronal, axial = labels[::-1, y], labels[z]
    if stacked:
        return np.concatenate([np.pad(coronal, ((0, GAP), (0, 0))), axial])
    height = max(len(coronal), len(axial))
    padded = [np.pad(part, ((0, height - len(part)), (0, GAP))) for part in (coronal, axial)]
    return np.concatenate(padded, axis=1)


def write_montage(
    tiles: Sequence[np.ndarray], names: Sequence[str], path: Path, columns: int = 10, zoom: int = 1
) -> None:
    """Write the tiles (`tile`) in rows, each with its name, as PNG, atomically; zoom: pixels a voxel. Raises
    VolumeError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(tiles))
    height, width = (max(one.shape[axis] for one in tiles) + GAP for axis in (0, 1))
    rows = -(-len(tiles) // columns)
    sheet = np.zeros((rows * height, columns * width), np.uint8)
    corners = [(index // columns * height, index % columns * width) for index in range(len(tiles))]
    for one, (top, left) in zip(tiles, corners, strict=True):
        sheet[top : top + one.shape[0], left : left + one.shape[1]] = one
    figure = Figure(figsize=(zoom * sheet.shape[1] / 100, zoom * sheet.shape[0] / 100), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(table.colors()[sheet], interpolation="nearest", aspect="auto")
    for name, (top, left) in zip(names, corners, strict=True):
        if not name:
            continue
        mark = axes.text(left + 4, top + 4, name, color="white", size=7, va="top", parse_math=False)
        mark.set_bbox({"facecolor": "black", "edgecolor": "none", "pad": 1})
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "SYNTHETIC"})


def centre_of(labels: np.ndarray) -> tuple[int, int, int]:
    """Voxel through which the slices go: the middle of the largest tumour, else of the liver, else of the body."""
    tumours = select(labels, (row.key for row in table.by_group()["lesions"]))
    shown = largest_component(tumours) if tumours.any() else select(labels, ["liver"])
    if not shown.any():
        shown = labels > 0
    z, y, x = np.argwhere(shown).mean(axis=0).round().astype(int) if shown.any() else np.array(labels.shape) // 2
    return int(z), int(y), int(x)
