"""A sentence more: the same patient with a difference, anatomy and CT changed there alone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.description.changes.model import Difference
from GuideGenLib.description.changes.sizes import unit_of
from GuideGenLib.description.model import Finding
from GuideGenLib.description.nodes import implied_nodes
from GuideGenLib.description.organ_sizes import wanted_organs
from GuideGenLib.description.report import to_json
from GuideGenLib.generator.case import Case, MaskResult, voxels_sha256
from GuideGenLib.generator.change_found import find_lesions, key_of
from GuideGenLib.generator.settings import RunSettings
from GuideGenLib.mask.findings.lesions import LesionRecord

if TYPE_CHECKING:
    import SimpleITK as sitk
    from numpy.typing import NDArray

    from GuideGenLib.generator.change_lesions import Drawn

STREAM = 2
"""Of the random numbers of a seed: those of changes."""
REACH_MM = 60.0
"""Around an organ that is made larger or smaller, where its neighbours may move."""
NOT_CHANGED = "the {name} stays as it is in the anatomy: a new run draws it as it is told now"
NODES_NOT_CHANGED = "the lymph nodes stay as they are in the anatomy: a new run draws those of N{n}"
ORGAN_NOTE = "the {name} stays as it is: it is not in the anatomy, or cut by the end of the region"


def change(
    generator: Any,
    case: Case,
    difference: Difference,
    settings: RunSettings | None = None,
    shown: "sitk.Image | None" = None,
    progress: Progress = silent,
) -> Case:
    """The case after a difference, of which `before` is the case's description.

    Labels that the difference does not speak of stay voxel for voxel, and the CT stays bit for bit beyond the margin
    of what changed; where that cannot be (`Difference.everywhere`) all of the CT is made anew. settings: those of the
    run that made the case (None: as its record tells them). shown: the anatomy that the CT shows, where the case's was
    edited since. The same case, sentence and settings give the same voxels.

    Raises LesionError for a lesion that finds no room, VolumeError for volumes that do not fit each other.
    """
    from GuideGenLib.anatomy.label_volumes import require_anatomy

    settings = settings or RunSettings.of_record(case.provenance)
    generator.compute_as(settings.arithmetic)
    progress("mask", 0.0)
    before = require_anatomy(case.anatomy)
    changed = changed_anatomy(before, case.lesions, difference, settings.seed, len(chain(case.provenance)))
    anatomy, lesions = changed.anatomy, changed.lesions
    progress("mask", 1.0 if case.ct is None else 0.3)
    ct = case.ct
    if ct is not None:
        rest = within(progress, 0.3, 1.0)
        if difference.everywhere:
            ct = generator.synthesize_ct(anatomy, difference.after, progress=rest, **settings.for_ct)
        else:
            ct = generator.regenerate_ct(
                ct, before if shown is None else shown, anatomy, difference.after, also=changed.looks, progress=rest,
                **settings.for_edit,
            )  # fmt: skip
    told = {**case.provenance.get("settings", {}), **settings.record("seed", "margin_mm")}
    if ct is not None:
        told |= settings.record("spacing_mm", "ct_steps")
    record = generator.provenance(difference.after, told, MaskResult(anatomy, lesions, ()))
    record["changes"] = [*chain(case.provenance), _told(case, difference, changed.notes)]
    return Case(difference.after, anatomy, ct, lesions, (), record)


def chain(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes that a record tells, the first one first."""
    told = provenance.get("changes")
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def recorded_lesions(provenance: Mapping[str, Any]) -> tuple[LesionRecord, ...]:
    """The lesions that a record tells; those that are not whole are left out."""
    names = {one.name for one in fields(LesionRecord)}
    found = []
    for data in provenance.get("lesions") or ():
        if isinstance(data, dict) and set(data) == names:
            middles = {name: tuple(data[name]) for name in ("center_voxel", "center_mm")}
            found.append(LesionRecord(**{**data, **middles}))
    return tuple(found)


