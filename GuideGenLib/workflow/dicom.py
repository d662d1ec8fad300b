"""The chosen case as a DICOM study."""

from pathlib import Path

from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.description.model import Description
from GuideGenLib.description.report import from_json
from GuideGenLib.export.dicom import export_dicom
from GuideGenLib.generator.case import Case
from GuideGenLib.generator.change import recorded_lesions
from GuideGenLib.scene.files import SavedCase


def save_dicom(case: SavedCase, target: Path, *, overwrite: bool = False, progress: Progress = silent) -> Path:
    """Write what a scene holds of a case into a folder, or an archive that ends in .zip. It touches no scene and so may
    run in a thread of its own.

    Raises DicomError as `export_dicom` does, DescriptionError for a record that is damaged.
    """
    return export_dicom(case_of(case), target, overwrite=overwrite, progress=progress)


def case_of(case: SavedCase) -> Case:
    """A case out of a scene, with what its record tells."""
    record = case.provenance or {}
    told = record.get("description")
    description = from_json(told) if isinstance(told, dict) else Description(str(record.get("text") or ""))
    return Case(description, case.anatomy, case.ct, recorded_lesions(record), (), record)
