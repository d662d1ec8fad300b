"""The lesions of an anatomy by the findings that they show."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.model import Finding
from GuideGenLib.generator.change_shapes import Labels, Lesion, Mask, lesion_of
from GuideGenLib.mask.findings.lesions import LesionRecord
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.rules import share_in_place

NEAR_MM = 15.0
"""A recorded middle this far from a lesion is still its own: it may have been painted since."""
CHANGED = ("solid", "fluid")
"""Mechanisms whose findings a sentence changes in an anatomy that is drawn."""
UNRECORDED = 1000
"""Numbers from here on are of pieces that no record tells."""
_Owner = tuple[int, int]
"""Finding and number of a lesion."""


def key_of(finding: Finding) -> str | None:
    """The label that a finding is drawn with; None where it has none, is not drawn, or is no body and no fluid."""
    if finding.drawn:
        return finding.label_key
    recipe = finding.recipe
    if not finding.shown or recipe is None or recipe.label is None or recipe.mechanism not in CHANGED:
        return None
    return recipe.label["key"]


def is_fluid(finding: Finding) -> bool:
    """Whether it fills a space."""
    return finding.recipe is not None and finding.recipe.mechanism == "fluid"


def find_lesions(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], records: Sequence[LesionRecord]
) -> dict[int, list[Lesion]]:
    """The lesions of a volume by the finding that they show: that whose recorded middle (mm) is near, else the one that
    fits their place best. Pieces of one recorded lesion are one. A lesion of no finding belongs to none."""
    groups: dict[_Owner, Mask] = {}
    for key in sorted({key for finding in findings if (key := key_of(finding))}):
        mine = [index for index, finding in enumerate(findings) if key_of(finding) == key]
        limit = np.inf if is_fluid(findings[mine[0]]) else NEAR_MM
        parts, count = ndimage.label(labels == values()[key], TOUCHING)
        boxes = ndimage.find_objects(parts)
        for number in range(1, count + 1):
            box = boxes[number - 1]
            piece = parts[box] == number
            owner = _recorded(piece, box, spacing, key, records, limit)
            owner = owner or _fitting(labels, spacing, findings, mine, box, piece, number)
            whole = groups.setdefault(owner, np.zeros(labels.shape, dtype=bool))
            whole[box] |= piece
    found: dict[int, list[Lesion]] = {}
    for (index, number), mask in sorted(groups.items()):
        lesion = lesion_of(str(key_of(findings[index])), mask, spacing)
        record = records[number] if number < len(records) else None
        side = findings[index].side or (record.side if record else None) or side_of(labels, lesion, findings[index])
        asked = record.size_mm if record is not None and is_fluid(findings[index]) else None
        found.setdefault(index, []).append(replace(lesion, side=side, asked=asked))
    return found


def _recorded(
    piece: Mask, box: tuple[slice, ...], spacing: Spacing, key: str, records: Sequence[LesionRecord], limit: float
) -> _Owner | None:
    """Finding and number of the record whose middle is nearest, where one is within the limit in mm."""
    points = (np.argwhere(piece) + [side.start for side in box]) * np.asarray(spacing)
    best: tuple[float, _Owner] | None = None
    for number, record in enumerate(records):
        if record.label == key:
            away = float(np.linalg.norm(points - np.asarray(record.center_mm), axis=1).min())
            if away <= limit and (best is None or away < best[0]):
                best = away, (record.finding, number)
    return None if best is None else best[1]


def _fitting(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], mine: Sequence[int], box: tuple[slice, ...],
    piece: Mask, number: int,
) -> _Owner:  # fmt: skip
    """mine: places of the findings with the label of the piece."""
    if findings[mine[0]].drawn:
        fit = [share_in_place(labels, spacing, findings[index], box, piece) for index in mine]  # type: ignore[arg-type]
        return mine[int(np.argmax(fit))], UNRECORDED + number
    side = _half(labels, float(np.flatnonzero(piece.any(axis=(0, 1))).mean() + box[2].start))
    index = next((one for one in mine if findings[one].side in (None, side)), mine[0])
    if is_fluid(findings[index]):  # of all that fills a space on one side
        return index, UNRECORDED + (side == "right")
    return index, UNRECORDED + number


def side_of(labels: Labels, lesion: Lesion, finding: Finding) -> str | None:
    """That of the tissue nearest to a tumour of lung or kidney, of what has a side by its recipe that of the body."""
    if finding.recipe is not None:
        return _half(labels, float(lesion.middle[2])) if finding.recipe.sided else None
    if lesion.organ not in ("lung", "kidney"):
        return None
    away = {}
    for side in ("left", "right"):
        tissue = np.argwhere(table_of(key for key in TUMOUR_ORGANS[lesion.organ] if key.endswith(side))[labels])
        away[side] = float(np.linalg.norm(tissue - lesion.middle, axis=1).min()) if len(tissue) else np.inf
    return min(away, key=lambda side: away[side])


def _half(labels: Labels, x: float) -> str:
    """The patient's left is where x grows."""
    return "left" if x > float(np.flatnonzero(labels.any(axis=(0, 1))).mean()) else "right"


def split(fresh: Mask, records: Sequence[LesionRecord]) -> list[NDArray[np.bool_]]:
    """The voxels of each of the new records: the connected parts of new lesions whose middle is nearest to it."""
    parts, count = ndimage.label(fresh, TOUCHING)
    middles = np.asarray(ndimage.center_of_mass(fresh, parts, range(1, count + 1)))
    wanted = np.asarray([record.center_voxel for record in records])
    owner = np.linalg.norm(middles[:, None] - wanted[None], axis=2).argmin(axis=1)
    return [np.asarray(np.concatenate([[False], owner == number])[parts]) for number in range(len(records))]
