"""What tells sex and age, learned from real people: scans whose sex or age is known, and label maps for the bones.

There are few of them, so each is scored by what was learned from all the others (leave one out).
Those that no training may see are scored alike and never learned from.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from GuideGenLib.core.files import write_json
from GuideGenLib.core.resample import regrid
from GuideGenLib.data.cases import DataError
from GuideGenLib.data.notes import CASES, HELD_OUT, Notes
from GuideGenLib.data.scans import Scan
from GuideGenLib.data.store import Store
from GuideGenLib.judges.classifiers import AgeLaw, Classifiers, SeenPerson, SexLaw, chance, decade_chances, decade_of
from GuideGenLib.judges.person_measures import age_measures, sex_measures
from GuideGenLib.judges.segmenter import SPACING, Segmenter
from GuideGenLib.judges.shares import share
from GuideGenLib.population.people import Person

SCORES = "classifiers.json"
LEAST = 4
"""People of known sex, and of known age, without whom nothing is learned."""
Score = dict[str, Any]
"""A `shares.Share` as JSON."""


@dataclass(frozen=True)
class Told:
    """One person whose sex or age is known. by_age: None for a label map; held_out: scored and never learned from."""

    name: str
    sex: str | None
    age: float | None
    by_sex: Sequence[float]
    by_age: Sequence[float] | None
    held_out: bool = False


def told_scans(store: Store, notes: Mapping[str, Notes]) -> Iterator[tuple[Scan, Notes]]:
    """The scans of a store whose sex or age the notes tell, held-out ones included."""
    for record in store.usable():
        one = notes.get(record.name, Notes())
        if record.ct is not None and (one.sex or one.age is not None):
            yield Scan(record.name, np.asarray(store.volume(record, "hu")), None, record.ct.spacing), one


def measured(told: Iterable[tuple[Scan, Notes]], people: Sequence[Person], segmenter: Segmenter) -> list[Told]:
    """The scans, measured on what the segmenter finds in them, and placed label maps of known sex and no such scan."""
    result = []
    for scan, notes in told:
        hu = regrid(np.asarray(scan.hu, np.float32), (scan.spacing,) * 3, (SPACING,) * 3)
        found = segmenter.segment(hu, SPACING)
        by_sex, by_age = sex_measures(hu, found, SPACING), age_measures(hu, found, SPACING)
        result.append(Told(scan.name, notes.sex, notes.age, by_sex, by_age, notes.split == HELD_OUT))
    names = {one.name for one in result}
    for person in people:
        if person.sex is not None and person.name not in names:
            labels = np.where(person.seen, person.labels, 0).astype(np.uint8)
            by_sex = sex_measures(None, labels, SPACING / person.scale)
            result.append(Told(person.name, person.sex, None, by_sex, None))
    return result


def learned(people: Sequence[Told], segmenter: Segmenter) -> Classifiers:
    """Classifiers from all who are not held out, with the scores of each scan by what was learned without it.

    Raises DataError where too few are told.
    """
    sexes = [one for one in people if one.sex is not None and not one.held_out]
    ages = [one for one in people if one.age is not None and one.by_age is not None and not one.held_out]
    if min(len(sexes), len(ages)) < LEAST or len({one.sex for one in sexes}) < 2:
        raise DataError(
            f"sex is told of {len(sexes)} people and age of {len(ages)}",
            f"give {LEAST} scans of known sex and {LEAST} of known age, women and men, in {CASES}",
        )
    scans = [one for one in people if one.by_age is not None]
    odds = [_sex_law([other for other in sexes if other is not one]).log_odds(one.by_sex) for one in scans]
    years = [_age_law([other for other in ages if other is not one]).age(one.by_age or ()) for one in scans]
    off = [read - one.age for read, one in zip(years, scans, strict=True) if one.age is not None]
    error = float(np.sqrt(np.mean(np.square(off))))
    readings = [SeenPerson(chance(said), decade_chances(read, error)) for said, read in zip(odds, years, strict=True)]
    real = shares(readings, [one.sex for one in scans], [one.age for one in scans])
    return Classifiers(segmenter, _sex_law(sexes), replace(_age_law(ages), error=error), real)


def _sex_law(people: Sequence[Told]) -> SexLaw:
    return SexLaw.learned([one.by_sex for one in people], [one.sex == "female" for one in people])


def _age_law(people: Sequence[Told]) -> AgeLaw:
    return AgeLaw.learned([one.by_age or () for one in people], [float(one.age or 0) for one in people])


def shares(
    readings: Sequence[SeenPerson], sexes: Sequence[str | None], ages: Sequence[float | None]
) -> dict[str, Score]:
    """Shares of readings whose sex, decade, and decade or a neighbour is right; what is unknown does not count."""
    sex = [(int(one.sex == true), 1) for one, true in zip(readings, sexes, strict=True) if true]
    known = [(one, decade_of(age)) for one, age in zip(readings, ages, strict=True) if age is not None]
    found = {
        "sex": share(sex),
        "decade": share([(int(one.decade == true), 1) for one, true in known]),
        "decade within one": share([(int(abs(one.decade - true) <= 10), 1) for one, true in known]),
    }
    return {name: asdict(one) for name, one in found.items() if one.cases}


def write_scores(found: Classifiers, run: Path, people: Sequence[Told], log: Callable[[str], None] = print) -> None:
    """`classifiers.json` in the run folder: what `Classifiers.load` takes; the scores are also told to `log`."""
    for name, one in found.real.items():
        log(f"real: {name} {one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f}) of {one['cases']}")
    log(f"age: {found.age.error:.1f} years off")
    write_json(
        {**found.to_json(), "training": {"people": [one.name for one in people if not one.held_out]}}, run / SCORES
    )


def read_config(run: Path) -> dict[str, Any]:
    """What `write_scores` wrote, for the judges' folder. Raises FileNotFoundError before that."""
    return dict(json.loads((run / SCORES).read_text(encoding="utf-8")))
