"""Vessels of lungs and liver that are thinner than labels can show, rendered by the share of each voxel that they fill.

They are grown by rule from where great vessels touch the organ, in the lungs through the vessels that are labelled, and
mixed into the HU that the networks made. An edit far away leaves them where they are: what they have to reach hangs on
the volume and not on its labels, and a tumour within an organ lets them grow as they would without it.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.lesion_looks import as_lung
from GuideGenLib.vessels.drawing import filled_shares, lay
from GuideGenLib.vessels.growth import Points, Tree, grow
from GuideGenLib.vessels.places import LUNG_FEEDERS, Box, box_of, depth_of, gate, scattered, shared, sided_lungs, within

LUNG_CELL_MM, LUNG_TIP_MM = 11.0, 0.52
"""An artery and a vein come to a point in each cube of CELL_MM; radius of their last branches. The artery of a lobule
of 10 to 25 mm is 1 mm wide, and as many veins leave it (Webb, Radiology 2006;239:322)."""
LIVER_CELL_MM, LIVER_TIP_MM = 16.0, 1.1
"""By eye, beside a scan in the portal venous phase: its vessels are lost in the liver where they are some 2 mm wide."""
PLEURA_MM, CAPSULE_MM = 4.0, 5.0
"""Depth below the surface to which vessels are seen; the artery of a lobule ends 5 to 10 mm from the pleura (Webb), and
the last of what comes that near is too thin to be seen."""
THICKEST_MM = 6.0
"""Radius: the artery of a lung is some 16 mm wide between its lobes."""
LUNG_POWER = 2.7
"""Of radii that add up where they branch: there are 3.36 times as many arteries of each order as of the next, which are
1.56 times as wide (Huang, J Appl Physiol 1996;81:2123)."""
ROOTS_MM = (12.0, 0.0)
"""So far above the gate of the lung artery and vein enter it."""
LABELLED_CELL_MM = 6.0
"""Both run through a point of the labelled vessels in each cube of this size."""
UPPER_MM = 45.0
"""Liver veins enter the vena cava so far below the dome at most."""
TRUNK_BLUR, LUNG_BLUR, LIVER_BLUR = 0.7, 0.58, 0.6
"""Standard deviations in voxels of the blur of labelled vessels, and of finer ones in lungs, where kernels are sharp,
and in the liver. At .5 two thirds of the finest branches of the lungs added less to a voxel than one sees."""
BLOOD = {"lungs": "pulmonary_vein", "liver": "portal_splenic_vein"}
"""Whose HU the vessels have."""

HANG_ON = {
    "lungs": (*LUNGS, "lung_vessel", *LUNG_FEEDERS),
    "liver": ("liver", "portal_splenic_vein", "inferior_vena_cava"),
}
"""All labels by which vessels are grown."""

Drawing = Callable[[NDArray[np.uint8], float, int], Iterator[tuple[Box, NDArray[np.float32]]]]
Shares = dict[str, NDArray[np.float32]]
"""Filled share of each voxel [z, y, x], by the organ as in BLOOD."""


def vessel_shares(labels: NDArray[np.uint8], spacing: float, seed: int) -> Shares:
    """What vessels fill of the voxels of labels [z, y, x] of isotropic spacing in mm."""
    found = {name: np.zeros(labels.shape, np.float32) for name in BLOOD}
    for box, share in _lungs(labels, spacing, seed):
        np.maximum(found["lungs"][box], share, out=found["lungs"][box])
    for box, share in _liver(labels, spacing, seed):
        np.maximum(found["liver"][box], share, out=found["liver"][box])
    return found


def with_vessels(hu: NDArray[np.float32], canvas: Canvas) -> NDArray[np.float32]:
    """HU [z, y, x] of the canvas's window with vessels; they run through ground glass as through lung."""
    labels = as_lung(canvas)
    for name, draw in (("lungs", _lungs), ("liver", _liver)):
        level = canvas.table[values()[BLOOD[name]]]
        for box, share in _vessels(labels, canvas, name, draw):
            if places := shared(box, canvas.window, canvas.labels.shape):
                inner, part = places
                lay(hu[part], share[inner], level)
    return hu


