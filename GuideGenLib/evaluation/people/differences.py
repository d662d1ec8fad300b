"""Do generated patients differ as people do? The section of the report, measured on masks alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.people.asked import AskedPatient
from GuideGenLib.evaluation.people.body import Body
from GuideGenLib.evaluation.people.body_figures import add_sides, add_volumes, add_waist
from GuideGenLib.evaluation.people.organ_figures import add_between, add_nearest
from GuideGenLib.evaluation.people.pelvis_figures import add_sex
from GuideGenLib.evaluation.people.pictures import write_beside, write_row
from GuideGenLib.evaluation.people.sizes import SIZES, add_sizes, found_sizes
from GuideGenLib.evaluation.people.trained import TrainedPerson, some_of
from GuideGenLib.evaluation.report.section import Section
from GuideGenLib.population.variety import Shapes, shapes

SPACING = 3.0
WITHOUT = (
    "No training was named: whether patients are copies of its people, and their sex by the pelvis alone, were not "
    "measured, and the population's own figures are missing. Name the run folder with --run."
)


@dataclass(frozen=True)
class Patient:
    """A generated patient as it is compared. asked: sex and build of the text."""

    asked: AskedPatient
    case: GeneratedCase
    shapes: Shapes
    body: Body


def measured(asked: Sequence[AskedPatient], cases: Sequence[GeneratedCase]) -> list[Patient]:
    """The patients of the cases, in the order of both."""
    found = []
    for who, case in zip(asked, cases, strict=True):
        labels, _ = case.labels(SPACING)
        found.append(Patient(who, case, shapes(labels), Body.of(labels, SPACING)))
    return found


def measure_people(
    same: Sequence[Patient],
    different: Sequence[Patient],
    sized: Sequence[GeneratedCase],
    trained: Sequence[TrainedPerson],
    output: Path,
    progress: Progress = silent,
) -> Section:
    """The section; writes two pictures into `output`.

    same: patients of one text; different: of different ones; sized: those of `sizes.size_orders`; trained: people of
    the training, empty where it is not known.
    """
    section = Section("people", "Do patients differ as people do?")
    some = some_of(trained, progress)
    drawn = [one for person in some for one in person.drawn]
    everybody = [*same, *different]
    groups = {"one text": same, "different texts": different}
    between = {name: [one.shapes for one in group] for name, group in groups.items()}
    add_between(section, between, [one.one_drawn for one in some])
    add_nearest(section, [(one.case.key, one.shapes) for one in everybody], trained)
    add_sex(section, [(one.asked.sex, one.body) for one in different], some)
    told = [(one.asked.sex, one.asked.build, one.body) for one in different]
    population = [(one.sex, one.build, one.body) for one in drawn]
    add_waist(section, told, population)
    add_sides(section, [one.body for one in everybody], [one.body for one in drawn])
    add_volumes(section, [(one.asked.sex, one.body) for one in everybody], [(one.sex, one.body) for one in drawn])
    masks = [case.labels(SPACING)[0] for case in sized]
    add_sizes(section, [(asked, found_sizes(asked, mask, SPACING)) for asked, mask in zip(SIZES, masks, strict=False)])
    row = write_row([one.case for one in same], output)
    beside = write_beside([one.case for one in different], trained, output)
    section.pictures.append((f"Patients of one text, each with a seed of its own: {same[0].case.text}", row))
    section.pictures.append(("Patients of different texts, and below them people of the training", beside))
    if not trained:
        section.remarks.append(WITHOUT)
    return section
