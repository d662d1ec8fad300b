"""A mask that was drawn at 3 mm, at the spacing that is asked for."""

from dataclasses import replace

import SimpleITK as sitk

from GuideGenLib.core.volumes import image_from_array
from GuideGenLib.ct.grid import labels_on_grid
from GuideGenLib.generator.case import MaskResult
from GuideGenLib.mask.findings.lesions import LesionRecord
from GuideGenLib.mask.finer import finer
from GuideGenLib.mask.synthesizer import SPACING as MASK_SPACING


def at_spacing(mask: MaskResult, spacing: float) -> MaskResult:
    """With smooth borders at a smaller spacing in mm, over the same extent to half a voxel."""
    drawn = mask.anatomy
    if 2 * spacing == MASK_SPACING:
        x, y, z = (first - spacing / 2 for first in drawn.GetOrigin())
        image = image_from_array(finer(sitk.GetArrayViewFromImage(drawn)), (spacing,) * 3, (x, y, z), labels=True)
    else:
        labels, frame = labels_on_grid(drawn, spacing)
        image = image_from_array(labels, frame.spacing, frame.origin, frame.direction, labels=True)
    return replace(mask, anatomy=image, lesions=tuple(_moved(one, drawn, image) for one in mask.lesions))


def _moved(lesion: LesionRecord, old: sitk.Image, new: sitk.Image) -> LesionRecord:
    """The record of a lesion on another grid."""
    point = old.TransformContinuousIndexToPhysicalPoint(lesion.center_voxel[::-1])
    z, y, x = new.TransformPhysicalPointToContinuousIndex(point)[::-1]
    step = new.GetSpacing()[0]
    return replace(lesion, center_voxel=(z, y, x), center_mm=(z * step, y * step, x * step))
