"""CT volumes in a scene: voxels exactly, windows for reading, and whether a CT shows the place of an anatomy."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from GuideGenLib.core.errors import VolumeError
from GuideGenLib.core.right_angles import right_angled
from GuideGenLib.core.volumes import check_ct
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.scene.geometry import fill_volume, image_from_volume, index_to_ras

PRESETS: dict[str, tuple[float, float]] = {
    "lung": (1500.0, -600.0),
    "mediastinum": (350.0, 50.0),
    "abdomen": (400.0, 40.0),
    "liver": (150.0, 30.0),
    "bone": (1800.0, 400.0),
}
"""Window and level in HU, as radiologists commonly have them."""

AIR_HU = -1024.0


def add_ct(scene: Any, ct: sitk.Image, name: str = "CT") -> Any:
    """A vtkMRMLScalarVolumeNode of a CT in HU, shown in the abdomen window; volume rendering is left for later.

    Raises SceneError when the values cannot be HU.
    """
    image = _checked(ct, "the CT")
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    apply_preset(node, "abdomen")  # before there are voxels, of which a window would be computed for nothing
    fill_volume(node, image)
    return node


def read_ct(node: Any, anatomy: sitk.Image | None = None) -> sitk.Image:
    """The CT of a volume node as int16 HU in LPS, where its parent transforms put it; the node stays as it is.

    Raises SceneError for a node without voxels, values that are no HU, and, when `anatomy` is given, for a CT that does
    not cover the same place.
    """
    image = image_from_volume(node)
    image = _checked(right_angled(image, labels=False, outside=AIR_HU), node.GetName())
    if anatomy is not None:
        require_same_place(image, anatomy, node.GetName())
    return image


def apply_preset(node: Any, name: str) -> None:
    """Show a volume node with a window of PRESETS. Raises SceneError for another name."""
    if name not in PRESETS:
        raise SceneError(f"there is no CT window {name!r}", f"use one of {', '.join(PRESETS)}")
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(*PRESETS[name])


def require_same_place(ct: sitk.Image, anatomy: sitk.Image, name: str = "the CT") -> None:
    """Raise SceneError unless both cover the same box, to a voxel of the coarser one; their spacings may differ."""
    corners = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in ct.GetSize()], indexing="ij"), -1).reshape(-1, 3)
    to_anatomy = np.linalg.inv(index_to_ras(anatomy)) @ index_to_ras(ct)
    box = corners @ to_anatomy[:3, :3].T + to_anatomy[:3, 3]
    spacing = np.array(anatomy.GetSpacing())
    allowed = max(*ct.GetSpacing(), *anatomy.GetSpacing())
    low = np.abs(box.min(axis=0) + 0.5) * spacing
    high = np.abs(box.max(axis=0) - (np.array(anatomy.GetSize()) - 0.5)) * spacing
    apart = float(max(low.max(), high.max()))
    if apart > allowed * 1.001:
        raise SceneError(
            f"{name} does not cover the place of the anatomy: their borders are up to {apart:.0f} mm apart. Choose the "
            "CT that was made from this anatomy, generate a new one from it, or bring the CT onto the anatomy's grid "
            "(module Resample Scalar/Vector/DWI Volume, or Crop Volume)"
        )


def _checked(image: sitk.Image, name: str) -> sitk.Image:
    try:
        return check_ct(image, name)
    except VolumeError as error:
        raise SceneError(error.message, error.remedy) from error
