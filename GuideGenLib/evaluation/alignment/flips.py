"""Counterfactual prompts: two texts that differ in one word, drawn from the same seed.

The word must be followed, and what it does not speak of must stay as it was. Judged on the voxels of the masks alone.
Some words are followed by rules: code draws lesions, and forbids the organ of the other sex. What the network makes of
a word shows in the others, and is counted apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from GuideGenLib.anatomy.structures import LUNGS, TUMOUR_ORGANS, select
from GuideGenLib.anatomy.table import by_group
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.cases import GeneratedCase, Order
from GuideGenLib.evaluation.measure import tumours, volumes_ml
from GuideGenLib.evaluation.prompts.fixed_prompts import ExpectedLesion, Prompt
from GuideGenLib.evaluation.prompts.mask_judge import LEAST_ML, judge
from GuideGenLib.judges.agreement import dice
from GuideGenLib.judges.pelvis import PROPORTIONS, proportions

SPACING = 3.0
SUBSET = 1
LARGER = 1.5
"""How many times longer the tumour of the higher stage must be."""
FATTER = 1.2
"""How many times larger the obese body must be: a BMI of 30 is 1.6 times one of 18.5, bones and organs are the same."""
CANAL_WIDER = 1.05
"""How many times broader the inlet of the woman's pelvis must be, over the breadth between the iliac crests: in people
drawn from five real pelves it is .51 (SD .02) in women and .46 (.03) in men."""
LEAST_ORGAN_ML = 1.0
GROUPS = ("lungs", "heart", "organs", "digestive", "pelvis", "bones")
"""Organs that are compared; vessels, muscles and fat are thin or follow the build."""
FILLINGS = ("stomach_gas", "colon_gas", "trachea")
SEX_ORGANS = ("prostate", "uterus")


@dataclass(frozen=True)
class Flip:
    """A text with `{}` where the two words go. rule: how it is judged (RULES); lesions: what each text asks for;
    finding: label of what a recipe draws, room: labels in the place of which it lies, or of what an operation took."""

    key: str
    text: str
    words: tuple[str, str]
    rule: str
    lesions: tuple[ExpectedLesion | None, ExpectedLesion | None] = (None, None)
    finding: str = ""
    room: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, str]:
        """Keys of its two cases."""
        return f"{self.key}_a", f"{self.key}_b"

    @property
    def of_body(self) -> bool:
        """Whether the word changes the whole body, so that every organ may move."""
        return self.rule in ("sex", "bones", "build")

    @property
    def by_network(self) -> bool:
        """Whether the network alone decides if the word is followed, and no rule."""
        return self.rule in ("bones", "build")


def _both(first: ExpectedLesion) -> tuple[ExpectedLesion, ExpectedLesion]:
    return first, first


FLIPS = (
    Flip("lung_side", "A 61-year-old man with a T2 tumor in the {} upper lobe of the lung.", ("left", "right"), "place",
         (ExpectedLesion("lung", "left", "upper_lobe"), ExpectedLesion("lung", "right", "upper_lobe"))),
    Flip("sex", "A 45-year-old {} of normal build, no abnormality on CT.", ("man", "woman"), "sex"),
    Flip("kidney_side", "Woman of 58 years with a T1b renal cell carcinoma of the {} kidney.", ("left", "right"),
         "place", (ExpectedLesion("kidney", "left"), ExpectedLesion("kidney", "right"))),
    Flip("lung_stage", "A 66-year-old man with lung cancer in the right lower lobe, T{}N0M0.", ("1", "4"), "size",
         _both(ExpectedLesion("lung", "right", "lower_lobe"))),
    Flip("liver_presence", "A 63-year-old woman {} a tumor in the liver.", ("without", "with"), "presence",
         (None, ExpectedLesion("liver"))),
    Flip("build", "A {} 60-year-old man, normal findings.", ("thin", "obese"), "build"),
    Flip("lung_lobe", "A 70-year-old woman with a T2a lung cancer of the left {} lobe.", ("upper", "lower"), "place",
         (ExpectedLesion("lung", "left", "upper_lobe"), ExpectedLesion("lung", "left", "lower_lobe"))),
    Flip("liver_size", "A {} tumor in the right lobe of the liver of a 52-year-old man.", ("small", "large"), "size",
         _both(ExpectedLesion("liver", None, "right_lobe"))),
    Flip("colon_part", "A 68-year-old woman with a T3 cancer of the {} colon.", ("ascending", "descending"), "place",
         (ExpectedLesion("colon", None, "ascending"), ExpectedLesion("colon", None, "descending"))),
    Flip("pancreas_part", "A 55-year-old man, T2 carcinoma of the {} of the pancreas.", ("head", "tail"), "place",
         (ExpectedLesion("pancreas", None, "head"), ExpectedLesion("pancreas", None, "tail"))),
    Flip("sex_bones", "A 50-year-old {}, normal findings.", ("man", "woman"), "bones"),
    Flip("sex_bones_old", "A 72-year-old {} of normal build, no tumor.", ("man", "woman"), "bones"),
    Flip("build_woman", "A {} 45-year-old woman, normal findings.", ("thin", "obese"), "build"),
    Flip("build_old", "A {} man of 75 years, no abnormality.", ("thin", "obese"), "build"),
    Flip("effusion_presence", "A 64-year-old man {} a left pleural effusion.", ("without", "with"), "finding",
         finding="pleural_effusion", room=LUNGS),
    Flip("effusion_size", "A 70-year-old woman with a {} right pleural effusion.", ("small", "large"), "amount",
         finding="pleural_effusion", room=LUNGS),
    Flip("ascites_presence", "A 59-year-old man {} ascites.", ("without", "with"), "finding", finding="ascites"),
    Flip("cyst_presence", "A 54-year-old woman {} a 4 cm cyst of the left kidney.", ("without", "with"), "finding",
         finding="kidney_cyst", room=("kidney_left", "kidney_right")),
    Flip("stone_presence", "A 48-year-old woman {} gallstones.", ("without", "with"), "finding", finding="gallstone",
         room=("gallbladder",)),
    Flip("nodes_presence", "A 62-year-old man {} mediastinal lymphadenopathy.", ("without", "with"), "finding",
         finding="mediastinal_lymph_node", room=(*LUNGS, "esophagus")),
    Flip("fracture_presence", "A 78-year-old woman {} a severe L1 compression fracture.", ("without", "with"),
         "finding", finding="vertebral_fracture", room=("vertebrae_lumbar",)),
    Flip("obstruction_presence", "A 66-year-old man {} small bowel obstruction.", ("without", "with"), "finding",
         finding="dilated_small_bowel", room=("small_bowel",)),
    Flip("nephrectomy", "A 63-year-old man, {} left nephrectomy, normal findings.", ("no", "after"), "removal",
         room=("kidney_left",)),
    Flip("splenectomy", "A 44-year-old woman, {} splenectomy, normal findings.", ("no", "after"), "removal",
         room=("spleen",)),
    Flip("cholecystectomy", "A 57-year-old woman, {} cholecystectomy, normal findings.", ("no", "after"), "removal",
         room=("gallbladder",)),
    Flip("hysterectomy", "A 61-year-old woman, {} hysterectomy, normal findings.", ("no", "after"), "removal",
         room=("uterus",)),
    Flip("lobectomy", "A 67-year-old man, {} left lower lobectomy.", ("no", "after"), "removal",
         room=("lung_lower_lobe_left", "lung_upper_lobe_left")),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of one flip. fault: None where the word was followed; same: mean Dice of the organs that must stay."""

    flip: Flip
    fault: str | None
    same: float


