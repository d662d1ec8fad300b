"""What an uploaded file is, found out in a process of its own: what a damaged or hostile file does ends there.

`python -m GuideGenLib.web.files.checking FILE NAME KIND CHECKED` prints one line of JSON: {"kind", "notes"}, or
{"error"} with what to tell the user, or {"error", "question"} where the user has to say what the labels are. A volume,
once checked, is written to CHECKED (.nrrd, not packed), the CT of a study beside it (`ct_beside`); the session reads
nothing else of it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from GuideGenLib.anatomy.label_maps.reading import InDoubtError
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.scene.errors import SceneError
from GuideGenLib.web.files.asking import question_of
from GuideGenLib.web.files.bundle_check import check_bundle
from GuideGenLib.web.files.dicom_check import read_dicom
from GuideGenLib.web.files.limits import DICOM
from GuideGenLib.web.files.segmentation_file import load_segmentation
from GuideGenLib.web.files.volume_check import check_header, read_as


def main() -> None:
    """Check the file that the arguments name."""
    path, name, kind, checked = sys.argv[1:]
    answers = os.dup(1)
    os.dup2(2, 1)  # libraries print where they like
    warnings.simplefilter("ignore")
    os.write(answers, json.dumps(answer(Path(path), name, kind, Path(checked))).encode() + b"\n")


def answer(path: Path, name: str, kind: str, checked: Path) -> dict[str, Any]:
    """`check` in the form that is printed."""
    try:
        found, notes = check(path, name, kind, checked)
        return {"kind": found, "notes": notes}
    except InDoubtError as error:
        return {"error": str(error).replace(str(path), name), "question": question_of(error)}
    except (VolumeError, VocabularyError, SceneError) as error:
        told = str(error).replace(str(path), name)
        return {"error": told.replace(str(path.parent), name)}  # a plane of DICOM stands for what lies beside it
    except MemoryError:
        return {"error": f"{name} is too large for the memory that is free: crop it, or resample it to larger voxels"}


def check(path: Path, name: str, kind: str, checked: Path) -> tuple[str, list[str]]:
    """("scene", "segmentation", "anatomy", "ct", or "study" for the last two, notes for the user).

    Raises SceneError, VolumeError, and VocabularyError for segments of DICOM that do not say what they are.
    """
    if path.stat().st_size == 0:
        raise VolumeError(f"{name} is empty: copy or download it again")
    if path.suffix == ".mrb":
        return "scene", _notes_on_scene(path, name)
    if path.suffix in DICOM:
        return _check_dicom(path, name, kind, checked)
    if check_header(path, name) and kind != "ct":
        return "segmentation", _notes_on_segmentation(path, name)
    found, image, notes = read_as(path, name, kind)
    sitk.WriteImage(image, str(checked), useCompression=False)
    return found, list(notes)


def ct_beside(checked: Path) -> Path:
    """Where the CT of a study is written, beside its anatomy."""
    return checked.with_name(f"ct-{checked.name}")


def _check_dicom(path: Path, name: str, kind: str, checked: Path) -> tuple[str, list[str]]:
    volumes, notes = read_dicom(path, name, kind)
    found = "study" if len(volumes) > 1 else next(iter(volumes))
    for what, image in volumes.items():
        target = ct_beside(checked) if (found, what) == ("study", "ct") else checked
        sitk.WriteImage(image, str(target), useCompression=False)
    return found, list(notes)


def _notes_on_scene(path: Path, name: str) -> list[str]:
    from GuideGenLib.scene.files import load_mrb
    from GuideGenLib.scene.headless import new_scene

    check_bundle(path, name)
    alone = new_scene()
    unknown = load_mrb(alone.scene, path)
    if not unknown:
        return []
    return [f"Left out, and lost if you save the scene here: {', '.join(unknown)}, of modules that are not here"]


def _notes_on_segmentation(path: Path, name: str) -> list[str]:
    from GuideGenLib.scene.headless import new_scene
    from GuideGenLib.scene.segments.segmentation import read_segmentation

    alone = new_scene()
    node, notes = load_segmentation(alone.scene, path, name)
    return [*notes, *read_segmentation(node).notes]


if __name__ == "__main__":
    main()
