"""Bones: a thin dense cortex about a darker spongy inside, drawn by rule from their labels.

Scanners see a cortex thinner than their resolution as a ridge whose area is its thickness times its density (Treece,
Med Image Anal 2012;16:952): what is drawn is the shell after such a blur, at its place between the voxels. Thickness:
vertebrae 0.2 to 0.5 mm (Ritzel, J Bone Miner Res 1997;12:89), ribs 0.7 (Mohr, J Biomech 2010;43:1310 gives 0.5 to 1),
pelvis 1.4 (Anderson, J Biomech Eng 2005;127:364), head of the femur about 1 and its shaft 4 and more (Treece). The
others lie between by judgement; that of the pelvis is half of it, as thicker ones are sharper than in real scans. One
voxel inside each label keeps the table's mean HU, of vertebrae in front of the canal: the arch behind it is 1.4 to 2.5
times as dense in fifteen scans.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.random_fields import smooth_at
from GuideGenLib.vessels.places import Box, Mask, box_of, shared

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Kind:
    """cortex_mm: thickness; core: HU far from the cortex, of those beside it; shaft_mm: thickness of the cortex of a
    long bone SHAFT_BELOW_MM and more below its upper end, None for other bones; arch: whether it has one."""

    cortex_mm: float
    core: float
    shaft_mm: float | None = None
    arch: bool = False


ARCH_MM, ARCH = 0.8, 1.5
"""Thickness of the cortex of an arch, and how much denser it is inside than the body: more would
take the whole bone farther from the mean HU of the table."""
ARCH_FROM_MM = (-8.0, 3.0)
"""Behind the middle of the spinal cord: there the body ends and the arch begins; pedicles are between them."""
KINDS: tuple[Mapping[str, Kind], ...] = (
    {
        "vertebrae_cervical": Kind(0.4, 0.7, arch=True),
        "vertebrae_thoracic": Kind(0.4, 0.7, arch=True),
        "vertebrae_lumbar": Kind(0.4, 0.7, arch=True),
        "vertebral_fracture": Kind(0.5, 0.7),
        "sacrum": Kind(0.4, 0.5),
        "clavicle_left": Kind(0.9, 0.4),
        "clavicle_right": Kind(0.9, 0.4),
        "humerus_left": Kind(0.7, 0.4, 3.0),
        "humerus_right": Kind(0.7, 0.4, 3.0),
        "femur_left": Kind(0.8, 0.5, 4.0),
        "femur_right": Kind(0.8, 0.5, 4.0),
    },
    {
        "ribs_left": Kind(0.68, 0.5),
        "ribs_right": Kind(0.68, 0.5),
        "sternum": Kind(0.5, 0.5),
        "scapula_left": Kind(0.7, 0.5),
        "scapula_right": Kind(0.7, 0.5),
        "hip_left": Kind(0.7, 0.4),
        "hip_right": Kind(0.7, 0.4),
    },
)
"""Bones in two groups: no two of a group share a joint, so that both sides of one have their cortex."""
WITHIN = ("bone_lesion", "sclerotic_bone_lesion", "osteophyte")
"""What lies in bones: they have no cortex towards it."""
CORD = "spinal_cord"
"""By which the arch of a vertebra is told from its body."""
DENSE = 1080.0
"""HU of cortex that fills a voxel. What age takes of the HU of a bone is taken of its spongy part."""
SHAFT_BELOW_MM = (60.0, 120.0)
SEEN_MM = 1.0
"""Standard deviation of the blur of scanner and voxel. With it, DENSE and the thicknesses the steepest rise at the
cortex is that of real scans at 2 mm."""
SMOOTH = 1.0
"""Standard deviation in voxels of the blur by which depths are told; labels are no smoother."""
LOOKED_AT = 4
"""Voxels about a bone that the blur and the erosion of its label reach."""
FADES_MM = 4.5
"""From the cortex inwards spongy bone fades to the core."""
PATTERNS = ((3.5, 0.09), (11.0, 0.12))
"""Widths in mm of the patterns of its trabeculae and of their bundles, and standard deviations in parts of the HU."""
UNEVEN_MM, UNEVEN = 14.0, 0.35
"""Over what distance the thickness of the cortex varies, and its standard deviation in parts of it."""
BEYOND_MM = 0.9
"""Labels reach so far beyond the cortex: of three labelled scans it is brightest 2 mm inside."""
AROUND = (-100.0, 60.0)
"""HU of what lies between it and the border of the label: as the networks drew it, between those of fat and muscle."""
OWN_VOXELS = 11
"""Cubes of so many voxels on each side are as dense as the rule says. How dense each place within them is the networks
tell, which know of endplates, pedicles and joints: without it bones have an even white rim about an even inside, and
less than half of the spread of HU of real ones."""
SLICES = 72
OWN = (0.25, 3.0)
"""Least and most of the networks' HU over their mean in such a cube."""
LEAST_MEAN = 60.0
"""HU below which a mean is taken to be this."""
SCALES = (0.05, 2.0)
"""Spongy bone is made lighter or darker by so much at most to have the mean of the table."""


