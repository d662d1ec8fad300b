"""The sex of patients, told by the bones of their pelvis: learned from the training's people, nobody from himself."""

from collections.abc import Sequence

import numpy as np

from GuideGenLib.evaluation.people.body import Body
from GuideGenLib.evaluation.people.trained import TrainedPerson
from GuideGenLib.evaluation.report.section import Figure, Section, Table, share_figure
from GuideGenLib.judges.pelvis import PROPORTIONS, Line, held_out

WANTED = 0.95
NAME = "sex, told by the bones of the pelvis alone"


def add_sex(section: Section, patients: Sequence[tuple[str, Body]], trained: Sequence[TrainedPerson]) -> None:
    """How often the sex that was asked for shows in the bones. patients: sex and body; trained: to learn from."""
    own = [(person, one) for person in trained if person.bones_are_own for one in person.drawn]
    known = [(person, one.sex == "female", one.body.pelvis) for person, one in own if one.body.pelvis is not None]
    rows, women = [pelvis for *_, pelvis in known], [woman for _, woman, _ in known]
    people = [person.bones for person, *_ in known]
    told = held_out(rows, women, people)
    if told is None:
        section.figures.append(Figure(NAME, None, None, None, 0, wanted=WANTED))
        if trained:
            section.remarks.append("Too few pelves of the training were seen: sex was not told by the bones.")
        return
    line = Line.learned(rows, women)
    counts = [
        (int(body.pelvis is not None and line.is_woman(body.pelvis) == (sex == "female")), 1) for sex, body in patients
    ]
    count = len(set(people))
    note = (
        f"a line in {len(PROPORTIONS)} proportions of hip bones, sacrum and femoral heads; under `real CT`: people "
        f"drawn from the training whose bones were left out of the learning ({count} pelves, {len(told)} people)"
    )
    section.figures.append(share_figure(NAME, counts, wanted=WANTED, ceiling=float(np.mean(told)), note=note))
    groups = {
        "women of the training": [row for row, woman in zip(rows, women, strict=True) if woman],
        "men of the training": [row for row, woman in zip(rows, women, strict=True) if not woman],
        "generated women": [body.pelvis for sex, body in patients if sex == "female" and body.pelvis],
        "generated men": [body.pelvis for sex, body in patients if sex == "male" and body.pelvis],
    }
    table = [[name, str(len(group)), *_spread(group)] for name, group in groups.items()]
    section.tables.append(Table("Proportions of the pelvis, mean (SD)", ["", "people", *PROPORTIONS], table))


def _spread(group: Sequence[Sequence[float]]) -> list[str]:
    if not group:
        return ["-"] * len(PROPORTIONS)
    return [f"{mean:.3f} ({sd:.3f})" for mean, sd in zip(np.mean(group, 0), np.std(group, 0), strict=True)]
