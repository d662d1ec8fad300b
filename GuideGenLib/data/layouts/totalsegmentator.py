"""TotalSegmentator's layout, of both versions: s0001/ct.nii.gz and a mask a structure in s0001/segmentations."""

from collections.abc import Mapping
from pathlib import Path

from GuideGenLib.anatomy.label_maps.names import meaning_of
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.core.volumes import stem_of
from GuideGenLib.data.cases import CaseFiles
from GuideGenLib.data.layouts.files import volumes
from GuideGenLib.data.layouts.values import to_learn
from GuideGenLib.data.notes import Notes

CT, MASKS = "ct.nii.gz", "segmentations"


def totalsegmentator(data: Path, notes: Mapping[str, Notes]) -> list[CaseFiles]:
    """A case for each folder that holds a CT or masks."""
    folders = sorted(path for path in data.iterdir() if path.is_dir() and path.name[0] != ".")
    return [
        _case(folder, notes.get(folder.name, Notes()).sex)
        for folder in folders
        if (folder / CT).is_file() or (folder / MASKS).is_dir()
    ]


def _case(folder: Path, sex: str | None) -> CaseFiles:
    ct, masks = folder / CT, folder / MASKS
    if not ct.is_file():
        return CaseFiles(folder.name, None, masks, problem=f"{masks} has no CT {ct}: add it or remove the folder")
    files = [path for paths in volumes(masks).values() for path in paths]
    if not files:
        problem = f"{ct} has no masks in {masks}: add them, or put scans without labels into a flat ct/ folder"
        return CaseFiles(folder.name, ct, problem=problem)
    try:
        told = to_learn(meaning_of((stem_of(path) for path in files), masks, sex))
    except VocabularyError as error:
        return CaseFiles(folder.name, ct, masks, problem=str(error))
    return CaseFiles(
        folder.name, ct, masks, dict(zip((path.name for path in files), told.values, strict=True)), told.known
    )
