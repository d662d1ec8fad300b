"""A study in a folder or an archive: whole or not at all."""

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from GuideGenLib.core.files import atomic, remedy, staged
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.export.dicom.errors import DicomError, require_packages
from GuideGenLib.export.dicom.identity import Form

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from GuideGenLib.generator.case import Case

CT_FOLDER, SEG_FILE, SR_FILE = "CT", "SEG.dcm", "SR.dcm"
NAMES = (CT_FOLDER, SEG_FILE, SR_FILE)
"""What an export holds: the images in a folder, the segmentation and the report beside it."""
STAGE = "dicom"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive knows: equal studies give equal archives."""


def export_dicom(
    case: "Case",
    target: str | Path,
    *,
    enhanced: bool = False,
    binary: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a case with a CT as a DICOM study into a folder, or into one archive where `target` ends in .zip.

    The CT is a series of one file a plane, or with `enhanced` one Enhanced CT; the segmentation is a label map, or with
    `binary` a mask for each segment, and lies on the grid of the CT: labels of another grid are brought to it, nearest.
    The same case gives the same bytes. Returns `target`.

    Raises DicomError for a case without a CT, missing packages, and a target that is there already (without
    `overwrite`) or cannot be written.
    """
    require_packages()
    target = Path(target)
    if case.ct is None:
        raise DicomError("the case has no CT", "generate it first (`guidegen ct`), then export")
    _check_target(target, overwrite)
    form = Form(enhanced, binary)
    try:
        if target.suffix.lower() == ".zip":
            with atomic(target) as archive, tempfile.TemporaryDirectory(dir=archive.parent) as folder:
                _write_study(case, Path(folder), form, within(progress, 0.0, 0.9))
                _pack(Path(folder), archive)
        else:
            with staged(target) as folder:
                _write_study(case, folder, form, within(progress, 0.0, 0.95))
    except OSError as error:
        raise DicomError(f"cannot write {target}", remedy(error)) from error
    progress(STAGE, 1.0)
    return target


def _check_target(target: Path, overwrite: bool) -> None:
    if target.suffix.lower() == ".zip":
        if target.is_dir():
            raise DicomError(f"{target} is a folder", "name a file that ends in .zip, or another folder")
        there = [target.name] if target.exists() else []
    elif target.exists() and not target.is_dir():
        raise DicomError(f"{target} is a file", "name a folder, or a file that ends in .zip")
    else:
        there = [name for name in NAMES if (target / name).exists()]
    if there and not overwrite:
        raise DicomError(f"{target} has {', '.join(there)} already", "name another one, or add --overwrite")


def _write_study(case: "Case", folder: Path, form: Form, progress: Progress) -> None:
    """CT, segmentation and report into an empty folder."""
    from GuideGenLib.export.dicom.ct import classic_slices
    from GuideGenLib.export.dicom.enhanced_ct import enhanced_ct
    from GuideGenLib.export.dicom.grid import planes_of
    from GuideGenLib.export.dicom.report import report
    from GuideGenLib.export.dicom.segmentation import segmentation
    from GuideGenLib.export.dicom.study import study_of

    assert case.ct is not None
    progress(STAGE, 0.0)
    study, planes = study_of(case, form), planes_of(case.ct, case.anatomy)
    (folder / CT_FOLDER).mkdir()
    images: list[Dataset] = []
    total = 1 if form.enhanced else len(planes.hu)
    for image in [enhanced_ct(study, planes)] if form.enhanced else classic_slices(study, planes):
        _save(image, folder / CT_FOLDER / f"{len(images) + 1:04d}.dcm")
        del image.PixelData  # what refers to it needs the header alone
        images.append(image)
        progress(STAGE, 0.4 * len(images) / total)
    seg = segmentation(study, images, planes)
    progress(STAGE, 0.8)
    _save(seg, folder / SEG_FILE)
    progress(STAGE, 0.85)
    _save(report(study, images, seg, planes), folder / SR_FILE)
    progress(STAGE, 1.0)


def _save(dataset: "Dataset", path: Path) -> None:
    dataset.save_as(path, enforce_file_format=True)


def _pack(folder: Path, archive: Path) -> None:
    """The files of a folder into an archive, in order and without times."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        for path in sorted(folder.rglob("*.dcm")):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, pack.open(entry, "w") as packed:
                shutil.copyfileobj(source, packed)
