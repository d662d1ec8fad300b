"""The generator as its callers see it, with untrained networks: what holds for any weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from GuideGenLib.anatomy.table import values
from GuideGenLib.bundle import BundleError
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.progress import Cancelled
from GuideGenLib.description import Description, DescriptionError, Finding, parse
from GuideGenLib.description.model import ORGANS, VITAL, OrganState
from GuideGenLib.generator import Generator, RunSettings
from GuideGenLib.generator.case import draw
from GuideGenLib.generator.models import build
from GuideGenLib.mask.findings.lesions import LesionError

NOBODY = Description("a patient")


def array(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def small(anatomy: sitk.Image) -> sitk.Image:
    """The toy torso at 6 mm: large enough for an edit and its margin."""
    return sitk.Resample(
        anatomy,
        [n * 2 for n in anatomy.GetSize()],
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        anatomy.GetOrigin(),
        (6.0,) * 3,
        anatomy.GetDirection(),
    )


def test_the_same_seed_gives_the_same_anatomy_and_another_seed_another(generator: Generator) -> None:
    first = generator.synthesize_mask(NOBODY, seed=3, region="pelvis", steps=2, candidates=1).anatomy
    again = generator.synthesize_mask(NOBODY, seed=3, region="pelvis", steps=2, candidates=1).anatomy
    other = generator.synthesize_mask(NOBODY, seed=4, region="pelvis", steps=2, candidates=1).anatomy
    assert np.array_equal(array(first), array(again))
    assert not np.array_equal(array(first), array(other))


def test_both_samplers_draw_labels_of_the_table_at_3_mm(generator: Generator) -> None:
    for sampler in ("flow", "categorical"):
        result = generator.synthesize_mask(NOBODY, region="pelvis", sampler=sampler, steps=2, candidates=1)
        assert result.anatomy.GetSpacing() == (3.0, 3.0, 3.0)
        assert set(np.unique(array(result.anatomy))) <= set(values().values())


def test_an_absent_organ_is_taken_out_and_not_missed(generator: Generator) -> None:
    options: dict[str, Any] = {"seed": 3, "region": "abdomen", "steps": 2, "candidates": 1}
    there = set(np.unique(array(generator.synthesize_mask(NOBODY, **options).anatomy)).tolist())
    organ = next(name for name, keys in ORGANS.items() if values()[keys[0]] in there and name not in VITAL)
    described = Description("a patient", organs=(OrganState(organ, absent=True),))
    result = generator.synthesize_mask(described, **options)
    keys = described.organs[0].label_keys
    assert not np.isin(array(result.anatomy), [values()[key] for key in keys]).any()
    names = {check.name: check.passed for check in result.checks}
    assert all(names[f"organ:{key}:absent"] and f"present:{key}" not in names for key in keys)
    assert generator.provenance(described, {}, result)["description"]["organs"][0]["organ"] == organ


def test_an_unknown_region_or_sampler_names_the_known_ones(generator: Generator) -> None:
    with pytest.raises(ValueError, match="torso"):
        generator.synthesize_mask(NOBODY, region="head", steps=1)
    with pytest.raises(ValueError, match="categorical"):
        generator.synthesize_mask(NOBODY, sampler="magic", steps=1)


def test_a_tumour_outside_the_region_is_refused_before_any_work(generator: Generator) -> None:
    with pytest.raises(LesionError, match="torso"):
        generator.synthesize_mask(parse("lung cancer in the left upper lobe"), region="pelvis")


def test_what_is_only_possible_can_be_left_out(generator: Generator) -> None:
    described = Description("a patient", findings=(Finding("mass", "lung", presence="possible"),))
    settings = RunSettings(region="pelvis", mask_steps=1, anatomy_mm=3.0)
    with pytest.raises(LesionError, match="lung"):  # it would be drawn
        draw(generator, described, settings)
    drawn = draw(generator, described, replace(settings, possible=False))
    assert not drawn.lesions and drawn.description == described
    assert drawn.provenance["settings"]["possible"] is False
    assert drawn.provenance["description"]["findings"][0]["presence"] == "possible"


@pytest.mark.parametrize("text", ["", "   ", "asdf qwer", "left upper lobe of the right lung tumour"])
def test_texts_that_say_nothing_or_contradict_themselves_are_refused(generator: Generator, text: str) -> None:
    with pytest.raises(DescriptionError):
        generator.generate(text)


def test_the_same_call_gives_the_same_ct(generator: Generator, small_anatomy: sitk.Image) -> None:
    first = generator.synthesize_ct(small_anatomy, NOBODY, seed=1, steps=2)
    again = generator.synthesize_ct(small_anatomy, NOBODY, seed=1, steps=2)
    assert np.array_equal(array(first), array(again))
    assert first.GetPixelID() == sitk.sitkInt16


def test_the_ct_may_have_the_grid_of_the_anatomy_or_its_own(generator: Generator, small_anatomy: sitk.Image) -> None:
    same = generator.synthesize_ct(small_anatomy, NOBODY, spacing=None, steps=1)
    assert same.GetSize() == small_anatomy.GetSize() and same.GetOrigin() == small_anatomy.GetOrigin()
    finer = generator.synthesize_ct(small_anatomy, NOBODY, spacing=4.0, steps=1)
    assert finer.GetSpacing() == (4.0, 4.0, 4.0)


def test_an_empty_a_body_only_and_an_unknown_anatomy_are_refused(
    generator: Generator, small_labels: np.ndarray
) -> None:
    def image(labels: np.ndarray) -> sitk.Image:
        made = sitk.GetImageFromArray(labels.astype(np.uint8))
        made.SetSpacing((12.0, 12.0, 12.0))
        return made

    with pytest.raises(VolumeError, match="empty"):
        generator.synthesize_ct(image(np.zeros_like(small_labels)), NOBODY)
    with pytest.raises(VolumeError, match="without any organ"):
        generator.synthesize_ct(image(np.minimum(small_labels, values()["body"])), NOBODY)
    small_labels[0, 0, 0] = 200
    with pytest.raises(VolumeError, match="200"):
        generator.synthesize_ct(image(small_labels), NOBODY)


def test_an_edit_changes_the_ct_nearby_and_no_voxel_beyond_20_mm(
    generator: Generator, small_anatomy: sitk.Image
) -> None:
    anatomy = small(small_anatomy)
    ct = generator.synthesize_ct(anatomy, NOBODY, seed=5, steps=1)
    labels = array(anatomy)
    z, y, x = np.indices(labels.shape)
    at = np.array([48, 24, 22])
    blob = ((z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2) * 36 <= 15**2
    labels[blob] = values()["liver_tumor"]
    edited = sitk.GetImageFromArray(labels)
    edited.CopyInformation(anatomy)
    new = generator.regenerate_ct(ct, anatomy, edited, NOBODY, seed=5, steps=1)
    before, after = array(ct), array(new)
    seed = sitk.Resample(
        sitk.Cast(edited != anatomy, sitk.sitkUInt8), ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0
    )
    far = array(sitk.SignedMaurerDistanceMap(seed, squaredDistance=False, useImageSpacing=True)) > 20
    assert far.any() and np.array_equal(before[far], after[far])
    inside = array(sitk.BinaryErode(seed, (1, 1, 1))).astype(bool)
    assert (before[inside] != after[inside]).any()


def test_no_edit_leaves_the_ct_as_it_is_and_another_grid_is_refused(
    generator: Generator, small_anatomy: sitk.Image, small_ct: sitk.Image
) -> None:
    same = generator.regenerate_ct(small_ct, small_anatomy, small_anatomy, NOBODY)
    assert np.array_equal(array(same), array(small_ct))
    moved = sitk.Image(small_anatomy)
    moved.SetOrigin((5.0, 0.0, 0.0))
    with pytest.raises(VolumeError, match="grid"):
        generator.regenerate_ct(small_ct, small_anatomy, moved, NOBODY)


@pytest.mark.parametrize("stage", ["mask", "ct", "decode"])
def test_cancel_at_each_stage_ends_the_run(generator: Generator, small_anatomy: sitk.Image, stage: str) -> None:
    def stop(name: str, fraction: float) -> None:
        if name == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        if stage == "mask":
            generator.synthesize_mask(NOBODY, region="pelvis", steps=2, progress=stop)
        else:
            generator.synthesize_ct(small_anatomy, NOBODY, steps=1, progress=stop)


def test_progress_never_goes_back_and_ends_at_one(generator: Generator, small_anatomy: sitk.Image) -> None:
    seen: list[float] = []
    generator.synthesize_ct(small_anatomy, NOBODY, steps=2, progress=lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_oblique_and_anisotropic_anatomies_give_a_ct_in_their_place(
    generator: Generator, small_anatomy: sitk.Image
) -> None:
    oblique = sitk.Image(small_anatomy)
    rotation = sitk.Euler3DTransform()
    rotation.SetRotation(0.2, -0.1, 0.3)
    oblique.SetDirection(rotation.GetMatrix())
    oblique.SetOrigin((-80.0, 33.0, 1200.0))
    oblique.SetSpacing((8.0, 11.0, 9.0))
    ct = generator.synthesize_ct(oblique, NOBODY, spacing=None, steps=1)
    assert ct.GetDirection() == oblique.GetDirection() and ct.GetSize() == oblique.GetSize()
    hu, labels = array(ct).astype(float), array(oblique)
    assert hu[labels == 0].mean() < hu[labels == values()["liver"]].mean() - 500


@pytest.mark.parametrize(("tensor", "told"), [("class_bias", "class_bias"), ("head.weight", "do not fit this version")])
def test_a_bundle_without_a_tensor_that_is_needed_is_refused(tensor: str, told: str, generator: Generator) -> None:
    class Lacking:
        path, config = generator.bundle.path, generator.bundle.config

        def tensors(self, name: str) -> dict[str, torch.Tensor]:
            found = generator.bundle.tensors(name)
            found.pop(tensor, None)
            return found

    with pytest.raises(BundleError, match=told):
        build(Lacking(), torch.device("cpu"))  # type: ignore[arg-type]


def test_the_provenance_tells_the_defaults_that_were_used(generator: Generator) -> None:
    asked = {"seed": 3, "sampler": "categorical", "mask_steps": None, "guidance": None, "ct_steps": 4, "region": None}
    settings = generator.provenance(parse("A man."), asked)["settings"]
    assert settings == {**asked, "mask_steps": 20, "guidance": 1.5}
