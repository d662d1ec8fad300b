"""From conditions to a clean 3 mm label volume: draw, mend, make it somebody's own, tidy up, cut to the region."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.mask.body_wall import with_wall
from GuideGenLib.mask.components import keep_largest
from GuideGenLib.mask.individual import individual
from GuideGenLib.mask.kept import FREE, Kept
from GuideGenLib.mask.layout import CELL, LayoutModel
from GuideGenLib.mask.lung_vessels import lay_vessels
from GuideGenLib.mask.mends.belly_wall import with_belly_wall
from GuideGenLib.mask.mends.chest_tissue import with_chest_tissue
from GuideGenLib.mask.mends.gallbladder import with_gallbladder
from GuideGenLib.mask.mends.neck import with_neck
from GuideGenLib.mask.mends.pelvis import with_pubic_bones
from GuideGenLib.mask.mends.pulmonary_artery import with_pulmonary_artery
from GuideGenLib.mask.mends.usual_sizes import Ranges, with_usual_sizes
from GuideGenLib.mask.network import Conditions, MaskNetwork
from GuideGenLib.mask.outline import with_smooth_outline
from GuideGenLib.mask.refine import refine
from GuideGenLib.mask.regions import SLABS, crop_range
from GuideGenLib.mask.sampler import FORBIDDEN, SAMPLERS, Denoiser
from GuideGenLib.mask.sex_organs import OTHER_SEX, lay_prostate
from GuideGenLib.mask.skeleton.laying import with_skeleton

COARSE_SPACING = 6.0
SPACING = 3.0
"""mm; the labels that leave this stage are isotropic."""
LAYOUT_STREAM = 5
"""Of the random numbers of a seed: the layout's."""


