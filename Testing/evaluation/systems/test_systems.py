"""Systems side by side: CTs that are made once, tables with the published rows, and one that is absent."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import write_volume
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.systems import judging
from GuideGenLib.evaluation.systems.costs import Costs, measured
from GuideGenLib.evaluation.systems.making import Made, System, chosen_names, make_all, rival_system
from GuideGenLib.evaluation.systems.section import measure_systems
from GuideGenLib.judges.agreement import ORGANS
from GuideGenLib.rivals.files import FILE, write_rival
from GuideGenLib.rivals.systems import RIVALS

TEXT = "A 34-year-old man with lung cancer in the left upper lobe, T2N0M0."


@pytest.fixture
def case(tmp_path: Path, small_anatomy: sitk.Image) -> GeneratedCase:
    folder = tmp_path / "cases" / "prompt_01"
    folder.mkdir(parents=True)
    write_volume(small_anatomy, folder / "anatomy.nii.gz")
    return GeneratedCase("prompt_01", TEXT, 1, folder)


def _system(name: str, shown: str, takes: tuple[str, ...], ct: sitk.Image, made: list[str]) -> System:
    def make(case: GeneratedCase) -> sitk.Image:
        made.append(name)
        return ct

    return System(name, shown, takes, f"weights of {name}", make, f"{name} saw 5 samples")


def test_a_ct_is_made_once_for_the_same_weights_and_case(case: GeneratedCase, small_ct: sitk.Image, tmp_path: Path):
    calls: list[str] = []
    one = _system("maisi", "MAISI", ("mask",), small_ct, calls)
    first, again = (make_all(one, [case], tmp_path) for _ in range(2))
    assert calls == ["maisi"] and first.costs == again.costs and first.costs[0].seconds > 0
    assert first.cases[0].hu(12.0)[0].shape == first.cases[0].labels(12.0)[0].shape
    make_all(replace(one, identity="others"), [case], tmp_path)
    (first.cases[0].folder / "ct.nii.gz").unlink()
    make_all(replace(one, identity="others"), [case], tmp_path)
    assert len(calls) == 3


def test_memory_of_a_block_is_that_beyond_its_start():
    with measured() as costs:
        block = np.ones(40_000_000)
        assert block.sum() > 0
    assert costs.seconds > 0 and (costs.gigabytes is None or 0.25 < costs.gigabytes < 1)


def test_all_means_every_rival_and_one_that_is_not_trained_says_how(tmp_path: Path):
    assert chosen_names(["all"]) == list(RIVALS)
    assert chosen_names(["zhuang", "maisi"]) == ["maisi", "zhuang"]
    with pytest.raises(EvaluationError, match="train it: guidegen train rival zhuang"):
        rival_system("zhuang", tmp_path, SimpleNamespace())  # type: ignore[arg-type]


class _Judge:
    """A segmenter that sees the mask itself in one system's CTs and nothing in others'."""

    def __init__(self, seeing: str, case: GeneratedCase) -> None:
        self.seeing, self.labels = seeing, case.labels(3.0)[0]

    def segmentation(self, case: GeneratedCase, judges: Any) -> np.ndarray:
        return self.labels if self.seeing in case.folder.parts else np.zeros_like(self.labels)


@pytest.fixture
def judged(case: GeneratedCase, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(judging, "segmentation", _Judge("guidegen", case).segmentation)
    person = SimpleNamespace(decade=30, sex="male")
    other = SimpleNamespace(decade=80, sex="female")

    def read(hu: np.ndarray, spacing: float, labels: np.ndarray) -> SimpleNamespace:
        assert spacing == 3.0 and labels.shape
        return person if hu.mean() > -900 else other

    real = {"sex": {"value": 0.9}, "decade": {"value": 0.6}}
    about = {"segmenter": {"ceilings": {"lesions": {"tumours_found": 0.8}}}}
    ceilings = {"liver": 0.9, "spleen": 0.5}
    return SimpleNamespace(classifiers=SimpleNamespace(read=read, real=real), ceilings=ceilings, about=about)


def test_both_tables_have_every_system_beside_what_was_published(
    case: GeneratedCase, judged: Any, small_ct: sitk.Image, tmp_path: Path
):
    air = sitk.Cast(small_ct * 0 - 1000, sitk.sitkInt16)
    air.CopyInformation(small_ct)
    systems = [
        _system("guidegen", "GuideGen", ("mask", "text"), small_ct, []),
        _system("maisi", "MAISI", ("mask",), air, []),
        _system("medsyn", "MedSyn", ("text",), air, []),
    ]
    made = [make_all(one, [case], tmp_path) for one in systems]
    made = [Made(replace(one.system, share=0.4), one.cases, [Costs(7.0, 1.5)]) for one in made[:2]] + made[2:]
    made = [Made(one.system, one.cases, [Costs(7.0, 1.5)]) for one in made]
    realism: Any = SimpleNamespace(fid=lambda cases: np.array([12.0, 12.6]), missing="", floor=50.0)
    section = measure_systems([case], made, {"zhuang": "train it"}, judged, realism, 3.0, tmp_path)
    masks, texts, training = section.tables
    rows = {row[0]: row for row in masks.rows}
    assert list(rows) == ["GuideGen", "  GuideGen, published", "MAISI", "  MAISI, published", "real CT (held out)"]
    liver = 1 + list(ORGANS).index("liver")
    assert rows["GuideGen"][liver] == "1.00" and rows["MAISI"][liver] == "0.00"
    assert rows["  MAISI, published"][liver] == "0.80" and rows["real CT (held out)"][liver] == "0.90"
    assert rows["MAISI"][-3:] == ("12", "7", "1.5")
    told = {row[0]: row for row in texts.rows}
    assert told["GuideGen"][1:4] == ("not measurable", "1.00", "not judged") and told["MedSyn"][2] == "0.00"
    assert rows["GuideGen"][1] == "not measurable"  # the segmenter does not see the spleen in a real scan
    assert rows["GuideGen"][-4] == "1.00" and rows["real CT (held out)"][-4] == "0.90"
    assert told["GuideGen"][-2] == "10" and told["MedSyn"][-2] == "7"  # the mask's three seconds belong to a text
    assert next(iter(training.rows))[:4] == ("GuideGen", "40.0 %", "72", "100 %")
    assert list(training.rows)[1] == ("MAISI", "40.0 %", "-", "-", "maisi saw 5 samples")
    assert any("zhuang is absent: train it" in one for one in section.remarks)
    three = [one for one in section.remarks if one.startswith("Ours and MAISI")]
    assert [one.split(",")[1].split(":")[0].strip() for one in three] == [
        "better",
        "equal within the interval",
        "worse",
    ]
    assert "mean DSC" in three[1] and "FID" not in three[1] and "no rank" in three[2]
    assert section.pictures[0][1].stat().st_size > 1000
    figures = {one.name: one for one in section.figures}
    assert figures["MedSyn: sex"].paper == 0.74
    fid = figures["GuideGen: FID"]
    assert (fid.value, fid.low, fid.high) == (pytest.approx(12.3), pytest.approx(12.015), pytest.approx(12.585))
    with pytest.raises(EvaluationError, match="at least one"):
        measure_systems([], made, {}, judged, realism, 0.0, tmp_path)


def test_without_the_encoder_the_fid_is_left_out_and_said(
    case: GeneratedCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def absent(*_: Any) -> Any:
        raise judging.FeatureEncoderError("no encoder", "install it")

    monkeypatch.setattr(judging.Encoder, "load", absent)
    realism = judging.Realism([case], None, None, tmp_path)
    assert realism.fid([case]) is None and "install it" in realism.missing


def test_a_trained_rival_tells_how_far_it_was_trained(tmp_path: Path):
    tiny = {"channels": (8, 16), "groups": 4}
    (tmp_path / "medddpm").mkdir()
    write_rival(RIVALS["medddpm"](tiny), tmp_path / "medddpm" / FILE, {"samples": {"unet": 2360}, "core_minutes": 36.0})
    generator: Any = SimpleNamespace(models=SimpleNamespace(device="cpu"))
    system = rival_system("medddpm", tmp_path, generator, steps=4)
    assert system.share == 0.1 and system.time_share == 0.5 and system.about == "2360 unet; sampler 4"
    assert system.voxels == "voxels of 6 mm"