def _told(case: Case, difference: Difference, notes: Sequence[str]) -> dict[str, Any]:
    """One link of the chain: what was asked of which case, and what could not be had."""
    text = json.dumps(case.provenance, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return {
        "sentence": difference.sentence,
        "steps": [{"kind": one.kind, "words": one.words.text, "told": one.told} for one in difference.steps],
        "not_understood": [span.text for span in difference.not_understood],
        "notes": [*difference.notes, *notes, *filter(None, (difference.everywhere if case.ct is not None else "",))],
        "before": {
            "description": to_json(difference.before),
            "record_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "anatomy_voxels_sha256": voxels_sha256(case.anatomy),
            "ct_voxels_sha256": None if case.ct is None else voxels_sha256(case.ct),
        },
    }


@dataclass(frozen=True)
class ChangedAnatomy:
    """The labels after a difference on the same grid, the lesions in them, and notes on what could not be had as asked.
    looks: uint8 on that grid, 1 in lesions that look otherwise, None where there are none: their labels may be the
    same, and their CT is not."""

    anatomy: "sitk.Image"
    lesions: tuple[LesionRecord, ...]
    notes: list[str]
    looks: "sitk.Image | None"


def changed_anatomy(
    anatomy: "sitk.Image", records: Sequence[LesionRecord], difference: Difference, seed: int, number: int = 0
) -> ChangedAnatomy:
    """What a difference makes of an anatomy.

    records: the lesions before; number: how many changes came before this one, so that each draws its own.
    """
    import SimpleITK as sitk

    from GuideGenLib.core.grids import on_grid_of
    from GuideGenLib.core.volumes import from_canonical, to_canonical
    from GuideGenLib.generator.change_lesions import Drawn, change_lesions

    labels, frame = to_canonical(anatomy, min(anatomy.GetSpacing()), labels=True)
    step = frame.spacing
    drawn = Drawn(labels, step)
    found = find_lesions(labels, step, difference.before.findings, records)
    place_of = {origin: place for place, origin in enumerate(difference.origins) if origin is not None}
    drawn.lesions = {place_of[index]: lesions for index, lesions in found.items() if index in place_of}
    change_lesions(drawn, difference, found, lambda place: np.random.default_rng([seed, STREAM, number, place]))
    notes = [f"{difference.after.findings[place].kind}: {note}" for place, note in sorted(drawn.notes.items()) if note]
    notes += _not_changed(difference) + _change_organs(drawn, difference)
    lesions = _records(drawn, difference, records)
    changed = drawn.labels != labels
    result = sitk.GetArrayFromImage(anatomy)
    if changed.any():
        new, old = (
            sitk.GetArrayFromImage(from_canonical(one, frame, anatomy, labels=True)) for one in (drawn.labels, labels)
        )
        result = np.where(new != old, new, result)
    looks = _looks(drawn, difference)
    looking = None if looks is None else from_canonical(looks, frame, anatomy, labels=True)
    return ChangedAnatomy(on_grid_of(anatomy, result), lesions, notes, looking)


def _looks(drawn: "Drawn", difference: Difference) -> "NDArray[np.uint8] | None":
    """Where lesions look otherwise than before."""
    other = [place for place, (old, new) in enumerate(difference.pairs) if old is not None and old.looks != new.looks]
    found = [lesion.whole(drawn.labels.shape) for place in other for lesion in drawn.lesions.get(place, ())]
    return np.any(found, axis=0).astype(np.uint8) if found else None


def _not_changed(difference: Difference) -> list[str]:
    """Of findings in the anatomy that only a new run draws, or draws otherwise."""
    gone = [(difference.before.findings[index], None) for index in difference.removed]
    pairs = [*gone, *((new, old) for old, new in difference.pairs)]
    nodes = [NODES_NOT_CHANGED.format(n=new.n) for old, new in difference.pairs
             if old is not None and implied_nodes(old) != implied_nodes(new)]  # fmt: skip
    return nodes + [
        NOT_CHANGED.format(name=one.recipe.name if one.recipe else one.kind)
        for one, other in pairs
        if one != other and one.shown and key_of(one) is None and _in_the_anatomy(one)
    ]


def _in_the_anatomy(finding: Finding) -> bool:
    """Whether it is drawn with a label, or by changing the shape of an organ; the rest shows in the CT alone."""
    recipe = finding.recipe
    return recipe is not None and (recipe.label is not None or recipe.mechanism == "shape")


def _change_organs(drawn: "Drawn", difference: Difference) -> list[str]:
    """Organs of other sizes, or gone; returns those that could not be changed. Islands of other organs far away, which
    fitting dissolves, stay."""
    from scipy import ndimage

    from GuideGenLib.anatomy.structures import table_of
    from GuideGenLib.mask.organ_sizes import fit_organs, members

    notes = []
    for state in difference.organs:
        asked = wanted_organs(replace(difference.after, findings=(), organs=(state,)))
        before = drawn.labels
        fitted = fit_organs(before, drawn.spacing[0], asked)
        keys = [key for name in state.label_keys for key in members(name)]
        organ = table_of(keys)[before] | table_of(keys)[fitted]
        if not organ.any() or np.array_equal(table_of(keys)[before], table_of(keys)[fitted]):
            notes.append(ORGAN_NOTE.format(name=state.name))
            continue
        (box,) = ndimage.find_objects(organ.view(np.uint8))
        margin = int(REACH_MM / drawn.spacing[0])
        near = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in box)
        drawn.labels = before.copy()
        drawn.labels[near] = fitted[near]
    if difference.organs:
        _find_again(drawn, difference)
    return notes


