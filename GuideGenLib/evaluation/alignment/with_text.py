"""Does the CT show what the text asks for? Sex, age and place of the tumour, read from the generated CT alone.

Beside that stand the rules on the mask (judge.py), which tell whether a fault came with the anatomy or with its CT, and
pairs of prompts that differ in one word (flips.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.evaluation.alignment import flips
from GuideGenLib.evaluation.alignment.asked import Asked, asked_by, evaluation_orders
from GuideGenLib.evaluation.alignment.found_site import FoundSite, agrees, tumour_ml, tumour_place
from GuideGenLib.evaluation.alignment.with_anatomy import segmentation
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt
from GuideGenLib.evaluation.prompts.mask_judge import GOALS, Verdict, judge
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure, share_figure
from GuideGenLib.judges.classifiers import SPACING as CLASSIFIER_SPACING
from GuideGenLib.judges.classifiers import Classifiers, SeenPerson, decade_of

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

__all__ = ["evaluation_orders", "measure_prompts"]

SPACING = 3.0
SEX, DECADE, LOCATION, FOLLOWED, SAME = 0.95, 0.45, 0.95, 0.95, 0.90
"""Targets."""
PAPER = {
    "Pinaya's": (0.06, 0.35, 0.10, 0.17, 0.17), "GenerateCT": (0.07, 0.21, 0.44, 0.03, 0.19),
    "MedSyn": (0.17, 0.74, 0.51, 0.47, 0.47), "GuideGen": (0.39, 0.90, 0.60, 0.89, 0.69),
}  # fmt: skip
"""Published accuracy of age, sex, race, tumour location, and their mean (arXiv 2403.07247)."""
PAPER_AGE, PAPER_SEX, _, PAPER_LOCATION, _ = PAPER["GuideGen"]
NO_TUMOUR_ML = 0.5
"""Less is a speck that a reader would pass over."""
MASK_FIGURES = ("tumor exactly as asked", "tumor in its place", "tumor of its size")
DETAILS = "prompt_alignment.json"


@dataclass(frozen=True)
class Answer:
    """What one case asked for and shows. place, ml: of the tumour in the segmented CT; mask_place: in the mask."""

    key: str
    asked: Asked
    reading: SeenPerson | None
    place: FoundSite | None
    ml: float
    mask_place: FoundSite | None
    verdict: Verdict

    @property
    def located(self) -> bool:
        """Whether the text asks for one tumour, so that its place can be told."""
        return len(self.asked.lesions) == 1


def measure_prompts(
    cases: Sequence[GeneratedCase], flipped: Sequence[GeneratedCase], judges: "Judges", output: Path
) -> Section:
    """The accuracy of the paper's table on generated CTs, the rules on their masks, and the flips of one word.

    flipped: cases of `flips.orders`, of which only the masks are used. Writes `output`/prompt_alignment.json with what
    was asked and found in each case. Raises EvaluationError without cases.
    """
    if not cases:
        raise EvaluationError("no generated case to measure the prompts on", "ask for at least one")
    answers = [_answer(case, judges) for case in cases]
    outcomes = flips.outcomes(flipped)
    section = Section("prompts", "Does the CT show what the text asks for?")
    section.figures += [*_ct_figures(answers, judges.classifiers), *_mask_figures(answers), *_flip_figures(outcomes)]
    section.tables.append(_paper_table(section.figures, len(answers)))
    if outcomes:
        section.tables.append(_flip_table(outcomes))
    section.remarks += _remarks(judges.classifiers)
    write_json({"cases": [_details(one) for one in answers], "flips": _flip_details(outcomes)}, output / DETAILS)
    return section


def _answer(case: GeneratedCase, judges: "Judges") -> Answer:
    asked = asked_by(case.text)
    labels, spacing = case.labels(SPACING)
    found = segmentation(case, judges)
    reading = None
    if judges.classifiers is not None:
        reading = judges.classifiers.read(*case.hu(CLASSIFIER_SPACING))
    steps = (spacing, spacing, spacing)
    return Answer(
        case.key,
        asked,
        reading,
        tumour_place(found, SPACING),
        tumour_ml(found, SPACING),
        tumour_place(labels, spacing),
        judge(labels, steps, Prompt(0, "alignment", case.text, "torso", asked.sex, asked.lesions)),
    )


# ---------------------------------------------------------------- figures


def _ct_figures(answers: Sequence[Answer], classifiers: Classifiers | None) -> list[Figure]:
    """What is read from the CTs; each pair of counts is one case."""
    sexes = [(int(one.reading.sex == one.asked.sex), 1) for one in answers if one.reading and one.asked.sex]
    ages = [(one.reading.decade, decade_of(one.asked.age)) for one in answers if one.reading and one.asked.age]
    placed = [one for one in answers if one.located]
    healthy = [one for one in answers if not one.asked.lesions]
    sex = share_figure("sex", sexes, wanted=SEX, paper=PAPER_SEX, note=_told(classifiers, "sex"))
    decade = share_figure(
        "age decade",
        [(int(read == true), 1) for read, true in ages],
        wanted=DECADE,
        paper=PAPER_AGE,
        note=_told(classifiers, "decade"),
    )
    location = share_figure(
        "tumor location",
        [(int(agrees(one.place, one.asked.lesions[0])), 1) for one in placed],
        wanted=LOCATION,
        paper=PAPER_LOCATION,
        note="Organ, and side and site where the text gives them, of the largest tumor in the segmented CT.",
    )
    return [
        sex,
        decade,
        share_figure("age decade or a neighbor", [(int(abs(read - true) <= 10), 1) for read, true in ages]),
        location,
        share_figure(
            "tumor organ",
            [(int(one.place is not None and one.place.organ == one.asked.lesions[0].organ), 1) for one in placed],
        ),
        share_figure(
            "no tumor where none is asked",
            [(int(one.ml < NO_TUMOUR_ML), 1) for one in healthy],
            note=f"The segmented CT has less than {NO_TUMOUR_ML:g} ml of tumor.",
        ),
        _mean_of("mean of sex, age, location", [sex, decade, location]),
    ]


def _told(classifiers: Classifiers | None, score: str) -> str:
    """How far the classifier can be trusted, from its own test."""
    if classifiers is None or score not in classifiers.scores:
        return ""
    return f"The classifier reads {classifiers.scores[score]:.2f} of rendered people rightly that it has not seen."


def _mean_of(name: str, figures: Sequence[Figure]) -> Figure:
    """The mean of shares, without an interval; not measured when one of them is not."""
    known = [one.value for one in figures if one.value is not None]
    value = float(np.mean(known)) if len(known) == len(figures) else None
    paper = float(np.mean([one.paper for one in figures if one.paper is not None]))
    cases = min(one.cases for one in figures) if value is not None else 0
    note = "Race is left out on both sides: this model does not encode it."
    return Figure(name, value, None, None, cases, paper=paper, note=note)


def _mask_figures(answers: Sequence[Answer]) -> list[Figure]:
    """The same prompts judged on the masks that conditioned the CTs."""
    placed = [one for one in answers if one.located]
    counts = [(int(agrees(one.mask_place, one.asked.lesions[0])), 1) for one in placed]
    note = "The method of `tumor location`, on the mask instead of the segmented CT: what it could reach at best."
    result = [share_figure("mask: tumor location", counts, note=note)]
    for name in MASK_FIGURES:
        pairs = [one.verdict.counts.get(name, (0, 0)) for one in answers]
        result.append(share_figure(f"mask: {name}", pairs, wanted=GOALS[name]))
    return result


def _flip_figures(outcomes: Sequence[flips.Outcome]) -> list[Figure]:
    local, body = ([one.same for one in outcomes if one.flip.of_body == whole] for whole in (False, True))
    ruled, learned = (
        [(int(one.fault is None), 1) for one in outcomes if one.flip.by_network == network] for network in (False, True)
    )
    note = "Pairs of prompts that differ in one word, of one seed, judged on the masks"
    return [
        share_figure(
            "flips followed, decided by a rule",
            ruled,
            wanted=FOLLOWED,
            note=f"{note}: place, size and presence of tumors, and the organs of the sex.",
        ),
        share_figure(
            "flips followed, decided by the network",
            learned,
            wanted=FOLLOWED,
            note=f"{note}: build, and sex by the inlet of the pelvis.",
        ),
        mean_figure(
            "DSC of organs that a flip does not speak of",
            local,
            wanted=SAME,
            note="Between the two masks of a pair; flips of tumors, whose organs do not count.",
        ),
        mean_figure(
            "DSC of organs, flips of sex and build",
            body,
            note="Sex and build change the size and place of every organ, so these are meant to differ.",
        ),
    ]


# ---------------------------------------------------------------- tables, remarks, details


def _paper_table(figures: Sequence[Figure], cases: int) -> Table:
    """The paper's table with our row."""
    value = {one.name: one.value for one in figures}
    ours = [value["age decade"], value["sex"], None, value["tumor location"], value["mean of sex, age, location"]]
    rows = [(name, *(f"{one:.2f}" for one in row)) for name, row in PAPER.items()]
    shown = ["-" if one is None else f"{one:.2f}" for one in ours]
    shown[2] = "not encoded"
    rows.append((f"this model, {cases} cases", *shown))
    return Table("Accuracy of what is read from the CT", ("", "age", "sex", "race", "tumor loc.", "mean"), rows)


