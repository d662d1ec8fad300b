"""Rules that a drawn anatomy must keep: organs there, whole, on their side and of human size; lesions as asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from GuideGenLib.anatomy.structures import LOBES, TUMOUR_ORGANS, table_of
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.core.components import TOUCHING, largest_component
from GuideGenLib.description.model import Description, Finding
from GuideGenLib.description.organ_sizes import WantedSize, wanted_organs
from GuideGenLib.description.stage import stage_size_mm
from GuideGenLib.mask.components import largest_share, single_part_keys
from GuideGenLib.mask.findings.colon import distances_to_part
from GuideGenLib.mask.findings.lesions import LesionRecord
from GuideGenLib.mask.findings.shapes import Box, Spacing, longest_extent
from GuideGenLib.mask.findings.sites import asked_sites, belongs
from GuideGenLib.mask.organ_sizes import OPEN_ENDED, measure_of, members

Volumes = Mapping[str, tuple[float, float]]
WHOLE = 0.95
IN_PLACE = 0.8
LEAST_ML = 0.1
UNNAMED = "body"
"""What has no label of its own has no usual volume: it tells how much was labelled, not how somebody is built."""
PAIRED = ("lung", "kidney")
SLACK = {"liver": 12.0, "kidney": 0.12, "pancreas": 0.12, "colon": 0.15}
"""How far beyond the border of its site the centre of a lesion may lie, as a mass moves the landmarks themselves: in mm
for the liver, in lengths of the organ for kidney and pancreas, in units of the bowel's frame for the colon."""
ORGAN_SLACK = 0.1
"""How far, in parts of what was asked, the size of an organ may be from it."""
WEIGHTS = {
    "lesion": 5.0,
    "no_other_lesion": 5.0,
    "finding": 5.0,
    "no_other_finding": 5.0,
    "present": 3.0,
    "organ": 3.0,
    "side": 3.0,
    "one_piece": 1.0,
    "volume": 1.0,
}


@dataclass(frozen=True)
class Check:
    """One rule, kept or not: `name` such as "present:liver" or "lesion:0:size", `detail` what was found."""

    name: str
    passed: bool
    detail: str

    @property
    def rule(self) -> str:
        """The kind of rule, the name's first word."""
        return self.name.split(":")[0]


def measured_volumes(labels: np.ndarray, spacing: Spacing) -> dict[str, float]:
    """Volume in ml of each label that labels uint8 [z, y, x] hold."""
    counts = np.bincount(labels.ravel(), minlength=256)
    return {key: float(counts[v] * np.prod(spacing) / 1000) for key, v in values().items() if counts[v]}


def check(
    labels: np.ndarray, spacing: Spacing, description: Description, lesions: Sequence[LesionRecord],
    present: set[str] | None = None, volumes: Volumes | None = None,
) -> list[Check]:  # fmt: skip
    """Measure a label volume uint8 [z, y, x] (canonical frame, spacing in mm) against what is known and was asked.

    `present` are the keys that the region must hold (None: those that the volume holds, so that none is missed);
    `volumes` the range in ml of each organ that is whole in the region. What is said of lesions is measured on the
    voxels; the records only tell which lesion belongs to which finding.
    """
    wanted = wanted_organs(description)
    found = measured_volumes(labels, spacing)
    anatomy = {key for key in found if key != "background" and label(key).group not in ("lesions", "findings")}
    shown = anatomy if present is None else present
    expected = sorted(shown - wanted.absent, key=list(values()).index)
    checks = [_present(key, found.get(key, 0.0), volumes) for key in expected]
    boxes = ndimage.find_objects(labels)
    checks += [_one_piece(labels, boxes, key) for key in single_part_keys() if key in anatomy]
    checks += _sides(labels, boxes, anatomy)
    if volumes is not None:
        sized = [key for key in expected if key in volumes and key not in wanted.sizes and key != UNNAMED]
        checks += [_volume(key, found, volumes[key]) for key in sized]
    checks += [_absent(key, found) for key in sorted(wanted.absent)]
    for key, size in wanted.sizes.items():
        checks += _organ_sized(labels, spacing[0], key, size) if key in shown else []
    return checks + _lesions(labels, spacing, description, lesions)


def score(checks: Sequence[Check]) -> float:
    """0 to 1, the weighted part of the rules that are kept: the measure by which the best of several masks is taken."""
    weights = [WEIGHTS[one.rule] for one in checks]
    kept = [weight for weight, one in zip(weights, checks, strict=True) if one.passed]
    return sum(kept) / sum(weights) if weights else 1.0


def _present(key: str, volume: float, volumes: Volumes | None) -> Check:
    least = max(LEAST_ML, 0.25 * volumes[key][0]) if volumes and key in volumes else LEAST_ML
    return Check(f"present:{key}", volume >= least, f"{volume:.1f} ml, at least {least:.1f} ml")


