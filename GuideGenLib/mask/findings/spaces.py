"""The spaces of the body that fluid or air may fill, and in what order it fills them; arrays [z, y, x], isotropic.

A space is where something may lie, and how hard each voxel is to reach, in mm: fluid takes the easiest. Patients lie on
their back: fluid is easiest at the back, air in front, both along the wall of their space, since the organ within it
recoils from the wall.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import LUNGS, select
from GuideGenLib.vessels.places import sided_lungs

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

CHEST_WALL = (
    "ribs_left", "ribs_right", "costal_cartilages", "sternum", "muscle", "subcutaneous_fat", "autochthon_left",
    "autochthon_right", "scapula_left", "scapula_right", "vertebrae_thoracic", "liver", "spleen", "stomach",
    "stomach_gas", "colon", "colon_gas", "kidney_left", "kidney_right",
)  # fmt: skip
"""What pleura lies on: the wall of the chest, and what is below the diaphragm; mediastinum and fissures are none."""
PERITONEAL = (
    "liver", "spleen", "stomach", "small_bowel", "colon", "colon_gas", "stomach_gas", "gallbladder", "urinary_bladder",
    "uterus",
)  # fmt: skip
RETROPERITONEAL = (
    "kidney_left", "kidney_right", "aorta", "inferior_vena_cava", "vertebrae_lumbar", "vertebrae_thoracic", "sacrum",
    "iliopsoas_left", "iliopsoas_right", "autochthon_left", "autochthon_right", "adrenal_left", "adrenal_right",
    "iliac_artery_left", "iliac_artery_right", "iliac_vein_left", "iliac_vein_right",
)  # fmt: skip
BEHIND_MM = 12.0
"""Fat so near to what lies behind the peritoneum is behind it, too."""
CAVITY_MM = 35.0
"""Fat farther from the organs of the peritoneum than this is that of the wall."""
CLIMB, BASE = 0.6, 0.12
"""Of a mm away from the back (or front), and from the base (or apex), beside a mm away from the wall."""
PERICARDIUM_ROOM = ("torso_fat", "body", *LUNGS, "lung_vessel")


@dataclass(frozen=True)
class Space:
    """room: where something may lie; reach: mm, the easiest voxels are taken first; inner: what is squeezed by it."""

    room: Mask
    reach: NDArray[np.float32]


def pleura(labels: Labels, spacing: float, side: str, lies: str) -> Space:
    """Of one lung: what fills it takes the place of lung, which gives way."""
    lung = np.zeros(labels.shape, bool)
    for name, lobes, box in sided_lungs(labels):
        if name == side:
            lung[box] = lobes > 0
    reach = np.full(labels.shape, np.inf, np.float32)
    if not lung.any():
        return Space(lung, reach)
    (box,) = ndimage.find_objects(lung.view(np.uint8))
    wide = tuple(slice(max(s.start - 4, 0), s.stop + 4) for s in box)
    wall = ndimage.distance_transform_edt(~select(labels[wide], CHEST_WALL), sampling=spacing)
    z, y, _ = (axis.astype(np.float32) * spacing for axis in np.ogrid[tuple(slice(0, n) for n in wall.shape)])
    back, base = (box[1].stop - wide[1].start) * spacing, (box[0].start - wide[0].start) * spacing
    front, apex = (box[1].start - wide[1].start) * spacing, (box[0].stop - wide[0].start) * spacing
    height = back - y + BASE / CLIMB * (z - base) if lies == "behind" else y - front + BASE / CLIMB * (apex - z)
    reach[wide] = wall + CLIMB * height
    return Space(lung, reach)


def peritoneum(labels: Labels, spacing: float, lies: str) -> Space:
    """Between the organs of the abdomen, in the place of fat."""
    room, reach = np.zeros(labels.shape, bool), np.full(labels.shape, np.inf, np.float32)
    organs = select(labels, PERITONEAL)
    if organs.any():
        (box,) = ndimage.find_objects(organs.view(np.uint8))
        margin = round((CAVITY_MM + BEHIND_MM) / spacing)
        wide = tuple(slice(max(side.start - margin, 0), side.stop + margin) for side in box)
        near = _cavity(labels[wide], spacing, lies)
        room[wide], reach[wide] = near.room, near.reach
    return Space(room, reach)


def _cavity(labels: Labels, spacing: float, lies: str) -> Space:
    """That of a part of the body in which all organs of the peritoneum are."""
    organs = select(labels, PERITONEAL)
    fat = select(labels, ("torso_fat", "body"))
    near = ndimage.distance_transform_edt(~organs, sampling=spacing)
    behind = ndimage.distance_transform_edt(~select(labels, RETROPERITONEAL), sampling=spacing)
    rows = np.flatnonzero(organs.any(axis=(1, 2)))
    room = fat & (near < CAVITY_MM) & (behind > BEHIND_MM)
    room[: rows[0]] = False
    (box,) = ndimage.find_objects(organs.view(np.uint8))
    z, y, _ = (axis.astype(np.float32) * spacing for axis in np.ogrid[tuple(slice(0, n) for n in labels.shape)])
    if lies == "behind":
        solid = ndimage.distance_transform_edt(
            ~select(labels, ("liver", "spleen", "urinary_bladder", "uterus")), sampling=spacing
        )
        height = box[1].stop * spacing - y + 0.1 * (z - box[0].start * spacing)
        reach = np.minimum(near + 12, solid) + 0.25 * height
    else:
        reach = near * 0.5 + (y - box[1].start * spacing)
    return Space(room, reach.astype(np.float32))


def pericardium(labels: Labels, spacing: float, lies: str) -> Space:
    """About the heart: what fills it pushes fat and lung away; thickest behind, the patient lies on the back."""
    heart = select(labels, ("heart",))
    reach = np.full(labels.shape, np.inf, np.float32)
    if not heart.any():
        return Space(heart, reach)
    (box,) = ndimage.find_objects(heart.view(np.uint8))
    margin = round(45 / spacing)
    wide = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in box)
    away = ndimage.distance_transform_edt(~heart[wide], sampling=spacing)
    y = np.arange(away.shape[1], dtype=np.float32)[None, :, None] + wide[1].start
    share = (y - box[1].start) / max(box[1].stop - box[1].start, 1)  # 0 in front, 1 behind
    thickness = 0.5 + 0.7 * np.clip(share, 0, 1) if lies == "behind" else 1.2 - 0.7 * np.clip(share, 0, 1)
    reach[wide] = away / thickness
    return Space(select(labels, PERICARDIUM_ROOM), reach)


SPACES: dict[str, Callable[..., Space]] = {"peritoneum": peritoneum, "pericardium": pericardium}
"""Of those that have no sides; `pleura` has two."""
