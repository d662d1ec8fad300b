"""The volumes in a folder, and pairs of CT and label map in two folders."""

from pathlib import Path

from GuideGenLib.core.volumes import WRITABLE


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
