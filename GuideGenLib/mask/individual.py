"""Every patient a body of their own: a drawn anatomy is deformed once more, by rule, from its seed.

The denoiser draws the middle of what it is unsure of, so the organs of two drawn patients are more alike than those of
two people. After the drawing, and before skeleton, vessels, asked sizes and lesions, each anatomy goes through a smooth
flow of its own: the trunk moves a little as a whole, bowel and what lies loosely by it more, and organs turn, stretch
and shift about their middles; the bladder fills or empties. A flow folds and tears nothing and keeps neighbours
together. Bones follow the trunk alone, and those of the pelvis as one firm ring. At the ends of the volume, and near
what is kept of another anatomy, all is at rest. How much each organ moves was chosen so that two patients differ as
real people do (population.variety).

Velocities are in mm on a grid of 6 mm, [z, y, x].
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import values
from GuideGenLib.core.deformation import Field, doubled, drawn, exponential, limited, organ_matrix, random_field

SPACING, COARSE = 3.0, 6.0
"""mm; of the labels and of the flow."""
STREAM = 6
"""Of the random numbers of a seed: those of this deformation."""
TRUNK = ((110.0, 4.6), (45.0, 1.5))
"""Distance of the knots and standard deviation, in mm, of the random motions of everything."""
LOOSE = ((60.0, 3.6), (36.0, 0.6))
"""The same of what lies loosely."""
BONES = (
    "vertebrae_cervical", "vertebrae_thoracic", "vertebrae_lumbar", "sacrum", "ribs_left", "ribs_right", "sternum",
    "scapula_left", "scapula_right", "clavicle_left", "clavicle_right", "humerus_left", "humerus_right", "hip_left",
    "hip_right", "femur_left", "femur_right",
)  # fmt: skip
PELVIS, PELVIS_MM, FIRM_MM = ("hip_left", "hip_right", "femur_left", "femur_right", "sacrum"), 6.0, 9.0
"""A firm ring, which shifts and grows evenly and is otherwise as it was drawn: its proportions are those of a
woman or a man. From its bones, where a bladder hardly pulls any more, and where what is near moves as they do."""
MOBILE = ("stomach", "stomach_gas", "small_bowel", "colon", "colon_gas", "pancreas")
MOBILE_MM = 14.0
"""From these, where the loose motion is down to a third."""
FIXED, FIXED_MM = ("aorta", "inferior_vena_cava", "duodenum"), 9.0
"""What lies fast before the spine: it follows the organs beside it by half, and so does what is so near to it."""
ORGANS: dict[str, tuple[str, ...]] = {
    "liver": ("liver",), "gallbladder": ("gallbladder",), "spleen": ("spleen",), "pancreas": ("pancreas",),
    "stomach": ("stomach", "stomach_gas"), "kidney_left": ("kidney_left",), "kidney_right": ("kidney_right",),
    "heart": ("heart",), "small_bowel": ("small_bowel",), "uterus": ("uterus",),
    "urinary_bladder": ("urinary_bladder",),
}  # fmt: skip
"""What moves as one organ."""
Freedom = tuple[float, float, float]
FREEDOM: dict[str, Freedom] = {
    "liver": (9.0, 0.14, 3.0), "gallbladder": (8.0, 0.10, 3.0), "spleen": (36.0, 0.44, 5.0),
    "pancreas": (8.0, 0.10, 4.0), "stomach": (12.0, 0.14, 5.0), "small_bowel": (11.0, 0.16, 4.0),
    "kidney_left": (9.0, 0.11, 4.0), "kidney_right": (9.0, 0.11, 4.0), "heart": (14.0, 0.15, 3.0),
    "uterus": (12.0, 0.10, 3.0), "urinary_bladder": (20.0, 0.95, 0.0),
}  # fmt: skip
"""Standard deviations of an organ's turn about each axis (degrees), of the log of its axes, and of its place (mm)."""
STRAIN, GROWTH = 0.75, 1.3
"""The most that the motion stretches, and that it changes the log of a volume, before it is smoothed."""
GROWN = {"small_bowel": 0.035, "pancreas": 0.03, "spleen": 0.02, "kidney_left": 0.05, "kidney_right": 0.03}
"""Log of the factor on the radius of each such organ: what the flow takes of those that lie against bones, and part of
what drawn kidneys lack, as some people of the training have small ones (174 and 138 ml in men and women: J Clin Med
2024;13:769)."""
FILLING, FILLING_ML = (0.06, 0.48), (42.0, 380.0)
"""Mean and standard deviation of the log of the factor on the bladder's radius, and the volumes between which it fills
and empties: capacity is 300 to 400 ml (Lukacz, Int J Clin Pract 2011;65:1026)."""
FLATTENED = np.array((1.5, 0.75, 0.75), np.float32)
"""How much more of that happens from top to bottom than across: an empty bladder lies flat."""
FADE_MM, FADES_MM = 12.0, {"spleen": 16.0, "urinary_bladder": 24.0}
"""From the surface of an organ, where its own motion is down to a third."""
WALL_MM = (9.0, 33.0)
"""Below the skin: where the motion of organs ends, and where nothing holds it yet. The skin stays smooth."""
END_MM = 30.0
"""From the ends of the volume, within which the motion towards them comes to rest."""
KEPT_MM = (3.0, 40.0)
"""From what is kept: where motion begins, and where nothing holds it any more."""
TISSUE = ("background", "body", "subcutaneous_fat", "torso_fat", "muscle")
TISSUE_VOTE = 0.87
"""Of these where voxels vote: structures of few voxels across would lose a little of themselves."""

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def individual(
    labels: Labels, seed: int, slab: tuple[int, int], depth: int, sized: Collection[int] = (), kept: Mask | None = None
) -> Labels:
    """A copy of drawn labels [z, y, x] at 3 mm, even sides, deformed as the seed says.

    slab: first and past-the-last slice of the 6 mm grid, of `depth` slices, that the labels are; sized: values of the
    labels of which a size is asked, which neither grow nor fill; kept: voxels about which nothing moves.
    """
    back = doubled(exponential(-velocity(labels, seed, slab, depth, sized, kept), COARSE))
    return _looked_up(labels, back / np.float32(SPACING))


