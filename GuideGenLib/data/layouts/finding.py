"""The cases of data folders in any of the layouts that are understood."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from GuideGenLib.anatomy.label_maps.beside import DESCRIPTION
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts.nnunet import PARTS, nnunet
from GuideGenLib.data.layouts.paired import ANATOMIES, BTCV_FOLDERS, MAPS, SCANS, btcv, flare, flat
from GuideGenLib.data.layouts.totalsegmentator import totalsegmentator
from GuideGenLib.data.notes import Notes, read_notes

Layout = Callable[[Path, Mapping[str, Notes]], list[CaseFiles]]
UNDERSTOOD = (
    "understood are TotalSegmentator (s0001/ct.nii.gz and s0001/segmentations/*.nii.gz), nnU-Net, AMOS and FLARE "
    "(imagesTr, labelsTr, dataset.json), BTCV (img, label), FLARE (images, labels), or flat (ct/*.nii.gz, "
    "labels/*.nii.gz of the same names, anatomies/*.nii.gz)"
)


def find_cases(data: Path | Sequence[Path]) -> list[CaseFiles]:
    """The cases of a data folder, or of several in their order, by name; each folder may have another layout.

    One bad case does not end it: it has a problem. Raises DataError for what is no folder, for one without cases, and
    for a damaged dataset.json or cases.csv.
    """
    folders = [data] if isinstance(data, Path) else dict.fromkeys(data)
    return _without_doubles([(folder, case) for folder in folders for case in _cases_in(folder)])


def find_case(data: Path | Sequence[Path], name: str) -> CaseFiles:
    """One case of a data folder. Raises DataError."""
    cases = {case.name: case for case in find_cases(data)}
    if name not in cases:
        raise DataError(f"{data} holds no scan {name}: it has {', '.join(sorted(cases))}")
    return cases[name]


def _cases_in(data: Path) -> list[CaseFiles]:
    if not data.is_dir():
        raise DataError(f"{data} is no folder", f"name a data folder with --data or GUIDEGEN_DATA; {UNDERSTOOD}")
    cases = _layout(data)(data, read_notes(data))
    if not cases:
        raise DataError(f"{data} holds no scans in a known layout; {UNDERSTOOD}")
    return sorted(cases, key=lambda case: case.name)


def _layout(data: Path) -> Layout:
    if any((data / f"{kind}{part}").is_dir() for kind in ("images", "labels") for part in PARTS):
        return nnunet
    if any((data / below / "img").is_dir() for below in BTCV_FOLDERS):
        return btcv
    if (data / "images").is_dir():
        return flare
    if any((data / folder).is_dir() for folder in (SCANS, MAPS, ANATOMIES)):
        return flat
    return nnunet if (data / DESCRIPTION).is_file() else totalsegmentator


def _without_doubles(found: Sequence[tuple[Path, CaseFiles]]) -> list[CaseFiles]:
    """The cases; those of one name have that as their problem, for nobody can tell whose notes and caches are whose."""
    places: dict[str, list[Path]] = {}
    for folder, case in found:
        places.setdefault(case.name, []).append(case.ct or case.labels or folder)
    cases = []
    for _, case in found:
        twice = places[case.name]
        if len(twice) > 1:
            others = " and ".join(str(path) for path in twice)
            case = replace(case, problem=f"two patients are named {case.name}, {others}: rename one of them")
        cases.append(case)
    return cases
