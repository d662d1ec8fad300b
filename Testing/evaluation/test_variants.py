"""Each variant of the generator lacks the one thing that it says, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import Style
from GuideGenLib.ct.reference import reference_table
from GuideGenLib.ct.synthesizer import CTSynthesizer
from GuideGenLib.description import parse
from GuideGenLib.evaluation.cases import Case, Order, make_cases
from GuideGenLib.evaluation.plan import DRAWING_VARIANTS
from GuideGenLib.evaluation.plan import VARIANTS as PLANNED
from GuideGenLib.evaluation.variants import (
    VARIANTS,
    BodyOnly,
    KeptAnatomies,
    MaskUnseenByDecoder,
    TextIgnored,
    TextUnseen,
    outline,
)
from GuideGenLib.generator import Generator
from GuideGenLib.mask.network import Conditions
from GuideGenLib.mask.synthesizer import MaskSynthesizer
from GuideGenLib.volumes import image_from_array, write_volume
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
    return Generator.from_bundle(folder, device="cpu", precision="float32")


@pytest.fixture
def case(base: Generator, seen: Seen, tmp_path: Path) -> Case:
    """One case of the full generator."""
    return make_cases([Order("one", TEXT, 7)], tmp_path / "cases", base)[0]


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
    assert np.array_equal(seen.table, reference_table(None))


def test_kept_anatomies_are_taken_and_others_refused(base: Generator, case: Case):
    variant = KeptAnatomies(base, [case])
    again = variant.synthesize_mask(parse(TEXT), seed=7, candidates=1).anatomy
    assert np.array_equal(sitk.GetArrayFromImage(again), case.labels()[0])
    with pytest.raises(KeyError):
        variant.synthesize_mask(parse(TEXT), seed=8)


def test_body_only_shows_the_ct_stage_nothing_but_the_outline(base: Generator, case: Case, seen: Seen):
    anatomy = sitk.ReadImage(str(case.folder / "anatomy.nii.gz"))
    base.synthesize_ct(anatomy, parse(TEXT), seed=7)
    whole = seen.labels
    BodyOnly(base, [case]).synthesize_ct(anatomy, parse(TEXT), seed=7)
    assert len(np.unique(whole)) > 10 and np.unique(seen.labels).tolist() == [0, values()["body"]]
    assert np.array_equal(seen.labels > 0, whole > 0) and np.array_equal(seen.labels, outline(whole))


def test_the_decoder_alone_does_not_see_the_mask(
    base: Generator, small_labels: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    anatomy = image_from_array(small_labels[20:36, 4:24, 4:28], (4.0, 4.0, 4.0), labels=True)
    folder = tmp_path / "cases" / "one"
    folder.mkdir(parents=True)
    write_volume(anatomy, folder / "anatomy.nii.gz")
    shown: list[bool] = []
    latents: list[torch.Tensor] = []
    decode = CodecNetwork.decode

    def spy(self: CodecNetwork, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        shown.append(labels is not None)
        latents.append(z.clone())
        return decode(self, z, labels)

    monkeypatch.setattr(CodecNetwork, "decode", spy)
    with torch.random.fork_rng():  # untrained, the decoder would make nothing of labels
        torch.nn.init.normal_(base.models.ct.codec.label_half.weight)
        torch.nn.init.normal_(base.models.ct.codec.decoder_last.weight)
    variant = MaskUnseenByDecoder(base, [Case("one", TEXT, 1, folder)])
    volumes = [sitk.GetArrayFromImage(g.synthesize_ct(anatomy, parse(TEXT), seed=1)) for g in (base, variant)]
    assert shown == [True, False]
    assert torch.equal(*latents)
    assert not np.array_equal(*volumes)
    assert base.models.ct.codec is not variant.models.ct.codec


def test_every_variant_makes_cases_with_its_own_arguments(
    base: Generator, case: Case, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[str] = []
    synthesize = Generator.synthesize_mask

    def counting(self: Generator, *arguments: Any, **named: Any) -> Any:
        drawn.append(type(self).__name__)
        return synthesize(self, *arguments, **named)

    monkeypatch.setattr(Generator, "synthesize_mask", counting)
    for variant in VARIANTS:
        generator = variant.make(base, [case])
        order = Order(case.key, case.text, case.seed)
        made = make_cases([order], tmp_path / variant.key, generator, ct=dict(variant.ct))[0]
        assert seen.steps == variant.ct.get("steps", 6)
        kept = np.array_equal(made.labels()[0], case.labels()[0])
        assert kept or variant.draws
    assert len(drawn) == DRAWING_VARIANTS == sum(variant.draws for variant in VARIANTS)
    assert len(VARIANTS) == PLANNED
    assert len({variant.key for variant in VARIANTS}) == len(VARIANTS)
