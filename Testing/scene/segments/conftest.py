"""A segmentation to edit."""

from typing import Any

import pytest
import SimpleITK as sitk

from GuideGenLib.scene.segments.segmentation import add_anatomy


@pytest.fixture
def node(scene: Any, small_anatomy: sitk.Image) -> Any:
    return add_anatomy(scene, small_anatomy, "Anatomy")
