"""One torso, deformed to attributes: a velocity is summed up from effects, integrated, and used to look labels up.

Positions and displacements are in mm, [z, y, x]. A velocity points from the template to the person; the flow that is
integrated is the way back, because a label is looked up for each voxel of the person.
"""

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.deformation import doubled, exponential, limited, random_field, warp
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.effects import body_velocity, breasts, fat_thickness, muscle_shift
from GuideGenLib.population.organs import bladder_velocity, organ_velocity, stretch_velocity
from GuideGenLib.population.template import Field, Template, template
from GuideGenLib.population.template_labels import COARSE, FATS, MUSCLES, SPACING


def _voxels(positions: Field, shape: tuple[int, ...], spacing: float) -> NDArray[np.int64]:
    """Flat index of the voxel at each position [3, ...]; positions outside take the edge."""
    flat = np.zeros(positions.shape[1:], np.int64)
    for axis, n in enumerate(shape):
        index = (positions[axis] * (1 / spacing)).astype(np.int32)
        np.clip(index, 0, n - 1, out=index)
        flat *= n
        flat += index
    return flat


def velocity(torso: Template, who: Attributes, rng: np.random.Generator) -> Field:
    """The summed, limited velocity [3, z, y, x] in mm on the 6 mm grid."""
    shape = torso.skin.shape
    total = random_field(shape, COARSE, 110, 5.5, rng) + random_field(shape, COARSE, 45, 1.8, rng)
    total *= 1 - 0.6 * torso.bone
    total += torso.mobile * (1 - torso.bone) * _loose(shape, rng)
    total += body_velocity(torso, who, rng)
    organ_velocity(torso, who, rng, total)
    total = limited(total, COARSE)
    # The bladder empties further than any limit: nothing but urine is squeezed.
    return total + bladder_velocity(torso, who, rng) + stretch_velocity(torso, rng)


def _loose(shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """How bowel, stomach and pancreas lie: by eye as much as does not tear them."""
    return random_field(shape, COARSE, 60, 3.0, rng) + random_field(shape, COARSE, 34, 1.2, rng)


def displacement(torso: Template, who: Attributes, rng: np.random.Generator) -> Field:
    """Where to look in the template, relative to each voxel of the person: [3, z, y, x] in mm on the 6 mm grid."""
    return exponential(-velocity(torso, who, rng), COARSE)


def sample_anatomy(
    torso_labels: NDArray[np.uint8], attributes: Attributes, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A person of these attributes made from the torso.

    torso_labels: uint8 [z, y, x] at 3 mm in the canonical frame, values of Resources/anatomy.csv, even sides.
    Returns labels of the same shape and spacing; deterministic in `rng`. Raises ValueError for another kind of array.
    """
    return sample_with(torso_labels, None, attributes, rng)[0]


def sample_with(
    torso_labels: NDArray[np.uint8],
    filled: NDArray[np.bool_] | None,
    attributes: Attributes,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """`sample_anatomy`, and where the person shows what in the torso is `filled`; None for None."""
    torso = template(torso_labels, attributes.sex)
    back = displacement(torso, attributes, rng)
    fat = fat_thickness(torso, attributes, rng)
    back = centred(torso, back, fat)
    positions = doubled(back)
    for axis, n in enumerate(torso.labels.shape):
        shape = [1, 1, 1]
        shape[axis] = n
        positions[axis] += ((np.arange(n, dtype=np.float32) + 0.5) * SPACING).reshape(shape)
    labels = torso.fine.ravel()[_voxels(positions, torso.fine.shape, SPACING / 2)]
    carried = None if filled is None else filled.ravel()[_voxels(positions, filled.shape, SPACING)]
    labels = _muscle(torso, labels, positions, muscle_shift(attributes))
    return _skin(torso, labels, back, fat, attributes, rng), carried


def centred(torso: Template, back: Field, fat: Field) -> Field:
    """The displacement after the person was moved, in y and x, to the middle of the volume."""
    below = slice(0, int(torso.levels["dome"] / COARSE))
    body = (warp(torso.skin, back, COARSE) - warp(fat, back, COARSE))[below] < 0
    shift = np.zeros(3, np.float32)
    for axis, others in ((1, (0, 2)), (2, (0, 1))):
        filled = np.nonzero(body.mean(others) > 0.002)[0]
        if len(filled):
            shift[axis] = (body.shape[axis] - 1 - filled[0] - filled[-1]) / 2 * COARSE
    moved = np.broadcast_to(-shift[:, None, None, None], back.shape).astype(np.float32)
    return moved + np.stack([warp(component, moved, COARSE) for component in back])


def _muscle(torso: Template, labels: NDArray[np.uint8], positions: Field, shift: float) -> NDArray[np.uint8]:
    """Moves the border of muscle and fat by `shift` mm into the muscle (+) or the fat (-)."""
    key = values()
    table = np.zeros(256, bool)
    table[[key[name] for name in (MUSCLES if shift > 0 else FATS)]] = True
    here = np.nonzero(table[labels].ravel())[0]
    at = positions.reshape(3, -1)[:, here]
    scale = [2 / (n * SPACING) for n in torso.labels.shape]
    where = np.stack([at[2] * scale[2] - 1, at[1] * scale[1] - 1, at[0] * scale[0] - 1], -1).astype(np.float32)
    depth = (
        functional.grid_sample(
            torch.from_numpy(torso.marble)[None, None],
            torch.from_numpy(where)[None, None, None],
            padding_mode="border",
            align_corners=False,
        )
        .numpy()
        .ravel()
    )
    gone = (depth < shift) if shift > 0 else (depth > shift) & (depth < 0)
    flat = labels.reshape(-1)
    flat[here[gone]] = torso.other.ravel()[_voxels(at[:, gone], torso.labels.shape, SPACING)]
    return labels


def _skin(
    torso: Template, labels: NDArray[np.uint8], back: Field, fat: Field, who: Attributes, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Sets the outline of the body: fat outside the core, no more, no less than habitus and sex ask for."""
    key = values()
    at = torso.points + back
    width = torso.skin.shape[2] * COARSE
    beyond = np.maximum(0, np.abs(at[2] - width / 2) - width / 2 + COARSE / 2) * (at[0] < torso.levels["arms"])
    level = warp(torso.skin, back, COARSE) + beyond - warp(fat, back, COARSE)
    core = warp(torso.core, back, COARSE) + beyond - 3.0
    level = np.minimum(level, core)
    gland = None
    if who.sex == "female":
        level, gland = breasts(torso, who, rng, at, fat, level)
    inside = doubled(ndimage.gaussian_filter(level, 0.8)) < 0
    inside |= doubled(core) < -1.0
    labels[~inside] = 0
    labels[inside & (labels == 0)] = key["subcutaneous_fat"]
    if gland is not None:
        labels[(doubled(gland) < 0) & inside & (labels == key["subcutaneous_fat"])] = key["body"]
    return labels
