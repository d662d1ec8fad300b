"""SNOMED CT codings of others that mean one of our labels: TotalSegmentator's classes and Slicer's own list.

What Resources/anatomy.csv has itself is not repeated here. TotalSegmentator's codes are those of the mapping that it
publishes for DICOM; a class of it becomes the label that `anatomy.maps` says.
"""

from collections.abc import Mapping
from types import MappingProxyType

LEFT, RIGHT = "7771000", "24028007"
SIDES = {"left": LEFT, "right": RIGHT}

RIBS = (
    "48535007", "78247007", "25888004", "25523003", "15339008", "59558009", "24915002", "5953002", "22565002",
    "77644006", "58830002", "43993008",
)  # fmt: skip
"""First to twelfth rib."""

VERTEBRAE = MappingProxyType(
    {
        "vertebrae_cervical": (
            "14806007", "39976000", "113205007", "5329002", "36978003", "36054005", "87391001", "122494005",
        ),
        "vertebrae_thoracic": (
            "64864005", "53733008", "1626008", "73071006", "56401006", "45296009", "62487009", "11068009", "82687006",
            "7610001", "12989004", "23215003", "122495006",
        ),
        "vertebrae_lumbar": ("66794005", "14293000", "36470004", "11994002", "49668003", "122496007"),
        "sacrum": ("65985001",),
    }
)  # fmt: skip
"""Single vertebrae from above, then the section of the spine as a whole."""

GLUTEAL_MUSCLES = ("181674001", "78333006", "75297007")

ANY_SIDE: Mapping[str, str] = MappingProxyType(
    {
        "12691009": "great_arteries",  # brachiocephalic artery
        "29700009": "great_arteries",  # subclavian artery
        "32062004": "great_arteries",  # common carotid artery
        "8887007": "great_veins",  # brachiocephalic vein
        "68786006": "heart",  # auricular appendage
        "82471001": "heart",  # left atrium
        "73829009": "heart",  # right atrium
        "74281007": "heart",  # myocardium
        "87878005": "heart",  # left ventricle
        "53085002": "heart",  # right ventricle
        "110726009": "trachea",  # trachea and bronchus
        "71616004": "muscle",
        "372074006": "muscle",  # of the chest wall
        "195879000": "muscle",  # of the abdominal wall
        "248300009": "torso_fat",  # body fat
        "78014005": "urinary_bladder",  # urine
        "12738006": "body",  # brain
        "89546000": "body",  # skull
        "22943007": "body",  # trunk
        "66019005": "body",  # limb
        "39937001": "body",  # skin
        "21793004": "body",  # connective tissue
    }
)
"""Type code to label key, whatever the modifier."""

MASSES = ("108369006", "86049000", "14799000", "4147007", "27925004", "52988006")
"""Types that are a lesion of the organ in their region: neoplasm, primary, secondary, mass, nodule, lesion."""

HEAD = ("12738006", "89546000")
"""Brain and skull, which are body by label."""

CYST, KIDNEY = "367643001", "64033007"


def key_by_type(kind: str, modifier: str) -> str | None:
    """Our label key of a type and modifier code that are not in the anatomy table, None where there is none."""
    if kind in ANY_SIDE:
        return ANY_SIDE[kind]
    for key, codes in VERTEBRAE.items():
        if kind in codes:
            return key
    for side, code in SIDES.items():
        if modifier == code and kind in RIBS:
            return f"ribs_{side}"
        if modifier == code and kind in GLUTEAL_MUSCLES:
            return f"gluteus_{side}"
    return None
