"""The parts of an evaluation, and what they share: the model, the judges, and the generated cases."""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.core.arguments import opening
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.progress import Progress
from GuideGenLib.core.resources import resource
from GuideGenLib.evaluation.cases import GeneratedCase, Order, make_cases
from GuideGenLib.evaluation.plan import Plan
from GuideGenLib.evaluation.report.section import Section
from GuideGenLib.population.bases import PEOPLE, kept_people

if TYPE_CHECKING:
    from GuideGenLib.evaluation.people.trained import TrainedPerson
    from GuideGenLib.generator import Generator
    from GuideGenLib.judges.folder import Judges


class Work:
    """What the parts share, each made when the first part asks for it. output: absolute path of the report's folder."""

    def __init__(self, args: argparse.Namespace, plan: Plan) -> None:
        self.args, self.plan = args, plan
        self.output: Path = args.output
        self.data: Path | None = args.data

    @cached_property
    def generator(self) -> "Generator":
        from GuideGenLib.generator import Generator

        say("loading the model")
        return Generator.from_bundle(**opening(self.args))

    @cached_property
    def judges_hash(self) -> str | None:
        """Identity of the judges, None where there are none."""
        try:
            return judges_identity(self.args.judges)
        except EvaluationError:
            return None

    @cached_property
    def judges(self) -> "Judges":
        """Raises EvaluationError where there are none."""
        from GuideGenLib.judges.folder import load_judges

        return load_judges(self.args.judges)

    @cached_property
    def cases(self) -> list[GeneratedCase]:
        from GuideGenLib.evaluation.alignment.with_text import evaluation_orders

        orders = evaluation_orders(self.plan.cases)
        return make_cases(orders, self.output / "cases", self.generator, progress=counted("case", len(orders)))

    @cached_property
    def trained(self) -> "list[TrainedPerson]":
        """The people of the training, none where no run folder was named. Raises DataError."""
        if self.args.run is None:
            return []
        from GuideGenLib.evaluation.people.trained import trained_people

        return trained_people(kept_people(self.args.run / PEOPLE), self.output / "trained", self.plan.deformations)

    @cached_property
    def systems(self) -> list[str]:
        """Names of the rivals that are compared, all where none is named. Raises EvaluationError for an unknown one."""
        from GuideGenLib.evaluation.systems.making import ALL, chosen_names

        return chosen_names(self.args.systems or [ALL])

    @cached_property
    def systems_identity(self) -> dict[str, str | int | None]:
        """Of each rival the sha256 of its file, None where there is none, and the steps of their samplers."""
        from GuideGenLib.rivals.files import FILE

        files = [(name, self.args.rivals / name / FILE) for name in self.systems]
        hashes = {
            name: hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None for name, file in files
        }
        return {**hashes, "steps": self.rival_steps}

    @cached_property
    def rival_steps(self) -> int | None:
        """Of the rivals' samplers; None: their own."""
        return self.args.rival_steps or self.plan.rival_steps

    @cached_property
    def systems_cases(self) -> list[GeneratedCase]:
        """What all systems are given. Their CTs are made apart."""
        from GuideGenLib.evaluation.alignment.asked import repeated_orders

        orders = repeated_orders(self.plan.systems_cases)
        progress = counted("anatomy", len(orders))
        return make_cases(orders, self.output / "cases", self.generator, with_ct=False, progress=progress)

    @cached_property
    def mask_seconds(self) -> float:
        """Seconds that drawing one anatomy takes, measured on the first case of the systems."""
        from GuideGenLib.description import parse

        case, start = self.systems_cases[0], time.monotonic()
        self.generator.synthesize_mask(parse(case.text), seed=case.seed)
        return time.monotonic() - start

    @cached_property
    def flip_orders(self) -> "Sequence[Order]":
        from GuideGenLib.evaluation.alignment.flips import orders

        return orders(self.plan.subset)

    @cached_property
    def flips(self) -> list[GeneratedCase]:
        """Masks alone: their CTs are judged by nobody."""
        orders, progress = self.flip_orders, counted("flip", len(self.flip_orders))
        return make_cases(orders, self.output / "flips", self.generator, with_ct=False, progress=progress)


def _examples(work: Work) -> Section:
    from GuideGenLib.evaluation.report.examples import show_examples

    return show_examples(work.cases, work.output)


def _alignment(work: Work) -> Section:
    from GuideGenLib.evaluation.alignment.with_anatomy import measure_alignment
    from GuideGenLib.evaluation.report.plots import bars
    from GuideGenLib.judges.agreement import ORGANS

    section = measure_alignment(work.cases, work.judges, work.output)
    by_name = {figure.name: figure for figure in section.figures}
    organs = [replace(by_name[f"DSC {organ}"], name=organ) for organ in ORGANS if f"DSC {organ}" in by_name]
    if any(figure.value is not None and figure.measurable for figure in organs):
        picture = bars(organs, "DSC of CT and mask", work.output / "alignment_organs.png")
        section.pictures.insert(0, ("DSC by organ, beside the segmenter's own on real CT and the paper's", picture))
    return section