def _find_again(drawn: "Drawn", difference: Difference) -> None:
    """Lesions move along with their organs."""

    before = drawn.lesions
    findings = difference.after.findings
    drawn.lesions = find_lesions(drawn.labels, drawn.spacing, findings, _records(drawn, difference, ()))
    for place, lesions in drawn.lesions.items():
        old = before.get(place, [])
        same = len(old) == len(lesions) and all(a.same_as(b) for a, b in zip(old, lesions, strict=True))
        if not same:
            drawn.touched.add(place)


def _records(drawn: "Drawn", difference: Difference, records: Sequence[LesionRecord]) -> tuple[LesionRecord, ...]:
    """Of all lesions, those before where nothing touched them."""
    made: list[LesionRecord] = []
    for place, (_, finding) in enumerate(difference.pairs):  # what no sentence changes: shapes, and nodes of an N stage
        mine = [one for one in records if one.finding == difference.origins[place] and one.label != key_of(finding)]
        made += [replace(one, finding=place) for one in mine]
    for place, lesions in sorted(drawn.lesions.items()):
        origin = difference.origins[place]
        finding = difference.after.findings[place]
        known = [one for one in records if one.finding == origin and one.label == key_of(finding)]
        if place not in drawn.touched and len(known) == len(lesions):
            made += [replace(one, finding=place) for one in known]
            continue
        for lesion in lesions:
            middle = lesion.middle
            asked = finding.size_mm or lesion.asked or lesion.extent
            mm = middle * np.asarray(drawn.spacing)
            made.append(
                LesionRecord(
                    label=lesion.key,
                    finding=place,
                    organ=lesion.organ if finding.drawn else finding.organ or finding.kind,
                    side=finding.side if finding.drawn else lesion.side,
                    site=finding.site,
                    size_mm=round(lesion.extent if unit_of(finding) == "ml" else asked, 2),
                    measured_mm=round(lesion.extent, 2),
                    volume_ml=round(float(lesion.voxels.sum() * np.prod(drawn.spacing)) / 1000, 3),
                    center_voxel=(float(middle[0]), float(middle[1]), float(middle[2])),
                    center_mm=(float(mm[0]), float(mm[1]), float(mm[2])),
                    note=drawn.notes.get(place, ""),
                )
            )
    return tuple(made)
