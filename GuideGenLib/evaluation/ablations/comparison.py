"""What each means of the method is worth: the same cases made without it, read by the same judges.

The paper trained a model for each of its rows; here the trained networks are run without a means, where that is honest
(`variants`), and with a decoder that was trained without HDR loss. Alignment and text accuracy are read from the CT, as
in the paper: Dice of the segmented CT against its mask; sex, decade of age and place of the tumour against the text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as nnf

from GuideGenLib.codec.network import FACTOR
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.scan_measures import soft_tissue_noise
from GuideGenLib.data.scans import held_out_cts, sampled
from GuideGenLib.evaluation.ablations.variants import (
    FULL_PAPER,
    NO_HDR,
    NO_HDR_PAPER,
    VARIANTS,
    Variant,
    without_hdr_loss,
)
from GuideGenLib.evaluation.alignment.asked import asked_by
from GuideGenLib.evaluation.alignment.found_site import agrees, tumour_place
from GuideGenLib.evaluation.alignment.judge_scores import lesion_score, person_score, seen_organs
from GuideGenLib.evaluation.alignment.with_anatomy import conditioning_mask, segmentation
from GuideGenLib.evaluation.cases import GeneratedCase, Order, make_cases
from GuideGenLib.evaluation.prompts.codec_error import SPACING_MM as CODEC_MM
from GuideGenLib.evaluation.prompts.codec_error import CodecError, compare
from GuideGenLib.evaluation.report.section import Figure, Section, Table, mean_figure, sees
from GuideGenLib.judges.agreement import compare_organs
from GuideGenLib.judges.classifiers import decade_of
from GuideGenLib.judges.segmenter import SPACING

if TYPE_CHECKING:
    from GuideGenLib.generator import Generator
    from GuideGenLib.generator.models import Models
    from GuideGenLib.judges.folder import Judges
    from GuideGenLib.judges.plain_codec import PlainCodec

ATTRIBUTES = ("sex", "age decade", "tumour place")
FULL = "everything (as shipped)"
NOISE_HU = 20.0
"""Unit of `soft_tissue_noise`."""
TRAIN_IT = (
    "`guidegen train plain-codec` and `guidegen train judges` in the run folder of the bundle make it (--judges)."
)
HDR_TAKEN = (
    "No HDR loss: the bundle's encoder with a decoder that was trained anew on L1 and gradients in HU. Only the loss "
    "is taken away. Latents and what the decoder puts out stay on the companded scale, itself a fixed HDR transform; "
    "each label's HU offset was calibrated with the bundle's decoder; and that one learned together with its encoder, "
    "this one after it, which may be part of the difference. The paper trained its whole codec without the loss."
)
HDR_NONE = f"No HDR loss: not measured, these judges hold no decoder that was trained without it. {TRAIN_IT}"
HDR_OTHER = f"No HDR loss: not measured, the judges' decoder was trained for another bundle's encoder. {TRAIN_IT}"


@dataclass(frozen=True)
class Judgement:
    """What the judges read from one CT. dice: mean over the organs of mask or CT that the judge sees; followed:
    attributes of the text that the CT has, of those that the text gives and the judges see; texture: fine HU variation
    within liver and muscle, NaN without them."""

    dice: float
    followed: dict[str, bool]
    texture: float


def read(case: GeneratedCase, judges: "Judges") -> Judgement:
    """Judge one case."""
    found = segmentation(case, judges)
    mask = conditioning_mask(case, found.shape)
    compared = compare_organs(found, mask, SPACING)
    scores = [compared[organ][0] for organ in seen_organs(judges)]
    hu, _ = case.hu(SPACING)
    return Judgement(float(np.nanmean(scores)), followed(case, found, judges), NOISE_HU * soft_tissue_noise(hu, mask))


def followed(case: GeneratedCase, found: np.ndarray, judges: "Judges") -> dict[str, bool]:
    """Which attributes of ATTRIBUTES, of those that the case's text gives, its CT has.

    found: the segmented CT, uint8 [z, y, x] at 3 mm. A tumour is judged where the text asks for a single one, and
    nothing whose judge does not see it in real CTs.
    """
    asked = asked_by(case.text)
    result = {}
    classifiers = judges.classifiers
    if classifiers is not None:
        reading = classifiers.read(*case.hu(SPACING), found)
        if asked.sex is not None and sees(person_score(classifiers, "sex")):
            result["sex"] = reading.sex == asked.sex
        if asked.age is not None and sees(person_score(classifiers, "decade")):
            result["age decade"] = reading.decade == decade_of(asked.age)
    if len(asked.lesions) == 1 and sees(lesion_score(judges)):
        result["tumour place"] = agrees(tumour_place(found, SPACING), asked.lesions[0])
    return result


def measure_ablations(
    generator: "Generator",
    cases: Sequence[GeneratedCase],
    judges: "Judges",
    data: Path | None,
    output: Path,
    counted: Callable[[str, int], Progress] = lambda what, total: silent,
) -> Section:
    """Make `cases` again by each variant, in `output`/ablations, and judge them.

    The variant without HDR loss is left out where the judges have no decoder for it that fits the bundle. data: folder
    whose held-out scans the codec is measured on, decoded in each way; counted(what, total): makes the callback that is
    told of each case.
    """
    full = [read(case, judges) for case in cases]
    plain, about_hdr = _fitting(generator, judges)
    variants = (*VARIANTS, without_hdr_loss(plain)) if plain else VARIANTS
    found: list[tuple[Variant, list[Judgement]]] = []
    orders = [Order(case.key, case.text, case.seed) for case in cases]
    for variant in variants:
        made = make_cases(
            orders, output / "ablations" / variant.key, variant.make(generator, cases),
            ct=dict(variant.ct), progress=counted(variant.name, len(orders)),
        )  # fmt: skip
        found.append((variant, [read(case, judges) for case in made]))
    section = Section("ablations", "Ablations: one means taken away")
    _add_figures(section, full, found)
    section.tables.append(_table(full, found))
    errors = {} if data is None else codec_errors(generator.models, judges, data, plain)
    if errors:
        section.tables.append(_codec_table(errors))
    section.remarks += _remarks(bool(errors), judges.classifiers is not None, about_hdr)
    return section


def _fitting(generator: "Generator", judges: "Judges") -> "tuple[PlainCodec | None, str]":
    """The decoder without HDR loss if there is one for this generator, and what is said of it."""
    plain = judges.plain_codec
    if plain is None:
        return None, HDR_NONE
    return (plain, HDR_TAKEN) if plain.fits(generator.models.ct.codec) else (None, HDR_OTHER)


# ---------------------------------------------------------------- tables


def accuracy(readings: Sequence[Judgement]) -> dict[str, float]:
    """Share of the cases whose CT has an attribute, of those whose text gives it; attributes without cases left out."""
    shares = {}
    for name in ATTRIBUTES:
        hits = [one.followed[name] for one in readings if name in one.followed]
        if hits:
            shares[name] = float(np.mean(hits))
    return shares


def _average(readings: Sequence[Judgement]) -> Figure:
    """Mean of the attributes' shares, as the paper averages them; no interval, as it mixes unlike counts."""
    shares = accuracy(readings)
    value = float(np.mean(list(shares.values()))) if shares else None
    return Figure("text accuracy", value, None, None, len(readings) if shares else 0)


