"""The lesions of an anatomy by the findings that they show, and what a difference makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.components import TOUCHING
from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.model import Finding
from GuideGenLib.generator.change_shapes import Labels, Lesion, Mask, healed, lesion_of, resized
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord, insert_lesions
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.tissue import FILLERS
from GuideGenLib.mask.rules import share_in_place

NEAR_MM = 15.0
"""A recorded middle this far from a lesion is still its own: it may have been painted since."""


@dataclass
class Drawn:
    """A label volume (uint8, canonical) while it changes. lesions: by the place of their finding in the description
    after the change; notes by the same; touched: places whose record is made anew."""

    labels: Labels
    spacing: Spacing
    lesions: dict[int, list[Lesion]] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def find_lesions(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], records: Sequence[LesionRecord]
) -> dict[int, list[Lesion]]:
    """The lesions of a volume by the finding that they show: that whose recorded middle (mm) is near, else the one that
    fits their place best. Pieces of one recorded lesion are one. A lesion of no finding belongs to none."""
    groups: dict[tuple[int, int], Mask] = {}
    for key in sorted({finding.label_key for finding in findings if finding.drawn and finding.label_key}):
        parts, count = ndimage.label(labels == values()[key], TOUCHING)
        boxes = ndimage.find_objects(parts)
        for number in range(1, count + 1):
            box = boxes[number - 1]
            piece = parts[box] == number
            owner = _recorded(piece, box, spacing, key, records) or _fitting(
                labels, spacing, findings, key, box, piece, number
            )
            if owner is not None:
                whole = groups.setdefault(owner, np.zeros(labels.shape, dtype=bool))
                whole[box] |= piece
    found: dict[int, list[Lesion]] = {}
    for (index, _), mask in sorted(groups.items()):
        found.setdefault(index, []).append(lesion_of(str(findings[index].label_key), mask, spacing))
    return found


def _recorded(
    piece: Mask, box: tuple[slice, ...], spacing: Spacing, key: str, records: Sequence[LesionRecord]
) -> tuple[int, int] | None:
    """Finding and number of the record whose middle is nearest, where one is near."""
    points = (np.argwhere(piece) + [side.start for side in box]) * np.asarray(spacing)
    best: tuple[float, tuple[int, int]] | None = None
    for number, record in enumerate(records):
        if record.label == key:
            away = float(np.linalg.norm(points - np.asarray(record.center_mm), axis=1).min())
            if away <= NEAR_MM and (best is None or away < best[0]):
                best = away, (record.finding, number)
    return None if best is None else best[1]


def _fitting(
    labels: Labels, spacing: Spacing, findings: Sequence[Finding], key: str, box: tuple[slice, ...], piece: Mask,
    number: int,
) -> tuple[int, int] | None:  # fmt: skip
    places = [index for index, finding in enumerate(findings) if finding.drawn and finding.label_key == key]
    shares = [share_in_place(labels, spacing, findings[index], box, piece) for index in places]  # type: ignore[arg-type]
    return (places[int(np.argmax(shares))], 1000 + number) if places else None


def change_lesions(
    drawn: Drawn, difference: Difference, found: dict[int, list[Lesion]], make_rng: Callable[[int], np.random.Generator]
) -> None:
    """Make the lesions of a volume those of the description after; found: by the findings before. make_rng: random
    numbers for a finding by its place. Raises LesionError for what finds no room."""
    for index in difference.removed:
        for lesion in found.get(index, []):
            drawn.labels = healed(drawn.labels, drawn.spacing, lesion)
    moved = []
    for place, (old, new) in enumerate(difference.pairs):
        origin = difference.origins[place]
        lesions = [] if origin is None else found.get(origin, [])
        if old is None or not old.drawn or not lesions:
            if new.drawn and old != new:
                moved.append((place, new))
            continue
        if not new.drawn or _elsewhere(old, new):
            for lesion in lesions:
                drawn.labels = healed(drawn.labels, drawn.spacing, lesion)
            if new.drawn:
                size = new.size_mm or float(np.mean([lesion.extent for lesion in lesions]))
                moved.append((place, replace(new, size_mm=size)))
        else:
            _change_size(drawn, place, old, new, lesions, make_rng(place))
    for place, new in moved:
        _insert(drawn, place, new, make_rng(place))


def _elsewhere(old: Finding, new: Finding) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in ("organ", "site", "segment", "side"))


def _change_size(
    drawn: Drawn, place: int, old: Finding, new: Finding, lesions: list[Lesion], rng: np.random.Generator
) -> None:
    """Of a finding that stays where it is; of several lesions of it each by the same factor, and the smallest go where
    there are to be fewer."""
    lesions = sorted(lesions, key=lambda lesion: -lesion.extent)
    kept = lesions[: new.count] if new.count < old.count else lesions
    for lesion in lesions[len(kept) :]:
        drawn.labels = healed(drawn.labels, drawn.spacing, lesion)
    walls = new.organ == "colon" and new.t != old.t
    if (new.size_mm is not None and new.size_mm != old.size_mm) or walls:
        mean = float(np.mean([lesion.extent for lesion in kept]))
        for number, lesion in enumerate(kept):
            size = lesion.extent if new.size_mm is None else new.size_mm * lesion.extent / mean
            result = resized(drawn.labels, drawn.spacing, lesion, size, _side(new, lesion, drawn), new.t, rng)
            drawn.labels, kept[number] = result.labels, result.lesion
            drawn.notes[place] = result.note or drawn.notes.get(place, "")
        drawn.touched.add(place)
    elif len(kept) < len(lesions):
        drawn.touched.add(place)
    drawn.lesions[place] = kept


def _side(finding: Finding, lesion: Lesion, drawn: Drawn) -> str | None:
    """Of lung or kidney: the finding's, else that of the tissue nearest to the lesion."""
    if finding.side or lesion.organ not in ("lung", "kidney"):
        return finding.side
    away = {}
    for side in ("left", "right"):
        tissue = np.argwhere(table_of(key for key in TUMOUR_ORGANS[lesion.organ] if key.endswith(side))[drawn.labels])
        away[side] = float(np.linalg.norm(tissue - lesion.middle, axis=1).min()) if len(tissue) else np.inf
    return min(away, key=lambda side: away[side])


