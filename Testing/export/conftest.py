"""A small case to export, and the tools that read a study back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.description import parse
from GuideGenLib.description.report import to_json
from GuideGenLib.generator import Case
from GuideGenLib.mask.findings.lesions import LesionRecord

TEXT = "A 60 year old obese man, portal venous phase, with a 48 mm tumor in the left upper lobe of the lung. Größe: 名"
LESION = LesionRecord(
    "lung_tumor", 0, "lung", "left", "upper_lobe", 48.0, 48.2, 55.3, (38.0, 14.0, 22.0), (456.0, 168.0, 264.0)
)
BUNDLE = {"name": "torso-small", "version": "0.1.0", "sha256": "ab" * 32}
SPACING = (3.0, 1.25, 1.5)
"""z, y, x: no two alike, so that a swap shows."""
DIRECTIONS = {
    "axial": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    "oblique": tuple(Rotation.from_euler("xyz", (17, -9, 23), degrees=True).as_matrix().ravel().tolist()),
    "sagittal": (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "left-handed": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
}
MakeCase = Callable[..., Case]


def image(array: Any, direction: tuple[float, ...] | None = None, *, labels: bool) -> sitk.Image:
    """An array [z, y, x] of the toy torso on a grid of SPACING."""
    made = image_from_array(array, SPACING, (-20.5, 31.25, -400.0), labels=labels)
    if direction is not None:
        made.SetDirection(direction)
    return made


@pytest.fixture
def make_case(small_labels: Any, small_ct: sitk.Image) -> MakeCase:
    """make_case(direction): the toy torso, cut to the part that has the tumour, as a case."""

    def make(direction: tuple[float, ...] | None = None) -> Case:
        part = (slice(34, 42), slice(2, 24), slice(2, 31))
        anatomy = image(small_labels[part], direction, labels=True)
        ct = image(sitk.GetArrayFromImage(small_ct)[part], direction, labels=False)
        description = parse(TEXT)
        record = {
            "synthetic": True,
            "text": TEXT,
            "description": to_json(description),
            "settings": {"seed": 0, "region": "chest"},
            "lesions": [],
            "bundle": BUNDLE,
            "guidegen": "0.1.0",
        }
        return Case(description, anatomy, ct, (LESION,), (), record)

    return make


@pytest.fixture
def case(make_case: MakeCase) -> Case:
    return make_case()


def edited(case: Case, anatomy: sitk.Image, ct: sitk.Image) -> Case:
    """The case after `generator.case.make_ct_again`, as its record tells it."""
    from GuideGenLib.generator.case import voxels_sha256

    sources = {"ct": case.ct, "anatomy": case.anatomy, "edited": anatomy}
    settings = {f"{name}_voxels_sha256": voxels_sha256(one) for name, one in sources.items()}
    return replace(case, anatomy=anatomy, ct=ct, lesions=(), provenance={**case.provenance, "settings": settings})
