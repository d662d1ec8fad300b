"""An anatomy on the isotropic grid of a CT: smooth borders, and nothing lost that is smaller than a voxel is wide."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.volumes import Frame, to_canonical
from GuideGenLib.findings.reading import recipes


def labels_on_grid(image: sitk.Image, spacing: float) -> tuple[NDArray[np.uint8], Frame]:
    """Labels uint8 [z, y, x] of an image at an isotropic spacing in mm, and their frame; borders are smoothed, but not
    those of small findings (`by_rule`: stones, granulomas), which a vote of neighbours would take away."""
    labels, frame = to_canonical(image, spacing, labels=True, smooth=True)
    small = [values()[one.label["key"]] for one in recipes() if one.label is not None and one.options.get("by_rule")]
    if np.isin(sitk.GetArrayViewFromImage(image), small).any():
        nearest, _ = to_canonical(image, spacing, labels=True)
        labels = np.where(np.isin(nearest, small), nearest, labels)
    return labels, frame
