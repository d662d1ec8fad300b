"""A person whose label map lacks tissues or parts is completed from another one, warped onto it through the bones.

Arrays are labels [z, y, x] at 3 mm on one canvas. What a source names stays as the source has it; skin, fat, muscle and
what lies outside its field of view come from the other.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.anatomy.tissues import closed, select
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.population.people import Labels, Mask, Person
from GuideGenLib.population.registration import Spacing, Warp, lattice, register
from GuideGenLib.population.template_labels import BONES, LUNGS, SPACING, SPINE, THIN
from GuideGenLib.population.tidying import TISSUES, tidy

GRID: Spacing = (SPACING, SPACING, SPACING)
ABDOMEN = (
    "liver", "gallbladder", "spleen", "pancreas", "stomach", "stomach_gas", "duodenum", "small_bowel", "colon",
    "colon_gas", "kidney_left", "kidney_right", "adrenal_left", "adrenal_right", "portal_splenic_vein",
)  # fmt: skip
"""What is exchanged as a block between two people."""
WEIGHTS = {
    **dict.fromkeys(BONES, 1.0),
    **dict.fromkeys(("vertebrae_thoracic", "vertebrae_lumbar", "hip_left", "hip_right"), 2.0),
    **dict.fromkeys(("scapula_left", "scapula_right", "clavicle_left", "clavicle_right"), 0.4),
    **dict.fromkeys(("humerus_left", "humerus_right"), 0.2),
    **dict.fromkeys(("spinal_cord", "aorta", "heart", "costal_cartilages"), 0.5),
    **dict.fromkeys(("autochthon_left", "autochthon_right", "iliopsoas_left", "iliopsoas_right"), 1.0),
    **dict.fromkeys(("gluteus_left", "gluteus_right"), 1.0),
}
OTHER_SEX = {"male": "uterus", "female": "prostate"}
ABDOMEN_WEIGHT, LUNG_WEIGHT = 2.0, 2.0
LEAST_LEFT = 0.5
"""Share of a structure that must find room in another person; less of it is not drawn at all."""
CUT_MM = 36.0
"""Length over which one map takes over from the other where a field of view ends."""


def fit(person: Labels, seen: Mask, other: Labels, progress: Progress = silent, steps: int = 50) -> Warp:
    """Where a point of the person lies in the other (mm), by bones, muscles, lungs and the abdomen as one block."""
    groups: dict[str, tuple[Mask, Mask, float]] = {}
    for key, weight in WEIGHTS.items():
        groups[key] = (person == values()[key], other == values()[key], weight)
    for name, keys, weight in (("abdomen", ABDOMEN, ABDOMEN_WEIGHT), ("lungs", LUNGS, LUNG_WEIGHT)):
        blocks = [closed(select(labels, keys), 15.0, GRID) for labels in (person, other)]
        groups[name] = (blocks[0] & seen, blocks[1], weight)
    groups = {name: group for name, group in groups.items() if group[0].sum() > 60 and group[1].any()}
    marks = ("vertebrae_lumbar", "sacrum")
    return register(
        groups,
        marks,
        GRID,
        GRID,
        still_below=-1e6,
        progress=progress,
        affine_steps=40,
        steps=steps,
        reach=1e6,
        mesh=9.0,
    )


def warped(other: Labels, warp: Warp) -> Labels:
    """The other's labels on the person's canvas: nearest voxel, edges repeated."""
    points = warp(lattice((other.shape[0], other.shape[1], other.shape[2]), GRID))
    index = (points / SPACING).round().long()
    for axis, n in enumerate(other.shape):
        index[..., axis].clamp_(0, n - 1)
    found = other[index[..., 0].numpy(), index[..., 1].numpy(), index[..., 2].numpy()]
    # Below the arms the body ends inside the canvas; beyond its sides there is air.
    side = ((points[..., 2] < -SPACING) | (points[..., 2] > other.shape[2] * SPACING)).numpy()
    arms = np.nonzero((other[:, :, [0, -1]] > 0).any((1, 2)))[0]
    low = arms[0] if len(arms) else other.shape[0]
    found[side & (points[..., 0].numpy() < low * SPACING)] = 0
    return found


def complete(person: Person, other: Labels, warp: Warp) -> Labels:
    """The person with all that only the other one has, labels of every voxel."""
    filling = warped(other, warp)
    labels = _within(person, filling)
    share = _share(person.seen)
    labels = _blended(labels, filling, share) if share.min() < 1 else labels
    return finished(labels)


def _within(person: Person, filling: Labels) -> Labels:
    """The person's own structures over the filling, whose own copies of them give way to tissue."""
    own = person.labels.copy()
    strange = np.zeros(256, bool)
    strange[list(person.known)] = True
    if person.sex in OTHER_SEX:
        strange[values()[OTHER_SEX[person.sex]]] = True
    result = filling.copy()
    lost = strange[filling] & person.seen
    between = lost & select(filling, SPINE)  # discs
    result[between] = values()["body"]
    result[lost & select(filling, ABDOMEN)] = values()["torso_fat"]
    lost &= ~between & ~select(filling, ABDOMEN)  # the rest is healed from around
    result[lost] = 0
    result = _healed(result, lost)
    vessel = values()["lung_vessel"]
    result[result == vessel] = values()["torso_fat"]
    result[own > 0] = own[own > 0]
    lobes = select(own, tuple(key for key in LUNGS if key != "lung_vessel"))
    result[lobes & (filling == vessel)] = vessel
    for key, value in values().items():
        if value in person.known or key in (*TISSUES, "background", "lung_vessel"):
            continue
        left, had = (result == value) & person.seen, (filling == value) & person.seen
        if left.any() and left.sum() < LEAST_LEFT * had.sum():
            result = _healed(result, left)
    # The skin lies outside of all that the person has.
    return _covered(result)