def _flip_table(outcomes: Sequence[flips.Outcome]) -> Table:
    rows = [
        (
            one.flip.key.replace("_", " "),
            " / ".join(one.flip.words),
            "network" if one.flip.by_network else "rule",
            "yes" if one.fault is None else "NO",
            f"{one.same:.3f}" if np.isfinite(one.same) else "-",
        )
        for one in outcomes
    ]
    return Table("Flips of one word", ("flip", "words", "decided by", "followed", "DSC of the rest"), rows)


def _remarks(classifiers: Classifiers | None) -> list[str]:
    remarks = [
        "Race and ethnicity are read from the text and kept with the case, but no anatomy and no HU depend on them: "
        "there is nothing to classify, so the table says `not encoded` and the mean leaves it out.",
        "The paper's rows are its published figures, from other prompts and other classifiers: they tell no rank.",
        "Sites whose borders are no labels (poles, parts of pancreas and colon, lobes of the liver) overlap a little.",
        f"What was asked and read in each case stands in {DETAILS}.",
    ]
    if classifiers is None:
        remarks.insert(0, "Sex and age were not measured: these judges have no classifiers.")
    else:
        remarks.insert(
            1,
            "The classifiers learned from rendered anatomies of other people of the same imagined population, with the "
            "published laws of age that the generator's HU follow too: they tell whether the text arrives in the CT, "
            "and not how well a real person's age is read from it." + _on_real(classifiers),
        )
    return remarks


def _on_real(classifiers: Classifiers) -> str:
    """What they read in real scans, which were no part of their training."""
    told = [f"{name} of {one['hits']} of {one['cases']}" for name, one in classifiers.real.items()]
    return f" Of real scans they read rightly: {', '.join(told)}." if told else ""


def _details(one: Answer) -> dict[str, object]:
    """One case for the file of details."""
    return {
        "key": one.key,
        "text": one.asked.text,
        "sex": [one.asked.sex, one.reading.sex if one.reading else None],
        "age": [one.asked.age, one.reading.decade if one.reading else None],
        "female": round(one.reading.female, 3) if one.reading else None,
        "place_ct": str(one.place) if one.place else None,
        "place_mask": str(one.mask_place) if one.mask_place else None,
        "tumor_ml_ct": round(one.ml, 2),
        "faults_of_mask": one.verdict.faults,
    }


def _flip_details(outcomes: Sequence[flips.Outcome]) -> list[dict[str, object]]:
    return [
        {
            "key": one.flip.key,
            "by_network": one.flip.by_network,
            "fault": one.fault,
            "dsc": one.same if np.isfinite(one.same) else None,
        }
        for one in outcomes
    ]