def _add_figures(
    section: Section, full: Sequence[Judgement], found: Sequence[tuple[Variant, Sequence[Judgement]]]
) -> None:
    rows = [(FULL, FULL_PAPER, full), *((variant.name, variant.paper, readings) for variant, readings in found)]
    for name, paper, readings in rows:
        section.figures.append(
            mean_figure(f"mean DSC: {name}", [one.dice for one in readings], paper=paper[1] if paper else None)
        )


def _table(full: Sequence[Judgement], found: Sequence[tuple[Variant, Sequence[Judgement]]]) -> Table:
    header = (
        "", "DSC", "DSC, paper", "lost DSC, 95 %", "text accuracy", "accuracy, paper", *ATTRIBUTES, "texture, HU",
        "FID, paper",
    )  # fmt: skip
    rows = [_row(FULL, full, full, FULL_PAPER)]
    rows += [_row(variant.name, readings, full, variant.paper) for variant, readings in found]
    if all(variant.name != NO_HDR for variant, _ in found):
        fid, dsc, acc = NO_HDR_PAPER
        rows.append((NO_HDR, "-", _two(dsc), "-", "-", _two(acc), "-", "-", "-", "-", f"{fid:.1f}"))
    return Table(f"The same {len(full)} cases, read from the CT", header, rows)


