"""The paper's two tables with all systems measured here, the published figures beside, and rows of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.evaluation.alignment.judge_scores import lesion_score, person_score, seen_organs
from GuideGenLib.evaluation.alignment.with_anatomy import PAPER as PAPER_DSC
from GuideGenLib.evaluation.alignment.with_text import PAPER as PAPER_ACCURACY
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.report.section import NOT_MEASURABLE, Figure, Section, Table, mean_figure, share_figure
from GuideGenLib.evaluation.systems.judging import Read, Realism, dice_of, read_texts
from GuideGenLib.evaluation.systems.making import OUR_CORE_MINUTES, OURS, Made
from GuideGenLib.evaluation.systems.pictures import write_row
from GuideGenLib.evaluation.systems.verdicts import Measure, by_text, lines
from GuideGenLib.judges.agreement import ORGANS

if TYPE_CHECKING:
    from GuideGenLib.judges.folder import Judges

TITLE = "All systems of the paper's tables, measured alike"
SHOWN = 3
"""Cases of which there is a row of pictures."""
COSTS = ("FID", "s", "GB")
DSC, FID, SECONDS = "mean DSC", "FID", "seconds a volume"


@dataclass(frozen=True)
class Scores:
    """What was measured of a system. dice: [cases, organs] for one that takes a mask; read: for one that takes a text;
    fid: of each draw, None where it was not measured."""

    made: Made
    dice: np.ndarray | None
    read: Read | None
    fid: np.ndarray | None

    @property
    def texts(self) -> list[str]:
        return [case.text for case in self.made.cases]

    @property
    def seconds(self) -> list[float]:
        return [each.seconds for each in self.made.costs]

    @property
    def gigabytes(self) -> float | None:
        """The most of any volume."""
        return max((each.gigabytes for each in self.made.costs if each.gigabytes is not None), default=None)


def measure_systems(
    cases: Sequence[GeneratedCase],
    made: Sequence[Made],
    absent: dict[str, str],
    judges: "Judges",
    realism: Realism,
    mask_seconds: float,
    output: Path,
) -> Section:
    """The section. cases: whose masks and texts all systems were given; made: their CTs, ours first; absent: why a
    system has none; mask_seconds: what drawing one of our anatomies takes. Raises EvaluationError without cases."""
    if not cases:
        raise EvaluationError("no case to compare systems on", "ask for at least one")
    section = Section("systems", TITLE)
    scores = [
        Scores(
            one,
            dice_of(one.cases, judges) if "mask" in one.system.takes else None,
            read_texts(one.cases, judges) if "text" in one.system.takes else None,
            realism.fid(one.cases),
        )
        for one in made
    ]
    section.figures += [_fid_figure(one) for one in scores]
    section.tables += [
        _mask_table(section, scores, judges),
        _text_table(section, scores, judges, mask_seconds),
        _training_table(made),
    ]
    for case in cases[:SHOWN]:
        path = output / f"systems_{case.key}.png"
        write_row(case, [(one.system.shown, _same(one, case)) for one in made], path)
        section.pictures.append((f"The same mask or prompt, all systems: {case.text}", path))
    ours = {kind: _measures(scores[0], kind, judges, mask_seconds) for kind in ("mask", "text")}
    for one in scores[1:]:
        (kind,) = one.made.system.takes
        section.remarks += lines(ours[kind], one.made.system, _measures(one, kind, judges, 0.0))
    section.remarks += _remarks(cases, realism)
    section.remarks += [f"{name} is absent: {why}" for name, why in absent.items()]
    return section


def _same(made: Made, case: GeneratedCase) -> GeneratedCase:
    return next(one for one in made.cases if one.key == case.key)


def _measures(one: Scores, kind: str, judges: "Judges", mask_seconds: float) -> dict[str, Measure]:
    """What a system is compared by in the table of masks or of texts; its judges' scores are ours to know as well."""
    more = mask_seconds if kind == "text" else 0.0
    found = {SECONDS: Measure(by_text(one.texts, one.seconds) + more, lower_is_better=True)}
    if one.fid is not None and len(set(one.texts)) > 1:  # draws of real scans alone are no spread of ours
        found[FID] = Measure(one.fid, lower_is_better=True, drawn=True)
    if kind == "mask" and one.dice is not None:
        seen, ceiling = _seen(judges)
        found[DSC] = Measure(by_text(one.texts, [_mean(row[seen]) for row in one.dice]), judge=ceiling)
    if kind == "text" and one.read is not None:
        for what, right, _, judge in _asked(one.read, judges):
            found[what] = Measure(by_text(one.texts, right), judge=judge)
    return found


