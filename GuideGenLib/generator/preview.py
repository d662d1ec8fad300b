"""One picture of a case: axial slices at landmarks, a coronal and a sagittal one, as CT and with the anatomy over it.

Radiological display: the patient's left is on the right of the picture; in a sagittal plane anterior is on the left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.label_volumes import check_anatomy
from GuideGenLib.core.components import largest_component
from GuideGenLib.core.files import atomic
from GuideGenLib.core.volumes import check_ct, check_volume, image_from_array, to_canonical

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from GuideGenLib.mask.findings.lesions import LesionRecord

WIDTH_PX = 1600
TALLEST_PX = 640
GAP_PX = 8
TITLE_PX = 22
FINEST_MM = 2.0
WINDOWS = {"soft tissue": (40, 400), "lung": (-500, 1500)}
"""Centre and width in HU."""
LEVELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("lungs", "lung", ("lung_upper_lobe_left", "lung_upper_lobe_right")),
    ("heart", "soft tissue", ("heart",)),
    ("liver", "soft tissue", ("liver",)),
    ("kidneys", "soft tissue", ("kidney_left", "kidney_right")),
    ("pelvis", "soft tissue", ("hip_left", "hip_right", "urinary_bladder")),
)
"""Title, window and the structures whose largest slice is shown, from top to bottom."""
BACKGROUND, INK, ACCENT = "#101114", "#e6e6e6", "#ffb000"


@dataclass(frozen=True)
class Picture:
    """One picture: rows [r, c] of HU or None, labels, HU window, and letters at its left and right side."""

    title: str
    hu: np.ndarray | None
    labels: np.ndarray
    window: str
    letters: tuple[str, str]
    coloured: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in voxels, which are isotropic and the same for all panels."""
        height, width = self.labels.shape
        return width, height


def write_preview(
    anatomy: sitk.Image,
    ct: sitk.Image | None,
    path: str | Path,
    lesions: "Sequence[LesionRecord]" = (),
    caption: str = "",
) -> None:
    """Write the picture as PNG, 1600 pixels wide, atomically; marked as synthetic. Raises VolumeError.

    anatomy: any geometry, values of the anatomy table. ct: HU on any grid of the same patient space, or None for the
    anatomy alone. lesions: their sizes go into the title of the tumour's slice. caption: a line under the heading.
    """
    labels, hu = _volumes(anatomy, ct)
    path = Path(path)
    figure = _draw(_rows(labels, hu, lesions), caption)
    with atomic(path) as private:
        figure.savefig(private, format="png", facecolor=BACKGROUND, metadata={"Title": "SYNTHETIC"})


