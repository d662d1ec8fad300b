"""Cases as DICOM studies, each object put before dciodvfy (Debian's dicom3tools) and the whole read back.

    python -m Testing.export.validate_cases CASE [CASE ...] [--planes N]

CASE: a folder of `guidegen generate`. Every second one has a binary segmentation, and every second two an Enhanced CT.
--planes: of each case so many about its middle, for the validator takes an hour over a binary segmentation of a whole
torso (30). Prints a line a case; ends with 1 where anything is amiss.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.core.volumes import read_ct
from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.export.dicom.grid import on_grid
from GuideGenLib.generator import Case
from Testing.export.test_read_back import same
from Testing.export.test_validity import errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--planes", type=int, default=30)
    args = parser.parse_args()
    amiss = 0
    for number, path in enumerate(args.cases):
        case = part_of(CaseFolder(path).case(), args.planes)
        told, bad = checked(case, binary=number % 2 == 1, enhanced=number // 2 % 2 == 1)
        amiss += bad
        print(f"{path}: {told}", flush=True)
    print(f"{len(args.cases)} cases, {amiss} of them amiss")
    return int(amiss > 0)


def part_of(case: Case, planes: int) -> Case:
    """So many planes about the middle of a case, and its labels there."""
    assert case.ct is not None, "give cases with a CT"
    middle = case.ct.GetSize()[2] // 2
    ct = case.ct[:, :, max(0, middle - planes // 2) : middle + (planes + 1) // 2]
    return replace(case, ct=ct, anatomy=on_grid(case.anatomy, ct))


def checked(case: Case, *, binary: bool, enhanced: bool) -> tuple[str, bool]:
    """What was found, and whether anything is amiss."""
    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        study = export_dicom(case, Path(folder) / "study", binary=binary, enhanced=enhanced)
        paths = sorted(study.rglob("*.dcm"))
        found = {path.name: lines for path in paths if (lines := errors(path))}
        hu, labels = same(read_ct(study), case.ct), same(read_label_map(study).image, case.anatomy)
    segments = np.count_nonzero(np.unique(sitk.GetArrayViewFromImage(case.anatomy)))
    form = f"{'enhanced' if enhanced else 'classic'} CT, {'binary' if binary else 'label map'} SEG of {segments}, SR"
    told = f"{form}: {len(paths)} objects, errors {found or 'none'}, HU {'same' if hu else 'DIFFER'}, labels "
    return told + ("same" if labels else "DIFFER"), bool(found) or not (hu and labels)


if __name__ == "__main__":
    sys.exit(main())