def _one_piece(labels: np.ndarray, boxes: list[Box], key: str) -> Check:
    """A lesion may part its organ: the organ counts together with its lesions."""
    keys = [key, *(f"{organ}_tumor" for organ, home in TUMOUR_ORGANS.items() if key in home)]
    box = boxes[values()[key] - 1]
    share = largest_share(table_of(keys)[labels[box]])
    return Check(f"one_piece:{key}", share >= WHOLE, f"{share:.3f} in the largest part")


def _sides(labels: np.ndarray, boxes: list[Box], anatomy: set[str]) -> list[Check]:
    spine = table_of(["vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum"])[labels]
    if not spine.any():
        return []
    middle = float(np.average(np.arange(labels.shape[2]), weights=spine.sum(axis=(0, 1))))
    checks = []
    for key in sorted(k for k in anatomy if k.endswith(("_left", "_right"))):
        box = boxes[values()[key] - 1]
        at = box[2].start + float(
            np.average(np.arange(box[2].stop - box[2].start), weights=(labels[box] == values()[key]).sum(axis=(0, 1)))
        )
        side = "left" if at > middle else "right"
        checks.append(Check(f"side:{key}", key.endswith(side), f"lies to the {side} of the spine"))
    return checks


def _volume(key: str, found: Mapping[str, float], bounds: tuple[float, float]) -> Check:
    """A lesion takes tissue and displaces it: the organ may count with or without its lesions."""
    alone = found.get(key, 0.0)
    tumours = sum(found.get(f"{organ}_tumor", 0.0) for organ, home in TUMOUR_ORGANS.items() if key in home)
    passed = alone <= bounds[1] and alone + tumours >= bounds[0]
    return Check(f"volume:{key}", passed, f"{alone:.1f} ml, expected {bounds[0]:.1f} to {bounds[1]:.1f} ml")


def _absent(key: str, found: Mapping[str, float]) -> Check:
    volume = sum(found.get(one, 0.0) for one in members(key))
    return Check(f"organ:{key}:absent", volume == 0, f"{volume:.1f} ml of what is to be absent")


def _organ_sized(labels: np.ndarray, spacing: float, key: str, size: WantedSize) -> list[Check]:
    """Whether an organ is as large as asked: alone, or with lesions in it, which are drawn after it was made so.

    An organ that the end of the region cuts is not measured.
    """
    organ = table_of(members(key))[labels]
    alone = measure_of(organ, spacing)
    if alone.volume_ml and not (alone.whole or key in OPEN_ENDED):
        return []
    lesions = table_of(f"{name}_tumor" for name, home in TUMOUR_ORGANS.items() if key in home)[labels]
    found = [alone, measure_of(largest_component(organ | lesions), spacing)] if lesions.any() else [alone]
    pairs: list[tuple[str, list[float], tuple[float, float]]] = []
    if size.volume_ml is not None:
        pairs.append(("ml", [one.volume_ml for one in found], size.volume_ml))
    if size.length_mm is not None:
        lengths = [one.craniocaudal_mm if size.craniocaudal else one.length_mm for one in found]
        pairs.append(("mm", lengths, (size.length_mm, size.length_mm)))
    passed = all(
        min(got) <= (1 + ORGAN_SLACK) * high and max(got) >= (1 - ORGAN_SLACK) * low for _, got, (low, high) in pairs
    )
    told = [f"{got[0]:.0f} {unit}, asked {low:.0f} to {high:.0f} {unit}" for unit, got, (low, high) in pairs]
    return [Check(f"organ:{key}:size", passed, "; ".join(told))]


@dataclass(frozen=True)
class _Lesion:
    """A connected lesion of the volume: label key, box, and its voxels in the box."""

    label: str
    box: Box
    voxels: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        return np.argwhere(self.voxels) + [s.start for s in self.box]


def _lesions(
    labels: np.ndarray, spacing: Spacing, description: Description, records: Sequence[LesionRecord]
) -> list[Check]:
    there = _lesions_in(labels)
    unclaimed = list(there)
    checks = []
    for index, finding in enumerate(description.findings):
        if not finding.drawn:
            continue
        mine: list[_Lesion] = []
        for record in records:
            same = [lesion for lesion in unclaimed if lesion.label == record.label == finding.label_key]
            if record.finding == index and same:
                centre = np.array(record.center_voxel)
                mine.append(min(same, key=lambda one: float(((one.positions - centre) ** 2).sum(axis=1).min())))
                unclaimed = [lesion for lesion in unclaimed if lesion is not mine[-1]]
        wanted = f"{len(mine)} of {finding.count} {finding.label_key} found"
        checks.append(Check(f"lesion:{index}:present", len(mine) == finding.count, wanted))
        if mine:
            checks.append(_placed(labels, spacing, finding, mine, index))
            checks.append(_sized(spacing, finding, mine, index))
    others = ", ".join(lesion.label for lesion in unclaimed) or "none"
    return [*checks, Check("no_other_lesion", not unclaimed, f"not asked for: {others}")]


