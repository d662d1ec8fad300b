"""The series in a folder, a zip or a file, and which of them is meant: the only one that can be, or the one named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from GuideGenLib.core.dicom.headers import CONTOURS, CT_IMAGE, SEGMENTATION, Header, header_of
from GuideGenLib.core.dicom.objects import Entry, objects_in
from GuideGenLib.core.dicom.planes import Stack, stacked
from GuideGenLib.core.errors import VolumeError

MOST_TOLD = 6
"""So many series are listed in a message."""


@dataclass(frozen=True)
class Series:
    """The files of one series. stack: the places of a CT, None for what is none, for the reason in `problem`."""

    uid: str
    files: tuple[Header, ...]
    stack: Stack | None = None
    problem: VolumeError | None = None

    @property
    def kind(self) -> str:
        return self.files[0].kind

    @property
    def is_ct(self) -> bool:
        return any(file.is_ct for file in self.files)

    @property
    def has_labels(self) -> bool:
        """Is it a segmentation, or contours?"""
        return self.kind in (*SEGMENTATION, CONTOURS)

    def __str__(self) -> str:
        """For people: "'Thorax 1.0' (CT, 312 planes of 1 mm, 1.2.840.1)"."""
        told = f"{self.files[0].modality or 'no modality'}"
        if self.stack is not None:
            told += f", {self.stack.grid.shape[0]} planes of {self.stack.grid.spacing[2]:g} mm"
        else:
            told += f", {len(self.files)} files" + (", no volume" if self.is_ct else "")
        return f"{self.files[0].description!r} ({told}, {self.uid})"


def found_in(path: Path) -> list[Series]:
    """The series in a folder, a zip or a file, by their headers alone. Raises VolumeError."""
    with objects_in(path) as entries:
        return series_in(entries, path)


def series_in(entries: Sequence[Entry], path: Path) -> list[Series]:
    """The series of some files, in the order in which they are found. Raises VolumeError for damaged files."""
    found: dict[str, dict[str, Header]] = {}
    for entry in entries:
        header = header_of(entry)
        files = found.setdefault(header.series, {})
        files.setdefault(header.instance or entry.name, header)  # the same file twice is one
    return [_series(uid, list(files.values()), path) for uid, files in found.items()]


def chosen(found: Sequence[Series], uid: str | None, wanted: Callable[[Series], bool], what: str, path: Path) -> Series:
    """The series of the UID, else the only one that is wanted and whole. what: for the message, "CT volume".

    Raises VolumeError with a list where there are none or several.
    """
    if uid is not None:
        named = [one for one in found if one.uid == uid and wanted(one)]
        if not named:
            raise VolumeError(f"{path} has no {what} of the series {uid}", f"it has {_listed(found)}")
        return named[0]
    fitting = [one for one in found if wanted(one)]
    whole = [one for one in fitting if one.problem is None]
    if len(whole) == 1:
        return whole[0]
    if len(fitting) == 1 and fitting[0].problem is not None:
        raise fitting[0].problem
    if not fitting:
        raise VolumeError(f"{path} holds no {what}, only {_listed(found)}", f"name the folder or file of the {what}")
    if not whole:
        raise VolumeError(
            f"{path} holds {len(fitting)} series and none of them is a whole {what}: {_listed(fitting)}",
            f"give the files of one alone to learn what is wrong with it ({fitting[0].problem})",
        )
    raise VolumeError(
        f"{path} holds {len(whole)} series that may be meant: {_listed(whole)}",
        "give the files of one alone"
        + (f", or choose one by --series UID, for instance --series {whole[0].uid}" if whole[0].is_ct else ""),
    )


def _series(uid: str, files: list[Header], path: Path) -> Series:
    images = [file for file in files if file.is_ct]
    if not images:
        return Series(uid, tuple(files))
    name = f"the series {images[0].description!r} in {path}" if path.is_dir() or len(images) > 1 else str(path)
    broken = next((file.problem for file in images if file.problem is not None), None)
    if broken is not None:
        return Series(uid, tuple(images), None, broken)
    try:
        _check_one_kind(images, name)
        return Series(uid, tuple(images), stacked([plane for file in images for plane in file.planes], name))
    except VolumeError as error:
        return Series(uid, tuple(images), None, error)


def _check_one_kind(images: list[Header], name: str) -> None:
    """One enhanced image, or planes of one scan."""
    if len(images) > 1 and any(file.kind != CT_IMAGE for file in images):
        raise VolumeError(f"{name} has {len(images)} images of several frames", "give one of them alone")
    places = {plane.position for file in images for plane in file.planes}
    scans = {file.acquisition for file in images}
    if len(scans) > 1 and len(places) < sum(len(file.planes) for file in images):
        raise VolumeError(
            f"{name} has {len(scans)} scans of the same planes (Acquisition Number {', '.join(sorted(scans))})",
            "give the files of one of them alone",
        )


def _listed(found: Sequence[Series]) -> str:
    more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return "; ".join(map(str, found[:MOST_TOLD])) + more
