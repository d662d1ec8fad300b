"""How well segments of an anatomy were kept while the rest was drawn (`Generator.complete`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.structures import table_of
from GuideGenLib.anatomy.table import label
from GuideGenLib.core.errors import EvaluationError


@dataclass(frozen=True)
class AroundKept:
    """identical: share of the kept voxels that have their label in the result; elsewhere_ml: what of a kept label lies
    where nothing is kept, within the source's volume; neighbours: share of the voxels that touch what is kept, by
    label; in_air: those of them that are background, about what is no tissue."""

    identical: float
    elsewhere_ml: float
    neighbours: Mapping[str, float]
    in_air: float


def around_kept(source: sitk.Image, result: sitk.Image, keys: Sequence[str]) -> AroundKept:
    """Measure a result against the anatomy of which `keys` were kept; both uint8 labels.

    Raises EvaluationError where the voxels of the two do not lie on one lattice.
    """
    before = sitk.GetArrayViewFromImage(source)
    kept = table_of(keys)[before]
    corner = np.array(result.TransformPhysicalPointToContinuousIndex(source.GetOrigin()))[::-1]
    start = np.rint(corner).astype(int)
    same_axes = np.allclose(source.GetDirection(), result.GetDirection(), atol=1e-4)
    if not same_axes or np.abs(corner - start).max() > 1e-2 or source.GetSpacing() != result.GetSpacing():
        raise EvaluationError("the result has other voxels than what was kept", "measure what `complete` gave")
    after = sitk.GetArrayViewFromImage(result)
    places = np.argwhere(kept) + start
    there = ((places >= 0) & (places < after.shape)).all(1)
    at = tuple(places[there].T)
    identical = float((after[at] == before[kept][there]).sum() / max(1, len(places)))
    mine = np.zeros(after.shape, bool)
    mine[at] = True
    inside = tuple(slice(max(0, s), s + n) for s, n in zip(start, before.shape, strict=True))
    more = table_of(keys)[after[inside]] & ~mine[inside]
    rim = after[ndimage.binary_dilation(mine) & ~mine]
    counts = np.bincount(rim, minlength=256) / max(1, len(rim))
    inner = np.zeros(after.shape, bool)
    inner[at] = ~table_of(TISSUE_KEYS)[after[at]]
    air = after[ndimage.binary_dilation(inner) & ~inner] == 0
    return AroundKept(
        identical,
        float(more.sum() * np.prod(source.GetSpacing()) / 1000),
        {label(int(value)).key: float(counts[value]) for value in np.argsort(-counts) if counts[value]},
        float(air.mean()) if len(air) else 0.0,
    )
