"""An anatomy of which some segments are kept and the rest is drawn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.structures import LOBES, TUMOUR_ORGANS
from GuideGenLib.core.progress import Progress
from GuideGenLib.description import Description
from GuideGenLib.description.model import Finding, OrganState
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.generator.change_found import key_of
from GuideGenLib.generator.drawing import SEED_STEP, best_of, finish
from GuideGenLib.generator.region_check import places_of, refuse_absent_organs
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord
from GuideGenLib.mask.keep_keys import KeepError, keys_to_keep
from GuideGenLib.mask.kept import FREE
from GuideGenLib.mask.regions import SLABS, crop_range
from GuideGenLib.mask.rules import PAIRED
from GuideGenLib.mask.sex_organs import OWN
from GuideGenLib.mask.synthesizer import SPACING
from GuideGenLib.mask.user_grid import UserGrid


class Completion:
    """One anatomy (uint8 labels of the table) with what is kept of it, and a description of the rest.

    Making it raises KeepError and LesionError as `Generator.complete` does.
    """

    def __init__(
        self,
        generator: Any,
        anatomy: sitk.Image,
        description: Description,
        keep: Sequence[str] | None,
        region: str | None,
    ) -> None:
        self.generator = generator
        self.keys = keys_to_keep(anatomy, keep)
        self.region = region or description.region or "torso"
        refuse_absent_organs(description, self.region)
        self.description = _as_kept(description, self.keys)
        depth, height, width = (2 * n for n in generator.models.mask.network.config.grid)
        self.grid = UserGrid.of(anatomy, self.keys, (depth, height, width))
        self.kept = self.grid.kept.slab(*SLABS[self.region])
        if (self.kept.labels == FREE).all():
            raise KeepError(
                f"nothing of what is kept lies in the region {self.region}", "choose another one, for example torso"
            )

    def best(self, candidates: int, options: dict[str, Any], progress: Progress) -> MaskResult:
        """The best of some drawings; options: seed, steps, guidance and sampler as `Generator.complete` has them."""
        seed = options.pop("seed")
        conditions = self.generator.conditions(self.description, seed)

        def draw_one(attempt: int, part: Progress) -> MaskResult:
            with self.generator.models.autocast():
                labels = self.generator.models.mask.draw_slab(
                    conditions,
                    seed=seed + SEED_STEP * attempt,
                    sex=self.description.sex,
                    region=self.region,
                    kept=self.grid.kept,
                    progress=part,
                    **options,
                )
            return self._finish(labels, np.random.default_rng([seed, attempt, 1]))

        return best_of(candidates, draw_one, progress, frozenset(self.keys))

    def _finish(self, labels: np.ndarray, rng: np.random.Generator) -> MaskResult:
        """Cut to the region and what is kept, lesions drawn, rules checked, brought onto the user's voxels."""
        first, last = crop_range(labels, self.region, SPACING)
        slices = np.flatnonzero((self.kept.labels != FREE).any((1, 2)))
        part = slice(min(first, int(slices[0])), max(last, int(slices[-1]) + 1))
        kept, labels = replace(self.kept, labels=self.kept.labels[part], beyond={}), labels[part]
        taken = kept.labels != FREE
        # the rules are those of what is drawn: a kept lesion counts as its organ
        labels[taken] = self.kept.classes[part][taken]
        spacing = (self.grid.step,) * 3
        volumes = self.generator.bundle.config.get("volumes_ml")
        finished = finish(labels, spacing, self.description, self.region, volumes, rng, taken)
        start = 2 * SLABS[self.region][0] + part.start
        image = self.grid.back(kept.drawn(finished.labels), start)
        lesions = tuple(self._moved(one, image, start) for one in finished.lesions)
        return MaskResult(image, lesions, finished.checks)

    def _moved(self, lesion: LesionRecord, image: sitk.Image, start: int) -> LesionRecord:
        """The record of a lesion with its place in the result."""
        z, y, x = self.grid.place_of(image, lesion.center_voxel, start)
        dx, dy, dz = image.GetSpacing()
        return replace(lesion, center_voxel=(z, y, x), center_mm=(z * dz, y * dy, x * dx))


def _as_kept(description: Description, keys: Sequence[str]) -> Description:
    """The description of what is drawn: findings that are kept with their organ are there already, the sex is that of
    a kept prostate or uterus. Raises LesionError for a finding in an organ, or a lung, that is kept without one."""
    findings = []
    for finding in description.findings:
        key = key_of(finding)
        homes = set(_homes(finding)) if key is not None else set()
        if key is not None and key in keys:
            finding = replace(finding, presence="negated")
        elif homes and homes <= {*keys, "colon_gas"}:
            raise LesionError(
                f"the {finding.organ} is kept as it is, without the {finding.kind} that the text tells of",
                f"keep {key} too, draw the {finding.organ} anew, or change the text",
            )
        findings.append(finding)
    sexes = [sex for sex, organ in OWN.items() if organ in keys]
    sex = sexes[0] if len(sexes) == 1 else description.sex
    return replace(description, findings=tuple(findings), organs=_organs_drawn(description, keys), sex=sex)


def _organs_drawn(description: Description, keys: Sequence[str]) -> tuple[OrganState, ...]:
    """What is said of organs that are not kept: those are as they are."""
    states = []
    for state in description.organs:
        drawn = [key for key in state.label_keys if key not in keys]
        if drawn and len(drawn) < len(state.label_keys):
            state = replace(state, side=drawn[0].rsplit("_", 1)[1])
        states += [state] if drawn else []
    return tuple(states)


def _homes(finding: Finding) -> tuple[str, ...]:
    """The labels in which a finding may lie, by its organ, side and lobe; of one by its recipe those of its place."""
    if finding.recipe is not None:
        return tuple(places_of(finding))
    organ = str(finding.organ)
    if organ == "lung" and finding.site:
        return tuple(
            key for (side, lobe), key in LOBES.items() if lobe == finding.site and finding.side in (None, side)
        )
    sided = finding.side if organ in PAIRED else None
    return tuple(key for key in TUMOUR_ORGANS[organ] if sided is None or key.endswith(sided))
