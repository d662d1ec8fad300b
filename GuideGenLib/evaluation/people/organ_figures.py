"""How unlike organs are between patients, and whether a patient is one of the people of the training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from GuideGenLib.evaluation.people.trained import TrainedPerson
from GuideGenLib.evaluation.report.cells import number
from GuideGenLib.evaluation.report.section import Figure, Section, Table, share_figure
from GuideGenLib.population.variety import ORGANS, REAL_PAIRS, Shapes, alike, dice_between

ALLOWED = 0.08
"""Between the mean Dice of an organ in generated and in real pairs."""
NEAREST = 90.0
"""Percentile of a person's deformations that tells the nearest of them."""


def add_between(section: Section, groups: Mapping[str, Sequence[Shapes]], population: Sequence[Shapes]) -> None:
    """Mean Dice of each organ between two patients of each group, beside that between two real people."""
    found = {name: dice_between(people) for name, people in groups.items()}
    found["drawn population"] = dice_between(population)
    for name, people in groups.items():
        section.figures.append(_within(name, found[name], len(people)))
    header = ["organ", "real pairs", *(text for name in found for text in (name, "difference"))]
    rows = []
    for organ in ORGANS:
        row = [organ, f"{REAL_PAIRS[organ]:.2f}"]
        for table in found.values():
            known = np.isfinite(table[organ])
            row += [f"{table[organ]:.2f}", f"{table[organ] - REAL_PAIRS[organ]:+.2f}"] if known else ["-", "-"]
        rows.append(row)
    section.tables.append(Table("Dice of an organ in two people, laid on each other by its centroid", header, rows))


def _within(group: str, found: Mapping[str, float], people: int) -> Figure:
    """The share of organs that are as unlike as in real pairs; an organ that no two people have counts as missed."""
    hits = sum(abs(found[organ] - REAL_PAIRS[organ]) <= ALLOWED for organ in ORGANS)
    return Figure(
        f"organs as unlike as in real pairs, {group}",
        hits / len(ORGANS) if people > 1 else None,
        None,
        None,
        people,
        wanted=1.0,
        note=f"{hits} of {len(ORGANS)} organs: mean Dice of all pairs of these patients within {ALLOWED} of real pairs",
    )


def add_nearest(section: Section, patients: Sequence[tuple[str, Shapes]], trained: Sequence[TrainedPerson]) -> None:
    """Each patient beside the person of the training that is most alike.

    Organs are laid on each other by their centroids: of 74 people drawn from 17 this way found the one they were drawn
    from in 92 %, and in 53 % without (area under the curve of own against other people .97 and .78).
    """
    half = "patients nearer to a training person than half of its deformations"
    most = f"patients nearer to a training person than {NEAREST:.0f} % of its deformations"
    if not trained:
        section.figures.append(Figure(half, None, None, None, 0, wanted=0.0, lower_is_better=True))
        return
    rows, above_half, above_most = [], [], []
    for key, organs in patients:
        found = [alike(organs, person.shapes) for person in trained]
        nearest = trained[int(np.nanargmax(found))]
        dice, own = float(np.nanmax(found)), [one.alike for one in nearest.drawn]
        marks = [float(np.percentile(own, percent)) for percent in (50.0, NEAREST)]
        above_half.append((int(dice > marks[0]), 1))
        above_most.append((int(dice > marks[1]), 1))
        rows.append([key.replace("_", " "), nearest.name, *map(number, (dice, *marks))])
    note = "mean Dice of the organs, laid on each other; half of those drawn from the training are, by definition"
    section.figures.append(replace(share_figure(half, above_half, wanted=0.0, note=note), lower_is_better=True))
    section.figures.append(replace(share_figure(most, above_most), lower_is_better=True))
    header = ["patient", "nearest of the training", "Dice", "median of its deformations", f"their {NEAREST:.0f} %"]
    section.tables.append(Table("The most alike person of the training", header, rows))
