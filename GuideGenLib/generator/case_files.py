"""The files of a case: one folder a patient, of the same names wherever it was made."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from GuideGenLib.generator.case import Case

ANATOMY, LABELS, CT = "anatomy.nii.gz", "labels.csv", "ct.nii.gz"
PREVIEW, PROVENANCE = "preview.png", "provenance.json"
FILES = (ANATOMY, LABELS, CT, PREVIEW, PROVENANCE)


def write_case(case: "Case", folder: Path, names: Sequence[str], caption: str) -> None:
    """Write those files of `names` that the case has into a folder that is there, the record last. caption: of the
    preview. Raises VolumeError for a folder that cannot be written."""
    from GuideGenLib.anatomy.label_volumes import write_anatomy
    from GuideGenLib.anatomy.table import write_labels_csv
    from GuideGenLib.core.files import write_json
    from GuideGenLib.core.volumes import write_volume
    from GuideGenLib.generator.preview import write_preview

    if ANATOMY in names:
        write_anatomy(case.anatomy, folder / ANATOMY)
    if LABELS in names:
        write_labels_csv(folder / LABELS)
    if CT in names and case.ct is not None:
        write_volume(case.ct, folder / CT)
    if PREVIEW in names:
        write_preview(case.anatomy, case.ct, folder / PREVIEW, case.lesions, caption)
    if PROVENANCE in names:
        write_json(case.provenance, folder / PROVENANCE)


def written_case(record: dict[str, Any], anatomy: Path, ct: Path | None) -> "Case":
    """The case of a record (what provenance.json tells) and its volumes.

    Raises VolumeError for volumes that cannot be read, DescriptionError for a record without a description.
    """
    from GuideGenLib.anatomy.label_volumes import read_anatomy
    from GuideGenLib.core.volumes import read_ct
    from GuideGenLib.description.report import from_json
    from GuideGenLib.generator.case import Case
    from GuideGenLib.generator.change import recorded_lesions

    description = from_json(record["description"])
    image = None if ct is None else read_ct(ct)
    return Case(description, read_anatomy(anatomy), image, recorded_lesions(record), (), record)
