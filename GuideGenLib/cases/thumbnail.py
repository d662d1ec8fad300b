"""A small picture of a case: its coronal slice and the axial one through its largest finding, kept in its folder."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.anatomy.table import colors, values
from GuideGenLib.cases.entry import THUMBNAIL
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.measure import finding_labels
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.files import atomic
from GuideGenLib.core.volumes import on_grid, read_ct, to_canonical
from GuideGenLib.scene.files import ANATOMY, CT

HEIGHT, WIDTH = 144, 240
"""Pixels, twice as many as a list shows."""
STEP_MM = 3.0
WINDOW, LEVEL = 400.0, 40.0
OVER = 0.55
"""Share of a finding's colour over the CT."""
Picture = NDArray[np.uint8]


def thumbnail(path: Path) -> bytes:
    """PNG of a case folder, made anew where the case changed since. Raises CaseError for volumes that cannot be read:
    this is the one place where a list reads them whole."""
    kept = path / THUMBNAIL
    try:
        if not _stale(kept, path):
            return kept.read_bytes()
        return _write(_draw(path), kept)
    except GuideGenError as error:
        raise CaseError(error.message, error.remedy) from error
    except OSError as error:
        raise CaseError(f"{path.name} cannot be read ({error})", "restore it from a copy") from error


def _stale(kept: Path, path: Path) -> bool:
    if not kept.is_file():
        return True
    made = kept.stat().st_mtime
    return any((path / name).exists() and (path / name).stat().st_mtime > made for name in (ANATOMY, CT))


def _write(picture: Picture, kept: Path) -> bytes:
    """The picture as PNG, kept where the folder can be written."""
    image = sitk.GetImageFromArray(picture, isVector=True)
    try:
        with atomic(kept) as private:
            sitk.WriteImage(image, str(private), useCompression=True)
        return kept.read_bytes()
    except (GuideGenError, RuntimeError):  # of somebody else, or on a disk that is full: shown all the same
        import tempfile

        with tempfile.TemporaryDirectory(prefix=".guidegen-") as folder:
            sitk.WriteImage(image, str(Path(folder) / THUMBNAIL), useCompression=True)
            return (Path(folder) / THUMBNAIL).read_bytes()


def _draw(path: Path) -> Picture:
    """RGB uint8 [HEIGHT, WIDTH, 3]."""
    anatomy = read_anatomy(path / ANATOMY)
    labels, _ = to_canonical(anatomy, STEP_MM, labels=True)
    hu = None
    if (path / CT).exists():
        ct = read_ct(path / CT)
        hu, _ = to_canonical(on_grid(ct, anatomy, labels=False), STEP_MM, labels=False)
    z, y = _planes(labels)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    half = (slice(None, None, -1), y), z
    left = _pixels(labels[half[0]], None if hu is None else hu[half[0]])
    right = _pixels(labels[half[1]], None if hu is None else hu[half[1]])
    split = WIDTH * 2 // 5
    _fit(left, picture[:, :split])
    _fit(right, picture[:, split:])
    return picture


def _planes(labels: NDArray[np.uint8]) -> tuple[int, int]:
    """The axial and the coronal slice with most of the first finding; where there is none, the middle of the liver, or
    of the body, and the middle of the body."""
    found = next((labels == row.value for row in finding_labels() if (labels == row.value).any()), None)
    if found is not None:
        return int(found.sum(axis=(1, 2)).argmax()), int(found.sum(axis=(0, 2)).argmax())
    body, liver = labels > 0, labels == values()["liver"]
    if not body.any():
        return labels.shape[0] // 2, labels.shape[1] // 2
    z = np.flatnonzero((liver if liver.any() else body).any(axis=(1, 2)))
    y = np.flatnonzero(body.any(axis=(0, 2)))
    return int(z[len(z) // 2]), int(y[len(y) // 2])


def _pixels(labels: NDArray[np.uint8], hu: NDArray[np.float32] | None) -> Picture:
    coloured = colors()[labels].astype(np.float32)
    if hu is None:
        return coloured.astype(np.uint8)
    grey = np.repeat((np.clip((hu - LEVEL) / WINDOW + 0.5, 0, 1) * 255)[..., None], 3, axis=-1)
    found = np.isin(labels, [row.value for row in finding_labels()])[..., None]
    return np.where(found, grey * (1 - OVER) + coloured * OVER, grey).astype(np.uint8)


def _fit(source: Picture, target: Picture) -> None:
    """A picture of square pixels as large as the target's frame allows, in its middle."""
    scale = min(target.shape[0] / source.shape[0], target.shape[1] / source.shape[1])
    rows, columns = (max(1, int(size * scale)) for size in source.shape[:2])
    at = [
        (np.arange(n) / scale).astype(int).clip(0, size - 1)
        for n, size in zip((rows, columns), source.shape, strict=False)
    ]
    top, left = (target.shape[0] - rows) // 2, (target.shape[1] - columns) // 2
    target[top : top + rows, left : left + columns] = source[np.ix_(*at)]
