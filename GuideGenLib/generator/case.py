"""What a run makes: the stages of a `Generator` called as the settings say, and the record of it. The command line, the
worker and Python all come through here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.description.model import Description
from GuideGenLib.generator.settings import RunSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.mask.findings.lesions import LesionRecord
    from GuideGenLib.mask.rules import Check


@dataclass(frozen=True)
class MaskResult:
    """anatomy: uint8 labels at 1.5 or 3 mm, LPS; lesions as drawn; rule checks, the failed ones included."""

    anatomy: "sitk.Image"
    lesions: "Sequence[LesionRecord]"
    checks: "Sequence[Check]"


@dataclass(frozen=True)
class Case:
    """One synthetic patient. anatomy: uint8 labels; ct: int16 HU, None before there is one; lesions and checks: of an
    anatomy that was drawn in this run."""

    description: Description
    anatomy: "sitk.Image"
    ct: "sitk.Image | None"
    lesions: "Sequence[LesionRecord]"
    checks: "Sequence[Check]"
    provenance: dict[str, Any] = field(repr=False)


def draw(generator: Any, description: Description, settings: RunSettings, progress: Progress = silent) -> Case:
    """An anatomy of a description, without a CT; no air is left inside its body, as a scene has it, too, so that one CT
    is made of both. Raises LesionError as `Generator.synthesize_mask` does."""
    from GuideGenLib.anatomy.label_volumes import fill_holes

    generator.compute_as(settings.arithmetic)
    asked = description if settings.possible else description.without_possible()
    mask = generator.synthesize_mask(asked, progress=progress, **settings.for_mask)
    settings = replace(settings, region=settings.region or description.region or "torso")
    record = settings.record("seed", "region", "sampler", "mask_steps", "guidance", "anatomy_mm", "possible")
    record = generator.provenance(description, record, mask)
    return Case(description, fill_holes(mask.anatomy), None, mask.lesions, mask.checks, record)


def complete(
    generator: Any,
    anatomy: "sitk.Image",
    keep: "Sequence[str] | None",
    description: Description,
    settings: RunSettings,
    progress: Progress = silent,
) -> Case:
    """Segments of an anatomy as they are, the rest drawn around them. Raises as `Generator.complete` does."""
    from GuideGenLib.anatomy.label_volumes import check_anatomy, fill_holes
    from GuideGenLib.mask.keep_keys import keys_to_keep

    generator.compute_as(settings.arithmetic)
    anatomy = check_anatomy(anatomy)
    asked = description if settings.possible else description.without_possible()
    mask = generator.complete(anatomy, asked, keep, progress=progress, **settings.for_completion)
    settings = replace(settings, region=settings.region or description.region or "torso")
    told = {
        **settings.record("seed", "region", "sampler", "mask_steps", "guidance", "possible"),
        "kept": list(keys_to_keep(anatomy, keep)),
        "source_voxels_sha256": voxels_sha256(anatomy),
    }
    record = generator.provenance(description, told, mask)
    return Case(description, fill_holes(mask.anatomy), None, mask.lesions, mask.checks, record)


def draw_with_ct(generator: Any, description: Description, settings: RunSettings, progress: Progress = silent) -> Case:
    """An anatomy of a description and its CT."""
    drawn = draw(generator, description, settings, within(progress, 0.0, 0.45))
    return with_ct(generator, drawn, settings, within(progress, 0.45, 1.0))


def with_ct(generator: Any, drawn: Case, settings: RunSettings, progress: Progress = silent) -> Case:
    """The case of `draw` with its CT; the settings are those that it was drawn with."""
    ct = generator.synthesize_ct(drawn.anatomy, drawn.description, progress=progress, **settings.for_ct)
    told = {**drawn.provenance["settings"], **settings.record("spacing_mm", "ct_steps")}
    return replace(drawn, ct=ct, provenance=generator.provenance(drawn.description, told, drawn))


def make_ct(
    generator: Any, anatomy: "sitk.Image", description: Description, settings: RunSettings, progress: Progress = silent
) -> Case:
    """The CT of an anatomy, drawn or painted. Raises VolumeError as `Generator.synthesize_ct` does."""
    from GuideGenLib.anatomy.label_volumes import fill_holes

    generator.compute_as(settings.arithmetic)
    anatomy = fill_holes(anatomy)
    ct = generator.synthesize_ct(anatomy, description, progress=progress, **settings.for_ct)
    told = {**settings.record("seed", "spacing_mm", "ct_steps"), "anatomy_voxels_sha256": voxels_sha256(anatomy)}
    return Case(description, anatomy, ct, (), (), generator.provenance(description, told))


def make_ct_again(
    generator: Any,
    ct: "sitk.Image",
    anatomy: "sitk.Image",
    edited: "sitk.Image",
    description: Description,
    settings: RunSettings,
    progress: Progress = silent,
) -> Case:
    """The CT after an edit; the settings are those of the run that made `ct`. Raises VolumeError as
    `Generator.regenerate_ct` does."""
    generator.compute_as(settings.arithmetic)
    new = generator.regenerate_ct(ct, anatomy, edited, description, progress=progress, **settings.for_edit)
    sources = {"ct": ct, "anatomy": anatomy, "edited": edited}
    told = {
        **settings.record("seed", "ct_steps", "margin_mm"),
        **{f"{name}_voxels_sha256": voxels_sha256(image) for name, image in sources.items()},
    }
    return Case(description, edited, new, (), (), generator.provenance(description, told))


def voxels_sha256(image: "sitk.Image") -> str:
    """Stands for the voxels in provenance: a volume in a scene has no file to hash."""
    import numpy as np
    import SimpleITK as sitk

    return hashlib.sha256(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)).data).hexdigest()
