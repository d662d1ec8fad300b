"""Where the tumour of a segmented CT lies: organ, side and site, told from the voxels about it.

A segmenter of CTs has one class for all tumours; which organ bears one is told by what surrounds it. Volumes are uint8
[z, y, x] in the canonical frame, values of the anatomy table, isotropic spacing in mm.
"""

from dataclasses import dataclass

import numpy as np

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, select
from GuideGenLib.anatomy.table import by_group
from GuideGenLib.core.components import largest_component
from GuideGenLib.description.model import SITES
from GuideGenLib.evaluation.measure import Tumour, neighbours
from GuideGenLib.evaluation.prompts.asked_site import misplaced
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion

PULL = {"lung": 1.0, "liver": 1.0, "kidney": 2.0, "colon": 2.0, "pancreas": 4.0}
"""Weight of what an organ has of a tumour's surroundings: lung and liver hold their tumours, those of small organs
grow out of them and touch many neighbours (chosen on population anatomies, whose tumours are known)."""


@dataclass(frozen=True)
class FoundSite:
    """organ: a key of SITES; side: of lung and kidney; sites: those of the organ that the tumour may be said to be in.

    Sites are several where borders are no labels (see places.py), and none where the landmarks are missing.
    """

    organ: str
    side: str | None
    sites: tuple[str, ...]

    def __str__(self) -> str:
        side = f"{self.side} " if self.side else ""
        return f"{side}{self.organ}" + (f" ({', '.join(self.sites)})" if self.sites else "")


def tumour_place(labels: np.ndarray, spacing: float) -> FoundSite | None:
    """The place of the largest tumour, of whatever lesion label; None without one, or when no organ is beside it."""
    lesion = select(labels, (row.key for row in by_group()["lesions"]))
    if not lesion.any():
        return None
    return _place(labels, largest_component(lesion), spacing)


def tumour_ml(labels: np.ndarray, spacing: float) -> float:
    """Volume of all tumours in ml."""
    return float(select(labels, (row.key for row in by_group()["lesions"])).sum() * spacing**3 / 1000)


def _place(labels: np.ndarray, voxels: np.ndarray, spacing: float) -> FoundSite | None:
    steps = (spacing, spacing, spacing)
    about = neighbours(labels, voxels, steps)
    contact = {organ: {key: about.get(key, 0.0) for key in keys} for organ, keys in TUMOUR_ORGANS.items()}
    pull = {organ: PULL[organ] * sum(shares.values()) for organ, shares in contact.items()}
    organ = max(pull, key=lambda key: pull[key])
    if pull[organ] == 0:
        return None
    nearest = max(contact[organ], key=lambda key: contact[organ][key])
    side = nearest.rsplit("_", 1)[1] if organ in ("lung", "kidney") else None
    tumour = Tumour(f"{organ}_tumor", voxels, np.argwhere(voxels).mean(axis=0) * spacing, 0.0)
    asked = [ExpectedLesion(organ, side, site) for site in SITES[organ]]
    return FoundSite(organ, side, tuple(one.site or "" for one in asked if not misplaced(labels, steps, tumour, one)))


def agrees(place: FoundSite | None, asked: ExpectedLesion) -> bool:
    """Whether a place is the one that was asked for: organ, and side and site where the text gives them."""
    return (
        place is not None
        and place.organ == asked.organ
        and (asked.side is None or place.side in (None, asked.side))
        and (asked.site is None or asked.site in place.sites)
    )
