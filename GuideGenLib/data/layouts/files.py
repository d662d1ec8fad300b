"""The volumes in a folder, also those of DICOM."""

from pathlib import Path

from GuideGenLib.core.dicom.objects import holds_dicom
from GuideGenLib.core.volumes import WRITABLE

DICOM = (".dcm", ".zip")


def volumes(folder: Path, ending: str | tuple[str, ...] = WRITABLE) -> dict[str, list[Path]]:
    """Files with such an ending by their names without it, in order; hidden ones (macOS leaves `._x.nii.gz`) are none.

    A name with several files has several endings there.
    """
    found: dict[str, list[Path]] = {}
    if not folder.is_dir():
        return found
    endings = (ending,) if isinstance(ending, str) else ending
    for path in sorted(folder.iterdir()):
        if path.name[0] != "." and (end := next((end for end in endings if path.name.endswith(end)), None)):
            found.setdefault(path.name.removesuffix(end), []).append(path)
    return found


def with_series(folder: Path) -> dict[str, list[Path]]:
    """The same with series of DICOM: a folder, a zip, or one file for each."""
    found = volumes(folder)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name[0] != "." and (path.is_dir() or path.suffix.lower() in DICOM) and holds_dicom(path):
            found.setdefault(path.name if path.is_dir() else path.stem, []).append(path)
    return found


def with_segmentations(folder: Path) -> dict[str, list[Path]]:
    """The volumes of a folder with segmentations and contours of DICOM, a file or a zip for each."""
    return {name: files for name, paths in with_series(folder).items() if (files := [p for p in paths if p.is_file()])}
