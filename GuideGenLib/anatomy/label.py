"""One label of the anatomy table, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Phase = Literal["none", "arterial", "portal_venous", "delayed"]
PHASES: tuple[Phase, ...] = ("none", "arterial", "portal_venous", "delayed")

GROUPS = (
    "background", "tissue", "lungs", "heart", "vessels", "organs", "digestive", "pelvis", "bones", "nerves", "muscles",
    "lesions", "findings",
)  # fmt: skip
SWITCHES = {
    "organs": ("organs", "digestive", "pelvis", "heart", "lungs", "nerves"),
    "bones": ("bones",),
    "vessels": ("vessels",),
    "muscles": ("muscles",),
    "tissue": ("tissue",),
    "lesions": ("lesions", "findings"),
}
"""What users show and hide at once: the name of the switch, and its groups."""


@dataclass(frozen=True)
class Code:
    """A coded concept: its number, its meaning and the scheme that defines it (SNOMED CT)."""

    value: str
    meaning: str
    scheme: str = "SCT"


@dataclass(frozen=True)
class Hounsfield:
    """CT number of one structure in one contrast phase.

    mean: HU of the structure's interior, averaged over patients; sd: of that mean between patients, in HU.
    """

    mean: float
    sd: float


@dataclass(frozen=True)
class Label:
    """One row of Resources/anatomy.csv.

    value: the voxel value; key: the name in code; name: the name on screen; color: red, green, blue of 0..255.
    part_of: keys of the structures that the label is a part of (the organ of a tumour, the bowel around its gas).
    category, type, modifier, region: the coding of the segment, as Slicer and DICOM have it; modifier is the side.
    hu: one entry a contrast phase; texture_sd: of the single voxels within the structure, in HU.
    hu_source: where the HU come from, entries of Resources/anatomy_sources.md.
    totalsegmentator, guidegen21, maisi132: the classes of the other vocabularies that are this label, first the one
    that stands for it there.
    drawn_as: key of the label that stands for it in the networks, which know no findings; empty where they know it.
    """

    value: int
    key: str
    name: str
    color: tuple[int, int, int]
    group: str
    part_of: tuple[str, ...]
    category: Code | None
    type: Code | None
    modifier: Code | None
    region: Code | None
    hu: Mapping[Phase, Hounsfield]
    texture_sd: float
    hu_source: tuple[str, ...]
    synonyms: tuple[str, ...]
    totalsegmentator: tuple[str, ...]
    guidegen21: int | None
    maisi132: tuple[int, ...]
    drawn_as: str = ""

    @property
    def side(self) -> Literal["left", "right"] | None:
        """The patient's side, None for what lies in the middle or on both."""
        if self.key.endswith("_left"):
            return "left"
        return "right" if self.key.endswith("_right") else None

    @property
    def coding(self) -> tuple[str, str, str, str]:
        """The numbers of category, type, modifier and region, empty where there is none: no two labels share it."""
        category, kind, modifier, region = (
            code.value if code else "" for code in (self.category, self.type, self.modifier, self.region)
        )
        return category, kind, modifier, region
