"""The DICOMweb service of a PACS, to which a study is sent and from which one is fetched, and what its refusals mean.

Nothing goes anywhere unless one of the two is called.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from GuideGenLib.export.dicom.errors import DicomError

AUTHORIZATION = "GUIDEGEN_DICOMWEB_AUTHORIZATION"
"""Environment variable with the Authorization header ("Bearer ..."): others could read it on a command line."""
TIMEOUT_S = 120.0


def client_of(url: str) -> Any:
    """A DICOMwebClient for the service at an address.

    The Authorization header is that of $GUIDEGEN_DICOMWEB_AUTHORIZATION, and $REQUESTS_CA_BUNDLE names certificates to
    trust. Raises DicomError for what is no address, and where dicomweb-client is missing.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DicomError(f"{url} is no address of a DICOMweb service", "give one as https://pacs.example/dicom-web")
    try:
        from dicomweb_client.api import DICOMwebClient
    except ImportError as error:
        raise DicomError(
            f"DICOMweb needs the package dicomweb-client ({error})", 'pip install "guidegen[dicom]"'
        ) from error
    told = os.environ.get(AUTHORIZATION)
    client = DICOMwebClient(url.rstrip("/"), headers={"Authorization": told} if told else None, timeout=TIMEOUT_S)
    client.set_http_retry_params(retry=False)  # it would ask a server that is not there for a minute
    return client


@contextmanager
def refusals_told(url: str, act: str) -> Iterator[None]:
    """What a server answers, or that it does not, as DicomError. act: what it does not do: "store the study"."""
    from requests.exceptions import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        raise _refused(url, act, error.response) from error
    except RequestException as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise DicomError(f"{url} cannot be reached ({reason})", "check the address, or start the server") from error


def _refused(url: str, act: str, response: Any) -> DicomError:
    status = getattr(response, "status_code", None)
    if status in (401, 403):
        return DicomError(f"{url} refuses to {act} (status {status})", f"set ${AUTHORIZATION} to what it asks for")
    if status == 404:
        return DicomError(
            f"{url} has no DICOMweb service, or not what was asked for (status 404)", "check the path of the address"
        )
    return DicomError(f"{url} does not {act} (status {status})", "see the log of the server")