class MaskSynthesizer:
    """Stage 1 without its lesions.

    class_bias [classes] of each sampler: see `sampler.Denoiser`; layouts: of the population, None for a network that is
    told none; ranges: usual ml of organs in a whole torso, by key.
    """

    def __init__(
        self,
        network: MaskNetwork,
        class_bias: Mapping[str, Tensor],
        layouts: LayoutModel | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        self.network = network
        self.ranges = ranges or {}
        self.layouts = layouts
        self.class_bias = {name: bias.to(network.codes.device) for name, bias in class_bias.items()}

    def synthesize(self, conditions: Conditions, *, region: str = "torso", **options: Any) -> np.ndarray:
        """Labels uint8 [z, y, x] at 3 mm in the canonical frame, cut to the region; options as `draw_slab` has them."""
        labels = self.draw_slab(conditions, region=region, **options)
        first, last = crop_range(labels, region, SPACING)
        return np.ascontiguousarray(labels[first:last])

    def voxels(self, region: str) -> int:
        """Of the 6 mm grid, that a region is drawn on. Raises ValueError for a region that is none."""
        if region not in SLABS:
            raise ValueError(f"unknown region {region!r}: choose one of {', '.join(SLABS)}")
        first, last = SLABS[region]
        return (last - first) * self.network.config.grid[1] * self.network.config.grid[2]

    @torch.inference_mode()
    def draw_slab(
        self,
        conditions: Conditions,
        *,
        seed: int,
        sex: str | None = None,
        region: str = "torso",
        sampler: str = "flow",
        steps: int | None = None,
        guidance: float | None = None,
        volumes: Mapping[str, float] | None = None,
        kept: Kept | None = None,
        progress: Progress = silent,
    ) -> np.ndarray:
        """Labels uint8 [z, y, x] of a region's slab (SLABS) at 3 mm; `sex` (male, female) as the description has it.

        guidance None: that of the network; volumes: ml of structures by key, 0 for one that is not there; kept: what is
        kept of an anatomy, on the whole grid; the rest is drawn around it.
        """
        if region not in SLABS:
            raise ValueError(f"unknown region {region!r}: choose one of {', '.join(SLABS)}")
        if sampler not in SAMPLERS:
            raise ValueError(f"unknown sampler {sampler!r}: choose one of {', '.join(SAMPLERS)}")
        generator = torch.Generator(device=self.network.codes.device).manual_seed(seed)
        bias = self.class_bias[sampler].clone()
        wanted = {values()[key]: ml for key, ml in (volumes or {}).items()}
        if sex in OTHER_SEX:
            wanted[values()[OTHER_SEX[sex]]] = 0.0
        bias[[value for value, ml in wanted.items() if ml == 0]] = FORBIDDEN
        conditions = self._with_layout(conditions, seed, wanted, kept, SLABS[region])
        if kept is not None:
            kept = kept.slab(*SLABS[region])
        cells = None if kept is None else kept.cells(self.network.config.classes, bias.device)
        guidance = self.network.config.guidance if guidance is None else guidance
        denoiser = Denoiser(self.network, conditions, guidance, bias, SLABS[region], cells)
        arguments = {} if steps is None else {"steps": steps}
        coarse = SAMPLERS[sampler](denoiser, generator, progress=within(progress, 0.0, 0.85), **arguments)
        labels = refine(coarse if kept is None else kept.spread(coarse)).cpu().numpy()
        if kept is not None:
            labels = kept.laid(labels)
        progress("mask", 0.88)
        # also about what goes on of a kept structure, as nothing may become more of it
        held = None if kept is None else (kept.labels != FREE) | np.isin(labels, kept.values)
        tidying: list[tuple[float, Callable[[np.ndarray], np.ndarray]]] = [
            (0.88, lambda drawn: _mended(drawn, wanted)),
            (0.89, lambda drawn: self._individual(drawn, seed, region, wanted, held)),
            (0.89, lambda drawn: with_pubic_bones(drawn, SPACING)),
            (0.90, keep_largest if kept is None else kept.in_one_piece),
            (0.91, lambda drawn: with_wall(drawn, SPACING)),
            (0.92, lambda drawn: with_belly_wall(drawn, SPACING)),
            (0.93, lambda drawn: with_smooth_outline(drawn, SPACING)),
            (0.94, lambda drawn: _with_mended_chest(drawn, seed, wanted)),
            (0.97, lambda drawn: with_skeleton(drawn, SPACING, seed)),
            (0.99, lambda drawn: lay_vessels(drawn, SPACING, seed)),
        ]
        if sex == "male":
            tidying.append((1.0, lambda drawn: lay_prostate(drawn, SPACING)))
        for share, tidy in tidying:
            tidied = tidy(labels)
            labels = tidied if kept is None else kept.guarded(labels, tidied)
            progress("mask", share)
        progress("mask", 1.0)
        return labels

    def _individual(
        self, drawn: np.ndarray, seed: int, region: str, wanted: Mapping[int, float], held: np.ndarray | None
    ) -> np.ndarray:
        """Somebody of their own, whose organs are of human size where those of the drawing are."""
        deformed = individual(drawn, seed, SLABS[region], self.network.config.grid[0], wanted, held)
        whole = SLABS[region] == SLABS["torso"]
        return with_usual_sizes(drawn, deformed, self.ranges, SPACING, wanted, whole)

    def _with_layout(
        self,
        conditions: Conditions,
        seed: int,
        wanted: Mapping[int, float],
        kept: Kept | None,
        slab: tuple[int, int],
    ) -> Conditions:
        """The conditions with the layout of somebody of this description, the same one for each region; wanted: ml by
        label value."""
        if self.layouts is None:
            return conditions
        rng = np.random.default_rng([seed, LAYOUT_STREAM])
        given = None if kept is None else kept.shares(self.network.config.classes)
        code = self.layouts.draw(conditions.typed[0].cpu().numpy(), rng, wanted, given)
        layout = self.layouts.layout(code)[None, :, slab[0] // CELL : slab[1] // CELL]
        layout[:, [value for value, ml in wanted.items() if ml == 0]] = 0
        return replace(conditions, layout=layout.to(self.network.codes.device))


def _mended(drawn: np.ndarray, wanted: Mapping[int, float]) -> np.ndarray:
    """With the neck and the gallbladder that the denoiser left out; wanted: ml by label value."""
    mended = with_neck(drawn, SPACING)
    return mended if wanted.get(values()["gallbladder"]) == 0 else with_gallbladder(mended, SPACING)


def _with_mended_chest(drawn: np.ndarray, seed: int, wanted: Mapping[int, float]) -> np.ndarray:
    """With named tissue in the chest, and the shape of the pulmonary artery where no size of the heart, which has it in
    its label, is asked for; wanted: ml by label value."""
    mended = with_chest_tissue(drawn, SPACING)
    return mended if values()["heart"] in wanted else with_pulmonary_artery(mended, SPACING, seed)