def _row(
    name: str, readings: Sequence[Judgement], full: Sequence[Judgement], paper: tuple[float | None, ...] | None
) -> tuple[str, ...]:
    fid, dsc, acc = paper or (None, None, None)
    lost = mean_figure("", [a.dice - b.dice for a, b in zip(full, readings, strict=True)])
    spread = "-"
    if readings is not full and lost.value is not None and lost.low is not None and lost.high is not None:
        spread = f"{_two(lost.value)} ({_two(lost.low)} to {_two(lost.high)})"
    shares = accuracy(readings)
    texture = mean_figure("", [one.texture for one in readings]).value
    return (
        name, _two(mean_figure("", [one.dice for one in readings]).value), _two(dsc), spread,
        _two(_average(readings).value), _two(acc), *(_two(shares.get(one)) for one in ATTRIBUTES),
        "-" if texture is None else f"{texture:.1f}", "-" if fid is None else f"{fid:.1f}",
    )  # fmt: skip


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _remarks(with_codec: bool, with_classifiers: bool, about_hdr: str) -> list[str]:
    remarks = [
        "The paper trained each row anew and judged with other data, masks and segmenter: its numbers stand beside "
        "ours for their order, not to be compared one by one. The distance in feature space was not taken of the "
        "variants; that of the model as shipped is in the section on realism.",
        "DSC here is the mean over the cases of each case's mean over its organs; the section on alignment takes the "
        "mean over the cases first.",
        "Networks without text: all typed attributes and token states hidden, a state that they were trained in. "
        "Lesions are drawn by rule from the parsed text and stay; `no text at all` takes them away, too.",
        "Decoder without mask: a state that it was trained in. CT of the body's outline: all organs become `body`, a "
        "state that no training showed; a network trained for it would do better.",
        about_hdr,
    ]
    if not with_codec:
        remarks.append("The codec with and without mask was not measured: no data folder with the held-out scans.")
    if not with_classifiers:
        remarks.append("Sex and age were not read: these judges have no classifiers.")
    return remarks


# ---------------------------------------------------------------- the codec


def codec_errors(
    models: "Models", judges: "Judges", data: Path, plain: "PlainCodec | None" = None
) -> dict[str, dict[str, CodecError]]:
    """Errors of the codec on the held-out scans of `data` by the way of decoding; empty where none is there.

    These scans have no labels: those of the judges' segmenter are taken.
    """
    found = {}
    for name, ct in held_out_cts(data):
        hu = sampled(ct, CODEC_MM).astype(np.float32)
        labels = judges.segmenter.segment(hu, CODEC_MM)
        found[name] = {way: compare(name, hu, made) for way, made in decoded_ways(hu, labels, models, plain).items()}
    return found


@torch.inference_mode()
def decoded_ways(
    hu: np.ndarray, labels: np.ndarray, models: "Models", plain: "PlainCodec | None" = None
) -> dict[str, np.ndarray]:
    """HU float32 [z, y, x] through the codec, decoded without labels, with labels uint8 of the same shape, and with
    them by the decoder `plain`."""
    codec = models.ct.codec
    pad = [side for n in reversed(hu.shape) for side in (0, -n % FACTOR)]
    volume = nnf.pad(torch.from_numpy(hu)[None, None], pad, mode="replicate").to(models.device)
    mask = nnf.pad(torch.from_numpy(labels)[None], pad).to(models.device)
    z, y, x = hu.shape
    with models.autocast():
        latents = codec.encode(volume)
        ways = {
            "decoder without mask": codec.decode(latents),
            "decoder with mask (segmented)": codec.decode(latents, mask),
        }
        if plain is not None:
            ways["decoder with mask, no HDR loss"] = plain.instead_of(codec).decode(latents, mask)
    return {way: made[0, 0, :z, :y, :x].float().cpu().numpy() for way, made in ways.items()}


def _codec_table(errors: dict[str, dict[str, CodecError]]) -> Table:
    rows = [
        (f"{name}, {way}", f"{one.body:.1f}", f"{one.window:.1f}",
         *(f"{one.tissues[tissue]:.1f}" if tissue in one.tissues else "-" for tissue in ("lung", "soft", "bone")))
        for name, ways in errors.items()
        for way, one in ways.items()
    ]  # fmt: skip
    header = ("scan that no training saw", "body", "40/400 window", "lung", "soft tissue", "bone")
    return Table("Mean absolute error of the codec in HU", header, rows)
