"""How single organs differ between people: size by published figures, turn, shape and place at random.

Velocities are in mm on the 6 mm grid, [z, y, x]. Magnitudes without a source were chosen so that organs of two drawn
people differ as those of real ones do (population.variety).
"""

import numpy as np

from GuideGenLib.core.deformation import drawn, organ_matrix
from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.template import Blob, Field, Template
from GuideGenLib.population.template_labels import COARSE

# Millilitres (men, women): masses of ICRP Publication 89 (2002), table 2.8, over 1.05 g/ml; heart with blood,
# gallbladder with bile, stomach with its content; thyroid, adrenals and kidneys each. Uterus: 80 g of the same table.
REFERENCE_ML: dict[str, tuple[float, float]] = {
    "liver": (1710, 1330), "gallbladder": (65, 54), "spleen": (145, 124), "pancreas": (133, 114), "stomach": (380, 350),
    "kidney_left": (148, 131), "kidney_right": (148, 131), "adrenal_left": (6.7, 6.2), "adrenal_right": (6.7, 6.2),
    "heart": (800, 590), "thyroid": (19, 16), "uterus": (76, 76),
}  # fmt: skip
FREEDOM: dict[str, tuple[float, float, float]] = {
    "liver": (2.0, 0.03, 3.0), "gallbladder": (10.0, 0.12, 4.0), "spleen": (10.0, 0.12, 5.0),
    "pancreas": (9.0, 0.11, 4.0), "stomach": (8.0, 0.10, 5.0), "kidney_left": (5.0, 0.06, 4.0),
    "kidney_right": (5.0, 0.06, 4.0), "adrenal_left": (6.0, 0.08, 3.0), "adrenal_right": (6.0, 0.08, 3.0),
    "heart": (4.0, 0.05, 3.0), "thyroid": (4.0, 0.10, 2.0), "prostate": (4.0, 0.06, 1.0), "uterus": (12.0, 0.10, 4.0),
}  # fmt: skip
"""Standard deviations of an organ's turn about each axis (degrees), of the log of its axes, and of its place (mm)."""
SPREAD = 0.07
"""Standard deviation of the log of an organ's radius between people of the same size."""
SPREADS = {"spleen": 0.0, "liver": 0.05}
"""Of organs that differ less: livers have 1.51 l, SD .25 (Linguraru, Acad Radiol 2012;19:588); that of the spleen is in
STRETCHED."""
BLADDER_STRETCH = 0.22
"""Standard deviation of the log of each axis of the bladder at the same filling."""
STRETCHED = {"spleen": (22.0, 0.26, 0.13), "heart": (8.0, 0.10, 0.0)}
"""Organs that differ more than the limit on strains lets them: standard deviations of a turn about each axis (degrees),
of the log of their axes and of the log of their radius. Spleens have 107 to 314 ml in CT (Prassopoulos, Eur Radiol
1997;7:246)."""
MOST_GROWN = {"uterus": 0.30, "kidney_left": 0.26, "kidney_right": 0.26}
"""Log of the factor by which a radius grows to the reference at most; some people that others are drawn from have small
kidneys."""


def organ_growth(torso: Template, name: str, who: Attributes, rng: np.random.Generator) -> float:
    """Log of the factor on an organ's radius."""
    female = who.sex == "female"
    ml = torso.blobs[name].millilitres
    noise = rng.normal(0, SPREADS.get(name, SPREAD))
    if name == "prostate":
        # About 20-25 ml at 40 and 1.6 % a year more: Rhodes, J Urol 1999;161:1174.
        return float(np.clip(np.log(22 * 1.016 ** (who.age - 40) / ml) / 3 + noise, -0.1, 0.42))
    reference = REFERENCE_ML[name][female]
    if name == "uterus" and who.age > 52:
        reference = 40.0  # after menopause: Merz, Ultrasound Obstet Gynecol 1996;7:38
    if name == "stomach":
        reference *= who.stomach_fill
    # Organs follow the body's size; three quarters of the way from the template's own volume to the reference.
    middle = 0.75 * np.log(reference * (who.height_factor / (0.95 if female else 1.005)) ** 2 / ml) / 3
    old = max(who.age - 50, 0) / 40
    if name == "liver":
        # Age takes a quarter of it (Wynne, Hepatology 1989;9:297), body mass adds (Vauthey, Liver Transpl 2002;8:233).
        middle += -0.08 * old + 0.03 * who.habitus_level
    if name.startswith("kidney"):
        middle += -0.05 * old + 0.015 * who.habitus_level  # Wang, Kidney Int 2014;85:677
    if name == "heart":
        middle += 0.02 * who.habitus_level
    most = MOST_GROWN.get(name, 0.17)
    return float(np.clip(np.clip(middle, -0.16, most) + noise, -0.28, most + 0.11))


def _moved(torso: Template, organ: Blob, matrix: Field, shift: Field) -> Field:
    """Velocity [3, ...] on the organ's box."""
    offset = torso.points[(slice(None), *organ.box)] - organ.centre[:, None, None, None]
    flow = np.einsum("ij,jzyx->izyx", matrix, offset) + shift[:, None, None, None]
    return np.asarray(organ.weight * flow, np.float32)


def _grown(total: Field, organ: Blob) -> float:
    """Log of the factor that a velocity in mm has on an organ's radius: a third of its mean divergence there."""
    weight = organ.weight * (organ.weight > 0.6)
    flow = total[(slice(None), *organ.box)]
    divergence = sum(np.gradient(flow[axis], COARSE, axis=axis) for axis in range(3))
    return float((weight * divergence).sum() / max(weight.sum(), 1e-6)) / 3


def organ_velocity(torso: Template, who: Attributes, rng: np.random.Generator, total: Field) -> None:
    """Adds growth, stretch, turn and shift of each organ about its centre to `total` [3, z, y, x].

    What the build does to an organ is taken off its growth: the thin have no smaller kidneys than the obese.
    """
    held = 1 - 0.8 * torso.bone
    grown = {name: _grown(total, organ) for name, organ in torso.blobs.items()}
    for name, organ in torso.blobs.items():
        matrix, shift = organ_matrix(FREEDOM[name], organ_growth(torso, name, who, rng) - grown[name], rng)
        total[(slice(None), *organ.box)] += held[organ.box] * _moved(torso, organ, matrix, shift)


def stretch_velocity(torso: Template, rng: np.random.Generator) -> Field:
    """Turns, stretches and scales the organs of STRETCHED."""
    total = np.zeros_like(torso.points)
    held = 1 - 0.8 * torso.bone
    for name, (turn, stretch, size) in STRETCHED.items():
        organ = torso.blobs.get(name)
        if organ is not None:
            matrix, shift = organ_matrix((turn, stretch, 0.0), float(drawn(size, rng, 1)[0]), rng)
            total[(slice(None), *organ.box)] += held[organ.box] * _moved(torso, organ, matrix, shift)
    return total


def bladder_velocity(torso: Template, who: Attributes, rng: np.random.Generator) -> Field:
    """Empties or fills the bladder to `bladder_ml`, taller or wider at random, with the neighbours following."""
    if torso.bladder is None:
        return np.zeros_like(torso.points)
    growth = np.log(who.bladder_ml / torso.bladder.millilitres) / 3
    held = torso.bladder.weight * (1 - 0.85 * torso.bone)
    axes = drawn(BLADDER_STRETCH, rng)
    along = (growth + axes - axes.mean())[:, None, None, None]
    return np.asarray(along * held * (torso.points - torso.bladder.centre[:, None, None, None]), np.float32)
