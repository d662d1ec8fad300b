"""Fields of view that are mostly empty, as of whole bodies: a CT is made where the body is, and the rest is air."""

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from GuideGenLib.core.volumes import Frame, image_from_array
from GuideGenLib.ct.synthesizer import MULTIPLE, SPACING
from GuideGenLib.description.acquisition import Acquisition

AIR_HU = -1000
MOSTLY_EMPTY = 0.6
"""Part of a field of view that the body and its surroundings fill, below which the rest is not made."""
MARGIN_MM, COUCH_MM = 24.0, 100.0
"""What is made around the body: without a couch, and with one."""
Window = tuple[slice, ...]


def worth_making(labels: NDArray[np.uint8], acquisition: Acquisition) -> Window:
    """The window of labels [z, y, x] at 2 mm of which a CT is to be made: all, but of a mostly empty field of view what
    is labelled and its surroundings. It starts at multiples of MULTIPLE."""
    margin = round((COUCH_MM if acquisition.table else MARGIN_MM) / SPACING)
    (box,) = ndimage.find_objects((labels > 0).view(np.uint8))
    window = tuple(
        slice(max(0, side.start - margin) // MULTIPLE * MULTIPLE, min(n, side.stop + margin))
        for side, n in zip(box, labels.shape, strict=True)
    )
    made = np.prod([side.stop - side.start for side in window], dtype=np.int64)
    return window if made < MOSTLY_EMPTY * labels.size else tuple(slice(0, n) for n in labels.shape)


def under(frame: Frame, window: Window) -> Frame:
    """The grid of a window of an array that has a frame."""
    first = np.array([side.start * step for side, step in zip(window, frame.spacing, strict=True)])[::-1]
    x, y, z = (np.array(frame.origin) + np.array(frame.direction).reshape(3, 3) @ first).tolist()
    return replace(frame, origin=(x, y, z))


def put_back(hu: NDArray[np.float32], frame: Frame, window: Window, shape: tuple[int, ...]) -> sitk.Image:
    """HU of a window as an image (int16) of the whole field of view, which has the frame and `shape`; else air."""
    part = under(frame, window)
    image = image_from_array(hu, part.spacing, part.origin, part.direction, labels=False)
    before = [side.start for side in window][::-1]
    after = [n - side.stop for side, n in zip(window, shape, strict=True)][::-1]
    if not any(before) and not any(after):
        return image
    padded = sitk.ConstantPad(image, before, after, AIR_HU)
    padded.SetOrigin(frame.origin)  # to the last digit
    return padded
