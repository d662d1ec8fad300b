"""What sex, age, habitus, breath and filling do to a torso, as velocities in mm on the 6 mm grid and as fat in mm.

Each effect names its published source; magnitudes without one were chosen by eye and say so.
"""

import numpy as np
from numpy.typing import NDArray

from GuideGenLib.population.attributes import Attributes
from GuideGenLib.population.template import Field, Template


def ramp(x: Field, start: float, stop: float) -> Field:
    """0 at start, 1 at stop, smooth between and flat beyond."""
    t = np.clip((x - start) / (stop - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bump(x: Field, start: float, top_start: float, top_stop: float, stop: float) -> Field:
    """0, up to 1 on [top_start, top_stop], down to 0."""
    return ramp(x, start, top_start) * ramp(x, stop, top_stop)


def body_velocity(torso: Template, who: Attributes, rng: np.random.Generator) -> Field:
    """Height, shape of chest and pelvis, belly, breath and aorta."""
    z = torso.points[0, :, :1, :1]
    y, x = torso.points[1, :1], torso.points[2, :1]
    aside = x - torso.middle_x
    ahead = torso.spine_y[:, None, None] - y  # mm in front of the spine
    total = np.zeros_like(torso.points)
    _height(torso, who, z, ahead, aside, total)
    _frame(torso, who, z, ahead, aside, rng, total)
    _belly(torso, who, z, ahead, aside, rng, total)
    _breath(torso, who, z, ahead, total)
    # Aorta: 23 against 26 mm across in women and men in the chest, wider by about .8 mm a decade: Rogers, Am J Cardiol
    # 2013;111:1510.
    wider = -1.2 * (who.sex == "female") + 0.04 * (who.age - 50) + rng.normal(0, 0.6)
    total += np.float32(np.clip(wider, -2.0, 2.5)) * torso.aorta_outward
    return total


def _height(torso: Template, who: Attributes, z: Field, ahead: Field, aside: Field, total: Field) -> None:
    log = np.log(who.height_factor)
    # Short people show a little more thigh and neck than the template has; stretched shoulders fill half of the neck.
    top = torso.levels["top"]
    total[0] += log * np.minimum(z - 0.4 * top, 0.5 * top - 0.55 * np.maximum(z - 0.85 * top, 0))
    total[1] += -0.6 * log * ahead
    total[2] += 0.6 * log * aside


def _frame(
    torso: Template, who: Attributes, z: Field, ahead: Field, aside: Field, rng: np.random.Generator, total: Field
) -> None:
    """The skeleton's sexual dimorphism.

    Women's pelvis: wider, most of all low down (outlet and subpubic angle), with a shallower, lower ischium and a
    sacrum further back: Tague, Am J Phys Anthropol 1992;88:1; Fischer and Mitteroecker, Anat Rec 2017;300:698. Women's
    ribcage is smaller and narrower for the same height: Bellemare, Am J Respir Crit Care Med 2003;168:305.
    """
    at = torso.levels
    female = who.sex == "female"
    hips = rng.normal(0.0, 0.025)
    chest = rng.normal(0.0, 0.03)
    crest, joint = at["crest"], at["femur_top"]
    pelvis = ramp(z, crest + 50, crest - 40)
    outlet = ramp(z, crest - 30, joint + 10)
    ribs = ramp(z, at["lumbar_top"] - 60, at["dome"])
    shoulders = ramp(z, at["dome"] + 60, at["sternum_top"])
    if torso.native:  # this skeleton is of that sex already
        total[2] += aside * (pelvis * hips + ribs * chest)
        total[1] += -ahead * ribs * (chest + rng.normal(0.0, 0.03))
    elif female:
        wide = pelvis * (0.055 + hips) + outlet * 0.06
        waist = bump(z, crest, crest + 60, crest + 60, at["dome"])
        total[2] += aside * (wide + ribs * (-0.05 + chest) - 0.03 * shoulders - 0.03 * waist)
        # Shallower: all below the crest is pressed together, and the loins take up the room.
        depth = np.minimum(z, crest) - 0.25 * crest
        total[0] += -0.08 * depth * ramp(z, at["lumbar_top"] + 60, crest)
        # Roomier from front to back: the sacrum goes backward, the pubis hardly forward.
        total[1] += (pelvis * outlet * 0.03) * np.clip(-ahead + 60, -60, 120)
        total[1] += pelvis * (1 - outlet) * 5.0 * ramp(ahead, 20, -40)
        total[1] += -ahead * ribs * (-0.04 + chest)
    else:
        total[2] += aside * (pelvis * (-0.02 + hips) + ribs * (0.01 + chest) + 0.01 * shoulders)
        total[1] += -ahead * ribs * (0.01 + chest)
    # Old spines stoop: kyphosis goes from 26 to 42 degrees between 20 and 75 years (Fon, AJR 1980;134:979).
    stoop = 0.15 * (who.age - 50) + rng.normal(0, 4)
    total[1] += -np.clip(stoop, -10, 12) * ramp(z, at["dome"], at["top"])
    total[1] += 0.4 * stoop * bump(z, crest, at["dome"], at["dome"] + 40, at["top"])


TRUNK = 576.0
"""mm: height of the trunk that the girths are those of."""
WIDEST = 1110.0
"""mm: a body of this girth still lies within 384 by 432 mm, also one with wide hips."""


GIRTHS = {"male": (925.0, 25.0), "female": (885.0, 24.5)}
"""mm: waist at a body mass index of MIDDLE_BMI and 50 years, and what each kg/m2 adds to it; set by eye."""
MIDDLE_BMI = 26.5


def wanted_girth(who: Attributes) -> float:
    """Waist in mm of this sex, body mass index and trunk.

    About 76 cm at 20 and 116 cm at 36 kg/m2 in men, 73 and 112 cm in women, half a centimetre a decade more: set
    by eye, not fitted to measurements.
    """
    middle, slope = GIRTHS[who.sex]
    girth = middle + slope * (who.bmi - MIDDLE_BMI) + 0.5 * (who.age - 50)
    return float(min(girth * who.height_factor**0.5, WIDEST))


def bmi_of(girth: float, sex: str | None, age: float | None, height_factor: float) -> float:
    """The body mass index that `wanted_girth` (mm) is of; a sex or an age that is not known counts as the mean."""
    middle, slope = np.mean([GIRTHS[one] for one in ([sex] if sex else GIRTHS)], axis=0)
    aged = 0.0 if age is None else 0.5 * (age - 50)
    return float(MIDDLE_BMI + (girth / height_factor**0.5 - aged - middle) / slope)


def fatter(torso: Template, who: Attributes) -> float:
    """Millimetres by which the waist's radius must grow from the template's, in proportion to its trunk."""
    size = torso.levels["top"] / TRUNK
    return float(np.clip((size * wanted_girth(who) - torso.girth) / (2 * np.pi), -60 * size, 45 * size))


LOST_WITHIN = 0.6
"""Least share of a loss of girth that happens inside the wall of the abdomen; by eye."""


def visceral_share(torso: Template, who: Attributes) -> float:
    """Part of a change of girth that happens inside the wall of the abdomen.

    More in men than in women and more with age: Enzi, Am J Clin Nutr 1986;44:739; Kuk, Ageing Res Rev 2009;8:339. Who
    gets thinner has little to lose under the skin, and most of it is lost within.
    """
    share = np.clip(0.42 + (0.06 if who.sex == "male" else -0.08) + 0.02 * (who.age - 50) / 10, 0.25, 0.6)
    return float(max(share, LOST_WITHIN) if fatter(torso, who) < 0 else share)


def _belly(
    torso: Template, who: Attributes, z: Field, ahead: Field, aside: Field, rng: np.random.Generator, total: Field
) -> None:
    """Visceral fat pushes the wall of the abdomen forward and sideward, most in front."""
    at = torso.levels
    outward = visceral_share(torso, who) * fatter(torso, who) + rng.normal(0, 1.5)  # mm on the mean radius
    level = outward / 7.5
    abdomen = bump(z, at["hip_bottom"] + 40, at["crest"] - 20, at["lumbar_top"] - 50, at["dome"] + 50)
    front = np.log1p(np.exp(np.clip(ahead / 15, -30, 30))) * 15  # smooth max(ahead, 0)
    total[1] += -0.085 * level * abdomen * front
    total[2] += 0.045 * level * abdomen * aside * ramp(ahead, -60, 20)
    # Subcutaneous fat of the flanks and back is set by the skin; the thin are flat everywhere.
    total[2] += 0.012 * level * aside


def _breath(torso: Template, who: Attributes, z: Field, ahead: Field, total: Field) -> None:
    """The diaphragm goes down `breathing_mm`, fading to the lung apex, to L4, in the spine and in the wall."""
    at = torso.levels
    low = at["lumbar_bottom"] + 0.25 * (at["lumbar_top"] - at["lumbar_bottom"])
    along = bump(z, low, at["dome"] - 70, at["dome"], at["apex"])
    free = torso.inner * (1 - torso.spine)
    total[0] += -who.breathing_mm * along * free
    # Ribs lift: the chest deepens by about a fifth of the excursion, the belly comes forward.
    chest = bump(z, low, at["dome"] - 40, at["dome"] + 60, at["top"])
    total[1] += -0.2 * who.breathing_mm * chest * ramp(ahead, 0, 120)


def muscle_shift(who: Attributes) -> float:
    """Millimetres by which fat takes over from muscle at their border.

    Muscle mass is a third lower in women and falls from the fifth decade on: Janssen, J Appl Physiol 2000;89:81. The
    shift itself is by eye: sheets of muscle of the template are 6 to 12 mm thick.
    """
    shift = 0.5 * (who.sex == "female") + 0.25 * (who.age - 50) / 10 - 0.3 * min(who.habitus_level, 0.7) - 0.2
    return float(np.clip(shift, -1.2, 1.4))


def fat_thickness(torso: Template, who: Attributes, rng: np.random.Generator) -> Field:
    """Millimetres by which the skin moves out (in where negative), on the 6 mm grid, in the template's frame.

    What the waist lacks of its girth when the visceral part is done, more in front than behind. Women carry more
    under the skin, most at hips and thighs (Enzi 1986, as above).
    """
    level = (1 - visceral_share(torso, who)) * fatter(torso, who) + rng.normal(0, 1.5)
    female = who.sex == "female"
    z, y = torso.points[0, :, :1, :1], torso.points[1, :1]
    at = torso.levels
    front = ramp(torso.spine_y[:, None, None] - y, -40, 60)
    trunk = ramp(z, at["top"] + 30, at["sternum_top"] - 40)  # shoulders and arms thicken less
    aside = np.abs(torso.points[2, :1] - torso.middle_x)
    arm = ramp(aside, 130, 175) * ramp(z, at["dome"], at["sternum_top"] - 30)
    hips = ramp(z, at["crest"] + 40, at["crest"] - 60)
    flank = ramp(aside, 60, 140) * ramp(torso.spine_y[:, None, None] - y, 90, 40)
    thick = level * (1 + 0.25 * front - 0.35 * flank) * (0.45 + 0.55 * trunk) * (1 - 0.6 * arm)
    thick = np.where(thick > 0, thick * (1 - 0.5 * hips), thick)
    thick = thick + ((1.5 if torso.native else 4.0) * hips + 1.0 if female else -1.0)
    return np.array(np.broadcast_to(thick, torso.skin.shape), np.float32)


def _nipple(torso: Template, side: int) -> Field | None:
    """A point on the front of the chest at the height of the fourth space, mm."""
    at = torso.levels
    z = at["sternum_bottom"] + 0.3 * (at["sternum_top"] - at["sternum_bottom"])
    x = torso.middle_x + side * 82.0
    i, k = int(z / 6), int(np.clip(x / 6, 0, torso.skin.shape[2] - 1))
    inside = np.nonzero(torso.skin[min(i, torso.skin.shape[0] - 1), :, k] < 0)[0]
    return np.array([z, inside[0] * 6.0, x], np.float32) if len(inside) else None


def breasts(
    torso: Template, who: Attributes, rng: np.random.Generator, at: Field, fat: Field, level: Field
) -> tuple[Field, NDArray[np.float32] | None]:
    """The body's level set with breasts joined on, and the level set of their glands.

    at: template positions [3, z, y, x] in mm of the voxels; fat: what `fat_thickness` gave; level: mm, negative inside.

    About 400-800 ml each, more with body mass, glands giving way to fat with age: Huang, Med Phys 2011;38:2180.
    """
    size = np.exp(rng.normal(0, 0.10)) * (1 + 0.10 * np.clip(who.habitus_level, -1, 1.6))
    flat = rng.uniform(0.85, 1.15)
    radii = size * np.array([60, 30 * flat, 64])
    dense = float(np.clip(0.72 - 0.006 * (who.age - 40) - 0.06 * who.habitus_level, 0.35, 0.8))
    gland = None
    for side in (-1, 1):
        centre = _nipple(torso, side)
        if centre is None:
            continue
        i, j, k = (int(np.clip(c / 6, 0, n - 1)) for c, n in zip(centre, level.shape, strict=True))
        centre = centre + np.array([-8, 0.15 * radii[1] - fat[i, j, k], 0])
        offset = at - centre[:, None, None, None]
        norm = np.sqrt(sum((offset[i] / radii[i]) ** 2 for i in range(3)))
        breast = (norm - 1) * radii[1]
        blend = np.clip(0.5 + 0.5 * (breast - level) / 16, 0, 1)  # smooth union, 16 mm round
        level = breast + (level - breast) * blend - 16 * blend * (1 - blend)
        offset[1] += 0.1 * radii[1]
        inner = (np.sqrt(sum((offset[i] / (dense * radii[i])) ** 2 for i in range(3))) - 1) * dense * radii[1]
        gland = inner if gland is None else np.minimum(gland, inner)
    return np.asarray(level, np.float32), None if gland is None else np.asarray(gland, np.float32)
