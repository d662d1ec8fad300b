"""A study sent to a PACS by DICOMweb (STOW-RS, DICOM part 18, 10.5). Nothing goes anywhere unless this is called."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.write import STAGE, export_dicom

if TYPE_CHECKING:
    from GuideGenLib.generator.case import Case

AUTHORIZATION = "GUIDEGEN_DICOMWEB_AUTHORIZATION"
"""Environment variable with the Authorization header ("Bearer ..."): others could read it on a command line."""
AT_ONCE = 16
"""Objects in a request: few enough that it is told how far the sending is."""
TIMEOUT_S = 120.0


def send_dicom(
    case: "Case", url: str, *, enhanced: bool = False, binary: bool = False, progress: Progress = silent
) -> str:
    """Send a case with a CT to the DICOMweb service at `url`, in the forms of `export_dicom`; returns the study's UID.

    The Authorization header is that of $GUIDEGEN_DICOMWEB_AUTHORIZATION, and $REQUESTS_CA_BUNDLE names certificates to
    trust. The same case has the same UIDs: sent again, it is no second study.

    Raises DicomError as `export_dicom` does, and for a server that cannot be reached or does not take an object.
    """
    client = _client(url)
    import pydicom
    from requests.exceptions import HTTPError, RequestException

    with tempfile.TemporaryDirectory(prefix="guidegen-") as folder:
        export_dicom(
            case, Path(folder) / "study", enhanced=enhanced, binary=binary, progress=within(progress, 0.0, 0.5)
        )
        paths = sorted(Path(folder).rglob("*.dcm"))
        for first in range(0, len(paths), AT_ONCE):
            progress(STAGE, 0.5 + 0.5 * first / len(paths))
            objects = [pydicom.dcmread(path) for path in paths[first : first + AT_ONCE]]
            try:
                answer = client.store_instances(objects)
            except HTTPError as error:
                raise _refused(url, error.response) from error
            except RequestException as error:
                reason = str(error).splitlines()[0][:200]
                raise DicomError(
                    f"{url} cannot be reached ({reason})", "check the address, or start the server"
                ) from error
            _check_taken(url, answer)
    progress(STAGE, 1.0)
    return str(objects[-1].StudyInstanceUID)


def _client(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DicomError(f"{url} is no address of a DICOMweb service", "give one as https://pacs.example/dicom-web")
    try:
        from dicomweb_client.api import DICOMwebClient
    except ImportError as error:
        raise DicomError(
            f"sending needs the package dicomweb-client ({error})", 'pip install "guidegen[dicom]"'
        ) from error
    told = os.environ.get(AUTHORIZATION)
    return DICOMwebClient(url.rstrip("/"), headers={"Authorization": told} if told else None, timeout=TIMEOUT_S)


def _refused(url: str, response: Any) -> DicomError:
    """What the status of an answer means to the user."""
    status = getattr(response, "status_code", None)
    if status in (401, 403):
        return DicomError(f"{url} refuses to store (status {status})", f"set ${AUTHORIZATION} to what it asks for")
    if status == 404:
        return DicomError(f"{url} has no DICOMweb service (status 404)", "check the path of the address")
    return DicomError(f"{url} does not take the study (status {status})", "see the log of the server")


def _check_taken(url: str, answer: Any) -> None:
    """Raise DicomError for objects that the server did not store (C.12.3.2, Failed SOP Sequence)."""
    failed = answer.get("FailedSOPSequence") or ()
    if failed:
        reasons = sorted({f"{int(item.get('FailureReason', 0)):#06x}" for item in failed})
        raise DicomError(
            f"{url} did not take {len(failed)} objects (reasons {', '.join(reasons)})", "see the log of the server"
        )