def _volumes(anatomy: sitk.Image, ct: sitk.Image | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels and HU [z, y, x] on one canonical grid, cut to the body."""
    spacing = max(FINEST_MM, min(anatomy.GetSpacing()) / 2)
    labels, frame = to_canonical(check_anatomy(anatomy), spacing, labels=True, smooth=True)
    hu = None
    if ct is not None:
        resample = sitk.ResampleImageFilter()
        resample.SetReferenceImage(image_from_array(labels, frame.spacing, frame.origin, frame.direction, labels=True))
        resample.SetDefaultPixelValue(-1000)
        hu = sitk.GetArrayFromImage(resample.Execute(check_ct(check_volume(ct))))
    inside = np.argwhere(labels) if labels.any() else np.argwhere(labels == 0)
    low, high = np.maximum(inside.min(axis=0) - 3, 0), inside.max(axis=0) + 4
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return labels[box], None if hu is None else hu[box]


def _rows(labels: np.ndarray, hu: np.ndarray | None, lesions: "Sequence[LesionRecord]") -> list[list[Picture]]:
    """The panels of the picture, row by row."""
    tumour = _tumour(labels)
    levels = _levels(labels)
    if tumour is not None:
        title = _sizes(lesions)
        window = "lung" if "lung" in title else "soft tissue"
        levels.append((title, window, tumour[0]))
    centre = tumour or _centre(labels)

    def axial(coloured: bool) -> list[Picture]:
        return [
            Picture(title, None if hu is None else hu[z], labels[z], window, ("R", "L"), coloured)
            for title, window, z in levels
        ]

    def upright(coloured: bool) -> list[Picture]:
        coronal, sagittal = (slice(None, None, -1), centre[1]), (slice(None, None, -1), slice(None), centre[2])
        soft = "soft tissue"
        return [
            Picture("coronal", None if hu is None else hu[coronal], labels[coronal], soft, ("R", "L"), coloured),
            Picture("sagittal", None if hu is None else hu[sagittal], labels[sagittal], soft, ("A", "P"), coloured),
        ]

    if hu is None:
        return [axial(True), upright(True)]
    plain, coloured = upright(False), upright(True)
    return [axial(False), axial(True), [plain[0], coloured[0], plain[1], coloured[1]]]


def _levels(labels: np.ndarray) -> list[tuple[str, str, int]]:
    """Title, window and slice of each landmark that is in the volume; the middle slice where there is none."""
    value = table.values()
    found = []
    for title, window, keys in LEVELS:
        areas = [(labels == value[key]).sum(axis=(1, 2)) for key in keys]
        areas = [area for area in areas if area.any()]
        if areas:  # where all of them are large together: each counts by its share of its own largest slice
            found.append((title, window, int(np.argmax(sum(area / area.max() for area in areas)))))
    return found or [("middle", "soft tissue", len(labels) // 2)]


def _tumour(labels: np.ndarray) -> tuple[int, int, int] | None:
    """Centre (z, y, x) of the largest lesion, on its largest slice; None where there is none."""
    lesion = np.isin(labels, [label.value for label in table.by_group()["lesions"]])
    if not lesion.any():
        return None
    largest = largest_component(lesion, faces=True)
    z = int(np.argmax(largest.sum(axis=(1, 2))))
    y, x = np.argwhere(largest[z]).mean(axis=0).round().astype(int)
    return z, int(y), int(x)


def _centre(labels: np.ndarray) -> tuple[int, int, int]:
    """Middle (z, y, x) of the organs, or of the volume."""
    organs = [label.value for group in ("lungs", "heart", "organs", "digestive") for label in table.by_group()[group]]
    where = np.argwhere(np.isin(labels, organs))
    z, y, x = np.median(where, axis=0).astype(int) if len(where) else np.array(labels.shape) // 2
    return int(z), int(y), int(x)


def _sizes(lesions: "Sequence[LesionRecord]") -> str:
    """Title of the tumour's slice."""
    if not lesions:
        return "tumor"
    largest = max(lesions, key=lambda lesion: lesion.volume_ml)
    return f"{largest.organ} tumor, {largest.measured_mm:.0f} mm"


def _draw(rows: list[list[Picture]], caption: str) -> "Figure":
    """The figure; each row at one scale, as large as the width allows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    heading = 64 if caption else 40
    scales = []
    for row in rows:
        free = WIDTH_PX - GAP_PX * (len(row) + 1)
        wide, high = sum(panel.size[0] for panel in row), max(panel.size[1] for panel in row)
        scales.append(min(free / wide, TALLEST_PX / high))
    heights = [max(panel.size[1] for panel in row) * scale + TITLE_PX for row, scale in zip(rows, scales, strict=True)]
    total = heading + sum(heights) + GAP_PX * len(rows)
    figure = Figure(figsize=(WIDTH_PX / 100, total / 100), dpi=100)
    FigureCanvasAgg(figure)
    for x, text, colour, size in (
        (GAP_PX, "SYNTHETIC", ACCENT, 15),
        (160, "made by GuideGen, not a scan of a patient", INK, 10),
    ):
        figure.text(x / WIDTH_PX, 1 - 20 / total, text, color=colour, size=size, weight="bold", va="center")
    if caption:
        shown = caption if len(caption) <= 230 else caption[:227] + "..."
        figure.text(GAP_PX / WIDTH_PX, 1 - 40 / total, shown, color=INK, size=9, va="top", parse_math=False)
    top: float = heading
    for row, scale, height in zip(rows, scales, heights, strict=True):
        used = sum(panel.size[0] for panel in row) * scale + GAP_PX * (len(row) - 1)
        left = (WIDTH_PX - used) / 2
        for panel in row:
            width, length = (side * scale for side in panel.size)
            bottom = total - top - TITLE_PX - length
            _panel(figure, panel, (left / WIDTH_PX, bottom / total, width / WIDTH_PX, length / total))
            left += width + GAP_PX
        top += height + GAP_PX
    return figure


def _panel(figure: "Figure", panel: Picture, place: tuple[float, float, float, float]) -> None:
    """One panel at (left, bottom, width, height) in parts of the figure."""
    from matplotlib.patheffects import withStroke

    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.imshow(_pixels(panel), aspect="auto", interpolation="bilinear" if panel.hu is not None else "nearest")
    title = panel.title if panel.coloured or panel.window == "soft tissue" else f"{panel.title} ({panel.window} window)"
    axes.set_title(title, color=INK, size=9, pad=4, parse_math=False)
    left, right = panel.letters
    for x, y, text, colour, size, side in (
        (0.02, 0.5, left, INK, 9.0, "left"),
        (0.98, 0.5, right, INK, 9.0, "right"),
        (0.98, 0.03, "SYNTHETIC", ACCENT, 6.5, "right"),
    ):
        mark = axes.text(x, y, text, color=colour, size=size, transform=axes.transAxes, ha=side, va="center")
        mark.set_path_effects([withStroke(linewidth=2, foreground=BACKGROUND)])  # readable on bone and on air


def _pixels(panel: Picture) -> np.ndarray:
    """RGB 0..1 [r, c, 3]: the windowed CT, with the labels' colours over it where the panel is coloured."""
    colours = table.colors()[panel.labels] / 255.0
    if panel.hu is None:
        return colours
    centre, width = WINDOWS["soft tissue" if panel.coloured else panel.window]
    grey = np.repeat(np.clip((panel.hu - centre) / width + 0.5, 0, 1)[..., None], 3, axis=-1)
    if not panel.coloured:
        return grey
    opacity = np.full(len(table.labels()), 0.45)
    opacity[table.values()["background"]] = 0.0
    for label in table.by_group()["tissue"]:
        opacity[label.value] = 0.2
    for label in table.by_group()["lesions"]:
        opacity[label.value] = 0.8
    share = opacity[panel.labels][..., None]
    return grey * (1 - share) + colours * share
