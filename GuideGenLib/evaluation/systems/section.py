"""The paper's two tables with all systems measured here, the published figures beside, and rows of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.alignment.with_anatomy import PAPER as PAPER_DSC
from GuideGenLib.evaluation.alignment.with_text import PAPER as PAPER_ACCURACY
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure, share_figure
from GuideGenLib.evaluation.systems.judging import Realism, dice_of, read_texts
from GuideGenLib.evaluation.systems.making import Made
from GuideGenLib.evaluation.systems.pictures import write_row
from GuideGenLib.judges.agreement import ORGANS

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

TITLE = "All systems of the paper's tables, measured alike"
SHOWN = 3
"""Cases of which there is a row of pictures."""
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
    for one in made:
        if "mask" not in one.system.takes:
            continue
        dice, name = dice_of(one.cases, judges), one.system.shown
        paper = PAPER_DSC[name]
        overall = mean_figure(
            f"{name}: mean DSC of the organs",
            [float(np.mean(row[np.isfinite(row)])) if np.isfinite(row).any() else float("nan") for row in dice],
            paper=paper[-1],
        )
        section.figures.append(overall)
        shown = np.isfinite(dice)
        means = np.where(
            shown.any(axis=0), np.where(shown, dice, 0).sum(axis=0) / np.maximum(shown.sum(axis=0), 1), np.nan
        )
        here = [f"{mean:.2f}" if np.isfinite(mean) else "-" for mean in means]
        rows.append((name, *here, _two(overall.value), *_costs(one, fids)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    known = [judges.ceilings.get(organ) for organ in ORGANS]
    real = [each for each in known if each is not None]
    rows.append(("real CT (held out)", *map(_two, known), _two(float(np.mean(real)) if real else None), "", "", ""))
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
            share_figure(f"{name}: {what}", counts, paper=paper[place])
            for what, counts, place in (
                ("age decade", read.age, 0),
                ("sex", read.sex, 1),
                ("tumor location", read.place, 3),
            )
        ]
        known = [one.value for one in figures if one.value is not None]
        mean = float(np.mean(known)) if len(known) == len(figures) else None
        theirs = float(np.mean([each.paper for each in figures if each.paper is not None]))
        section.figures += [
            *figures,
            Figure(f"{name}: mean of the three", mean, None, None, len(one.cases), paper=theirs),
        ]
        age, sex, place = (_two(each.value) for each in figures)
        more = mask_seconds if "mask" in one.system.takes else 0.0
        rows.append((name, age, sex, "not judged", place, _two(mean), *_costs(one, fids, more)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    title = "From a text: accuracy of what is read in the CT; FID, seconds and GB a volume"
    return Table(title, ("", "age", "sex", "race", "tumor loc.", "mean", *COSTS), rows)


def _training_table(made: Sequence[Made]) -> Table:
    """How much each system learned before it was measured."""
    return Table(
        "What each system saw in its training", ("", "training"), [(m.system.shown, m.system.about) for m in made]
    )


def _two(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.2f}"


def _remarks(cases: int, realism: Realism) -> list[str]:
    found = [
        f"All systems got the same {cases} masks, texts and seeds and were judged by the same judges; the published "
        "rows are from other data and judges. The rivals are our own small counterparts, not the published systems.",
        "Ours from a text: its time is that of the mask and of the CT. Text-conditioned rivals make a torso at 3 mm.",
        "The mean of the published accuracies includes race, which is not judged here; the figures' leaves it out.",
    ]
    if realism.missing:
        found.append(f"FID was not measured: {realism.missing}")
    elif np.isfinite(realism.floor):
        found.append(f"FID between halves of the real scans: {realism.floor:.0f}.")
    return found