def _asked(read: Read, judges: "Judges") -> list[tuple[str, Sequence[float], int, float | None]]:
    """(what, right or not in each case, its place in PAPER_ACCURACY, its judge's score) of what a text may ask for."""
    return [
        ("age decade", read.age, 0, person_score(judges.classifiers, "decade")),
        ("sex", read.sex, 1, person_score(judges.classifiers, "sex")),
        ("tumor location", read.place, 3, lesion_score(judges)),
    ]


def _seen(judges: "Judges") -> tuple[np.ndarray, float | None]:
    """bool [organs]: those that the segmenter sees in a real scan, and its own mean DSC of them."""
    organs = seen_organs(judges)
    known = [judges.ceilings[organ] for organ in organs if organ in judges.ceilings]
    return np.array([organ in organs for organ in ORGANS]), float(np.mean(known)) if known else None


def _fid_figure(one: Scores) -> Figure:
    """Its interval is that over the draws."""
    name, count = f"{one.made.system.shown}: FID", len(one.made.cases)
    if one.fid is None:
        return Figure(name, None, None, None, 0, lower_is_better=True)
    low, high = (float(each) for each in np.percentile(one.fid, (2.5, 97.5)))
    return Figure(name, float(one.fid.mean()), low, high, count, lower_is_better=True)


def _costs(one: Scores, more_seconds: float = 0.0) -> list[str]:
    """FID, seconds and gigabytes a volume."""
    fid = "-" if one.fid is None else f"{one.fid.mean():.0f}"
    seconds, memory = float(np.mean(one.seconds)) + more_seconds, one.gigabytes
    return [fid, f"{seconds:.0f}", "-" if memory is None else f"{memory:.1f}"]


