"""The figures of how CTs look, of small blocks of lung, liver and fat; and the scans that they are compared with."""

from pathlib import Path

import numpy as np
import pytest

from GuideGenLib.anatomy.table import values
from GuideGenLib.data.store import CaseRecord, CTRecord, Store, write_array, write_record
from GuideGenLib.evaluation.cases import GeneratedCase
from GuideGenLib.evaluation.realism.looks import classifier
from GuideGenLib.evaluation.realism.looks.section import KEY, SHEET, add_looks, add_seen, ratio_figure
from GuideGenLib.evaluation.realism.looks.volumes import AIR, Source, Volume, real_sources
from GuideGenLib.evaluation.report.section import Figure, Section


def block(seed: int, noise: float) -> Volume:
    """Lung over liver, with fat beside the liver."""
    labels = np.zeros((48, 48, 48), np.uint8)
    labels[24:] = values()["lung_lower_lobe_left"]
    labels[:24, :, :28], labels[:24, :, 28:] = values()["liver"], values()["torso_fat"]
    hu = np.full(labels.shape, -850.0)
    hu[labels == values()["liver"]], hu[labels == values()["torso_fat"]] = 60, -100
    hu += noise * np.random.default_rng(seed).standard_normal(labels.shape)
    return Volume(np.rint(hu).astype(np.int16), labels)


def source(number: int, real: bool, noise: float) -> Source:
    return Source(f"{real}{number}", real, lambda: block(number + 10 * real, noise), held_out=number == 0)


def measured(noise: float, output: Path) -> tuple[Section, dict[str, Figure]]:
    section = Section("realism", "Realism")
    numbers = range(4)
    add_seen(section, [*(source(n, True, 20) for n in numbers), *(source(n, False, noise) for n in numbers)], output)
    return section, {figure.name: figure for figure in section.figures}


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(classifier, "tell_apart", lambda real, made: classifier.Told(0.6, 0.55, 10, {"liver": 0.6}))


def test_cts_like_the_real_ones_meet_what_is_wanted(tmp_path: Path):
    section, found = measured(20, tmp_path)
    for tissue in ("liver", "fat", "lung"):
        for band in ("coarse", "fine"):
            figure = found[f"Noise power in {tissue}, {band}, over real"]
            assert figure.met and figure.value == pytest.approx(1, abs=0.15) and figure.cases == 4
    edge = found["Gradient at the border of liver to fat, over real"]
    assert edge.met and edge.value == pytest.approx(1, abs=0.05)
    assert found["Real and generated crops told apart, AUC"].met
    assert found["Noise power in muscle, fine, over real"].value is None
    assert (tmp_path / KEY).is_file() and tmp_path / SHEET in [path for _, path in section.pictures]


def test_noise_of_half_the_size_has_a_quarter_of_the_power(tmp_path: Path):
    _, found = measured(10, tmp_path)
    figure = found["Noise power in liver, fine, over real"]
    assert figure.value == pytest.approx(0.25, rel=0.1) and figure.met is False


def test_without_real_scans_nothing_is_compared(tmp_path: Path):
    section = Section("realism", "Realism")
    add_looks(section, [], None, tmp_path, log=print)
    assert not section.figures and "real scans" in section.remarks[0]


def test_scans_that_cannot_be_prepared_leave_the_rest_as_it_is(tmp_path: Path):
    (tmp_path / "ct.nii.gz").touch()
    (tmp_path / "data").mkdir()
    section = Section("realism", "Realism")
    add_looks(section, [GeneratedCase("one", "", 0, tmp_path)], tmp_path / "data", tmp_path, log=print)
    assert not section.figures and str(tmp_path / "data") in section.remarks[0]


def test_a_ratio_is_met_within_its_range_alone():
    for factor, met in ((0.5, False), (0.9, True), (1.3, True), (1.6, False)):
        figure = ratio_figure("", [2 * factor, 8 * factor], [4.0], (0.7, 1.4), [2.0, 8.0])
        assert figure.value == pytest.approx(factor) and figure.met is met and figure.ceiling == pytest.approx(1)
    assert ratio_figure("", [], [4.0], (0.7, 1.4)).met is None


def test_scans_come_from_the_store_with_what_is_told_of_them(tmp_path: Path):
    store = Store.begin(tmp_path / "store")
    volume = block(0, 20)
    volume.labels[:, :12] = 0
    for name in ("mine", "theirs"):
        folder = store.case_folder(name)
        folder.mkdir()
        write_array(volume.hu, folder / "hu.b2nd")
        write_array(volume.labels, folder / "labels.b2nd")
        z, y, x = volume.hu.shape
        write_record(CaseRecord(name, "", ct=CTRecord((z, y, x), 2.0, None, [], 0, True, 0.0)), folder)
    table = "name,split,licence,source\nmine,,,\ntheirs,held_out,CC BY-NC 4.0,A collection\n"
    (tmp_path / "store" / "cases.csv").write_text(table)
    mine, theirs = real_sources(tmp_path / "store", tmp_path, print)
    assert (mine.held_out, mine.shown, theirs.held_out, theirs.shown) == (False, True, True, False)
    assert theirs.credit == "A collection, CC BY-NC 4.0"
    read = mine.read()
    assert (read.hu[:, :9] == AIR).all() and np.array_equal(read.hu[:, 9:], volume.hu[:, 9:])
