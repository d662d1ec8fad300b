"""Vertebrae laid in the place of a drawn column: bodies with discs between them, arches and processes."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.structures import select
from GuideGenLib.anatomy.table import values
from GuideGenLib.mask.skeleton.canal import Near
from GuideGenLib.mask.skeleton.course import KEYS, LOWER, UPPER, Course, Place
from GuideGenLib.mask.skeleton.levels import FORMS
from GuideGenLib.mask.skeleton.vertebra import FRONT, REAR, Vertebra, arch_distance, body_distance, outline

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
SOFT = ("muscle", "body", "torso_fat", "autochthon_left", "autochthon_right", "iliopsoas_left", "iliopsoas_right")
"""What gives way to a vertebra, and takes the place of what was drawn as bone and is none."""
DISC = "body"
"""The label of discs, which have none of their own."""
CANAL_MM = 10.0
"""Half of the width of what is canal and not soft tissue beside a vertebra."""
REACH_MM = 60.0
"""A vertebra has no part farther from the middle of its body along the spine."""
LEAST_DISC = 1.4
"""Voxels: a disc that is no thicker is not drawn everywhere."""
AROUND = 12
"""Voxels about what was bone in which soft tissue is looked for."""
STREAM = 9
"""Of the random numbers of a seed."""
DISCS_VARY, PROCESSES_VARY = 0.12, 0.08
"""Standard deviations between people: of the height of discs, and of the length of processes, in parts of them."""


def with_vertebrae(labels: Labels, course: Course, seed: int) -> Labels:
    """A copy of labels uint8 [z, y, x] with vertebrae in the place of what is labelled as thoracic and lumbar spine."""
    spacing, near = course.canal.spacing, course.near
    bone, disc = _shapes(near, list(course.places.values()), spacing, np.random.default_rng([seed, STREAM]))
    result = labels.copy()
    where = tuple(near.where.T)
    own = labels[where]
    drawn = np.isin(own, (values()[UPPER], values()[LOWER]))
    gives = np.isin(own, [values()[key] for key in SOFT]) | drawn
    canal = (np.abs(near.out) < CANAL_MM) & (near.back > FRONT) & (near.back < REAR)
    new = own.copy()
    freed = drawn & (bone == 0)
    new[freed] = _soft_beside(labels, near.where[freed])
    new[(freed & canal) | (disc & gives)] = values()[DISC]
    laid = (bone > 0) & gives
    new[laid] = bone[laid]
    result[where] = new
    return result


def _shapes(near: Near, places: list[Place], spacing: float, rng: np.random.Generator) -> tuple[Labels, Mask]:
    """Of the voxels about the spine the label value of the vertebra that each lies in, 0 in none, and what is disc."""
    discs, processes = 1 + np.clip(rng.normal(0, (DISCS_VARY, PROCESSES_VARY)), -0.25, 0.25)
    best = np.zeros(len(near.height), np.float32)
    bone, disc = np.zeros(len(best), np.uint8), np.zeros(len(best), bool)
    for place in places:
        form, pitch = FORMS[place.name], place.high - place.low
        disc_mm = max(form.disc * discs * pitch, LEAST_DISC * spacing)
        vertebra = Vertebra(form, pitch - disc_mm, pitch, place.scale, processes)
        part = np.flatnonzero(np.abs(near.height - place.middle) < REACH_MM)
        up, back, out = (axis[part].astype(np.float32) for axis in (near.height - place.middle, near.back, near.out))
        body = body_distance(up, back, out, vertebra)
        distance = np.minimum(body, arch_distance(up, back, out, vertebra))
        inside = (outline(back, out, form, place.scale) < 0) & (np.abs(up) <= pitch / 2)
        disc[part[inside]] = True
        nearer = distance < best[part]
        best[part[nearer]] = distance[nearer]
        bone[part[nearer]] = values()[KEYS[place.name]]
    return bone, disc & (bone == 0)


def _soft_beside(labels: Labels, places: NDArray[np.intp]) -> Labels:
    """The label of the soft voxel nearest to each of some voxels [n, 3]."""
    if not len(places):
        return np.zeros(0, np.uint8)
    box = tuple(
        slice(max(0, low - AROUND), high + AROUND + 1)
        for low, high in zip(places.min(axis=0), places.max(axis=0), strict=True)
    )
    index = ndimage.distance_transform_edt(~select(labels[box], SOFT), return_distances=False, return_indices=True)
    at = tuple(place - side.start for place, side in zip(places.T, box, strict=True))
    return np.asarray(labels[box][tuple(axis[at] for axis in index)])