def velocity(
    labels: Labels,
    seed: int,
    slab: tuple[int, int],
    depth: int,
    sized: Collection[int] = (),
    kept: Mask | None = None,
) -> Field:
    """That of the flow from the drawn anatomy to the patient's, [3, z, y, x]; arguments as of `individual`."""
    rng = np.random.default_rng([seed, STREAM])
    coarse = labels[::2, ::2, ::2]
    whole = (depth, *coarse.shape[1:])  # numbers of the whole grid: a region moves as it does in the torso
    trunk, loose = (
        np.sum([random_field(whole, COARSE, *one, rng) for one in fields], axis=0)[:, slice(*slab)]
        for fields in (TRUNK, LOOSE)
    )
    bone = np.clip(1.6 * ndimage.gaussian_filter(table_of(BONES)[coarse].astype(np.float32), 0.75), 0, 1)
    rest = _rest(coarse.shape, kept)
    total = (1 - 0.6 * bone) * trunk + _near(table_of(MOBILE)[coarse], MOBILE_MM) * (1 - bone) * loose
    free = (1 - bone) * (1 - 0.5 * _near(table_of(FIXED)[coarse], FIXED_MM))
    free *= 1 - _near(table_of(PELVIS)[coarse], PELVIS_MM)
    free *= _ramp(ndimage.distance_transform_edt(coarse > 0, sampling=COARSE), *WALL_MM)
    for name, freedom in FREEDOM.items():
        organ, asked = table_of(ORGANS[name])[coarse], values()[name] in sized
        matrix, shift = organ_matrix(freedom, 0.0 if asked else GROWN.get(name, 0.0), rng)
        if name == "urinary_bladder" and not asked:
            matrix += np.diag(_filling(organ, rng) * FLATTENED)
        _add(total, free, organ, FADES_MM.get(name, FADE_MM), matrix, shift)
    return _with_firm_pelvis(limited(total * rest, COARSE, STRAIN, GROWTH, rounds=2), coarse)


def _with_firm_pelvis(total: Field, coarse: Labels) -> Field:
    """The motion in which the pelvis and what is near to it shifts and grows evenly, as it does on average.

    It grows from the lower end of the volume, where the bones are cut, and is shifted across alone.
    """
    bones = table_of(PELVIS)[coarse]
    if not bones.any():
        return total
    offset = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) * COARSE for n in coarse.shape), indexing="ij"))
    offset[1:] -= offset[1:, bones].mean(1)[:, None, None, None]
    motion, place = total[:, bones], offset[:, bones]
    shift = motion.mean(1) * np.array((0, 1, 1), np.float32)
    firm = offset * ((motion * place).sum() / (place**2).sum()) + shift[:, None, None, None]
    return total + _near(bones, FIRM_MM) * (firm - total)


