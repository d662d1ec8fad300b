"""Generated cases of an evaluation: prompts with the anatomy and the CT that the bundle made of them, kept in a folder.

A run that was cut goes on: a case is made anew only when its text, seed, bundle or settings changed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.files import write_json
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import to_canonical, write_volume
from GuideGenLib.description import Description, parse
from GuideGenLib.mask.findings.sites import LesionError

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator

ANOTHER = 10_007
"""Added to the seed of an anatomy that has no room for the lesions that the prompt asks for."""
Volume = tuple[np.ndarray, float]
"""Array [z, y, x] in the canonical frame (to superior, posterior, patient-left) and its isotropic spacing in mm."""


@dataclass(frozen=True)
class GeneratedCase:
    """One generated patient. folder holds anatomy.nii.gz, ct.nii.gz and case.json; key: its name in that folder."""

    key: str
    text: str
    seed: int
    folder: Path

    def labels(self, spacing: float = 3.0) -> Volume:
        """Label values uint8 of the anatomy that conditioned the CT."""
        image = sitk.ReadImage(str(self.folder / "anatomy.nii.gz"))
        return to_canonical(image, spacing, labels=True)[0], spacing

    def hu(self, spacing: float = 2.0) -> Volume:
        """HU float32 of the generated CT."""
        image = sitk.ReadImage(str(self.folder / "ct.nii.gz"))
        return to_canonical(image, spacing, labels=False)[0].astype(np.float32), spacing


@dataclass(frozen=True)
class Order:
    """A case to be made. like: key of a case whose seed it shares (a counterfactual), for the reader of case.json."""

    key: str
    text: str
    seed: int
    like: str | None = None


def make_cases(
    orders: Sequence[Order],
    folder: Path,
    generator: "Generator",
    *,
    with_ct: bool = True,
    mask: dict[str, Any] | None = None,
    ct: dict[str, Any] | None = None,
    progress: Progress = silent,
) -> list[GeneratedCase]:
    """Make the cases that `folder` does not hold yet, each in `folder`/`key`.

    mask, ct: further arguments of `Generator.synthesize_mask` and `synthesize_ct`. The anatomies have the region that
    the text asks for.
    """
    cases = []
    for index, order in enumerate(orders):
        case = GeneratedCase(order.key, order.text, order.seed, folder / order.key)
        settings = {
            "text": order.text, "seed": order.seed, "like": order.like, "bundle": generator.bundle.identity,
            "arithmetic": generator.models.arithmetic, "mask": mask or {}, "ct": ct or {},
        }  # fmt: skip
        _make(case, settings, generator, with_ct)
        cases.append(case)
        progress("cases", (index + 1) / len(orders))
    return cases


def _make(case: GeneratedCase, settings: dict[str, Any], generator: "Generator", with_ct: bool) -> None:
    note, anatomy_file, ct_file = (case.folder / name for name in ("case.json", "anatomy.nii.gz", "ct.nii.gz"))
    same = note.is_file() and json.loads(note.read_text(encoding="utf-8")) == json.loads(json.dumps(settings))
    if same and anatomy_file.is_file() and (ct_file.is_file() or not with_ct):
        return
    case.folder.mkdir(parents=True, exist_ok=True)
    description = parse(case.text)
    if same and anatomy_file.is_file():
        anatomy = sitk.ReadImage(str(anatomy_file))
    else:
        for old in (note, ct_file):
            old.unlink(missing_ok=True)
        anatomy = _draw(description, case.seed, generator, settings["mask"])
        write_volume(anatomy, anatomy_file)
    if with_ct:
        write_volume(generator.synthesize_ct(anatomy, description, seed=case.seed, **settings["ct"]), ct_file)
    write_json(settings, note)


def _draw(description: Description, seed: int, generator: "Generator", mask: dict[str, Any]) -> sitk.Image:
    """An anatomy with room for its lesions. Raises LesionError when three have none: one body may be too small."""
    for _ in range(2):
        try:
            return generator.synthesize_mask(description, seed=seed, **mask).anatomy
        except LesionError:
            seed += ANOTHER
    return generator.synthesize_mask(description, seed=seed, **mask).anatomy
