"""The stand-in of a large data set, made of a phantom: what is shared, what is spoilt; and the verdict on a run."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts.finding import find_cases
from GuideGenLib.data.layouts.reading import read_named
from Testing.benchmarks import many_cases, prepare, step

LABELS = {"liver": 5, "spleen": 1, "lung_upper_lobe_left": 10, "brain": 90}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """15 good cases, 6 of them distinct, and 10 bad ones."""
    data = tmp_path_factory.mktemp("data")
    labels = np.zeros((20, 16, 18), np.uint8)
    labels[4:16, 5:11, 5:9], labels[6:14, 6:12, 10:13], labels[9:20, 5:12, 13:15] = 5, 1, 10
    hu = np.where(labels > 0, 60.0, -1000.0)
    for name, array in (("ct", hu), ("labels", labels)):
        (data / name).mkdir()
        image = image_from_array(array, (3.0, 3.0, 3.0), labels=name == "labels")
        sitk.WriteImage(image, data / name / "one.nii.gz")
    table = "label,structure\n" + "".join(f"{value},{name}\n" for name, value in LABELS.items())
    (data / "totalsegmentator_v2_labels.csv").write_text(table)
    target = data / "many"
    originals = many_cases.write_originals(data, target, 15)
    assert len(originals) == 6
    for index in range(6, 15):
        many_cases.link_case(originals[index % 6], target / many_cases.case_name(index))
    many_cases.plant(target, originals, 15, 10)
    return target


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, CaseFiles]:
    """As the library finds them."""
    return {case.name: case for case in find_cases(folder)}


def test_good_cases_are_read_and_share_their_files(folder: Path, cases: dict[str, CaseFiles]):
    good = [name for name in cases if many_cases.BAD not in name]
    assert good == [f"s{index:04d}" for index in range(15)]
    for name in good:
        labels, _hu, _spacing = read_named(cases[name])
        assert labels is not None and len(np.unique(labels)) == 4
        assert len(list((folder / name / "segmentations").iterdir())) == len(LABELS)
    assert len({(folder / name / "ct.nii.gz").stat().st_ino for name in good}) == 6
    megabytes, files = many_cases.disk_use(folder)
    assert files == sum(len(names) for _place, _folders, names in os.walk(folder)) and megabytes < 5


def test_each_bad_case_is_told_by_name(cases: dict[str, CaseFiles]):
    bad = [name for name in cases if many_cases.BAD in name]
    assert len(bad) == len(many_cases.KINDS) == 10
    for name in bad:
        with pytest.raises(DataError, match=name):
            read_named(cases[name])


def test_a_scan_is_cut_about_its_middle():
    image = sitk.Image([4, 4, 20], sitk.sitkUInt8)
    image.SetSpacing((1.0, 1.0, 3.0))
    assert many_cases.middle(image, 12.0).GetSize() == (4, 4, 4)
    assert many_cases.middle(image, 12.0).GetOrigin()[2] == 24.0
    assert many_cases.middle(image, float("inf")).GetSize() == (4, 4, 20)
    assert many_cases.middle(image, 1.0).GetSize() == (4, 4, 1)


def test_a_run_is_judged_by_those_left_out_and_by_its_memory():
    flat, grown = prepare.Run(9.0, 1, [100.0] * 8), prepare.Run(9.0, 1, [100.0] * 6 + [130.0] * 2)
    told = {"s1_bad_x": "no CT"}
    assert prepare.faults([flat], {"s1_bad_x"}, told, 3000) == []
    assert prepare.faults([grown], {"s1_bad_x"}, told, 3000) == ["memory grew from 100 to 130 MB"]
    assert prepare.faults([flat], {"s1_bad_x"}, told, 90) == ["the processes took 100 MB together"]
    wrong = prepare.faults([flat], {"s2_bad_y"}, told, 3000)
    assert wrong[0].startswith("s1_bad_x is left out") and wrong[1] == "s2_bad_y is not told of"
    assert "ended with 1, not with 0" in prepare.faults([flat], set(), {}, 3000)[0]


def test_a_step_lasts_until_the_next_one_reads():
    reads = [(10.0 * n, 10.0 * n + 1) for n in range(5)]
    cuts = [cut for begin, end in reads for cut in ((begin, end), (end, end + 0.5))]
    assert step.step_times(cuts, 2) == ([10.0, 10.0], [1.5, 1.5])
