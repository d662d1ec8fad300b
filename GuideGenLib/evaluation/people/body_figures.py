"""Girth by build, bodies that the canvas cuts off, and the volumes of organs beside published ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from GuideGenLib.evaluation.people.asked import BUILDS
from GuideGenLib.evaluation.people.body import PUBLISHED, Body
from GuideGenLib.evaluation.report.section import Figure, Section, Table, share_figure

WIDER = 1.4
"""How many times wider the obese must be than the thin."""
IN_RANGE = 0.95
SEXES = ("male", "female")
Built = Sequence[tuple[str, str, Body]]
"""Sex, build and body of people."""


def add_waist(section: Section, patients: Built, population: Built) -> None:
    """The girth of the obese over that of the thin; both sexes count as much as each other."""
    sexes = {sex: (_waists(patients, sex, "thin"), _waists(patients, sex, "obese")) for sex in SEXES}
    cases = sum(len(group) for pair in sexes.values() for group in pair)
    section.figures.append(
        Figure(
            "waist of the obese over that of the thin",
            _ratio(patients),
            None,
            None,
            cases,
            wanted=WIDER,
            ceiling=_ratio(population),
            note="means of both sexes; under `real CT`: of people drawn from the training",
        )
    )
    rows = []
    for name, people in (("generated", patients), ("drawn from the training", population)):
        for sex in SEXES if people else ():
            waists = [_waists(people, sex, build) for build in ("thin", "normal", "overweight", "obese")]
            rows.append([f"{name}, {sex}", *(f"{np.mean(one):.0f}" if one else "-" for one in waists)])
    section.tables.append(Table("Mean waist in mm", ["", "thin", "normal", "overweight", "obese"], rows))


def _waists(people: Built, sex: str, build: str) -> list[float]:
    assert build in BUILDS
    return [body.waist for one, other, body in people if (one, other) == (sex, build) and body.waist is not None]


def _ratio(people: Built) -> float | None:
    """None where a sex has nobody thin or nobody obese."""
    pairs = [(_waists(people, sex, "thin"), _waists(people, sex, "obese")) for sex in SEXES]
    if not all(thin and obese for thin, obese in pairs):
        return None
    return float(np.mean([np.mean(obese) / np.mean(thin) for thin, obese in pairs]))


def add_sides(section: Section, patients: Sequence[Body], population: Sequence[Body]) -> None:
    """Who is cut off at a side of the canvas, below the arms."""
    figure = share_figure(
        "patients cut off at the sides",
        [(int(one.is_cut), 1) for one in patients],
        wanted=0.0,
        ceiling=float(np.mean([one.is_cut for one in population])) if population else None,
        note="anything of the body at a border of the canvas, left, right, front or back, below the tips of the "
        "shoulder blades; under `real CT`: people drawn from the training",
    )
    section.figures.append(replace(figure, lower_is_better=True))
    cut = [one for one in patients if one.is_cut]
    if cut:
        sides, depth = max(one.at_sides for one in cut), max(one.at_front_or_back for one in cut)
        section.remarks.append(
            f"Of the patients that are cut off, the worst is so over {100 * sides:.0f} % of its slices at the left or "
            f"right, and over {100 * depth:.0f} % in front or behind."
        )


def add_volumes(section: Section, patients: Sequence[tuple[str, Body]], population: Sequence[tuple[str, Body]]) -> None:
    """The volumes of organs, beside the ranges in which those of 95 % of adults lie."""
    within = [(body.within(sex), body) for sex, body in patients]
    drawn = [(body.within(sex), body) for sex, body in population]
    section.figures.append(
        share_figure(
            "organ volumes within those of 95 % of adults",
            [(sum(found.values()), len(found)) for found, _ in within],
            wanted=IN_RANGE,
            ceiling=float(np.mean([list(found.values()) for found, _ in drawn])) if drawn else None,
            note=f"{', '.join(PUBLISHED)}; under `real CT`: people drawn from the training",
        )
    )
    rows = []
    for name, one in PUBLISHED.items():
        ranges = [f"{low:.0f} to {high:.0f}" for low, high in dict.fromkeys((one.men, one.women))]
        rows.append([name, " / ".join(ranges), *_told(name, within), *_told(name, drawn)])
        section.remarks.append(f"Volumes of the {name}: {one.source}.")
    header = ["organ", "ml, men / women", "within", "median (5 to 95 %)", "training within", "median (5 to 95 %)"]
    section.tables.append(Table("Organ volumes of patients, and of people drawn from the training", header, rows))


def _told(name: str, people: Sequence[tuple[dict[str, bool], Body]]) -> tuple[str, str]:
    if not people:
        return "-", "-"
    low, middle, high = np.percentile([body.ml[name] for _, body in people], (5, 50, 95))
    return f"{np.mean([found[name] for found, _ in people]):.2f}", f"{middle:.0f} ({low:.0f} to {high:.0f})"
