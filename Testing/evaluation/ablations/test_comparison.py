"""The ablations read what they say from the CTs, and set it beside the paper's rows."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from GuideGenLib.anatomy.table import by_group, values
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.description import Description
from GuideGenLib.evaluation.ablations import comparison as ablations
from GuideGenLib.evaluation.ablations.comparison import (
    FULL,
    Judgement,
    accuracy,
    decoded_ways,
    followed,
    measure_ablations,
    read,
)
from GuideGenLib.evaluation.ablations.variants import NO_HDR, Variant
from GuideGenLib.evaluation.alignment.judge_scores import seen_organs
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.generator import Generator, MaskResult
from GuideGenLib.judges.classifiers import SeenPerson as Person
from GuideGenLib.judges.plain_codec import PlainCodec, decoder_tensors, encoder_hash
from GuideGenLib.judges.segmenter import TUMOUR
from Testing.tiny_bundle import CODEC

TEXT = "A 64-year-old man with a tumor in the left upper lobe of the lung."
STEP = 20.0
"""HU between two label values of the toy CTs, from which the toy segmenter reads the labels again."""


def _ct(labels: np.ndarray) -> Any:
    return image_from_array(labels * STEP - 1000, (3.0, 3.0, 3.0), labels=False)


class Judges:
    """Reads a toy CT without fault and takes everybody for a man of 62."""

    identity = "toy"
    plain_codec: PlainCodec | None = None

    def __init__(self) -> None:
        self.ceilings: dict[str, float] = {}
        self.about: Any = {"segmenter": {"ceilings": {"rendered": {"tumours_found": 0.9}}}}
        self.segmenter = SimpleNamespace(segment=self._segment)
        decades = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
        self.classifiers = SimpleNamespace(
            read=lambda hu, spacing, labels: Person(0.1, decades),
            real={"sex": {"value": 0.8}, "decade": {"value": 0.8}},
        )

    def _segment(self, hu: np.ndarray, spacing: float) -> np.ndarray:
        return np.minimum(np.rint((hu + 1000) / STEP), TUMOUR).astype(np.uint8)


@pytest.fixture
def labels(phantom: np.ndarray) -> np.ndarray:
    """The phantom with a tumour in the left upper lobe."""
    marked = phantom.copy()
    marked[74:80, 20:26, 44:50] = values()["lung_tumor"]
    return marked


@pytest.fixture
def case(labels: np.ndarray, tmp_path: Path) -> GeneratedCase:
    folder = tmp_path / "cases" / "one"
    folder.mkdir(parents=True)
    write_volume(image_from_array(labels, (3.0, 3.0, 3.0), labels=True), folder / "anatomy.nii.gz")
    write_volume(_ct(labels), folder / "ct.nii.gz")
    return GeneratedCase("one", TEXT, 5, folder)


def test_a_ct_that_shows_its_mask_and_its_text_has_full_marks(case: GeneratedCase):
    reading = read(case, Judges())  # type: ignore[arg-type]
    assert reading.dice == pytest.approx(1.0)
    assert reading.followed == {"sex": True, "age decade": True, "tumour place": True}
    assert reading.texture >= 0


def test_what_a_judge_does_not_see_is_not_counted(case: GeneratedCase):
    blind = Judges()
    blind.classifiers.real["decade"]["value"] = 0.4
    blind.about = {"segmenter": {"ceilings": {"rendered": {"tumours_found": 0.4}}}}
    blind.ceilings = {"liver": 0.9, "spleen": 0.3}
    assert read(case, blind).followed == {"sex": True}  # type: ignore[arg-type]
    assert seen_organs(blind) == ["liver"]  # type: ignore[arg-type]


def test_attributes_are_judged_where_the_text_gives_them(case: GeneratedCase, labels: np.ndarray):
    judges: Any = Judges()
    found = np.minimum(labels, TUMOUR)
    assert followed(GeneratedCase("", "A woman of 35.", 1, case.folder), found, judges) == {
        "sex": False,
        "age decade": False,
    }
    right = "Lung cancer in the right upper lobe."
    assert followed(GeneratedCase("", right, 1, case.folder), found, judges) == {"tumour place": False}
    assert followed(GeneratedCase("", "CT of the torso.", 1, case.folder), found, judges) == {}
    judges.classifiers = None
    assert followed(case, found, judges) == {"tumour place": True}
    none = np.where(found == TUMOUR, values()["lung_upper_lobe_left"], found)
    assert followed(case, none, judges) == {"tumour place": False}


def test_accuracy_is_a_mean_over_attributes_and_not_over_cases():
    readings = [Judgement(1, {"sex": True}, 0), Judgement(1, {"sex": False, "tumour place": True}, 0)]
    assert accuracy(readings) == {"sex": 0.5, "tumour place": 1.0}
    assert ablations._average(readings).value == 0.75


class Blurred(Generator):
    """Draws nothing and makes a CT in which every organ is body."""

    def __init__(self, base: Any, cases: Any) -> None:
        self.bundle, self.models, self.case = base.bundle, base.models, cases[0]

    def synthesize_mask(self, description: Description, **_: Any) -> MaskResult:
        return MaskResult(image_from_array(self.case.labels()[0], (3.0, 3.0, 3.0), labels=True), (), ())

    def synthesize_ct(self, anatomy: Any, description: Description, **_: Any) -> Any:
        return _ct(np.where(self.case.labels()[0] > 0, values()["body"], 0))


def test_a_variant_that_loses_everything_stands_beside_the_full_model_and_the_paper(
    case: GeneratedCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ablations, "VARIANTS", (Variant("blurred", "no organs", Blurred, paper=(54.3, None, 0.32)),))
    base: Any = SimpleNamespace(bundle=SimpleNamespace(identity="b"), models=SimpleNamespace(arithmetic="float32"))
    told: list[tuple[str, int]] = []

    def counted(what: str, total: int) -> Any:
        told.append((what, total))
        return lambda stage, fraction: None

    section = measure_ablations(base, [case], Judges(), None, tmp_path, counted)  # type: ignore[arg-type]
    figures = {one.name: one for one in section.figures}
    assert figures[f"mean DSC: {FULL}"].value == pytest.approx(1.0)
    assert figures[f"mean DSC: {FULL}"].paper == 0.52
    assert figures["mean DSC: no organs"].value == pytest.approx(0.0)
    header, rows = section.tables[0].header, {row[0]: row for row in section.tables[0].rows}
    lost = dict(zip(header, rows["no organs"], strict=True))
    assert lost["lost DSC, 95 %"].startswith("1.00") and lost["FID, paper"] == "54.3" and lost["DSC, paper"] == "-"
    assert (lost["sex"], lost["tumour place"], lost["text accuracy"]) == ("1.00", "0.00", "0.67")
    untrained = dict(zip(header, rows[NO_HDR], strict=True))
    assert untrained["DSC"] == "-" and untrained["DSC, paper"] == "0.36"
    assert any("hold no decoder" in remark and "train plain-codec" in remark for remark in section.remarks)
    assert any("not measured: no data folder" in remark for remark in section.remarks)
    assert told == [("no organs", 1)]


def _codec(seed: int) -> CodecNetwork:
    torch.manual_seed(seed)
    codec = CodecNetwork(**CODEC).eval()
    for layer in (codec.label_half, codec.decoder_last):  # untrained, labels would do nothing
        torch.nn.init.normal_(layer.weight)
    return codec


def _plain(encoder: CodecNetwork) -> PlainCodec:
    """A decoder that was trained for the encoder of that codec."""
    return PlainCodec(decoder_tensors(_codec(1).state_dict()), encoder_hash(encoder.state_dict()), "0123456789")


def test_a_decoder_without_hdr_loss_has_its_row_if_it_fits_the_bundle(
    case: GeneratedCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ablations, "VARIANTS", ())
    decoder = "GuideGenLib.evaluation.ablations.variants.OtherDecoder"
    monkeypatch.setattr(decoder, lambda base, cases, plain: Blurred(base, cases))
    models = SimpleNamespace(arithmetic="float32", ct=SimpleNamespace(codec=_codec(0)))
    base: Any = SimpleNamespace(bundle=SimpleNamespace(identity="b"), models=models)
    judges: Any = Judges()
    judges.plain_codec = _plain(models.ct.codec)
    section = measure_ablations(base, [case], judges, None, tmp_path)
    rows = [dict(zip(section.tables[0].header, row, strict=True)) for row in section.tables[0].rows]
    assert [row[""] for row in rows] == [FULL, NO_HDR]
    assert rows[1]["DSC"] == "0.00" and rows[1]["DSC, paper"] == "0.36" and rows[1]["FID, paper"] == "40.9"
    assert (tmp_path / "ablations" / "no_hdr_01234567" / "one" / "ct.nii.gz").is_file()
    assert any("Only the loss is taken away" in remark for remark in section.remarks)
    models.ct.codec = _codec(2)
    section = measure_ablations(base, [case], judges, None, tmp_path)
    assert section.tables[0].rows[-1][:2] == (NO_HDR, "-")
    assert any("another bundle's encoder" in remark for remark in section.remarks)


def test_the_codec_is_decoded_in_each_way():
    codec = _codec(0)
    models: Any = SimpleNamespace(
        ct=SimpleNamespace(codec=codec), device=torch.device("cpu"), autocast=torch.inference_mode
    )
    hu = np.random.default_rng(0).normal(0, 100, (10, 13, 16)).astype(np.float32)
    labels = np.zeros(hu.shape, np.uint8)
    labels[:, :6] = by_group()["organs"][0].value
    ways = decoded_ways(hu, labels, models, _plain(codec))
    assert [made.shape for made in ways.values()] == 3 * [hu.shape]
    blind, guided, other = ways.values()
    assert not np.allclose(blind[:, :6], guided[:, :6]) and not np.allclose(guided, other)
    assert decoded_ways(hu, labels, models).keys() == ways.keys() - {"decoder with mask, no HDR loss"}
