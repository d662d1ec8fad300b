"""A study fetched from a PACS by DICOMweb (QIDO-RS and WADO-RS, DICOM part 18, 10.4 and 10.6): the way back of `send`.

What it holds is read like any other DICOM files (`core.dicom`). Nothing is asked of a server unless this is called.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GuideGenLib.core.dicom.objects import damage_told
from GuideGenLib.core.files import remedy, staged
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.export.dicom.errors import DicomError
from GuideGenLib.export.dicom.web import client_of, refusals_told
from GuideGenLib.export.dicom.write import STAGE

MODALITIES = ("CT", "SEG", "RTSTRUCT", "SR")
"""Of a study the series of these are fetched: what can be opened, and reports."""
MOST_LISTED = 50
_NAMES = {
    "study": "0020000D", "series": "0020000E", "study description": "00081030", "modalities": "00080061",
    "modality": "00080060", "description": "0008103E", "objects": "00201209", "date": "00080020",
}  # fmt: skip
"""Tags as DICOM's JSON has them."""


@dataclass(frozen=True)
class Listed:
    """A study that a PACS has."""

    uid: str
    date: str
    description: str
    modalities: str


def list_studies(url: str) -> list[Listed]:
    """The studies of the DICOMweb service at `url`, at most MOST_LISTED. Raises DicomError."""
    client = client_of(url)
    with refusals_told(url, "list its studies"), damage_told(url):
        names = ("study", "date", "study description", "modalities")
        found = client.search_for_studies(limit=MOST_LISTED, fields=[_NAMES[name] for name in names])
        return [Listed(*(_value(one, name) for name in names)) for one in found]


def fetch_study(
    url: str,
    study: str,
    target: str | Path,
    *,
    series: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress = silent,
) -> list[Path]:
    """Fetch a study from the DICOMweb service at `url` into a folder, one folder a series: CT-1, SEG-2. Returns them.

    series: the UIDs of those that are wanted, else all of MODALITIES. The Authorization header is that of
    $GUIDEGEN_DICOMWEB_AUTHORIZATION. Raises DicomError for a server that cannot be reached or has no such study, and
    for a target that is there already (without `overwrite`) or cannot be written; nothing half-fetched is left.
    """
    client, target = client_of(url), Path(target)
    for uid in (study, *series):
        if not re.fullmatch(r"[0-9.]{1,64}", uid):
            raise DicomError(f"{uid!r} is no UID", "`guidegen import dicomweb URL` lists the studies with theirs")
    with refusals_told(url, "list the study"), damage_told(url):
        there = client.search_for_series(study)
    wanted = [one for one in there if _is_wanted(one, series)]
    if not wanted:
        kinds = sorted({_value(one, "modality") or "?" for one in there})
        told = f"only {', '.join(kinds)}" if there else "nothing"
        raise DicomError(f"{url} has {told} of the study {study} that could be fetched", "check the UIDs")
    if target.exists() and not target.is_dir():
        raise DicomError(f"{target} is a file", "name a folder")
    names = [f"{_plain(_value(one, 'modality'))}-{number}" for number, one in enumerate(wanted, start=1)]
    if not overwrite and (there_already := [name for name in names if (target / name).exists()]):
        raise DicomError(f"{target} has {', '.join(there_already)} already", "name another one, or add --overwrite")
    total = sum(_count(one) for one in wanted)
    fetched = 0
    progress(STAGE, 0.0)
    try:
        with staged(target) as private:
            for one, name in zip(wanted, names, strict=True):
                (private / name).mkdir()
                with refusals_told(url, "send the series"), damage_told(url):
                    for number, dataset in enumerate(client.iter_series(study, _value(one, "series")), start=1):
                        dataset.save_as(private / name / f"{number:04d}.dcm", enforce_file_format=True)
                        fetched += 1
                        progress(STAGE, min(0.99, fetched / max(total, 1)))
    except OSError as error:
        raise DicomError(f"cannot write {target}", remedy(error)) from error
    progress(STAGE, 1.0)
    return [target / name for name in names]


def _is_wanted(one: Any, series: Sequence[str]) -> bool:
    return _value(one, "series") in series if series else _value(one, "modality") in MODALITIES


def _value(one: Any, name: str) -> str:
    values = (one.get(_NAMES[name]) or {}).get("Value") or []
    return ", ".join(str(value) for value in values)


def _count(one: Any) -> int:
    told = _value(one, "objects")
    return int(told) if told.isdecimal() else 1


def _plain(modality: str) -> str:
    """A modality as a part of a file name, whatever a server says."""
    return "".join(sign for sign in modality if sign.isascii() and sign.isalnum())[:16] or "series"