def _healed(labels: Labels, gap: Mask) -> Labels:
    """The gap filled with the nearest soft tissue."""
    result = labels.copy()
    if not gap.any():
        return result
    known = select(labels, ("torso_fat", "muscle", "subcutaneous_fat")) & ~gap
    index = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    result[gap] = labels[tuple(axis[gap] for axis in index)]
    return result


def _covered(labels: Labels, least_mm: float = 6.0) -> Labels:
    """Fat about all that would stand in the air or lie bare."""
    result = labels.copy()
    firm = labels > 0
    firm &= ~select(labels, ("subcutaneous_fat",))
    near = ndimage.distance_transform_edt(~np.pad(firm, 4, mode="edge"))[4:-4, 4:-4, 4:-4] * SPACING <= least_mm
    result[near & (labels == 0)] = values()["subcutaneous_fat"]
    return result


def _share(seen: Mask) -> NDArray[np.float32]:
    """1 inside the field of view, 0 outside, over CUT_MM on its inside; canvas ends are no ends of it."""
    inside = ndimage.distance_transform_edt(np.pad(seen, 1, mode="edge"))[1:-1, 1:-1, 1:-1] * SPACING
    t = np.clip(inside / CUT_MM, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _blended(first: Labels, second: Labels, share: NDArray[np.float32], sigma: float = 0.8) -> Labels:
    """At each voxel the label with most votes, where `first` has `share` of them."""
    best = np.zeros(first.shape, np.float32)
    result = np.zeros(first.shape, np.uint8)
    thin = {values()[key] for key in THIN}
    for value in np.union1d(np.unique(first), np.unique(second)):
        vote = share * (first == value) + (1 - share) * (second == value)
        vote = ndimage.gaussian_filter(vote.astype(np.float32), sigma, mode="nearest")
        vote *= 1.35 if value in thin else 1.0
        better = vote > best
        best[better], result[better] = vote[better], value
    certain = (share >= 1) & (first > 0)
    result[certain] = first[certain]
    return result


def finished(labels: Labels) -> Labels:
    """Gas in stomach and colon where there is none, one piece for what is one, no holes in the body."""
    labels = labels.copy()
    for organ in ("stomach", "colon"):
        if not (labels == values()[f"{organ}_gas"]).any():
            labels[_gas(labels == values()[organ])] = values()[f"{organ}_gas"]
    body = np.stack([ndimage.binary_fill_holes(plane) for plane in labels > 0])
    hole = body & (labels == 0)
    labels[hole] = values()["torso_fat"]
    return tidy(_without_cleft(labels))


def _without_cleft(labels: Labels, width_mm: float = 18.0) -> Labels:
    """No fat between the lungs and the liver or spleen: the nearer of them takes it, as they lie on one diaphragm."""
    result = labels.copy()
    below = select(labels, ("liver", "spleen"))
    lungs = select(labels, tuple(key for key in LUNGS if key != "lung_vessel"))
    if not below.any() or not lungs.any():
        return result
    to_lung, nearest = ndimage.distance_transform_edt(~lungs, return_indices=True)
    to_organ, organ = ndimage.distance_transform_edt(~below, return_indices=True)
    cleft = select(labels, ("torso_fat", "body")) & (to_lung + to_organ <= width_mm / SPACING + 1)
    cleft &= ~ndimage.binary_dilation(
        select(labels, ("heart", "esophagus", "aorta", "inferior_vena_cava")), iterations=2
    )
    upper = cleft & (to_lung < to_organ)
    lower = cleft & ~upper
    result[upper] = labels[tuple(axis[upper] for axis in nearest)]
    result[lower] = labels[tuple(axis[lower] for axis in organ)]
    return result


def _gas(organ: Mask, share: float = 0.35) -> Mask:
    """Gas in the front of the inside of a hollow organ, its wall left a voxel thick."""
    inside = ndimage.binary_erosion(organ)
    if not inside.any():
        return inside
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(organ).astype(np.float32), 1.0)
    y = np.arange(organ.shape[1])[:, None]
    local = ndimage.gaussian_filter(np.where(organ, y, 0).astype(np.float32), 5.0)
    weight = ndimage.gaussian_filter(organ.astype(np.float32), 5.0)
    ahead = local / np.maximum(weight, 1e-3) - y  # voxels in front of the middle of the organ here
    score = np.where(inside, ahead + 0.5 * distance, -np.inf)
    level = np.quantile(score[inside], 1 - share)
    return inside & (score > level)