def _lesions_in(labels: np.ndarray) -> list[_Lesion]:
    lesions = []
    for key in (k for k in values() if k.endswith("_tumor")):
        parts, _ = ndimage.label(labels == values()[key], TOUCHING)
        for number, box in enumerate(ndimage.find_objects(parts), start=1):
            lesions.append(_Lesion(key, box, parts[box] == number))
    return lesions


def _sized(spacing: Spacing, finding: Finding, lesions: Sequence[_Lesion], index: int) -> Check:
    low, high = stage_size_mm(finding)
    half_voxel = 0.5 * float(np.prod(spacing)) ** (1 / 3)
    sizes = [longest_extent(lesion.voxels, spacing) for lesion in lesions]
    passed = all(min(0.9 * low, low - half_voxel) <= size <= max(1.1 * high, high + half_voxel) for size in sizes)
    measured = ", ".join(f"{size:.0f}" for size in sizes)
    return Check(f"lesion:{index}:size", passed, f"{measured} mm, asked {low:.0f} to {high:.0f} mm")


def _placed(labels: np.ndarray, spacing: Spacing, finding: Finding, lesions: Sequence[_Lesion], index: int) -> Check:
    shares = [share_in_place(labels, spacing, finding, lesion.box, lesion.voxels) for lesion in lesions]
    sited = [in_site(labels, spacing, finding, lesion.positions) for lesion in lesions]
    detail = ", ".join(f"{share:.2f}" for share in shares) + " of it by its organ"
    if not all(sited):
        detail += f", outside the {' or '.join(asked_sites(finding))}"
    return Check(f"lesion:{index}:place", min(shares) >= IN_PLACE and all(sited), detail)


def share_in_place(labels: np.ndarray, spacing: Spacing, finding: Finding, box: Box, voxels: np.ndarray) -> float:
    """Part of a lesion's voxels that lie by the organ, side and lobe of its finding.

    A voxel does if the asked tissue is not farther away than half the lesion's length, and no other lobe, or the other
    kidney, is nearer by more than two voxels: a lesion replaces tissue, and what remains around it tells where it is.
    """
    keys = TUMOUR_ORGANS[str(finding.organ)]
    own = [key for key in keys if finding.side is None or finding.organ not in PAIRED or key.endswith(finding.side)]
    if finding.organ == "lung" and finding.site:
        own = [key for (_, lobe), key in LOBES.items() if lobe == finding.site and key in own]
    others = [key for key in keys if key not in own]
    reach = 0.5 * longest_extent(voxels, spacing) + 2 * max(spacing)
    margin = [int(np.ceil(reach / d)) for d in spacing]
    wide = tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n)) for s, m, n in zip(box, margin, labels.shape, strict=True)
    )
    part = labels[wide]
    inner = tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wide, strict=True))
    to_own = _distance(table_of(own)[part], spacing)[inner][voxels]
    to_others = _distance(table_of(others)[part], spacing)[inner][voxels]
    return float(((to_own <= reach) & (to_own <= to_others + 2 * max(spacing))).mean())


def _distance(mask: np.ndarray, spacing: Spacing) -> np.ndarray:
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing))


def in_site(labels: np.ndarray, spacing: Spacing, finding: Finding, positions: np.ndarray) -> bool:
    """Whether the middle of a lesion (voxel positions [n, 3]) lies in the pole, part or lobe of its finding."""
    organ = str(finding.organ)
    sites = asked_sites(finding)
    if not sites or organ == "lung":  # lobes are labels: `share_in_place` measures them
        return True
    middle = positions.mean(axis=0, keepdims=True)
    there = [key for key in TUMOUR_ORGANS[organ] if (labels == values()[key]).any()]
    if organ == "colon":
        return bool(there) and any(_in_part(labels, spacing, site, middle) for site in sites)
    if organ == "kidney" and finding.side:
        there = [key for key in there if key.endswith(finding.side)]
    if sites == ("caudate",):  # a small lobe: its masses outgrow it, and their middle lies outside
        return bool(there) and bool(belongs(labels, spacing, organ, "caudate", positions, SLACK[organ]).mean() > 0.1)
    return any(belongs(labels, spacing, key, site, middle, SLACK[organ])[0] for key in there for site in sites)


def _in_part(labels: np.ndarray, spacing: Spacing, part: str, middle: np.ndarray) -> bool:
    to_part, to_nearest = distances_to_part(labels, spacing, part, middle)
    return bool(to_part[0] <= to_nearest[0] + SLACK["colon"])
