"""A study sent to a PACS by DICOMweb (STOW-RS, DICOM part 18, 10.5). Nothing goes anywhere unless this is called."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.web import client_of, refusals_told
from GuideGenLib.export.dicom.write import STAGE, export_dicom

if TYPE_CHECKING:
    from GuideGenLib.generator.case import Case

AT_ONCE = 16
"""Objects in a request: few enough that it is told how far the sending is."""


def send_dicom(
    case: "Case", url: str, *, enhanced: bool = False, binary: bool = False, progress: Progress = silent
) -> str:
    """Send a case with a CT to the DICOMweb service at `url`, in the forms of `export_dicom`; returns the study's UID.

    The Authorization header is that of $GUIDEGEN_DICOMWEB_AUTHORIZATION, and $REQUESTS_CA_BUNDLE names certificates to
    trust. The same case has the same UIDs: sent again, it is no second study.

    Raises DicomError as `export_dicom` does, and for a server that cannot be reached or does not take an object.
    """
    client = client_of(url)
    import pydicom

    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        export_dicom(
            case, Path(folder) / "study", enhanced=enhanced, binary=binary, progress=within(progress, 0.0, 0.5)
        )
        paths = sorted(Path(folder).rglob("*.dcm"))
        for first in range(0, len(paths), AT_ONCE):
            progress(STAGE, 0.5 + 0.5 * first / len(paths))
            objects = [pydicom.dcmread(path) for path in paths[first : first + AT_ONCE]]
            with refusals_told(url, "store the study"):
                answer = client.store_instances(objects)
            _check_taken(url, answer)
    progress(STAGE, 1.0)
    return str(objects[-1].StudyInstanceUID)


def _check_taken(url: str, answer: Any) -> None:
    """Raise DicomError for objects that the server did not store (C.12.3.2, Failed SOP Sequence)."""
    failed = answer.get("FailedSOPSequence") or ()
    if failed:
        reasons = sorted({f"{int(item.get('FailureReason', 0)):#06x}" for item in failed})
        raise DicomError(
            f"{url} did not take {len(failed)} objects (reasons {', '.join(reasons)})", "see the log of the server"
        )
