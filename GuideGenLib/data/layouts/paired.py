"""Layouts with a folder of CTs and one of label maps: flat, BTCV's, FLARE's images and labels.

    flat     ct/case.nii.gz, labels/case.nii.gz; anatomies/case.nii.gz with case.json, which has no CT;
             of DICOM ct/case/ or ct/case.zip, labels/case.dcm
    BTCV     img/img0001.nii.gz, label/label0001.nii.gz, also below RawData/Training
    FLARE    images/case_0000.nii.gz, labels/case.nii.gz

A CT without a label map, and in the flat layout a label map without a CT, is a case, too.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from GuideGenLib.data.cases import CaseFiles
from GuideGenLib.data.labelling import UNSURE
from GuideGenLib.data.layouts.files import volumes, with_segmentations, with_series
from GuideGenLib.data.layouts.values import ValuesTold
from GuideGenLib.data.notes import Notes

SCANS, MAPS, ANATOMIES = "ct", "labels", "anatomies"
BTCV_FOLDERS = ("", "Training", "RawData/Training")
CHANNEL = "_0000"


def flat(data: Path, notes: Mapping[str, Notes]) -> list[CaseFiles]:
    """The cases of ct/, labels/ and anatomies/."""
    found = with_segmentations(
        data / MAPS
    )  # with masks of where a label map is not sure, as `guidegen data label` writes them
    maps = {
        name: paths
        for name, paths in found.items()
        if not (name.endswith(UNSURE) and name.removesuffix(UNSURE) in found)
    }
    cases = paired(with_series(data / SCANS), maps, ValuesTold(data, data / MAPS), notes)
    alone = paired({}, volumes(data / ANATOMIES), ValuesTold(data / ANATOMIES, data / ANATOMIES), notes)
    return cases + alone


def btcv(data: Path, notes: Mapping[str, Notes]) -> list[CaseFiles]:
    """The cases of img/ and label/, named by their numbers as the CTs are."""
    folder = next(data / below for below in BTCV_FOLDERS if (data / below / "img").is_dir())
    scans, maps = volumes(folder / "img"), volumes(folder / "label")
    by_scan = {f"img{name.removeprefix('label')}": paths for name, paths in maps.items()}
    return with_ct(paired(scans, by_scan, ValuesTold(data, folder / "label", "btcv"), notes), folder / "img")


def flare(data: Path, notes: Mapping[str, Notes]) -> list[CaseFiles]:
    """The cases of images/ and labels/."""
    scans = {name.removesuffix(CHANNEL): paths for name, paths in volumes(data / "images").items()}
    return with_ct(paired(scans, volumes(data / MAPS), ValuesTold(data, data / MAPS), notes), data / "images")


def paired(
    scans: Mapping[str, list[Path]], maps: Mapping[str, list[Path]], told: ValuesTold, notes: Mapping[str, Notes]
) -> list[CaseFiles]:
    """CTs and label maps of the same names as cases, in order of the names."""
    cases = []
    for name in sorted(scans.keys() | maps.keys()):
        cts, labels = scans.get(name, []), maps.get(name, [])
        ct = cts[0] if cts else None
        sex = notes.get(name, Notes()).sex
        case = told.case(name, ct, labels[0], sex) if labels else CaseFiles(name, ct)
        if twice := next((paths for paths in (cts, labels) if len(paths) > 1), None):
            case = replace(case, problem=f"{twice[0]} and {twice[1]} are of one case: remove one of them")
        cases.append(case)
    return cases


def with_ct(cases: list[CaseFiles], scans: Path) -> list[CaseFiles]:
    """The cases of a layout that demands a CT for each label map; those without one have that problem."""
    return [
        case
        if case.ct
        else replace(case, problem=f"{case.labels} has no CT in {scans}: add it, or remove the label map")
        for case in cases
    ]
