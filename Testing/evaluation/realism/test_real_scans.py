"""Numbers of real scans, written and read again."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.volumes import image_from_array, write_volume
from GuideGenLib.data.torso_position import Placed, Small
from GuideGenLib.evaluation.realism.distances import Cells, frechet, principal
from GuideGenLib.evaluation.realism.real_scans import Reals, no_finer, read_reference, write_reference
from GuideGenLib.evaluation.realism.texture import EDGES, MeasuredTexture


@pytest.fixture(scope="module")
def reals() -> Reals:
    rng = np.random.default_rng(0)
    cells = [Cells(rng.normal(size=(n, 80)).astype(np.float32), rng.integers(0, 6, n)) for n in (70, 50, 1)]
    cells[1].features[:, 0] += 20
    rows = MeasuredTexture({"liver": rng.integers(0, 900, len(EDGES) - 1)}, {"fat": rng.random(5)})
    scan = Placed("scan", Small(np.zeros((16, 4, 4), np.float32)), None)
    basis = principal(np.concatenate([one.features for one in cells]), 12)
    return Reals(
        [scan], cells, basis, "weights", {"lidc_0001": rows, "a.b": MeasuredTexture({}, {"lung": rng.random(5)})}
    )


def test_what_is_written_is_read(reals: Reals, tmp_path: Path):
    path = tmp_path / "reals.safetensors"
    write_reference(reals, path)
    found = read_reference(path)
    assert reals.whole and not found.whole
    assert found.encoder == "weights" and found.textures.keys() == reals.textures.keys()
    for name, one in reals.textures.items():
        for kind in ("histograms", "spectra"):
            mine, its = getattr(one, kind), getattr(found.textures[name], kind)
            assert mine.keys() == its.keys() and all(its[key] == pytest.approx(mine[key]) for key in mine)
    assert [len(one.levels) for one in found.cells] == [70, 50, 1]
    assert all(np.array_equal(a.levels, b.levels) for a, b in zip(found.cells, reals.cells, strict=True))


def test_distances_are_the_same_in_what_is_read(reals: Reals, tmp_path: Path):
    path = tmp_path / "reals.safetensors"
    write_reference(reals, path)
    found = read_reference(path)
    assert reals.basis is not None and found.basis is not None
    a, b = (one.features for one in reals.cells[:2])
    wanted = frechet(reals.basis(a), reals.basis(b))
    assert frechet(found.cells[0].features, found.basis(b)) == pytest.approx(wanted, rel=1e-2)


def test_without_features_there_is_nothing_to_keep(reals: Reals, tmp_path: Path):
    with pytest.raises(EvaluationError, match="install the encoder"):
        write_reference(Reals(reals.scans, [], None, "", reals.textures), tmp_path / "reals.safetensors")


def test_a_damaged_or_foreign_file_is_named(reals: Reals, tmp_path: Path):
    path = tmp_path / "reals.safetensors"
    with pytest.raises(EvaluationError, match=r"reals\.safetensors is missing"):
        read_reference(path)
    write_reference(reals, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EvaluationError, match="damaged"):
        read_reference(path)
    write_reference(reals, path)
    save_file({key: value for key, value in load_file(path).items() if key != "axes"}, path)
    with pytest.raises(EvaluationError, match="damaged"):
        read_reference(path)


@pytest.mark.parametrize(("step", "shown"), [(1.0, 2.0), (3.0, 3.0)])
def test_a_scan_is_seen_no_finer_than_generated_ones_and_keeps_its_noise(step: float, shown: float, tmp_path: Path):
    hu = np.full((60, 120, 120), -1000.0, np.float32)
    noise = np.random.default_rng(0).normal(40, 20, (60, 80, 80))
    hu[:, 20:100, 20:100] = np.repeat(noise[::2], 2, axis=0)
    path = tmp_path / "ct.nii.gz"
    write_volume(image_from_array(hu, (step,) * 3, labels=False), path)
    found, spacing = no_finer(path)
    assert spacing == pytest.approx((shown,) * 3)
    assert found.shape == tuple(round(n * step / shown) for n in hu.shape)
    middle = tuple(slice(n // 3, 2 * n // 3) for n in found.shape)
    assert found[middle].mean() == pytest.approx(40, abs=2)
    assert found[middle].std() > 9  # a mean over eight voxels would leave 7
