"""Text -> Description -> anatomy -> CT, and CT again after the anatomy was edited.

Every call is deterministic: the same bundle, description, seed and settings give the same voxels on the same device.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.label_volumes import check_anatomy, fill_erased, require_anatomy
from GuideGenLib.bundle import Bundle, load_bundle
from GuideGenLib.core.arithmetic import choose_arithmetic
from GuideGenLib.core.device import choose_device
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.grids import matched, on_grid_of, overlap
from GuideGenLib.core.host import give_back
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import check_ct, float_image, image_from_array, to_canonical
from GuideGenLib.ct.acquisition import with_acquisition
from GuideGenLib.ct.canvas import Canvas
from GuideGenLib.ct.details import drawn_ahead, with_details
from GuideGenLib.ct.grid import LastGrid, labels_after_edit
from GuideGenLib.ct.kept import Kept
from GuideGenLib.ct.network import Style
from GuideGenLib.ct.partial_maps import for_partial_map
from GuideGenLib.ct.reference import DEFAULT_PHASE, aged, reference_table
from GuideGenLib.ct.styles import scan_style
from GuideGenLib.ct.synthesizer import MULTIPLE, STEPS
from GuideGenLib.ct.synthesizer import SPACING as CT_SPACING
from GuideGenLib.description import Description, parse
from GuideGenLib.description.changes.read import measured_sizes, read_change
from GuideGenLib.description.conditioning import typed_vector, usual_build, years
from GuideGenLib.description.organ_sizes import wanted_organs
from GuideGenLib.description.reading.acquisition import without_acquisition
from GuideGenLib.generator.case import Case, MaskResult, draw_with_ct
from GuideGenLib.generator.change import change
from GuideGenLib.generator.completion import Completion
from GuideGenLib.generator.drawing import CANDIDATES, SEED_STEP, best_of, finish
from GuideGenLib.generator.edit import blended, find_change
from GuideGenLib.generator.field_of_view import put_back, under, worth_making
from GuideGenLib.generator.models import Models, build
from GuideGenLib.generator.pace import timed
from GuideGenLib.generator.provenance import provenance, resolved
from GuideGenLib.generator.region_check import refuse_absent_organs
from GuideGenLib.generator.settings import ANATOMY_MM, RunSettings
from GuideGenLib.generator.slices import Grid, scan_grid, sliced
from GuideGenLib.generator.spacing import at_spacing
from GuideGenLib.mask.network import Conditions
from GuideGenLib.mask.synthesizer import SPACING as MASK_SPACING

MARGIN_MM = 20.0


class Generator:
    """The trained stages behind one interface. Not thread-safe; make one for each worker."""

    def __init__(self, bundle: Bundle, models: Models) -> None:
        self.bundle = bundle
        self.models = models
        self._kept = Kept()
        self._grid = LastGrid()

    @classmethod
    def from_bundle(cls, path: Path | None = None, device: str = "auto", arithmetic: str = "auto") -> "Generator":
        """Load a bundle (None: the one that ships). device: auto, cpu, cuda...; arithmetic: one of
        `core.device.ARITHMETICS`.

        Raises BundleError when a file is missing, altered or of another version, DeviceError for a missing device.
        """
        bundle = load_bundle(path)
        chosen = choose_device(device)
        generator = cls(bundle, build(bundle, chosen))
        generator.compute_as(arithmetic)
        give_back()
        return generator

    @property
    def arithmetic(self) -> str:
        """How the networks compute: float32 or bfloat16, and whether OpenVINO does it."""
        return self.models.arithmetic

    def compute_as(self, name: str) -> None:
        """One of `core.device.ARITHMETICS`, for the runs to come. Raises DeviceError for what cannot be had."""
        self.models.compute_as(choose_arithmetic(name, self.models.device, self.models.ct.flow))

    def warm(self) -> None:
        """Load what else the first run would: the text encoder."""
        self.models.encoder.encode("CT")

    def synthesize_mask(
        self,
        description: Description,
        *,
        seed: int = 0,
        region: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str = "flow",
        candidates: int = CANDIDATES,
        spacing: float = MASK_SPACING,
        progress: Progress = silent,
    ) -> MaskResult:
        """Draw the anatomy of a description with its lesions.

        region None takes the description's, else the torso. Each candidate after the first is drawn only when the one
        before broke a rule; an organ of unusual size alone is no reason, one in fifty is by definition. spacing: of the
        labels in mm, 1.5, 2 or 3; they are drawn and measured at 3 mm and then, with smooth borders, made finer.
        Raises LesionError when a lesion is asked in an organ that the region does not show.
        """
        region = region or description.region or "torso"
        refuse_absent_organs(description, region)
        conditions = self.conditions(description, seed)

        def draw_one(attempt: int, part: Progress) -> MaskResult:
            with self.models.autocast(), timed("mask", self.arithmetic, self.models.mask.voxels(region)):
                labels = self.models.mask.synthesize(
                    conditions,
                    seed=seed + SEED_STEP * attempt,
                    sex=description.sex,
                    region=region,
                    sampler=sampler,
                    steps=steps,
                    guidance=guidance,
                    volumes=wanted_organs(description).volumes_ml,
                    progress=part,
                )
            step = (MASK_SPACING,) * 3
            rng = np.random.default_rng([seed, attempt, 1])
            finished = finish(labels, step, description, region, self.bundle.config.get("volumes_ml"), rng)
            _, height, width = labels.shape
            origin = (-MASK_SPACING * (width - 1) / 2, -MASK_SPACING * (height - 1) / 2, 0.0)
            anatomy = image_from_array(finished.labels, step, origin, labels=True)
            return MaskResult(anatomy, finished.lesions, finished.checks)

        best = best_of(candidates, draw_one, progress)
        return best if spacing == MASK_SPACING else at_spacing(best, spacing)

    def complete(
        self,
        anatomy: sitk.Image,
        description: Description,
        keep: Sequence[str] | None = None,
        *,
        seed: int = 0,
        region: str | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str = "flow",
        candidates: int = CANDIDATES,
        progress: Progress = silent,
    ) -> MaskResult:
        """Keep segments of an anatomy (labels of the table, any geometry) as they are and draw the rest around them.

        keep: keys of the anatomy table; None: all that the anatomy holds but unnamed body. The result has the voxels of
        the anatomy, and is as large as the region needs. Raises KeepError where nothing can be kept so, LesionError as
        `synthesize_mask` does, and for a tumour that is asked in an organ that is kept without one.
        """
        return Completion(self, check_anatomy(anatomy), description, keep, region).best(
            candidates,
            {"seed": seed, "steps": steps, "guidance": guidance, "sampler": sampler},
            progress,
        )

    def synthesize_ct(
        self,
        anatomy: sitk.Image,
        description: Description,
        *,
        seed: int = 0,
        spacing: float | None = CT_SPACING,
        steps: int = STEPS,
        progress: Progress = silent,
    ) -> sitk.Image:
        """HU (int16) of an anatomy of any geometry; spacing in mm of the result, None: on the anatomy's own grid.

        The networks work at 2 mm; other spacings are interpolated from it. Far from the body a mostly empty field of
        view is air without noise. Where the description tells a slice
        thickness, slices are means over it and so far apart; where it tells a field of view, no more is shown. Raises
        VolumeError for an anatomy that is empty, holds only a body, or has values that the table does not know.
        """
        labels, frame = self._grid.labels(require_anatomy(anatomy), CT_SPACING)
        scan = description.acquisition
        field = worth_making(labels, scan)
        made = labels[field]
        with timed("ct", self.arithmetic, made.size):
            hu = self._hu(made, description, self.models.ct.noise(made.shape, seed), seed, steps, progress)
        progress("ct", 1.0)
        ct = put_back(hu, frame, field, labels.shape)
        if (scan.slice_mm, scan.field_of_view_mm, spacing) == (None, None, CT_SPACING):
            return ct
        return sliced(ct, scan_grid(anatomy, spacing, scan), scan.slice_mm)

    def regenerate_ct(
        self,
        ct: sitk.Image,
        anatomy: sitk.Image,
        edited_anatomy: sitk.Image,
        description: Description,
        *,
        also: sitk.Image | None = None,
        seed: int = 0,
        margin_mm: float = MARGIN_MM,
        steps: int = STEPS,
        progress: Progress = silent,
    ) -> sitk.Image:
        """The CT after an edit: new within `margin_mm` of changed labels, bit-identical to `ct` beyond.

        `edited_anatomy` must lie on the grid of `anatomy`; `ct` may have its own. also: on that grid, 1 where the
        description changes how unchanged labels look. Use the seed of the run that made `ct`, so that old and new
        texture meet. Raises VolumeError when the grids or the body do not agree.
        """
        if margin_mm <= 0:
            raise ValueError(
                f"margin_mm is {margin_mm}: give the width in mm of the zone that may change, for example 20"
            )
        ct, anatomy, edited = check_ct(ct), require_anatomy(anatomy), require_anatomy(edited_anatomy)
        on_grid = matched(edited, anatomy)
        if on_grid is None:
            raise VolumeError(
                "the edited anatomy lies on another grid than the anatomy before", "resample it onto that grid"
            )
        if not overlap(ct, anatomy):
            raise VolumeError("the CT lies elsewhere than the anatomy", "choose the CT that was made of this anatomy")
        edited = fill_erased(anatomy, on_grid)
        before, frame = self._grid.labels(anatomy, CT_SPACING)
        after = labels_after_edit(edited, anatomy, before, CT_SPACING)
        self._grid.keep(edited, CT_SPACING, after, frame)  # it is edited next
        scan = description.acquisition
        field = worth_making(np.maximum(before, after), scan)  # that of the old CT, so that its noise is had again
        looks = None if also is None else to_canonical(also, CT_SPACING, labels=True)[0][field] > 0
        before, after, frame = before[field], after[field], under(frame, field)
        change = find_change(before, after, CT_SPACING, margin_mm, MULTIPLE, looks)
        if change is None:
            return sitk.Image(ct)
        noise = self.models.ct.noise(after.shape, seed, change.window)
        hu = np.zeros(after.shape, np.float32)
        hu[change.window] = self._hu(after, description, noise, seed, steps, progress, change.window)
        weight = float_image(change.weight, frame)
        made = image_from_array(hu, frame.spacing, frame.origin, frame.direction, labels=False)
        new = sliced(made, Grid.of(ct), scan.slice_mm)
        share = sitk.GetArrayFromImage(sitk.Resample(weight, ct, sitk.Transform(), sitk.sitkLinear, 0.0))
        progress("ct", 1.0)
        return on_grid_of(ct, blended(sitk.GetArrayFromImage(ct), sitk.GetArrayViewFromImage(new), share))

    def generate(
        self,
        text: str,
        *,
        seed: int = 0,
        region: str | None = None,
        spacing: float | None = CT_SPACING,
        mask_steps: int | None = None,
        ct_steps: int = STEPS,
        guidance: float | None = None,
        sampler: str = "flow",
        anatomy_spacing: float = ANATOMY_MM[0],
        possible: bool = True,
        progress: Progress = silent,
    ) -> Case:
        """From one text to anatomy and CT; possible: whether what is only possible is drawn.

        Raises DescriptionError for a text that cannot be used.
        """
        progress("describe", 0.0)
        settings = RunSettings(
            seed,
            region,
            sampler,
            mask_steps,
            guidance,
            spacing_mm=spacing,
            ct_steps=ct_steps,
            arithmetic=self.arithmetic,
            anatomy_mm=anatomy_spacing,
            possible=possible,
        )
        return draw_with_ct(self, parse(text), settings, progress)

    def change(self, case: Case, sentence: str, *, progress: Progress = silent) -> Case:
        """The same patient after one sentence more, for example "make the tumour 2 cm larger".

        Only what it speaks of changes; see `generator.change`. Raises DescriptionError for a sentence that cannot be
        followed, LesionError for a lesion that finds no room.
        """
        sizes = measured_sizes([asdict(lesion) for lesion in case.lesions])
        return change(self, case, read_change(sentence, case.description, sizes), progress=progress)

    def provenance(
        self, description: Description, settings: dict[str, Any], mask: MaskResult | None = None
    ) -> dict[str, Any]:
        """What a reader needs to make the same volumes again (`generator.provenance`)."""
        stages = self.models.mask.network.config.guidance, {"ct_steps": STEPS, "margin_mm": MARGIN_MM}
        made_by = {"device": str(self.models.device), "arithmetic": self.arithmetic}
        return provenance(self.bundle, description, resolved(settings, *stages), mask, made_by)

    def conditions(self, description: Description, seed: int) -> Conditions:
        """What the mask network is told of a description: of the patient, however the scan is taken; a build by seed
        where none is told."""
        states = self.models.encoder.encode(without_acquisition(description.text)).to(self.models.device)[None]
        typed = torch.from_numpy(typed_vector(description, usual_build(seed)))[None].to(self.models.device)
        return Conditions(typed, states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device))

    def style(self, description: Description) -> Style:
        """What the CT networks are told of a description: sex and phase. All else acts by anatomy, table and rules."""
        noise, phase = float(self.bundle.config["ct_noise"]), description.phase or DEFAULT_PHASE
        return scan_style(self.models.encoder.encode_own, description.sex, phase, noise, self.models.device)

    # ------------------------------------------------------------ inside

    def _hu(
        self,
        labels: np.ndarray,
        description: Description,
        noise: torch.Tensor,
        seed: int,
        steps: int,
        progress: Progress,
        window: tuple[slice, ...] = (slice(None),) * 3,
    ) -> np.ndarray:
        """HU of a window of labels at CT_SPACING, with the noise of that window."""
        phase, oral = description.phase or DEFAULT_PHASE, description.acquisition.oral_contrast is True
        table = for_partial_map(aged(reference_table(phase), years(description)), labels)
        style = self.style(description)
        canvas = Canvas(labels, table, phase, CT_SPACING, seed, window, description.findings, oral, self._kept)
        with self.models.autocast(), drawn_ahead(canvas):
            hu = self.models.ct.synthesize(
                labels[window], table, style, noise, phase=phase, steps=steps, progress=progress
            )
        hu = with_details(hu, canvas)
        give_back()
        return with_acquisition(hu, labels, table, description.acquisition, CT_SPACING, seed, window)