def vessels_ahead(canvas: Canvas) -> None:
    """Draw those that hang on labels alone, for `with_vessels`."""
    labels = as_lung(canvas)
    if labels is canvas.labels:
        _vessels(labels, canvas, "lungs", _lungs)
        _vessels(labels, canvas, "liver", _liver)


def _vessels(
    labels: NDArray[np.uint8], canvas: Canvas, name: str, draw: Drawing
) -> list[tuple[Box, NDArray[np.float32]]]:
    """Of vessels of the lungs or the liver the boxes in which they lie, and what they fill there."""

    def drawn() -> list[tuple[Box, NDArray[np.float32]]]:
        return _joined(draw(labels, canvas.spacing, canvas.seed))

    known = labels is canvas.labels  # else they hang on lesions and findings, too
    return canvas.kept.get(("vessels", name), HANG_ON[name], drawn) if known else drawn()


def _joined(parts: Iterable[tuple[Box, NDArray[np.float32]]]) -> list[tuple[Box, NDArray[np.float32]]]:
    """The same with one share for each box: the largest."""
    found: list[tuple[Box, NDArray[np.float32]]] = []
    for box, share in parts:
        if found and found[-1][0] == box:
            np.maximum(found[-1][1], share, out=found[-1][1])
        else:
            found.append((box, share))
    return found


def _lungs(labels: NDArray[np.uint8], spacing: float, seed: int) -> Iterator[tuple[Box, NDArray[np.float32]]]:
    tips = [scattered(labels.shape, spacing, LUNG_CELL_MM, (seed, number)) for number in (2, 5)]
    on_labelled = scattered(labels.shape, spacing, LABELLED_CELL_MM, (seed, 6))
    for _, filled, box in sided_lungs(labels):
        shown = filled > 0
        if not shown.any():
            continue
        lung = ndimage.binary_fill_holes(shown)
        labelled = shown & (labels[box] == values()["lung_vessel"])
        trunk = ndimage.gaussian_filter(labelled.astype(np.float32), TRUNK_BLUR)
        yield box, trunk * shown
        wanted = (depth_of(lung, spacing) > PLEURA_MM) & ~labelled
        along = within(on_labelled, labelled, box, spacing)
        for above, points in zip(ROOTS_MM, tips, strict=True):
            root = gate(labels, lung, box, LUNG_FEEDERS, spacing, above)
            root = root if len(root) else along
            tree = grow(root, np.concatenate([along, within(points, wanted, box, spacing)]), LUNG_TIP_MM, LUNG_POWER)
            fine = ndimage.gaussian_filter(filled_shares(_fine(tree), lung.shape, spacing), LUNG_BLUR)
            yield box, fine * shown


def _liver(labels: NDArray[np.uint8], spacing: float, seed: int) -> Iterator[tuple[Box, NDArray[np.float32]]]:
    everywhere = labels == values()["liver"]
    if not everywhere.any():
        return
    box = box_of(everywhere)
    liver = ndimage.binary_fill_holes(everywhere[box])
    deep = depth_of(liver, spacing) > CAPSULE_MM
    upper = labels.copy()
    upper[: max(0, box[0].stop - round(UPPER_MM / spacing))] = 0
    gates: tuple[Points, ...] = (
        gate(labels, liver, box, ("portal_splenic_vein",), spacing),
        gate(upper, liver, box, ("inferior_vena_cava",), spacing),
    )
    for kind, start in enumerate(gates):
        wanted = scattered(labels.shape, spacing, LIVER_CELL_MM, (seed, 3 + kind))
        tree = grow(start, within(wanted, deep, box, spacing), LIVER_TIP_MM)
        yield box, ndimage.gaussian_filter(filled_shares(tree, liver.shape, spacing), LIVER_BLUR) * everywhere[box]


def _fine(tree: Tree) -> Tree:
    """With no branch thicker than those that labels show."""
    return Tree(tree.points, tree.parents, np.minimum(tree.radii, np.float32(THICKEST_MM)))
