"""What a difference makes of anatomy and CT: what it speaks of, and nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.description.changes.read import measured_sizes, read_change
from GuideGenLib.description.report import from_json, to_json
from GuideGenLib.generator import Case, Generator, MaskResult
from GuideGenLib.generator.change import changed_anatomy, recorded_lesions
from GuideGenLib.mask.findings.lesions import LesionError, LesionRecord, insert_lesions
from GuideGenLib.mask.findings.shapes import longest_extent

STEP = (3.0, 3.0, 3.0)
TEXT = "Man, 30 mm tumor in the left upper lobe of the lung and a 40 mm tumor of the liver."
Made = tuple[sitk.Image, tuple[LesionRecord, ...]]


@pytest.fixture(scope="session")
def patient(phantom: np.ndarray) -> Made:
    """The phantom at 3 mm with the two tumours of TEXT."""
    fine = phantom.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    labels, lesions = insert_lesions(fine, STEP, parse(TEXT).findings, np.random.default_rng(3))
    return image_from_array(labels, STEP, labels=True), tuple(lesions)


@pytest.fixture
def follow(patient: Made) -> Callable[[str], tuple[np.ndarray, np.ndarray, tuple[LesionRecord, ...]]]:
    """follow(sentence): the labels before and after, and the lesions after."""
    anatomy, lesions = patient

    def run(sentence: str) -> tuple[np.ndarray, np.ndarray, tuple[LesionRecord, ...]]:
        sizes = measured_sizes([{"finding": one.finding, "measured_mm": one.measured_mm} for one in lesions])
        changed = changed_anatomy(anatomy, lesions, read_change(sentence, parse(TEXT), sizes), seed=5)
        return sitk.GetArrayFromImage(anatomy), sitk.GetArrayFromImage(changed.anatomy), changed.lesions

    return run


def of(labels: np.ndarray, key: str) -> np.ndarray:
    return labels == values()[key]


def test_a_larger_tumour_holds_the_old_one_and_takes_its_room_from_its_organ_alone(follow) -> None:
    before, after, records = follow("make the lung tumour 2 cm larger")
    assert longest_extent(of(after, "lung_tumor"), STEP) == pytest.approx(50, rel=0.08)
    assert (of(after, "lung_tumor") | ~of(before, "lung_tumor")).all()
    changed = before != after
    assert set(np.unique(before[changed])) <= {values()["lung_upper_lobe_left"], values()["lung_lower_lobe_left"]}
    assert set(np.unique(after[changed])) == {values()["lung_tumor"]}
    assert records[0].measured_mm == pytest.approx(50, rel=0.08)
    assert np.linalg.norm(np.array(records[0].center_voxel) - np.argwhere(of(before, "lung_tumor")).mean(0)) < 3


def test_a_smaller_tumour_lies_in_the_old_one_and_leaves_its_organ(follow) -> None:
    before, after, _ = follow("make the liver tumour 1.5 cm smaller")
    assert longest_extent(of(after, "liver_tumor"), STEP) == pytest.approx(25, abs=3)
    assert not (of(after, "liver_tumor") & ~of(before, "liver_tumor")).any()
    assert (after[before != after] == values()["liver"]).mean() > 0.9


def test_a_removed_tumour_is_healed_with_its_organ(follow) -> None:
    before, after, records = follow("remove the lung tumour")
    assert not of(after, "lung_tumor").any()
    assert (before[before != after] == values()["lung_tumor"]).all()
    assert [record.finding for record in records] == [0] and records[0].label == "liver_tumor"


def test_a_moved_tumour_keeps_its_size_and_leaves_nothing_behind(follow) -> None:
    before, after, records = follow("move the lung tumour to the right lower lobe")
    old, new = of(before, "lung_tumor"), of(after, "lung_tumor")
    assert not (old & new).any()
    assert longest_extent(new, STEP) == pytest.approx(longest_extent(old, STEP), rel=0.1)
    assert records[0].side == "right" and records[0].site == "lower_lobe"
    assert of(after, "liver_tumor").sum() == of(before, "liver_tumor").sum()


def test_what_is_not_drawn_changes_no_voxel(follow) -> None:
    before, after, records = follow("add a pulmonary embolism on the right")
    assert (before == after).all() and len(records) == 2


def test_several_are_added_and_each_has_its_record(follow) -> None:
    before, after, records = follow("add three 12 mm metastases in the liver")
    _, count = ndimage.label(of(after, "liver_tumor"), np.ones((3, 3, 3)))
    assert count == 4 and len(records) == 5
    assert (of(after, "liver_tumor") | ~of(before, "liver_tumor")).all()


def test_an_organ_of_another_size_leaves_what_is_far_away(follow) -> None:
    before, after, _ = follow("enlarge the spleen")
    assert of(after, "spleen").sum() > 1.3 * of(before, "spleen").sum()
    away = ndimage.distance_transform_edt(~(of(before, "spleen") | of(after, "spleen"))) * 3
    assert not (before != after)[away > 110].any()


def test_a_tumour_that_finds_no_room_is_refused(follow) -> None:
    with pytest.raises(LesionError, match="does not fit"):
        follow("make the lung tumour 39 cm")


def test_an_anatomy_on_another_grid_keeps_its_grid(patient: Made) -> None:
    anatomy, lesions = patient
    turned = sitk.DICOMOrient(anatomy, "RAS")
    difference = read_change("remove the liver tumour", parse(TEXT))
    after = changed_anatomy(turned, lesions, difference, seed=5).anatomy
    straight = changed_anatomy(anatomy, lesions, difference, seed=5).anatomy
    assert after.GetDirection() == turned.GetDirection()
    assert (sitk.GetArrayFromImage(sitk.DICOMOrient(after, "LPS")) == sitk.GetArrayFromImage(straight)).all()


# ---------------------------------------------------------------- with a CT


@pytest.fixture(scope="module")
def case(generator: Generator, patient: Made) -> Case:
    """The patient with a CT of the tiny networks."""
    anatomy, lesions = patient
    description = parse(TEXT)
    ct = generator.synthesize_ct(anatomy, description, seed=4, spacing=3.0, steps=2)
    settings = {"seed": 4, "spacing_mm": 3.0, "ct_steps": 2, "sampler": "flow"}
    record = generator.provenance(description, settings, MaskResult(anatomy, lesions, ()))
    return Case(description, anatomy, ct, lesions, (), record)


def test_the_ct_changes_there_alone_and_the_chain_is_told(generator: Generator, case: Case) -> None:
    after = generator.change(case, "make the lung tumour 1 cm larger")
    assert case.ct is not None and after.ct is not None
    changed = sitk.GetArrayFromImage(case.anatomy) != sitk.GetArrayFromImage(after.anatomy)
    away = ndimage.distance_transform_edt(~changed) * 3
    old, new = sitk.GetArrayFromImage(case.ct), sitk.GetArrayFromImage(after.ct)
    assert (old == new)[away > 20].all()
    assert (old != new)[changed].mean() > 0.5
    (link,) = after.provenance["changes"]
    assert link["sentence"] == "make the lung tumour 1 cm larger"
    assert from_json(link["before"]["description"]) == case.description
    assert from_json(after.provenance["description"]) == after.description
    assert after.provenance["settings"]["seed"] == 4
    assert recorded_lesions(json.loads(json.dumps(after.provenance))) == after.lesions


def test_another_look_inside_changes_the_ct_of_the_lesion_and_no_label(generator: Generator, case: Case) -> None:
    after = generator.change(case, "make the lung tumour calcified")
    assert case.ct is not None and after.ct is not None
    assert (sitk.GetArrayFromImage(case.anatomy) == sitk.GetArrayFromImage(after.anatomy)).all()
    lesion = of(sitk.GetArrayFromImage(case.anatomy), "lung_tumor")
    away = ndimage.distance_transform_edt(~lesion) * 3
    old, new = sitk.GetArrayFromImage(case.ct), sitk.GetArrayFromImage(after.ct)
    assert (old == new)[away > 20].all()
    assert (new - old)[lesion].max() > 100
    assert after.description.findings[0].looks == ("calcified",)


def test_another_border_gives_a_lesion_of_the_same_size_another_outline(follow) -> None:
    before, after, records = follow("make the liver tumour lobulated")
    old, new = of(before, "liver_tumor"), of(after, "liver_tumor")
    assert (old != new).sum() > 0.1 * old.sum()
    assert longest_extent(new, STEP) == pytest.approx(longest_extent(old, STEP), rel=0.15)
    assert (of(before, "lung_tumor") == of(after, "lung_tumor")).all()
    assert set(np.unique(after[old & ~new])) == {values()["liver"]}
    assert records[1].measured_mm == pytest.approx(longest_extent(new, STEP), abs=0.1)


def test_the_same_sentence_gives_the_same_voxels(generator: Generator, case: Case) -> None:
    one, two = (generator.change(case, "add a 15 mm nodule in the right lung") for _ in range(2))
    assert one.ct is not None and two.ct is not None
    for a, b in ((one.anatomy, two.anatomy), (one.ct, two.ct)):
        assert (sitk.GetArrayFromImage(a) == sitk.GetArrayFromImage(b)).all()
    assert one.provenance == two.provenance


def test_a_chain_tells_each_case_that_it_came_through(generator: Generator, case: Case) -> None:
    one = generator.change(case, "make the liver tumour 1 cm larger")
    two = generator.change(one, "remove the liver tumour")
    first, second = two.provenance["changes"]
    assert first == one.provenance["changes"][0]
    assert second["before"]["description"] == to_json(one.description)
    assert len({link["before"]["record_sha256"] for link in (first, second)}) == 2


def test_another_phase_makes_all_of_the_ct_anew_and_says_so(generator: Generator, case: Case) -> None:
    after = generator.change(case, "show it in the arterial phase")
    assert (sitk.GetArrayFromImage(after.anatomy) == sitk.GetArrayFromImage(case.anatomy)).all()
    assert after.ct is not None and case.ct is not None
    assert (sitk.GetArrayFromImage(after.ct) != sitk.GetArrayFromImage(case.ct)).any()
    assert any("everywhere" in note for note in after.provenance["changes"][0]["notes"])


def test_a_case_without_a_ct_changes_its_anatomy(generator: Generator, case: Case) -> None:
    after = generator.change(replace(case, ct=None), "remove the lung tumour")
    assert after.ct is None
    assert not (sitk.GetArrayFromImage(after.anatomy) == values()["lung_tumor"]).any()
