"""The same case made by all systems, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy import table
from GuideGenLib.core.files import atomic
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.montage import centre_of

STEP, WINDOW, GAP, ZOOM = 3.0, (-160.0, 240.0), 4, 2


def write_row(anatomy: GeneratedCase, made: Sequence[tuple[str, GeneratedCase]], path: Path) -> None:
    """PNG: the anatomy, then each system's CT, all at 3 mm: a coronal slice above an axial one, through the tumour of
    the anatomy or its liver, at the same part of each volume's sides. Raises VolumeError."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = anatomy.labels(STEP)[0]
    share = tuple((at + 0.5) / n for at, n in zip(centre_of(labels), labels.shape, strict=True))
    tiles = [_tile(table.colors()[labels], share)] + [_tile(_grey(case.hu(STEP)[0]), share) for _, case in made]
    names = ["anatomy", *(name for name, _ in made)]
    height, width = (max(one.shape[axis] for one in tiles) + GAP for axis in (0, 1))
    sheet = np.zeros((height, len(tiles) * width, 3), np.uint8)
    for n, one in enumerate(tiles):
        sheet[: one.shape[0], n * width : n * width + one.shape[1]] = one
    figure = Figure(figsize=(ZOOM * sheet.shape[1] / 100, ZOOM * sheet.shape[0] / 100), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(sheet, interpolation="nearest", aspect="auto")
    for n, name in enumerate(names):
        mark = axes.text(n * width + 4, 4, name, color="white", size=10, va="top", parse_math=False)
        mark.set_bbox({"facecolor": "black", "edgecolor": "none", "pad": 1})
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "SYNTHETIC"})


def _grey(hu: np.ndarray) -> np.ndarray:
    low, high = WINDOW
    return (np.clip((hu - low) / (high - low), 0, 1) * 255).astype(np.uint8)[..., None].repeat(3, axis=-1)


def _tile(volume: np.ndarray, share: tuple[float, ...]) -> np.ndarray:
    """RGB [h, w, 3] of [z, y, x, 3]: the coronal slice, head up, above the axial one."""
    z, y, _ = (min(n - 1, int(part * n)) for part, n in zip(share, volume.shape[:3], strict=True))
    return np.concatenate([np.pad(volume[::-1, y], ((0, GAP), (0, 0), (0, 0))), volume[z]])
