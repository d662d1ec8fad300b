"""Whether a tumour lies where it was asked: by what it touches, and by where its middle is between landmarks.

Coarse on purpose: borders of poles, parts and lobes of the liver are no labels, so neighbouring parts overlap here and
a tumour fails only when a reader would call it misplaced. Lung lobes, kidneys and organs are labels, and told strictly.
"""

from collections.abc import Callable

import numpy as np

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS
from GuideGenLib.anatomy.table import by_group
from GuideGenLib.evaluation.measure import Spacing, Tumour, centre_mm, neighbours, points_mm
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion

LEAST_CONTACT = 0.05
"""Part of the 6 mm about a tumour that must be its organ; tumours of kidney, pancreas and colon often grow outwards."""
SURROUNDED = ("lung", "liver")
"""Organs large enough to hold their tumours: no other organ may have more of what is about them."""
CANTLIE_MM = 10.0
STEEPEST = np.deg2rad(35)
CAUDATE_MM = 45.0


def misplaced(labels: np.ndarray, spacing: Spacing, tumour: Tumour, asked: ExpectedLesion) -> str | None:
    """None when the tumour is in the asked organ, side and site, else a few words on where it is."""
    about = neighbours(labels, tumour.voxels, spacing)
    if tumour.label != asked.label:
        return f"is a {tumour.label}"
    own = {key: about.get(key, 0.0) for key in TUMOUR_ORGANS[asked.organ]}
    if sum(own.values()) < LEAST_CONTACT:
        return f"does not touch the {asked.organ} ({_most(about)} is next to it)"
    if asked.organ in SURROUNDED:
        organs = [row.key for group in ("lungs", "heart", "organs", "digestive") for row in by_group()[group]]
        others = {key: about.get(key, 0.0) for key in organs if key not in own}
        if max(others.values()) > sum(own.values()):
            return f"lies in {_most(others)} rather than in the {asked.organ}"
    nearest = max(own, key=lambda key: own[key])
    if asked.side and asked.organ in ("lung", "kidney") and not nearest.endswith(asked.side):
        return f"lies by {nearest}"
    if asked.site is None:
        return None
    if asked.organ == "lung":
        return None if asked.site in nearest else f"lies in {nearest}"
    return SITES[asked.organ](labels, spacing, tumour.centre, asked.site, nearest)


def _most(about: dict[str, float]) -> str:
    return max(about, key=lambda key: about[key])


def _kidney(labels: np.ndarray, spacing: Spacing, centre: np.ndarray, site: str, nearest: str) -> str | None:
    heights = points_mm(labels, spacing, nearest)[:, 0]
    along = float((centre[0] - heights.min()) / max(1.0, np.ptp(heights)))
    low, high = {"lower_pole": (-9, 0.45), "middle": (0.25, 0.75), "upper_pole": (0.55, 9)}[site]
    return None if low <= along <= high else f"at {along:.2f} of the height of {nearest}"


def _pancreas(labels: np.ndarray, spacing: Spacing, centre: np.ndarray, site: str, nearest: str) -> str | None:
    """Between the vena cava, in front of which the head lies, and the left kidney, in front of which the tail lies."""
    right = centre_mm(labels, spacing, ["inferior_vena_cava"])
    left = centre_mm(labels, spacing, ["kidney_left"])
    if right is None or left is None:
        return "cannot be told without vena cava and left kidney"
    along = float((centre[2] - right[2]) / (left[2] - right[2]))
    low, high = {"head": (-9, 0.35), "body": (0.1, 0.75), "tail": (0.5, 9)}[site]
    return None if low <= along <= high else f"at {along:.2f} from vena cava to left kidney"


def _liver(labels: np.ndarray, spacing: Spacing, centre: np.ndarray, site: str, nearest: str) -> str | None:
    """By the line from the vena cava to the gallbladder (Cantlie's), no more than 35 degrees off the sagittal plane."""
    heights = points_mm(labels, spacing, "liver")[:, 0]
    cava = points_mm(labels, spacing, "inferior_vena_cava")
    cava = cava[(cava[:, 0] >= heights.min()) & (cava[:, 0] <= heights.max())]
    if not len(cava):
        return "cannot be told without vena cava"
    hinge = cava.mean(axis=0)
    if site == "caudate":
        apart = float(np.linalg.norm((centre - hinge)[1:]))
        return None if apart <= CAUDATE_MM else f"{apart:.0f} mm from the vena cava"
    gallbladder = centre_mm(labels, spacing, ["gallbladder"])
    tilt = np.deg2rad(25)
    if gallbladder is not None and gallbladder[1] < hinge[1]:
        tilt = np.clip(np.arctan2(hinge[2] - gallbladder[2], hinge[1] - gallbladder[1]), 0, STEEPEST)
    leftwards = float((centre[2] - hinge[2]) * np.cos(tilt) + (hinge[1] - centre[1]) * np.sin(tilt))
    wrong = leftwards < -CANTLIE_MM if site == "left_lobe" else leftwards > CANTLIE_MM
    return f"{leftwards:.0f} mm to the left of Cantlie's line" if wrong else None


def _colon(labels: np.ndarray, spacing: Spacing, centre: np.ndarray, site: str, nearest: str) -> str | None:
    """Leftwards from the spine in half-widths of the colon, upwards from the promontory (0) to the top of L1 (1)."""
    lumbar = points_mm(labels, spacing, "vertebrae_lumbar")
    sacrum = points_mm(labels, spacing, "sacrum")
    bowel = points_mm(labels, spacing, "colon", "colon_gas", "colon_tumor")
    if not len(lumbar) or not len(sacrum):
        return "cannot be told without lumbar spine and sacrum"
    middle, bottom = lumbar.mean(axis=0), sacrum[:, 0].max()
    left = float((centre[2] - middle[2]) / np.percentile(np.abs(bowel[:, 2] - middle[2]), 99))
    up = float((centre[0] - bottom) / max(60.0, lumbar[:, 0].max() - bottom))
    ahead = float(middle[1] - centre[1])
    lies = {
        "cecum": left < -0.3 and up < 0.45,
        "ascending": left < -0.4 and -0.15 < up < 1.0,
        "hepatic_flexure": left < -0.25 and up > 0.45,
        "transverse": abs(left) < (0.85 if up > 0.45 else 0.55) and up > 0 and ahead > 30,
        "splenic_flexure": left > 0.4 and up > 0.6,
        "descending": left > 0.45 and -0.1 < up < 1.15,
        "sigmoid": left > -0.4 and up < 0.3 and ahead > -15,
        "rectum": abs(left) < 0.45 and up < -0.1 and ahead < 30,
    }[site]
    return None if lies else f"{left:.2f} half-widths to the left, {up:.2f} lumbar spines up, {ahead:.0f} mm ahead"


SITES: dict[str, Callable[[np.ndarray, Spacing, np.ndarray, str, str], str | None]] = {
    "kidney": _kidney, "pancreas": _pancreas, "liver": _liver, "colon": _colon,
}  # fmt: skip
