"""In what a lesion lies: what heals it, where it grows, and what gives way; labels [z, y, x], spacing in mm."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.anatomy.structures import TUMOUR_ORGANS, lobes_of, select
from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.description.model import Finding
from GuideGenLib.mask.findings.shapes import Spacing
from GuideGenLib.mask.findings.solid import MANNERS
from GuideGenLib.mask.findings.tissue import FILLERS, lung_margin, movable

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

OWN_MM = {"lung": 10.0, "liver": 8.0, "kidney": 3.0, "pancreas": 3.0, "colon": 3.0}
"""What a lesion leaves is its organ's where fat is not nearer by more than this; by judgement."""
OWN_MM_OF_OTHERS = 3.0
CORE = 0.8
"""Of the radius of a mass by its recipe, where that tells none (`mask.findings.masses`)."""


@dataclass(frozen=True)
class Bed:
    """own: labels of the organ that heals what a lesion leaves, where fat is not nearer by more than own_mm; home:
    where it grows first; beside: of a box of labels, into what it grows next; soft: what it pushes aside at last, but
    for the part `core` of its radius, which is consumed."""

    own: tuple[str, ...]
    own_mm: float
    home: tuple[str, ...]
    beside: Callable[[Labels], Mask]
    soft: Callable[[Labels], Mask]
    core: float


def bed_of(finding: Finding, spacing: Spacing, side: str | None) -> Bed:
    """Of a finding that is a tumour or grows as a mass; side: of the lung, kidney or whatever it lies in."""
    recipe = finding.recipe
    if recipe is None:
        return _of_tumour(str(finding.organ), spacing, side)
    how = recipe.options
    home = _sided(how["home"], side)
    gives_way = (*home, *_sided(how.get("into", ()), None), *_sided(how.get("pushes", FILLERS), None))
    into = _sided(how.get("into", ()), None)
    return Bed(
        home, OWN_MM_OF_OTHERS, home, lambda part: select(part, into), lambda part: select(part, gives_way),
        how.get("core", CORE),
    )  # fmt: skip


def _of_tumour(organ: str, spacing: Spacing, side: str | None) -> Bed:
    own = TUMOUR_ORGANS[organ]
    if organ == "lung":
        home = (*(lobes_of(side) if side else own), "lung_vessel")
    else:
        home = tuple(key for key in own if organ != "kidney" or side is None or key.endswith(side))
    return Bed(
        own,
        OWN_MM[organ],
        home,
        lambda part: lung_margin(part, spacing, side) if organ == "lung" else select(part, FILLERS),
        lambda part: movable(part, spacing, organ, side),
        MANNERS[organ].core if organ in MANNERS else 1.0,
    )


def lesion_keys() -> list[str]:
    """The labels of tumours and of findings: no other lesion heals one, or gives way to it."""
    return [row.key for group in ("lesions", "findings") for row in by_group()[group]]


def _sided(keys: Iterable[str], side: str | None) -> tuple[str, ...]:
    """Labels by names that may leave their side out: "kidney"."""
    sides = (side,) if side else ("left", "right")
    return tuple(name for key in keys for name in ([key] if key in values() else [f"{key}_{one}" for one in sides]))
