"""Segments of an anatomy kept, the rest drawn, with untrained networks: what holds for any weights."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.description import Description, parse
from GuideGenLib.generator import Generator, RunSettings
from GuideGenLib.generator.case import complete
from GuideGenLib.mask.findings.lesions import LesionError
from GuideGenLib.mask.keep_keys import KeepError

NOBODY = Description("a patient")
KEY = values()
QUICK: dict[str, Any] = {"steps": 2, "candidates": 1}


@pytest.fixture
def trunk(small_anatomy: sitk.Image) -> sitk.Image:
    """The toy torso at 6 mm."""
    size = [n * 2 for n in small_anatomy.GetSize()]
    return sitk.Resample(small_anatomy, size, sitk.Transform(), sitk.sitkNearestNeighbor, (0.0,) * 3, (6.0,) * 3)


def kept_alone(source: sitk.Image, result: sitk.Image, key: str) -> bool:
    """Whether a label has the voxels that it had, and no others."""
    again = sitk.Resample(result, source, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    mine, theirs = (sitk.GetArrayViewFromImage(one) == KEY[key] for one in (source, again))
    return np.array_equal(mine, theirs) and int((sitk.GetArrayViewFromImage(result) == KEY[key]).sum()) == mine.sum()


@pytest.mark.parametrize("sampler", ["flow", "categorical"])
def test_what_is_kept_is_all_there_is_of_it(sampler: str, generator: Generator, trunk: sitk.Image) -> None:
    for region in (None, "abdomen"):
        result = generator.complete(trunk, NOBODY, ["liver", "spleen"], region=region, sampler=sampler, **QUICK)
        assert kept_alone(trunk, result.anatomy, "liver") and kept_alone(trunk, result.anatomy, "spleen")
        assert result.anatomy.GetSpacing() == trunk.GetSpacing()
        assert {check.name for check in result.checks} >= {"present:liver", "present:kidney_left"}


def test_the_same_seed_draws_the_same_around_it(generator: Generator, trunk: sitk.Image) -> None:
    first, again, other = (
        sitk.GetArrayFromImage(generator.complete(trunk, NOBODY, ["liver"], seed=seed, **QUICK).anatomy)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_case_tells_what_was_kept_of_what(generator: Generator, trunk: sitk.Image) -> None:
    case = complete(generator, trunk, None, parse("a man, abdomen"), RunSettings(seed=4, mask_steps=1))
    told = case.provenance["settings"]
    assert told["kept"][0] == "lung_upper_lobe_left" and told["kept"][-1] == "lung_tumor" and "body" not in told["kept"]
    assert len(told["source_voxels_sha256"]) == 64 and told["seed"] == 4 and told["region"] == "abdomen"
    assert case.ct is None and kept_alone(trunk, case.anatomy, "lung_tumor")


def test_a_tumour_that_is_kept_is_the_one_that_the_text_tells_of(generator: Generator, trunk: sitk.Image) -> None:
    text = parse("a man with a lung tumor")
    kept = generator.complete(trunk, text, ["lung_tumor"], **QUICK)
    assert not kept.lesions and kept_alone(trunk, kept.anatomy, "lung_tumor")
    assert all(check.passed for check in kept.checks if check.name == "no_other_lesion")


def test_a_tumour_in_an_organ_that_is_kept_without_one_is_refused(generator: Generator, trunk: sitk.Image) -> None:
    with pytest.raises(LesionError, match="keep liver_tumor too"):
        generator.complete(trunk, parse("a man with liver cancer"), ["liver"], **QUICK)
    with pytest.raises(LesionError, match="keep kidney_tumor too"):
        generator.complete(trunk, parse("a man with a tumor of the left kidney"), ["kidney_left"], **QUICK)


def test_what_cannot_be_kept_is_told_before_any_work(generator: Generator, trunk: sitk.Image) -> None:
    with pytest.raises(KeepError, match="choose at least one"):
        generator.complete(trunk, NOBODY, [])
    with pytest.raises(KeepError, match="no segment is called"):
        generator.complete(trunk, NOBODY, ["appendix"])
    with pytest.raises(KeepError, match=r"region pelvis.*torso"):
        generator.complete(trunk, NOBODY, ["heart"], region="pelvis")
    with pytest.raises(VolumeError, match="not in the anatomy table"):
        generator.complete(sitk.Add(trunk, 100), NOBODY, ["heart"])


def test_completing_can_be_cancelled_at_each_step(generator: Generator, trunk: sitk.Image) -> None:
    def stop(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        generator.complete(trunk, NOBODY, ["liver"], progress=stop, **QUICK)