def moderated(labels: Labels, reference: Mapping[str, float], most: float = 2.5) -> Labels:
    """A copy in which no organ is larger than `most` times its reference in ml; fat takes the room that one leaves.

    The others would have to be stretched for it in every person that is made of this one. The organ keeps its place at
    the wall.
    """
    result = labels.copy()
    for key, millilitres in reference.items():
        mask = labels == values()[key]
        factor = mask.sum() * SPACING**3 / 1000 / (most * millilitres)
        if factor <= 1:
            continue
        where = np.argwhere(mask)
        side = np.sign(where[:, 2].mean() - labels.shape[2] / 2)
        anchor = np.quantile(where, 0.7, axis=0)
        anchor[2] = np.quantile(where[:, 2], 0.5 + 0.4 * side)
        scale = factor ** (1 / 3)
        small = (
            ndimage.affine_transform(mask.astype(np.float32), np.full(3, scale), anchor * (1 - scale), order=1) > 0.5
        )
        result[mask] = values()["torso_fat"]
        result[mask & small] = values()[key]
    return result


def exchanged(body: Labels, donor: Labels, warp: Warp) -> Labels:
    """The body with the abdominal organs of the donor, warped as one block. `warp` leads from the body to the donor."""
    return paste_abdomen(body, warped(donor, warp))


def paste_abdomen(body: Labels, donor: Labels) -> Labels:
    """The body with the abdominal organs of a donor who lies on it.

    Bones, great vessels, heart and back muscles stay; lungs and walls give way; lung follows where the donor has it.
    """
    old, new = select(body, ABDOMEN), select(donor, ABDOMEN)
    deep = ndimage.binary_erosion(body > 0, iterations=4, border_value=1)
    placed = new & deep & (old | select(body, (*TISSUES, *LUNGS)))
    gap = old & ~placed
    result = body.copy()
    result[gap] = values()["torso_fat"]
    result[gap & select(donor, ("body",))] = values()["body"]
    breathing = gap & select(donor, LUNGS)
    lung = select(body, LUNGS)
    if breathing.any() and lung.any():
        index = ndimage.distance_transform_edt(~lung, return_distances=False, return_indices=True)
        result[breathing] = body[tuple(axis[breathing] for axis in index)]
    result[placed] = donor[placed]
    return finished(result)
