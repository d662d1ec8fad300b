"""The judge of a mask: what a label volume shows against what its prompt asked.

Counted on the voxels (`measure`, `asked_site`), never taken from the generator's records and checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, select
from GuideGenLib.anatomy.table import by_group, label, network_labels, values
from GuideGenLib.evaluation.measure import Spacing, Tumour, largest_share, tumours, volumes_ml
from GuideGenLib.evaluation.prompts.asked_site import misplaced
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion, Prompt
from GuideGenLib.judges.shares import Share, share
from GuideGenLib.mask.regions import ORGANS
from GuideGenLib.mask.rules import UNNAMED

Bounds = Mapping[str, Sequence[float]]
WHOLE = 0.95
LEAST_ML = 0.2
LEAST_OF_SMALLEST = 0.25
"""An organ counts as present from this part of the population's 1st percentile on: a crumb is no organ."""
SCATTERED = (
    "small_bowel", "colon", "colon_gas", "stomach_gas", "ribs_left", "ribs_right", "costal_cartilages", "muscle",
)  # fmt: skip
"""Bowel with its gas, ribs with cartilages, and muscle that no other label names; vessels and tissues besides."""
FROM_THE_MIDDLE = ("iliac_artery", "iliac_vein")
"""Pairs that begin at the midline or beyond it, as the aorta forks left of it: judged by where left and right lie to
each other."""
UNPAIRED_SIDES = {"liver": "right", "gallbladder": "right", "spleen": "left", "stomach": "left"}
GOALS = {
    "organ present": 0.98, "all organs present": 0.98, "organ in one piece": 0.95, "side right": 1.0,
    "volume in p1-p99": 0.95, "tumor exactly as asked": 0.98, "tumor in its place": 0.95, "tumor of its size": 0.90,
}  # fmt: skip
"""The figures in the order in which they are shown, each with the share that is wanted."""
UNITS = {
    "organ present": "organs", "organ in one piece": "organs", "side right": "organs", "volume in p1-p99": "organs",
    "tumor in its place": "tumors", "tumor of its size": "tumors",
}  # fmt: skip


@dataclass
class Verdict:
    """(right, cases) of each figure of GOALS that one volume has cases for, what was wrong in words, missing organs."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def count(self, figure: str, results: Sequence[str | None]) -> None:
        """Add cases: None where all is well, else the fault."""
        self.counts[figure] = (sum(result is None for result in results), len(results))
        self.faults += [f"{figure}: {result}" for result in results if result is not None]


def expected_organs(region: str, sex: str | None) -> list[str]:
    """Keys that a scan of the region must show: every organ of the table for the torso, a fixed list for its parts.

    What is only a part of an organ (bowel gas, vessels within the lungs) need not be there.
    """
    if region == "torso":
        apart = {"background", "stomach_gas", "colon_gas", "lung_vessel", "prostate", "uterus"}
        keys = [row.key for row in network_labels() if row.key not in apart and row.group != "lesions"]
    else:
        keys = sorted(ORGANS[region])
    if sex and ("pelvis" in region or region == "torso"):
        keys.append("prostate" if sex == "male" else "uterus")
    return keys


def failed(prompt: Prompt, reason: str) -> Verdict:
    """The verdict on a prompt that gave no volume: nothing of what was asked is there."""
    verdict = Verdict()
    verdict.faults.append(reason)
    organs, asked = len(expected_organs(prompt.region, prompt.sex)), len(prompt.lesions)
    sized = sum(lesion.mm is not None for lesion in prompt.lesions)
    verdict.counts = {
        "organ present": (0, organs), "all organs present": (0, 1), "tumor exactly as asked": (0, 1),
        "tumor in its place": (0, asked), "tumor of its size": (0, sized),
    }  # fmt: skip
    return verdict


def judge(labels: np.ndarray, spacing: Spacing, prompt: Prompt, bounds: Bounds | None = None) -> Verdict:
    """Judge labels uint8 [z, y, x] (canonical frame, spacing in mm) against a prompt.

    bounds: the population's 1st and 99th percentile of each organ's volume in ml, for whole torsos; without it volumes
    are not judged.
    """
    verdict = Verdict()
    volumes = volumes_ml(labels, spacing)
    organs = expected_organs(prompt.region, prompt.sex)
    whole = bounds if bounds and prompt.region == "torso" else {}
    _present(verdict, volumes, organs, whole)
    _pieces(verdict, labels)
    _sides(verdict, labels)
    if whole:
        _volumes(verdict, volumes, [key for key in organs if key in whole], whole)
    _tumours(verdict, labels, spacing, prompt.lesions)
    return verdict


def summary(verdicts: Sequence[Verdict]) -> dict[str, Share]:
    """Each figure over all volumes."""
    return {figure: share([verdict.counts.get(figure, (0, 0)) for verdict in verdicts]) for figure in GOALS}


def as_json(shares: Mapping[str, Share]) -> dict[str, dict[str, object]]:
    """Figures with the share that is wanted of them."""
    return {figure: {**asdict(found), "wanted": GOALS[figure]} for figure, found in shares.items()}


def _present(verdict: Verdict, volumes: Mapping[str, float], organs: Sequence[str], bounds: Bounds) -> None:
    results: list[str | None] = []
    for key in organs:
        least = max(LEAST_ML, LEAST_OF_SMALLEST * bounds[key][0]) if key in bounds else LEAST_ML
        there = volumes[key] >= least
        results.append(None if there else f"{key} has {volumes[key]:.1f} ml, {least:.1f} are wanted")
        verdict.missing += [] if there else [key]
    verdict.count("organ present", results)
    lost = len(verdict.missing)
    verdict.count("all organs present", [f"{lost} missing" if lost else None])


def _pieces(verdict: Verdict, labels: np.ndarray) -> None:
    """Organs with the tumours in them, which may part them."""
    boxes = ndimage.find_objects(labels, max_label=len(values()))
    results: list[str | None] = []
    for key, value in values().items():
        if label(key).group in ("background", "tissue", "vessels", "lesions", "findings") or key in SCATTERED:
            continue
        box = boxes[value - 1]
        if box is None:
            continue
        homes = [f"{organ}_tumor" for organ, keys in TUMOUR_ORGANS.items() if key in keys]
        part = largest_share(select(labels[box], [key, *homes]))
        results.append(None if part >= WHOLE else f"{key} has {part:.2f} in its largest piece")
    verdict.count("organ in one piece", results)


def _sides(verdict: Verdict, labels: np.ndarray) -> None:
    """Most voxels of an organ lie on its side of the spine; FROM_THE_MIDDLE: on its side of its partner's centre."""
    spine = np.argwhere(select(labels, ["vertebrae_thoracic", "vertebrae_lumbar", "sacrum"]))[:, 2]
    if not len(spine):
        return
    middle = float(spine.mean())
    leftwards, everywhere = (
        np.bincount(part.ravel(), minlength=256) for part in (labels[:, :, int(middle) + 1 :], labels)
    )
    for pair in FROM_THE_MIDDLE:
        sides = [values()[f"{pair}_left"], values()[f"{pair}_right"]]
        both = np.argwhere(np.isin(labels, sides))
        if all(everywhere[value] for value in sides):
            centre = np.mean([both[labels[tuple(both.T)] == value, 2].mean() for value in sides])
            for value in sides:
                leftwards[value] = (both[labels[tuple(both.T)] == value, 2] > centre).sum()
    results: list[str | None] = []
    for key, value in values().items():
        side = label(key).side or UNPAIRED_SIDES.get(key)
        if side is not None and label(key).group not in ("lesions", "findings") and everywhere[value]:
            left = float(leftwards[value] / everywhere[value])
            right = (left > 0.5) == (side == "left")
            results.append(None if right else f"{left:.2f} of {key} lies to the left of the spine")
    verdict.count("side right", results)


