"""Where a finding may lie: organ, side and lobe, pole or part, from the labels and their geometry."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from GuideGenLib.anatomy.structures import LOBES, TUMOUR_ORGANS
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.colon import bowel_frame, parts_of, voxels_of_part
from GuideGenLib.mask.findings.segments import narrowed
from GuideGenLib.mask.findings.shapes import Spacing

LEAST_ML = {"lung": 20.0, "liver": 50.0, "kidney": 5.0, "pancreas": 2.0, "colon": 10.0}
"""Less of an organ than this is a cut remnant, in which no lesion is placed."""
COLON_SIDES = {
    "right": ("cecum", "ascending", "hepatic_flexure"),
    "left": ("splenic_flexure", "descending", "sigmoid"),
}
CAUDATE_MM = 16.0
STEEPEST = 0.7
"""Largest tilt of the plane between the lobes of the liver: rightwards per forwards, 35 degrees."""


class LesionError(GuideGenError):
    """A lesion was asked for that this anatomy cannot hold; the message names the organ and a remedy."""


@dataclass(frozen=True)
class Place:
    """Where the centre of a lesion may lie.

    `voxels` [n, 3] (z, y, x); `home` are the label keys of the tissue that the lesion belongs to.
    """

    organ: str
    side: str | None
    site: str | None
    home: tuple[str, ...]
    voxels: np.ndarray
    note: str = ""


def find_place(labels: np.ndarray, spacing: Spacing, finding: Finding, rng: np.random.Generator) -> Place:
    """The place that a finding names, drawn at random where the finding leaves it open.

    A part of the colon that the volume lacks is replaced by its neighbour, with a note. Raises LesionError if the
    organ, the asked side of it or the asked lobe of a lung is not there.
    """
    organ = str(finding.organ)
    place = {"lung": _lung, "kidney": _kidney}.get(organ, _unpaired)(labels, spacing, finding, rng)
    if place.note:  # the asked part is not there: nor is its segment
        return place
    return replace(place, voxels=narrowed(place.voxels, organ, place.side, finding.segment))


def asked_sites(finding: Finding) -> tuple[str, ...]:
    """The sites that a finding leaves open, none if any will do; of liver and colon a side names some too."""
    if finding.site is not None:
        return (finding.site,)
    if finding.organ == "liver" and finding.side:
        return (f"{finding.side}_lobe",)
    if finding.organ == "colon" and finding.side:
        return COLON_SIDES[finding.side]
    return ()


def _unpaired(labels: np.ndarray, spacing: Spacing, finding: Finding, rng: np.random.Generator) -> Place:
    """Liver, pancreas or colon."""
    organ = str(finding.organ)
    voxels = _tissue(labels, spacing, organ, TUMOUR_ORGANS[organ], organ)
    asked = asked_sites(finding)
    if organ == "colon":
        return _colon(labels, spacing, voxels, asked, rng)
    site = asked[0] if asked else None
    chosen, note = _of_site(labels, spacing, organ, voxels, site)
    return Place(organ, None, None if note else site, TUMOUR_ORGANS[organ], chosen, note)


def _colon(
    labels: np.ndarray, spacing: Spacing, voxels: np.ndarray, asked: tuple[str, ...], rng: np.random.Generator
) -> Place:
    frame = bowel_frame(labels, spacing)
    site = asked[0] if asked else None
    if len(asked) != 1:
        parts = parts_of(voxels, frame, spacing)
        open_parts = parts[np.isin(parts, asked)] if asked else parts
        site = str(open_parts[rng.integers(len(open_parts))]) if len(open_parts) else asked[0]
    candidates, note = voxels_of_part(labels, spacing, str(site))
    realised = str(parts_of(candidates[:1], frame, spacing)[0]) if note else site
    return Place("colon", None, realised, TUMOUR_ORGANS["colon"], candidates, note)


def _tissue(labels: np.ndarray, spacing: Spacing, organ: str, keys: tuple[str, ...], name: str) -> np.ndarray:
    voxels = np.argwhere(np.isin(labels, [values()[key] for key in keys]))
    if len(voxels) * np.prod(spacing) / 1000 < LEAST_ML[organ]:
        msg = f"the anatomy holds no {name}: choose a region that holds the {name}, or describe a lesion elsewhere"
        raise LesionError(msg)
    return voxels


def _lung(labels: np.ndarray, spacing: Spacing, finding: Finding, rng: np.random.Generator) -> Place:
    site = finding.site
    lobes = [(side, lobe) for side, lobe in LOBES if finding.side in (None, side)]
    asked = [place for place in lobes if site in (None, place[1])]
    if not asked:
        msg = f"the {finding.side} lung has no {str(site).replace('_', ' ')}: name another lobe or the right lung"
        raise LesionError(msg)
    name = f"{finding.side} lung" if finding.side else "lung"
    _tissue(labels, spacing, "lung", tuple(LOBES[place] for place in lobes), name)
    counts = np.bincount(labels.ravel(), minlength=256) * np.prod(spacing) / 1000
    volumes = {place: counts[values()[LOBES[place]]] for place in lobes}
    there = [place for place in asked if volumes[place] >= LEAST_ML["lung"]]
    if not there:
        name = " ".join(asked[0] if finding.side else (site or "lung",)).replace("_", " ")
        msg = f"the anatomy holds no {name}: choose a region that holds the {name}, or describe a lesion elsewhere"
        raise LesionError(msg)
    weights = np.array([volumes[place] for place in there])
    side, lobe = there[int(rng.choice(len(there), p=weights / weights.sum()))]
    key = LOBES[side, lobe]
    return Place("lung", side, lobe, (key,), np.argwhere(labels == values()[key]))


def _kidney(labels: np.ndarray, spacing: Spacing, finding: Finding, rng: np.random.Generator) -> Place:
    site = finding.site
    sides = [finding.side] if finding.side else ["left", "right"]
    least = LEAST_ML["kidney"] * 1000 / np.prod(spacing)
    there = [side for side in sides if (labels == values()[f"kidney_{side}"]).sum() >= least]
    name = f"{finding.side} kidney" if finding.side else "kidney"
    side = str(there[int(rng.integers(len(there)))]) if there else sides[0]
    key = f"kidney_{side}"
    voxels, note = _of_site(labels, spacing, key, _tissue(labels, spacing, "kidney", (key,), name), site)
    return Place("kidney", side, None if note else site, (key,), voxels, note)


def _of_site(
    labels: np.ndarray, spacing: Spacing, organ: str, voxels: np.ndarray, site: str | None
) -> tuple[np.ndarray, str]:
    if site is None:
        return voxels, ""
    inside = belongs(labels, spacing, organ, site, voxels)
    clearly = belongs(labels, spacing, organ, site, voxels, slack=-10.0 if organ == "liver" else -0.04)
    if clearly.sum() > 0.25 * inside.sum():
        inside = clearly
    if inside.sum() >= 8:
        return voxels[inside], ""
    return voxels, f"no {site.replace('_', ' ')} can be told in this {organ.split('_')[0]}: placed anywhere in it"


def belongs(
    labels: np.ndarray, spacing: Spacing, organ: str, site: str, voxels: np.ndarray, slack: float = 0.0
) -> np.ndarray:
    """For each voxel position [n, 3] whether it lies in a site of an organ; `slack` widens the site.

    `organ` is liver, pancreas, colon, or the label key of a kidney or lung lobe (a lobe is its own site). Slack is in
    mm for the liver, otherwise in parts of the organ's length.
    """
    v = values()
    if organ.startswith("kidney"):
        heights = np.nonzero((labels == v[organ]).any(axis=(1, 2)))[0]
        along = (voxels[:, 0] - heights[0] + 0.5) / (heights[-1] - heights[0] + 1)
        low, high = {"lower_pole": (-9.0, 1 / 3), "middle": (1 / 3, 2 / 3), "upper_pole": (2 / 3, 9.0)}[site]
        return (along >= low - slack) & (along <= high + slack)
    if organ == "pancreas":
        across = np.nonzero((labels == v["pancreas"]).any(axis=(0, 1)))[0]
        along = (voxels[:, 2] - across[0] + 0.5) / (across[-1] - across[0] + 1)
        low, high = {"head": (-9.0, 0.35), "body": (0.35, 0.7), "tail": (0.7, 9.0)}[site]
        return (along >= low - slack) & (along <= high + slack)
    if organ == "liver":
        return _in_liver_site(labels, spacing, site, voxels, slack)
    msg = f"the {organ} has no sites that are told by position"
    raise ValueError(msg)


def _in_liver_site(labels: np.ndarray, spacing: Spacing, site: str, voxels: np.ndarray, slack_mm: float) -> np.ndarray:
    if site == "caudate":
        vena_cava = np.argwhere(labels == values()["inferior_vena_cava"]) * np.asarray(spacing)
        if len(vena_cava) == 0:
            return np.zeros(len(voxels), dtype=bool)
        points = voxels * np.asarray(spacing)
        distance, nearest = cKDTree(vena_cava).query(points, distance_upper_bound=CAUDATE_MM + slack_mm)
        near = np.isfinite(distance)
        before = np.zeros(len(voxels), dtype=bool)
        before[near] = points[near, 1] <= vena_cava[nearest[near], 1] + 3.0
        leftwards = np.zeros(len(voxels), dtype=bool)
        leftwards[near] = points[near, 2] >= vena_cava[nearest[near], 2] - 9.0 - slack_mm
        return near & before & leftwards
    to_left = _left_of_cantlie(labels, spacing, voxels)
    return to_left >= -slack_mm if site == "left_lobe" else to_left <= slack_mm


def _left_of_cantlie(labels: np.ndarray, spacing: Spacing, voxels: np.ndarray) -> np.ndarray:
    """Distance in mm to the left of the plane through vena cava and gallbladder that parts the lobes of the liver."""
    v = values()
    liver = np.argwhere(labels == v["liver"]) * np.asarray(spacing)
    cava = np.argwhere(labels == v["inferior_vena_cava"]) * np.asarray(spacing)
    behind = cava[cava[:, 0] >= np.percentile(liver[:, 0], 20)] if len(cava) else cava
    bladder = np.argwhere(labels == v["gallbladder"]) * np.asarray(spacing)
    if len(behind) == 0:  # no landmark: the right lobe is the larger one, about two thirds of the width
        return voxels[:, 2] * spacing[2] - np.quantile(liver[:, 2], 0.65)
    hinge = behind[:, 1:].mean(axis=0)
    forward = np.array([-1.0, -0.45])  # without a gallbladder: forwards and somewhat to the right
    if len(bladder) * np.prod(spacing) > 500:
        towards = bladder[:, 1:].mean(axis=0) - hinge
        if towards[0] < -10:
            forward = towards
    forward[1] = np.clip(forward[1], STEEPEST * forward[0], 0)
    forward = forward / np.linalg.norm(forward)
    y, x = (voxels[:, 1:] * np.asarray(spacing[1:]) - hinge).T
    return np.asarray(y * forward[1] - x * forward[0])