def _mask_table(section: Section, scores: Sequence[Scores], judges: "Judges") -> Table:
    """DSC of the mask and what the segmenter finds, and its figures."""
    rows: list[Sequence[str]] = []
    seen, ceiling = _seen(judges)
    for one in scores:
        if one.dice is None:
            continue
        name = one.made.system.shown
        paper = PAPER_DSC[name]
        overall = mean_figure(
            f"{name}: mean DSC of the organs", by_text(one.texts, [_mean(row[seen]) for row in one.dice]).tolist(),
            ceiling=ceiling, paper=paper[-1], judge=ceiling,
        )  # fmt: skip
        section.figures.append(overall)
        means = zip(one.dice.T, seen, strict=True)
        here = [_two(_mean(column)) if told else NOT_MEASURABLE for column, told in means]
        rows.append((name, *here, _spread(overall), *_costs(one)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    rows.append(("real CT (held out)", *(_two(judges.ceilings.get(o)) for o in ORGANS), _two(ceiling), "", "", ""))
    title = "From a mask: DSC of segmented CT and mask; FID, seconds and GB a volume"
    return Table(title, ("", *ORGANS, "mean", *COSTS), rows)


def _text_table(section: Section, scores: Sequence[Scores], judges: "Judges", mask_seconds: float) -> Table:
    """What of the text is read in the CT, and its figures."""
    rows: list[Sequence[str]] = []
    for one in scores:
        if one.read is None:
            continue
        name = one.made.system.shown
        paper = PAPER_ACCURACY[name]
        figures = [
            share_figure(f"{name}: {what}", _counts(one.texts, right), paper=paper[place], judge=judge)
            for what, right, place, judge in _asked(one.read, judges)
        ]
        known = [each.value for each in figures if each.value is not None]
        mean = float(np.mean(known)) if len(known) == len(figures) else None
        theirs = float(np.mean([each.paper for each in figures if each.paper is not None]))
        judged = [each.judge for each in figures if each.judge is not None]
        name_of_mean, least = f"{name}: mean of the three", min(judged, default=None)
        overall = Figure(name_of_mean, mean, None, None, len(one.texts), paper=theirs, judge=least)
        section.figures += [*figures, overall]
        age, sex, place = (_spread(each) for each in figures)
        more = mask_seconds if one.dice is not None else 0.0
        rows.append((name, age, sex, "not judged", place, _spread(overall), *_costs(one, more)))
        rows.append((f"  {name}, published", *(f"{each:.2f}" for each in paper), "", "", ""))
    title = "From a text: accuracy of what is read in the CT; FID, seconds and GB a volume"
    return Table(title, ("", "age", "sex", "race", "tumor loc.", "mean", *COSTS), rows)


def _counts(texts: Sequence[str], right: Sequence[float]) -> list[tuple[int, int]]:
    """(right, cases) of each text, over its seeds: they are not independent of each other."""
    groups: dict[str, list[float]] = {}
    for text, value in zip(texts, right, strict=True):
        groups.setdefault(text, []).extend([value] if np.isfinite(value) else [])
    return [(int(sum(each)), len(each)) for each in groups.values()]


def _training_table(made: Sequence[Made]) -> Table:
    """How much each system learned before it was measured: by samples, and by the time on one core."""
    rows = []
    for system in (one.system for one in made):
        minutes = OUR_CORE_MINUTES if system.name == OURS else system.core_minutes
        time = ("-", "-") if minutes is None else (f"{minutes:.0f}", f"{100 * minutes / OUR_CORE_MINUTES:.0f} %")
        rows.append((system.shown, f"{100 * system.share:.1f} %", *time, system.about))
    header = ("", "of our samples", "core minutes", "of our ct-flow's", "training")
    return Table("What each system saw in its training", header, rows)


def _mean(values: np.ndarray) -> float:
    """Of those that count; NaN where none does."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _spread(figure: Figure) -> str:
    """Its value and interval, if its judge sees what it judges."""
    if not figure.measurable:
        return NOT_MEASURABLE
    told = _two(figure.value)
    if figure.low is None or figure.high is None or figure.cases < 2:
        return told
    return f"{told} ({figure.low:.2f} to {figure.high:.2f})"


def _two(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.2f}"


def _remarks(cases: Sequence[GeneratedCase], realism: Realism) -> list[str]:
    texts = len({case.text for case in cases})
    found = [
        f"All systems got the same masks, texts and seeds (cases: {len(cases)}, texts: {texts}) and were judged by the "
        "same judges; intervals are over the texts, those of FID over draws of real scans. The published rows are from "
        "other data and judges. The rivals are our own small counterparts, not the published systems.",
        "There are two footings: as many samples as ours, and as much time on one core as our CT network's training "
        f"took ({OUR_CORE_MINUTES:.0f} minutes). A rival with less than half of both tells how far its training has "
        "come and nothing of the method; one with the time alone is compared at equal time and ranks no further.",
        "Ours from a text: its time is that of the mask and of the CT. Text-conditioned rivals make a torso at 3 mm.",
        "Where a judge scores below .7 on real data nothing is measurable; the mean DSC is that of the other organs.",
        "The mean of the published accuracies includes race, which is not judged here; the figures' leaves it out.",
    ]
    if realism.missing:
        found.append(f"FID was not measured: {realism.missing}")
    elif np.isfinite(realism.floor):
        found.append(f"FID between halves of the real scans: {realism.floor:.0f}.")
    return found