def _filling(bladder: Mask, rng: np.random.Generator) -> float:
    """Log of the factor on the bladder's radius, of a mask on the 6 mm grid."""
    volume = max(int(np.count_nonzero(bladder)), 1) * COARSE**3 / 1000
    low, high = np.log(np.array(FILLING_ML) / volume) / 3
    return float(np.clip(FILLING[0] + drawn(FILLING[1], rng, 1)[0], low, high))


def _add(total: Field, free: Field, organ: Mask, fade_mm: float, matrix: Field, shift: Field) -> None:
    """Adds the motion of an organ about its middle to `total`; free [..., z, y, x]: how free it is."""
    found = ndimage.find_objects(organ.view(np.uint8))
    if not found:
        return
    margin = int(2.5 * fade_mm / COARSE)
    box = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in found[0])
    weight = ndimage.gaussian_filter(_near(organ[box], fade_mm), 0.75) * free[..., box[0], box[1], box[2]]
    axes = [np.arange(n, dtype=np.float32) * np.float32(COARSE) for n in organ[box].shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"))
    offset = points - points[:, organ[box]].mean(axis=1)[:, None, None, None]
    total[(slice(None), *box)] += weight * (np.einsum("ij,jzyx->izyx", matrix, offset) + shift[:, None, None, None])


def _near(mask: Mask, fade_mm: float) -> Field:
    """1 in a mask on the 6 mm grid, fading off about it; 0 where it is empty."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    away = ndimage.distance_transform_edt(~mask, sampling=COARSE).astype(np.float32)
    return np.asarray(np.exp(-((away / np.float32(fade_mm)) ** 2)), np.float32)


def _ramp(away: NDArray[np.floating], low: float, high: float) -> Field:
    return np.clip((away - low) / (high - low), 0, 1).astype(np.float32)


def _rest(shape: tuple[int, ...], kept: Mask | None) -> Field:
    """[3, z, y, x]: how free the motion along each axis is. Nothing crosses the ends of the volume."""
    result = np.ones((3, *shape), np.float32)
    for axis, n in enumerate(shape):
        place = (np.arange(n) + 0.5) * COARSE
        ends = _ramp(np.minimum(place, place[::-1]), 0.0, END_MM)
        result[axis] *= ends.reshape([-1 if a == axis else 1 for a in range(3)])
    if kept is not None and kept.any():
        z, y, x = shape
        near = kept.reshape(z, 2, y, 2, x, 2).any((1, 3, 5))
        result *= _ramp(ndimage.distance_transform_edt(~near, sampling=COARSE), *KEPT_MM)
    return result


def _looked_up(labels: Labels, back: Field) -> Labels:
    """The labels at the end of each voxel's way back, [3, z, y, x] in voxels: of the eight voxels about that place the
    label with the largest share."""
    place: NDArray[np.int32] = np.zeros(labels.shape, np.int32)
    shares = []
    for axis, n in enumerate(labels.shape):
        at = back[axis] + np.arange(n, dtype=np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        np.clip(at, 0, np.float32(n - 1.001), out=at)
        corner = at.astype(np.int32)
        shares.append(at - corner)
        place = place * n + corner
    source, flat = labels.ravel(), place.ravel()
    result = source[flat]
    odd = np.flatnonzero(_mixed(labels).ravel()[flat])
    _, height, width = labels.shape
    votes = np.where(table_of(TISSUE), TISSUE_VOTE, 1.0).astype(np.float32)
    z, y, x = (share.ravel()[odd] for share in shares)
    found, weights = [], []
    for i, j, k in np.ndindex(2, 2, 2):
        found.append(source[flat[odd] + np.int32((i * height + j) * width + k)])
        share = (z if i else 1 - z) * (y if j else 1 - y) * (x if k else 1 - x)
        weights.append(share * votes[found[-1]])
    most = np.zeros(len(odd), np.float32)
    for label in found:
        total = np.zeros(len(odd), np.float32)
        for weight, other in zip(weights, found, strict=True):
            total += weight * (other == label)
        better = total > most
        result[odd[better]], most[better] = label[better], total[better]
    return result.reshape(labels.shape)


def _mixed(labels: Labels) -> Mask:
    """Where a voxel and the seven after it have not all the same label."""
    low = high = np.pad(labels, [(0, 1)] * 3, mode="edge")
    for axis, n in enumerate(labels.shape):
        before, after = ((slice(None),) * axis + (slice(i, n + i),) for i in (0, 1))
        low, high = np.minimum(low[before], low[after]), np.maximum(high[before], high[after])
    return np.asarray(low != high)