def orders(subset: bool = False) -> list[Order]:
    """Two cases a flip, of one seed; `subset`: those of the first flip alone."""
    made = []
    for number, flip in enumerate(FLIPS[: SUBSET if subset else None], start=1):
        first, second = flip.keys
        made.append(Order(first, flip.text.format(flip.words[0]), 500 + number))
        made.append(Order(second, flip.text.format(flip.words[1]), 500 + number, like=first))
    return made


def outcomes(cases: Sequence[GeneratedCase]) -> list[Outcome]:
    """Judge every flip of which both cases are there. Raises EvaluationError when they do not fit each other."""
    by_key = {case.key: case for case in cases}
    found = []
    for flip in FLIPS:
        pair = [by_key[key] for key in flip.keys if key in by_key]
        if len(pair) == 2:
            masks = [case.labels(SPACING)[0] for case in pair]
            found.append(Outcome(flip, followed(flip, *masks), unchanged(flip, *masks)))
    return found


# ---------------------------------------------------------------- followed


def followed(flip: Flip, first: np.ndarray, second: np.ndarray) -> str | None:
    """None when both masks, uint8 [z, y, x] at 3 mm, show what their texts ask for, else what is wrong."""
    return RULES[flip.rule](flip, (first, second))


def _in_place(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """Each mask has one tumour and that in the asked place."""
    for word, mask, lesion in zip(flip.words, masks, flip.lesions, strict=True):
        verdict = judge(mask, (SPACING,) * 3, Prompt(0, "flip", "", "torso", None, (lesion,) if lesion else ()))
        counts = [verdict.counts[name] for name in ("tumor exactly as asked", "tumor in its place")]
        if any(hits < asked for hits, asked in counts):
            return f"{word}: " + "; ".join(fault for fault in verdict.faults if fault.startswith("tumor"))
    return None


def _sized(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The second tumour is LARGER times as long as the first."""
    longest = [_longest(mask, lesion) for mask, lesion in zip(masks, flip.lesions, strict=True)]
    if min(longest) == 0:
        return f"no tumor for {flip.words[longest.index(0)]}"
    told = f"{longest[0]:.0f} mm for {flip.words[0]}, {longest[1]:.0f} mm for {flip.words[1]}"
    return None if longest[1] >= LARGER * longest[0] else told


def _longest(mask: np.ndarray, lesion: ExpectedLesion | None) -> float:
    found = [one.feret for one in tumours(mask, (SPACING,) * 3) if lesion and one.label == lesion.label]
    return max(found, default=0.0)


def _there(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The first mask has no tumour at all, the second has one of the asked kind."""
    without, having = (tumours(mask, (SPACING,) * 3) for mask in masks)
    if without:
        return f"{flip.words[0]}: {without[0].label}"
    lesion = flip.lesions[1]
    there = any(lesion and one.label == lesion.label for one in having)
    return None if there else f"{flip.words[1]}: no {lesion.label if lesion else 'tumor'}"


def _finding_there(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The first mask has nothing of the finding, the second has it."""
    without, having = (float(select(mask, [flip.finding]).sum()) for mask in masks)
    if without:
        return f"{flip.words[0]}: {flip.finding}"
    return None if having else f"{flip.words[1]}: no {flip.finding}"


def _more_of_it(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The second mask has LARGER times as much of the finding as the first, which has some."""
    ml = [float(select(mask, [flip.finding]).sum()) * SPACING**3 / 1000 for mask in masks]
    told = f"{ml[0]:.0f} ml for {flip.words[0]}, {ml[1]:.0f} ml for {flip.words[1]}"
    return None if ml[1] >= LARGER * ml[0] > 0 else told


def _gone(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The first mask has the organ (the first of the flip's room), the second has nothing of it."""
    having, without = (volumes_ml(mask, (SPACING,) * 3)[flip.room[0]] for mask in masks)
    if having < LEAST_ORGAN_ML:
        return f"{flip.words[0]}: no {flip.room[0]}"
    return None if without == 0 else f"{flip.words[1]}: {without:.1f} ml of {flip.room[0]}"


def _sexed(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The man has a prostate and no uterus, the woman a uterus and no prostate."""
    for word, mask, own, other in zip(flip.words, masks, SEX_ORGANS, SEX_ORGANS[::-1], strict=True):
        ml = volumes_ml(mask, (SPACING,) * 3)
        if ml[own] < LEAST_ORGAN_ML or ml[other] >= LEAST_ML:
            return f"{word}: {ml[own]:.1f} ml of {own}, {ml[other]:.1f} of {other}"
    return None


def _boned(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The inlet of the woman's pelvis is CANAL_WIDER times that of the man's, each over its iliac breadth."""
    found = [proportions(mask, SPACING) for mask in masks]
    missing = [word for word, one in zip(flip.words, found, strict=True) if one is None]
    if missing:
        return f"{missing[0]}: the pelvis is not whole"
    man, woman = (one[PROPORTIONS.index("inlet")] for one in found if one is not None)
    return None if woman >= CANAL_WIDER * man else f"inlet {man:.3f} for the man, {woman:.3f} for the woman"


def _built(flip: Flip, masks: tuple[np.ndarray, np.ndarray]) -> str | None:
    """The second body is FATTER times the first."""
    litres = [float((mask > 0).sum()) * SPACING**3 / 1e6 for mask in masks]
    told = f"{litres[0]:.1f} l for {flip.words[0]}, {litres[1]:.1f} l for {flip.words[1]}"
    return None if litres[1] >= FATTER * litres[0] > 0 else told


RULES: dict[str, Callable[[Flip, tuple[np.ndarray, np.ndarray]], str | None]] = {
    "place": _in_place, "size": _sized, "presence": _there, "sex": _sexed, "bones": _boned,
    "build": _built, "finding": _finding_there, "amount": _more_of_it,
    "removal": _gone,
}  # fmt: skip


# ---------------------------------------------------------------- unchanged


def untouched(flip: Flip) -> list[str]:
    """Keys of the organs that the changed word does not speak of."""
    touched = {key for lesion in flip.lesions if lesion for key in TUMOUR_ORGANS[lesion.organ]}
    touched |= {*flip.room, *FILLINGS, *(SEX_ORGANS if flip.rule in ("sex", "bones") else ())}
    return [row.key for group in GROUPS for row in by_group()[group] if row.key not in touched]


def unchanged(flip: Flip, first: np.ndarray, second: np.ndarray) -> float:
    """Mean Dice, between the two masks, of the untouched organs of at least LEAST_ORGAN_ML in one of them.

    NaN without such an organ. Raises EvaluationError for masks of different grids.
    """
    if first.shape != second.shape:
        raise EvaluationError(f"the cases of flip {flip.key} show different regions", "delete their folders, run again")
    scores = []
    for key in untouched(flip):
        one, two = select(first, [key]), select(second, [key])
        if max(int(one.sum()), int(two.sum())) * SPACING**3 >= 1000 * LEAST_ORGAN_ML:
            scores.append(dice(one, two))
    return float(np.mean(scores)) if scores else float("nan")
