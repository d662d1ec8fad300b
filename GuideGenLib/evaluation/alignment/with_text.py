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
from GuideGenLib.evaluation.alignment.judge_scores import lesion_score, person_score
from GuideGenLib.evaluation.alignment.with_anatomy import segmentation
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.prompts.fixed_prompts import Prompt
from GuideGenLib.evaluation.prompts.mask_judge import GOALS, Verdict, judge
from GuideGenLib.evaluation.report.cells import short
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure, share_figure
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
    section.figures += [*_ct_figures(answers, judges), *_mask_figures(answers), *_flip_figures(outcomes)]
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
        reading = judges.classifiers.read(*case.hu(SPACING), found)
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


def _ct_figures(answers: Sequence[Answer], judges: "Judges") -> list[Figure]:
    """What is read from the CTs; each pair of counts is one case."""
    classifiers, lesions = judges.classifiers, lesion_score(judges)
    sexes = [(int(one.reading.sex == one.asked.sex), 1) for one in answers if one.reading and one.asked.sex]
    ages = [(one.reading.decade, decade_of(one.asked.age)) for one in answers if one.reading and one.asked.age]
    placed = [one for one in answers if one.located]
    healthy = [one for one in answers if not one.asked.lesions]
    sex = share_figure(
        "sex",
        sexes,
        wanted=SEX,
        paper=PAPER_SEX,
        note=_told(classifiers, "sex"),
        judge=person_score(classifiers, "sex"),
    )
    decade = share_figure(
        "age decade",
        [(int(read == true), 1) for read, true in ages],
        wanted=DECADE,
        paper=PAPER_AGE,
        note=_told(classifiers, "decade"),
        judge=person_score(classifiers, "decade"),
    )
    near = share_figure(
        "age decade or a neighbor",
        [(int(abs(read - true) <= 10), 1) for read, true in ages],
        note=_told(classifiers, "decade within one"),
        judge=person_score(classifiers, "decade within one"),
    )
    location = share_figure(
        "tumor location",
        [(int(agrees(one.place, one.asked.lesions[0])), 1) for one in placed],
        wanted=LOCATION,
        paper=PAPER_LOCATION,
        note="Organ, and side and site where the text gives them, of the largest tumor in the segmented CT.",
        judge=lesions,
    )
    return [
        sex,
        decade,
        near,
        location,
        share_figure(
            "tumor organ",
            [(int(one.place is not None and one.place.organ == one.asked.lesions[0].organ), 1) for one in placed],
            judge=lesions,
        ),
        share_figure(
            "no tumor where none is asked",
            [(int(one.ml < NO_TUMOUR_ML), 1) for one in healthy],
            note=f"The segmented CT has less than {NO_TUMOUR_ML:g} ml of tumor.",
            judge=lesions,
        ),
        _mean_of("mean of sex, age, location", [sex, decade, location]),
    ]


def _told(classifiers: Classifiers | None, score: str) -> str:
    """How far the judge can be trusted, from its own test."""
    if classifiers is None or score not in classifiers.real:
        return ""
    one = classifiers.real[score]
    return f"The judge reads {one['hits']} of {one['cases']} real people rightly who were left out of its learning."


def _mean_of(name: str, figures: Sequence[Figure]) -> Figure:
    """The mean of shares, without an interval; not measured when one of them is not, its judge being their worst."""
    known = [one.value for one in figures if one.value is not None]
    value = float(np.mean(known)) if len(known) == len(figures) else None
    paper = float(np.mean([one.paper for one in figures if one.paper is not None]))
    cases = min(one.cases for one in figures) if value is not None else 0
    note = "Race is left out on both sides: this model does not encode it."
    judges = [one.judge for one in figures if one.judge is not None]
    return Figure(name, value, None, None, cases, paper=paper, note=note, judge=min(judges, default=None))


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
    named = {one.name: one for one in figures}
    rows = [(name, *(f"{one:.2f}" for one in row)) for name, row in PAPER.items()]
    shown = [short(named[name]) for name in ("age decade", "sex", "tumor location", "mean of sex, age, location")]
    shown.insert(2, "not encoded")
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
            "Sex and age are told by what is measured in the CT (chest wall, ribs, lungs, vertebrae, pelvis; HU of "
            "bone and muscle) and by laws learned from real people alone: what each reads rightly of people who were "
            "left out stands beside it, and decides whether it is measurable.",
        )
    return remarks


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