def with_bones(hu: Field, canvas: Canvas) -> Field:
    """HU [z, y, x] of the canvas's window with cortex and inside of the bones."""
    bones = select(canvas.labels[canvas.window], (*KINDS[0], *KINDS[1]))
    if not bones.any():
        return hu
    own, owner = _own_density(hu, bones), canvas.labels[canvas.window][bones]
    places = ndimage.find_objects(canvas.labels)
    for kinds in KINDS:
        whole = select(canvas.labels, (*kinds, *WITHIN))
        for key, kind in kinds.items():
            value = values()[key]
            place = places[value - 1] if value <= len(places) else None
            seen = place and shared(place, canvas.window, canvas.labels.shape)
            if not place or not seen:
                continue
            inner, part = seen
            drawn, filled = canvas.kept.get(
                ("bone", key), (*kinds, *WITHIN, CORD), partial(_drawn, whole, place, value, kind, canvas)
            )
            mine = canvas.labels[place] == value
            within = np.zeros(mine.shape, bool)
            within[inner] = True
            shown, chosen = mine[inner], within[mine]
            around = np.clip(hu[part][shown], *AROUND)
            hu[part][shown] = drawn[chosen] * own[owner == value] + (1 - filled[chosen]) * around
    return hu


def _own_density(hu: Field, bones: Mask) -> Field:
    """HU [n] of the voxels of bones over the mean of the bones about each."""
    parts, reach = [], OWN_VOXELS // 2
    _, y, x = box_of(bones, reach)
    hu, bones = hu[:, y, x], bones[:, y, x]
    for low in range(0, len(bones), SLICES):  # a few slices at a time, as all would take 200 MB of a torso
        first = max(0, low - reach)
        around, mine = slice(first, low + SLICES + reach), slice(low - first, low - first + SLICES)
        there = bones[low : low + SLICES]
        share = ndimage.uniform_filter(bones[around].astype(np.float32), OWN_VOXELS)[mine][there]
        total = ndimage.uniform_filter(np.where(bones[around], hu[around], 0), OWN_VOXELS)[mine][there]
        mean = np.maximum(total / np.maximum(share, 1e-3), LEAST_MEAN)
        parts.append(np.clip(hu[low : low + SLICES][there] / mean, *OWN).astype(np.float32))
    return np.concatenate(parts)


def _drawn(whole: Mask, place: Box, value: int, kind: Kind, canvas: Canvas) -> tuple[Field, Field]:
    """Of the voxels of a bone in its place their HU [n], and the share [n] that bone fills; whole: all of its group."""
    spacing = canvas.spacing
    wide = tuple(
        slice(max(0, side.start - LOOKED_AT), min(n, side.stop + LOOKED_AT))
        for side, n in zip(place, whole.shape, strict=True)
    )
    middle = tuple(slice(p.start - w.start, p.stop - w.start) for p, w in zip(place, wide, strict=True))
    blurred = ndimage.gaussian_filter(whole[wide].astype(np.float32), SMOOTH, mode="nearest", truncate=3)[middle]
    beneath = ndimage.binary_erosion(whole[wide], border_value=1)[middle]
    own = canvas.labels[place] == value
    voxels = np.argwhere(own) + [side.start for side in place]
    deep = special.ndtri(np.clip(blurred[own], 0.01, 0.999)) * np.float32(SMOOTH * spacing) - BEYOND_MM
    uneven = smooth_at(voxels, spacing, UNEVEN_MM, (canvas.seed, 90))
    arch = _arch(voxels, canvas) if kind.arch else np.zeros(len(voxels), np.float32)
    thick = (1 - arch) * _thickness(voxels[:, 0] * spacing, kind) + arch * np.float32(ARCH_MM)
    thick = thick * np.clip(1 + UNEVEN * uneven, 0.3, None)
    inside = special.ndtr((deep - thick) / SEEN_MM)
    bone = special.ndtr(deep / SEEN_MM)
    cortex = DENSE * (bone - inside)
    pattern = [sd * smooth_at(voxels, spacing, mm, (canvas.seed, 91, n)) for n, (mm, sd) in enumerate(PATTERNS)]
    faded = kind.core + (1 - kind.core) * np.exp(-np.maximum(deep - thick, 0) / FADES_MM)
    spongy = inside * faded * (1 + sum(pattern))
    judged = beneath[own] & (arch < 0.5)
    judged = judged if judged.any() else np.ones_like(judged)
    table = float(canvas.table[value])
    dense = (cortex + (1 - bone) * AROUND[1])[judged].mean()
    spongy *= np.clip((table - dense) / spongy[judged].mean(), SCALES[0] * table, SCALES[1] * table)
    spongy *= 1 + arch * (ARCH - 1)
    return (cortex + spongy).astype(np.float32), bone.astype(np.float32)


def _arch(voxels: NDArray[np.intp], canvas: Canvas) -> Field:
    """0 to 1 [n]: how far voxels [n, 3] of vertebrae are arch and not body, by the spinal cord of their slice.

    Where a slice shows no cord, those of the slices next to it count; without any cord all is body.
    """
    z, y, _ = np.nonzero(canvas.labels == values()[CORD])
    if not len(z):
        return np.zeros(len(voxels), np.float32)
    count, total = np.bincount(z), np.bincount(z, y)
    shown = np.flatnonzero(count)
    behind = voxels[:, 1] - np.interp(voxels[:, 0], shown, total[shown] / count[shown])
    return np.interp(behind * canvas.spacing, ARCH_FROM_MM, (0, 1)).astype(np.float32)


def _thickness(height: Field, kind: Kind) -> Field:
    """mm [n] of the cortex at voxels of a bone, of which the height in mm is told."""
    if kind.shaft_mm is None:
        return np.full(len(height), kind.cortex_mm, np.float32)
    below = height.max() - height
    return np.interp(below, SHAFT_BELOW_MM, (kind.cortex_mm, kind.shaft_mm)).astype(np.float32)
