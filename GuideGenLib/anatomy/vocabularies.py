"""The label sets of others: class value to class name, as their authors publish them.

TotalSegmentator v2: the 117 classes of the task "total" (wasserth/TotalSegmentator, class map).
GuideGen: the 21 classes of arXiv 2403.07247.
MAISI: the 132-class set of NV-Generate-CTMR (configs/label_dict.json) with its body envelope 200; its unnamed
places (2, 16, 18, 20, 21, 129, 130, 131) are left out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Vocabulary = Literal["totalsegmentator", "guidegen21", "maisi132"]

SIDES = ("left", "right")
# From the pelvis upwards, the order in which both sets count.
SPINE = (
    *(f"L{number}" for number in range(5, 0, -1)),
    *(f"T{number}" for number in range(12, 0, -1)),
    *(f"C{number}" for number in range(7, 0, -1)),
)

TOTALSEGMENTATOR = (
    "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
    "adrenal_gland_left", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right",
    "lung_middle_lobe_right", "lung_lower_lobe_right", "esophagus", "trachea", "thyroid_gland", "small_bowel",
    "duodenum", "colon", "urinary_bladder", "prostate", "kidney_cyst_left", "kidney_cyst_right", "sacrum",
    "vertebrae_S1", *(f"vertebrae_{level}" for level in SPINE),
    "heart", "aorta", "pulmonary_vein", "brachiocephalic_trunk", "subclavian_artery_right", "subclavian_artery_left",
    "common_carotid_artery_right", "common_carotid_artery_left", "brachiocephalic_vein_left",
    "brachiocephalic_vein_right", "atrial_appendage_left", "superior_vena_cava", "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
    *(f"{paired}_{side}" for paired in ("iliac_artery", "iliac_vena", "humerus", "scapula", "clavicula", "femur", "hip")
      for side in SIDES),
    "spinal_cord",
    *(f"{paired}_{side}" for paired in ("gluteus_maximus", "gluteus_medius", "gluteus_minimus", "autochthon",
                                        "iliopsoas") for side in SIDES),
    "brain", "skull", *(f"rib_{side}_{number}" for side in SIDES for number in range(1, 13)), "sternum",
    "costal_cartilages",
)  # fmt: skip

GUIDEGEN21 = (
    "background", "spleen", "kidney", "liver", "stomach", "pancreas", "lung", "small bowel", "duodenum", "colon",
    "bladder", "heart", "vertebrae", "ribs", "adrenal glands", "portal and splenic vein", "esophagus", "aorta",
    "inferior vena cava", "gallbladder", "tumor",
)  # fmt: skip

MAISI132 = (
    "liver", "", "spleen", "pancreas", "right kidney", "aorta", "inferior vena cava", "right adrenal gland",
    "left adrenal gland", "gallbladder", "esophagus", "stomach", "duodenum", "left kidney", "bladder", "",
    "portal vein and splenic vein", "", "small bowel", "", "", "brain", "lung tumor", "pancreatic tumor",
    "hepatic vessel", "hepatic tumor", "colon cancer primaries", "left lung upper lobe", "left lung lower lobe",
    "right lung upper lobe", "right lung middle lobe", "right lung lower lobe",
    *(f"vertebrae {level}" for level in SPINE), "trachea",
    *(f"{side} {paired}" for paired in ("iliac artery", "iliac vena") for side in SIDES), "colon",
    *(f"{side} rib {number}" for side in SIDES for number in range(1, 13)),
    *(f"{side} {paired}" for paired in ("humerus", "scapula", "clavicula", "femur", "hip") for side in SIDES), "sacrum",
    *(f"{side} {paired}" for paired in ("gluteus maximus", "gluteus medius", "gluteus minimus", "autochthon",
                                        "iliopsoas") for side in SIDES),
    "left atrial appendage", "brachiocephalic trunk", "left brachiocephalic vein", "right brachiocephalic vein",
    "left common carotid artery", "right common carotid artery", "costal cartilages", "heart", "left kidney cyst",
    "right kidney cyst", "prostate", "pulmonary vein", "skull", "spinal cord", "sternum", "left subclavian artery",
    "right subclavian artery", "superior vena cava", "thyroid gland", "vertebrae S1", "bone lesion", "", "", "",
    "airway",
)  # fmt: skip


def _counted(names: tuple[str, ...], first: int, **further: int) -> Mapping[int, str]:
    """Names in order of their values, which begin with `first`; an empty name is a place that nobody uses."""
    classes = {value: name for value, name in enumerate(names, start=first) if name}
    return MappingProxyType(classes | {value: name for name, value in further.items()})


VOCABULARIES: Mapping[Vocabulary, Mapping[int, str]] = MappingProxyType(
    {
        "totalsegmentator": _counted(TOTALSEGMENTATOR, 1, background=0),
        "guidegen21": _counted(GUIDEGEN21, 0),
        "maisi132": _counted(MAISI132, 1, background=0, body=200),
    }
)
