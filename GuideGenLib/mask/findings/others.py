"""Findings that are drawn by their recipes (Resources/findings), after tumours: masses, then what fills spaces."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.model import Finding
from GuideGenLib.description.nodes import implied_nodes
from GuideGenLib.findings.reading import recipes
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.fluid import fill, painted, space_of, squeezed_beside
from GuideGenLib.mask.findings.lesions import LesionRecord
from GuideGenLib.mask.findings.masses import around, grow_mass, home_of
from GuideGenLib.mask.findings.shaped import SHAPES
from GuideGenLib.mask.findings.shapes import Spacing, longest_extent
from GuideGenLib.mask.findings.sites import LesionError
from GuideGenLib.mask.findings.tube import slices_of, widen, widest

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Drawn = tuple[Labels, list[LesionRecord]]

NEAR_MM = 25.0
"""About an organ whose shape is changed: nothing farther away takes part."""
SHORT = 0.85
"""Of what was asked: less is said to be all that there is room for."""


def draw_others(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], rng: np.random.Generator, kept: Mask | None = None
) -> Drawn:
    """A copy of labels uint8 [z, y, x] (canonical frame, isotropic spacing in mm) with the findings that have a recipe
    with a label and the lymph nodes that N stages mean, and what was drawn.

    What stands in the volume of findings and tumours, and the voxels of `kept`, stay as they are. The same state of the
    generator gives the same volume. Raises LesionError where the organ or its side is not in the volume.
    """
    labels = labels.copy()
    records: list[LesionRecord] = []
    order = sorted(enumerate(findings), key=lambda pair: _turn(pair[1]))
    for index, finding in order:
        recipe = finding.recipe
        if recipe is None or recipe.label is None or not finding.there:
            continue
        labels, more = DRAW[recipe.mechanism](labels, spacing, finding, recipe, index, rng, kept)
        records += more
    own = rng.spawn(1)[0]  # an N stage changes nothing else
    for index, finding in enumerate(findings):
        for node in implied_nodes(finding, findings):
            assert node.recipe is not None
            with suppress(LesionError):  # a station that the region does not show, or without room
                labels, more = _draw_masses(labels, spacing, node, node.recipe, index, own, kept)
                records += more
    return labels, records


def _turn(finding: Finding) -> int:
    """What comes first: fluids take what room is left, spurs grow on vertebrae as they then are, and loops of small
    bowel lie where a wide colon leaves room."""
    recipe = finding.recipe
    if recipe is None:
        return 0
    return 2 if recipe.mechanism == "fluid" else int(recipe.options.get("shape") in ("spurs", "wide_loops"))


def standing(labels: Labels, kept: Mask | None) -> Mask:
    """Where nothing is drawn any more."""
    table = np.zeros(256, bool)
    table[[value for key, value in values().items() if key.endswith("_tumor")]] = True
    table[[values()[one.label["key"]] for one in recipes() if one.label is not None]] = True
    return table[labels] if kept is None else table[labels] | kept


def wanted_size(finding: Finding, recipe: Recipe, rng: np.random.Generator) -> float:
    """In the unit of the recipe: what the text says, else drawn from the range of its word."""
    assert recipe.sizes is not None
    told = {"ml": finding.volume_ml, "mm": finding.size_mm}.get(recipe.sizes.unit)
    low, high = recipe.sizes.range_of(finding.size_word)
    drawn = float(rng.uniform(low, high))
    return drawn if told is None else min(max(told, recipe.sizes.limits[0]), recipe.sizes.limits[1])


def _sides(finding: Finding, recipe: Recipe, rng: np.random.Generator) -> list[str | None]:
    if not recipe.sided:
        return [None]
    if finding.side is not None:
        return [finding.side]
    return ["left", "right"] if finding.count > 1 else [str(rng.choice(["left", "right"]))]


def _draw_fluid(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, index: int, rng: np.random.Generator,
    kept: Mask | None,
) -> Drawn:  # fmt: skip
    assert recipe.label is not None and recipe.sizes is not None
    records = []
    for side in _sides(finding, recipe, rng):
        size = wanted_size(finding, recipe, rng)
        space = space_of(labels, spacing[0], recipe.options, side, finding.site, rng)
        if not space.room.any():
            raise LesionError(f"the region does not show where a {recipe.name} lies", "choose one that does")
        taken = fill(space, size, recipe.sizes.unit, spacing[0], rng, standing(labels, kept))
        if not taken.any():
            raise LesionError(f"there is no room for a {recipe.name}", "leave it out, or take another seed")
        squeezed = recipe.options.get("squeezed")
        if squeezed in values():
            around = squeezed_beside(labels, taken, spacing[0]) & ~standing(labels, kept)
            labels = painted(labels, around, squeezed)
        labels = painted(labels, taken, recipe.label["key"])
        records.append(_record(taken, recipe, finding, index, side, size, spacing))
    return labels, records


def _draw_masses(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, index: int, rng: np.random.Generator,
    kept: Mask | None,
) -> Drawn:  # fmt: skip
    assert recipe.label is not None
    records: list[LesionRecord] = []
    count = recipe.count_of(finding.kind, finding.count)
    homes: dict[str | None, Mask] = {}
    for number in range(count):
        side = _sides(replace(finding, count=1), recipe, rng)[0]
        if side not in homes:
            homes[side] = home_of(labels, recipe.options, side, finding.site, spacing)
        home = homes[side]
        if not home.any():
            name = f"{side} side of the " if side else ""
            raise LesionError(f"the region does not show the {name}place of a {recipe.name}", "choose one that does")
        size = wanted_size(finding, recipe, rng)
        blocked = ndimage.binary_dilation(standing(labels, kept), TOUCHING)
        growth = grow_mass(labels, spacing, recipe.label["key"], recipe.options, home, size, blocked, rng)
        if growth is None and number == 0:
            raise LesionError(f"there is no room for a {recipe.name}", "ask for a smaller one, or another place")
        if growth is None:
            records[-1] = replace(records[-1], note=f"room for {number} of {count} only")
            break
        whole = labels.copy()
        whole[growth.box] = growth.labels
        taken = np.zeros(labels.shape, bool)
        taken[growth.box] = growth.voxels
        labels = whole if kept is None else np.where(kept, labels, whole)
        records.append(_record(taken, recipe, finding, index, side, size, spacing, growth.extent))
    return labels, records


def _draw_tube(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, index: int, rng: np.random.Generator,
    kept: Mask | None,
) -> Drawn:  # fmt: skip
    assert recipe.label is not None
    size = wanted_size(finding, recipe, rng)
    slices = slices_of(labels, recipe.options, spacing)
    if len(slices.z) < 2:
        raise LesionError(f"the region does not show the place of a {recipe.name}", "choose one that does")
    labels, taken = widen(
        labels, spacing, recipe.label["key"], recipe.options, slices, size, standing(labels, kept), rng
    )
    if not taken.any():
        raise LesionError(f"the vessel is wider than {size:.0f} mm already", "ask for a larger one")
    return labels, [_record(taken, recipe, finding, index, None, size, spacing, widest(taken, spacing))]


def _draw_shape(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, index: int, rng: np.random.Generator,
    kept: Mask | None,
) -> Drawn:  # fmt: skip
    size, records = wanted_size(finding, recipe, rng), []
    for side in _sides(finding, recipe, rng):
        labels, pieces = shaped(labels, spacing, replace(finding, side=side), recipe, size, rng, kept)
        records += [_record(taken, recipe, finding, index, side, size, spacing, got=got) for taken, got in pieces]
    return labels, records


def shaped(
    labels: Labels, spacing: Spacing, finding: Finding, recipe: Recipe, size: float, rng: np.random.Generator,
    kept: Mask | None = None,
) -> tuple[Labels, list[tuple[Mask, float]]]:  # fmt: skip
    """A copy of labels with a finding that changes the shape of an organ, and its pieces with their size, both in the
    unit of the recipe. Raises LesionError where the organ is not in the volume, or has no room."""
    shape, count = SHAPES[recipe.options["shape"]], recipe.count_of(finding.kind, finding.count)
    home = select(labels, recipe.options["home"])
    if not home.any():
        raise LesionError(f"the region does not show the place of a {recipe.name}", "choose one that does")
    box = around(home, NEAR_MM, spacing)
    drawn = shape.draw(
        labels[box],
        spacing,
        finding,
        recipe,
        count,
        size,
        standing(labels[box], None if kept is None else kept[box]),
        rng,
    )
    if not any(taken.any() for _, taken in drawn):
        raise LesionError(f"there is no room for a {recipe.name}", "ask for a smaller one, or another place")
    pieces = []
    labels = labels.copy()
    for result, piece in drawn:
        labels[box] = result
        taken = np.zeros(labels.shape, bool)
        taken[box] = piece
        pieces.append((taken, shape.measured(result, piece, spacing)))
    return labels, pieces


DRAW: dict[str, Callable[..., Drawn]] = {
    "fluid": _draw_fluid, "solid": _draw_masses, "tube": _draw_tube, "shape": _draw_shape,
}  # fmt: skip
"""By the mechanism of a recipe that has a label."""


def _record(
    taken: Mask, recipe: Recipe, finding: Finding, index: int, side: str | None, size: float, spacing: Spacing,
    extent: float | None = None, got: float | None = None,
) -> LesionRecord:  # fmt: skip
    """extent: longest, in mm, where it is known; got: what there is of it in the unit of the recipe, where that is
    neither its extent nor its volume."""
    assert recipe.label is not None and recipe.sizes is not None
    voxels = np.argwhere(taken)
    middle = voxels.mean(axis=0)
    at = middle * np.asarray(spacing)
    volume = round(len(voxels) * float(np.prod(spacing)) / 1000, 3)
    measured = longest_extent(taken, spacing) if extent is None else extent
    unit = recipe.sizes.unit
    got = (volume if unit == "ml" else measured) if got is None else got
    short = recipe.mechanism != "fluid" or unit == "ml"
    note = f"{size:.0f} {unit} asked, {got:.0f} {unit} drawn" if short and got < SHORT * size else ""
    return LesionRecord(
        label=recipe.label["key"],
        finding=index,
        organ=finding.organ or recipe.name,
        side=side,
        site=finding.site,
        size_mm=round(size if unit == "mm" else measured, 2),
        measured_mm=round(measured, 2),
        volume_ml=volume,
        center_voxel=(float(middle[0]), float(middle[1]), float(middle[2])),
        center_mm=(float(at[0]), float(at[1]), float(at[2])),
        note=note,
    )