def _prompts(work: Work) -> Section:
    from GuideGenLib.evaluation.alignment.with_text import measure_prompts

    return measure_prompts(work.cases, work.flips, work.judges, work.output)


def _realism(work: Work) -> Section:
    from GuideGenLib.evaluation.realism.figures import measure_realism
    from GuideGenLib.evaluation.realism.looks.section import add_looks

    # real scans are slow to read: the statistics of some that ship stand for them in a subset
    data = None if work.plan.subset else work.data
    progress = counted("realism, tenth", 10)
    section = measure_realism(work.cases, data, work.output, judges=work.args.judges, progress=progress)
    add_looks(section, work.cases, data, work.output, log=say, progress=counted("looks, tenth", 10))
    return section


def _people(work: Work) -> Section:
    from GuideGenLib.evaluation.people.asked import different_texts, same_text
    from GuideGenLib.evaluation.people.differences import measure_people, measured
    from GuideGenLib.evaluation.people.sizes import size_orders

    count = work.plan.people
    same, different = same_text(count), different_texts(count)
    orders = [*(one.order for one in (*same, *different)), *size_orders(count)]
    progress = counted("patient", len(orders))
    cases = make_cases(orders, work.output / "people", work.generator, with_ct=False, progress=progress)
    alike, unlike = measured(same, cases[:count]), measured(different, cases[count : 2 * count])
    progress = counted("person of the training, tenth", 10)
    return measure_people(alike, unlike, cases[2 * count :], work.trained, work.output, progress)


def _samplers(work: Work) -> Section:
    from GuideGenLib.evaluation.ablations.samplers import measure_samplers

    plan = work.plan
    total = plan.sampler_prompts * len(plan.sampler_steps) * 2
    progress = counted("anatomy", total)
    return measure_samplers(work.generator, plan.sampler_steps, plan.sampler_prompts, work.output, progress)


def _ablations(work: Work) -> Section:
    from GuideGenLib.evaluation.ablations.comparison import measure_ablations

    cases = work.cases[: work.plan.ablation_cases]
    return measure_ablations(work.generator, cases, work.judges, work.data, work.output, counted)


def _usability(work: Work) -> Section:
    from GuideGenLib.evaluation.realism.usability import measure_usability

    return measure_usability(work.cases, work.data, work.output, work.plan.training_steps, say)


def _systems(work: Work) -> Section:
    from GuideGenLib.evaluation.systems.judging import Realism
    from GuideGenLib.evaluation.systems.making import make_all, our_system, rival_system
    from GuideGenLib.evaluation.systems.section import measure_systems

    systems, absent, cases = [our_system(work.generator)], {}, work.systems_cases
    for name in work.systems:
        try:
            systems.append(rival_system(name, work.args.rivals, work.generator, work.rival_steps))
        except EvaluationError as error:
            absent[name] = str(error)
    made = []
    for one in systems:
        say(f"{one.shown} ...")
        made.append(make_all(one, cases, work.output, counted(one.shown, len(cases))))
    data = None if work.plan.subset else work.data  # as in realism
    realism = Realism(cases, data, work.args.judges, work.output)
    return measure_systems(cases, made, absent, work.judges, realism, work.mask_seconds, work.output)


@dataclass(frozen=True)
class Part:
    """One part of the report. measure: makes its section; judges, data, run, systems: whether it depends on them."""

    measure: Callable[[Work], Section]
    judges: bool = False
    data: bool = False
    run: bool = False
    systems: bool = False


PARTS = {
    "examples": Part(_examples),
    "alignment": Part(_alignment, judges=True),
    "prompts": Part(_prompts, judges=True),
    "realism": Part(_realism, data=True),
    "people": Part(_people, run=True),
    "samplers": Part(_samplers),
    "ablations": Part(_ablations, judges=True, data=True),
    "usability": Part(_usability, data=True),
    "systems": Part(_systems, judges=True, data=True, systems=True),
}


def judges_identity(path: Path | None) -> str:
    """sha256 of the judges' configuration, which names the hash of every file. Raises EvaluationError."""
    from GuideGenLib.judges.folder import CONFIG, DEFAULT, WHERE

    file = (resource(*DEFAULT) if path is None else path) / CONFIG
    if not file.is_file():
        raise EvaluationError(f"{file.parent} has no {CONFIG}", WHERE)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def counted(what: str, total: int) -> Progress:
    """A callback that tells on stderr when one more of `total` is done, and the seconds since the start."""
    start = time.monotonic()
    shown = [0]

    def show(stage: str, fraction: float) -> None:
        done = round(fraction * total)
        if done > shown[0]:
            shown[0] = done
            say(f"{what} {done} of {total} ({time.monotonic() - start:.0f} s)")

    return show


def say(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)
