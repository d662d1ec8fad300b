"""How much an evaluation measures, and how long that takes.

The seconds are those of the bundled model on two cores with bfloat16 and nothing else running (model card); they only
decide what `--subset` leaves out, and are told before a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FULL_CASES, SUBSET_CASES = 30, 6
MASK_S, CT_S = 4.3, 7.8
AGAIN = 0.15
"""Part of the masks that are drawn twice, because the first broke a rule."""
SEGMENT_S = 3.8
LOAD_S = 15.0
STEP_S = {"flow": 0.2, "categorical": 0.5}
"""One denoising step of the anatomy."""
FINISH_S = 2.0
"""What follows the steps: refinement, lesions, rules, judging."""
REALISM_S, REALISM_CASE_S = 30.0, 11.0
"""Of all, and of each case: where the public encoder is installed it takes most of it."""
LOOKS_S, LOOKS_CASE_S = 205.0, 5.5
"""Of how CTs look beside fifteen real scans, which are prepared first, and of each case."""
COMPARED_S, TEMPLATE_S, DEFORMATION_S = 1.0, 4.5, 0.7
"""Measuring a patient, preparing a person of the training, and each of its deformations."""
VARIANTS, DRAWING_VARIANTS = 6, 2
"""Of the ablations: those that make a CT (variants.VARIANTS and the one without HDR loss), and of them those that draw
anatomies of their own."""
TRAININGS, TRAINING_STEP_S = 5, 0.25
"""Of the usability test; its steps take one core."""
SUBSET_LIMIT_S = 600.0
SYSTEMS, SYSTEMS_COUNT = "systems", 7
SYSTEMS_CASES, SUBSET_SYSTEMS_CASES, SUBSET_STEPS = 12, 1, 2
"""Cases of the comparison of systems: four prompts with three seeds each; of a subset, and steps of its samplers."""
SYSTEMS_CASE_S, SYSTEMS_SHORT_CASE_S = 430.0, 75.0
"""The CTs of the six rivals by their own samplers, and in SUBSET_STEPS steps."""


@dataclass(frozen=True)
class Plan:
    """How much of each part is measured.

    cases: generated patients; ablation_cases: of them, those made again by each variant; sampler_steps and
    sampler_prompts: of the comparison of samplers; people: patients of one text, of different ones, and with organs of
    an asked size, masks alone; deformations: of each person of the training; training_steps: of each segmenter of the
    usability test; systems_cases: of the comparison of systems; rival_steps: of the rivals' samplers, None: their own.
    """

    subset: bool
    cases: int
    ablation_cases: int
    sampler_steps: tuple[int, ...]
    sampler_prompts: int
    people: int = 20
    deformations: int = 10
    training_steps: int = 700
    systems_cases: int = SYSTEMS_CASES
    rival_steps: int | None = None

    @classmethod
    def of(cls, subset: bool, cases: int | None = None) -> "Plan":
        """The plan of a full evaluation or of `--subset`; cases None: as many as the kind of plan has."""
        if subset:
            return cls(
                True, cases or SUBSET_CASES, 1, (4, 16), 1, people=6, deformations=4,
                systems_cases=cases or SUBSET_SYSTEMS_CASES, rival_steps=SUBSET_STEPS,
            )  # fmt: skip
        chosen = cases or FULL_CASES
        return cls(False, chosen, min(chosen, 6), (4, 8, 16, 32), 3, systems_cases=cases or SYSTEMS_CASES)


LEFT_OUT = ("people", "ablations", "usability")
"""What `--subset` does not measure unless `--only` names it: each takes minutes beside the ten of the rest."""


def parts_of(plan: Plan, every: Sequence[str]) -> list[str]:
    """The parts that a plan measures when neither `--only` nor `--systems` names any."""
    return [name for name in every if name != SYSTEMS and not (plan.subset and name in LEFT_OUT)]


def expected_seconds(plan: Plan, parts: Sequence[str], flips: int, trained: int = 0) -> float:
    """Seconds of a whole run on two cores with nothing kept from an earlier one.

    flips: counterfactual masks; trained: people of the training.
    """
    mask = MASK_S * (1 + AGAIN)
    made = plan.cases if set(parts) - {"samplers", "people", SYSTEMS} else 0
    total = LOAD_S + made * (mask + CT_S)
    if {"alignment", "prompts"} & set(parts):
        total += made * SEGMENT_S
    if "prompts" in parts:
        total += flips * mask
    if "realism" in parts:
        total += REALISM_S + plan.cases * REALISM_CASE_S
        total += 0 if plan.subset else LOOKS_S + plan.cases * LOOKS_CASE_S
    if "people" in parts:
        total += 3 * plan.people * (mask + COMPARED_S) + trained * (TEMPLATE_S + plan.deformations * DEFORMATION_S)
    if "samplers" in parts:
        a_prompt = sum(FINISH_S + steps * second for steps in plan.sampler_steps for second in STEP_S.values())
        total += plan.sampler_prompts * a_prompt
    if "ablations" in parts:
        a_case = DRAWING_VARIANTS * mask + VARIANTS * CT_S + (VARIANTS + 1) * SEGMENT_S
        total += plan.ablation_cases * a_case
    if SYSTEMS in parts:
        judged = SYSTEMS_COUNT * (SEGMENT_S + REALISM_CASE_S)
        rivals = SYSTEMS_CASE_S if plan.rival_steps is None else SYSTEMS_SHORT_CASE_S
        total += mask + REALISM_S + plan.systems_cases * (mask + CT_S + rivals + judged)
    if "usability" in parts:
        total += TRAININGS * plan.training_steps * TRAINING_STEP_S
    return total
