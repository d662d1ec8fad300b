"""Whether findings that have a recipe are there as asked, measured on the voxels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.model import Finding
from GuideGenLib.description.nodes import implied_nodes
from GuideGenLib.findings.reading import recipes
from GuideGenLib.findings.recipe import Recipe
from GuideGenLib.mask.findings.lesions import LesionRecord
from GuideGenLib.mask.findings.shaped import SHAPES
from GuideGenLib.mask.findings.shapes import Spacing, longest_extent
from GuideGenLib.mask.findings.tube import widest

SLACK = 0.1
"""How far, in parts of what was asked, a size may be from it."""
BODY_MM = 24.0
"""Height of a vertebral body: half a voxel of it is so many percent."""
Result = tuple[str, bool, str]
"""Name of the check, whether it is kept, and what was found."""


def check_others(
    labels: NDArray[np.uint8], spacing: Spacing, findings: Sequence[Finding], records: Sequence[LesionRecord]
) -> list[Result]:
    """Presence, side and size of each, and whether there is another; labels [z, y, x], records of what was drawn."""
    results: list[Result] = []
    asked: set[str] = set()
    for index, finding in enumerate(findings):
        recipe = finding.recipe
        if recipe is None or recipe.label is None or not finding.there:
            continue
        key = recipe.label["key"]
        asked |= {key, recipe.options.get("squeezed", key)}
        mine = [one for one in records if one.finding == index and one.label == key]
        there = labels == values()[key]
        pieces = _pieces(there, mine, spacing) if mine else []
        results.append((f"finding:{index}:present", bool(pieces), f"{len(pieces)} {recipe.name} found"))
        if pieces:
            results += _placed(labels, recipe, pieces, mine, index)
            results += _sized(labels, recipe, pieces, finding, spacing, index)
    for index, finding in enumerate(findings):
        results += _noded(labels, spacing, findings, finding, records, index)
        nodes = [one.recipe for one in implied_nodes(finding, findings)]
        asked |= {one.label["key"] for one in nodes if one is not None and one.label is not None}
    keys = {one.label["key"] for one in recipes() if one.label is not None} - asked
    others = [key for key in sorted(keys) if (labels == values()[key]).any()]
    results.append(("no_other_finding", not others, f"not asked for: {', '.join(others) or 'none'}"))
    return results


def _noded(
    labels: NDArray[np.uint8], spacing: Spacing, findings: Sequence[Finding], finding: Finding,
    records: Sequence[LesionRecord], index: int,
) -> list[Result]:  # fmt: skip
    """Whether the lymph nodes of an N stage are there, as many as were drawn."""
    results: list[Result] = []
    for node in implied_nodes(finding, findings):
        key = str(node.recipe and node.recipe.label and node.recipe.label["key"])
        mine = [one for one in records if one.finding == index and one.label == key]
        if not mine:
            continue  # the region does not show the station
        found = len(_pieces(labels == values()[key], mine, spacing))
        results.append((f"finding:{index}:nodes:{node.organ}", found >= 1, f"{found} of {node.count} at {node.organ}"))
    return results


def _pieces(there: NDArray[np.bool_], records: Sequence[LesionRecord], spacing: Spacing) -> list[NDArray[np.bool_]]:
    """The voxels of each record: the connected parts nearest to its middle, of those that are there."""
    parts, count = ndimage.label(there, TOUCHING)
    owner = np.zeros(count + 1, int)
    boxes = ndimage.find_objects(parts)
    for number in range(1, count + 1):
        box = boxes[number - 1]
        points = (np.argwhere(parts[box] == number) + [side.start for side in box]) * np.asarray(spacing)
        away = [np.linalg.norm(points - np.asarray(one.center_mm), axis=1).min() for one in records]
        owner[number] = 1 + int(np.argmin(away))
    owned = owner[parts]
    return [owned == 1 + i for i in range(len(records)) if (owned == 1 + i).any()]


def _placed(
    labels: NDArray[np.uint8], recipe: Recipe, pieces: Sequence[NDArray[np.bool_]], records: Sequence[LesionRecord],
    index: int,
) -> list[Result]:  # fmt: skip
    if not recipe.sided:
        return []
    spine = np.zeros(256, bool)
    spine[[values()[key] for key in ("vertebrae_thoracic", "vertebrae_lumbar", "vertebrae_cervical", "sacrum")]] = True
    across = spine[labels].sum(axis=(0, 1))
    if not across.any():
        return []
    middle = float(np.average(np.arange(labels.shape[2]), weights=across))
    right = all(
        (float(np.argwhere(piece)[:, 2].mean()) > middle) == (one.side == "left")
        for piece, one in zip(pieces, records, strict=False)
    )
    return [(f"finding:{index}:place", right, "on the asked side" if right else "on the other side")]


def _sized(
    labels: NDArray[np.uint8],
    recipe: Recipe,
    pieces: Sequence[NDArray[np.bool_]],
    finding: Finding,
    spacing: Spacing,
    index: int,
) -> list[Result]:
    if recipe.sizes is None or (recipe.sizes.unit == "mm" and recipe.mechanism == "fluid"):
        return []  # a thickness is told by the space, not by the longest extent
    unit = recipe.sizes.unit
    told = {"ml": finding.volume_ml, "mm": finding.size_mm}.get(unit)
    low, high = (told, told) if told is not None else recipe.sizes.range_of(finding.size_word)
    voxel = float(np.prod(spacing))
    half = {"mm": 0.5, "%": 50 / BODY_MM}.get(unit, 0.0) * voxel ** (1 / 3)
    got = [_measured(labels, recipe, one, spacing) for one in pieces]
    kept = all(min((1 - SLACK) * low, low - half) <= size <= max((1 + SLACK) * high, high + half) for size in got)
    measured = ", ".join(f"{size:.0f}" for size in got)
    return [(f"finding:{index}:size", kept, f"{measured} {unit}, asked {low:.0f} to {high:.0f} {unit}")]


def _measured(labels: NDArray[np.uint8], recipe: Recipe, piece: NDArray[np.bool_], spacing: Spacing) -> float:
    """In the unit of the recipe."""
    if recipe.mechanism == "shape":
        return SHAPES[recipe.options["shape"]].measured(labels, piece, spacing)
    if recipe.sizes is not None and recipe.sizes.unit == "ml":
        return float(piece.sum() * np.prod(spacing) / 1000)
    return widest(piece, spacing) if recipe.mechanism == "tube" else longest_extent(piece, spacing)
