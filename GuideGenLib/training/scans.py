"""Scans for training: HU and, where there is one, a label map, resampled once and kept in a cache folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from GuideGenLib.population.torso import read_labelled
from GuideGenLib.volumes import image_from_array, to_canonical

METAL_HU = 1800
"""One labelled scan holds a metal implant: the CT stage shall not learn its glare."""
HELD_OUT = ("acrin_flt_013", "crlm_1006")
"""Scans that no training sees: the codec and realism figures are taken on them."""


@dataclass(frozen=True)
class Scan:
    """One scan in the canonical frame: hu int16 [z, y, x], labels uint8 of the same shape or None, spacing in mm."""

    name: str
    hu: np.ndarray
    labels: np.ndarray | None
    spacing: float


def resample(image: sitk.Image, spacing: float, interpolator: int, outside: float) -> sitk.Image:
    """`image` in the canonical axis order at an isotropic spacing in mm."""
    image = sitk.DICOMOrient(image, "LPS")
    size = [max(1, round(n * s / spacing)) for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    return sitk.Resample(
        image, size, sitk.Transform(), interpolator, image.GetOrigin(), (spacing,) * 3, image.GetDirection(), outside
    )


def load_scans(data: Path, cache: Path, spacing: float = 2.0) -> list[Scan]:
    """All CT volumes of `data/ct` at `spacing` mm without labels."""
    cache.mkdir(parents=True, exist_ok=True)
    scans = []
    for path in sorted((data / "ct").glob("*.nii.gz")):
        name = path.name.removesuffix(".nii.gz")
        kept = cache / f"{name}_{spacing:g}mm.npy"
        if not kept.exists():
            image = resample(sitk.ReadImage(str(path)), spacing, sitk.sitkLinear, -1024)
            np.save(kept, np.clip(sitk.GetArrayFromImage(image), -1024, 3071).astype(np.int16))
        scans.append(Scan(name, np.load(kept, mmap_mode="r"), None, spacing))
    return scans


def load_labelled(data: Path, cache: Path, names: Sequence[str], spacing: float = 2.0) -> list[Scan]:
    """The labelled scans of `data` in our labels at `spacing` mm, by the same resampling as at run time."""
    cache.mkdir(parents=True, exist_ok=True)
    scans = []
    for name in names:
        kept = cache / f"{name}_{spacing:g}mm_labelled.npz"
        if not kept.exists():
            labels, hu, native = read_labelled(data, name)
            coarse, _ = to_canonical(image_from_array(labels, native, labels=True), spacing, labels=True, smooth=True)
            volume, _ = to_canonical(image_from_array(hu, native, labels=False), spacing, labels=False)
            far = ~ndimage.binary_dilation(coarse > 0, iterations=round(6 / spacing))
            volume[far] = -1000  # couch and clothes are no part of a patient
            np.savez_compressed(kept, labels=coarse, hu=np.clip(volume, -1024, METAL_HU).astype(np.int16))
        with np.load(kept) as file:
            scans.append(Scan(name, file["hu"], file["labels"], spacing))
    return scans