def _insert(drawn: Drawn, place: int, finding: Finding, rng: np.random.Generator) -> None:
    """Draw a finding as a new patient's is drawn. First in its organ and fat alone, so that all else stays as it is;
    where that does not do, its neighbours give way."""
    state = rng.bit_generator.state
    room = table_of([*TUMOUR_ORGANS[str(finding.organ)], *FILLERS, "lung_vessel"])
    try:
        labels, records = insert_lesions(drawn.labels, drawn.spacing, [finding], rng, ~room[drawn.labels])
        fits = not any("asked" in record.note or "room" in record.note for record in records)
    except LesionError:
        fits = False
    note = ""
    if not fits:
        rng.bit_generator.state = state
        labels, records = insert_lesions(drawn.labels, drawn.spacing, [finding], rng)
        note = "its neighbours give way"
    key = str(finding.label_key)
    fresh = (labels == values()[key]) & (drawn.labels != values()[key])
    drawn.labels = labels
    drawn.lesions[place] = [lesion_of(key, _nearest_part(fresh, one.center_voxel), drawn.spacing) for one in records]
    drawn.notes[place] = "; ".join(filter(None, (note, *(record.note for record in records))))
    drawn.touched.add(place)


def _nearest_part(mask: Mask, point: tuple[float, float, float]) -> Mask:
    """The connected part of new lesions whose middle is nearest to a recorded one."""
    parts, count = ndimage.label(mask, TOUCHING)
    middles = np.asarray(ndimage.center_of_mass(mask, parts, range(1, count + 1)))
    return np.asarray(parts == 1 + int(np.linalg.norm(middles - np.asarray(point), axis=1).argmin()))