def _volumes(verdict: Verdict, volumes: Mapping[str, float], organs: Sequence[str], bounds: Bounds) -> None:
    """An organ may count with or without the tumours in it; tissue without a name has no usual volume."""
    results: list[str | None] = []
    for key in organs:
        if key == UNNAMED:
            continue
        tumour = sum(volumes[f"{organ}_tumor"] for organ, keys in TUMOUR_ORGANS.items() if key in keys)
        low, high = bounds[key]
        fits = volumes[key] <= high and volumes[key] + tumour >= low
        results.append(None if fits else f"{key} has {volumes[key]:.1f} ml, {low:.1f} to {high:.1f} are usual")
    verdict.count("volume in p1-p99", results)


def _tumours(verdict: Verdict, labels: np.ndarray, spacing: Spacing, asked: Sequence[ExpectedLesion]) -> None:
    there = tumours(labels, spacing)
    kinds = [row.key for row in by_group()["lesions"]]
    wrong = []
    for kind in kinds:
        found, wanted = (sum(one.label == kind for one in group) for group in (there, asked))
        if found != wanted:
            wrong.append(f"{found} {kind} instead of {wanted}")
    verdict.count("tumor exactly as asked", [", ".join(wrong) or None])
    if not asked:
        return
    pairs = _pairs(labels, spacing, there, asked)
    verdict.count("tumor in its place", [place for place, _ in pairs])
    sizes = [size for (_, size), lesion in zip(pairs, asked, strict=True) if lesion.mm is not None]
    if sizes:
        verdict.count("tumor of its size", sizes)


def _pairs(
    labels: np.ndarray, spacing: Spacing, there: Sequence[Tumour], asked: Sequence[ExpectedLesion]
) -> list[tuple[str | None, str | None]]:
    """Fault of place and fault of size of each asked lesion, each with the tumour that suits it best."""
    faults: list[tuple[str | None, str | None]] = [(f"no {one.label}",) * 2 for one in asked]
    for kind in {one.label for one in asked}:
        rows = [index for index, one in enumerate(asked) if one.label == kind]
        mine = [one for one in there if one.label == kind]
        if not mine:
            continue
        table = [
            [(misplaced(labels, spacing, one, asked[row]), missized(one, asked[row], spacing)) for one in mine]
            for row in rows
        ]
        cost = np.array([[2 * (place is not None) + (size is not None) for place, size in row] for row in table])
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            faults[rows[row]] = table[row][column]
    return faults


def missized(tumour: Tumour, asked: ExpectedLesion, spacing: Spacing) -> str | None:
    """None when the longest diameter is in the asked range, give or take half a voxel; a size in the text 10 %."""
    if asked.mm is None:
        return None
    low, high = asked.mm
    slack = 0.5 * float(np.prod(spacing)) ** (1 / 3)
    if low == high:
        slack = max(slack, 0.1 * low)
    fits = low - slack <= tumour.feret <= high + slack
    return None if fits else f"{tumour.label} of {tumour.feret:.0f} mm instead of {low:g} to {high:g}"
