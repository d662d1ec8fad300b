"""CTs of all systems for the same cases, kept in the output folder: a run that was cut goes on.

    OUTPUT/systems/NAME/CASE/    anatomy.nii.gz (of the case), ct.nii.gz, system.json (what made it, seconds, memory)

`GuideGen` makes its CT anew here, so that its time is taken like that of the others.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import write_json
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.description import parse
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.systems.costs import Costs, measured
from GuideGenLib.rivals.files import FILE, read_rival
from GuideGenLib.rivals.frame import our_samples
from GuideGenLib.rivals.making import make_ct
from GuideGenLib.rivals.systems import RIVALS

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

OURS, ALL = "guidegen", "all"
NOTE = "system.json"
OUR_CORE_MINUTES = 72.0
"""Minutes of one core that the training of the shipped bundle's ct-flow takes: 6170 steps of 0.7 s with bfloat16."""


@dataclass(frozen=True)
class System:
    """One system. make: the CT of a case; identity: what its CTs depend on; takes: what it is conditioned on; about:
    how it was trained; share: of the samples that the bundle's stages saw; core_minutes: of its training, None where
    they are not known; voxels: of what it makes its CT, in words."""

    name: str
    shown: str
    takes: tuple[str, ...]
    identity: str
    make: Callable[[GeneratedCase], sitk.Image]
    about: str
    share: float = 1.0
    core_minutes: float | None = None
    voxels: str = ""

    @property
    def time_share(self) -> float | None:
        """Of the time that our CT network's training takes on one core."""
        return None if self.core_minutes is None else self.core_minutes / OUR_CORE_MINUTES


@dataclass(frozen=True)
class Made:
    """CTs of a system for the cases, in their order, with what each cost."""

    system: System
    cases: Sequence[GeneratedCase]
    costs: Sequence[Costs]


def chosen_names(asked: Sequence[str]) -> list[str]:
    """Names of rivals that are meant by `all` or by names. Raises EvaluationError for an unknown one."""
    unknown = sorted(set(asked) - {*RIVALS, OURS, ALL})
    if unknown:
        raise EvaluationError(f"there is no system {', '.join(unknown)}", f"choose of {', '.join((ALL, *RIVALS))}")
    return [name for name in RIVALS if ALL in asked or name in asked]


def our_system(generator: "Generator") -> System:
    """Ours: the CT stage for a mask, which is also what follows the mask stage for a text."""

    def make(case: GeneratedCase) -> sitk.Image:
        anatomy = sitk.ReadImage(str(case.folder / "anatomy.nii.gz"))
        return generator.synthesize_ct(anatomy, parse(case.text), seed=case.seed)

    about = "the bundle's own training (model card)"
    return System(
        OURS, "GuideGen", ("mask", "text"), f"{generator.bundle.identity} {generator.arithmetic}", make, about
    )


def rival_system(name: str, folder: Path, generator: "Generator", steps: int | None = None) -> System:
    """The trained rival in `folder`/`name`. steps: of its sampler, None: its own. Raises EvaluationError where there
    is none."""
    rival, told = read_rival(folder / name / FILE)
    rival.to(generator.models.device)

    def make(case: GeneratedCase) -> sitk.Image:
        anatomy = sitk.ReadImage(str(case.folder / "anatomy.nii.gz"))
        return make_ct(rival, anatomy, parse(case.text), generator.models.encoder.encode, seed=case.seed, steps=steps)

    seen, minutes = told["training"]["samples"], told["training"].get("core_minutes")
    about = ", ".join(f"{n} {part}" for part, n in seen.items()) + f"; sampler {steps or rival.STEPS}"
    return System(
        name, rival.shown, (rival.kind,), f"{told['sha256']} {steps}", make, about,
        sum(seen.values()) / our_samples(rival.kind), minutes, rival.VOXELS,
    )  # fmt: skip


def make_all(system: System, cases: Sequence[GeneratedCase], output: Path, progress: Progress = silent) -> Made:
    """The CTs of a system for the cases; those that are kept and were made by the same weights are not made again."""
    made, costs = [], []
    for index, case in enumerate(cases):
        folder = output / "systems" / system.name / case.key
        copy = GeneratedCase(case.key, case.text, case.seed, folder)
        costs.append(_kept(copy, system, case) or _make(copy, system, case))
        made.append(copy)
        progress(system.name, (index + 1) / len(cases))
    return Made(system, made, costs)


def _settings(system: System, case: GeneratedCase) -> dict[str, Any]:
    anatomy = (case.folder / "anatomy.nii.gz").stat()
    return {"system": system.identity, "text": case.text, "seed": case.seed, "anatomy_bytes": anatomy.st_size}


def _kept(copy: GeneratedCase, system: System, case: GeneratedCase) -> Costs | None:
    """What it cost to make the CT that is there already; None where it is to be made."""
    try:
        told = json.loads((copy.folder / NOTE).read_text(encoding="utf-8"))
        costs = Costs(**told.pop("costs"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    there = all((copy.folder / name).is_file() for name in ("anatomy.nii.gz", "ct.nii.gz"))
    return costs if there and told == _settings(system, case) else None


def _make(copy: GeneratedCase, system: System, case: GeneratedCase) -> Costs:
    copy.folder.mkdir(parents=True, exist_ok=True)
    (copy.folder / NOTE).unlink(missing_ok=True)
    with measured() as costs:
        ct = system.make(case)
    shutil.copyfile(case.folder / "anatomy.nii.gz", copy.folder / "anatomy.nii.gz")
    write_volume(ct, copy.folder / "ct.nii.gz")
    write_json({**_settings(system, case), "costs": asdict(costs)}, copy.folder / NOTE)
    return costs
