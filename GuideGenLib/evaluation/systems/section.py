"""The paper's two tables with all systems measured here, the published figures beside, and rows of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.alignment.judge_scores import lesion_score, person_score, seen_organs
from GuideGenLib.evaluation.alignment.with_anatomy import PAPER as PAPER_DSC
from GuideGenLib.evaluation.alignment.with_text import PAPER as PAPER_ACCURACY
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, Figure, Section, Table, mean_figure, share_figure
from GuideGenLib.evaluation.systems.judging import Realism, dice_of, read_texts
from GuideGenLib.evaluation.systems.making import Made
from GuideGenLib.evaluation.systems.pictures import write_row
from GuideGenLib.judges.agreement import ORGANS

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

TITLE = "All systems of the paper's tables, measured alike"
SHOWN = 3
"""Cases of which there is a row of pictures."""
TRAINED = 0.5
"""Share of our samples below which a rival is no comparison."""
COSTS = ("FID", "s", "GB")


def measure_systems(
    cases: Sequence[GeneratedCase],
    made: Sequence[Made],
    absent: dict[str, str],
    judges: "Judges",
    realism: Realism,
    mask_seconds: float,
    output: Path,
) -> Section:
    """The section. cases: ours, whose masks and texts all systems were given; made: their CTs; absent: why a system
    has none; mask_seconds: what drawing one of our anatomies takes. Raises EvaluationError without cases."""
    if not cases:
        raise EvaluationError("no case to compare systems on", "ask for at least one")
    section = Section("systems", TITLE)
    fids = {one.system.name: realism.fid(one.cases) for one in made}
    section.tables += [
        _mask_table(section, made, judges, fids),
        _text_table(section, made, judges, fids, mask_seconds),
        _training_table(made),
    ]
    for case in cases[:SHOWN]:
        path = output / f"systems_{case.key}.png"
        write_row(case, [(one.system.shown, _same(one, case)) for one in made], path)
        section.pictures.append((f"The same mask or prompt, all systems: {case.text}", path))
    section.remarks += _remarks(len(cases), realism)
    short = [one.system.shown for one in made if one.system.share < TRAINED]
    if short:
        section.remarks.append(
            f"{', '.join(short)} saw less than half of the samples that ours did: these rows tell how far a training "
            "has come and nothing of the method."
        )
    section.remarks += [f"{name} is absent: {why}" for name, why in absent.items()]
    return section


def _same(made: Made, case: GeneratedCase) -> GeneratedCase:
    return next(one for one in made.cases if one.key == case.key)


def _costs(one: Made, fids: dict[str, float | None], more_seconds: float = 0.0) -> list[str]:
    """FID, seconds and gigabytes a volume."""
    fid, memory = fids[one.system.name], [each.gigabytes for each in one.costs if each.gigabytes is not None]
    seconds = float(np.mean([each.seconds for each in one.costs])) + more_seconds
    return ["-" if fid is None else f"{fid:.0f}", f"{seconds:.0f}", f"{max(memory):.1f}" if memory else "-"]


def _mask_table(section: Section, made: Sequence[Made], judges: "Judges", fids: dict[str, float | None]) -> Table:
    """DSC of the mask and what the segmenter finds, and its figures."""
    rows: list[Sequence[str]] = []
    organs = seen_organs(judges)
    seen = np.array([organ in organs for organ in ORGANS])
    known = [judges.ceilings[organ] for organ in organs if organ in judges.ceilings]
    ceiling = float(np.mean(known)) if known else None
    for one in made:
        if "mask" not in one.system.takes:
            continue
        dice, name = dice_of(one.cases, judges), one.system.shown
        paper = PAPER_DSC[name]
        overall = mean_figure(
            f"{name}: mean DSC of the organs", [_mean(row[seen]) for row in dice], ceiling=ceiling, paper=paper[-1],
            judge=ceiling,
        )  # fmt: skip
        section.figures.append(overall)
        here = [_two(_mean(column)) if told else NOT_MEASURABLE for column, told in zip(dice.T, seen, strict=True)]
        rows.append((name, *here, _shown(overall), *_costs(one, fids)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    rows.append(("real CT (held out)", *(_two(judges.ceilings.get(o)) for o in ORGANS), _two(ceiling), "", "", ""))
    title = "From a mask: DSC of segmented CT and mask; FID, seconds and GB a volume"
    return Table(title, ("", *ORGANS, "mean", *COSTS), rows)


def _text_table(
    section: Section, made: Sequence[Made], judges: "Judges", fids: dict[str, float | None], mask_seconds: float
) -> Table:
    """What of the text is read in the CT, and its figures."""
    rows: list[Sequence[str]] = []
    for one in made:
        if "text" not in one.system.takes:
            continue
        read, name = read_texts(one.cases, judges), one.system.shown
        paper = PAPER_ACCURACY[name]
        figures = [
            share_figure(f"{name}: {what}", counts, paper=paper[place], judge=judge)
            for what, counts, place, judge in (
                ("age decade", read.age, 0, person_score(judges.classifiers, "decade")),
                ("sex", read.sex, 1, person_score(judges.classifiers, "sex")),
                ("tumor location", read.place, 3, lesion_score(judges)),
            )
        ]
        known = [each.value for each in figures if each.value is not None]
        mean = float(np.mean(known)) if len(known) == len(figures) else None
        theirs = float(np.mean([each.paper for each in figures if each.paper is not None]))
        scores = [each.judge for each in figures if each.judge is not None]
        name_of_mean, least = f"{name}: mean of the three", min(scores, default=None)
        overall = Figure(name_of_mean, mean, None, None, len(one.cases), paper=theirs, judge=least)
        section.figures += [*figures, overall]
        age, sex, place = (_shown(each) for each in figures)
        more = mask_seconds if "mask" in one.system.takes else 0.0
        rows.append((name, age, sex, "not judged", place, _shown(overall), *_costs(one, fids, more)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    title = "From a text: accuracy of what is read in the CT; FID, seconds and GB a volume"
    return Table(title, ("", "age", "sex", "race", "tumor loc.", "mean", *COSTS), rows)


def _training_table(made: Sequence[Made]) -> Table:
    """How much each system learned before it was measured."""
    return Table(
        "What each system saw in its training", ("", "training"), [(m.system.shown, m.system.about) for m in made]
    )


def _mean(values: np.ndarray) -> float:
    """Of those that count; NaN where none does."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _shown(figure: Figure) -> str:
    """Its value, if its judge sees what it judges."""
    return _two(figure.value) if figure.measurable else NOT_MEASURABLE


def _two(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.2f}"


def _remarks(cases: int, realism: Realism) -> list[str]:
    found = [
        f"All systems got the same {cases} masks, texts and seeds and were judged by the same judges; the published "
        "rows are from other data and judges. The rivals are our own small counterparts, not the published systems.",
        "Ours from a text: its time is that of the mask and of the CT. Text-conditioned rivals make a torso at 3 mm.",
        "Where a judge scores below .7 on real data nothing is measurable; the mean DSC is that of the other organs.",
        "The mean of the published accuracies includes race, which is not judged here; the figures' leaves it out.",
    ]
    if realism.missing:
        found.append(f"FID was not measured: {realism.missing}")
    elif np.isfinite(realism.floor):
        found.append(f"FID between halves of the real scans: {realism.floor:.0f}.")
    return found
