"""The generator with one of its means taken away, as the paper's ablations do.

Each variant is a Generator that differs in one step; the networks and their weights are those of the bundle, but for
the decoder of `without_hdr_loss`, which was trained anew. Where a network was trained with a means dropped now and
then, its loss is that of the means; where it was not (`body_only`), the network also sees what it never saw in
training, and the loss is an upper bound.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import SimpleITK as sitk
import torch
from torch import Tensor

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import Style
from GuideGenLib.description import Description, parse
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.generator import Generator, MaskResult
from GuideGenLib.judges.plain_codec import PlainCodec
from GuideGenLib.mask.network import Conditions


class TextUnseen(Generator):
    """The networks are told nothing; lesions and reference HU, which are no networks, follow the description."""

    def conditions(self, description: Description, seed: int) -> Conditions:
        return super().conditions(description, seed).dropped()

    def style(self, description: Description) -> Style:
        told = super().style(description)
        nothing = torch.zeros_like(told.text_mask)
        return replace(told, typed=torch.zeros_like(told.typed), text_mask=nothing)


class TextIgnored(TextUnseen):
    """Nothing follows the text but the region that is shown."""

    def synthesize_mask(self, description: Description, **settings: Any) -> MaskResult:
        return super().synthesize_mask(Description("", region=description.region), **settings)

    def synthesize_ct(self, anatomy: sitk.Image, description: Description, **settings: Any) -> sitk.Image:
        return super().synthesize_ct(anatomy, Description(""), **settings)


class KeptAnatomies(Generator):
    """Takes the anatomies of cases that were made before, so that only the CT differs."""

    def __init__(self, base: Generator, cases: Sequence[GeneratedCase]) -> None:
        super().__init__(base.bundle, base.models)
        self.files = {(parse(case.text).text, case.seed): case.folder / "anatomy.nii.gz" for case in cases}

    def synthesize_mask(self, description: Description, *, seed: int = 0, **_: Any) -> MaskResult:
        """The anatomy of the case of this text and seed, without records and checks. Raises KeyError for another."""
        return MaskResult(sitk.ReadImage(str(self.files[description.text, seed])), (), ())


class MaskUnseenByDecoder(KeptAnatomies):
    """The codec decodes without labels, as in part of its training."""

    def __init__(self, base: Generator, cases: Sequence[GeneratedCase]) -> None:
        super().__init__(base, cases)
        blind = cast(CodecNetwork, BlindCodec(base.models.ct.codec))
        self.models = replace(base.models, ct=replace(base.models.ct, codec=blind))


@dataclass(frozen=True)
class BlindCodec:
    """What a CTSynthesizer needs of a codec, with a decoder that is not shown the labels."""

    codec: CodecNetwork

    def encode_linear(self, hu: Tensor) -> Tensor:
        return self.codec.encode_linear(hu)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.codec.decode(latents)


class OtherDecoder(KeptAnatomies):
    """The codec decodes with the decoder that was trained without HDR loss. Raises EvaluationError if it does not fit
    this bundle."""

    def __init__(self, base: Generator, cases: Sequence[GeneratedCase], plain: PlainCodec) -> None:
        super().__init__(base, cases)
        self.models = replace(base.models, ct=replace(base.models.ct, codec=plain.instead_of(base.models.ct.codec)))


class BodyOnly(KeptAnatomies):
    """The CT is made of the body's outline: every organ is `body`."""

    def _hu(self, labels: np.ndarray, *others: Any, **named: Any) -> np.ndarray:
        return super()._hu(outline(labels), *others, **named)


def outline(labels: np.ndarray) -> np.ndarray:
    """Labels uint8 with `body` wherever there is anything."""
    return np.where(labels > 0, values()["body"], 0).astype(np.uint8)


@dataclass(frozen=True)
class Variant:
    """name: as the report has it; key: its folder; make: the generator, from the full one and the full one's cases.

    draws: whether it draws anatomies of its own; ct: further arguments of `synthesize_ct`; paper: (FID, DSC, accuracy)
    of the corresponding row of the paper, None where it has none.
    """

    key: str
    name: str
    make: Callable[[Generator, Sequence[GeneratedCase]], Generator]
    draws: bool = False
    ct: Mapping[str, Any] = field(default_factory=dict)
    paper: tuple[float | None, float | None, float | None] | None = None


FULL_PAPER = (20.2, 0.52, 0.69)
NO_HDR, NO_HDR_PAPER = "no HDR loss in the codec", (40.9, 0.36, 0.64)
VARIANTS = (
    Variant(
        "text_unseen", "networks without text", lambda base, _: TextUnseen(base.bundle, base.models), True,
        paper=(21.7, 0.25, 0.57),
    ),
    Variant("text_ignored", "no text at all", lambda base, _: TextIgnored(base.bundle, base.models), True),
    Variant("decoder_blind", "decoder without mask", MaskUnseenByDecoder, paper=(32.4, 0.40, 0.61)),
    Variant("body_only", "CT of the body's outline, no mask", BodyOnly, paper=(54.3, None, 0.32)),
    Variant("no_texture", "expected CT, no texture flow", KeptAnatomies, ct={"steps": 0}),
)  # fmt: skip


def without_hdr_loss(plain: PlainCodec) -> Variant:
    """The variant that decodes with `plain`; its folder is named for it, as kept cases tell nothing of the judges."""

    def make(base: Generator, cases: Sequence[GeneratedCase]) -> Generator:
        return OtherDecoder(base, cases, plain)

    return Variant(f"no_hdr_{plain.identity[:8]}", NO_HDR, make, paper=NO_HDR_PAPER)
