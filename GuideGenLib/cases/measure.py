"""The findings that an anatomy holds, measured in it: whatever was drawn or painted since, its voxels tell."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label import Label
from GuideGenLib.anatomy.table import by_group, label, values
from GuideGenLib.findings.reading import recipe_of_label

Point = tuple[float, float, float]
"""LPS, mm."""
Points = NDArray[np.float64]
"""[n, 3], LPS mm."""

LEAST_VOXELS = 4
"""A piece of fewer voxels is no finding of its own, unless there is no larger one of its label."""
MANY = 400
"""More points than this are thinned to their convex hull before all their distances are taken."""


@dataclass(frozen=True)
class MeasuredFinding:
    """One finding: key of its label; side of the body, where its label has two; longest diameter in mm between `ends`,
    one voxel counted in full as `mask.findings.shapes.longest_extent` counts it; volume in ml."""

    key: str
    side: str | None
    mm: float
    ml: float
    ends: tuple[Point, Point]

    @property
    def name(self) -> str:
        """For people: "left kidney tumor"."""
        return f"{self.side} {label(self.key).name}" if self.side else label(self.key).name

    @property
    def fills(self) -> bool:
        """Whether it fills a space, so that its volume tells more than its diameter."""
        return is_fluid(self.key)

    @property
    def size(self) -> str:
        """With its unit: "40 mm", of what fills a space "300 ml"."""
        return f"{self.ml:.0f} ml" if self.fills else f"{self.mm:.0f} mm"


def is_fluid(key: str) -> bool:
    """Whether a label is of what fills a space."""
    recipe = recipe_of_label(key)
    return recipe is not None and recipe.mechanism == "fluid"


def finding_labels() -> tuple[Label, ...]:
    """The labels of lesions and findings, lesions first."""
    return (*by_group()["lesions"], *by_group()["findings"])


def measure(anatomy: sitk.Image) -> tuple[MeasuredFinding, ...]:
    """The findings of an anatomy (uint8 labels): lesions first, the largest of a kind first."""
    from scipy import ndimage  # Slicer's Python has none before Setup, and the module knows the list of cases then

    labels = sitk.GetArrayViewFromImage(anatomy)
    boxes = ndimage.find_objects(labels)
    found = []
    for row in finding_labels():
        box = boxes[row.value - 1] if row.value <= len(boxes) else None
        if box is not None:
            found += _of_label(anatomy, labels, row, box)
    order = {row.key: number for number, row in enumerate(by_group()["lesions"])}
    return tuple(sorted(found, key=lambda one: (one.key not in order, -one.ml)))


def voxel_points(anatomy: sitk.Image, key: str) -> Points:
    """The middles of all voxels of a label."""
    return to_lps(anatomy, np.argwhere(sitk.GetArrayViewFromImage(anatomy) == values()[key]))


def to_lps(image: sitk.Image, indices: NDArray[np.intp]) -> Points:
    """Voxels [n, 3] (z, y, x) of an image as places."""
    axes = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return np.asarray(indices[:, ::-1] @ axes.T + np.array(image.GetOrigin()), np.float64)


def pieces(points: Points, spacing: Sequence[float]) -> list[Points]:
    """Points of voxels, grouped by those that lie next to each other."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return [points]
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = cKDTree(points).query_pairs(float(np.linalg.norm(spacing)) * 1.01, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    count, which = connected_components(graph, directed=False)
    return [points[which == number] for number in range(count)]


def longest_line(points: Points) -> tuple[Point, Point]:
    """The two points that are farthest apart; of one point, it twice."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist, squareform

    if len(points) > MANY:
        with suppress(QhullError):  # flat sets have no hull
            points = points[ConvexHull(points).vertices]
    if len(points) > 8 * MANY:
        points = points[:: len(points) // (8 * MANY) + 1]
    if len(points) < 2:
        return _point(points[0]), _point(points[0])
    first, second = np.unravel_index(squareform(pdist(points)).argmax(), (len(points),) * 2)
    return _point(points[first]), _point(points[second])


# ---------------------------------------------------------------- inside


def _of_label(
    anatomy: sitk.Image, labels: NDArray[np.uint8], row: Label, box: tuple[slice, ...]
) -> list[MeasuredFinding]:
    from scipy import ndimage

    from GuideGenLib.core.components import TOUCHING

    mask = labels[box] == row.value
    if is_fluid(row.key):  # of all that fills a space on one side
        parts, count = mask.astype(np.int32), 1
    else:
        parts, count = ndimage.label(mask, TOUCHING)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    least = min(LEAST_VOXELS, int(sizes.max()))
    start = [side.start for side in box]
    voxel_ml = float(np.prod(anatomy.GetSpacing())) / 1000
    step = float(np.prod(anatomy.GetSpacing())) ** (1 / 3)
    found = []
    for number in np.flatnonzero(sizes >= least) + 1:
        points = to_lps(anatomy, np.argwhere(parts == number) + start)
        ends = longest_line(points)
        mm = float(np.linalg.norm(np.subtract(*ends))) + step
        side = _side(anatomy, labels, row, points.mean(axis=0))
        found.append(MeasuredFinding(row.key, side, mm, len(points) * voxel_ml, ends))
    return found


def _side(anatomy: sitk.Image, labels: NDArray[np.uint8], row: Label, middle: NDArray[np.float64]) -> str | None:
    """The patient's side that a finding lies on; None for a label that has no sides."""
    recipe = recipe_of_label(row.key)
    paired = any(label(key).side for key in row.part_of)
    if not paired and not (recipe is not None and recipe.sided):
        return None
    body = labels.any(axis=(0, 1)) if _along_x(anatomy) else None
    if body is None:
        return None
    columns = np.flatnonzero(body)
    ends = to_lps(
        anatomy, np.array([[labels.shape[0] // 2, labels.shape[1] // 2, x] for x in (columns[0], columns[-1])])
    )
    return "left" if middle[0] > ends[:, 0].mean() else "right"  # x of LPS grows to the patient's left


def _along_x(anatomy: sitk.Image) -> bool:
    """Whether the first axis of an image runs from side to side."""
    return int(np.abs(np.array(anatomy.GetDirection()).reshape(3, 3)[0]).argmax()) == 0


def _point(values_mm: NDArray[np.float64]) -> Point:
    x, y, z = (float(value) for value in values_mm)
    return (x, y, z)
