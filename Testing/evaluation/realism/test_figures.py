"""The section on realism, of torsos of boxes in noise, with a network that only averages in the encoder's place."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from torch import nn
from torch.nn import functional as nnf

from GuideGenLib.anatomy.table import write_labels_csv
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism import distances
from GuideGenLib.evaluation.realism import figures as realism
from GuideGenLib.evaluation.report.section import Figure, Section
from GuideGenLib.judges.features import Encoder, FeatureEncoderError
from Testing.scans import rendered, with_hips

STEPS = (3.0, 3.0, 3.0)
FID, KID = "Frechet distance of features (FID)", "Kernel distance of features (KID)"
NOT_WITHOUT_SCANS = [
    KID, "Correlation with the nearest training scan", "HU difference to the nearest training scan",
]  # fmt: skip


class Roughness(nn.Module):
    """How rough each cell is, [1, 1, x, y, z] -> [1, 2, z, x, y]; edges of organs count little."""

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        upright = volume.permute(0, 1, 4, 2, 3) * 100
        fine = (upright - nnf.avg_pool3d(upright, 3, 1, 1)).clamp(-2, 2)
        return torch.cat([nnf.avg_pool3d(row, (16, 32, 32)) for row in (fine.abs(), fine**2)], dim=1)


def make_encoder(name: str = "roughness") -> Encoder:
    return Encoder(Roughness(), torch.device("cpu"), torch.float32, name)


@pytest.fixture(scope="module")
def torso(request: pytest.FixtureRequest) -> np.ndarray:
    return with_hips(request.getfixturevalue("phantom"))


def make_cases(torso: np.ndarray, folder: Path, noise: float, count: int = 2) -> list[GeneratedCase]:
    found = []
    for seed in range(count):
        case = GeneratedCase(f"case_{seed}", "A man of 50, portal venous phase.", seed, folder / f"case_{seed}")
        case.folder.mkdir(parents=True)
        labels = np.roll(torso, seed, axis=2)
        write_volume(image_from_array(labels, STEPS, labels=True), case.folder / "anatomy.nii.gz")
        hu = rendered(labels, 100 + seed, noise)
        write_volume(image_from_array(hu, STEPS, labels=False), case.folder / "ct.nii.gz")
        found.append(case)
    return found


def write_scans(torso: np.ndarray, folder: Path, cuts: Sequence[slice]) -> Path:
    """Parts of torsos as a data folder; the first has labels."""
    for name in ("ct", "labels"):
        (folder / name).mkdir(parents=True)
    for seed, cut in enumerate(cuts):
        labels = torso[cut]
        hu = image_from_array(rendered(labels, seed), STEPS, labels=False)
        write_volume(hu, folder / "ct" / f"scan_{seed}.nii.gz")
    mask = image_from_array(torso[cuts[0]], STEPS, labels=True)
    write_volume(mask, folder / "labels" / "scan_0.nii.gz")
    write_labels_csv(folder / "labels.csv")
    return folder


@pytest.fixture(scope="module")
def data(torso: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cuts = (slice(10, 80), slice(0, 60), slice(30, 96), slice(20, 90))
    return write_scans(torso, tmp_path_factory.mktemp("data"), cuts)


@pytest.fixture(scope="module", autouse=True)
def few_cells() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "LEAST_CELLS", 8)
        patch.setattr(distances, "COMPONENTS", 2)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluation")


@pytest.fixture(scope="module")
def cases(torso: np.ndarray, folder: Path) -> list[GeneratedCase]:
    return make_cases(torso, folder / "cases", noise=20)


@pytest.fixture(scope="module")
def section(torso: np.ndarray, cases: list[GeneratedCase], data: Path, folder: Path) -> Section:
    """Of cases that are like the real scans."""
    return realism.measure_realism(cases, data, folder, encoder=make_encoder())


def figures(section: Section) -> dict[str, Figure]:
    return {figure.name: figure for figure in section.figures}


def test_ct_like_the_real_ones_is_found_to_be_so(section: Section, cases: list[GeneratedCase]):
    found = figures(section)
    assert not [name for name, figure in found.items() if figure.value is None]
    assert found[FID].met and found[FID].ceiling is not None and found[FID].cases == 2
    floor, plain = (found[name] for name in realism.RATIOS)
    assert floor.value == pytest.approx(found[FID].value / found[FID].ceiling) and floor.wanted == 1.3
    assert plain.value < plain.wanted and plain.met
    assert found["Mean HU of organs off the table"].value < 6
    assert found["Noise spectra in organs off real scans"].value < 0.15
    assert found["Correlation with the nearest training scan"].value > 0.8
    assert [path.is_file() for _, path in section.pictures] == [True]
    assert len([table for table in section.tables if table.rows]) == 3
    kept = sorted(path.name for path in cases[0].folder.iterdir())
    assert kept == ["anatomy.nii.gz", "ct.nii.gz", "features.npz", "plain.npz"]


def test_ct_without_noise_is_found_to_be_far(torso: np.ndarray, data: Path, folder: Path, tmp_path: Path):
    smooth = make_cases(torso, tmp_path, noise=2)
    section = realism.measure_realism(smooth, data, folder, encoder=make_encoder())
    found = figures(section)
    assert found[FID].met is False and found[KID].met is False
    assert [found[name].met for name in realism.RATIOS] == [False, False]
    assert found["Noise spectra in organs off real scans"].value > 1.5


def test_without_encoder_and_scans_the_rest_is_measured(
    cases: list[GeneratedCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def missing(*args: object) -> Encoder:
        raise FeatureEncoderError("not installed: pip install it")

    monkeypatch.setattr(Encoder, "load", missing)
    monkeypatch.setattr(realism, "resource", lambda *parts: tmp_path / "absent")
    section = realism.measure_realism(cases, None, tmp_path)
    found = figures(section)
    missing_ones = {name for name, figure in found.items() if figure.value is None}
    assert missing_ones >= {FID, *NOT_WITHOUT_SCANS} and found[FID].met is None
    assert found["MS-SSIM between generated CTs"].value is not None
    assert found["Mean HU of organs off the table"].met
    assert any("pip install" in remark for remark in section.remarks)
    assert any("--data" in remark for remark in section.remarks)


def test_statistics_of_real_scans_stand_for_them(
    section: Section, cases: list[GeneratedCase], data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    encoder = make_encoder()
    monkeypatch.setattr(Encoder, "load", lambda *args: encoder)
    realism.write_statistics(cases, data, folder, folder / realism.REFERENCE)
    whole, shipped = figures(section), figures(realism.measure_realism(cases, None, folder, judges=folder))
    assert {name for name, figure in shipped.items() if figure.value is None} >= set(NOT_WITHOUT_SCANS)
    for name in (FID, "Noise spectra in organs off real scans", "HU spread in organs off real scans"):
        assert shipped[name].value == pytest.approx(whole[name].value, rel=0.02)
    assert shipped[FID].ceiling == pytest.approx(whole[FID].ceiling, rel=0.02)


def test_statistics_of_another_encoder_are_not_used(
    cases: list[GeneratedCase], data: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Encoder, "load", lambda *args: make_encoder())
    realism.write_statistics(cases[:1], data, folder, tmp_path / realism.REFERENCE)
    section = realism.measure_realism(cases[:1], None, folder, judges=tmp_path, encoder=make_encoder("another"))
    assert figures(section)[FID].value is None and any("another encoder" in remark for remark in section.remarks)


def test_cases_without_ct_are_no_cases(tmp_path: Path):
    section = realism.measure_realism([GeneratedCase("none", "A man.", 0, tmp_path)], None, tmp_path)
    assert not section.figures and "nothing was measured" in section.remarks[0]


def test_a_plain_picture_has_the_hu_of_the_table(torso: np.ndarray, tmp_path: Path):
    path = tmp_path / "anatomy.nii.gz"
    sitk.WriteImage(image_from_array(torso[:50], (3.0, 3.0, 3.0), labels=True), str(path))
    hu, spacing = realism.plain_picture(path)
    assert spacing == (3.0, 3.0, 3.0) and np.array_equal(hu, rendered(torso[:50], 0, noise=0))
