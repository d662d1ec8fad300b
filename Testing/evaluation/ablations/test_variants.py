"""Each variant of the generator lacks the one thing that it says, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.ct.network import Style
from GuideGenLib.ct.partial_maps import for_partial_map
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.synthesizer import STEPS, CTSynthesizer
from GuideGenLib.description import parse
from GuideGenLib.evaluation.ablations.variants import (
    VARIANTS,
    BodyOnly,
    KeptAnatomies,
    MaskUnseenByDecoder,
    TextIgnored,
    TextUnseen,
    outline,
    without_hdr_loss,
)
from GuideGenLib.evaluation.cases import GeneratedCase, Order, make_cases
from GuideGenLib.evaluation.plan import DRAWING_VARIANTS
from GuideGenLib.evaluation.plan import VARIANTS as PLANNED
from GuideGenLib.generator import Generator
from GuideGenLib.judges.plain_codec import PlainCodec, decoder_tensors, encoder_hash
from GuideGenLib.mask.network import Conditions
from GuideGenLib.mask.synthesizer import MaskSynthesizer
from Testing.tiny_bundle import write_tiny_bundle

TEXT = "CT of the chest of a 60-year-old man with a 3 cm tumor in the left upper lobe of the lung, arterial phase."


class Seen:
    """What the networks of a run were given."""

    conditions: Conditions
    region: str
    labels: np.ndarray
    table: np.ndarray
    style: Style
    steps: int


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, phantom: np.ndarray) -> Seen:
    """The networks draw the phantom and an even CT, and keep what they were given."""
    found = Seen()

    def mask(self: MaskSynthesizer, conditions: Conditions, *, region: str, **_: Any) -> np.ndarray:
        found.conditions, found.region = conditions, region
        return phantom.copy()  # a person of half the size, at 3 mm

    def ct(
        self: CTSynthesizer, labels: np.ndarray, table: np.ndarray, style: Style, noise: Any, *, steps: int, **_: Any
    ) -> np.ndarray:
        found.labels, found.table, found.style, found.steps = labels, table, style, steps
        return np.where(labels > 0, 40.0, -1000.0).astype(np.float32)

    monkeypatch.setattr(MaskSynthesizer, "synthesize", mask)
    monkeypatch.setattr(CTSynthesizer, "synthesize", ct)
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
    return Generator.from_bundle(folder, device="cpu", arithmetic="float32")


@pytest.fixture
def case(base: Generator, seen: Seen, tmp_path: Path) -> GeneratedCase:
    """One case of the full generator."""
    return make_cases([Order("one", TEXT, 7)], tmp_path / "cases", base)[0]


@pytest.fixture
def plain(base: Generator) -> PlainCodec:
    """Another decoder for the encoder of the bundle."""
    state = {key: value + 0.1 for key, value in base.models.ct.codec.state_dict().items()}
    return PlainCodec(decoder_tensors(state), encoder_hash(base.models.ct.codec.state_dict()), "0123456789")


def _labels(anatomy: sitk.Image) -> set[int]:
    return set(np.unique(sitk.GetArrayViewFromImage(anatomy)).tolist())


def test_networks_without_text_are_told_nothing_while_rules_follow_it(base: Generator, seen: Seen):
    variant = TextUnseen(base.bundle, base.models)
    anatomy = variant.synthesize_mask(parse(TEXT), seed=3).anatomy
    assert not seen.conditions.typed.any() and not seen.conditions.text_mask.any()
    assert values()["lung_tumor"] in _labels(anatomy) and seen.region == "chest"
    variant.synthesize_ct(anatomy, parse(TEXT), seed=3)
    assert not seen.style.typed.any() and not seen.style.text_mask.any()
    arterial = seen.table
    base.synthesize_ct(anatomy, parse(TEXT), seed=3)
    assert seen.style.typed.any() and seen.style.text_mask.any()
    assert np.array_equal(arterial, seen.table)


def test_a_text_that_is_ignored_gives_no_lesion_and_no_phase_but_its_region(base: Generator, seen: Seen):
    variant = TextIgnored(base.bundle, base.models)
    anatomy = variant.synthesize_mask(parse(TEXT), seed=3).anatomy
    assert values()["lung_tumor"] not in _labels(anatomy) and seen.region == "chest"
    assert not seen.conditions.typed.any() and not seen.conditions.text_mask.any()
    variant.synthesize_ct(anatomy, parse(TEXT), seed=3)
    assert np.array_equal(seen.table, for_partial_map(reference_table(None), seen.labels))  # the phantom has no ribs


def test_kept_anatomies_are_taken_and_others_refused(base: Generator, case: GeneratedCase):
    variant = KeptAnatomies(base, [case])
    again = variant.synthesize_mask(parse(TEXT), seed=7, candidates=1).anatomy
    assert np.array_equal(sitk.GetArrayFromImage(again), case.labels()[0])
    with pytest.raises(KeyError):
        variant.synthesize_mask(parse(TEXT), seed=8)


def test_body_only_shows_the_ct_stage_nothing_but_the_outline(base: Generator, case: GeneratedCase, seen: Seen):
    anatomy = sitk.ReadImage(str(case.folder / "anatomy.nii.gz"))
    base.synthesize_ct(anatomy, parse(TEXT), seed=7)
    whole = seen.labels
    BodyOnly(base, [case]).synthesize_ct(anatomy, parse(TEXT), seed=7)
    assert len(np.unique(whole)) > 10 and np.unique(seen.labels).tolist() == [0, values()["body"]]
    assert np.array_equal(seen.labels > 0, whole > 0) and np.array_equal(seen.labels, outline(whole))


class Decoded:
    """What the decoders of a run were given: whether labels, and the latents."""

    def __init__(self) -> None:
        self.shown: list[bool] = []
        self.latents: list[torch.Tensor] = []


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Decoded:
    found, decode = Decoded(), CodecNetwork.decode

    def spy(self: CodecNetwork, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        found.shown.append(labels is not None)
        found.latents.append(z.clone())
        return decode(self, z, labels)

    monkeypatch.setattr(CodecNetwork, "decode", spy)
    return found


@pytest.fixture
def small_case(small_labels: np.ndarray, tmp_path: Path) -> GeneratedCase:
    """An anatomy that the networks themselves can be run on."""
    anatomy = image_from_array(small_labels[20:36, 4:24, 4:28], (4.0, 4.0, 4.0), labels=True)
    folder = tmp_path / "cases" / "one"
    folder.mkdir(parents=True)
    write_volume(anatomy, folder / "anatomy.nii.gz")
    return GeneratedCase("one", TEXT, 1, folder)


def _both(case: GeneratedCase, *generators: Generator) -> list[np.ndarray]:
    """The CT of the case by each of them."""
    anatomy = sitk.ReadImage(str(case.folder / "anatomy.nii.gz"))
    return [sitk.GetArrayFromImage(one.synthesize_ct(anatomy, parse(case.text), seed=1)) for one in generators]


def test_the_decoder_alone_does_not_see_the_mask(base: Generator, small_case: GeneratedCase, decoded: Decoded):
    with torch.random.fork_rng():  # untrained, the decoder would make nothing of labels
        torch.nn.init.normal_(base.models.ct.codec.label_half.weight)
        torch.nn.init.normal_(base.models.ct.codec.decoder_last.weight)
    variant = MaskUnseenByDecoder(base, [small_case])
    one, other = _both(small_case, base, variant)
    assert decoded.shown == [True, False]
    assert torch.equal(*decoded.latents)
    assert not np.array_equal(one, other)
    assert base.models.ct.codec is not variant.models.ct.codec


def test_without_hdr_loss_the_decoder_alone_is_another(
    base: Generator, small_case: GeneratedCase, decoded: Decoded, plain: PlainCodec
):
    variant = without_hdr_loss(plain).make(base, [small_case])
    first, other, again = _both(small_case, base, variant, base)
    assert decoded.shown == 3 * [True]
    assert torch.equal(decoded.latents[0], decoded.latents[1])
    assert not np.array_equal(first, other) and np.array_equal(first, again)  # the base keeps its own decoder


def test_every_variant_makes_cases_with_its_own_arguments(
    base: Generator, case: GeneratedCase, seen: Seen, plain: PlainCodec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[str] = []
    variants = (*VARIANTS, without_hdr_loss(plain))
    synthesize = Generator.synthesize_mask

    def counting(self: Generator, *arguments: Any, **named: Any) -> Any:
        drawn.append(type(self).__name__)
        return synthesize(self, *arguments, **named)

    monkeypatch.setattr(Generator, "synthesize_mask", counting)
    for variant in variants:
        generator = variant.make(base, [case])
        order = Order(case.key, case.text, case.seed)
        made = make_cases([order], tmp_path / variant.key, generator, ct=dict(variant.ct))[0]
        assert seen.steps == variant.ct.get("steps", STEPS)
        kept = np.array_equal(made.labels()[0], case.labels()[0])
        assert kept or variant.draws
    assert len(drawn) == DRAWING_VARIANTS == sum(variant.draws for variant in variants)
    assert len(variants) == PLANNED
    assert len({variant.key for variant in variants}) == len(variants)
