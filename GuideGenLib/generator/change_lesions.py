"""What a difference makes of the lesions of an anatomy."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.changes.sizes import size_told, unit_of, with_size
from GuideGenLib.description.model import Finding
from GuideGenLib.generator.change_beds import bed_of
from GuideGenLib.generator.change_fluids import drained, refilled, size_of
from GuideGenLib.generator.change_found import is_fluid, key_of, side_of, split
from GuideGenLib.generator.change_shapes import Labels, Lesion, healed, lesion_of, reshaped, resized
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord, insert_lesions
from GuideGenLib.mask.findings.others import draw_others
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.solid import LOOKING
from GuideGenLib.mask.findings.tissue import FILLERS


@dataclass
class Drawn:
    """A label volume (uint8, canonical) while it changes. lesions: by the place of their finding in the description
    after the change; notes by the same; touched: places whose record is made anew; kept: labels of the findings that
    the case has before and after."""

    labels: Labels
    spacing: Spacing
    lesions: dict[int, list[Lesion]] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def take_out(self, finding: Finding, lesion: Lesion) -> None:
        """A lesion goes, and its room is healed."""
        if is_fluid(finding):
            self.labels = drained(self.labels, self.spacing, lesion, finding, self.kept)
        else:
            self.labels = healed(self.labels, self.spacing, lesion, bed_of(finding, self.spacing, lesion.side))


def change_lesions(
    drawn: Drawn, difference: Difference, found: dict[int, list[Lesion]], make_rng: Callable[[int], np.random.Generator]
) -> None:
    """Make the lesions of a volume those of the description after; found: by the findings before. make_rng: random
    numbers for a finding by its place. Raises LesionError for what finds no room."""
    drawn.kept = {key for _, new in difference.pairs if (key := key_of(new))}
    for index in difference.removed:
        for lesion in found.get(index, []):
            drawn.take_out(difference.before.findings[index], lesion)
    moved = []
    for place, (old, new) in enumerate(difference.pairs):
        origin = difference.origins[place]
        lesions = [] if origin is None else found.get(origin, [])
        if old is None or key_of(old) is None or not lesions:
            if key_of(new) is not None and old != new:
                moved.append((place, new))
            continue
        if key_of(new) is None or _elsewhere(old, new):
            for lesion in lesions:
                drawn.take_out(old, lesion)
            if key_of(new) is not None:
                moved.append((place, new if size_told(new) else with_size(new, _mean_size(lesions, new, drawn))))
        elif is_fluid(new):
            _change_amount(drawn, place, old, new, lesions, make_rng(place))
        else:
            _change_size(drawn, place, old, new, lesions, make_rng(place))
    for place, new in sorted(moved, key=lambda one: is_fluid(one[1])):
        _insert(drawn, place, new, make_rng(place))


def _elsewhere(old: Finding, new: Finding) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in ("kind", "organ", "site", "segment", "side"))


def _mean_size(lesions: list[Lesion], finding: Finding, drawn: Drawn) -> float | None:
    """Of lesions that are drawn anew elsewhere; None where it is not known."""
    if not is_fluid(finding):
        return float(np.mean([lesion.extent for lesion in lesions]))
    known = [size for one in lesions if (size := size_of(one, unit_of(finding), drawn.spacing))]
    return float(np.mean(known)) if known else None


def _change_amount(
    drawn: Drawn, place: int, old: Finding, new: Finding, lesions: list[Lesion], rng: np.random.Generator
) -> None:
    """Of what fills a space; on both sides each by the same factor."""
    drawn.lesions[place] = lesions
    wanted = size_told(new)
    if wanted is None or wanted == size_told(old):
        return
    known = [size_of(one, unit_of(new), drawn.spacing) or wanted for one in lesions]
    mean = float(np.mean(known))
    for number, (lesion, size) in enumerate(zip(lesions, known, strict=True)):
        drawn.labels, lesions[number] = refilled(
            drawn.labels, drawn.spacing, lesion, new, wanted * size / mean, rng, drawn.kept
        )
    drawn.touched.add(place)


def _change_size(
    drawn: Drawn, place: int, old: Finding, new: Finding, lesions: list[Lesion], rng: np.random.Generator
) -> None:
    """Of a finding that stays where it is; of several lesions of it each by the same factor, and the smallest go where
    there are to be fewer."""
    lesions = sorted(lesions, key=lambda lesion: -lesion.extent)
    kept = lesions[: new.count] if new.count < old.count else lesions
    for lesion in lesions[len(kept) :]:
        drawn.take_out(new, lesion)
    walls = new.organ == "colon" and new.t != old.t
    if (new.size_mm is not None and new.size_mm != old.size_mm) or walls:
        mean = float(np.mean([lesion.extent for lesion in kept]))
        for number, lesion in enumerate(kept):
            size = lesion.extent if new.size_mm is None else new.size_mm * lesion.extent / mean
            bed = bed_of(new, drawn.spacing, new.side or side_of(drawn.labels, lesion, new))
            result = resized(drawn.labels, drawn.spacing, lesion, size, bed, new.t, rng)
            drawn.labels, kept[number] = result.labels, result.lesion
            drawn.notes[place] = result.note or drawn.notes.get(place, "")
        drawn.touched.add(place)
    elif len(kept) < len(lesions):
        drawn.touched.add(place)
    drawn.lesions[place] = kept
    if _border(old) != _border(new) and new.drawn and new.organ != "colon":
        _change_border(drawn, place, new, rng)


def _border(finding: Finding) -> list[str]:
    return [look for look in finding.looks if look in LOOKING]


def _change_border(drawn: Drawn, place: int, new: Finding, rng: np.random.Generator) -> None:
    """Of a solid lesion, whose outline in the anatomy goes by it; a tumour of the bowel is its wall."""
    for number, lesion in enumerate(drawn.lesions[place]):
        bed = bed_of(new, drawn.spacing, new.side or side_of(drawn.labels, lesion, new))
        result = reshaped(drawn.labels, drawn.spacing, lesion, bed, new.looks, rng)
        drawn.labels, drawn.lesions[place][number] = result.labels, result.lesion
        drawn.notes[place] = "; ".join(filter(None, (drawn.notes.get(place), result.note)))
    drawn.touched.add(place)


def _insert(drawn: Drawn, place: int, finding: Finding, rng: np.random.Generator) -> None:
    """Draw a finding as a new patient's is drawn."""
    labels, records, note = _drawn_anew(drawn, finding, rng)
    key = str(key_of(finding))
    fresh = (labels == values()[key]) & (drawn.labels != values()[key])
    drawn.labels = labels
    drawn.lesions[place] = [
        replace(lesion_of(key, mask, drawn.spacing), side=record.side, asked=record.size_mm)
        for mask, record in zip(split(fresh, records), records, strict=True)
    ]
    drawn.notes[place] = "; ".join(filter(None, (note, *(record.note for record in records))))
    drawn.touched.add(place)


def _drawn_anew(drawn: Drawn, finding: Finding, rng: np.random.Generator) -> tuple[Labels, list[LesionRecord], str]:
    """A tumour first in its organ and fat alone, so that all else stays as it is; where that does not do, its
    neighbours give way. What a recipe draws moves nothing but what the recipe names."""
    if not finding.drawn:
        return *draw_others(drawn.labels, drawn.spacing, [finding], rng), ""
    state = rng.bit_generator.state
    room = table_of([*TUMOUR_ORGANS[str(finding.organ)], *FILLERS, "lung_vessel"])
    try:
        labels, records = insert_lesions(drawn.labels, drawn.spacing, [finding], rng, ~room[drawn.labels])
        if not any("asked" in record.note or "room" in record.note for record in records):
            return labels, records, ""
    except LesionError:
        pass
    rng.bit_generator.state = state
    return *insert_lesions(drawn.labels, drawn.spacing, [finding], rng), "its neighbours give way"
